from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "yincai.portal"
    verbose_name = "门户"

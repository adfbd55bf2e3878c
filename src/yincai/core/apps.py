from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "yincai.core"
    verbose_name = "地基"

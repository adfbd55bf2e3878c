from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "yincai.records"
    verbose_name = "学习记录"

from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "yincai.indicators"
    verbose_name = "指标"

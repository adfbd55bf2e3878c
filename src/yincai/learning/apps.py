from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "yincai.learning"
    verbose_name = "自适应学习"

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "yincai.learning"
    verbose_name = "自适应学习"

    def ready(self) -> None:
        from yincai.learning.fold import SUBJECT, PracticeFold
        from yincai.learning.indicators import register_indicators
        from yincai.records.folds import register_fold

        register_fold(SUBJECT, PracticeFold())
        register_indicators()

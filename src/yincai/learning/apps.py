from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "yincai.learning"
    verbose_name = "自适应学习"

    def ready(self) -> None:
        from yincai.learning.fold import SUBJECT, PracticeFold
        from yincai.learning.indicators import register_indicators
        from yincai.learning.mastery_rows import mastery_rows
        from yincai.records.folds import register_fold
        from yincai.records.lake import register_table

        register_fold(SUBJECT, PracticeFold())
        register_table("mastery", mastery_rows)
        register_indicators()

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "yincai.learning"
    verbose_name = "自适应学习"

    def ready(self) -> None:
        from yincai.core.navigation import Entry, register_navigation
        from yincai.core.warm import register_warm
        from yincai.knowledge.rehearsals import register_rehearsal
        from yincai.learning import tasks  # noqa: F401 - registers the periodic task
        from yincai.learning.actions.follow_move import follow_move
        from yincai.learning.exposure import limited, rehearsed
        from yincai.learning.fold import SUBJECT, PracticeFold
        from yincai.learning.indicators import register_indicators
        from yincai.learning.mastery_rows import mastery_rows
        from yincai.learning.model_cards import register_models
        from yincai.learning.policies import PRACTISE, SEE_CLASS
        from yincai.learning.tracing.state import ready
        from yincai.records.folds import register_fold
        from yincai.records.lake import register_table
        from yincai.registry.moves import register_follower

        register_follower(follow_move)
        register_rehearsal(rehearsed, limited)
        register_warm(ready)
        register_fold(SUBJECT, PracticeFold())
        register_table("mastery", mastery_rows)
        register_indicators()
        register_models()
        register_navigation(
            Entry("我的学习", "learning-map", PRACTISE, order=10, roles=frozenset({"pupil"})),
            Entry("学情", "learning-classes", SEE_CLASS, order=20, roles=frozenset({"teacher", "head"})),
        )

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KnowledgeConfig(AppConfig):
    name = "yincai.knowledge"
    verbose_name = "知识与题库"

    def ready(self) -> None:
        from yincai.core.navigation import Entry, register_navigation
        from yincai.core.prepare import register_step
        from yincai.knowledge import tasks  # noqa: F401 - registers the periodic task
        from yincai.knowledge.actions import calibrate, regrade, take_in  # noqa: F401 - they register jobs and tasks
        from yincai.knowledge.actions.follow_move import follow_move
        from yincai.knowledge.model_cards import register_models
        from yincai.knowledge.policies import FIND
        from yincai.knowledge.queries import waiting
        from yincai.knowledge.sync import sync_if_changed
        from yincai.registry.moves import register_follower

        register_models()
        post_migrate.connect(sync_if_changed, sender=self)
        register_step(sync_if_changed)
        register_follower(follow_move)
        register_navigation(
            Entry("题库", "knowledge-items", FIND, order=60, waiting=waiting, about="查题、出题、导入，以及题目的参数")
        )

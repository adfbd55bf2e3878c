from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KnowledgeConfig(AppConfig):
    name = "yincai.knowledge"
    verbose_name = "知识与题库"

    def ready(self) -> None:
        from yincai.core.prepare import register_step
        from yincai.knowledge.actions import take_in  # noqa: F401 - registers its kind of job
        from yincai.knowledge.sync import sync_if_changed

        post_migrate.connect(sync_if_changed, sender=self)
        register_step(sync_if_changed)

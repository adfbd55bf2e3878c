from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "yincai.records"
    verbose_name = "学习记录"

    def ready(self) -> None:
        from yincai.records import health, tasks  # noqa: F401 register checks and periodic tasks
        from yincai.records.places import follow_move
        from yincai.registry.moves import register_follower

        register_follower(follow_move)

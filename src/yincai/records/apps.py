from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "yincai.records"
    verbose_name = "学习记录"

    def ready(self) -> None:
        from yincai.records import tasks  # noqa: F401 registers the periodic tasks

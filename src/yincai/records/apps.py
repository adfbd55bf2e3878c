from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "yincai.records"
    verbose_name = "学习记录"

    def ready(self) -> None:
        from yincai.records import health, tasks  # noqa: F401 register checks and periodic tasks

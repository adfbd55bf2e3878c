from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "yincai.core"
    verbose_name = "地基"

    def ready(self) -> None:
        from yincai.core import upkeep  # noqa: F401 registers its periodic task
        from yincai.core.forms import speak_plainly

        speak_plainly()

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "yincai.registry"
    verbose_name = "主数据与身份"

    def ready(self) -> None:
        from yincai.core.actors import register_role_source
        from yincai.registry.roles import actor_of

        register_role_source(actor_of)

from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate


class RegistryConfig(AppConfig):
    name = "yincai.registry"
    verbose_name = "主数据与身份"

    def ready(self) -> None:
        from yincai.core.actors import register_role_source
        from yincai.core.rules import register_rule_source
        from yincai.registry import rules
        from yincai.registry.roles import actor_of

        register_role_source(actor_of)
        register_rule_source(rules.source)
        post_migrate.connect(_adopt_rulebook, sender=self)


def _adopt_rulebook(**_: Any) -> None:
    """Each migration brings the rulebook of this version, unless it took the table away."""
    from yincai.registry import rules
    from yincai.registry.models import RuleEntry

    if RuleEntry._meta.db_table in connection.introspection.table_names():
        rules.adopt_rulebook()

from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate

MANAGERS = frozenset({"admin", "city_officer", "district_officer", "school_admin"})


class RegistryConfig(AppConfig):
    name = "yincai.registry"
    verbose_name = "主数据与身份"

    def ready(self) -> None:
        from yincai.core.actors import register_role_source
        from yincai.core.navigation import Entry, register_navigation, register_shell_part
        from yincai.core.notices import register_notice_sink
        from yincai.core.prepare import register_step
        from yincai.core.rules import register_rule_source
        from yincai.registry import imports, notices, rules, tasks  # noqa: F401 - they register jobs and tasks
        from yincai.registry.policies import (
            CALENDAR_SEE,
            CONSENT_ENTER,
            CONSENT_GIVE,
            IMPORT_SEE,
            ORGANISATION_SEE,
            PEOPLE_SEE,
            RULES_SEE,
            SESSION_RUN,
            TIMETABLE_SEE,
        )
        from yincai.registry.roles import actor_of

        register_role_source(actor_of)
        register_rule_source(rules.source)
        register_notice_sink(notices.keep)
        register_shell_part("registry/_me.html", notices.shell, order=10)
        register_navigation(
            Entry("孩子与同意", "registry-children", CONSENT_GIVE, 70, about="每一项同意，随时可以改"),
            Entry(
                "家长同意",
                "registry-consent-classes",
                CONSENT_ENTER,
                75,
                frozenset({"head", "school_admin"}),
                about="各班谁同意了，纸质同意书在这里登记",
            ),
            Entry("规则", "registry-rules", RULES_SEE, 90, about="系统按哪些规定办事，依据是什么"),
            Entry("课表", "registry-my-timetable", TIMETABLE_SEE, 30, frozenset({"teacher", "pupil", "guardian"})),
            Entry("班级", "registry-organisations", ORGANISATION_SEE, 40, frozenset({"teacher"})),
            Entry(
                "组织",
                "registry-organisations",
                ORGANISATION_SEE,
                60,
                MANAGERS | {"head", "researcher"},
                about="区县、学校、年级和班级",
            ),
            Entry("人员", "registry-people", PEOPLE_SEE, 62, MANAGERS | {"head"}, about="教师、学生、家长和他们的身份"),
            Entry(
                "导入", "registry-imports", IMPORT_SEE, 64, MANAGERS, about="用表格导入名单和监测成绩，先预览，能撤销"
            ),
            Entry("校历", "registry-calendar", CALENDAR_SEE, 66, MANAGERS | {"head"}, about="学年、学期、周次和放假"),
            Entry("上课", "registry-sessions", SESSION_RUN, 68, frozenset({"teacher"})),
        )
        register_step(_adopt_rulebook)
        post_migrate.connect(_adopt_rulebook, sender=self)


def _adopt_rulebook(**_: Any) -> None:
    """Each migration brings the rulebook of this version, unless it took the table away."""
    from yincai.registry import rules
    from yincai.registry.models import RuleEntry

    if RuleEntry._meta.db_table in connection.introspection.table_names():
        rules.adopt_rulebook()

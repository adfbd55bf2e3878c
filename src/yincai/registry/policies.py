"""Who may do what in this package."""

from __future__ import annotations

from django.db.models import Q

from yincai.core.actors import Actor
from yincai.core.permissions import Rule, permission
from yincai.registry.models import RoleHeld, in_force

# --- organisations, people, calendar, timetable, imports -------------------------------------------------------------

STAFF = frozenset(
    {
        "teacher",
        "head",
        "school_admin",
        "researcher",
        "district_officer",
        "city_officer",
        "admin",
        "expert",
        "enterprise",
    }
)
OFFICES = ("admin", "city_officer", "district_officer")
SCHOOL_OFFICES = ("admin", "school_admin")
WITH_SCHOOL = (*OFFICES, "school_admin")


def inside(lookup: str) -> Rule:
    """Rows at or below what the actor governs; what is merely shared from above is not reached."""
    return lambda actor: actor.scope.down(lookup)


def strictly_below(actor: Actor) -> Q:
    """An organisation is changed by those who stand above it; the installation's administrator changes the top too."""
    within = actor.scope.down("path")
    return within if actor.role_name == "admin" else within & ~Q(path__in=actor.scope.below)


def people_managed(actor: Actor) -> Q:
    """Officers manage staff; children and guardians are the business of their schools."""
    if actor.role_name not in ("city_officer", "district_officer"):
        return Q()
    held = RoleHeld._base_manager.filter(in_force(), actor.scope.down("organisation__path"), name__in=STAFF)
    return Q(pk__in=held.values("person"))


ORGANISATION_SEE = permission(
    "registry.organisation.see", "查看组织", (*WITH_SCHOOL, "head", "researcher", "teacher"), inside("path")
)
ORGANISATION_ADD = permission("registry.organisation.add", "在这里增加组织", WITH_SCHOOL, inside("path"))
ORGANISATION_MEND = permission("registry.organisation.mend", "修改这个组织", WITH_SCHOOL, strictly_below)
SCHOOL_MEND = permission("registry.school.mend", "修改学校信息", WITH_SCHOOL, inside("organisation__path"))
SCHOOL_MOVE = permission("registry.school.move", "调整学校的隶属", ("admin", "city_officer"), inside("path"))
OVERLAY_MEND = permission("registry.overlay.mend", "调整学区和教育集团", OFFICES, inside("path"))

PEOPLE_SEE = permission("registry.people.see", "查看人员", (*WITH_SCHOOL, "head", "teacher"), people_managed)
STAFF_ENTER = permission("registry.staff.enter", "登记教职人员", WITH_SCHOOL, inside("path"))
PUPIL_ENTER = permission("registry.pupil.enter", "登记学生和家长", SCHOOL_OFFICES, inside("path"))
PERSON_MEND = permission("registry.person.mend", "修改人员信息", WITH_SCHOOL, people_managed)
ROLE_GIVE = permission("registry.role.give", "给予或结束身份", WITH_SCHOOL, inside("organisation__path"))
TEACHING_MEND = permission("registry.teaching.mend", "安排任课", SCHOOL_OFFICES, inside("path"))
REVEAL = permission("registry.person.reveal", "查看这一项的完整内容", (*WITH_SCHOOL, "head", "teacher"), people_managed)

CALENDAR_SEE = permission("registry.calendar.see", "查看校历", (*WITH_SCHOOL, "head", "researcher", "teacher"))
CALENDAR_MEND = permission("registry.calendar.mend", "修改校历", WITH_SCHOOL, inside("path"))
PERIODS_MEND = permission("registry.periods.mend", "修改节次", SCHOOL_OFFICES, inside("path"))
TIMETABLE_SEE = permission(
    "registry.timetable.see", "查看课表", (*SCHOOL_OFFICES, "head", "teacher", "pupil", "guardian")
)
TIMETABLE_MEND = permission("registry.timetable.mend", "修改课表", SCHOOL_OFFICES, inside("path"))
SESSION_RUN = permission(
    "registry.session.run", "开课和下课", ("teacher", "head", "school_admin", "admin"), inside("path")
)

IMPORT_SEE = permission("registry.import.see", "导入表格", WITH_SCHOOL)
IMPORT_SCHOOLS = permission("registry.import.schools", "导入学校", OFFICES, inside("path"))
IMPORT_CLASSES = permission("registry.import.classes", "导入班级", WITH_SCHOOL, inside("path"))
IMPORT_STAFF = permission("registry.import.staff", "导入教师", WITH_SCHOOL, inside("path"))
IMPORT_PUPILS = permission("registry.import.pupils", "导入学生", SCHOOL_OFFICES, inside("path"))
IMPORT_TIMETABLE = permission("registry.import.timetable", "导入课表", SCHOOL_OFFICES, inside("path"))
CITY_FOUND = permission("registry.city.found", "建立城市", ())

# --- sign-in, consent, rules, notices --------------------------------------------------------------------------------

PASSWORDS_GIVE = permission(
    "registry.passwords.give", "发放和重设学生的初始密码", ("teacher", "school_admin", "admin"), inside("path")
)
CONSENT_GIVE = permission("registry.consent.give", "替孩子作出同意或撤回", ("guardian",))
CONSENT_ENTER = permission(
    "registry.consent.enter", "录入纸质同意书", ("teacher", "school_admin", "head"), inside("path")
)
GUARDIANS_BIND = permission(
    "registry.guardians.bind", "发放绑定码、登记或解除监护人", ("teacher", "school_admin"), inside("path")
)
RULES_SEE = permission("registry.rules.see", "查看规则", (*OFFICES, "researcher", "head", "school_admin", "teacher"))
RULES_SET = permission("registry.rules.set", "设定规则", (*OFFICES, "head", "school_admin"), inside("path"))
INSTALLATION = permission("registry.installation", "做系统自己的事", ())

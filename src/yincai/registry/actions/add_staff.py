"""Enter staff; give them roles and end these; say who teaches what."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import SERVICE, Actor
from yincai.registry.actions.enter_person import Details, make_person, new_account_name, refuse_future
from yincai.registry.models import (
    Organisation,
    OrganisationKind,
    Person,
    RoleHeld,
    RoleName,
    Teaching,
    in_force,
)
from yincai.registry.policies import PERSON_MEND, ROLE_GIVE, STAFF_ENTER, TEACHING_MEND
from yincai.registry.queries import school_of

Kind = OrganisationKind
WHERE: dict[str, tuple[str, ...]] = {
    RoleName.TEACHER: (Kind.SCHOOL,),
    RoleName.HEAD: (Kind.SCHOOL, Kind.GROUP, Kind.ZONE),
    RoleName.SCHOOL_ADMIN: (Kind.SCHOOL,),
    RoleName.RESEARCHER: (Kind.DISTRICT, Kind.CITY),
    RoleName.DISTRICT_OFFICER: (Kind.DISTRICT,),
    RoleName.CITY_OFFICER: (Kind.CITY,),
    RoleName.ADMIN: (Kind.CITY,),
    RoleName.EXPERT: (Kind.CITY, Kind.DISTRICT),
    RoleName.ENTERPRISE: (Kind.CITY, Kind.DISTRICT),
}
AT_SCHOOL = (RoleName.TEACHER,)
AT_DISTRICT = (*AT_SCHOOL, RoleName.HEAD, RoleName.SCHOOL_ADMIN, RoleName.RESEARCHER)
AT_CITY = (*AT_DISTRICT, RoleName.DISTRICT_OFFICER, RoleName.EXPERT, RoleName.ENTERPRISE)
EVERY = (*AT_CITY, RoleName.CITY_OFFICER, RoleName.ADMIN)
MAY_GIVE: dict[str, tuple[RoleName, ...]] = {
    "school_admin": AT_SCHOOL,
    "district_officer": AT_DISTRICT,
    "city_officer": AT_CITY,
    "admin": EVERY,
    SERVICE: EVERY,
}


@action(STAFF_ENTER)
def add_staff(
    place: Organisation, role: str, details: Details, since: date | None = None, *, acting_user: Actor
) -> Person:
    STAFF_ENTER.require(acting_user, place)
    refuse_role(acting_user, role, place)
    person = put_staff(place, role, details.checked(), since)
    return touched(person, **vars(details), role=role, organisation=place.pk)


@action(ROLE_GIVE)
def give_role(person: Person, role: str, place: Organisation, since: date, *, acting_user: Actor) -> RoleHeld:
    """One more role, at the same place or another; the person then switches between them."""
    PERSON_MEND.require(acting_user, person)
    STAFF_ENTER.require(acting_user, place)
    refuse_role(acting_user, role, place)
    if RoleHeld.objects.filter(in_force(since), person=person, name=role, organisation=place).exists():
        raise ActionError(f"{person.name}在{place.name}已经是{RoleName(role).label}了。")
    return touched(RoleHeld.objects.create(person=person, name=role, organisation=place, since=since), role=role)


@action(ROLE_GIVE)
def end_role(held: RoleHeld, until: date, *, acting_user: Actor) -> RoleHeld:
    """The role ends with that day; what the person taught there ends with it."""
    ROLE_GIVE.require(acting_user, held)
    refuse_role(acting_user, held.name, held.organisation)
    if acting_user.person == held.person_id and acting_user.role and acting_user.role.id == held.pk:
        raise ActionError("不能结束自己正在使用的身份，请由另一位管理员来办。")
    if until < held.since:
        raise ActionError(f"结束日期不能早于开始日期 {held.since}。")
    held.until = until
    held.save(update_fields=["until"])
    if held.name == RoleName.TEACHER:
        taught = Teaching.objects.filter(
            person=held.person_id, until__isnull=True, school_class__path__startswith=held.organisation.path
        )
        taught.update(until=until)
    return touched(held, until=until)


@action(ROLE_GIVE)
def reopen_role(held: RoleHeld, *, acting_user: Actor) -> RoleHeld:
    """Take an end back that was set by mistake."""
    ROLE_GIVE.require(acting_user, held)
    if held.name not in (RoleName.PUPIL, RoleName.GUARDIAN):
        refuse_role(acting_user, held.name, held.organisation)
    held.until = None
    held.save(update_fields=["until"])
    return touched(held, until=None)


@action(TEACHING_MEND)
def teach(
    person: Person,
    school_class: Organisation,
    subject: str,
    leads: bool = False,
    since: date | None = None,
    *,
    acting_user: Actor,
) -> Teaching:
    TEACHING_MEND.require(acting_user, school_class)
    row = put_teaching(person, school_class, subject, leads, since)
    return touched(row, subject=subject, leads=leads)


@action(TEACHING_MEND)
def end_teaching(row: Teaching, until: date, *, acting_user: Actor) -> Teaching:
    TEACHING_MEND.require(acting_user, row.school_class)
    row.until = max(until, row.since)
    row.save(update_fields=["until"])
    return touched(row, until=row.until)


def put_staff(
    place: Organisation, role: str, details: Details, since: date | None = None, account_name: str = ""
) -> Person:
    """Part of an action; `details` are checked."""
    day = refuse_future(since)
    person = make_person(details, place, account_name or new_account_name(role, place))
    RoleHeld.objects.create(person=person, name=role, organisation=place, since=day)
    return person


def put_teaching(
    person: Person, school_class: Organisation, subject: str, leads: bool, since: date | None = None
) -> Teaching:
    """Part of an action. A class has one 班主任: the one before gives it up."""
    subject = subject.strip()
    if school_class.kind != Kind.CLASS or not subject:
        raise ActionError("任课要有班级和学科。")
    school = school_of(school_class)
    held = RoleHeld.objects.filter(in_force(), person=person, organisation=school)
    if not held.exists():
        raise ActionError(f"{person.name}不在{school}任职，请先在这所学校给一个教师身份。")
    day = since or timezone.localdate()
    open_now = Teaching.objects.filter(in_force(), school_class=school_class)
    if leads:
        open_now.filter(leads=True).exclude(person=person, subject=subject).update(leads=False)
    row = open_now.filter(person=person, subject=subject).first()
    if row is None:
        return Teaching.objects.create(
            person=person, school_class=school_class, subject=subject, leads=leads, since=day
        )
    if row.leads == leads:
        raise ActionError(f"{person.name}已经教{school_class.name}的{subject}。")
    row.leads = leads
    row.save(update_fields=["leads"])
    return row


def refuse_role(actor: Actor, role: str, place: Organisation) -> None:
    if role not in MAY_GIVE.get(actor.role_name, ()):
        raise ActionError(f"您现在的身份不能给予或结束“{RoleName(role).label}”，请找上一级管理员。")
    if place.kind not in WHERE[role]:
        raise ActionError(f"{RoleName(role).label}不能设在{place.get_kind_display()}一级。")

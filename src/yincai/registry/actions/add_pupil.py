"""Enter a pupil in a class; mend; move between classes and schools, keeping what was."""

from __future__ import annotations

from datetime import date, timedelta

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.registry.actions.enter_person import (
    Details,
    give_pseudonym,
    make_person,
    new_account_name,
    person_by_number,
    refuse_future,
)
from yincai.registry.models import Organisation, OrganisationKind, Person, RoleHeld, RoleName, in_force
from yincai.registry.numbers import fold
from yincai.registry.policies import PUPIL_ENTER
from yincai.registry.queries import school_of


@action(PUPIL_ENTER)
def add_pupil(
    school_class: Organisation, details: Details, number: int | None, since: date | None = None, *, acting_user: Actor
) -> Person:
    PUPIL_ENTER.require(acting_user, school_class)
    person = put_pupil(school_class, details.checked(), number, since)
    return touched(person, **vars(details), number=number, school_class=school_class.pk)


@action(PUPIL_ENTER)
def transfer_pupil(
    role: RoleHeld, school_class: Organisation, number: int | None, on: date, *, acting_user: Actor
) -> Person:
    """To another class that the actor also governs: one role ends the day before, the next begins."""
    PUPIL_ENTER.require(acting_user, role.organisation)
    PUPIL_ENTER.require(acting_user, school_class)
    if role.organisation_id == school_class.pk:
        raise ActionError(f"{role.person.name}已经在{school_class.name}。")
    end_pupil_role(role, on - timedelta(days=1))
    open_pupil_role(role.person, school_class, number, on)
    keep_at_school(role.person, school_class)
    return touched(role.person, left=role.organisation_id, joined=school_class.pk, number=number, since=on)


@action(PUPIL_ENTER)
def renumber_pupil(role: RoleHeld, number: int, *, acting_user: Actor) -> RoleHeld:
    PUPIL_ENTER.require(acting_user, role.organisation)
    refuse_taken_number(role.organisation, number, but=role.person)
    role.number = number
    role.save(update_fields=["number"])
    return touched(role, number=number)


@action(PUPIL_ENTER)
def release_pupil(role: RoleHeld, until: date, *, acting_user: Actor) -> RoleHeld:
    """转出: the pupil leaves; another school may then admit them by their 学籍号."""
    PUPIL_ENTER.require(acting_user, role.organisation)
    end_pupil_role(role, until)
    return touched(role, until=until)


@action(PUPIL_ENTER)
def admit_pupil(
    school_class: Organisation, pupil_number: str, name: str, number: int | None, since: date, *, acting_user: Actor
) -> Person:
    """转入: whoever knows 学籍号 and name of a released pupil may admit them; the person and its history go along."""
    PUPIL_ENTER.require(acting_user, school_class)
    person = person_by_number("pupil_number", fold(pupil_number))
    if person is None or person.name != " ".join(name.split()):
        raise ActionError("没有找到学籍号和姓名都相符的学生。请核对；若从未登记过，请用“登记学生”。")
    with unscoped("only a pupil whom no school holds may be admitted"):
        held = RoleHeld.objects.filter(in_force(since), person=person, name=RoleName.PUPIL).exists()
    if held:
        raise ActionError(f"{name}的原学校还没有办转出，请先请原学校转出。")
    open_pupil_role(person, school_class, number, refuse_future(since))
    keep_at_school(person, school_class)
    return touched(person, joined=school_class.pk, number=number, since=since)


def put_pupil(
    school_class: Organisation,
    details: Details,
    number: int | None,
    since: date | None = None,
    account_name: str = "",
    school: Organisation | None = None,
) -> Person:
    """Part of an action; `details` are checked."""
    school = school or school_of(school_class)
    if school is None or school_class.kind != OrganisationKind.CLASS:
        raise ActionError("学生要登记在一个班级里。")
    day = refuse_future(since)
    person = make_person(details, school, account_name or new_account_name(RoleName.PUPIL, school))
    open_pupil_role(person, school_class, number, day)
    give_pseudonym(person)
    return person


def open_pupil_role(person: Person, school_class: Organisation, number: int | None, since: date) -> RoleHeld:
    if school_class.kind != OrganisationKind.CLASS or (school_class.until and school_class.until < since):
        raise ActionError(f"{school_class.name}不是一个开着的班级。")
    if number is not None:
        refuse_taken_number(school_class, number, but=person, on=since)
    return RoleHeld.objects.create(
        person=person, name=RoleName.PUPIL, organisation=school_class, number=number, since=since
    )


def end_pupil_role(role: RoleHeld, until: date) -> None:
    if role.name != RoleName.PUPIL or role.until is not None:
        raise ActionError("这个学生身份已经结束了。")
    if until < role.since - timedelta(days=1):
        raise ActionError(f"日期不能早于入班日期 {role.since}。")
    role.until = until
    role.save(update_fields=["until"])


def keep_at_school(person: Person, school_class: Organisation) -> None:
    """Seal what is kept about the person anew, under the key of the school that now keeps it."""
    school = school_of(school_class)
    if school is None or person.keeper == school.pk:
        return
    held = {field: person.read_sealed(field) for field in Person.SEALED}
    person.keeper = school.pk
    for field, text in held.items():
        person.put_sealed(field, text)
    person.save()


def refuse_taken_number(
    school_class: Organisation, number: int, but: Person | None = None, on: date | None = None
) -> None:
    held = RoleHeld.objects.filter(in_force(on), organisation=school_class, name=RoleName.PUPIL, number=number)
    other = held.exclude(person=but).select_related("person").first()
    if other:
        raise ActionError(f"{school_class.name}的学号 {number} 已给了{other.person.name}，请换一个。")

"""Add an organisation to the tree; give it its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.scope import STEP
from yincai.registry.models import Organisation, OrganisationKind, School, SchoolKind
from yincai.registry.naming import GRADES, class_key, class_name
from yincai.registry.numbers import NumberError, read_school_code
from yincai.registry.policies import ORGANISATION_ADD

Kind = OrganisationKind
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_CHILDREN = len(ALPHABET) ** STEP - 1
MAY_HOLD: dict[str, tuple[str, ...]] = {
    Kind.CITY: (Kind.DISTRICT, Kind.SCHOOL, Kind.ZONE, Kind.GROUP),
    Kind.DISTRICT: (Kind.SCHOOL, Kind.ZONE, Kind.GROUP),
    Kind.SCHOOL: (Kind.GRADE,),
    Kind.GRADE: (Kind.CLASS,),
}


@dataclass(frozen=True)
class SchoolDetails:
    """What a school carries beside its place; None: not known."""

    kind: str
    area: str
    latitude: float | None = None
    longitude: float | None = None
    teachers: int | None = None
    places: int | None = None


@action(ORGANISATION_ADD)
def add_organisation(
    parent: Organisation, kind: str, name: str, code: str = "", grade: int | None = None, *, acting_user: Actor
) -> Organisation:
    """A district, a grade, a class, an overlay."""
    ORGANISATION_ADD.require(acting_user, parent)
    row = put_organisation(parent, kind, name, code, grade)
    return touched(row, kind=kind, name=name, code=code)


@action(ORGANISATION_ADD)
def add_school(
    parent: Organisation,
    name: str,
    code: str,
    details: SchoolDetails,
    classes: Mapping[str, int] | None = None,
    *,
    acting_user: Actor,
) -> Organisation:
    """A school with its facts and, in the same step, its grades and classes (grade's name → number of classes)."""
    ORGANISATION_ADD.require(acting_user, parent)
    row = put_school(parent, name, code, details)
    for grade_name, count in (classes or {}).items():
        put_classes(row, grade_name, count)
    return touched(row, name=name, code=code, **vars(details), classes=classes)


@action(ORGANISATION_ADD)
def add_classes(school: Organisation, classes: Mapping[str, int], *, acting_user: Actor) -> Organisation:
    """Bring a school to this many classes in each grade named; what is there stays."""
    ORGANISATION_ADD.require(acting_user, school)
    made = [row for grade_name, count in classes.items() for row in put_classes(school, grade_name, count)]
    if not made:
        raise ActionError("没有要新建的班级：填的班数都不多于现有的。")
    for row in made:
        touched(row, kind=row.kind, name=row.name)
    return school


def put_organisation(
    parent: Organisation, kind: str, name: str, code: str = "", grade: int | None = None, since: date | None = None
) -> Organisation:
    """Make the row under a lock on its parent; part of an action."""
    if kind not in MAY_HOLD.get(parent.kind, ()):
        raise ActionError(f"{parent.get_kind_display()}下面不能建{Kind(kind).label}。")
    name = name.strip()
    path = next_path(parent)
    refuse_same_name(parent, kind, name)
    refuse_same_code(kind, code)
    return Organisation.objects.create(
        kind=kind,
        name=name,
        code=code,
        parent=parent,
        path=path,
        grade=grade if grade is not None else parent.grade,
        order=parent.last_child,
        since=since or timezone.localdate(),
    )


def put_school(parent: Organisation, name: str, code: str, details: SchoolDetails) -> Organisation:
    try:
        code = read_school_code(code)
    except NumberError as error:
        raise ActionError(f"{error}。") from None
    row = put_organisation(parent, Kind.SCHOOL, name, code)
    School.objects.create(organisation=row, **vars(details))
    return row


def put_classes(school: Organisation, grade_name: str, count: int) -> list[Organisation]:
    """Make the grade, and classes numbered up to `count`, as far as they are not there."""
    numbers = {name: number for number, name, _ in GRADES[SchoolKind(school.school.kind)]}
    if grade_name not in numbers:
        raise ActionError(f"{school.school.get_kind_display()}没有{grade_name}。")
    made = []
    grade = _open_children(school, Kind.GRADE).filter(name=grade_name).first()
    if grade is None and count:
        grade = put_organisation(school, Kind.GRADE, grade_name, grade=numbers[grade_name])
        made.append(grade)
    if grade is None:
        return made
    there = {class_key(name) for name in _open_children(grade, Kind.CLASS).values_list("name", flat=True)}
    for number in range(1, count + 1):
        name = class_name(grade_name, number)
        if class_key(name) not in there:
            made.append(put_organisation(grade, Kind.CLASS, name))
    return made


def next_path(parent: Organisation) -> str:
    """The next free path below a parent. A number is never given twice, for old facts still carry it."""
    locked = Organisation.objects.select_for_update().get(pk=parent.pk)
    number = max(locked.last_child, _highest_in_use(locked)) + 1
    if number > MOST_CHILDREN:
        raise ActionError(f"{locked.name}下面已经满了。")
    Organisation.objects.filter(pk=locked.pk).update(last_child=number)
    parent.last_child = number
    return locked.path + in_base_36(number)


def in_base_36(number: int) -> str:
    """
    >>> in_base_36(37)
    '0011'
    """
    digits = ""
    for _ in range(STEP):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def refuse_same_name(parent: Organisation, kind: str, name: str, but: Organisation | None = None) -> None:
    if not name:
        raise ActionError("请填名称。")
    same = Organisation._base_manager.filter(parent=parent, kind=kind, name=name, until__isnull=True).first()
    if same and same != but:
        raise ActionError(f"{parent.name}下面已经有{Kind(kind).label}“{name}”了。")


def refuse_same_code(kind: str, code: str, but: Organisation | None = None) -> None:
    """Codes are unique in the whole installation, so also where the actor does not see."""
    same = Organisation._base_manager.filter(kind=kind, code=code).first() if code else None
    if same and same != but:
        raise ActionError(f"代码 {code} 已经给了“{same.name}”。请核对；若那一个有误，先把它改正。")


def _open_children(parent: Organisation, kind: str) -> QuerySet[Organisation]:
    return Organisation.objects.filter(until__isnull=True, parent=parent, kind=kind)


def _highest_in_use(parent: Organisation) -> int:
    taken = Organisation._base_manager.filter(parent=parent).values_list("path", flat=True)
    return max((int(path[-STEP:], 36) for path in taken if len(path) == len(parent.path) + STEP), default=0)

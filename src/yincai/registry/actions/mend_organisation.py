"""Change what an organisation is called, its code, its place among its siblings, a school's facts."""

from __future__ import annotations

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.registry.actions.add_organisation import SchoolDetails, refuse_same_code, refuse_same_name
from yincai.registry.models import Organisation, OrganisationKind, School
from yincai.registry.naming import GRADES
from yincai.registry.numbers import NumberError, read_school_code
from yincai.registry.policies import ORGANISATION_MEND, SCHOOL_MEND


@action(ORGANISATION_MEND)
def mend_organisation(row: Organisation, name: str, code: str, order: int, *, acting_user: Actor) -> Organisation:
    ORGANISATION_MEND.require(acting_user, row)
    name = name.strip()
    if row.kind == OrganisationKind.SCHOOL:
        code = _school_code(code)
    changes = {
        field: value
        for field, value in (("name", name), ("code", code), ("order", order))
        if getattr(row, field) != value
    }
    if not changes:
        changed_nothing()
        return row
    if row.parent and row.until is None:
        refuse_same_name(row.parent, row.kind, name, but=row)
    refuse_same_code(row.kind, code, but=row)
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(update_fields=list(changes))
    return touched(row, **changes)


@action(SCHOOL_MEND)
def mend_school(school: School, details: SchoolDetails, *, acting_user: Actor) -> School:
    SCHOOL_MEND.require(acting_user, school)
    if details.kind != school.kind:
        _refuse_foreign_grades(school, details.kind)
    changes = {field: value for field, value in vars(details).items() if getattr(school, field) != value}
    if not changes:
        changed_nothing()
        return school
    for field, value in changes.items():
        setattr(school, field, value)
    school.save(update_fields=list(changes))
    return touched(school, **changes)


def _refuse_foreign_grades(school: School, kind: str) -> None:
    """A school changes its kind only when all its open grades exist in the new one."""
    names = {name for _, name, _ in GRADES[kind]}
    grades = Organisation.objects.filter(parent=school.organisation, kind=OrganisationKind.GRADE, until__isnull=True)
    foreign = [grade.name for grade in grades if grade.name not in names]
    if foreign:
        raise ActionError(f"这所学校还有{'、'.join(foreign)}，不能改成这种办学类型。请先停用这些年级。")


def _school_code(code: str) -> str:
    try:
        return read_school_code(code)
    except NumberError as error:
        raise ActionError(f"{error}。") from None

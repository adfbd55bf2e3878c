"""Importing teachers, with what they teach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from yincai.core import crypto
from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.registry.actions.add_staff import MAY_GIVE, put_staff, put_teaching
from yincai.registry.actions.enter_person import SEX, Details, change_person, columns
from yincai.registry.imports.kinds import (
    CHANGED,
    SCHOOL,
    UNCHANGED,
    Batch,
    Cells,
    Checked,
    ImportKind,
    Payload,
    Places,
    Problem,
    read_day,
    register_import,
    repeated,
    settled,
    today,
)
from yincai.registry.imports.tables import Column, Table
from yincai.registry.imports.undo import Undo, made, was
from yincai.registry.models import Organisation, Person, RoleHeld, RoleName, Teaching, in_force
from yincai.registry.numbers import fold, read_identity, read_phone
from yincai.registry.policies import IMPORT_STAFF

ROLES = {"教师": RoleName.TEACHER, "老师": RoleName.TEACHER, "校长": RoleName.HEAD, "学校管理员": RoleName.SCHOOL_ADMIN}
COLUMNS = (
    SCHOOL,
    Column("name", "姓名", ("教师姓名",), required=True, example="王静", most=40),
    Column("role", "身份", ("职务", "角色"), example="教师"),
    Column("sex", "性别", example="女"),
    Column("born", "出生日期", ("出生年月日",)),
    Column("phone", "电话", ("手机", "手机号", "联系电话")),
    Column("identity", "身份证件号", ("身份证号", "身份证号码", "证件号码")),
    Column("teaching", "任课", ("任教", "任教班级学科"), example="五（1）班:数学；五（2）班:数学"),
    Column("leads", "班主任", ("班主任班级",), example="五（1）班"),
)


class Known:
    """The staff of the schools in question and those with the numbers in the table, read once."""

    def __init__(self, place: Organisation) -> None:
        held = RoleHeld.objects.filter(
            in_force(), organisation__path__startswith=place.path, name__in=set(ROLES.values())
        )
        self.by_name: dict[tuple[str, str], dict[Any, Person]] = {}
        self.roles: dict[Any, set[tuple[Any, str]]] = {}
        for row in held.select_related("person", "organisation"):
            self.by_name.setdefault((row.organisation.path, row.person.name), {})[row.person_id] = row.person
            self.roles.setdefault(row.person_id, set()).add((row.organisation_id, row.name))
        self.people = {person.pk: person for found in self.by_name.values() for person in found.values()}
        self.by_identity = {bytes(p.identity_digest): p for p in self.people.values() if p.identity_digest}
        self.taught = {
            (row.person_id, row.school_class_id, row.subject): row.leads
            for row in Teaching.objects.filter(in_force(), person__in=self.people)
        }

    def find(self, school: Organisation, details: Details) -> Person | None:
        """By ID number, else by name at this school, told apart by the phone. ValueError: cannot be told apart."""
        if details.identity:
            known = self.by_identity.get(crypto.digest(f"identity:{details.identity}"))
            if known:
                return known
        same = list(self.by_name.get((school.path, details.name), {}).values())
        if details.phone:
            phone = crypto.digest(f"phone:{details.phone}")
            exact = [one for one in same if one.phone_digest and bytes(one.phone_digest) == phone]
            if exact:
                return exact[0]
        same = [one for one in same if not _contradicts(one, details)]
        if len(same) > 1:
            raise ValueError("这所学校有同名的教师，请填身份证件号或电话来区分")
        return same[0] if same else None


def _contradicts(person: Person, details: Details) -> bool:
    """Does the table name a number that this person has otherwise?"""
    return any(
        getattr(details, field)
        and getattr(person, f"{field}_digest") is not None
        and bytes(getattr(person, f"{field}_digest")) != crypto.digest(f"{field}:{getattr(details, field)}")
        for field in ("identity", "phone")
    )


def check(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    places, known = Places(place), Known(place)
    found, keys, numbers = [], [], []
    for row in table.rows:
        cells = Cells(row, table, COLUMNS)
        checked = _check_row(cells, places, known, actor)
        found.append(checked)
        name = cells.row["name"]
        key = (checked.payload.get("school"), name, row["identity"] or row["phone"])
        if name:
            problem = Problem(
                row.number, cells.letters.get("name", ""), "姓名", "同一位教师在表里出现过，请把任课合在一行"
            )
            keys.append((key, checked, problem))
        numbers += [(key, checked, problem) for key, problem in same_numbers(cells, "identity")]
    repeated(keys)
    repeated((key, checked, problem) for key, checked, problem in numbers if not checked.problems)
    return list(settled(found))


def same_numbers(cells: Cells, *fields: str) -> Iterator[tuple[tuple[str, str], Problem]]:
    """The numbers of a row that belong to one person only, each with what to say when it comes once more."""
    for field in fields:
        if text := cells.row[field]:
            title = cells.titles[field]
            problem = Problem(cells.row.number, cells.letters[field], title, f"这个{title}在表里出现过")
            yield (field, fold(text)), problem


def _check_row(cells: Cells, places: Places, known: Known, actor: Actor) -> Checked:
    school = places.school(cells)
    role = cells.choice("role", {name: role.value for name, role in ROLES.items()}, RoleName.TEACHER)
    if role not in MAY_GIVE.get(actor.role_name, ()):
        cells.wrong("role", f"您现在的身份不能登记{RoleName(role).label}，请找上一级管理员")
    details = Details(
        name=cells.text("name"),
        sex=cells.choice("sex", SEX),
        born=cells.read("born", read_day),
        identity=cells.read("identity", lambda text: read_identity(text, today()).number, ""),
        phone=cells.read("phone", read_phone, ""),
    )
    teaching = _teaching(cells, places, school)
    checked = Checked(cells.row, details.name, problems=cells.problems)
    if cells.problems or school is None:
        return checked
    try:
        details = details.checked()
        person = known.find(school, details)
    except (ActionError, ValueError) as error:
        cells.wrong("name", str(error).removesuffix("。"))
        return checked
    checked.title = f"{school.name} {details.name}"
    checked.payload = {
        "row": cells.row.number,
        "school": school.pk,
        "person": person.pk if person else None,
        "role": role,
        "details": vars(details),
        "teaching": [(one.pk, subject, leads) for one, subject, leads in teaching],
    }
    if person:
        _compare(checked, person, known, school, role, details, teaching)
    elif teaching:
        checked.notes.append(f"任课 {len(teaching)} 处")
    return checked


def _compare(
    checked: Checked,
    person: Person,
    known: Known,
    school: Organisation,
    role: str,
    details: Details,
    teaching: list[tuple[Organisation, str, bool]],
) -> None:
    changed = differing(person, details)
    if changed:
        checked.notes.append(f"更新{len(changed)}项信息")
    if (school.pk, role) not in known.roles.get(person.pk, set()):
        checked.notes.append(f"加身份：{RoleName(role).label}")
    more = [one for one in teaching if known.taught.get((person.pk, one[0].pk, one[1])) != one[2]]
    if more:
        checked.notes.append(f"任课 {len(more)} 处")
    checked.state = CHANGED if checked.notes else UNCHANGED


def differing(person: Person, details: Details) -> list[str]:
    """Fields that the table gives and that stand otherwise. Sealed ones are compared by their digests."""
    fields = [
        name for name in ("name", "sex", "born") if getattr(details, name) not in ("", None, getattr(person, name))
    ]
    for name, digested in Person.SEALED.items():
        text = getattr(details, name)
        held = getattr(person, f"{name}_digest") if digested else None
        if text and digested and (held is None or bytes(held) != crypto.digest(f"{name}:{text}")):
            fields.append(name)
    return fields


def _teaching(cells: Cells, places: Places, school: Organisation | None) -> list[tuple[Organisation, str, bool]]:
    """Classes and subjects of the row; the class of 班主任 marks one of them."""
    found: dict[tuple[Any, str], tuple[Organisation, str, bool]] = {}
    if school is None:
        return []
    for written, subject in _parts(cells):
        one = places.find_class(school, written)
        if one is None:
            cells.wrong("teaching", f"{school.name}没有“{written}”。请核对班名，或先建这个班")
            continue
        found[(one.pk, subject)] = (one, subject, False)
    leads = cells.text("leads")
    if leads:
        one = places.find_class(school, leads)
        subjects = [key for key in found if one is not None and key[0] == one.pk]
        if one is None:
            cells.wrong("leads", f"{school.name}没有“{leads}”。请核对班名，或先建这个班")
        elif not subjects:
            cells.wrong("leads", f"要当{one.name}的班主任，任课里也要写上在这个班教什么")
        else:
            found[subjects[0]] = (one, subjects[0][1], True)
    return list(found.values())


def _parts(cells: Cells) -> Iterator[tuple[str, str]]:
    """`五（1）班:数学；五（2）班、五（3）班:科学` → class and subject, one by one."""
    for part in re.split(r"[；;\n]", cells.text("teaching")):
        if not part.strip():
            continue
        match = re.fullmatch(r"\s*(.+?)\s*[:：\s]\s*([^\s:：]+)\s*", part)
        if match is None:
            cells.wrong("teaching", f"“{part.strip()}”看不懂，请写成 五（1）班:数学；五（2）班:数学")
            continue
        for written in re.split(r"[、,，]", match[1]):
            yield written.strip(), match[2]


def apply_row(payload: Payload, batch: Batch) -> Undo:
    school = batch.place(payload["school"])
    details = stored_details(payload["details"])
    undo: Undo = {}
    if payload["person"] is None:
        person = put_staff(school, payload["role"], details, account_name=batch.account_name(payload["role"], school))
        made(undo, person)
    else:
        person = Person.objects.get(pk=payload["person"])
        mend(undo, person, details)
        held = RoleHeld.objects.filter(in_force(), person=person, name=payload["role"], organisation=school)
        if not held.exists():
            made(undo, RoleHeld.objects.create(person=person, name=payload["role"], organisation=school))
    undo["subject"] = str(person.pk)
    for class_id, subject, leads in payload["teaching"]:
        _teach(undo, person, batch.place(class_id), subject, leads)
    return undo


def _teach(undo: Undo, person: Person, school_class: Organisation, subject: str, leads: bool) -> None:
    there = Teaching.objects.filter(in_force(), school_class=school_class)
    own = there.filter(person=person, subject=subject).first()
    if own is not None and own.leads == leads:
        return
    for other in there.filter(leads=True) if leads else ():
        was(undo, other, "leads")
    if own is not None:
        was(undo, own, "leads")
    row = put_teaching(person, school_class, subject, leads)
    if own is None:
        made(undo, row)


def mend(undo: Undo, person: Person, details: Details) -> None:
    """Write what the table gives otherwise, noting what stood there."""
    fields = differing(person, details)
    if fields:
        was(undo, person, *columns(fields))
        change_person(person, details)


def stored_details(held: dict[str, Any]) -> Details:
    details = Details(**held)
    return replace(details, born=read_day(held["born"])) if held["born"] else details


register_import(
    ImportKind(
        "teachers",
        "教师",
        IMPORT_STAFF,
        COLUMNS,
        check,
        apply_row,
        "任课写成 班级:学科，几处用分号隔开；班主任写班级。",
    )
)

"""Importing pupils, with their guardians."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from yincai.core import crypto
from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.registry.actions.add_guardian import put_guardian
from yincai.registry.actions.add_pupil import (
    end_pupil_role,
    keep_at_school,
    open_pupil_role,
    put_pupil,
    refuse_taken_number,
)
from yincai.registry.actions.enter_person import SEX, Details
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
from yincai.registry.imports.staff import differing, mend, same_numbers, stored_details
from yincai.registry.imports.tables import Column, Table
from yincai.registry.imports.undo import Undo, made, was
from yincai.registry.models import Guardianship, Organisation, Person, RoleHeld, RoleName, in_force
from yincai.registry.numbers import fold, read_identity, read_phone, read_pupil_number
from yincai.registry.policies import IMPORT_PUPILS

NAME, RELATION = 40, 10  # characters that the registry keeps
COLUMNS = (
    SCHOOL,
    Column("grade", "年级", example="五年级"),
    Column("class", "班级", ("班级名称", "班"), required=True, example="五（1）班"),
    Column("number", "学号", ("班内学号", "座号", "序号"), required=True, example="1"),
    Column("name", "姓名", ("学生姓名",), required=True, example="张小明", most=NAME),
    Column("sex", "性别", example="男"),
    Column("pupil_number", "学籍号", ("全国学籍号", "学籍号码")),
    Column("identity", "身份证件号", ("身份证号", "身份证号码", "证件号码")),
    Column("born", "出生日期", ("出生年月日",), example="2015-03-01"),
    Column("guardian1", "家长1姓名", ("家长姓名", "监护人姓名", "监护人1姓名"), example="李芳", most=NAME),
    Column("relation1", "家长1关系", ("与学生关系", "关系", "监护人1关系"), example="母亲", most=RELATION),
    Column("phone1", "家长1电话", ("家长电话", "监护人电话", "家长手机", "监护人1电话"), example="13800000000"),
    Column("guardian2", "家长2姓名", ("监护人2姓名",), most=NAME),
    Column("relation2", "家长2关系", ("监护人2关系",), most=RELATION),
    Column("phone2", "家长2电话", ("监护人2电话",)),
)
Guardian = dict[str, str]


class Known:
    """Who is there already: pupils of the place, people by the numbers in the table. Few queries for any size."""

    def __init__(self, place: Organisation, table: Table) -> None:
        held = RoleHeld.objects.filter(in_force(), organisation__path__startswith=place.path, name=RoleName.PUPIL)
        self.roles = {row.person_id: row for row in held.select_related("person", "organisation")}
        self.by_number = {(row.organisation_id, row.number): row for row in self.roles.values()}
        self.by_name: dict[tuple[Any, str], list[RoleHeld]] = {}
        for row in self.roles.values():
            self.by_name.setdefault((row.organisation_id, row.person.name), []).append(row)
        self.by_digest = {
            field: self._by_digest(field, {fold(row[field]) for row in table.rows if row[field]})
            for field in ("pupil_number", "identity")
        }
        found = {person.pk for people in self.by_digest.values() for person in people.values()}
        self.held_elsewhere = self._held_elsewhere(found - self.roles.keys())
        self.guardians: dict[Any, list[Person]] = {}
        for bond in Guardianship.objects.filter(until__isnull=True).select_related("guardian"):
            self.guardians.setdefault(bond.child_id, []).append(bond.guardian)

    @staticmethod
    def _by_digest(field: str, numbers: Iterable[str]) -> dict[bytes, Person]:
        """Also beyond the scope: a number belongs to one person in the whole installation."""
        found: dict[bytes, Person] = {}
        digests = [crypto.digest(f"{field}:{number}") for number in numbers]
        with unscoped("a number belongs to one person in the whole installation"):
            for start in range(0, len(digests), 500):
                rows = Person.objects.filter(**{f"{field}_digest__in": digests[start : start + 500]})
                found |= {bytes(getattr(row, f"{field}_digest")): row for row in rows}
        return found

    @staticmethod
    def _held_elsewhere(people: set[Any]) -> set[Any]:
        with unscoped("only a pupil whom no school holds may be admitted"):
            held = RoleHeld.objects.filter(in_force(), person__in=people, name=RoleName.PUPIL)
            return set(held.values_list("person", flat=True))

    def person(self, field: str, text: str) -> Person | None:
        return self.by_digest[field].get(crypto.digest(f"{field}:{text}")) if text else None


def check(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    places, known = Places(place), Known(place, table)
    found, seats, numbers = [], [], []
    for row in table.rows:
        cells = Cells(row, table, COLUMNS)
        checked = _check_row(cells, places, known)
        found.append(checked)
        seat = (checked.payload.get("class"), checked.payload.get("number"))
        if None not in seat:
            seats.append(
                (seat, checked, Problem(row.number, cells.letters["number"], "学号", "这个班的这个学号在表里出现过"))
            )
        numbers += [(key, checked, problem) for key, problem in same_numbers(cells, "pupil_number", "identity")]
    repeated(seats)
    repeated(numbers)
    return list(settled(found))


def _check_row(cells: Cells, places: Places, known: Known) -> Checked:
    school = places.school(cells)
    school_class = places.school_class(cells, school)
    number = cells.whole("number", 1, 999)
    details = _details(cells)
    guardians = [one for one in (_guardian(cells, "1"), _guardian(cells, "2")) if one]
    checked = Checked(cells.row, details.name, problems=cells.problems)
    if school_class is None or number is None or not details.name:
        return checked
    checked.title = f"{school_class.name} {number} 号 {details.name}"
    checked.payload = {
        "row": cells.row.number,
        "class": school_class.pk,
        "school": school.pk if school else None,
        "number": number,
        "details": vars(details),
        "guardians": guardians,
        "person": None,
    }
    if not cells.problems:
        _compare(checked, cells, known, school_class, number, details, guardians)
    return checked


def _details(cells: Cells) -> Details:
    details = Details(
        name=cells.text("name"),
        sex=cells.choice("sex", SEX),
        born=cells.read("born", read_day),
        pupil_number=cells.read("pupil_number", lambda text: read_pupil_number(text, today()).number, ""),
        identity=cells.read("identity", lambda text: read_identity(text, today()).number, ""),
    )
    if cells.problems or not details.name:
        return details
    try:
        return details.checked()
    except ActionError as error:
        cells.wrong(
            "pupil_number" if details.pupil_number else "identity" if details.identity else "born",
            str(error).removesuffix("。"),
        )
        return details


def _guardian(cells: Cells, which: str) -> Guardian | None:
    name, relation = cells.text(f"guardian{which}"), cells.text(f"relation{which}")
    phone: str = cells.read(f"phone{which}", read_phone, "")
    if not name:
        if phone or relation:
            cells.wrong(f"guardian{which}", "填了关系或电话，却没有姓名")
        return None
    return {"name": name, "relation": relation or "监护人", "phone": phone}


def _compare(
    checked: Checked,
    cells: Cells,
    known: Known,
    school_class: Organisation,
    number: int,
    details: Details,
    guardians: list[Guardian],
) -> None:
    """Who the row means, and what would change."""
    seat = known.by_number.get((school_class.pk, number))
    person = _who(cells, known, school_class, seat, details)
    if cells.problems:
        return
    if seat is not None and (person is None or seat.person_id != person.pk):
        cells.wrong("number", f"{school_class.name}的 {number} 号已经是{seat.person.name}；请换学号，或先改那一位的")
        return
    if person is None:
        checked.notes += [f"家长 {len(guardians)} 人"] if guardians else []
        return
    checked.payload["person"] = person.pk
    _note_changes(checked, known, person, school_class, number, details, guardians)


def _who(
    cells: Cells, known: Known, school_class: Organisation, seat: RoleHeld | None, details: Details
) -> Person | None:
    """The person meant: by 学籍号, by ID number, else by class, number and name, else by class and name."""
    for field in ("pupil_number", "identity"):
        person = known.person(field, getattr(details, field))
        if person is not None:
            if person.pk in known.held_elsewhere:
                cells.wrong(field, "这个号码的学生还在另一所学校。请先请原学校办转出")
            elif person.pk not in known.roles and person.name != details.name:
                cells.wrong(field, "这个号码登记的是另一个名字。请核对号码和姓名")
            return person
    if seat is not None and seat.person.name == details.name:
        return seat.person
    same = [
        row for row in known.by_name.get((school_class.pk, details.name), []) if not _other_number(row.person, details)
    ]
    return same[0].person if len(same) == 1 else None


def _other_number(person: Person, details: Details) -> bool:
    """Has this namesake a 学籍号 or ID number that is not the row's?"""
    return any(
        getattr(details, field) and getattr(person, f"{field}_digest") is not None
        for field in ("pupil_number", "identity")
    )


def _note_changes(
    checked: Checked,
    known: Known,
    person: Person,
    school_class: Organisation,
    number: int,
    details: Details,
    guardians: list[Guardian],
) -> None:
    role = known.roles.get(person.pk)
    if role is None:
        checked.notes.append("转入")
    elif role.organisation_id != school_class.pk:
        checked.notes.append(f"调班：{role.organisation.name} → {school_class.name}")
    elif role.number != number:
        checked.notes.append(f"学号：{role.number} → {number}")
    changed = differing(person, details)
    if changed:
        checked.notes.append(f"更新{len(changed)}项信息")
    there = known.guardians.get(person.pk, [])
    more = [one for one in guardians if not any(_same_guardian(held, one) for held in there)]
    if more:
        checked.notes.append("加家长：" + "、".join(one["name"] for one in more))
    checked.state = CHANGED if checked.notes else UNCHANGED


def _same_guardian(held: Person, wanted: Guardian) -> bool:
    if held.name != wanted["name"]:
        return False
    phone = wanted["phone"]
    return not phone or held.phone_digest is None or bytes(held.phone_digest) == crypto.digest(f"phone:{phone}")


def apply_row(payload: Payload, batch: Batch) -> Undo:
    school_class, school = batch.place(payload["class"]), batch.place(payload["school"])
    details = stored_details(payload["details"])
    undo: Undo = {}
    held: list[Person] = []
    if payload["person"] is None:
        name = batch.account_name(RoleName.PUPIL, school)
        person = put_pupil(school_class, details, payload["number"], account_name=name, school=school)
        made(undo, person)
    else:
        with unscoped("a pupil whom no school holds may be admitted by number and name"):
            person = Person.objects.get(pk=payload["person"])
        _place(undo, person, school_class, payload["number"])
        mend(undo, person, details)
        bonds = Guardianship.objects.filter(child=person, until__isnull=True).select_related("guardian")
        held = [bond.guardian for bond in bonds]
    undo["subject"] = str(person.pk)
    for guardian in payload["guardians"]:
        if not any(_same_guardian(one, guardian) for one in held):
            _bind(undo, person, guardian, school, batch)
    return undo


def _place(undo: Undo, person: Person, school_class: Organisation, number: int) -> None:
    """Into the class, or to the number, that the table says."""
    role = RoleHeld.objects.filter(in_force(), person=person, name=RoleName.PUPIL).first()
    if role is not None and role.organisation_id == school_class.pk:
        if role.number != number:
            refuse_taken_number(school_class, number, but=person)
            was(undo, role, "number")
            RoleHeld.objects.filter(pk=role.pk).update(number=number)
        return
    if role is not None:
        was(undo, role, "until")
        end_pupil_role(role, today() - timedelta(days=1))
    made(undo, open_pupil_role(person, school_class, number, today()))
    was(undo, person, "keeper", *(f"{name}_sealed" for name in Person.SEALED))
    keep_at_school(person, school_class)


def _bind(undo: Undo, child: Person, guardian: Guardian, school: Organisation, batch: Batch) -> None:
    details = Details(name=guardian["name"], phone=guardian["phone"])
    put = put_guardian(
        child, details, guardian["relation"], school, lambda: batch.account_name(RoleName.GUARDIAN, school)
    )
    made(undo, put.bond)
    if put.new:
        made(undo, put.bond.guardian)
    elif put.role:
        made(undo, put.role)


register_import(
    ImportKind(
        "pupils",
        "学生",
        IMPORT_PUPILS,
        COLUMNS,
        check,
        apply_row,
        "学籍号没有时可以空着；同一位家长（姓名和电话相同）只建一次。",
    )
)

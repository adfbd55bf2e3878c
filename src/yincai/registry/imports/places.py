"""Importing schools and classes."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.registry.actions.add_organisation import SchoolDetails, put_organisation, put_school
from yincai.registry.imports.kinds import (
    CHANGED,
    NEW,
    SCHOOL,
    UNCHANGED,
    Batch,
    Cells,
    Checked,
    ImportKind,
    Payload,
    Places,
    Problem,
    register_import,
    repeated,
    settled,
)
from yincai.registry.imports.tables import Column, Table
from yincai.registry.imports.undo import Undo, made, was
from yincai.registry.models import Organisation, OrganisationKind, School, SchoolKind
from yincai.registry.naming import GRADES, class_key, class_keys, class_name, grade_key
from yincai.registry.numbers import read_school_code
from yincai.registry.policies import IMPORT_CLASSES, IMPORT_SCHOOLS

Kind = OrganisationKind
AREAS = {"城区": "urban", "镇区": "town", "乡村": "rural", "城市": "urban", "农村": "rural"}
SCHOOL_KINDS = {kind.label: kind.value for kind in SchoolKind} | {
    "完全小学": SchoolKind.PRIMARY,
    "初级中学": SchoolKind.JUNIOR,
    "高级中学": SchoolKind.SENIOR,
    "普通高中": SchoolKind.SENIOR,
    "九年一贯制": SchoolKind.NINE_YEAR,
    "九年一贯制学校": SchoolKind.NINE_YEAR,
    "中等职业学校": SchoolKind.VOCATIONAL,
    "特殊教育": SchoolKind.SPECIAL,
    "特殊教育学校": SchoolKind.SPECIAL,
}
SCHOOL_COLUMNS = (
    Column("district", "区县", ("区（县）", "所属区县", "区县代码"), example="东城区"),
    Column("code", "学校代码", ("学校标识码",), required=True, example="3301020001"),
    Column("name", "学校名称", ("学校", "名称"), required=True, example="第一小学", most=80),
    Column("kind", "办学类型", ("学校类型", "类型"), required=True, example="小学"),
    Column("area", "城乡类型", ("城乡",), required=True, example="城区"),
    Column("teachers", "教师数", ("教师人数",), example="60"),
    Column("places", "学位数", ("学位",), example="1200"),
    Column("latitude", "纬度", example="30.2741"),
    Column("longitude", "经度", example="120.1551"),
)
CLASS_COLUMNS = (
    SCHOOL,
    Column("grade", "年级", required=True, example="五年级"),
    Column("class", "班级", ("班级名称", "班号", "班"), required=True, example="五（1）班", most=80),
)


# --- schools ------------------------------------------------------------------------------------------------------


def check_schools(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    parents = Organisation.objects.filter(
        kind__in=(Kind.CITY, Kind.DISTRICT), until__isnull=True, path__startswith=place.path
    )
    by_name = {name: one for one in parents for name in (one.name, one.code) if name}
    codes = {row["code"] for row in table.rows}
    there = {one.code: one for one in _with_codes(codes)}
    found, keys = [], []
    for row in table.rows:
        cells = Cells(row, table, SCHOOL_COLUMNS)
        checked = _check_school(cells, place, by_name, there)
        found.append(checked)
        keys.append((row["code"], checked, _problem(cells, "code", "这个学校代码在表里出现过")))
    repeated(keys)
    return list(settled(found))


def _with_codes(codes: set[str]) -> QuerySet[Organisation]:
    """Also beyond the scope: a code belongs to one school in the whole installation."""
    return Organisation._base_manager.filter(kind=Kind.SCHOOL, code__in=codes).select_related("school", "parent")


def _check_school(
    cells: Cells, place: Organisation, parents: dict[str, Organisation], there: dict[str, Organisation]
) -> Checked:
    parent = _parent(cells, place, parents)
    code = cells.read("code", read_school_code, "")
    details = {
        "kind": cells.choice("kind", SCHOOL_KINDS),
        "area": cells.choice("area", AREAS),
        "teachers": cells.whole("teachers", 0, 9999),
        "places": cells.whole("places", 0, 99999),
        "latitude": cells.read("latitude", lambda text: _degrees(text, 90)),
        "longitude": cells.read("longitude", lambda text: _degrees(text, 180)),
    }
    name = cells.text("name")
    checked = Checked(cells.row, name, problems=cells.problems)
    known = there.get(code)
    if known is not None and not known.path.startswith(place.path):
        cells.wrong("code", f"这个代码已经给了“{known.name}”，不在您的管理范围里。请核对代码")
    elif known is not None:
        _compare_school(checked, known, parent, name, details)
    checked.payload = {
        "row": cells.row.number,
        "school": known.pk if known else None,
        "parent": parent.pk if parent else None,
        "name": name,
        "code": code,
        "details": details,
    }
    return checked


def _compare_school(
    checked: Checked, known: Organisation, parent: Organisation | None, name: str, details: dict[str, Any]
) -> None:
    if parent and known.parent_id != parent.pk:
        checked.notes.append(f"仍在{known.parent}；换区县请到学校页面“调整隶属”")
    changes = [field for field, value in details.items() if value not in (None, "", getattr(known.school, field))]
    if name and name != known.name:
        checked.notes.append(f"改名：{known.name} → {name}")
    if changes:
        checked.notes.append(f"更新{len(changes)}项学校信息")
    checked.state = CHANGED if changes or (name and name != known.name) else UNCHANGED


def _parent(cells: Cells, place: Organisation, parents: dict[str, Organisation]) -> Organisation | None:
    written = cells.text("district")
    if not written:
        return place
    if written not in parents:
        cells.wrong("district", f"“{written}”不是您管理范围里的区县。请核对，或先建这个区县")
    return parents.get(written)


def _degrees(text: str, most: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"“{text}”应是小数，例如 30.2741") from None
    if abs(value) > most:
        raise ValueError(f"“{text}”应在 −{most} 到 {most} 之间")
    return value


def apply_school(payload: Payload, batch: Batch) -> Undo:
    undo: Undo = {"subject": payload["name"]}
    if payload["school"] is None:
        parent = Organisation.objects.get(pk=payload["parent"])
        row = put_school(parent, payload["name"], payload["code"], SchoolDetails(**payload["details"]))
        made(undo, row)
        return undo
    row = Organisation.objects.select_related("school").get(pk=payload["school"])
    changes = {name: value for name, value in payload["details"].items() if value not in (None, "")}
    if changes.get("kind", row.school.kind) != row.school.kind and row.children.filter(until__isnull=True).exists():
        raise ActionError("这所学校已有年级，办学类型请在学校页面上改。")
    was(undo, row, "name")
    was(undo, row.school, *changes)
    Organisation.objects.filter(pk=row.pk).update(name=payload["name"])
    School.objects.filter(pk=row.pk).update(**changes)
    return undo


# --- classes ------------------------------------------------------------------------------------------------------


def check_classes(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    places = Places(place)
    found, keys = [], []
    for row in table.rows:
        cells = Cells(row, table, CLASS_COLUMNS)
        checked, key = _check_class(cells, places)
        found.append(checked)
        if key:
            keys.append((key, checked, _problem(cells, "class", "这个班在表里出现过")))
    repeated(keys)
    return list(settled(found))


def _check_class(cells: Cells, places: Places) -> tuple[Checked, tuple[str, str] | None]:
    school = places.school(cells)
    grade, written = cells.text("grade"), cells.text("class")
    checked = Checked(cells.row, written, problems=cells.problems)
    if school is None or not grade or not written:
        return checked, None
    known = {name for _, name, _ in GRADES[SchoolKind(school.school.kind)]}
    if grade_key(grade) not in known:
        cells.wrong("grade", f"{school.school.get_kind_display()}没有“{grade}”，可填：{'、'.join(sorted(known))}")
        return checked, None
    name = _class_name(written, grade_key(grade))
    checked.title = f"{school.name} {name}"
    if places.find_class(school, name):
        checked.state = UNCHANGED
    else:
        checked.state = NEW
    checked.payload = {"row": cells.row.number, "school": school.pk, "grade": grade_key(grade), "name": name}
    return checked, (school.path, class_key(name))


def _class_name(written: str, grade: str) -> str:
    """The class's name in the form of the house; a name of another kind stays as written."""
    for key in class_keys(written, grade):
        for number in range(1, 61):
            if class_key(class_name(grade, number)) == key:
                return class_name(grade, number)
    return written


def apply_class(payload: Payload, batch: Batch) -> Undo:
    undo: Undo = {"subject": payload["name"]}
    school = Organisation.objects.select_related("school").get(pk=payload["school"])
    grade = Organisation.objects.filter(
        parent=school, kind=Kind.GRADE, name=payload["grade"], until__isnull=True
    ).first()
    if grade is None:
        number = next(number for number, name, _ in GRADES[SchoolKind(school.school.kind)] if name == payload["grade"])
        grade = put_organisation(school, Kind.GRADE, payload["grade"], grade=number)
        made(undo, grade)
    row = put_organisation(grade, Kind.CLASS, payload["name"])
    undo["Organisation"] = [*undo.get("Organisation", []), str(row.pk)]
    return undo


def _problem(cells: Cells, key: str, what: str) -> Problem:
    return Problem(cells.row.number, cells.letters.get(key, ""), cells.titles[key], what)


register_import(
    ImportKind(
        "schools",
        "学校",
        IMPORT_SCHOOLS,
        SCHOOL_COLUMNS,
        check_schools,
        apply_school,
        "年级和班级随后在学校页面一步建好，或导入班级表。",
    )
)
register_import(
    ImportKind(
        "classes",
        "班级",
        IMPORT_CLASSES,
        CLASS_COLUMNS,
        check_classes,
        apply_class,
        "年级没有的会一并建好。班级可写 五（1）班、5.1 或 1。",
    )
)

"""Importing timetables: a row is one lesson of a class."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.registry.actions.set_timetable import Lesson, clashes_of, put_lessons
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
    register_import,
    repeated,
    settled,
    today,
)
from yincai.registry.imports.tables import Column, Table
from yincai.registry.imports.undo import Undo, made, was
from yincai.registry.models import Organisation, RoleHeld, Term, TimetableEntry, in_force
from yincai.registry.policies import IMPORT_TIMETABLE
from yincai.registry.queries import ancestor_paths

DAYS = {name: str(number) for number, name in enumerate("一二三四五六日", start=1)}
DAYS |= {f"{head}{name}": number for head in ("星期", "周") for name, number in list(DAYS.items()) if len(name) == 1}
DAYS |= {str(number): str(number) for number in range(1, 8)} | {"天": "7", "星期天": "7", "周天": "7"}
WEEKS = {"": "", "每周": "", "单周": "odd", "双周": "even", "单": "odd", "双": "even"}
COLUMNS = (
    SCHOOL,
    Column("grade", "年级"),
    Column("class", "班级", ("班级名称", "班"), required=True, example="五（1）班"),
    Column("weekday", "星期", ("周几", "星期几"), required=True, example="一"),
    Column("period", "节次", ("第几节", "节"), required=True, example="1"),
    Column("subject", "学科", ("课程", "科目"), required=True, example="数学", most=20),
    Column("teacher", "教师", ("任课教师", "老师"), example="王静"),
    Column("room", "教室", ("地点",), most=30),
    Column("weeks", "单双周", ("周次",)),
)


class Known:
    """Terms, staff and lessons of the place, read once."""

    def __init__(self, place: Organisation) -> None:
        self.place = place
        held = RoleHeld.objects.filter(in_force(), organisation__path__startswith=place.path)
        self.staff: dict[tuple[Any, str], set[Any]] = {}
        for row in held.exclude(name__in=("pupil", "guardian")).select_related("person__account"):
            for name in (row.person.name, row.person.account.username if row.person.account else ""):
                self.staff.setdefault((row.organisation_id, name), set()).add(row.person_id)
        self._terms: dict[str, Term | None] = {}
        self.lessons: dict[tuple[Any, Any, int, int], list[TimetableEntry]] = {}
        self.by_teacher: dict[tuple[Any, int, int], list[int]] = {}
        for entry in TimetableEntry.objects.filter(school_class__path__startswith=place.path):
            key = (entry.term_id, entry.school_class_id, entry.weekday, entry.period)
            self.lessons.setdefault(key, []).append(entry)
            self.by_teacher.setdefault((entry.teacher_id, entry.weekday, entry.period), []).append(entry.pk)

    def booked(self, lesson: Lesson) -> list[int]:
        """Stored lessons of the same teacher at the same time of the week."""
        return self.by_teacher.get((lesson.teacher, *lesson.slot), []) if lesson.teacher else []

    def term(self, school: Organisation) -> Term | None:
        """The present term, or the next to come."""
        if school.path not in self._terms:
            terms = Term.objects.filter(year__organisation__path__in=ancestor_paths(school.path), ends__gte=today())
            self._terms[school.path] = terms.order_by("starts", "-year__organisation__path").first()
        return self._terms[school.path]


def check(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    places, known = Places(place), Known(place)
    found, slots, bookings = [], [], []
    for row in table.rows:
        cells = Cells(row, table, COLUMNS)
        checked, lesson = _check_row(cells, places, known)
        found.append(checked)
        if lesson is None:
            continue
        for weeks in ("odd", "even") if not lesson.weeks else (lesson.weeks,):
            where = (checked.payload["class"], *lesson.slot, weeks)
            slots.append((where, checked, _problem(cells, "period", "这个班这一节在表里出现过")))
            if lesson.teacher:
                who = (lesson.teacher, *lesson.slot, weeks)
                bookings.append((who, checked, _problem(cells, "teacher", "这位教师这一节在表里已有另一个班的课")))
    repeated(slots)
    repeated(bookings)
    _tell_clashes(found, known)
    for checked in found:
        checked.problems = list(dict.fromkeys(checked.problems))
    return list(settled(found))


def _check_row(cells: Cells, places: Places, known: Known) -> tuple[Checked, Lesson | None]:
    school = places.school(cells)
    school_class = places.school_class(cells, school)
    weekday = cells.choice("weekday", DAYS)
    period = cells.whole("period", 1, 12)
    subject, room = cells.text("subject"), cells.text("room")
    weeks = cells.choice("weeks", WEEKS)
    teacher = _teacher(cells, school, known)
    term = known.term(school) if school else None
    if school is not None and term is None:
        cells.wrong("class", "现在没有学期，请先在校历里加学年")
    checked = Checked(
        cells.row,
        f"{cells.row['class']} 星期{cells.row['weekday']}第 {cells.row['period']} 节 {subject}",
        problems=cells.problems,
    )
    if cells.problems or school_class is None or term is None or period is None:
        return checked, None
    lesson = Lesson(int(weekday), period, subject, teacher, weeks, room)
    checked.title = f"{school_class.name} {lesson.when} {subject}"
    there = [one for one in known.lessons.get((term.pk, school_class.pk, *lesson.slot), []) if lesson.meets(one.weeks)]
    if there:
        same = len(there) == 1 and (there[0].subject, there[0].teacher_id, there[0].weeks) == (subject, teacher, weeks)
        checked.state = UNCHANGED if same and room in ("", there[0].room) else CHANGED
        checked.notes += [] if checked.state == UNCHANGED else ["换下：" + "、".join(one.subject for one in there)]
    checked.payload = {
        "row": cells.row.number,
        "term": term.pk,
        "class": school_class.pk,
        "lesson": vars(lesson),
    }
    return checked, lesson


def _teacher(cells: Cells, school: Organisation | None, known: Known) -> UUID | None:
    written = cells.text("teacher")
    if not written or school is None:
        return None
    found = known.staff.get((school.pk, written), set())
    if len(found) == 1:
        return next(iter(found))
    cells.wrong(
        "teacher",
        f"{school.name}"
        + (f"有几位{written}，请写账号" if found else f"没有名叫“{written}”的教师。请核对，或先导入教师"),
    )
    return None


def _tell_clashes(found: list[Checked], known: Known) -> None:
    """Against lessons already stored, but for those that this very table replaces."""
    by_class: dict[tuple[Any, Any], list[tuple[Checked, Lesson]]] = {}
    renewed: set[int] = set()
    for checked in found:
        if not checked.payload or checked.problems:
            continue
        lesson, key = Lesson(**checked.payload["lesson"]), (checked.payload["class"], checked.payload["term"])
        renewed |= {one.pk for one in known.lessons.get((key[1], key[0], *lesson.slot), [])}
        if checked.state != UNCHANGED:
            by_class.setdefault(key, []).append((checked, lesson))
    classes = Organisation.objects.in_bulk([pk for pk, _ in by_class])
    terms = Term.objects.in_bulk([pk for _, pk in by_class])
    for (class_id, term_id), rows in by_class.items():
        by_lesson = {lesson: checked for checked, lesson in rows}
        for lesson, sentence in clashes_of(classes[class_id], terms[term_id], by_lesson, ignoring=renewed):
            checked = by_lesson[lesson]
            checked.problems.append(Problem(checked.row.number, "", "教师", sentence))
        for lesson, checked in by_lesson.items():
            checked.payload["ignoring"] = [pk for pk in known.booked(lesson) if pk in renewed]


def apply_row(payload: Payload, batch: Batch) -> Undo:
    held = payload["lesson"]
    lesson = Lesson(**held | {"teacher": UUID(held["teacher"]) if held["teacher"] else None})
    school_class, term = batch.place(payload["class"]), Term.objects.get(pk=payload["term"])
    undo: Undo = {"subject": str(school_class.pk)}
    here = TimetableEntry.objects.filter(
        term=term, school_class=school_class, weekday=lesson.weekday, period=lesson.period
    )
    there = [one for one in here if lesson.meets(one.weeks)]
    if len(there) > 1:
        raise ActionError("这一节已有单周和双周两门课，请在课表页面上改。")
    clashes = clashes_of(school_class, term, [lesson], ignoring=payload.get("ignoring", ()))
    if clashes:
        raise ActionError("；".join(sentence for _, sentence in clashes) + "。")
    if there:
        was(undo, there[0], "subject", "teacher_id", "room", "weeks")
        here.filter(pk=there[0].pk).update(
            subject=lesson.subject, teacher_id=lesson.teacher, room=lesson.room, weeks=lesson.weeks
        )
        return undo
    for row in put_lessons(school_class, term, [lesson]):
        made(undo, row)
    return undo


def _problem(cells: Cells, key: str, what: str) -> Problem:
    return Problem(cells.row.number, cells.letters.get(key, ""), cells.titles[key], what)


register_import(
    ImportKind(
        "timetable",
        "课表",
        IMPORT_TIMETABLE,
        COLUMNS,
        check,
        apply_row,
        "一行是一个班的一节课；教师可写姓名，同名的写账号。",
    )
)

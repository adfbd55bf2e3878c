"""Imports of what pupils need around them: schools, classes, teachers, timetables."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.cast import Cast
from tests.registry.test_imports import brought, everything, said, table, taken_back, written
from yincai.core.models import Job
from yincai.registry.actions.set_calendar import add_year
from yincai.registry.actions.set_timetable import Lesson, set_timetable
from yincai.registry.calendar import Span, year_holding
from yincai.registry.imports.kinds import BAD, CHANGED, NEW, UNCHANGED
from yincai.registry.models import (
    Organisation,
    School,
    Teaching,
    Term,
    TimetableEntry,
)

# --- schools, classes, teachers -------------------------------------------------------------------------------------


def test_schools_then_classes(cast: Cast) -> None:
    qian = cast.actor(cast.qian)
    head = ("区县", "学校代码", "学校名称", "办学类型", "城乡类型", "教师数", "纬度", "经度")
    schools = table(
        head,
        ("东城区", "3301020101", "城北小学", "小学", "城区", 50, 30.3, 120.2),
        ("330103", "3301030101", "西山学校", "九年一贯制", "乡村", "", "", ""),
        ("南城区", "3301040101", "无区小学", "小学", "城区", "", "", ""),
        ("东城区", "3301020001", "示范市第一小学", "小学", "镇区", 61, "", ""),
    )
    run, found = brought("schools", cast.city, schools, qian)
    assert [row.state for row in found.rows] == [NEW, NEW, BAD, CHANGED]
    assert said(found) == [(4, "A", "“南城区”不是您管理范围里的区县。请核对，或先建这个区县")]
    before = everything()
    run = written("schools", cast.city, schools, qian, leave_out=True)
    changed = School._base_manager.get(pk=cast.first.pk)
    assert (changed.area, changed.teachers, changed.places) == ("town", 61, 1200)
    classes = table(
        ("学校代码", "年级", "班级"),
        ("3301020101", "一年级", "1"),
        ("3301020101", "1", "一（2）班"),
        ("3301030101", "初一", "七（1）班"),
        ("3301020101", "七年级", "七（1）班"),
        ("3301020001", "五年级", "5.1"),
    )
    _, found = brought("classes", cast.city, classes, qian)
    assert [row.state for row in found.rows] == [NEW, NEW, NEW, BAD, UNCHANGED]
    classes_run = written("classes", cast.city, classes, qian, leave_out=True)
    names = Organisation._base_manager.filter(parent__parent__code="3301020101").order_by("path")
    assert [one.name for one in names] == ["一（1）班", "一（2）班"]
    taken_back(classes_run, qian)
    taken_back(run, qian)
    assert _without_counters(everything()) == _without_counters(before)


def _without_counters(held: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Numbers of paths are never given twice, so the counters stay."""
    return {name: [{k: v for k, v in row.items() if k != "last_child"} for row in rows] for name, rows in held.items()}


TEACHERS = ("姓名", "性别", "电话", "任课", "班主任")


def test_teachers_with_what_they_teach(cast: Cast) -> None:
    clerk = cast.actor(cast.clerk)
    staff = table(
        TEACHERS,
        ("王静", "女", "", "五（1）班:数学；五（2）班:数学", "五（1）班"),
        ("张语文", "", "13800000011", "五（1）班、五（2）班：语文", "五（2）班"),
    )
    _, found = brought("teachers", cast.first, staff, clerk)
    assert [(row.state, row.notes) for row in found.rows] == [
        (CHANGED, ["更新1项信息", "任课 1 处"]),
        (NEW, ["任课 2 处"]),
    ]
    before = everything()
    run = written("teachers", cast.first, staff, clerk)
    taught = {
        (row.person.name, row.school_class.name, row.subject, row.leads)
        for row in Teaching._base_manager.filter(school_class__path__startswith=cast.first.path)
    }
    assert taught == {
        ("王静", "五（1）班", "数学", True),
        ("王静", "五（2）班", "数学", False),
        ("张语文", "五（1）班", "语文", False),
        ("张语文", "五（2）班", "语文", True),
    }
    _, again = brought("teachers", cast.first, staff, clerk)
    assert again.counts[UNCHANGED] == 2
    taken_back(run, clerk)
    assert everything() == before


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (("张三", "", "", "五（9）班:数学", ""), "D", "没有“五（9）班”"),
        (("张三", "", "", "数学", ""), "D", "“数学”看不懂"),
        (("张三", "", "", "", "五（1）班"), "E", "任课里也要写上"),
        (("张三", "", "1", "", ""), "C", "11 位手机号"),
    ],
)
def test_wrong_cells_of_teachers(cast: Cast, row: tuple[str, ...], column: str, what: str) -> None:
    _, found = brought("teachers", cast.first, table(TEACHERS, row), cast.actor(cast.clerk))
    assert [(number, letter) for number, letter, _ in said(found)] == [(2, column)]
    assert what in said(found)[0][2]


def test_a_school_imports_no_head(cast: Cast) -> None:
    rows = table(("姓名", "身份"), ("新校长", "校长"))
    _, found = brought("teachers", cast.first, rows, cast.actor(cast.clerk))
    assert "上一级管理员" in said(found)[0][2]
    _, found = brought("teachers", cast.first, rows, cast.actor(cast.zhao))
    assert said(found) == []


# --- timetables -----------------------------------------------------------------------------------------------------


LESSONS = ("班级", "星期", "节次", "学科", "教师", "单双周")


@pytest.fixture
def term(cast: Cast) -> Term:
    year = year_holding(timezone.localdate())
    add_year(cast.city, year, [Span("全年", year.starts, year.ends)], acting_user=cast.actor(cast.qian))
    return Term._base_manager.get()


def test_a_timetable(cast: Cast, term: Term) -> None:
    clerk = cast.actor(cast.clerk)
    lessons = table(
        LESSONS,
        ("五（1）班", "一", 1, "数学", "王静", ""),
        ("五（2）班", "周一", 2, "数学", "wanglaoshi", "单周"),
        ("五（1）班", "星期五", 3, "班会", "", ""),
    )
    written("timetable", cast.first, lessons, clerk)
    stored = {
        (row.school_class.name, row.weekday, row.period, row.subject, row.weeks, row.teacher)
        for row in TimetableEntry._base_manager.all()
    }
    assert stored == {
        ("五（1）班", 1, 1, "数学", "", cast.wang),
        ("五（2）班", 1, 2, "数学", "odd", cast.wang),
        ("五（1）班", 5, 3, "班会", "", None),
    }
    _, again = brought("timetable", cast.first, lessons, clerk)
    assert again.counts[UNCHANGED] == 3
    before = everything()
    swapped = table(
        LESSONS,
        ("五（1）班", "一", 2, "数学", "王静", ""),
        ("五（2）班", "一", 2, "音乐", "", "单周"),
        ("五（1）班", "一", 1, "语文", "", ""),
    )
    _, found = brought("timetable", cast.first, swapped, clerk)
    assert said(found) == []
    run = written("timetable", cast.first, swapped, clerk)
    assert run.job is not None
    assert "notes" not in Job._base_manager.get(pk=run.job.pk).options
    taken_back(run, clerk)
    assert everything() == before


def test_double_booking_in_a_timetable_is_told(cast: Cast, term: Term) -> None:
    clerk = cast.actor(cast.clerk)
    set_timetable(cast.class51, term, [Lesson(1, 1, "数学", cast.wang.pk)], acting_user=clerk)
    lessons = table(
        LESSONS,
        ("五（2）班", "一", 1, "数学", "王静", ""),
        ("五（2）班", "二", 1, "数学", "王静", ""),
        ("五（1）班", "二", 1, "数学", "王静", ""),
        ("五（1）班", "八", 1, "数学", "不认识", ""),
    )
    _, found = brought("timetable", cast.first, lessons, clerk)
    told = said(found)
    assert (2, "", "星期一第 1 节，王静已经在五（1）班上数学") in told
    assert (4, "E", "这位教师这一节在表里已有另一个班的课（第 3 行）") in told
    assert [(row, column) for row, column, _ in told if row == 5] == [(5, "B"), (5, "E")]

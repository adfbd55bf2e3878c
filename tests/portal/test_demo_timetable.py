"""Timetables without double booking, and a term around any day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.portal.demo import calendar, staff
from yincai.portal.demo.timetable import DAYS, Taught, timetable
from yincai.registry.actions.set_calendar import refuse_crossing
from yincai.registry.models import SchoolKind
from yincai.registry.naming import GRADES

CLASSES = [UUID(int=number) for number in range(1, 5)]
TEACHERS = [UUID(int=100 + number) for number in range(1, 5)]


@st.composite
def full_weeks(draw: st.DrawFn) -> tuple[list[Taught], int]:
    """Loads up to the very brim: every week is a sum of one-to-one meetings of classes and teachers."""
    periods = draw(st.integers(1, 4))
    hours = Counter[tuple[UUID, UUID]]()
    for _ in range(draw(st.integers(0, DAYS * periods))):
        order = draw(st.permutations(range(len(TEACHERS))))
        for one, other in enumerate(order):
            if draw(st.integers(0, 9)):
                hours[CLASSES[one], TEACHERS[other]] += 1
    return [Taught(one, other, f"{other.int}", count) for (one, other), count in hours.items()], periods


@settings(max_examples=60, deadline=None)
@given(full_weeks(), st.integers(0, 3))
def test_whatever_can_be_placed_is_placed_and_nobody_is_in_two_places(
    week: tuple[list[Taught], int], seed: int
) -> None:
    taught, periods = week
    placed = timetable(taught, periods, Random(seed))
    assert len(placed) == sum(one.hours for one in taught)
    for whose in ("school_class", "teacher"):
        held = Counter((getattr(one, whose), one.weekday, one.period) for one in placed)
        assert max(held.values(), default=1) == 1
    assert Counter((one.school_class, one.teacher) for one in placed) == Counter(
        {(one.school_class, one.teacher): one.hours for one in taught}
    )
    assert all(1 <= one.weekday <= DAYS and 1 <= one.period <= periods for one in placed)


def test_too_many_lessons_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        timetable([Taught(CLASSES[0], TEACHERS[0], "语文", 6)], 1, Random(0))


@pytest.mark.parametrize("kind", SchoolKind.values)
def test_each_class_is_taught_its_hours_and_led_by_one_teacher_of_its_own(kind: str) -> None:
    grades = [grade for grade, _, _ in GRADES[SchoolKind(kind)]]
    needs = [
        staff.ClassNeed(UUID(int=number), staff.curriculum(kind, grade), by_maths=bool(number % 2))
        for number, grade in enumerate(sorted(grades * 2), start=1)
    ]
    posts = staff.posts_of(kind, needs)
    for need in needs:
        got = Counter[str]()
        for post in posts:
            for (place, subject), hours in post.lessons.items():
                if place == need.id:
                    got[subject] += hours
        assert got == Counter(need.hours)
        leads = [post for post in posts if post.leads == need.id]
        assert len(leads) == 1
        assert any(place == need.id for place, _ in leads[0].lessons)
    assert max(post.load for post in posts) <= 25


@given(st.dates(date(2024, 1, 1), date(2032, 12, 31)))
def test_a_term_is_running_on_any_day_and_has_run_for_weeks(today: date) -> None:
    found = calendar.around(today)
    assert found.term in found.terms
    assert found.term.starts <= today <= found.term.ends
    assert today - found.term.starts >= calendar.LEAST
    refuse_crossing(found.year, found.terms)
    weeks = calendar.mondays(found.term, today)
    assert len(weeks) >= 7
    assert all(monday.weekday() == 0 for monday in weeks)
    assert weeks[0] > found.term.starts - timedelta(days=1) and weeks[-1] <= today < weeks[-1] + timedelta(days=7)

"""What a calendar looks like before anybody has changed it: school years, terms, bell times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

from yincai.registry.models import SchoolKind

AUTUMN, SPRING = "秋季学期", "春季学期"


@dataclass(frozen=True)
class Span:
    name: str
    starts: date
    ends: date


@dataclass(frozen=True)
class Bell:
    number: int
    starts: time
    ends: time


@dataclass(frozen=True)
class Day:
    """How a school's day runs: lessons before and after noon, their length, when the first and the afternoon begin."""

    morning: int
    afternoon: int
    minutes: int
    first: time
    after_noon: time


DAYS: dict[str, Day] = {
    SchoolKind.KINDERGARTEN: Day(3, 1, 30, time(9, 0), time(14, 30)),
    SchoolKind.PRIMARY: Day(4, 2, 40, time(8, 30), time(14, 0)),
    SchoolKind.SPECIAL: Day(4, 2, 40, time(8, 30), time(14, 0)),
    SchoolKind.NINE_YEAR: Day(4, 3, 40, time(8, 30), time(14, 0)),
    SchoolKind.JUNIOR: Day(4, 3, 45, time(8, 10), time(14, 0)),
    SchoolKind.SENIOR: Day(5, 4, 40, time(8, 0), time(14, 0)),
    SchoolKind.VOCATIONAL: Day(4, 3, 45, time(8, 10), time(14, 0)),
}
BREAK, LONG_BREAK, LONG_AFTER = 10, 25, 2  # minutes; 大课间 after the second lesson


def year_holding(day: date) -> Span:
    """The school year of a day: from 1 September to 31 August."""
    first = day.year if day.month >= 8 else day.year - 1
    return Span(f"{first}–{first + 1} 学年", date(first, 9, 1), date(first + 1, 8, 31))


def terms_of(year: Span) -> list[Span]:
    """Two terms as most bureaus set them; a bureau enters its own dates."""
    first = year.starts.year
    return [
        Span(AUTUMN, _school_day(date(first, 9, 1)), date(first + 1, 1, 29)),
        Span(SPRING, _school_day(date(first + 1, 2, 22)), date(first + 1, 7, 3)),
    ]


def bells(kind: str, earliest: time | None = None) -> list[Bell]:
    """The lessons of a day. `earliest`: no lesson before (the rule on when school may begin)."""
    day = DAYS[kind]
    first = max(day.first, earliest) if earliest else day.first
    morning = _run(1, day.morning, first, day.minutes)
    after_noon = max(day.after_noon, _later(morning[-1].ends, 90))
    return morning + _run(day.morning + 1, day.afternoon, after_noon, day.minutes)


def _run(first_number: int, count: int, starts: time, minutes: int) -> list[Bell]:
    found = []
    for number in range(first_number, first_number + count):
        ends = _later(starts, minutes)
        found.append(Bell(number, starts, ends))
        starts = _later(ends, LONG_BREAK if number == LONG_AFTER else BREAK)
    return found


def _later(moment: time, minutes: int) -> time:
    total = moment.hour * 60 + moment.minute + minutes
    return time(total // 60, total % 60)


def _school_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)

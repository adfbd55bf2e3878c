"""Forms of the calendar and timetable pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from yincai.registry.actions.set_timetable import WEEKDAYS, Lesson
from yincai.registry.calendar import AUTUMN, SPRING, Bell, Span, terms_of, year_holding
from yincai.registry.forms_organisation import DayField
from yincai.registry.models import TimetableEntry

WITHOUT_TEACHER = ("班会", "自习", "阅读", "劳动", "综合实践", "课后服务")
MOST_PERIODS = 12
SPARE_ROWS = 2


class YearForm(forms.Form):
    """A school year and its two terms."""

    first = forms.IntegerField(
        label="从哪一年开始", min_value=2000, max_value=2100, help_text="例如 2026，就是 2026–2027 学年。"
    )
    autumn_starts = DayField(label="秋季学期开始", initial=None)
    autumn_ends = DayField(label="秋季学期结束", initial=None)
    spring_starts = DayField(label="春季学期开始", initial=None)
    spring_ends = DayField(label="春季学期结束", initial=None)

    @staticmethod
    def starting(first: int) -> dict[str, Any]:
        autumn, spring = terms_of(year_holding(date(first, 9, 1)))
        return {
            "first": first,
            "autumn_starts": autumn.starts,
            "autumn_ends": autumn.ends,
            "spring_starts": spring.starts,
            "spring_ends": spring.ends,
        }

    @property
    def year(self) -> Span:
        return year_holding(date(self.cleaned_data["first"], 9, 1))

    @property
    def terms(self) -> list[Span]:
        data = self.cleaned_data
        return [
            Span(AUTUMN, data["autumn_starts"], data["autumn_ends"]),
            Span(SPRING, data["spring_starts"], data["spring_ends"]),
        ]


class TermForm(forms.Form):
    starts = DayField(label="开始")
    ends = DayField(label="结束")


class PeriodsForm(forms.Form):
    """Bell times: as many rows as are filled in."""

    def __init__(self, *args: Any, bells: Iterable[Bell], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = {bell.number: bell for bell in bells}
        for number in range(1, MOST_PERIODS + 1):
            bell = given.get(number)
            for name, label, value in (
                (f"starts_{number}", f"第 {number} 节上课", bell and bell.starts),
                (f"ends_{number}", f"第 {number} 节下课", bell and bell.ends),
            ):
                self.fields[name] = forms.TimeField(
                    label=label,
                    required=False,
                    initial=value,
                    widget=forms.TimeInput(attrs={"type": "time", "aria-label": label}, format="%H:%M"),
                )

    def rows(self) -> Iterator[tuple[int, forms.BoundField, forms.BoundField]]:
        for number in range(1, MOST_PERIODS + 1):
            yield number, self[f"starts_{number}"], self[f"ends_{number}"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        ended = 0
        for number in range(1, MOST_PERIODS + 1):
            starts, ends = data.get(f"starts_{number}"), data.get(f"ends_{number}")
            if bool(starts) != bool(ends):
                raise forms.ValidationError(f"第 {number} 节的上课和下课时间要一起填，或一起空着。")
            if starts and ended:
                raise forms.ValidationError(f"第 {ended} 节空着，后面的第 {number} 节却填了。请按顺序填。")
            if not starts and not ended:
                ended = number
        return data

    @property
    def bells(self) -> list[Bell]:
        data: dict[str, time] = self.cleaned_data
        return [
            Bell(number, data[f"starts_{number}"], data[f"ends_{number}"])
            for number in range(1, MOST_PERIODS + 1)
            if data.get(f"starts_{number}")
        ]


class SessionForm(forms.Form):
    title = forms.CharField(label="这节课上什么", max_length=80, required=False)


@dataclass(frozen=True)
class Option:
    """What may stand in a cell of the timetable: a subject, with its teacher if it has one."""

    subject: str
    teacher: UUID | None = None
    teacher_name: str = ""

    @property
    def value(self) -> str:
        return f"{self.subject}|{self.teacher or ''}"

    @property
    def label(self) -> str:
        return f"{self.subject} {self.teacher_name}".strip()


class TimetableForm:
    """The grid of a class: a choice for each weekday and 节次, and rows for lessons of odd or even weeks."""

    def __init__(
        self,
        options: Iterable[Option],
        periods: Iterable[int],
        entries: Iterable[TimetableEntry],
        data: QueryDict | None = None,
    ) -> None:
        self.options = {option.value: option for option in options}
        self.periods = list(periods)
        self.entries = list(entries)
        self.data = data
        self.error = ""
        self.clashes: list[str] = []

    def cell(self, weekday: int, period: int) -> str:
        """The value chosen for a cell, as typed or as stored."""
        if self.data is not None:
            return str(self.data.get(f"c-{weekday}-{period}", ""))
        found = (row for row in self.entries if (row.weekday, row.period, row.weeks) == (weekday, period, ""))
        return next((_value(row) for row in found), "")

    def grid(self) -> list[tuple[int, list[tuple[int, str, str]]]]:
        return [
            (period, [(day, self.cell(day, period), f"星期{WEEKDAYS[day]}第 {period} 节") for day in range(1, 6)])
            for period in self.periods
        ]

    def alternating(self) -> list[dict[str, str]]:
        """Rows of lessons held in odd or even weeks, with spare ones below."""
        if self.data is not None:
            return [self._typed_row(number) for number in range(int(self.data.get("rows", "0") or 0))]
        rows = [
            {"weekday": str(row.weekday), "period": str(row.period), "weeks": row.weeks, "lesson": _value(row)}
            for row in self.entries
            if row.weeks
        ]
        return rows + [{"weekday": "", "period": "", "weeks": "", "lesson": ""}] * SPARE_ROWS

    def lessons(self) -> list[Lesson]:
        """What the page asks for; raises ValueError with a sentence."""
        rooms = {(row.weekday, row.period, row.weeks, row.subject): row.room for row in self.entries}
        wanted = [(day, period, "", value) for period, cells in self.grid() for day, value, _ in cells if value]
        for number, row in enumerate(self.alternating(), start=1):
            if not any(row.values()):
                continue
            if not all(row.values()):
                raise ValueError(f"单双周课第 {number} 行没有填全：星期、节次、单双周和课程都要选。")
            wanted.append((int(row["weekday"]), int(row["period"]), row["weeks"], row["lesson"]))
        return [
            Lesson(
                day,
                period,
                self._option(value).subject,
                self._option(value).teacher,
                weeks,
                rooms.get((day, period, weeks, self._option(value).subject), ""),
            )
            for day, period, weeks, value in wanted
        ]

    def _option(self, value: str) -> Option:
        if value not in self.options:
            raise ValueError("课表里选了一门已经不在任课安排里的课，请重新选。")
        return self.options[value]

    def _typed_row(self, number: int) -> dict[str, str]:
        assert self.data is not None  # noqa: S101 - only asked for when something was typed
        return {name: str(self.data.get(f"x-{number}-{name}", "")) for name in ("weekday", "period", "weeks", "lesson")}


def _value(row: TimetableEntry) -> str:
    return f"{row.subject}|{row.teacher_id or ''}"

"""When lessons are held: no class and no teacher is ever in two places.

Classes and teachers are the two sides of a graph, each weekly lesson is an edge, and an hour of the week is a colour.
Since no class and no teacher has more lessons than the week has hours, König's theorem says that so many colours
suffice; where no hour is free on both sides, a path of alternating hours is exchanged (Kempe) and one becomes free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

MAIN = frozenset({"语文", "数学", "英语", "生活语文", "生活数学"})
DAYS = 5


@dataclass(frozen=True)
class Taught:
    """So many lessons a week of a subject in a class by a teacher."""

    school_class: UUID
    teacher: UUID
    subject: str
    hours: int


@dataclass(frozen=True)
class Placed:
    school_class: UUID
    teacher: UUID
    subject: str
    weekday: int
    period: int


class Week:
    """The hours of a school's week, numbered from 0: hour // periods is the day, hour % periods the period."""

    def __init__(self, periods: int, dice: Random) -> None:
        self.periods = periods
        self.hours = range(DAYS * periods)
        self._dice = dice
        self._at: dict[UUID, dict[int, int]] = defaultdict(dict)  # class or teacher → hour → edge
        self._edges: list[tuple[UUID, UUID, str]] = []
        self._days: dict[tuple[UUID, str], list[int]] = defaultdict(list)

    def place(self, school_class: UUID, teacher: UUID, subject: str) -> None:
        edge = len(self._edges)
        self._edges.append((school_class, teacher, subject))
        free = [hour for hour in self.hours if hour not in self._at[school_class] and hour not in self._at[teacher]]
        hour = min(free, key=lambda one: self._cost(school_class, subject, one)) if free else self._make_room(edge)
        self._at[school_class][hour] = self._at[teacher][hour] = edge

    def _cost(self, school_class: UUID, subject: str, hour: int) -> float:
        """Spread a subject over the days; main subjects before noon."""
        day, period = divmod(hour, self.periods)
        held = self._at[school_class]
        same = sum(
            self._edges[held[one]][2] == subject
            for one in range(day * self.periods, (day + 1) * self.periods)
            if one in held
        )
        late = period if subject in MAIN else self.periods - period
        return 10 * same + late + self._dice.random()

    def _make_room(self, edge: int) -> int:
        """Free an hour on both sides: exchange two hours along the path that begins at the teacher."""
        school_class, teacher, _ = self._edges[edge]
        mine = next(hour for hour in self.hours if hour not in self._at[school_class])
        theirs = next(hour for hour in self.hours if hour not in self._at[teacher])
        path, place, hour = [], teacher, mine
        while (found := self._at[place].get(hour)) is not None:
            path.append((found, hour))
            one, other, _ = self._edges[found]
            place, hour = (other if place == one else one), (theirs if hour == mine else mine)
        for found, hour in path:
            for end in self._edges[found][:2]:
                if self._at[end].get(hour) == found:
                    del self._at[end][hour]
        for found, hour in path:
            for end in self._edges[found][:2]:
                self._at[end][theirs if hour == mine else mine] = found
        return mine

    def placed(self) -> Iterable[Placed]:
        for place, hours in self._at.items():
            for hour, edge in hours.items():
                school_class, teacher, subject = self._edges[edge]
                if place == school_class:
                    day, period = divmod(hour, self.periods)
                    yield Placed(school_class, teacher, subject, day + 1, period + 1)


def timetable(taught: Sequence[Taught], periods: int, dice: Random) -> list[Placed]:
    """Every lesson of a school's week. Raises ValueError where somebody has more lessons than the week has hours."""
    load: dict[UUID, int] = defaultdict(int)
    for one in taught:
        load[one.school_class] += one.hours
        load[one.teacher] += one.hours
    if max(load.values(), default=0) > DAYS * periods:
        raise ValueError(f"{max(load.values())} lessons a week do not fit in {DAYS * periods} hours")
    week = Week(periods, dice)
    for one in sorted(taught, key=lambda one: one.subject not in MAIN):
        for _ in range(one.hours):
            week.place(one.school_class, one.teacher, one.subject)
    return list(week.placed())

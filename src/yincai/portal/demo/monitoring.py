"""Two linked yearly monitorings of mathematics for each grade that practised last year too, with who was missing.

Stated in docs/explanation/demo-city.md; the names of the numbers are the same there. All scores of a grade are drawn
at once. A pupil's true score last year is that of the school's level and the pupil's own; this year it has moved as
it did for all, plus what the school added. Both are seen with an error of measurement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from uuid import UUID, uuid5

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from yincai.evaluation.models import Monitoring, Participant
from yincai.evaluation.sample import drawn
from yincai.portal.demo.bank import SUBJECT
from yincai.portal.demo.people import City, ClassDrawn
from yincai.portal.demo.sizes import GRADES
from yincai.records.scores import Score
from yincai.registry.calendar import year_holding
from yincai.registry.naming import DIGITS

SHARE = 50  # percent of a school's grade
MEAN, SPREAD, ERROR = 500.0, 85.0, 27.0  # of true scores at the beginning, and of measurement
START = 60.0  # points that a school's level (a logit) makes at the beginning
STAYS, YEAR, OWN = 0.9, 38.0, 32.0  # what is left of an advantage, what a year brings all, a pupil's own way
ADDED = 13.0  # spread between schools of what they add in a year
ABSENT, NEW, CHANGED, LEFT = 0.04, 0.03, 0.02, 0.04  # shares: ill, moved in, from another school, no longer drawn
FIRST_JUNIOR = 7  # pupils of this grade come from primary schools
NAMES = UUID("b7e0c1d2-5a7e-5c11-8f0e-3f5f0f1f2f3f")
NOON = time(12)


@dataclass(frozen=True)
class Monitored:
    """One grade: the monitoring of last year and this year's, who was drawn for each, all scores."""

    before: Monitoring
    now: Monitoring
    participants: list[Participant]
    scores: list[Score]


def monitored(city: City, seed: int, today: date) -> Iterator[Monitored]:
    """Grade by grade; nothing where fewer than two schools could be compared."""
    for grade in GRADES:
        rooms = [each for each in city.classes if each.practises and each.organisation.grade == grade]
        if grade - 1 in GRADES and len({each.school.pk for each in rooms}) > 1:
            yield _Grade(city, rooms, grade, seed, today).made()


class _Grade:
    """The dice of one grade, and what they have drawn."""

    def __init__(self, city: City, rooms: list[ClassDrawn], grade: int, seed: int, today: date) -> None:
        self.city, self.rooms, self.grade, self.seed = city, rooms, grade, seed
        self.rng = np.random.default_rng([seed, grade])
        day = max(year_holding(today).starts, today - timedelta(days=40))
        self.before = self._monitoring(grade - 1, day - timedelta(days=365), None)
        self.now = self._monitoring(grade, day, self.before)
        self.room_of = {city.pseudonym_of[child.pk].number: each for each in rooms for child in each.pupils}
        self.keeps = {row.number for row in city.pseudonyms if row.keeps}
        self.added = {each.school.pk: self.rng.normal(0, ADDED) for each in rooms}

    def made(self) -> Monitored:
        now = self._drawn_now()
        before = self._drawn_before(now)
        participants = [
            Participant(monitoring=self.before, pupil=pupil, place=place) for pupil, place in before.items()
        ]
        participants += [
            Participant(monitoring=self.now, pupil=pupil, place=self.room_of[pupil].organisation.path) for pupil in now
        ]
        return Monitored(self.before, self.now, participants, list(self._scores(now, before)))

    def _monitoring(self, grade: int, day: date, before: Monitoring | None) -> Monitoring:
        year = year_holding(day).name.removesuffix(" 学年")
        top = self.city.organisations[0]
        return Monitoring(
            id=uuid5(NAMES, f"{self.seed} {self.grade} {grade}"),
            organisation=top,
            code=f"JC{day.year}-M{grade}",
            title=f"{day.year} 年{DIGITS[grade]}年级数学监测（模拟）",
            subject=SUBJECT,
            year=year,
            grade=grade,
            on=day,
            before=before,
            share=SHARE,
            scale_se=ERROR,
            drawn_at=_moment(day - timedelta(days=20)),
            planned_by=self.city.accounts[0].pk,
            planned_at=_moment(day - timedelta(days=30)),
        )

    def _drawn_now(self) -> list[int]:
        """As the platform draws: of each school those with the smallest permanent numbers."""
        by_school: dict[UUID, list[int]] = {}
        for pupil, room in self.room_of.items():
            by_school.setdefault(room.school.pk, []).append(pupil)
        return sorted(pupil for pupils in by_school.values() for pupil in drawn(self.before.pk, pupils, SHARE))

    def _drawn_before(self, now: list[int]) -> dict[int, str]:
        """Last year's list: most of this year's, from where they were then, and some who are not drawn any more."""
        chance, chosen = self.rng.random(len(now)), set(now)
        stayed = [pupil for pupil, dice in zip(now, chance, strict=True) if dice >= NEW]
        rest = sorted(self.room_of.keys() - chosen)
        gone = self.rng.choice(rest, size=int(LEFT * len(now)), replace=False).tolist() if rest else []
        return {pupil: self._place_before(pupil) for pupil in [*stayed, *gone]}

    def _place_before(self, pupil: int) -> str:
        """Where the class is now, but for those who came from another school."""
        room = self.room_of[pupil]
        if self.grade == FIRST_JUNIOR:
            return self._one_of(self._came_from[room.school.pk] or self.rooms)
        return self._one_of(self.rooms) if self.rng.random() < CHANGED else str(room.organisation.path)

    def _one_of(self, rooms: list[ClassDrawn]) -> str:
        return str(rooms[int(self.rng.integers(len(rooms)))].organisation.path)

    @cached_property
    def _came_from(self) -> dict[UUID, list[ClassDrawn]]:
        """By school the classes of the grade below: its own, else those of schools that end there."""
        below = [each for each in self.city.classes if each.practises and each.organisation.grade == self.grade - 1]
        own = {each.school.pk for each in self.rooms}
        leaving = [each for each in below if each.school.pk not in own]
        return {school: [each for each in below if each.school.pk == school] or leaving for school in own}

    def _scores(self, now: list[int], before: dict[int, str]) -> Iterator[Score]:
        """Everybody's at once; then those who agreed and were there."""
        pupils = sorted({*now, *before})
        rooms = [self.room_of[pupil] for pupil in pupils]
        true = MEAN + START * np.array([each.level for each in rooms]) + self.rng.normal(0, SPREAD, len(pupils))
        added = np.array([self.added[each.school.pk] for each in rooms])
        later = MEAN + YEAR + STAYS * (true - MEAN) + added + self.rng.normal(0, OWN, len(pupils))
        chosen = set(now)
        for test, level, listed in ((self.before, true, before.keys()), (self.now, later, chosen)):
            seen = self._seen(level)
            there = self.rng.random(len(pupils)) >= ABSENT
            for pupil, score, came in zip(pupils, seen.tolist(), there.tolist(), strict=True):
                if came and pupil in listed and pupil in self.keeps:
                    yield self._score(test, pupil, before.get(pupil, ""), score)

    def _seen(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(np.round(level + self.rng.normal(0, ERROR, len(level))), 0, 1000)

    def _score(self, test: Monitoring, pupil: int, place_before: str, score: float) -> Score:
        place = place_before if test is self.before else self.room_of[pupil].organisation.path
        return Score(
            pupil=pupil,
            place=place,
            subject=SUBJECT,
            test=test.code,
            scale=test.scale,
            score=score,
            se=ERROR,
            at=_moment(test.on),
            grade=test.grade,
        )


def _moment(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, NOON))

"""Reads of placements: what a pupil is told, and who of a class has done it, in school-number order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from yincai.core.figures import percent_text
from yincai.knowledge.graph import Unit
from yincai.knowledge.queries import graph
from yincai.learning.models import PlacementResult
from yincai.learning.placing import BANDS, Outcome, UnitView
from yincai.registry.models import Organisation
from yincai.registry.queries import Pupil, pupils_of

SUBJECT = "math"
STEPS = ("", "一", "一两")
HOW = {True: "纸面", False: "线上"}


@dataclass(frozen=True)
class Told:
    """A result in words. `begin`: the unit to begin with, None where all that was met is known."""

    n: int
    at: datetime | None
    begin: Unit | None
    units: tuple[UnitView, ...]

    @property
    def sentence(self) -> str:
        if self.begin:
            return f"可以从“{self.begin.name}”开始"
        return "学过的你大多会了，可以往前走"

    @property
    def groups(self) -> list[tuple[str, str, list[UnitView]]]:
        """The units by what to do with them, in teaching order; the one to begin with comes first, by itself."""
        said = [
            (2, "接着练这些", "做起来不太难，也不太容易，在这里长得最快。"),
            (1, "慢慢来", "先把前面的练稳，再回来看它们。"),
            (3, "可以放心", "这些你大多会了，过一阵子温习一下就好。"),
        ]
        first = [unit for unit in self.units if self.begin and unit.code == self.begin.code]
        others = [unit for unit in self.units if unit not in first]
        found = [(title, why, [unit for unit in others if unit.level == level]) for level, title, why in said]
        return [group for group in [("先练这个", "练稳了，后面的会容易很多。", first), *found] if group[2]]


def told(found: Outcome, at: datetime | None = None) -> Told:
    return Told(found.n, at, graph(SUBJECT).units.get(found.begin), found.units)


def told_of(row: PlacementResult) -> Told:
    return Told(row.n, row.at, graph(row.subject).units.get(row.begin), units_of(row))


def units_of(row: PlacementResult) -> tuple[UnitView, ...]:
    return tuple(UnitView(code, share, asked) for code, share, asked in row.units)


def last_result(pupil: int, subject: str = SUBJECT) -> PlacementResult | None:
    return in_force().filter(pupil=pupil, subject=subject).order_by("-at").first()


def in_force() -> QuerySet[PlacementResult]:
    """Results that no teacher declared void."""
    return PlacementResult.objects.filter(voided_at__isnull=True)


@dataclass(frozen=True)
class Stand:
    """One pupil of a class, with the newest result."""

    pupil: Pupil
    result: PlacementResult | None

    @property
    def band(self) -> str:
        return BANDS[self.result.band] if self.result else ""

    @property
    def reach(self) -> str:
        """The other bands that the interval reaches: how far up and down."""
        row = self.result
        if row is None or row.band_low == row.band_high:
            return ""
        down, up = row.band - row.band_low, row.band_high - row.band
        if down and up:
            return "高一档、低一档也有可能"
        return f"也可能{'低' if down else '高'}{STEPS[down or up]}档"

    @property
    def share(self) -> str:
        """Of the grade's typical questions, with the interval and the number of questions it rests on."""
        row = self.result
        if row is None:
            return ""
        return f"{percent_text(row.share)}（{row.low * 100:.0f}–{percent_text(row.high)}，{row.n} 题）"

    @property
    def begin(self) -> Unit | None:
        return graph(SUBJECT).units.get(self.result.begin) if self.result else None

    @property
    def how(self) -> str:
        return HOW[self.result.paper_id is not None] if self.result else ""


@dataclass(frozen=True)
class UnitOfClass:
    """A unit, and how many of the pupils with a result should begin before it, practise it, or know it."""

    unit: Unit
    ground: int
    fit: int
    sure: int

    @property
    def sentence(self) -> str:
        parts = [(self.ground, "先打底"), (self.fit, "正合适练"), (self.sure, "可以放心")]
        return "，".join(f"{count} 人{word}" for count, word in parts if count)


@dataclass(frozen=True)
class ClassPlacement:
    room: Organisation
    stands: tuple[Stand, ...]
    units: tuple[UnitOfClass, ...]

    @property
    def done(self) -> int:
        return sum(stand.result is not None for stand in self.stands)

    @property
    def hidden(self) -> list[Pupil]:
        """Whose results are not kept."""
        return [one.pupil for one in self.stands if one.result is None and not one.pupil.pseudonym.keeps]

    @property
    def to_do(self) -> list[Pupil]:
        return [one.pupil for one in self.stands if one.result is None and one.pupil.pseudonym.keeps]

    @property
    def waiting(self) -> int:
        return len(self.to_do)

    @property
    def finding(self) -> str:
        if not self.done:
            return f"{self.room.name}：还没有人做过摸底"
        rest = f"，还有 {self.waiting} 人没有做" if self.waiting else "，都做过了"
        return f"{self.room.name}：{self.done} 人做过摸底{rest}"


def class_placement(room: Organisation) -> ClassPlacement:
    pupils = pupils_of(room)
    newest = newest_of([pupil.pseudonym.number for pupil in pupils if pupil.pseudonym.keeps])
    stands = tuple(Stand(pupil, newest.get(pupil.pseudonym.number)) for pupil in pupils)
    return ClassPlacement(room, stands, _units_of_class(list(newest.values())))


def newest_of(numbers: Sequence[int], subject: str = SUBJECT) -> dict[int, PlacementResult]:
    rows = in_force().filter(pupil__in=numbers, subject=subject).order_by("at")
    return {row.pupil: row for row in rows}


def _units_of_class(rows: Sequence[PlacementResult]) -> tuple[UnitOfClass, ...]:
    known, counts = graph(SUBJECT).units, Counter[tuple[str, int]]()
    for row in rows:
        counts.update((unit.code, unit.level) for unit in units_of(row))
    codes = sorted({code for code, _ in counts if code in known}, key=lambda code: known[code].when)
    return tuple(UnitOfClass(known[code], *(counts[code, level] for level in (1, 2, 3))) for code in codes)

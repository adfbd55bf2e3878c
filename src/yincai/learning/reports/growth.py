"""What has grown since last time: each pupil's mastery before the first answer of a set and after the last one.

Both states are folded from the facts by the fold in use, so that the two figures are of one model. A point counts for
the pupils who had answered on it before; who met it for the first time has nothing to be compared with. Small classes'
figures are worked out at once, longer histories in the background (`tasks.grow`), which keeps them as `Grown` rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from yincai.core.figures import Figure, signed
from yincai.knowledge.graph import Point
from yincai.knowledge.queries import graph
from yincai.learning.models import Grown
from yincai.learning.reports.gather import Gathered
from yincai.learning.tracing.state import Traced
from yincai.measurement.intervals import mean_interval
from yincai.measurement.tracing import MASTERED, Masteries
from yincai.records.folds import FOLDS, Fact
from yincai.records.models import ResponseFact
from yincai.records.rows import facts_in_force

AT_ONCE = 4_000  # facts folded while a page waits: about a third of a second
KEPT = 24 * 3600  # seconds
EVERY = 2**31 - 1
Figures = Mapping[int, tuple[float | None, float, int, int]]  # slot → value before (if any) and after, levels


@dataclass(frozen=True)
class Stretch:
    """The numbers of a pupil's first and last fact of a set; `mark`: the statement of the last."""

    pupil: int
    first: int
    last: int
    mark: UUID

    @property
    def key(self) -> str:
        return f"learning.grown.{self.mark}.{self.first}"


@dataclass(frozen=True)
class PointGrowth:
    """One point of a class. `change`: the mean change of the chance to do a typical item, with its interval."""

    point: Point
    before: float
    after: float
    change: Figure
    mastered_before: int
    mastered_after: int

    @property
    def n(self) -> int:
        return self.change.n or 0

    @property
    def direction(self) -> int:
        """1 up, −1 down, 0 where the interval holds no change."""
        low, high = self.change.low, self.change.high
        if self.change.value is None or low is None or high is None:
            return 0
        return 1 if low > 0 else -1 if high < 0 else 0

    @property
    def sentence(self) -> str:
        if self.change.value is None or self.change.low is None or self.change.high is None:
            few = f"以前也练过的只有 {self.n} 人，人数太少，不显示"
            return few if self.n else "以前没有人练过，下次就能比"
        return f"{self.before:.0%} → {self.after:.0%}，{_change_words(self)}"


def _change_words(one: PointGrowth) -> str:
    low, high, value = one.change.low or 0.0, one.change.high or 0.0, one.change.value or 0.0
    close = round(low * 100) == 0 or round(high * 100) == 0  # rounded it would not say on which side nought lies
    bounds = f"{_bound(low, close)} 到 {_bound(high, close)}，{one.n} 人"
    if one.direction == 0:
        return f"看不出变化（{signed(value * 100)} 个百分点，{bounds}）"
    return f"{'进步' if one.direction > 0 else '退步'} {abs(value) * 100:.0f} 个百分点（{bounds}）"


def _bound(share: float, close: bool) -> str:
    return signed(share * 100, 1 if close else 0, plus=False)


@dataclass(frozen=True)
class Growth:
    """`levels`: pupil → slot → level after the set. `waiting`: pupils whose figures are being worked out."""

    points: tuple[PointGrowth, ...]
    levels: Mapping[int, Mapping[int, int]]
    waiting: int

    @property
    def grown(self) -> list[PointGrowth]:
        return [one for one in self.points if one.direction > 0]

    @property
    def fallen(self) -> list[PointGrowth]:
        return [one for one in self.points if one.direction < 0]


def stretches_of(gathered: Gathered) -> list[Stretch]:
    return [stretch_of(facts) for _, facts in sorted(gathered.by_pupil.items())]


def stretch_of(facts: Sequence[ResponseFact]) -> Stretch:
    """A correction stands at the number of what it replaces."""
    numbers = [fact.replaces or fact.number for fact in facts]
    return Stretch(facts[0].pupil, min(numbers), max(numbers), facts[-1].statement)


def growth_of(gathered: Gathered, least: int) -> tuple[Growth, list[Stretch]]:
    """The growth of a class at the points of the set, and the stretches that are yet to be worked out."""
    stretches = stretches_of(gathered)
    known = held_figures(stretches, gathered.subject)
    todo = [stretch for stretch in stretches if stretch.pupil not in known]
    budget, waiting = AT_ONCE, []
    for stretch in todo:
        if stretch.last <= budget:
            budget -= stretch.last
            known[stretch.pupil] = remember(stretch, gathered.subject)
        else:
            waiting.append(stretch)
    slots = sorted({slot for fact in gathered.facts for slot in fact.slots})
    by_slot = graph(gathered.subject).by_slot
    points = [_point_growth(by_slot[slot], known, least) for slot in slots if slot in by_slot]
    levels = {pupil: {slot: row[3] for slot, row in figures.items()} for pupil, figures in known.items()}
    return Growth(tuple(one for one in points if one), levels, len(waiting)), waiting


def held_figures(stretches: Sequence[Stretch], subject: str) -> dict[int, Figures]:
    """What this process remembers, and what the background has worked out."""
    remembered = cache.get_many([stretch.key for stretch in stretches])
    known: dict[int, Figures] = {one.pupil: remembered[one.key] for one in stretches if one.key in remembered}
    wanted = {(one.pupil, one.first, one.last) for one in stretches if one.pupil not in known}
    rows = Grown.objects.filter(subject=subject, pupil__in={pupil for pupil, _, _ in wanted})
    for row in rows:
        if (row.pupil, row.first, row.last) in wanted:
            known[row.pupil] = {int(slot): tuple(figures) for slot, figures in row.figures.items()}
    return known


def figures_of(pupil: int, first: int, last: int, subject: str) -> Figures:
    """Folds the pupil's history; the slots are those that were answered on from the fact `first` to `last`."""
    facts = [fact for fact in facts_in_force(pupil, subject, 0, EVERY) if fact.number <= last]
    before = [fact for fact in facts if fact.number < first]
    during = facts[len(before) :]
    if not during:
        return {}
    fold = FOLDS[subject]
    versions = fold.versions
    packed = fold.fold(b"", before, versions)
    old = _masteries(packed, during[0], subject)
    new = _masteries(fold.fold(packed, during, versions), during[-1], subject)
    slots = sorted({slot for fact in during for slot in fact.points if slot < graph(subject).width})
    return {slot: _figures(old, new, slot) for slot in slots}


def _masteries(packed: bytes, at: Fact, subject: str) -> Masteries:
    return Traced.unpack(packed).masteries(at.at.timestamp(), graph(subject).width)


def _figures(old: Masteries, new: Masteries, slot: int) -> tuple[float | None, float, int, int]:
    before = float(old.value[slot]) if old.n[slot] else None
    return before, float(new.value[slot]), int(old.label[slot]), int(new.label[slot])


def _point_growth(point: Point, known: Mapping[int, Figures], least: int) -> PointGrowth | None:
    rows = [figures[point.slot] for figures in known.values() if point.slot in figures]
    pairs = [(row[0], row[1], row[2], row[3]) for row in rows if row[0] is not None]
    n = len(pairs)
    if n < max(least, 2):
        return PointGrowth(point, 0.0, 0.0, Figure(None, n=n), 0, 0) if rows else None
    changes = [after - before for before, after, _, _ in pairs if before is not None]
    low, high = mean_interval(sum(changes), sum(one * one for one in changes), n)
    return PointGrowth(
        point=point,
        before=sum(before for before, _, _, _ in pairs if before is not None) / n,
        after=sum(after for _, after, _, _ in pairs) / n,
        change=Figure(sum(changes) / n, low, high, n),
        mastered_before=sum(level == MASTERED for _, _, level, _ in pairs),
        mastered_after=sum(level == MASTERED for _, _, _, level in pairs),
    )


def remember(stretch: Stretch, subject: str) -> Figures:
    """At once, and in this process's memory."""
    figures = figures_of(stretch.pupil, stretch.first, stretch.last, subject)
    cache.set(stretch.key, figures, KEPT)
    return figures


def keep(pupil: int, first: int, last: int, subject: str) -> None:
    """For the background: work a stretch out and keep it. Done twice, it is the same row."""
    figures = {str(slot): list(row) for slot, row in figures_of(pupil, first, last, subject).items()}
    Grown.objects.update_or_create(
        pupil=pupil,
        subject=subject,
        first=first,
        last=last,
        defaults={"figures": figures, "at": timezone.now()},
    )

"""What has grown for one pupil and what comes next, in a few sentences: for the pupil and for the guardian.

Only ever compared with the pupil's own earlier answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from yincai.knowledge.graph import Point
from yincai.knowledge.queries import graph
from yincai.learning.reports.growth import AT_ONCE, Figures, held_figures, remember, stretch_of
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, STARTING
from yincai.records.models import ResponseFact
from yincai.records.queries import in_force

SINCE = timedelta(days=28)
RISE = 0.05  # of the chance on a typical item: less is not called growth
NAMED = 3  # points in a sentence


@dataclass(frozen=True)
class Step:
    """A point that has grown: from which level to which."""

    point: Point
    before: int
    after: int

    @property
    def words(self) -> str:
        if self.after > self.before:
            return f"“{self.point.name}”从{LABELS[self.before]}到{LABELS[self.after]}"
        return f"“{self.point.name}”更有把握了"


@dataclass(frozen=True)
class Progress:
    """`grown`: the points that have grown; `begun`: met for the first time; `next_`: what to go on with."""

    grown: tuple[Step, ...]
    begun: tuple[Point, ...]
    next_: tuple[Point, ...]

    def sentences(self, span: str, *, to_pupil: bool = False) -> list[str]:
        """What grew, what is new, what comes next; never a comparison with anybody."""
        said = []
        if self.grown:
            more = f"，一共 {len(self.grown)} 个知识点" if len(self.grown) > NAMED else ""
            said.append(f"{span}有进步：{'，'.join(step.words for step in self.grown[:NAMED])}{more}。")
        if self.begun:
            said.append(f"{span}新学了{_named(self.begun)}。")
        if not said:
            said.append(f"{span}还看不出变化，再练几次就能看到。")
        if self.next_:
            verb = "接下来可以练" if to_pupil else "接下来会再练"
            said.append(f"{verb}{_named(self.next_)}。")
        return said

    @property
    def of_sitting(self) -> list[str]:
        return self.sentences("这次", to_pupil=True)

    @property
    def for_pupil(self) -> list[str]:
        return self.sentences("最近四周", to_pupil=True)

    @property
    def for_guardian(self) -> list[str]:
        return self.sentences("最近四周")


def _named(points: Sequence[Point]) -> str:
    return "、".join(f"“{point.name}”" for point in points[:NAMED]) + ("等" if len(points) > NAMED else "")


def progress_lately(pupil: int, subject: str) -> Progress | None:
    """Over the last four weeks; None where nothing was answered."""
    return _progress(in_force().filter(pupil=pupil, subject=subject, at__gte=timezone.now() - SINCE), subject)


def progress_in(pupil: int, subject: str, practice: UUID) -> Progress | None:
    """In one sitting; None where nothing was answered (or kept)."""
    return _progress(in_force().filter(pupil=pupil, subject=subject, practice=practice), subject)


def _progress(rows: QuerySet[ResponseFact], subject: str) -> Progress | None:
    facts = list(rows.order_by("number"))
    if not facts:
        return None
    stretch = stretch_of(facts)
    figures = held_figures([stretch], subject).get(stretch.pupil)
    if figures is None:
        if stretch.last > AT_ONCE:
            return None
        figures = remember(stretch, subject)
    return _told(figures, subject)


def _told(figures: Figures, subject: str) -> Progress:
    by_slot = graph(subject).by_slot
    rows = [(by_slot[slot], *row) for slot, row in sorted(figures.items()) if slot in by_slot]
    grown = [
        Step(point, old, new)
        for point, before, after, old, new in rows
        if before is not None and (new > old or (new == old and after - before >= RISE))
    ]
    begun = [point for point, before, _, _, _ in rows if before is None]
    unsteady = [(level, point) for point, _, _, _, level in rows if level in (STARTING, GROWING)]
    unsteady.sort(key=lambda pair: pair[0])
    return Progress(
        tuple(sorted(grown, key=lambda step: (step.after != MASTERED, step.before - step.after))),
        tuple(begun),
        tuple(point for _, point in unsteady[:NAMED]),
    )

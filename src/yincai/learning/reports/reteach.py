"""What to teach again, and to whom: the points that did not hold in this set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from yincai.core.figures import Figure
from yincai.knowledge.graph import Point
from yincai.knowledge.queries import graph
from yincai.learning.reports.gather import Gathered
from yincai.measurement.intervals import wilson
from yincai.measurement.tracing import MASTERED
from yincai.registry.queries import Pupil

HELD = 0.6  # who does at least this share of a point's questions right needs no second lesson


@dataclass(frozen=True)
class Reteach:
    """A point, the pupils who need it again (school-number order), and how the set went there: `right` of pupils'
    shares."""

    point: Point
    people: tuple[Pupil, ...]
    right: Figure
    practice_url: str

    @property
    def name(self) -> str:
        """As `_set_at_once.html` wants it."""
        return self.point.name


def reteach_list(gathered: Gathered, levels: Mapping[int, Mapping[int, int]], least: int) -> list[Reteach]:
    """Points that some pupils need again: most pupils first, then in teaching order."""
    shares = _shares(gathered)
    found = []
    for point in graph(gathered.subject):
        by_pupil = shares.get(point.slot, {})
        weak = {
            pupil
            for pupil, share in by_pupil.items()
            if share < HELD and levels.get(pupil, {}).get(point.slot) != MASTERED
        }
        if weak:
            found.append(_reteach(point, weak, by_pupil, gathered, least))
    return sorted(found, key=lambda one: -len(one.people))


def _shares(gathered: Gathered) -> dict[int, dict[int, float]]:
    """slot → pupil → share right in the set."""
    scores: dict[int, dict[int, list[float]]] = {}
    for fact in gathered.facts:
        for slot in fact.slots:
            scores.setdefault(slot, {}).setdefault(fact.pupil, []).append(fact.score)
    return {
        slot: {pupil: sum(some) / len(some) for pupil, some in by_pupil.items()} for slot, by_pupil in scores.items()
    }


def _reteach(point: Point, weak: set[int], shares: Mapping[int, float], gathered: Gathered, least: int) -> Reteach:
    n = len(shares)
    low, high = wilson(sum(shares.values()), n)
    people = gathered.people(weak)
    chosen = {"point": point.code, "pupils": [pupil.pseudonym.number for pupil in people]}
    address = reverse("learning-set", args=[gathered.room.pk])
    right = Figure(sum(shares.values()) / n, low, high, n) if n >= max(least, 1) else Figure(None, n=n)
    return Reteach(point, people, right, f"{address}?{urlencode(chosen, doseq=True)}")

"""The questions of the simulated term: variants of the real item generators, with what pupils would type.

Some variants of each item are made once in a process and asked again and again of different pupils: making
one takes as long as simulating an answer to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

from yincai.knowledge.generators import Variant, get
from yincai.knowledge.models import Item, ItemStatus
from yincai.knowledge.queries import graph

VARIANTS = 150
SEEDS = 2**31
SUBJECT = "math"


class Source(NamedTuple):
    """A generator item of the bank, as a row says it."""

    item: int
    version: int
    generator: str
    depth: int
    topic: str
    grade: int
    difficulty: float


@dataclass(slots=True)
class Asked:
    """One variant, ready to be answered. `faults`: (cause, what a pupil who follows it types). `slips`: careless
    answers that no malrule leads to; None until somebody slips."""

    made: Variant
    seed: int
    points: tuple[int, ...]
    difficulty: float
    guess: float
    faults: tuple[tuple[str, str], ...]
    slips: tuple[str, ...] | None = None


def sources() -> list[Source]:
    """The generators' items, in the order of the subject graph."""
    rows = Item._base_manager.filter(subject=SUBJECT, status=ItemStatus.READY).exclude(generator="")
    found = [
        Source(row.pk, row.version, row.generator, row.depth or 1, row.topic, row.grade or 0, row.difficulty)
        for row in rows
    ]
    order = {point.code: place for place, point in enumerate(graph(SUBJECT))}

    def place(source: Source) -> tuple[int, int, int, int]:
        first = get(source.generator, source.version).points[0]
        return (source.grade, order.get(first, 0), source.depth, order.get(source.topic, 0))

    return sorted(found, key=place)


@cache
def asked(source: Source, number: int) -> Asked:
    """Variant `number` (0 … VARIANTS-1) of an item."""
    maker = get(source.generator, source.version)
    drawn = Random(f"{source.generator} {source.depth}{source.topic} {number}").randrange(SEEDS)  # noqa: S311 - no secret
    seed = maker.seed_about(source.topic, drawn, source.depth)
    made = maker.make(seed, source.depth)
    known = graph(SUBJECT)
    return Asked(
        made=made,
        seed=seed,
        points=tuple(sorted(known[code].slot for code in made.points)),
        difficulty=made.difficulty,
        guess=1 / len(made.options) if made.options else 0.0,
        faults=tuple((fault.malrule, fault.answer) for fault in made.faults),
    )

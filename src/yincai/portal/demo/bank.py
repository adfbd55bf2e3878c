"""The questions of the simulated term: variants of the real item generators, with what pupils would type.

Some variants of each item are made once in a process and asked again and again of different pupils: making
one takes as long as simulating an answer to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

from yincai.knowledge.generators import Variant, get
from yincai.knowledge.generators.base import LETTERS
from yincai.knowledge.grading.grade import Outcome, grade, match_fault
from yincai.knowledge.items import variant_spec
from yincai.knowledge.models import Item, ItemStatus
from yincai.knowledge.queries import graph

VARIANTS = 150
SEEDS = 2**31
SUBJECT = "math"
NUMBER = re.compile(r"\d+")


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
    """One variant, ready to be answered. `faults`: (cause, what a pupil who follows it types). `slip`: a wrong
    answer that no malrule leads to, judged by the real grader; None until somebody slips."""

    made: Variant
    seed: int
    points: tuple[int, ...]
    difficulty: float
    guess: float
    faults: tuple[tuple[str, str], ...]
    slip: str | None = None


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


def slip(question: Asked) -> str:
    """A wrong answer without a cause; empty where every wrong answer that comes to mind has one."""
    if question.slip is None:
        question.slip = next(_uncaused(question), "")
    return question.slip


def _uncaused(question: Asked) -> Iterator[str]:
    spec = variant_spec(question.made)
    for typed in _near(question.made):
        verdict = grade(spec, typed)
        if verdict.outcome is Outcome.WRONG and match_fault(spec, question.faults, typed) is None:
            yield typed


def _near(made: Variant) -> Iterator[str]:
    """What somebody types who was careless: another option, a number a little off."""
    if made.options:
        yield from (letter for letter in LETTERS[: len(made.options)] if letter != made.answer)
        return
    for found in reversed(list(NUMBER.finditer(made.answer))):
        for step in (1, 2, 10, 3):
            number = str(int(found.group()) + step).zfill(len(found.group()))
            yield made.answer[: found.start()] + number + made.answer[found.end() :]

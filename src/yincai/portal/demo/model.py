"""How a simulated pupil thinks. Stated in docs/explanation/demo-city.md; the names of the numbers are the same there.

The true ability of a pupil at a point is the sum of a general level (school, class and pupil), the point's own
deviation (correlated along the prerequisites) and what practice has added, less what was forgotten. Beside it each
pupil holds a few malrules, some of them common in the class, and unlearns them by meeting them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp
from random import Random

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.generators import all_generators
from yincai.knowledge.queries import graph
from yincai.portal.demo.bank import SUBJECT, Asked
from yincai.portal.demo.slips import slips

Floats = NDArray[np.float64]

LEVEL = 1.1  # of an average pupil at a point of the own grade, before any practice
CLASS_SPREAD, PUPIL_SPREAD, POINT_SPREAD = 0.2, 0.9, 0.9
ALONG = 0.6  # correlation of a point's deviation with that of what it stands on
YEAR = 0.45  # a point of an earlier grade is easier by this for each year
GAIN, MOST_GAIN = 0.15, 2.2  # what an answer adds, and what practice can add at all
HALF_LIFE = 25.0  # days after which half of an addition is gone; longer by a sixth with each answer
SLIP_MOST = 0.07
HINT_HELPS = 0.5
COMMON = (1.0, 11.0)  # beta distribution of a malrule's share in a class
HELD = (0.55, 0.9)  # how often a held malrule is followed at first
UNLEARNED = 0.93  # of that, what is left after each time it was followed and explained
STRAY = 0.06  # share of other wrong answers that happen to follow some malrule


@dataclass(slots=True)
class Answer:
    """What came of one question."""

    typed: str
    score: float
    cause: str
    hints: int


class Mind:
    """One pupil: dice, abilities by slot, practice so far, malrules held."""

    __slots__ = ("_abilities", "_added", "_dice", "_grade", "_held", "_last", "_n", "_slip")

    def __init__(self, abilities: list[float], held: dict[str, float], grade: int, dice: Random) -> None:
        self._abilities = abilities
        self._held = held
        self._grade = grade
        self._dice = dice
        self._slip = SLIP_MOST * dice.random()
        self._added: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._n: dict[int, int] = {}

    def answer(self, question: Asked, day: float, hints: int) -> Answer:
        """Answer a question on a day (counted from anywhere), and learn from it."""
        cause = self._followed(question, hints)
        if cause:
            self._learn(question.points, day)
            self._held[cause[0]] *= UNLEARNED
            return Answer(cause[1], 0.0, cause[0], hints)
        x = self._ability(question.points, day) + HINT_HELPS * (hints > 0) - question.difficulty
        certain = (1.0 - self._slip) / (1.0 + exp(-x))
        right = self._dice.random() < question.guess + (1.0 - question.guess) * certain
        self._learn(question.points, day)
        if right:
            return Answer(question.made.answer, 1.0, "", hints)
        return self._wrong(question, hints)

    def _followed(self, question: Asked, hints: int) -> tuple[str, str] | None:
        for fault in question.faults:
            strength = self._held.get(fault[0])
            if strength and self._dice.random() < strength * (0.5 if hints else 1.0):
                return fault
        return None

    def _wrong(self, question: Asked, hints: int) -> Answer:
        if self._dice.random() >= STRAY and (careless := slips(question)):
            return Answer(self._dice.choice(careless), 0.0, "", hints)
        cause, typed = self._dice.choice(question.faults)
        return Answer(typed, 0.0, cause, hints)

    def _ability(self, points: tuple[int, ...], day: float) -> float:
        return sum(self._abilities[slot] + self._kept(slot, day) for slot in points) / len(points)

    def _kept(self, slot: int, day: float) -> float:
        added = self._added.get(slot)
        if added is None:
            return 0.0
        half_life = HALF_LIFE * (1.0 + self._n[slot] / 6.0)
        return float(added * 0.5 ** ((day - self._last[slot]) / half_life))

    def _learn(self, points: tuple[int, ...], day: float) -> None:
        for slot in points:
            kept = self._kept(slot, day)
            self._added[slot] = kept + GAIN * (1.0 - kept / MOST_GAIN)
            self._last[slot] = day
            self._n[slot] = self._n.get(slot, 0) + 1


def minds(pupils: int, grade: int, level: float, seed: tuple[int, ...]) -> list[Mind]:
    """The pupils of a class. `level`: of the school."""
    dice = np.random.default_rng(seed)
    abilities = _abilities(pupils, grade, level, dice)
    shares = {rule: dice.beta(*COMMON) for rule in _malrules()}
    found = []
    for row in abilities:
        weak = 1.5 if row[-1] < 0 else 0.7
        held = {rule: dice.uniform(*HELD) for rule, share in shares.items() if dice.random() < weak * share}
        found.append(Mind(row[:-1].tolist(), held, grade, Random(int(dice.integers(2**62)))))  # noqa: S311 - no secret
    return found


def _abilities(pupils: int, grade: int, level: float, dice: np.random.Generator) -> Floats:
    """Pupils × slots; the last column is each pupil's own general level."""
    known = graph(SUBJECT)
    general = dice.normal(0.0, PUPIL_SPREAD, pupils)
    deviation = np.zeros((pupils, known.width))
    for code in known.topological:
        point = known[code]
        own = dice.normal(0.0, 1.0, pupils)
        below = [known[need].slot for need in point.needs]
        if below:
            base = deviation[:, below].mean(axis=1)
            own = ALONG * base / max(float(base.std()), 1e-9) + np.sqrt(1 - ALONG**2) * own
        deviation[:, point.slot] = own
    place = LEVEL + level + dice.normal(0.0, CLASS_SPREAD)
    years = np.zeros(known.width)
    for point in known:
        years[point.slot] = grade - point.grade
    table = place + general[:, None] + POINT_SPREAD * deviation + YEAR * years
    return np.column_stack([table, general])


@lru_cache(maxsize=1)
def _malrules() -> tuple[str, ...]:
    return tuple(sorted({rule for generator in all_generators() for rule in generator.malrules}))

"""Simulated pupils whose true abilities are known: a general level, points around it, learning by practice, forgetting.

The numbers are those of the demo city's pupils (portal/demo/model.py), without their malrules.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import DEFAULT, ItemInfo, Parameters, State, masteries, update
from yincai.measurement.tracing.intervals import typical_interval

DAY = 86400.0
LEVEL, GENERAL, POINT = 1.1, 0.9, 0.9
GAIN, MOST, HALF_LIFE, SLIP = 0.15, 2.2, 25.0, 0.07


class Pupil:
    """Abilities at `points` points; an answer teaches, time takes back."""

    def __init__(self, points: int, chance: np.random.Generator) -> None:
        self.chance = chance
        self.ability = LEVEL + chance.normal(0, GENERAL) + chance.normal(0, POINT, points)
        self.added, self.last, self.n = np.zeros(points), np.zeros(points), np.zeros(points)
        self.slip = SLIP * chance.random()

    def chance_of(self, point: int, difficulty: float, guess: float, day: float) -> float:
        x = self.ability[point] + self.kept(point, day) - difficulty
        return guess + (1 - guess) * (1 - self.slip) / (1 + np.exp(-x))

    def kept(self, point: int, day: float) -> float:
        half_life = HALF_LIFE * (1 + self.n[point] / 6)
        return float(self.added[point] * 0.5 ** ((day - self.last[point]) / half_life))

    def answer(self, point: int, difficulty: float, guess: float, day: float) -> float:
        right = self.chance.random() < self.chance_of(point, difficulty, guess, day)
        kept = self.kept(point, day)
        self.added[point], self.last[point] = kept + GAIN * (1 - kept / MOST), day
        self.n[point] += 1
        return float(right)


def covered(
    pupils: int, points: int, answers: int, seed: int, parameters: Parameters = DEFAULT, level: float = 0.8
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """For each pupil, over the points with at least five answers: whether the interval holds the true probability on
    the typical item (difficulty 0, no guessing), and truth less value."""
    chance = np.random.default_rng(seed)
    for _ in range(pupils):
        pupil, state = Pupil(points, chance), State.empty(points, parameters)
        day = 1000.0
        for _ in range(answers):
            day += float(chance.exponential(0.15))
            point, difficulty, guess = int(points * chance.random() ** 1.5), float(chance.normal(0, 0.8)), 0.0
            outcome = pupil.answer(point, difficulty, guess, day)
            state = update(state, ItemInfo((point,), difficulty, guess), outcome, day * DAY, parameters)
        shown = masteries(state, day * DAY, parameters=parameters)
        low, high = typical_interval(shown, level)
        truth = np.array([pupil.chance_of(point, 0.0, 0.0, day) for point in range(points)])
        enough = shown.n >= 5
        yield ((low <= truth) & (truth <= high))[enough], (truth - shown.value)[enough]

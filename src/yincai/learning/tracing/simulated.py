"""Simulated pupils and their practice, from which the shipped numbers of tracing are fitted. All of it is synthetic.

A pupil's ability at a point is the sum of a general level, the point's own deviation (correlated along the
prerequisites) and what practice has added, less what was forgotten; the numbers are those of the demo city's pupils
(docs/explanation/demo-city.md), without their malrules. Every point of the graph has questions of several difficulties,
written and chosen, so that no point is unknown to what is fitted. A pupil practises the points of the own grade in
teaching order, sometimes earlier ones, at a difficulty that suits what was answered so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.graph import SubjectGraph
from yincai.measurement.tracing import DAY

Floats = NDArray[np.float64]

LEVEL = 1.1  # logits of an average pupil at a point of the own grade, before any practice
PLACE_SPREAD, PUPIL_SPREAD, POINT_SPREAD = 0.28, 0.9, 0.9  # school and class together; pupil; point
ALONG = 0.6  # correlation of a point's deviation with that of what it stands on
YEAR = 0.45  # a point of an earlier grade is easier by this for each year
GAIN, MOST_GAIN = 0.15, 2.2  # what an answer adds, and what practice can add at all
HALF_LIFE = 25.0  # days after which half of an addition is gone; longer by a sixth with each answer
SLIP_MOST = 0.07

TARGET, STEP = 0.75, 0.35  # success rate aimed at, and how fast the estimate behind it moves
BEGIN = 1_756_684_800.0  # the first Monday of the simulated term, 00:00 UTC, seconds
WEEKS, QUESTIONS = 18, 10
SITTINGS = 0.65  # a week, on average
ON_TOPIC = 0.8  # share of a sitting's questions on its point
NEW = 0.55  # of the sittings are on what is taught now; the others on what came before
BACK = 2  # grades below the own one that are practised
DIFFICULTIES = (-1.2, -0.8, -0.5, -0.2, 0.0, 0.2, 0.5, 0.8, 1.2, 1.6)
CHOSEN, GUESS = 0.3, 0.25  # share of questions that offer options, and what blind guessing gives there
OFF = 0.35  # standard deviation of a question's true difficulty about its label


@dataclass(frozen=True)
class Question:
    """`difficulty`: as labelled, `truly`: as it is."""

    points: tuple[int, ...]
    difficulty: float
    truly: float
    guess: float


@dataclass(frozen=True)
class Given:
    """One answer; `at` in seconds since the epoch."""

    question: Question
    score: float
    at: float


class World:
    """The graph's points by grade in teaching order, and the questions on them."""

    def __init__(self, known: SubjectGraph, seed: int) -> None:
        dice = np.random.default_rng([seed, 1])
        self.known = known
        self.by_grade: dict[int, list[int]] = {}
        for point in known:
            self.by_grade.setdefault(point.grade, []).append(point.slot)
        self.questions = {point.slot: _questions(point.slot, dice) for point in known}

    def earlier(self, grade: int) -> list[int]:
        lower = [slot for each in range(grade - BACK, grade) for slot in self.by_grade.get(each, [])]
        return lower or self.by_grade[grade]


def _questions(slot: int, dice: np.random.Generator) -> list[Question]:
    found = []
    for label in DIFFICULTIES:
        guess = GUESS if dice.random() < CHOSEN else 0.0
        found.append(Question((slot,), label, label + OFF * dice.normal(), guess))
    return found


class Pupil:
    """Abilities at the points of the graph; an answer teaches, time takes back."""

    def __init__(self, world: World, grade: int, dice: np.random.Generator) -> None:
        self._dice = dice
        self._ability = _abilities(world.known, grade, dice)
        self._slip = SLIP_MOST * dice.random()
        self._added: dict[int, tuple[float, float, int]] = {}  # what practice left, on which day, from how many answers
        self.pace = float(np.exp(0.35 * dice.normal()))

    def chance(self, slot: int, difficulty: float, guess: float, day: float) -> float:
        x = self._ability[slot] + self._kept(slot, day) - difficulty
        return guess + (1.0 - guess) * (1.0 - self._slip) / (1.0 + exp(-x))

    def answer(self, question: Question, day: float) -> float:
        slot = question.points[0]
        right = self._dice.random() < self.chance(slot, question.truly, question.guess, day)
        kept, n = self._kept(slot, day), self._added.get(slot, (0.0, 0.0, 0))[2]
        self._added[slot] = (kept + GAIN * (1.0 - kept / MOST_GAIN), day, n + 1)
        return float(right)

    def _kept(self, slot: int, day: float) -> float:
        if slot not in self._added:
            return 0.0
        added, last, n = self._added[slot]
        return float(added * 0.5 ** ((day - last) / (HALF_LIFE * (1.0 + n / 6.0))))


def _abilities(known: SubjectGraph, grade: int, dice: np.random.Generator) -> Floats:
    """(slots,)"""
    deviation, years = np.zeros(known.width), np.zeros(known.width)
    own = dice.normal(0.0, 1.0, known.width)
    for code in known.topological:
        point = known[code]
        below = [deviation[known[need].slot] for need in point.needs]
        lean = ALONG * sum(below) / len(below) ** 0.5 if below else 0.0
        deviation[point.slot] = lean + ((1.0 - ALONG**2) ** 0.5 if below else 1.0) * own[point.slot]
        years[point.slot] = grade - point.grade
    general = LEVEL + dice.normal(0.0, PLACE_SPREAD) + dice.normal(0.0, PUPIL_SPREAD)
    return np.asarray(general + POINT_SPREAD * deviation + YEAR * years)


def practise(known: SubjectGraph, pupils: int, seed: int) -> Iterator[tuple[Pupil, list[Given]]]:
    """A term of practice of so many pupils, of each grade in turn; a pupil's answers in the order of time, and the
    pupil as the term left it."""
    world, grades = World(known, seed), sorted({point.grade for point in known})
    for number in range(pupils):
        dice = np.random.default_rng([seed, 2, number])
        grade = grades[number % len(grades)]
        pupil = Pupil(world, grade, dice)
        yield pupil, list(_term(world, pupil, grade, dice))


def _term(world: World, pupil: Pupil, grade: int, dice: np.random.Generator) -> Iterator[Given]:
    own, earlier, felt = world.by_grade[grade], world.earlier(grade), dict[int, float]()
    for day, topic in _sittings(own, earlier, pupil.pace, dice):
        at = BEGIN + DAY * day
        for _ in range(max(4, round(dice.normal(QUESTIONS, 2.5)))):
            slot = topic if dice.random() < ON_TOPIC else earlier[int(dice.integers(len(earlier)))]
            question, likely = _suited(world.questions[slot], felt.get(slot, 0.0), dice)
            score = pupil.answer(question, at / DAY)
            felt[slot] = felt.get(slot, 0.0) + STEP * (score - likely)
            yield Given(question, score, at)
            at += float(20.0 * np.exp(0.6 * dice.normal()))


def _sittings(
    own: list[int], earlier: list[int], pace: float, dice: np.random.Generator
) -> Iterator[tuple[float, int]]:
    """Day of the term and the point that a sitting is about: what is taught that week, or what came before."""
    for week in range(WEEKS):
        begun = own[: 1 + week * len(own) // WEEKS]
        taught = begun[-max(1, len(own) // WEEKS) :]
        days = np.sort(dice.random(dice.poisson(SITTINGS * pace)) * 7.0)
        for day in days:
            among = taught if dice.random() < NEW else begun if dice.random() < 0.6 else earlier
            yield 7.0 * week + float(day), among[int(dice.integers(len(among)))]


def _suited(questions: list[Question], felt: float, dice: np.random.Generator) -> tuple[Question, float]:
    """The question whose chance of success, as far as is known, lies nearest to the target."""
    best, least, likely = questions[0], 9.0, TARGET
    noise = dice.random(len(questions))
    for question, shift in zip(questions, noise, strict=True):
        chance = 1.0 / (1.0 + exp(question.difficulty - felt - 0.6))
        off = abs(chance - TARGET) + 0.15 * shift
        if off < least:
            best, least, likely = question, off, chance
    return best, likely

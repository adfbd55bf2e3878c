"""Simulated answer logs with the shapes of the public ones, for costs and for a second look at accuracy.

Synthetic: no row comes from a public file. What is made like them: numbers of learners, answers and skills, classes
that follow one plan of assignments, problems of their own difficulty of which the log shows the skill alone, skill
builders that end after three right answers in a row, scaffolding after a wrong answer, problems of several skills that
stand as several rows with one outcome, pupils who learn by practice and whose attention comes and goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.log import Log

Floats = NDArray[np.float64]
CLASS = 25
DIMENSIONS = 3  # abilities behind the skills


@dataclass(frozen=True)
class Shape:
    """learners of about `answers` answers over `skills`; shares of assignments that are skill builders, of wrong
    answers that are scaffolded, of problems that have two skills."""

    learners: int
    answers: int
    skills: int
    builders: float
    scaffolded: float
    double: float


SHAPES = {
    "2009-updated": Shape(4163, 82, 110, 0.6, 0.2, 0.16),
    "2015": Shape(19_840, 34, 100, 1.0, 0.0, 0.0),
    "2017": Shape(1709, 552, 102, 0.2, 0.7, 0.0),
    "Statics": Shape(333, 570, 1223, 0.0, 0.0, 0.0),
}


class World:
    """Skills, problems and assignments; the same for every learner."""

    def __init__(self, shape: Shape, chance: np.random.Generator) -> None:
        self.shape, self.chance = shape, chance
        self.loading = chance.normal(0, 0.35, (shape.skills, DIMENSIONS))
        self.loading[:, 0] = abs(self.loading[:, 0]) + 0.5
        self.easiness = chance.normal(0.6, 0.9, shape.skills)
        self.gain = chance.uniform(0.02, 0.25, shape.skills)
        one_each = shape.builders == 0  # every problem its own id, as the steps of Statics
        problems = shape.skills if one_each else 12 * shape.skills
        self.skill = np.arange(problems) if one_each else chance.integers(0, shape.skills, problems)
        self.second = np.where(
            chance.random(problems) < shape.double, (self.skill + 1 + self.skill % 3) % shape.skills, -1
        )
        self.offset = np.zeros(problems) if one_each else chance.normal(0, 0.7, problems)
        self.of_skill = [np.flatnonzero(self.skill == skill) for skill in range(shape.skills)]
        self.sets = np.arange(problems // 8 * 8).reshape(-1, 8) if one_each else chance.integers(0, problems, (400, 8))

    def plan(self) -> list[tuple[bool, int]]:
        """Assignments of a class, in order: (is a skill builder, which skill or set)."""
        size = 3 + self.shape.answers // 3
        if self.shape.builders == 0:
            return [(False, number) for number in range(len(self.sets))]
        builds = self.chance.random(size) < self.shape.builders
        start = self.chance.integers(0, self.shape.skills)
        skills = (start + np.cumsum(self.chance.integers(0, 3, size))) % self.shape.skills
        sets = (start * 4 + np.cumsum(self.chance.integers(1, 4, size))) % len(self.sets)
        return [(bool(builds[n]), int(skills[n] if builds[n] else sets[n])) for n in range(size)]


class Pupil:
    def __init__(self, world: World) -> None:
        self.world, self.chance = world, world.chance
        self.ability = world.loading @ self.chance.normal(0, 1, DIMENSIONS)
        self.ability = self.ability + self.chance.normal(0, 0.4, world.shape.skills)
        self.practised = np.zeros(world.shape.skills)
        self.absent = False

    def answer(self, problem: int, easier: float = 0.0) -> bool:
        world, skill = self.world, self.world.skill[problem]
        self.absent = self.chance.random() < (0.8 if self.absent else 0.06)
        x = self.ability[skill] + world.easiness[skill] + world.offset[problem] + easier
        x += world.gain[skill] * self.practised[skill] - 1.5 * self.absent
        self.practised[skill] = min(self.practised[skill] + 1, 8)
        return bool(self.chance.random() < 1.0 / (1.0 + np.exp(-x)))

    def rows(self, builder: bool, which: int) -> Iterator[tuple[int, bool]]:
        """Answers to one assignment: (skill, right)."""
        if builder:
            yield from self._building(which)
            return
        for problem in self.world.sets[which]:
            if self.chance.random() < 0.9:
                yield from self._asked(int(problem))

    def _building(self, skill: int) -> Iterator[tuple[int, bool]]:
        streak = 0
        for problem in self.chance.choice(self.world.of_skill[skill], 12):
            for row in self._asked(int(problem)):
                yield row
            streak = streak + 1 if row[1] else 0
            if streak == 3:
                return

    def _asked(self, problem: int) -> Iterator[tuple[int, bool]]:
        world = self.world
        right = self.answer(problem)
        yield int(world.skill[problem]), right
        if world.second[problem] >= 0:
            yield int(world.second[problem]), right
        if not right and self.chance.random() < world.shape.scaffolded:
            for step in (1, 2):
                part = (problem + step) % len(world.skill)
                yield int(world.skill[part]), self.answer(part, 0.4)


def simulated(shape: Shape, seed: int = 0, share: float = 1.0) -> Log:
    """A log of `shape`, of a share of its learners. Numbers of answers are spread as in the public logs: many short."""
    chance = np.random.default_rng(seed)
    world = World(shape, chance)
    learner: list[int] = []
    skill: list[int] = []
    right: list[float] = []
    plan: list[tuple[bool, int]] = []
    for who in range(int(shape.learners * share)):
        if who % CLASS == 0:
            plan = world.plan()
        wanted = shape.answers if shape.skills > 500 else 3 + int(chance.exponential(shape.answers - 3))
        pupil, done = Pupil(world), 0
        for builder, which in plan:
            for unit, outcome in pupil.rows(builder, which):
                learner.append(who)
                skill.append(unit)
                right.append(float(outcome))
                done += 1
            if done >= wanted:
                break
    return Log.of(np.array(learner), np.array(skill), np.array(right))

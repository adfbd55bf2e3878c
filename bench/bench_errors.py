"""Causes of errors: steps of algebra that the model never saw, beside always naming the most frequent cause; times."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.measure import Measure
from yincai.measurement.errors import answers, patterns, steps
from yincai.measurement.errors.traits import Step
from yincai.records.readers.steps import read_steps

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "errors" / "cogtutor-bugs.json"
COMMAND = "python -m bench errors"
FOLDS = 5
BARE = "equation, action, input and result"
KINDS = ("slip", "missing prerequisite", "misconception")
EXERCISES = ("52-38", "1/2+1/3", "3*(4+5)-2", "(7-2)*(6+8)/5", "12-4*2+6/3")


@dataclass(frozen=True)
class Labelled:
    steps: list[Step]
    labels: list[str]

    def some(self, places: Sequence[int]) -> Labelled:
        return Labelled([self.steps[place] for place in places], [self.labels[place] for place in places])


def run(full: bool) -> Iterator[Measure]:
    if FILE.exists():
        rows = read_steps(FILE)
        whole = Labelled(
            [Step(row.equation, row.action, row.entered, row.result, row.before) for row in rows],
            [str(row.label) for row in rows],
        )
        yield from seen_never(whole, full)
    yield from searches(200 if full else 40)
    yield histories(2000 if full else 400)


def seen_never(whole: Labelled, full: bool) -> Iterator[Measure]:
    bare = Labelled([replace(step, before=None) for step in whole.steps], whole.labels)
    for apart, groups in (("distinct step", steps_apart(whole)), ("distinct equation", equations_apart(whole))):
        for judged, held in ((BARE, bare), ("the same and the step before", whole)):
            goal = "value >= 85" if (apart, judged) == ("distinct step", BARE) else None
            yield from split_by(apart, judged, held, groups, goal, full)


def steps_apart(held: Labelled) -> list[tuple[str, ...]]:
    return [(step.equation, step.action, step.entered, step.result) for step in held.steps]


def equations_apart(held: Labelled) -> list[tuple[str, ...]]:
    return [(step.equation,) for step in held.steps]


def split_by(
    apart: str, judged: str, held: Labelled, groups: list[tuple[str, ...]], goal: str | None, full: bool
) -> Iterator[Measure]:
    """What belongs together is never on both sides; in short one fifth is judged, in full each fifth in turn."""
    numbers = {group: turn for turn, group in enumerate(dict.fromkeys(groups))}
    fold = np.random.default_rng(0).permutation(len(numbers))[[numbers[group] for group in groups]] % FOLDS
    told, labels, fitting, predicting = [], [], [], []
    for out in range(FOLDS if full else 1):
        inside, outside = (
            held.some(np.flatnonzero(fold != out).tolist()),
            held.some(np.flatnonzero(fold == out).tolist()),
        )
        began = time.perf_counter()
        model = steps.fit(inside.steps, inside.labels)
        fitted = time.perf_counter()
        told += [each.label for each in steps.predict(model, outside.steps)]
        predicting.append((time.perf_counter() - fitted) / len(outside.steps))
        fitting.append(fitted - began)
        labels += outside.labels
    majority = 100 * Counter(labels).most_common(1)[0][1] / len(labels)
    right = 100 * steps.accuracy(told, labels).share
    name = f"errors: right cause of a step, split by {apart}, from {judged}"
    yield Measure(name, right, "%", len(labels), COMMAND, goal, "most frequent cause", majority)
    if goal:
        yield Measure("errors: learning from four fifths", statistics.median(fitting), "s", len(inside.steps), COMMAND)
        yield Measure("errors: a step judged", 1e3 * statistics.median(predicting), "ms", len(labels), COMMAND)


def searches(times: int) -> Iterator[Measure]:
    """A wrong number is looked for among all ways with one or two faults; the slowest of the exercises."""
    slowest = 0.0
    for exercise in EXERCISES:
        taken = []
        for turn in range(times):
            wrong = turn % 60 + (answers.evaluate(answers.parse(exercise)) == turn % 60)
            began = time.perf_counter()
            answers.causes(exercise, wrong)
            taken.append(time.perf_counter() - began)
        slowest = max(slowest, statistics.median(taken))
    yield Measure("errors: a wrong number searched, slowest exercise", 1e3 * slowest, "ms", times, COMMAND)


def histories(pupils: int) -> Measure:
    """Simulated pupils who have one malrule, slip now and then, or lack the prerequisite: how many are seen through."""
    rng, seen = np.random.default_rng(5), 0
    for turn in range(pupils):
        kind = KINDS[turn % len(KINDS)]
        told = patterns.patterns(pupil(kind, rng), {"before": 0.2 if kind == "missing prerequisite" else 0.95})
        seen += told[0].kind == kind
    return Measure("errors: simulated pupils whose pattern is told", 100 * seen / pupils, "%", pupils, COMMAND)


def pupil(kind: str, rng: np.random.Generator, answered: int = 20) -> list[patterns.Attempt]:
    """At least one answer is wrong, so that there is something to explain."""
    chances = frozenset({"a", "b"})
    while True:
        found = []
        for _ in range(answered):
            wrong = rng.random() < {"slip": 0.1, "missing prerequisite": 0.6, "misconception": 0.7}[kind]
            cause = "a" if kind == "misconception" else ("a", "b", None, None, None, None)[rng.integers(6)]
            found.append(patterns.Attempt(not wrong, cause if wrong else None, chances))
        if any(not one.right for one in found):
            return found

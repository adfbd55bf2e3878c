"""Making the shipped set from simulated pupils: `python -m tools.tracing_numbers` writes the file, the same seeds give
the same set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from yincai.knowledge.graph import load
from yincai.learning.tracing import simulated
from yincai.learning.tracing.fitting import MASTERY, Answers, compare, fit, said
from yincai.learning.tracing.numbers import Floats, Numbers
from yincai.learning.tracing.simulated import Given, Pupil
from yincai.measurement import tracing
from yincai.measurement.fairness import Metric, calibrate
from yincai.measurement.fairness.bounds import whole_metrics
from yincai.measurement.tracing import ItemInfo, State
from yincai.measurement.tracing.intervals import typical_interval

LEVEL, ENOUGH = 0.8, 5  # of the intervals that are checked, and answers at a point from which on they are


@dataclass(frozen=True)
class Recipe:
    """`pupils` to fit to, `held_out` to measure with; another `seed` is another city."""

    pupils: int = 4800
    held_out: int = 900
    seed: int = 2026


def make(name: str, recipe: Recipe) -> Numbers:
    """The set, with what was measured of it on pupils of another seed."""
    numbers = fit(answers_of(terms(recipe.pupils, recipe.seed)), name, {})
    return Numbers(
        numbers.name,
        numbers.model,
        numbers.mastery,
        numbers.weights,
        {**numbers.told, "recipe": vars(recipe), **measured(numbers, recipe)},
        numbers.held,
    )


def terms(pupils: int, seed: int) -> Iterator[tuple[Pupil, list[Given]]]:
    return simulated.practise(load(), pupils, seed)


def answers_of(pupils: Iterator[tuple[Pupil, list[Given]]]) -> Answers:
    rows = [(number, one) for number, (_, given) in enumerate(pupils) for one in given]
    return Answers(
        pupil=np.array([number for number, _ in rows], np.int64),
        slots=np.array([one.question.points for _, one in rows], np.int64),
        difficulty=np.array([one.question.difficulty for _, one in rows]),
        guess=np.array([one.question.guess for _, one in rows]),
        score=np.array([one.score for _, one in rows]),
        time=np.array([one.at for _, one in rows]),
        scored=np.ones(len(rows), bool),
    )


def measured(numbers: Numbers, recipe: Recipe) -> dict[str, object]:
    """On pupils of another seed: how well the next answer is predicted, beside the mastery head alone, and whether the
    intervals of what is shown hold the truth."""
    pupils = list(terms(recipe.held_out, recipe.seed + 1))
    answers = answers_of(iter(pupils))
    p = said(numbers, answers)
    alone = said(Numbers("", tracing.MODEL, numbers.mastery), answers)
    told = calibrate(p, answers.score, answers.turn)
    held = np.concatenate([covered(pupil, given) for pupil, given in pupils])
    return {
        "answers": len(answers),
        "metrics": [vars(metric) for metric in (*whole_metrics(told), _coverage(held, len(pupils)))],
        "beside_mastery": vars(compare(answers, alone, p)),
    }


def covered(pupil: Pupil, given: list[Given]) -> Floats:
    """For each point with enough answers, at the end of the term: whether the interval of what is shown holds the true
    chance on the typical question."""
    state = State.empty(load().width, MASTERY)
    for one in given:
        item = ItemInfo(one.question.points, one.question.difficulty, one.question.guess)
        state = tracing.update(state, item, one.score, one.at, MASTERY)
    if not given:
        return np.empty(0)
    end = given[-1].at
    shown = tracing.masteries(state, end, parameters=MASTERY)
    low, high = typical_interval(shown, LEVEL)
    slots = np.flatnonzero(shown.n >= ENOUGH)
    truth = np.array([pupil.chance(int(slot), 0.0, 0.0, end / tracing.DAY) for slot in slots])
    return ((low[slots] <= truth) & (truth <= high[slots])).astype(float)


def _coverage(held: Floats, pupils: int) -> Metric:
    share = float(held.mean())
    reach = 1.96 * float(np.sqrt(share * (1.0 - share) / len(held)))
    said_ = f"掌握情况的 80% 区间里有真值的比例，{pupils} 名模拟学生练过 {ENOUGH} 题以上的知识点"
    return Metric("区间可信", share, share - reach, share + reach, len(held), "个知识点", 0.76, 0.84, said_)

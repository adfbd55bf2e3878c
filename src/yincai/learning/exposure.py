"""How often a question of the placement is seen, and the limits that keep a written one from being seen by too many.

A depth of a generator needs none: each of its fixed variants is seen by a small part of those who are asked the depth.
A written item has no variants, so it gets Sympson & Hetter's parameter. Rehearsed with simulated pupils of the grade
whenever parameters are calibrated; before the first calibration there are no limits, only one of the best three.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.pool import Pool
from yincai.knowledge.priors import Parameters
from yincai.knowledge.rehearsals import Rehearsed
from yincai.learning.placing import SUBJECT, Bench, code_of, made
from yincai.learning.sitting import grades

MOST = 0.25  # of the pupils of a grade who may see one question
ROOM = 1.25  # how much more than a test the limits must leave, so that questions can still be chosen
PUPILS, ROUNDS, SEED = 400, 6, 20261126
NUMERALS = "零一二三四五六七八九"
Floats = NDArray[np.float64]


def rehearsed(choices: Pool, parameters: Parameters) -> list[Rehearsed]:
    """The placement of each grade and half of the year that has one."""
    found = []
    for grade in sorted(grades(SUBJECT)):
        for half in TERMS:
            test = made(choices, parameters, grade, half)
            if test is not None:
                found.append(_rehearsed(test, f"摸底，{NUMERALS[grade]}年级{half}", code_of(grade, half)))
    return found


def _rehearsed(test: Bench, name: str, code: str) -> Rehearsed:
    from yincai.measurement import adaptive

    dice = np.random.default_rng(SEED)
    abilities = dice.normal(test.plan.rules.mean, 1.0, PUPILS)
    may = limits(test, abilities, dice)
    plan = adaptive.plan(replace(test.plan.pool, exposure=may), test.plan.rules)
    seen = adaptive.simulate(plan, abilities, dice)
    variants = _variants(test)
    each = seen.exposure / variants  # of one question
    return Rehearsed(
        code=code,
        name=name,
        questions=int(variants.sum()),
        length=round(float(seen.lengths.mean()), 1),
        rmse=round(seen.rmse, 3),
        bias=round(seen.bias, 3),
        exposure=round(float(each.max()), 3),
        overlap=round(float((variants * each**2).sum() / seen.exposure.sum()), 3),
        limits={entry.item: round(float(k), 3) for entry, k in zip(test.entries, may, strict=True) if k < 1},
    )


def limits(test: Bench, abilities: Floats, dice: np.random.Generator) -> Floats:
    """(places,): the probability with which each may appear in a sitting at all; 1 where no limit is needed."""
    from yincai.measurement import adaptive

    rules = test.plan.rules
    least = ROOM * rules.length / len(test.entries)  # what some question is seen by anyhow
    most = np.minimum(1.0, np.maximum(MOST * _variants(test), least))
    if (most >= 1).all():
        return np.ones(len(test.entries))
    return adaptive.sympson_hetter(test.plan.pool, rules, most, abilities, dice, rounds=ROUNDS)


def _variants(test: Bench) -> Floats:
    """(places,): how many questions may stand there."""
    return np.array([max(1, len(entry.seeds)) for entry in test.entries], np.float64)

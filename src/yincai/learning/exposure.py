"""How often a question of the placement is seen, and the limits that keep a written one from being seen by too many.

An item of a generator needs none: each of its fixed variants is seen by a small part of those who are asked it.
A written item has no variants, so it gets Sympson & Hetter's parameter. Found by rehearsing with simulated pupils of
the grade, who answer by curves drawn within the standard errors of the items' parameters (before the first calibration
those of the prior): whenever parameters are calibrated, and in the background whenever the bank has changed. The same
bank gives the same limits. Until then what is new has the limits of `limits.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.pool import Pool
from yincai.knowledge.priors import Parameters
from yincai.knowledge.rehearsals import Limits, Rehearsed
from yincai.learning.limits import highest_shares, variants
from yincai.learning.placing import SUBJECT, Bench, code_of, made
from yincai.learning.sitting import grades

PUPILS, ROUNDS, SEED = 400, 6, 20261126
NUMERALS = "零一二三四五六七八九"
Floats = NDArray[np.float64]


def rehearsed(choices: Pool, parameters: Parameters) -> list[Rehearsed]:
    """The placement of each grade and half of the year that has one."""
    return [
        _rehearsed(test, f"摸底，{NUMERALS[grade]}年级{half}", code_of(grade, half))
        for grade, half, test in _tests(choices, parameters)
    ]


def limited(choices: Pool, parameters: Parameters) -> Limits:
    """The limits alone; at once for a bank in which nothing needs one."""
    return {
        code_of(grade, half): _by_item(test, limits(test, *_pupils(test)))
        for grade, half, test in _tests(choices, parameters)
    }


def _tests(choices: Pool, parameters: Parameters) -> Iterator[tuple[int, str, Bench]]:
    for grade in sorted(grades(SUBJECT)):
        for half in TERMS:
            test = made(choices, parameters, grade, half)
            if test is not None:
                yield grade, half, test


def _pupils(test: Bench) -> tuple[Floats, np.random.Generator]:
    """Abilities, and the dice of the rehearsal."""
    dice = np.random.default_rng(SEED)
    return dice.normal(test.plan.rules.mean, 1.0, PUPILS), dice


def _rehearsed(test: Bench, name: str, code: str) -> Rehearsed:
    from yincai.measurement import adaptive

    abilities, dice = _pupils(test)
    may = limits(test, abilities, dice)
    plan = adaptive.plan(replace(test.plan.pool, exposure=may), test.plan.rules)
    seen = adaptive.simulate(plan, abilities, dice, truth=adaptive.drawn(plan.pool, dice))
    many = variants(test.entries)
    each = seen.exposure / many  # of one question
    return Rehearsed(
        code=code,
        name=name,
        questions=int(many.sum()),
        length=round(float(seen.lengths.mean()), 1),
        rmse=round(seen.rmse, 3),
        bias=round(seen.bias, 3),
        exposure=round(float(each.max()), 3),
        overlap=round(float((many * each**2).sum() / seen.exposure.sum()), 3),
        limits=_by_item(test, may),
    )


def _by_item(test: Bench, may: Floats) -> dict[int, float]:
    return {entry.item: round(float(k), 3) for entry, k in zip(test.entries, may, strict=True) if k < 1}


def limits(test: Bench, abilities: Floats, dice: np.random.Generator) -> Floats:
    """(places,): the probability with which each may appear in a sitting at all; 1 where no limit is needed."""
    from yincai.measurement import adaptive

    pool, rules = test.plan.pool, test.plan.rules
    most = highest_shares(test.entries, rules.length)
    if (most >= 1).all():
        return np.ones(len(test.entries))
    truth = adaptive.drawn(pool, dice)
    return adaptive.sympson_hetter(pool, rules, most, abilities, dice, rounds=ROUNDS, truth=truth)

"""Fraction subtraction, sat again question by question: how soon the ability is known, adaptively and in any order."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tools.plots.sheet import COLOURS, DASHES, figure, table
from yincai.measurement import adaptive, irt

FRACTIONS = "536 pupils, 20 questions of fraction subtraction (Tatsuoka 1984; R package CDM, GPL)"


def resitting() -> Figure:
    """The answers are real; only the order is chosen. What all twenty answers say stands for the truth."""
    answers = table("irt_cdm/fraction_subtraction.csv")
    plan = prepared(answers)
    whole = np.array([sat(plan, row, np.arange(plan.pool.n))[-1] for row in answers])
    rng = np.random.default_rng(0)
    orders = {"chosen by information": None, "in random order": rng}
    sheet, (left, right) = figure(FRACTIONS, columns=2)
    length = plan.pool.n
    for (name, dice), colour, dash in zip(orders.items(), COLOURS, DASHES, strict=False):
        paths = np.array(
            [chosen(plan, row) if dice is None else sat(plan, row, dice.permutation(length)) for row in answers]
        )
        off = paths[:, :, 0] - whole[:, None, 0]
        left.plot(range(1, length + 1), np.sqrt((off**2).mean(axis=0)), color=colour, linestyle=dash, label=name)
        right.plot(range(1, length + 1), paths[:, :, 1].mean(axis=0), color=colour, linestyle=dash, label=name)
    left.set(
        xlabel="questions", ylabel="RMSE against all twenty", title="Ten chosen tell as much as fifteen", ylim=(0, None)
    )
    right.set(xlabel="questions", ylabel="mean standard error", title="What the sitting says of itself", ylim=(0, None))
    left.legend(fontsize=8)
    return sheet


def prepared(answers: np.ndarray) -> adaptive.Plan:
    found = irt.fit(answers, "2pl")
    none = np.zeros(len(found.a))
    pool = adaptive.Pool(a=found.a, b=found.b, c=none, se_a=found.se_a, se_b=found.se_b)
    return adaptive.plan(pool, adaptive.Rules(length=pool.n))


def sat(plan: adaptive.Plan, row: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(questions, 2): ability and standard error after each answer."""
    sitting, found = adaptive.begin(plan), []
    for item in order:
        sitting = adaptive.answer(plan, sitting, int(item), int(row[item]))
        result = adaptive.result(plan, sitting)
        found.append((result.ability, result.se))
    return np.array(found)


def chosen(plan: adaptive.Plan, row: np.ndarray) -> np.ndarray:
    sitting, found, rng = adaptive.begin(plan), [], np.random.default_rng(0)
    while not adaptive.done(plan, sitting):
        item = adaptive.next_item(plan, sitting, rng).item
        sitting = adaptive.answer(plan, sitting, item, int(row[item]))
        result = adaptive.result(plan, sitting)
        found.append((result.ability, result.se))
    return np.array(found)


PICTURES = {"adaptive-resitting": resitting}

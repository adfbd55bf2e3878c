"""Fraction subtraction: how the items behave, how common the skills are, what a pupil's answers say."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tools.plots.sheet import ACCENT, AMBER, QUIET, SOFT, figure, table
from yincai.measurement import diagnosis

FRACTIONS = "fraction subtraction, 536 pupils, 20 items, 8 skills (Tatsuoka 1984; R package CDM, GPL)"


def fitted(model: str) -> tuple[diagnosis.Diagnosis, np.ndarray]:
    answers, q = table("irt_cdm/fraction_subtraction.csv"), table("irt_cdm/fraction_subtraction_q.csv")
    return diagnosis.fit(answers, q.astype(int), model), answers


def guess_and_slip() -> Figure:
    """DINA's guess and slip of each item with standard errors."""
    found, _ = fitted("dina")
    items = np.arange(len(found.guess))
    sheet, (axes,) = figure(FRACTIONS, height=3.2)
    axes.errorbar(
        items + 0.9,
        found.guess,
        found.guess_se,
        fmt="o",
        ms=4,
        lw=1,
        color=AMBER,
        label="guess: right without the skills",
    )
    axes.errorbar(
        items + 1.1, 1 - found.slip, found.slip_se, fmt="s", ms=4, lw=1, color=ACCENT, label="1 − slip: right with them"
    )
    axes.vlines(items + 1, found.guess, 1 - found.slip, color=SOFT, lw=0.8)
    axes.set(
        xlabel="item",
        ylabel="P(right) ± standard error",
        ylim=(0, 1),
        title="A long bar: the item tells holders of its skills from others",
    )
    axes.set_xticks(items + 1)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return sheet


def skills() -> Figure:
    """How many pupils hold each skill, and how surely the test tells."""
    found, answers = fitted("dina")
    told = diagnosis.score(found, answers).skills
    sheet, (left, right) = figure(FRACTIONS, columns=2)
    place = np.arange(1, len(found.skill_probability) + 1)
    colours = [ACCENT if known else SOFT for known in found.skill_determined]
    left.bar(place, found.skill_probability, color=colours, yerr=np.nan_to_num(found.skill_se), ecolor=QUIET)
    left.set(xlabel="skill", ylabel="share of pupils", ylim=(0, 1), title="Pale: the items do not settle it")
    left.set_xticks(place)
    for skill in range(told.shape[1]):
        right.plot(
            np.sort(told[:, skill]),
            np.linspace(0, 1, len(told)),
            color=ACCENT if found.skill_determined[skill] else SOFT,
            linestyle="-",
            lw=1.2,
        )
    right.set(
        xlabel="probability that a pupil holds the skill",
        ylabel="share of pupils below",
        title="Steps at one half: nothing in the answers tells",
    )
    return sheet


PICTURES = {"diagnosis-items": guess_and_slip, "diagnosis-skills": skills}

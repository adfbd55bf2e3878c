"""An audit on real scores: who reaches "proficient" a year later, predicted from the score before."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit

from tools.plots.sheet import ACCENT, AMBER, COLOURS, DASHES, INK, QUIET, data, figure
from yincai.measurement.fairness import Audit, Data, audit
from yincai.measurement.fairness.logistic import fit

SOURCE = "sgpData, mathematics, grades 4–8, anonymised (R package SGPdata, GPL-3); prediction made for this"
REACHED = {"Proficient", "Advanced"}
GROUPS = {"GENDER": "sex", "FREE_REDUCED_LUNCH_STATUS": "free lunch", "ELL_STATUS": "learns English"}


@dataclass(frozen=True)
class Rows:
    """Pupils with a score the year before: `year` the later one."""

    prior: np.ndarray
    grade: np.ndarray
    year: np.ndarray
    reached: np.ndarray
    learner: np.ndarray
    groups: dict[str, list[str]]


@cache
def rows() -> Rows:
    with gzip.open(data("growth/sgpData_LONG.csv.gz"), "rt") as file:
        told = [
            row for row in csv.DictReader(file) if row["CONTENT_AREA"] == "MATHEMATICS" and _number(row["SCALE_SCORE"])
        ]
    score = {(row["ID"], int(row["YEAR"][:4])): (int(row["GRADE"]), float(row["SCALE_SCORE"])) for row in told}
    kept = []
    for row in told:
        before = score.get((row["ID"], int(row["YEAR"][:4]) - 1))
        if before and before[0] == int(row["GRADE"]) - 1:
            kept.append((before[1], row))
    return Rows(
        np.array([prior for prior, _ in kept]),
        np.array([int(row["GRADE"]) for _, row in kept]),
        np.array([int(row["YEAR"][:4]) + 1 for _, row in kept]),
        np.array([float(row["ACHIEVEMENT_LEVEL"] in REACHED) for _, row in kept]),
        np.unique([row["ID"] for _, row in kept], return_inverse=True)[1],
        {name: [row[column].split(": ")[-1] for _, row in kept] for column, name in GROUPS.items()},
    )


def _number(text: str) -> bool:
    return text not in ("", "NA")


@cache
def audited() -> Audit:
    """A logistic regression of the first year, by grade, applied to all later ones."""
    told = rows()
    predicted = np.zeros(len(told.prior))
    first = told.year == told.year.min()
    for grade in np.unique(told.grade):
        of = told.grade == grade
        if not (of & first).any():
            continue
        level, spread = told.prior[of & first].mean(), told.prior[of & first].std()
        x = np.column_stack([np.ones(len(told.prior)), (told.prior - level) / spread])
        made = fit(x[of & first], told.reached[of & first])
        if made is not None:
            predicted[of] = expit(x[of] @ made.coefficients)
    kept = predicted > 0
    groups = {name: np.array(texts)[kept].tolist() for name, texts in told.groups.items()}
    return audit(
        Data(predicted[kept], told.reached[kept], groups, learners=told.learner[kept], period=told.year[kept]), 200
    )


def groups() -> Figure:
    """Observed less predicted of each group, and what is left at the same prediction."""
    made = audited()
    sheet, (left, right) = figure(SOURCE, columns=2, height=3.4)
    calibrations = [(f"{one.column}: {one.group}", one.told.gap) for one in made.groups if one.told is not None]
    shifts = [(f"{one.column}: {one.group}\nagainst {one.reference}", one.effect) for one in made.differential]
    for axes, lines, title in (
        (left, calibrations, "Observed − predicted"),
        (right, shifts, "Difference at the same prediction"),
    ):
        for place, (_, told) in enumerate(lines):
            low, high = told.interval()
            axes.plot([100 * low, 100 * high], [place, place], color=ACCENT, linewidth=2, linestyle="-")
            axes.plot(100 * told.value, place, "o", color=ACCENT)
        axes.set_yticks(range(len(lines)), [name for name, _ in lines], fontsize=8)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle="-")
        axes.set(xlabel="points of a percent, 95 %", title=title)
    return sheet


def over_time() -> Figure:
    """Calibration year by year against the first, with control limits, of all and of two groups."""
    made = audited()
    lines = {"all": made.drift} | {
        f"{one.column}: {one.group}": one.windows for one in made.group_drift if one.column == "free lunch"
    }
    sheet, (axes,) = figure(SOURCE, height=3.4)
    for (name, windows), colour, dash in zip(lines.items(), COLOURS, DASHES, strict=False):
        years = [one.start for one in windows]
        axes.plot(
            years,
            [100 * one.calibration.value for one in windows],
            color=colour,
            linestyle=dash,
            marker="o",
            label=name,
        )
    whole = lines["all"]
    axes.fill_between(
        [one.start for one in whole],
        [100 * one.calibration.low for one in whole],
        [100 * one.calibration.high for one in whole],
        color=QUIET,
        alpha=0.2,
        label="control limits, all",
    )
    axes.axhline(0, color=AMBER, linewidth=0.8, linestyle="-")
    axes.set_xticks([one.start for one in whole], [f"{int(one.start)}" for one in whole])
    axes.set(ylabel="observed − predicted, points", title="A prediction of the first year, applied in later ones")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return sheet


PICTURES = {"fairness-groups": groups, "fairness-drift": over_time}

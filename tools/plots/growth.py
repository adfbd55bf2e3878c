"""Schools of the Exam data with their intervals, shrinkage, the error of prior scores; quantile curves of scores."""

from __future__ import annotations

import csv

import numpy as np
from matplotlib.figure import Figure

from tools.plots.sheet import ACCENT, AMBER, COLOURS, DASHES, INK, QUIET, SOFT, data, figure
from yincai.measurement.growth import percentiles, prior_error, value_added
from yincai.measurement.growth.percentiles import TAUS
from yincai.measurement.growth.splines import knots_of

EXAM = "4,059 pupils in 65 Inner-London schools (R package mlmRev, GPL)"
SCORES = "sgpData, reading, grade 3 of 2023 to grade 4 of 2024, 6,977 pupils, anonymised (R package SGPdata, GPL-3)"
SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)
ASSUMED = np.linspace(0.0, 0.6, 7)


def exam() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(score, prior, school's number)."""
    rows = list(csv.DictReader(data("growth/Exam.csv").open()))
    score, prior = (np.array([float(row[name]) for row in rows]) for name in ("normexam", "standLRT"))
    return score, prior, np.array([int(row["school"]) for row in rows])


def schools() -> Figure:
    """Every school with its interval, in the order of its number; raw means beside shrunken ones."""
    score, prior, school = exam()
    found = [
        one for one in value_added.fit(score, prior[:, None], school, minimum=10).schools if one.growth is not None
    ]
    sheet, (left, right) = figure(EXAM, columns=2, height=3.8)
    for one in found:
        colour = QUIET if one.label == value_added.AS_EXPECTED else ACCENT
        left.plot([one.school] * 2, [one.low, one.high], color=colour, linewidth=1, linestyle="-")
        left.plot(one.school, one.growth, "o", color=colour, markersize=3)
    left.axhline(0, color=INK, linewidth=0.8, linestyle="-")
    apart = sum(one.label != value_added.AS_EXPECTED for one in found)
    left.set(xlabel="school, by number", ylabel="growth, 80 % interval", title=f"{apart} of {len(found)} differ from 0")
    raw = np.array([one.came - one.expected for one in found])
    shrunken = np.array([one.growth for one in found])
    size = np.array([one.n for one in found])
    right.scatter(raw, shrunken, s=size / 3, color=SOFT, edgecolor=ACCENT, linewidth=0.8)
    ends = np.array([raw.min(), raw.max()])
    right.plot(ends, ends, color=QUIET, linewidth=0.8, linestyle="--")
    right.set(xlabel="came − expected (area of a mark: pupils)", ylabel="growth", title="Small schools are drawn to 0")
    return sheet


def prior_errors() -> Figure:
    """The slope of the expectation for several assumed errors of the prior test, by both remedies."""
    score, prior, school = exam()
    group = np.unique(school, return_inverse=True)[1]
    calibrated, simulated = [], []

    def slope(priors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        made = value_added._fitted(score, priors, group)
        return made.beta[1:], made.se[1:] ** 2

    for se in ASSUMED:
        calibrated.append(value_added.fit(score, prior[:, None], school, [se]).slopes[0])
        rng = np.random.default_rng(0)
        found = prior_error.simex(slope, prior[:, None], np.array([max(se, 1e-9)]), rng, draws=20)
        simulated.append((found.estimates[0], found.se[0]))
    sheet, (axes,) = figure(f"{EXAM}; standard errors assumed", height=3.2)
    axes.plot(ASSUMED, calibrated, color=COLOURS[0], linestyle=DASHES[0], label="regression calibration")
    value, error = np.array(simulated).T
    axes.errorbar(
        ASSUMED, value, 1.96 * error, color=COLOURS[1], linestyle="none", marker="s", markersize=4, label="SIMEX"
    )
    axes.set(xlabel="standard error of the prior score (its deviation is 1)", ylabel="slope of the expectation")
    axes.set_title("The more error a prior has, the flatter the slope seemed")
    axes.legend()
    return sheet


def curves() -> Figure:
    """Quantile curves of the score given the prior, and how even the percentiles are at every level of the prior."""
    rows = list(csv.DictReader(data("reference/sgp_g34_input.csv").open()))
    prior, score = (
        np.array([float(row[f"SS_{year}"]) for row in rows if row["SS_2023"] and row["SS_2024"]])
        for year in (2023, 2024)
    )
    knots = [knots_of(prior)]
    found = percentiles.percentiles(score, prior[:, None], knots)
    sheet, (left, right) = figure(SCORES, columns=2, height=3.8)
    left.hist2d(prior, score, bins=60, cmap="Greys", cmin=1, alpha=0.6, rasterized=True)
    grid = np.linspace(*np.quantile(prior, (0.01, 0.99)), 200)
    predicted = np.sort(found.quantiles.predict(percentiles.design(grid[:, None], knots)), axis=1)
    for tau, colour, dash in zip(SHOWN, COLOURS, DASHES, strict=False):
        left.plot(
            grid, predicted[:, int(np.abs(TAUS - tau).argmin())], color=colour, linestyle=dash, label=f"τ = {tau}"
        )
    ends = np.quantile(prior, (0.003, 0.997)), np.quantile(score, (0.003, 0.997))
    left.set(xlabel="score in grade 3", ylabel="score in grade 4", xlim=ends[0], ylim=ends[1])
    left.set_title("A tenth, a quarter, a half … lie below")
    left.legend(fontsize=8)
    parts = np.array_split(np.argsort(prior), 10)
    quartiles = np.array([np.quantile(found.sgp[part], (0.25, 0.5, 0.75)) for part in parts])
    for column, name, colour in zip(
        quartiles.T, ("quarter", "half", "three quarters"), (AMBER, ACCENT, AMBER), strict=True
    ):
        right.plot(range(1, 11), column, color=colour, marker="o", markersize=3, linestyle="-", label=name)
    right.set(xlabel="tenth of the prior", ylabel="percentile below which they lie", ylim=(0, 100))
    right.set_title("Even, whatever the prior")
    return sheet


PICTURES = {"growth-schools": schools, "growth-prior-error": prior_errors, "growth-quantiles": curves}

"""Statics and synthetic5: which model tells the next answer best, whether its figures can be believed, and one learner
followed through a term."""

from __future__ import annotations

from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.plots.sheet import ACCENT, AMBER, COLOURS, QUIET, SOFT, data, figure
from yincai.measurement.tracing import bkt, boosting, default, evaluate, logistic, metrics, pfa
from yincai.measurement.tracing.log import Log
from yincai.records.readers import logs

STATICS = "OLI Statics F2011 (DataShop), 229 students"
SYNTHETIC = "synthetic5 (DKVMN), 2,000 simulated learners"
MODELS = {"pfa": pfa.fit, "bkt": bkt.fit, "logistic": logistic.fit, "boosting": boosting.fit, "default": default.fit}
BINS = 20


def log_of(name: str) -> Log:
    found = logs.read(data(f"kt/{name}"))
    return Log.of(found.learner, found.item, found.correct)


@cache
def statics() -> tuple[default.Default, Log]:
    """The default fitted on four fifths of the students, and the answers of the others."""
    log = log_of("STATICS_train.csv")
    held = np.random.default_rng(0).permutation(log.learners) % 5 == 0
    return default.fit(log.of_learners(~held)), log.of_learners(held)


def by_model() -> Figure:
    """Five folds by student, all models."""
    reports = evaluate.evaluate(log_of("STATICS_train.csv"), MODELS, clock=lambda: 0.0)
    sheet, (left, right) = figure(f"{STATICS}; five folds by student", columns=2, height=2.8)
    for axes, figures, title in (
        (left, {name: report.auc for name, report in reports.items()}, "AUC"),
        (right, {name: report.ece for name, report in reports.items()}, "calibration error"),
    ):
        axes.barh(list(figures), list(figures.values()), color=[*[SOFT] * (len(figures) - 1), ACCENT])
        for place, value in enumerate(figures.values()):
            axes.text(value, place, f" {value:.3f}", va="center", fontsize=8)
        axes.set(title=title)
    left.set(xlim=(0.7, 0.86))
    right.set(xlim=(0, max(report.ece for report in reports.values()) * 1.3))
    return sheet


def calibration() -> Figure:
    """Said and found, on learners that no fit saw."""
    sheet, (left, right) = figure(f"a fifth of {STATICS}; {SYNTHETIC}", columns=2)
    model, kept = statics()
    reliability(left, model.predict_log(kept), kept.correct, "Statics")
    train, test = log_of("synthetic5_v0_train.csv"), log_of("synthetic5_v0_test.csv")
    reliability(right, default.fit(train).predict_log(test), test.correct, "synthetic5")
    return sheet


def reliability(axes: Axes, p: np.ndarray, right: np.ndarray, name: str) -> None:
    """Bins of equal width; bars are 1.96 standard errors of a share."""
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    often = np.bincount(place, minlength=BINS)
    held = often >= 20
    said = np.bincount(place, p, BINS)[held] / often[held]
    found = np.bincount(place, right, BINS)[held] / often[held]
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":", lw=1)
    axes.errorbar(
        said, found, 1.96 * np.sqrt(found * (1 - found) / often[held]), fmt="o", ms=3.5, lw=1, color=COLOURS[0]
    )
    error = metrics.calibration_error(right, p)
    axes.set(
        xlabel="said", ylabel="share right", title=f"{name}: calibration error {error:.3f}", xlim=(0, 1), ylim=(0, 1)
    )


def learner() -> Figure:
    """The mean probability over all steps that the others were asked, after each answer of one student, with its
    standard error, and what was answered."""
    model, kept = statics()
    one = int(np.argsort(np.diff(kept.starts))[kept.learners // 2])
    rows = np.arange(kept.starts[one], kept.starts[one + 1])
    unit = model.catalogue.unit_rows(kept)
    everything = np.arange(len(model.catalogue.units))
    state, level = model.start(), []
    for row in rows:
        state = model.update(state, int(unit[row]), float(kept.correct[row]), 0.0)
        p, se = model.predict(state, everything, 0.0)
        level.append((p.mean(), se.mean()))
    mean, error = np.array(level).T
    sheet, (axes,) = figure(f"{STATICS}; one of median length")
    asked = np.arange(1, len(rows) + 1)
    axes.fill_between(asked, mean - error, mean + error, color=SOFT, alpha=0.5, lw=0)
    axes.plot(asked, mean, color=ACCENT, label="mean chance over all steps ± standard error")
    window = 25
    lately = np.convolve(kept.correct[rows], np.ones(window) / window, "valid")
    axes.plot(asked[window - 1 :], lately, color=AMBER, linestyle="--", lw=1, label=f"share right of the last {window}")
    axes.set(xlabel="answers", ylabel="P(right)", ylim=(-0.03, 1.03), title="One student through a term")
    axes.legend(fontsize=8, loc="lower left")
    return sheet


PICTURES = {"tracing-models": by_model, "tracing-calibration": calibration, "tracing-learner": learner}

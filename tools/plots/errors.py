"""CogTutorBugs: how often the cause is told, and whether the probability beside it can be believed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tools.plots.sheet import COLOURS, QUIET, data, figure
from yincai.measurement.errors import steps
from yincai.measurement.errors.traits import Step
from yincai.records.readers.steps import read_steps

BUGS = "CogTutorBugs, 3,721 wrong steps of algebra (CC BY 4.0); each judged by a model that saw no equal step"
BINS = 8


def causes() -> Figure:
    """From equation, action, input and result alone, in five folds by distinct step."""
    rows = read_steps(data("errors/cogtutor-bugs.json"))
    labels = [str(row.label) for row in rows]
    given = [replace(Step(row.equation, row.action, row.entered, row.result, row.before), before=None) for row in rows]
    told = steps.cross_validated(given, labels)
    sheet, (left, right) = figure(BUGS, columns=2, height=4.6)
    by_label(left, told, labels)
    reliability(right, told, labels)
    return sheet


def by_label(axes: Axes, told: list[steps.Attribution], labels: list[str]) -> None:
    found = steps.accuracy([each.label for each in told], labels)
    most = Counter(labels).most_common(1)[0][1] / len(labels)
    order = sorted(found.by_label, key=lambda label: found.by_label[label][1])
    axes.barh([label.lower() for label in order], [100 * found.by_label[label][1] for label in order], color=COLOURS[0])
    axes.axvline(100 * found.share, color=COLOURS[1], linestyle="--")
    axes.axvline(100 * most, color=QUIET, linestyle=":")
    axes.set(
        xlabel="told rightly, %", title=f"{100 * found.share:.0f} % in all (dashed); always one: {100 * most:.0f} %"
    )
    axes.tick_params(axis="y", labelsize=6)


def reliability(axes: Axes, told: list[steps.Attribution], labels: list[str]) -> None:
    said = np.array([each.probability for each in told])
    right = np.array([each.label == label for each, label in zip(told, labels, strict=True)])
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    there = [place_ for place_ in range(BINS) if (place == place_).sum() >= 10]
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":")
    axes.plot(
        [said[place == b].mean() for b in there], [right[place == b].mean() for b in there], "o-", color=COLOURS[0]
    )
    axes.set(
        xlabel="probability said",
        ylabel="share right",
        title="The probability can be believed",
        xlim=(0, 1),
        ylim=(0, 1),
    )


PICTURES = {"errors-causes": causes}

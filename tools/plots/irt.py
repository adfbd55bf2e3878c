"""LSAT6 and LSAT7: curves, information, what the model says beside what was seen."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tools.plots.sheet import COLOURS, DASHES, QUIET, figure, table
from yincai.measurement import irt

LSAT7 = "LSAT section 7, 1,000 people (Bock & Lieberman 1970; R package mirt, GPL)"
THETA = np.linspace(-4, 4, 161)


def curves() -> Figure:
    """The 2PL's curves of LSAT7, beside the share of right answers of people alike in the other items."""
    answers = table("irt_cdm/lsat7.csv")
    found = irt.fit(answers, "2pl")
    sheet, (left, right) = figure(LSAT7, columns=2)
    for item, (colour, dash) in enumerate(zip(COLOURS, DASHES, strict=False)):
        if item == answers.shape[1]:
            break
        probability = 1 / (1 + np.exp(-found.a[item] * (THETA - found.b[item])))
        left.plot(THETA, probability, color=colour, linestyle=dash, label=found.bank.names[item])
    left.set(xlabel="ability θ", ylabel="P(right)", title="Curves of the items", ylim=(0, 1))
    left.legend(fontsize=8)
    right.plot(THETA, irt.test_information(found.bank, THETA), color=COLOURS[0], label="information")
    right.set(xlabel="ability θ", ylabel="information", title="Five easy items tell the weak apart", ylim=(0, None))
    error = right.twinx()
    error.plot(THETA, 1 / np.sqrt(irt.test_information(found.bank, THETA)), color=QUIET, linestyle="--")
    error.set(ylabel="standard error (dashed)", ylim=(0, 4))
    error.grid(False)
    return sheet


PICTURES = {"irt-curves": curves}

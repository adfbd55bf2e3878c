"""Classical item analysis of fraction subtraction."""

from __future__ import annotations

from matplotlib.figure import Figure

from tools.plots.sheet import ACCENT, AMBER, QUIET, RED, figure, table
from yincai.measurement import items

FRACTIONS = "fraction subtraction, 20 items (Tatsuoka 1984; R package CDM, GPL)"
CLASS = 35


def facility_and_fit() -> Figure:
    """All 536 pupils beside the first 35: what a class can tell."""
    answers = table("irt_cdm/fraction_subtraction.csv")
    sheet, axes = figure(FRACTIONS, columns=2, height=3.6)
    for panel, scores in zip(axes, (answers, answers[:CLASS]), strict=True):
        for item in items.analyse(scores):
            colour = RED if "misfit" in item.flags else AMBER if item.flags else ACCENT
            across = [[item.facility - item.low], [item.high - item.facility]]
            along = [[item.fit - item.fit_low], [item.fit_high - item.fit]]
            panel.errorbar(item.facility, item.fit, along, across, fmt="o", ms=3, lw=0.7, color=colour)
        panel.axvline(0.4, color=QUIET, linestyle=":", linewidth=1)
        panel.axvline(0.9, color=QUIET, linestyle=":", linewidth=1)
        panel.set(xlabel="facility", title=f"{len(scores)} pupils", xlim=(0, 1), ylim=(-0.2, 1))
    axes[0].set_ylabel("fit with the other items (80 % intervals)")
    return sheet


PICTURES = {"items-facility": facility_and_fit}

"""Item response theory on LSAT 6 and 7: curves beside answers, information, standard errors, fit of items and model."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tools.plots.sheet import ACCENT, AMBER, COLOURS, DASHES, QUIET, RED, figure, table
from yincai.measurement import irt

LSAT6 = "LSAT section 6, 1,000 people (Bock & Lieberman 1970; R package mirt, GPL)"
LSAT7 = "LSAT section 7, 1,000 people (Bock & Lieberman 1970; R package mirt, GPL)"
FRACTIONS = "fraction subtraction, 536 pupils, 20 items (Tatsuoka 1984; R package CDM, GPL)"
THETA = np.linspace(-4, 4, 161)


def curves() -> Figure:
    """The 2PL's items of LSAT7 and what the test tells about whom."""
    found = irt.fit(table("irt_cdm/lsat7.csv"), "2pl")
    sheet, (left, right) = figure(LSAT7, columns=2)
    p = found.bank.probabilities(THETA)[:, :, 1]
    for item, name in enumerate(found.items):
        left.plot(THETA, p[:, item], color=COLOURS[item], linestyle=DASHES[item], label=name)
    left.set(xlabel="ability θ", ylabel="P(right)", title="Curves of the five items", ylim=(0, 1))
    left.legend(fontsize=8)
    information = irt.test_information(found.bank, THETA)
    right.plot(THETA, information, color=ACCENT)
    right.set(xlabel="ability θ", ylabel="information", title="Easy items tell the weak apart", ylim=(0, None))
    error = right.twinx()
    error.plot(THETA, 1 / np.sqrt(information), color=QUIET, linestyle="--")
    error.set(ylabel="standard error (dashed)", ylim=(0, 4))
    error.grid(visible=False)
    return sheet


def scores_and_errors() -> Figure:
    """EAP and Warm's estimate of each answer pattern of LSAT7, with their errors, by the sum score."""
    answers = table("irt_cdm/lsat7.csv")
    found = irt.fit(answers, "2pl")
    patterns = np.unique(answers, axis=0)
    total = patterns.sum(axis=1)
    sheet, (axes,) = figure(LSAT7, height=3.2)
    for method, shift, colour, mark in (("eap", -0.12, ACCENT, "o"), ("wle", 0.12, AMBER, "s")):
        told = found.scores(patterns, method)
        place = total + shift + 0.015 * (np.arange(len(total)) % 9 - 4)
        axes.errorbar(place, told.theta, told.se, fmt=mark, ms=3, lw=0.8, color=colour, label=method.upper())
    axes.set(xlabel="sum score", ylabel="ability θ ± standard error", title="The pattern counts, not only the sum")
    axes.legend(fontsize=8, loc="lower right")
    return sheet


def item_fit() -> Figure:
    """Right answers of people with equal sum scores beside what the 2PL expects: what S-X² adds up."""
    answers = table("irt_cdm/lsat6.csv")
    found = irt.fit(answers, "2pl")
    told = irt.item_fit(found, answers)
    total = answers.sum(axis=1)
    sheet, axes = figure(LSAT6, columns=5, width=9.0, height=2.6)
    expected = expected_by_sum(found.bank)
    for item, panel in enumerate(axes):
        s = np.arange(1, answers.shape[1])
        seen = [answers[total == k, item] for k in s]
        share = np.array([each.mean() for each in seen])
        n = np.array([len(each) for each in seen])
        panel.plot(s, expected[s, item], color=ACCENT, linestyle="-")
        panel.errorbar(s, share, np.sqrt(share * (1 - share) / n), fmt="o", ms=3, lw=0.8, color=RED)
        panel.set(title=f"{found.items[item]}: p = {told.p[item]:.2f}", ylim=(0, 1.05), xlabel="sum score")
        panel.set_xticks(s)
    axes[0].set_ylabel("share right")
    return sheet


def expected_by_sum(bank: irt.Bank) -> np.ndarray:
    """P(right | sum score) of each item (sum scores × items), by the recursion of Lord & Wingersky."""
    nodes = np.linspace(-6, 6, 121)
    weights = np.exp(-nodes * nodes / 2)
    whole = irt.sum_score_likelihood(bank, nodes) * weights
    p = bank.probabilities(nodes)[:, :, 1]
    out = np.zeros((len(bank) + 1, len(bank)))
    for item in range(len(bank)):
        rest = irt.sum_score_likelihood(bank.chosen([k for k in range(len(bank)) if k != item]), nodes)
        out[1:, item] = (rest * p[:, item] * weights).sum(axis=1) / whole[1:].sum(axis=1)
    return out


def linking() -> Figure:
    """Two halves of the pupils calibrated apart: each on its own scale, and linked over the common items."""
    answers = table("irt_cdm/fraction_subtraction.csv")
    old, new = (irt.fit(answers[half::2], "2pl") for half in (0, 1))
    link = irt.link(new, old, "stocking-lord")
    sheet, (left, right) = figure(FRACTIONS, columns=2)
    for panel, b, title in (
        (left, new.b, "Apart: each half is N(0, 1)"),
        (right, irt.linked(new.bank, link).b, f"Linked: slope {link.slope:.2f}, intercept {link.intercept:.2f}"),
    ):
        panel.errorbar(old.b, b, new.se_b, old.se_b, fmt="o", ms=3, lw=0.7, color=ACCENT)
        ends = [min(old.b.min(), b.min()), max(old.b.max(), b.max())]
        panel.plot(ends, ends, color=QUIET, linestyle="--", linewidth=1)
        panel.set(xlabel="difficulty, even rows", ylabel="difficulty, odd rows", title=title)
    return sheet


def recovery() -> Figure:
    """Not real data: simulated items, to show that the standard errors are the spread."""
    rng = np.random.default_rng(1)
    true = irt.bank(
        "2pl",
        [irt.Item(float(a), float(b)) for a, b in zip(rng.lognormal(0, 0.3, 60), rng.normal(size=60), strict=True)],
    )
    found = irt.fit(irt.simulate(true, rng.normal(size=3000), rng))
    sheet, (left, right) = figure("simulated: 3,000 learners, 60 items (synthetic)", columns=2)
    for panel, name, ours, se, truth in (
        (left, "slope a", found.a, found.se_a, true.a),
        (right, "difficulty b", found.b, found.se_b, true.b),
    ):
        panel.errorbar(truth, ours, 1.96 * se, fmt="o", ms=3, lw=0.7, color=ACCENT)
        ends = [truth.min(), truth.max()]
        panel.plot(ends, ends, color=QUIET, linestyle="--", linewidth=1)
        inside = np.mean(np.abs(ours - truth) < 1.96 * se)
        panel.set(
            xlabel=f"true {name}",
            ylabel="estimate, 95 % interval",
            title=f"{inside:.0%} of the intervals hold the truth",
        )
    return sheet


PICTURES = {
    "irt-curves": curves,
    "irt-scores": scores_and_errors,
    "irt-item-fit": item_fit,
    "irt-linking": linking,
    "irt-recovery": recovery,
}

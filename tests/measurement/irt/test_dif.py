"""DIF: formulas against ones written out, and simulations with and without it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from yincai.measurement import irt
from yincai.measurement.irt.dif import strata_counts

NAN = float("nan")
REFERENCE = Path(__file__).resolve().parents[2] / "references" / "dif.json"


def drawn(
    shift: float = 0.0, learners: int = 3000, items: int = 12, impact: float = -0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Rasch answers; the focal group is less able by `impact`, and the first item is harder for it by `shift`."""
    rng = np.random.default_rng(8)
    focal = np.arange(learners) % 2
    theta = rng.normal(size=learners) + impact * focal
    b = np.linspace(-1.5, 1.5, items) + np.outer(focal, np.eye(items)[0] * shift)
    return (rng.random((learners, items)) < expit(theta[:, None] - b)).astype(float), focal.astype(float)


def test_mantel_haenszel_as_written_out() -> None:
    scores, focal = drawn(0.6)
    total = scores.sum(axis=1)
    top = bottom = off = spread = 0.0
    for k in np.unique(total):
        cell = [[float(((total == k) & (focal == g) & (scores[:, 0] == x)).sum()) for x in (1, 0)] for g in (0, 1)]
        (a, b), (c, d) = cell
        n = a + b + c + d
        if n > 1:
            top, bottom = top + a * d / n, bottom + b * c / n
            off += a - (a + b) * (a + c) / n
            spread += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    found = irt.mantel_haenszel(scores, focal, purify=False)
    assert found.odds_ratio[0] == pytest.approx(top / bottom)
    assert found.delta[0] == pytest.approx(-2.35 * np.log(top / bottom))
    assert found.chi2[0] == pytest.approx((abs(off) - 0.5) ** 2 / spread)


def drawn_by_rule() -> tuple[np.ndarray, np.ndarray]:
    """The table that tests/references/dif.R draws."""
    state, scores = 12345, np.zeros((1000, 8))
    for n in range(1000):
        ability = (n % 21 - 10) / 5 - 0.4 * (n % 2)
        for j in range(8):
            state = state * 16807 % 2147483647
            difficulty = (j + 1 - 4.5) / 3 + (j == 0) * 0.8 * (n % 2)
            scores[n, j] = state / 2147483647 < 1 / (1 + np.exp(difficulty - ability))
    return scores, np.arange(1000) % 2


def test_mantel_haenszel_and_logistic_regression_as_r_has_them() -> None:
    scores, group = drawn_by_rule()
    told = json.loads(REFERENCE.read_text())
    r = {key: np.array([item[key] for item in told["items"]]) for key in told["items"][0]}
    assert scores.sum() == told["right"]
    mantel = irt.mantel_haenszel(scores, group, purify=False)
    assert mantel.odds_ratio == pytest.approx(r["odds_ratio"], rel=1e-8)
    assert mantel.chi2 == pytest.approx(r["chi2"], rel=1e-7)
    assert mantel.p == pytest.approx(r["p"], rel=1e-7)
    # R's interval is by Robins, Breslow & Greenland, ours by Phillips & Holland: the same number
    low = np.log(mantel.odds_ratio) - norm.isf(0.025) * mantel.se_delta / 2.35
    assert np.exp(low) == pytest.approx(r["low"], rel=1e-8)
    logistic = irt.logistic_dif(scores, group)
    for name in ("uniform", "both"):
        assert getattr(logistic, name) == pytest.approx(r[name], abs=1e-6)
    assert logistic.log_odds == pytest.approx(r["log_odds"], abs=1e-7)
    assert logistic.se_log_odds == pytest.approx(r["se_log_odds"], rel=1e-6)


def test_each_method_finds_it_and_nothing_else() -> None:
    scores, focal = drawn(1.0, learners=1600, items=8)
    mantel = irt.mantel_haenszel(scores, focal)
    assert mantel.ets[0] == "C"
    assert set(mantel.ets[1:]) == {"A"}
    assert mantel.delta[0] == pytest.approx(-2.35, abs=3 * mantel.se_delta[0])
    logistic = irt.logistic_dif(scores, focal)
    assert logistic.p_uniform[0] < 1e-6
    assert logistic.log_odds[0] == pytest.approx(-1, abs=4 * logistic.se_log_odds[0])
    assert logistic.r2[0] > logistic.r2[1:].max()
    ratio = irt.likelihood_ratio_dif(scores, focal, "rasch")
    assert ratio.p[0] < 1e-6
    assert ratio.p[1:].min() > 0.05
    assert ratio.anchors == ratio.items[1:]
    assert ratio.gap[0] < -0.1
    assert ratio.essd[0] < -0.5
    assert ratio.cohen[0] in "BC"
    assert set(ratio.cohen[1:]) == {"A"}
    assert ratio.converged


def test_an_anchor_with_dif_lends_some_of_it_until_it_is_freed() -> None:
    scores, focal = drawn(1.0, learners=1600, items=8)
    dirty, clean = (irt.likelihood_ratio_dif(scores, focal, "rasch", purify=each) for each in (False, True))
    assert dirty.anchors == dirty.items
    assert clean.g2[0] == pytest.approx(dirty.g2[0])
    assert clean.g2[1:].sum() < dirty.g2[1:].sum() / 2
    assert abs(clean.focal_mean + 0.5) < abs(dirty.focal_mean + 0.5)
    only = irt.likelihood_ratio_dif(scores, focal, "rasch", studied=["item3"])
    assert only.g2[0] == pytest.approx(clean.g2[2])


def test_group_means_alone_are_no_dif() -> None:
    scores, focal = drawn(0.0, learners=1600, items=8, impact=-1.0)
    assert set(irt.mantel_haenszel(scores, focal).ets) == {"A"}
    ratio = irt.likelihood_ratio_dif(scores, focal, "2pl")
    assert ratio.focal_mean == pytest.approx(-1, abs=0.2)
    assert len(ratio.anchors) == 8
    assert ratio.p.min() > 0.001


def test_nonuniform_is_seen_by_the_slope() -> None:
    rng = np.random.default_rng(3)
    focal, theta = np.arange(4000) % 2, rng.normal(size=4000)
    a = np.ones((4000, 10))
    a[focal == 1, 0] = 0.3
    scores = (rng.random((4000, 10)) < expit(a * theta[:, None])).astype(float)
    found = irt.logistic_dif(scores, focal)
    assert found.p_nonuniform[0] < 1e-6
    assert found.nonuniform[0] > found.uniform[0]


def test_missing_answers_and_groups() -> None:
    scores, focal = drawn(1.2, learners=1600, items=8)
    rng = np.random.default_rng(0)
    scores[rng.random(scores.shape) < 0.3] = NAN
    focal[:50] = NAN
    found = irt.mantel_haenszel(scores, focal)
    assert found.ets[0] == "C"
    assert "C" not in found.ets[1:]
    assert found.n_reference[0] + found.n_focal[0] <= np.isfinite(scores[50:, 0]).sum()
    assert irt.likelihood_ratio_dif(scores, focal, "rasch", studied=["item1"], purify=False).p[0] < 1e-6


def test_too_few_and_all_alike() -> None:
    scores, focal = drawn(0.5, learners=150)
    assert set(irt.mantel_haenszel(scores, focal).ets) == {""}
    scores, focal = drawn(0.5)
    scores[:, 3] = 1
    assert irt.mantel_haenszel(scores, focal).ets[3] == ""
    assert np.isnan(irt.logistic_dif(scores, focal).p_both[3])


@pytest.mark.parametrize(
    ("scores", "group"), [([[0, 1]], [2]), ([[0, 1]], [0]), ([[0, 2], [0, 1]], [0, 1]), ([], []), ([[0, 1]], [0, 1])]
)
def test_refused(scores: list[list[float]], group: list[float]) -> None:
    with pytest.raises(ValueError, match=r"group|scores|responses|shape|learners"):
        irt.mantel_haenszel(scores, group)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_order_does_not_matter_and_groups_change_the_sign(seed: int) -> None:
    scores, focal = drawn(0.8, learners=600, items=6)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(600), rng.permutation(6)
    one = irt.mantel_haenszel(scores, focal, purify=False)
    other = irt.mantel_haenszel(scores[np.ix_(rows, columns)], focal[rows], purify=False)
    assert other.delta == pytest.approx(one.delta[columns])
    assert irt.mantel_haenszel(scores, 1 - focal, purify=False).delta == pytest.approx(-one.delta)
    assert strata_counts(scores[:, 0], scores.sum(axis=1), focal.astype(int)).sum() == 600

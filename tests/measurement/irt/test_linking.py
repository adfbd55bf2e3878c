"""Linking, equating and drift: exact on a bank that was moved, and within their errors on calibrations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt
from yincai.measurement.irt.linking import METHODS, Link


def moved(bank: irt.Bank, slope: float, intercept: float) -> irt.Bank:
    return irt.linked(bank, Link("", slope, intercept, 0, 0, ()))


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(METHODS), st.floats(0.5, 2), st.floats(-1.5, 1.5), st.sampled_from(["2pl", "grm"]))
def test_a_moved_bank_is_brought_back(method: str, slope: float, intercept: float, model: str) -> None:
    old, _ = drawn(model, 2, 8, seed=4, steps=1 if model == "2pl" else 2)
    new = moved(old, 1 / slope, -intercept / slope)
    found = irt.link(new, old, method)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=2e-4)
    back = irt.linked(new, found)
    assert back.xi[:, :-1] == pytest.approx(old.xi[:, :-1], abs=2e-3)
    assert back.mean == pytest.approx(old.mean, abs=1e-3)
    order = np.random.default_rng(1).permutation(8)
    assert irt.link(new.chosen(order), old, method).slope == pytest.approx(found.slope, abs=1e-4)


# Twelve common items of two forms, and what STUIRT (Kim & Kolen 2004, its first example) makes of them: Kolen & Brennan
# 2014, ch. 6; D = 1.7. a, b, c of the new form, then of the old one.
KOLEN_BRENNAN = """
0.4551 -0.7101 0.2087  0.4416 -1.3349 0.1559
0.5839 -0.8567 0.2038  0.5730 -1.3210 0.1913
0.7544  0.0212 0.1600  0.5987 -0.7098 0.1177
0.6633  0.0506 0.1240  0.6041 -0.3539 0.0818
1.0690  0.9610 0.2986  0.9902  0.5320 0.3024
0.9672  0.1950 0.0535  0.8081 -0.1156 0.0648
0.3479  2.2768 0.1489  0.4140  2.5538 0.2410
1.4579  1.0241 0.2453  1.3554  0.5811 0.2243
1.8811  1.4062 0.1992  1.0417  0.9392 0.1651
0.7020  2.2401 0.0853  0.6336  1.8960 0.0794
1.4080  1.5556 0.0789  1.1347  1.0790 0.0630
1.2993  2.1589 0.1075  0.9255  2.1337 0.1259
"""


@pytest.mark.parametrize(
    ("method", "slope", "intercept", "within"),
    [
        ("mean/sigma", 1.168891, -0.515543, 1e-6),
        ("mean/mean", 1.217266, -0.557156, 1e-6),
        ("haebara", 1.067800, -0.471281, 0.01),  # STUIRT weighs the curves by ten groups of learners, we by N(0, 1)
        ("stocking-lord", 1.083417, -0.487619, 0.01),
    ],
)
def test_the_published_example_of_kolen_and_brennan(method: str, slope: float, intercept: float, within: float) -> None:
    table = np.array(KOLEN_BRENNAN.split(), float).reshape(12, 2, 3)
    new, old = (
        irt.bank("3pl", [irt.Item(float(1.7 * a), float(b), float(c)) for a, b, c in table[:, side]]) for side in (0, 1)
    )
    found = irt.link(new, old, method)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=within)


@pytest.mark.parametrize("method", METHODS)
def test_two_calibrations_of_groups_that_differ(method: str) -> None:
    bank, _ = drawn("2pl", 2, 25, seed=6)
    rng = np.random.default_rng(3)
    old = irt.fit(irt.simulate(bank, rng.normal(size=2000), rng))
    new = irt.fit(irt.simulate(bank, rng.normal(0.6, 1.3, 2000), rng))
    found = irt.link(new, old, method)
    assert (found.slope, found.intercept) == pytest.approx((1.3, 0.6), abs=0.12)
    assert 0.001 < found.se_slope < 0.1
    assert 0.001 < found.se_intercept < 0.1


@pytest.mark.slow
def test_errors_are_the_spread_of_repeated_calibrations() -> None:
    bank, _ = drawn("2pl", 2, 20, seed=6)
    rng, true = np.random.default_rng(1), np.array([1.3, 0.6])
    found: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    for _ in range(100):
        old, new = (irt.fit(irt.simulate(bank, rng.normal(*latent, 800), rng)) for latent in ((0, 1), (0.6, 1.3)))
        for method, all_of in found.items():
            by = irt.link(new, old, method)
            all_of.append([by.slope, by.intercept, by.se_slope, by.se_intercept])
    for all_of in found.values():
        values, told = np.array(all_of)[:, :2], np.array(all_of)[:, 2:]
        assert np.sqrt((told**2).mean(axis=0)) == pytest.approx(values.std(axis=0, ddof=1), rel=0.25)
        covered = (np.abs(values - true) < 1.2816 * told).mean(axis=0)
        assert (covered > 0.7).all() and (covered < 0.9).all()


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_those_of_a_link_worked_out_again(method: str) -> None:
    """The delta method with derivatives by whole new links, and the covariance of all parameters at once."""
    bank, _ = drawn("2pl", 2, 6, seed=6)
    rng = np.random.default_rng(3)
    old = irt.fit(irt.simulate(bank, rng.normal(size=20_000), rng))
    new = irt.fit(irt.simulate(bank, rng.normal(0.6, 1.3, 20_000), rng))
    variances = np.zeros(2)
    for side, of in enumerate((new, old)):
        slopes = np.zeros((2, *of.bank.xi.shape))
        for item, place in np.argwhere(of.bank.xi[:, :2]):
            ends = []
            for step in (1e-3, -1e-3):
                xi = of.bank.xi.copy()
                xi[item, place] += step
                both = [new.bank, old.bank]
                both[side] = replace(of.bank, xi=xi)
                by = irt.link(*both, method)
                ends.append([by.slope, by.intercept])
            slopes[:, item, place] = np.subtract(*ends) / 2e-3
        flat = slopes.reshape(2, -1)
        variances += np.diag(flat @ of.covariance(of.items) @ flat.T)
    found = irt.link(new, old, method)
    assert [found.se_slope, found.se_intercept] == pytest.approx(np.sqrt(variances), rel=0.02)


@pytest.mark.parametrize(("model", "n_items"), [("2pl", 6), ("3pl", 8), ("grm", 4), ("rasch", 5)])
def test_the_covariance_between_items_is_that_of_the_whole_information(model: str, n_items: int) -> None:
    """Second differences of the marginal likelihood written out over a grid."""
    n, c = (4000, 0.2) if model == "3pl" else (400, 0.0)
    _, scores = drawn(model, n, n_items, seed=2, steps=2 if model == "grm" else 1, c=c)
    found = irt.fit(scores, model, tolerance=1e-7)
    free = np.isfinite(np.diagonal(found.covariances, axis1=1, axis2=2))
    places = np.argwhere(free)
    t = np.linspace(-6, 6, 121)
    log_weight = -t * t / 2 - np.log(np.exp(-t * t / 2).sum())
    patterns, times = np.unique(np.asarray(scores, int), axis=0, return_counts=True)

    def value(x: np.ndarray) -> float:
        xi, deviation = found.bank.xi.copy(), np.sqrt(found.latent.variance)
        xi[free] = x[: len(places)]
        if model == "rasch":
            deviation = x[-1]
        at = replace(found.bank, xi=xi)
        p = np.log(at.probabilities(deviation * t))
        held = sum(p[:, item, patterns[:, item] - at.lowest[item]] for item in range(n_items))
        prior = 0.5 * ((xi[:, -1] + 1.4) ** 2).sum() if model == "3pl" else 0.0
        return float(times @ np.log(np.exp(held + log_weight[:, None]).sum(axis=0)) - prior)

    x = np.concatenate([found.bank.xi[free], [np.sqrt(found.latent.variance)] if model == "rasch" else []])
    h, n = 1e-3, len(x)
    information = np.zeros((n, n))
    steps = np.eye(n) * h
    for i in range(n):
        for j in range(i + 1):
            ends = [
                value(x + a * steps[i] + b * steps[j]) * a * b for a in (1, -1) for b in (1, -1)
            ]  # fmt: skip
            information[i, j] = information[j, i] = -sum(ends) / (4 * h * h)
    wanted = np.linalg.inv(information)[: len(places), : len(places)]
    whole = found.covariance(found.items).reshape(*free.shape, *free.shape)
    got = np.array([[whole[tuple(one) + tuple(other)] for other in places] for one in places])
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert np.abs((got - wanted) / scale).max() < 0.01


def test_a_long_test_and_a_streamed_one_tell_nearly_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, scores = drawn("2pl", 1500, 60, seed=6)
    learner, item = np.indices(scores.shape).reshape(2, -1)
    whole = irt.fit(scores)
    streamed = irt.fit_streamed([(learner, item, scores.ravel().astype(int))], items=bank.names, tolerance=1e-4)
    monkeypatch.setattr("yincai.measurement.irt.calibration.LARGE", 10)
    long = irt.fit(scores)
    assert long.shared.shape[2] < whole.shared.shape[2]
    for method in METHODS:
        wanted, near, rough = (irt.link(each, bank, method) for each in (whole, long, streamed))
        assert (near.se_slope, near.se_intercept) == pytest.approx((wanted.se_slope, wanted.se_intercept), rel=0.03)
        assert (rough.se_slope, rough.se_intercept) == pytest.approx((wanted.se_slope, wanted.se_intercept), rel=0.25)


def test_errors_are_told_where_a_calibration_has_them() -> None:
    bank, scores = drawn("2pl", 400, 10, seed=6)
    assert irt.link(irt.fit(scores), bank).se_slope > 0.01
    assert np.isnan(irt.link(bank, bank).se_slope)
    assert np.isnan(irt.link(irt.fit(scores, standard_errors=False), bank).se_slope)
    one, other = (irt.link(irt.fit(scores), irt.fit(scores)), irt.link(irt.fit(scores), bank))
    assert one.se_slope == pytest.approx(np.sqrt(2) * other.se_slope, rel=0.2)


def test_leaving_one_out_shows_the_item_that_drifted() -> None:
    bank, _ = drawn("2pl", 2, 10, seed=6)
    rng = np.random.default_rng(3)
    xi = bank.xi.copy()
    xi[4, 1] -= 1.5 * xi[4, 0]
    old = irt.fit(irt.simulate(bank, rng.normal(size=3000), rng))
    calm = irt.fit(irt.simulate(bank, rng.normal(size=3000), rng))
    new = irt.fit(irt.simulate(replace(bank, xi=xi), rng.normal(size=3000), rng))
    found, by = irt.leave_one_out(new, old), irt.link(new, old)
    assert found.items[int(np.argmax(np.abs(found.intercept - by.intercept)))] == "item5"
    assert found.se_intercept > 2 * by.se_intercept
    assert irt.leave_one_out(calm, old).se_intercept < 1.5 * irt.link(calm, old).se_intercept
    with pytest.raises(ValueError, match="three common"):
        irt.leave_one_out(bank.chosen([0, 1]), bank)


def test_rasch_keeps_its_slope() -> None:
    old, _ = drawn("rasch", 2, 6, seed=1)
    found = irt.link(moved(old, 1, 0.7), old, "stocking-lord")
    assert (found.slope, found.intercept) == pytest.approx((1, -0.7), abs=1e-5)
    with pytest.raises(ValueError, match="slope"):
        moved(old, 2, 0)


def test_links_that_cannot_be() -> None:
    old, _ = drawn("2pl", 2, 6, seed=1)
    with pytest.raises(ValueError, match="method"):
        irt.link(old, old, "magic")
    with pytest.raises(ValueError, match="two common"):
        irt.link(replace(old, names=tuple("abcdef")), old)
    with pytest.raises(ValueError, match="linked"):
        irt.link(drawn("rasch", 2, 6, seed=1)[0], old)


@pytest.mark.parametrize(("model", "c"), [("2pl", 0.0), ("3pl", 0.2), ("gpcm", 0.0)])
def test_a_form_is_equal_to_itself(model: str, c: float) -> None:
    form, _ = drawn(model, 2, 8, seed=4, steps=2 if model == "gpcm" else 1, c=c)
    for equating in (irt.true_score_equating, irt.observed_score_equating):
        found = equating(form, form)
        assert found.equivalent == pytest.approx(found.score, abs=1e-6)


def test_equating_rises_and_a_harder_form_is_worth_more() -> None:
    form, _ = drawn("2pl", 2, 20, seed=4)
    harder = moved(form, 1, 0.5)
    for equating in (irt.true_score_equating, irt.observed_score_equating):
        found = equating(replace(harder, mean=0.0), form)
        assert (np.diff(found.equivalent) > 0).all()
        assert (found.equivalent - found.score)[3:17].min() > 0.5


def test_equipercentile_scores_have_the_mean_of_the_other_form() -> None:
    x, _ = drawn("2pl", 2, 30, seed=4)
    y, _ = drawn("2pl", 2, 30, seed=5)
    shares = [irt.eapsum(form).share for form in (x, y)]
    found = irt.observed_score_equating(x, y)
    assert shares[0] @ found.equivalent == pytest.approx(shares[1] @ found.score, abs=0.05)


def test_drift_finds_the_item_that_moved() -> None:
    bank, _ = drawn("2pl", 2, 12, seed=6)
    rng = np.random.default_rng(3)
    xi = bank.xi.copy()
    xi[4, 1] -= 0.8 * xi[4, 0]
    later = replace(bank, xi=xi)
    old = irt.fit(irt.simulate(bank, rng.normal(size=2000), rng))
    new = irt.fit(irt.simulate(later, rng.normal(0.3, 1, 2000), rng))
    found = irt.drift(new, old)
    assert "item5" in found.flagged
    assert np.argmax(np.abs(found.z)) == 4
    assert found.change[4] == pytest.approx(0.8, abs=0.25)
    assert found.low[4] > 0.3
    still = np.delete(np.arange(12), 4)
    assert np.mean((found.low <= 0)[still] & (found.high >= 0)[still]) > 0.5


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_items_moves_no_link_and_no_equating(method: str) -> None:
    old = irt.bank("2pl", {f"i{n}": irt.Item(0.7 + 0.1 * n, n / 4 - 1) for n in range(8)})
    new = irt.bank("2pl", {f"i{n}": irt.Item(0.8 + 0.1 * n, n / 5 - 1) for n in range(8)})
    turned = new.chosen([3, 7, 0, 5, 1, 6, 2, 4])
    one, other = irt.link(new, old, method), irt.link(turned, old, method)
    assert (one.slope, one.intercept) == pytest.approx((other.slope, other.intercept), abs=1e-6)
    for equate in (irt.true_score_equating, irt.observed_score_equating):
        assert equate(new, old).equivalent == pytest.approx(equate(turned, old).equivalent, abs=1e-9)


def test_an_item_that_nobody_answered_has_no_part_in_link_and_drift() -> None:
    bank, scores = drawn("2pl", 600, 8, seed=4)
    old = irt.fit(scores, items=bank.names)
    gone = scores.copy()
    gone[:, 2] = np.nan
    new = irt.fit(gone, items=bank.names)
    assert bank.names[2] not in irt.link(new, old).common
    found = irt.drift(new, old)
    assert bank.names[2] not in found.items and np.isfinite(found.z).all() and np.isfinite(found.se).all()

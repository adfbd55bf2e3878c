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
    old = irt.fit(irt.simulate(bank, rng.normal(size=2000), rng), standard_errors=False)
    new = irt.fit(irt.simulate(bank, rng.normal(0.6, 1.3, 2000), rng), standard_errors=False)
    found = irt.link(new, old, method, rng=np.random.default_rng(0), draws=8)
    assert (found.slope, found.intercept) == pytest.approx((1.3, 0.6), abs=0.12)
    assert 0.001 < found.se_slope < 0.1
    assert 0.001 < found.se_intercept < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mean/sigma", "stocking-lord"])
def test_errors_are_the_spread_of_repeated_calibrations(method: str) -> None:
    bank, _ = drawn("2pl", 2, 20, seed=6)
    rng, found = np.random.default_rng(1), []
    for _ in range(40):
        old, new = (irt.fit(irt.simulate(bank, rng.normal(*latent, 800), rng)) for latent in ((0, 1), (0.6, 1.3)))
        found.append(irt.link(new, old, method, rng=np.random.default_rng(0), draws=30))
    for of in ("slope", "intercept"):
        spread = np.std([getattr(each, of) for each in found], ddof=1)
        told = np.sqrt(np.mean([getattr(each, f"se_{of}") ** 2 for each in found]))
        assert told == pytest.approx(spread, rel=0.3)


def test_a_known_bank_has_no_error_of_its_scale() -> None:
    bank, scores = drawn("2pl", 400, 10, seed=6)
    found = irt.fit(scores)
    of_scale = irt.link(found, bank, rng=np.random.default_rng(0), draws=20)
    known = irt.link(found.bank, bank, rng=np.random.default_rng(0), draws=20)
    assert of_scale.se_intercept**2 - known.se_intercept**2 == pytest.approx(known.slope**2 / 400)
    assert of_scale.se_slope**2 - known.se_slope**2 == pytest.approx(known.slope**2 / 800)


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

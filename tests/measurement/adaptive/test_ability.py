"""Estimators: against scipy's integrals and optimisers, at the edges, and in whatever order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from tests.measurement.adaptive import made
from yincai.measurement import adaptive
from yincai.measurement.adaptive import ability

PARAMETERS = st.tuples(st.floats(0.3, 3), st.floats(-3, 3), st.floats(0, 0.35), st.floats(0, 0.2), st.floats(0, 0.5))
SEVERAL = st.lists(st.tuples(st.floats(0.4, 2.5), st.floats(-2.5, 2.5), st.floats(0, 0.3)), min_size=2, max_size=25)


def of(items: list[tuple[float, float, float]]) -> adaptive.Pool:
    a, b, c = np.array(items).T
    return adaptive.Pool(a, b, c)


def log_likelihood(pool: adaptive.Pool, scores: list[int], theta: float) -> float:
    p = pool.c + (1 - pool.c) / (1 + np.exp(-pool.a * (theta - pool.b)))
    return float(np.where(np.array(scores) == 1, np.log(p), np.log1p(-p)).sum())


@given(PARAMETERS, st.floats(-4, 4))
@settings(deadline=None)
def test_slope_and_curvature_are_those_of_the_curve(item: tuple[float, ...], theta: float) -> None:
    p, slope, curvature = ability.curve(theta, *item)
    h = 1e-4
    up, down = ability.curve(theta + h, *item), ability.curve(theta - h, *item)
    assert slope == pytest.approx((up[0] - down[0]) / (2 * h), abs=1e-6)
    assert curvature == pytest.approx((up[1] - down[1]) / (2 * h), abs=1e-5)
    assert ability.wrong(theta, *item) == pytest.approx(1 - p, abs=1e-12)
    assert ability.item_information(theta, *item) == pytest.approx(slope**2 / (p * (1 - p)), rel=1e-6)


@pytest.mark.parametrize("theta", [-2.0, -0.5, 0.4, 1.5, 3.0])
@pytest.mark.parametrize(("va", "vb"), [(0.0, 0.25), (0.04, 0.09), (0.09, 0.0)])
def test_the_curve_is_averaged_over_the_parameters(theta: float, va: float, vb: float) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    a, b = 1.2 + math.sqrt(va) * nodes[:, None], 0.3 + math.sqrt(vb) * nodes[None, :]
    exact = (weights[:, None] * weights[None, :] / (1 + np.exp(-a * (theta - b)))).sum() / weights.sum() ** 2
    assert ability.curve(theta, 1.2, 0.3, 0.0, va, vb)[0] == pytest.approx(exact, abs=0.006)


def test_an_uncertain_item_tells_less() -> None:
    sure, unsure = made.pool(20), made.pool(20, se_a=np.full(20, 0.2), se_b=np.full(20, 0.4))
    near = np.abs(sure.b) < 1
    assert (adaptive.information(unsure, [0.0]) < adaptive.information(sure, [0.0]))[near].all()
    scores = [1, 0] * 10
    assert adaptive.eap(unsure, scores)[1] > adaptive.eap(sure, scores)[1]


@given(SEVERAL, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_eap_is_the_integral(items: list[tuple[float, float, float]], chance: object) -> None:
    pool = of(items)
    scores = [chance.choice((0, 1)) for _ in items]  # type: ignore[attr-defined]
    top = max(log_likelihood(pool, scores, theta) for theta in np.linspace(-6, 6, 60))

    def moment(k: int) -> float:
        def weighed(theta: float) -> float:
            return float(theta**k * math.exp(log_likelihood(pool, scores, theta) - top) * stats.norm.pdf(theta))

        return float(integrate.quad(weighed, -6, 6, limit=200)[0])

    whole = moment(0)
    mean = moment(1) / whole
    found = adaptive.eap(pool, scores)
    assert found == pytest.approx((mean, math.sqrt(moment(2) / whole - mean**2)), abs=2e-4)


@given(SEVERAL, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_mle_is_the_highest_point(items: list[tuple[float, float, float]], chance: object) -> None:
    pool = of(items)
    scores = [chance.choice((0, 1)) for _ in items]  # type: ignore[attr-defined]
    best = max(log_likelihood(pool, scores, theta) for theta in np.linspace(-6, 6, 1001))
    found, error = adaptive.mle(pool, scores)
    # Of a likelihood that is flat towards a bound (guessing) either end is as good.
    inside = max(log_likelihood(pool, scores, found), log_likelihood(pool, scores, -6.0))
    assert inside >= best - 1e-6
    assert -6 <= found <= 6 and error > 0


def test_wle_of_two_hills_is_the_higher_one() -> None:
    pool = of([(1.75, 2.0, 0.0), (2.0, -1.0, 0.0)])

    def height(theta: float, scores: list[int]) -> float:
        return log_likelihood(pool, scores, theta) + 0.5 * math.log(adaptive.information(pool, [theta]).sum())

    for scores in ([1, 0], [0, 1]):
        highest = max(np.linspace(-6, 6, 1201), key=lambda theta, scores=scores: height(theta, scores))
        assert abs(adaptive.wle(pool, scores)[0] - highest) < 0.02


@given(SEVERAL, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_wle_without_guessing_is_firths_penalty(items: list[tuple[float, float, float]], chance: object) -> None:
    """For the two-parameter model Warm's estimate maximises log L + ½ log I."""
    pool = of([(a, b, 0.0) for a, b, _ in items])
    scores = [chance.choice((0, 1)) for _ in items]  # type: ignore[attr-defined]

    def penalised(theta: float) -> float:
        return -log_likelihood(pool, scores, theta) - 0.5 * math.log(adaptive.information(pool, [theta]).sum())

    start = min(np.linspace(-6, 6, 241), key=penalised)
    wanted = optimize.minimize_scalar(penalised, bounds=(max(-6, start - 0.1), min(6, start + 0.1)), method="bounded")
    assert penalised(adaptive.wle(pool, scores)[0]) <= wanted.fun + 1e-5


@given(SEVERAL, st.sampled_from([0, 1]))
@settings(deadline=None)
def test_all_right_and_all_wrong_are_finite(items: list[tuple[float, float, float]], score: int) -> None:
    pool, alike = of(items), [score] * len(items)
    for estimator in (adaptive.eap, adaptive.wle, adaptive.mle):
        value, error = estimator(pool, alike)
        assert math.isfinite(value) and math.isfinite(error) and -6 <= value <= 6 and error > 0
    assert adaptive.mle(pool, alike)[0] == (6.0 if score else -6.0)
    assert (adaptive.eap(pool, alike)[0] > 0) == (score == 1)


@given(SEVERAL, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_items_does_not_matter(items: list[tuple[float, float, float]], chance: object) -> None:
    pairs = [(item, chance.choice((0, 1))) for item in items]  # type: ignore[attr-defined]
    mixed = pairs.copy()
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for estimator in (adaptive.eap, adaptive.wle, adaptive.mle):
        one = estimator(of([item for item, _ in pairs]), [score for _, score in pairs])
        other = estimator(of([item for item, _ in mixed]), [score for _, score in mixed])
        assert one == pytest.approx(other, abs=1e-7)


@given(SEVERAL, st.integers(0, 24), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_one_more_right_is_never_a_lower_eap(items: list[tuple[float, float, float]], at: int, chance: object) -> None:
    scores = [chance.choice((0, 1)) for _ in items]  # type: ignore[attr-defined]
    lower, higher = scores.copy(), scores.copy()
    lower[at % len(items)], higher[at % len(items)] = 0, 1
    assert adaptive.eap(of(items), higher)[0] > adaptive.eap(of(items), lower)[0]


@given(st.floats(-2, 2), st.floats(0.15, 1.0), st.floats(-2, 2))
@settings(deadline=None)
def test_bands_and_intervals_are_those_of_a_normal(mean: float, sd: float, cut: float) -> None:
    nodes = np.linspace(-6, 6, 61)
    log_density = -0.5 * ((nodes - mean) / sd) ** 2
    below, above = ability.band_probabilities(log_density, nodes, (cut,))
    assert below == pytest.approx(stats.norm.cdf(cut, mean, sd), abs=2e-3)
    assert below + above == pytest.approx(1)
    low, high = ability.interval(log_density, nodes, 0.9)
    assert (low, high) == pytest.approx(stats.norm.interval(0.9, mean, sd), abs=5e-3)
    assert ability.band_probabilities(log_density, nodes, ()) == (1.0,)


def test_wrong_scores_are_refused() -> None:
    for estimator in (adaptive.eap, adaptive.wle, adaptive.mle):
        for scores in ([1], [1, 2], [0.5, 1]):
            with pytest.raises(ValueError, match="zeros and ones"):
                estimator(made.pool(2), scores)

"""Quantile regression: the optimum of a linear programme, the same by band as directly, its standard errors."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from yincai.measurement.growth import quantiles, splines

TAUS = [0.05, 0.25, 0.5, 0.9]


def loss(y: np.ndarray, fitted: np.ndarray, tau: float) -> float:
    residual = y - fitted
    return float((residual * (tau - (residual < 0))).sum())


def best_loss(x: np.ndarray, y: np.ndarray, tau: float) -> float:
    n, p = x.shape
    cost = np.r_[np.zeros(p), np.full(n, tau), np.full(n, 1 - tau)]
    found = linprog(
        cost, A_eq=np.hstack([x, np.eye(n), -np.eye(n)]), b_eq=y, bounds=[(None, None)] * p + [(0, None)] * 2 * n
    )
    return float(found.fun)


def sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    prior = np.round(500 + 60 * rng.normal(size=n))
    y = np.round(prior + 20 + (10 + 0.02 * (prior - 300)) * rng.normal(size=n))
    knots = splines.knots_of(prior)
    return np.column_stack([np.ones(n), splines.basis(prior, np.array(knots.inner), knots.bounds)]), y


def test_examples() -> None:
    for module in (quantiles, splines):
        assert doctest.testmod(module).failed == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(1, 4), st.booleans())
def test_reaches_the_optimum_of_the_linear_programme(seed: int, n: int, p: int, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = np.column_stack([np.ones(n), rng.normal(size=(n, p - 1))]), rng.normal(size=n)
    if whole:  # ties everywhere
        x, y = np.round(x), np.round(2 * y)
    fitted = quantiles.fit(x, y, TAUS).predict(x)
    for k, tau in enumerate(TAUS):
        assert loss(y, fitted[:, k], tau) == pytest.approx(best_loss(x, y, tau), rel=1e-7, abs=1e-7)


def test_the_band_finds_the_vertex_of_all_rows() -> None:
    x, y = sample(12_500, 3)
    taus = (np.arange(2, 100, 24) + 0.5) / 100
    banded = quantiles.fit(x, y, taus)
    assert len(y) > quantiles.DIRECT
    rows = quantiles._whiten(x, y)
    direct = quantiles._chain(rows, taus, np.arange(len(taus)), everything=True) @ rows.back.T
    assert np.abs(x @ (banded.coefficients - direct).T).max() < 1e-6


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_order_of_rows_and_change_of_scale(seed: int) -> None:
    x, y = sample(400, seed)
    order = np.random.default_rng(seed).permutation(len(y))
    plain = quantiles.fit(x, y, TAUS).predict(x)
    moved = quantiles.fit(x[order], y[order], TAUS).predict(x)
    scaled = quantiles.fit(x, 3 * y - 7, TAUS).predict(x)
    for k, tau in enumerate(TAUS):
        assert loss(y, moved[:, k], tau) == pytest.approx(loss(y, plain[:, k], tau), rel=1e-9)
    assert np.abs(scaled - (3 * plain - 7)).max() < 1e-3


def test_all_the_same() -> None:
    fitted = quantiles.fit(np.ones((20, 1)), np.full(20, 7.0), TAUS)
    assert np.allclose(fitted.coefficients, 7.0)


def test_a_column_of_zeros_and_a_doubled_one_do_no_harm() -> None:
    x, y = sample(300, 1)
    odd = np.column_stack([x, np.zeros(300), x[:, 1]])
    fitted = quantiles.fit(odd, y, [0.3])
    assert fitted.rank == x.shape[1]
    assert loss(y, fitted.predict(odd)[:, 0], 0.3) == pytest.approx(best_loss(x, y, 0.3), rel=1e-9)


def test_standard_errors_match_repeated_samples() -> None:
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(1500), rng.normal(size=1500)])
    found, errors = [], []
    for _ in range(60):
        y = x @ [1.0, 2.0] + rng.normal(size=1500) * (1 + 0.3 * np.abs(x[:, 1]))
        fitted = quantiles.fit(x, y, [0.3])
        found.append(fitted.coefficients[0])
        errors.append(quantiles.standard_errors(x, y, fitted)[0])
    ratio = np.mean(errors, axis=0) / np.std(found, axis=0)
    assert (ratio > 0.75).all()
    assert (ratio < 1.3).all()


@pytest.mark.parametrize(
    ("x", "y", "taus"),
    [
        (np.ones((3, 1)), np.ones(2), [0.5]),
        (np.ones((0, 1)), np.ones(0), [0.5]),
        (np.ones((3, 1)), np.array([1.0, np.nan, 2.0]), [0.5]),
        (np.ones((3, 1)), np.ones(3), [1.0]),
        (np.ones((3, 1)), np.ones(3), []),
        (np.zeros((3, 1)), np.ones(3), [0.5]),
    ],
)
def test_refuses(x: np.ndarray, y: np.ndarray, taus: list[float]) -> None:
    with pytest.raises(ValueError, match=r"."):
        quantiles.fit(x, y, taus)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=5), st.floats(-2, 12))
@example([0.0, 5e-324], 0.0)  # a span that is there and cannot be divided by
def test_a_spline_basis_with_its_first_column_sums_to_one(inner: list[float], at: float) -> None:
    knots = np.sort(np.array(inner))
    x = np.array([at])
    whole = splines.basis(x, knots, (-1.0, 11.0))
    assert whole.shape == (1, len(inner) + 3)
    if -1.0 <= at <= 11.0:
        assert whole.sum() <= 1 + 1e-9
        assert whole.min() >= -1e-9


def test_splines_reproduce_cubics_also_outside_the_bounds() -> None:
    x = np.linspace(-2, 3, 40)
    y = 1 + 2 * x - x**2 + 0.5 * x**3
    columns = np.column_stack([np.ones(40), splines.basis(x, np.array([0.2, 0.5, 0.7]), (0.0, 1.0))])
    inside = (x >= 0) & (x <= 1)
    beta = np.linalg.lstsq(
        np.column_stack([np.ones(200), splines.basis(np.linspace(0, 1, 200), np.array([0.2, 0.5, 0.7]), (0.0, 1.0))]),
        np.polynomial.Polynomial([1, 2, -1, 0.5])(np.linspace(0, 1, 200)),
        rcond=None,
    )[0]
    assert inside.any()
    assert np.abs(columns @ beta - y).max() < 1e-7


def test_knots_refuse_what_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two different"):
        splines.knots_of(np.array([5.0, 5.0, np.nan]))
    with pytest.raises(ValueError, match="rise"):
        splines.Knots((3.0, 2.0), (0.0, 5.0))
    assert splines.Knots((506, 547, 580, 616), (85.5, 859.5)).scale == pytest.approx((150.0, 795.0))

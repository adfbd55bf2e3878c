"""The curve: sure probabilities are brought back, true ones stay, the order of predictions stays, folds are even."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.measurement.tracing import bkt, logistic, metrics, recalibration
from yincai.measurement.tracing.log import Log
from yincai.measurement.tracing.recalibration import KNOTS, PULL, Curve, even_folds, learned, out_of_fold

from .test_models import simulated


def drawn(sureness: float, n: int = 40_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True probabilities, ones that are too sure or not sure enough, and outcomes."""
    chance = np.random.default_rng(2)
    z = chance.normal(1, 1.2, n)
    truth = 1 / (1 + np.exp(-z))
    return truth, 1 / (1 + np.exp(-sureness * z)), (chance.random(n) < truth).astype(float)


def test_the_running_example() -> None:
    found = doctest.testmod(recalibration)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("sureness", [0.6, 1.0, 1.8])
def test_probabilities_come_back_to_the_truth(sureness: float) -> None:
    truth, told, y = drawn(sureness)
    after = learned(told[:20_000], y[:20_000]).of(told[20_000:])
    assert np.abs(after - truth[20_000:]).mean() < 0.012
    assert metrics.calibration_error(y[20_000:], after) < 0.012  # of perfect ones: up to 0.009


def test_it_is_at_the_maximum_of_the_penalised_likelihood() -> None:
    _, told, y = drawn(1.5, 3000)
    found = learned(told, y)

    def value(offsets: np.ndarray) -> float:
        p = Curve(offsets).of(told)
        return float((y * np.log(p) + (1 - y) * np.log1p(-p)).sum() - 0.5 * PULL * (offsets**2).sum())

    best = value(found.offsets)
    for knot in range(len(KNOTS)):
        for step in (-0.01, 0.01):
            assert value(found.offsets + step * np.eye(len(KNOTS))[knot]) < best


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=300))
def test_the_curve_never_falls_whatever_it_learns_from(rows: list[tuple[float, float]]) -> None:
    p, y = np.array(rows).T
    curve = learned(np.tile(p, 20), np.tile(y, 20))
    after, se = curve.with_error(np.linspace(0, 1, 201), np.full(201, 0.1))
    assert (np.diff(after) >= 0).all()
    assert ((after >= 0) & (after <= 1) & (se >= 0)).all()


def test_the_error_follows_the_slope() -> None:
    curve = Curve(np.linspace(0.8, -0.6, len(KNOTS)))
    p = np.array([0.15, 0.4, 0.62, 0.9, 0.999])
    _, se = curve.with_error(p, np.full(5, 1.0))
    assert se == pytest.approx((curve.of(p + 1e-6) - curve.of(p - 1e-6)) / 2e-6, rel=1e-4)


def test_folds_are_even_and_know_no_order_of_learners() -> None:
    log = simulated(53, 20, 5, seed=1)
    fold = even_folds(log)
    assert np.bincount(fold).tolist() == [11, 11, 11, 10, 10]
    turned = Log.of(52 - log.learner, log.item, log.correct, time=log.time)
    assert even_folds(turned)[::-1].tolist() == fold.tolist()


def test_nobody_is_predicted_by_a_fit_that_saw_him() -> None:
    log = simulated(23, 20, 5)
    seen: list[float] = []

    def predicted(rest: Log, held: Log) -> np.ndarray:
        assert rest.n + held.n == log.n
        assert not {*rest.time} & {*held.time}
        seen.extend(held.time)
        return np.full(held.n, 0.5)

    out_of_fold(log, predicted)
    assert sorted(seen) == sorted(log.time)
    assert not out_of_fold(log.of_learners(np.arange(23) == 0), predicted).offsets.any()


def test_a_fit_learns_a_curve_that_calibrates_strangers() -> None:
    """Few answers on many units: what is fitted is too sure of itself, which learners left out tell."""
    log, strangers = simulated(150, 40, 60, seed=2), simulated(600, 40, 60, seed=3)
    found = bkt.fit(log)
    plain = replace(found, curve=Curve())
    before, after = (metrics.log_loss(strangers.correct, each.predict_log(strangers)) for each in (plain, found))
    assert after < before - 0.003
    assert logistic.fit(log).curve.offsets.any()

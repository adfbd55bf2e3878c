"""Abilities, information and reliability."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt
from yincai.measurement.irt.curves import curve_tables

MODULES = [name for _, name, _ in pkgutil.iter_modules(irt.__path__, "yincai.measurement.irt.")]
OURS = (
    *("responses", "curves", "items", "threads", "expectation", "maximization", "em"),
    *("errors", "scoring", "information", "result", "calibration"),
)


@pytest.mark.parametrize("name", OURS)
def test_examples_in_docstrings(name: str) -> None:
    assert f"yincai.measurement.irt.{name}" in MODULES
    assert doctest.testmod(importlib.import_module(f"yincai.measurement.irt.{name}")).failed == 0


def likelihood(bank: irt.Bank, row: np.ndarray, theta: float) -> float:
    p = bank.probabilities(theta)[0]
    return float(np.prod([p[item, int(score)] for item, score in enumerate(row) if score == score]))


@pytest.mark.parametrize(("model", "steps", "c"), [("2pl", 1, 0.0), ("3pl", 1, 0.2), ("grm", 3, 0.0), ("pcm", 2, 0.0)])
def test_eap_is_the_integral(model: str, steps: int, c: float) -> None:
    bank, scores = drawn(model, 5, 8, seed=21, steps=steps, c=c)
    scores[0, 2] = np.nan
    found = irt.scores(bank, scores)
    for row, theta, se in zip(scores, found.theta, found.se, strict=True):

        def moment(power: int, row: np.ndarray = row) -> float:
            return float(quad(lambda t: t**power * likelihood(bank, row, t) * norm.pdf(t), -8, 8)[0])

        total, first, second = map(moment, range(3))
        assert theta == pytest.approx(first / total, abs=1e-6)
        assert se == pytest.approx(np.sqrt(second / total - theta**2), abs=1e-6)


@pytest.mark.parametrize(("model", "steps"), [("2pl", 1), ("grm", 3), ("gpcm", 2)])
def test_map_is_the_top_of_the_posterior(model: str, steps: int) -> None:
    bank, scores = drawn(model, 6, 8, seed=22, steps=steps)
    found = irt.scores(bank, scores, "map")
    at = np.linspace(-4, 4, 8_001)
    for row, theta in zip(scores, found.theta, strict=True):
        p = bank.probabilities(at)
        log_posterior = sum(np.log(p[:, item, int(score)]) for item, score in enumerate(row)) + norm.logpdf(at)
        assert theta == pytest.approx(at[np.argmax(log_posterior)], abs=1.1e-3)


def test_wle_is_the_top_of_the_weighted_likelihood() -> None:
    """For the Rasch model and the 2PL, Warm's estimate maximises L · √I exactly."""
    bank, scores = drawn("2pl", 6, 10, seed=23)
    scores[0], scores[1] = 0, 1
    found = irt.scores(bank, scores, "wle")
    at = np.linspace(-8, 8, 16_001)
    p = bank.probabilities(at)
    weight = np.log(irt.test_information(bank, at)) / 2
    for row, theta in zip(scores, found.theta, strict=True):
        log_likelihood = sum(np.log(p[:, item, int(score)]) for item, score in enumerate(row))
        assert theta == pytest.approx(at[np.argmax(log_likelihood + weight)], abs=1.1e-3)


def test_wle_is_less_biased_than_eap_far_out() -> None:
    bank, _ = drawn("2pl", 1, 30, seed=24)
    rng = np.random.default_rng(25)
    scores = irt.simulate(bank, np.full(3000, 2.0), rng)
    bias = {method: abs(float(irt.scores(bank, scores, method).theta.mean()) - 2.0) for method in ("eap", "map", "wle")}
    assert bias["wle"] < 0.05 < bias["eap"]
    assert bias["wle"] < bias["map"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["eap", "map", "wle"]))
def test_a_right_answer_never_lowers_an_ability(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    bank, _ = drawn("2pl", 1, 6, seed=seed)
    row = rng.integers(0, 2, 6).astype(float)
    row[0] = 0.0
    better = row.copy()
    better[0] = 1.0
    low, high = irt.scores(bank, [row, better], method).theta
    assert low < high


def test_no_answers_give_the_prior() -> None:
    bank = irt.bank("2pl", [irt.Item(1.0, 0.0)] * 3, mean=0.5, variance=4.0)
    empty = np.full((1, 3), np.nan)
    eap = irt.scores(bank, empty)
    assert (eap.theta[0], eap.se[0]) == (pytest.approx(0.5), pytest.approx(2.0, abs=1e-4))
    assert irt.scores(bank, empty, "map").theta[0] == pytest.approx(0.5)
    assert np.isnan(irt.scores(bank, empty, "wle").theta[0])
    with pytest.raises(ValueError, match="no method"):
        irt.scores(bank, empty, "mle")
    with pytest.raises(ValueError, match="scores run"):
        irt.scores(bank, [[2, 0, 0]])


@pytest.mark.parametrize(("model", "steps", "c"), [("2pl", 1, 0.0), ("3pl", 1, 0.2), ("grm", 3, 0.0), ("pcm", 2, 0.0)])
def test_information_is_the_expected_curvature(model: str, steps: int, c: float) -> None:
    bank, _ = drawn(model, 1, 4, seed=26, steps=steps, c=c)
    at, h = np.array([-1.0, 0.3, 2.0]), 1e-4
    tables = [np.log(curve_tables(bank.model.family, bank.xi, bank.first, at + s)[0]) for s in (-h, 0, h)]
    curvature = -(tables[0] - 2 * tables[1] + tables[2]) / h**2
    expected = np.add.reduceat(np.exp(tables[1]) * curvature, bank.first[:-1]).T
    assert irt.item_information(bank, at) == pytest.approx(expected, abs=1e-5)
    assert irt.test_information(bank, at) == pytest.approx(expected.sum(axis=1), abs=1e-5)


def test_sum_scores_are_those_of_all_patterns() -> None:
    bank, _ = drawn("grm", 1, 3, seed=27, steps=2)
    patterns = np.array(np.meshgrid(*[range(3)] * 3)).reshape(3, -1).T.astype(float)
    at = np.array([-0.5, 1.0])
    found = irt.sum_score_likelihood(bank, at)
    for column, theta in enumerate(at):
        chances = np.array([likelihood(bank, row, theta) for row in patterns])
        wanted = [chances[patterns.sum(axis=1) == total].sum() for total in range(7)]
        assert found[:, column] == pytest.approx(wanted, abs=1e-12)
    table = irt.eapsum(bank)
    assert table.share.sum() == pytest.approx(1.0)
    assert (np.diff(table.theta) > 0).all()


def test_rasch_sum_scores_are_its_eaps() -> None:
    bank, scores = drawn("rasch", 50, 7, seed=28)
    table = irt.eapsum(bank)
    assert irt.scores(bank, scores).theta == pytest.approx(table.theta[scores.sum(axis=1).astype(int)], abs=1e-9)


def test_reliabilities_are_the_squared_correlation_with_the_truth() -> None:
    bank, _ = drawn("2pl", 1, 25, seed=29)
    rng = np.random.default_rng(30)
    theta = rng.normal(size=20_000)
    found = irt.scores(bank, irt.simulate(bank, theta, rng))
    truth = float(np.corrcoef(found.theta, theta)[0, 1] ** 2)
    assert found.reliability == pytest.approx(truth, abs=0.01)
    assert irt.marginal_reliability(bank) == pytest.approx(truth, abs=0.03)


def test_plausible_values_have_the_spread_of_the_learners_and_eap_has_not() -> None:
    bank, _ = drawn("2pl", 2, 8, seed=3)
    rng = np.random.default_rng(2)
    two = [(0.0, 1.0), (1.0, 0.7)]
    for mean, deviation in two:
        theta = rng.normal(mean, deviation, 6000)
        scores = irt.simulate(bank, theta, rng)
        own = replace(bank, mean=mean, variance=deviation**2)
        values = irt.plausible_values(own, scores, 5, rng=rng)
        assert values.shape == (6000, 5)
        assert values.mean() == pytest.approx(mean, abs=0.04)
        assert values.std(axis=0).mean() == pytest.approx(deviation, rel=0.04)
        assert irt.scores(own, scores).theta.std() < 0.9 * deviation
        assert np.mean(values > 1) == pytest.approx(np.mean(theta > 1), abs=0.02)


def test_plausible_values_of_equal_learners_differ_and_are_drawn_from_their_posterior() -> None:
    bank, _ = drawn("grm", 2, 6, seed=3, steps=2)
    table = np.array([[2, 2, 1, 0, 1, 2]] * 4000 + [[np.nan] * 6] * 4000)
    values = irt.plausible_values(bank, table, 1, rng=np.random.default_rng(1))[:, 0]
    known = irt.scores(bank, table)
    for group in (slice(0, 4000), slice(4000, None)):
        assert values[group].mean() == pytest.approx(known.theta[group][0], abs=0.06)
        assert values[group].std() == pytest.approx(known.se[group][0], rel=0.05)
    with pytest.raises(ValueError, match="draw"):
        irt.plausible_values(bank, table, 0, rng=np.random.default_rng(1))

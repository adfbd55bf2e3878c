"""Several groups calibrated at once: truth, errors, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt


def two_years(
    model: str, n: int, n_items: int, common: int, seed: int, steps: int = 1
) -> tuple[irt.Bank, np.ndarray, list[str]]:
    """The second year's learners are N(0.8, 0.7²); each year has items of its own."""
    bank, _ = drawn(model, 2, n_items, seed=seed, steps=steps)
    rng = np.random.default_rng(seed)
    theta = np.concatenate([rng.normal(size=n), rng.normal(0.8, 0.7, n)])
    scores = irt.simulate(bank, theta, rng)
    alone = (n_items - common) // 2
    scores[:n, n_items - alone :] = np.nan
    scores[n:, :alone] = np.nan
    return bank, scores, ["2025"] * n + ["2026"] * n


@pytest.mark.parametrize(("model", "steps"), [("rasch", 1), ("2pl", 1), ("grm", 2)])
def test_the_truth_is_found_within_its_errors_where_one_population_is_not(model: str, steps: int) -> None:
    bank, scores, group = two_years(model, 4000, 16, 6, seed=6, steps=steps)
    found = irt.fit_concurrent(scores, group, model)
    assert found.converged and found.groups == ("2025", "2026")
    z = (found.means[1] - 0.8) / found.se_means[1], (found.variances[1] - 0.49) / found.se_variances[1]
    assert np.abs(z).max() < 3
    assert np.nanmean(np.abs((found.bank.b - bank.b) / found.se_b) < 1.96) > 0.8
    assert np.isnan(found.se_means[0]) and np.isnan(found.se_variances[0]) == (model != "rasch")
    assert found.of("2026").mean == found.means[1]
    assert "2026: 4000 learners, mean 0." in str(found)
    whole = irt.fit(scores, model)
    apart = [np.nanmean((each.b - bank.b)[-5:]) for each in (whole.bank, found.bank)]
    assert abs(apart[0]) > 3 * abs(apart[1])


def test_errors_are_the_inverse_of_second_differences() -> None:
    _, scores, group = two_years("2pl", 400, 5, 3, seed=2)
    found = irt.fit_concurrent(scores, group)
    t = np.linspace(-6, 6, 121)
    log_weight = -t * t / 2 - np.log(np.exp(-t * t / 2).sum())

    def value(x: np.ndarray) -> float:
        xi, total = found.bank.xi.copy(), 0.0
        xi[:, :2] = x[:10].reshape(5, 2)
        at = replace(found.bank, xi=xi)
        for rows, mean, deviation in ((scores[:400], 0.0, 1.0), (scores[400:], x[10], x[11])):
            p = np.log(at.probabilities(mean + deviation * t))
            held = np.zeros((len(t), len(rows)))
            for item in range(5):
                there = np.isfinite(rows[:, item])
                held[:, there] += p[:, item, rows[there, item].astype(int)]
            total += float(np.log(np.exp(held + log_weight[:, None]).sum(axis=0)).sum())
        return total

    x = np.concatenate([found.bank.xi[:, :2].ravel(), [found.means[1], np.sqrt(found.variances[1])]])
    assert value(x) == pytest.approx(found.log_likelihood, abs=1e-3)
    h, information = 1e-3, np.zeros((12, 12))
    steps = np.eye(12) * h
    for i in range(12):
        for j in range(i + 1):
            ends = [value(x + a * steps[i] + b * steps[j]) * a * b for a in (1, -1) for b in (1, -1)]
            information[i, j] = information[j, i] = -sum(ends) / (4 * h * h)
    wanted = np.sqrt(np.diag(np.linalg.inv(information)))
    assert found.se_a == pytest.approx(wanted[:10:2], rel=0.01)
    assert found.se_means[1] == pytest.approx(wanted[10], rel=0.01)
    assert found.se_variances[1] == pytest.approx(2 * x[11] * wanted[11], rel=0.01)


def test_the_same_learners_twice_are_one_calibration() -> None:
    _, scores = drawn("2pl", 2000, 8, seed=3)
    both, alone = irt.fit_concurrent(np.tile(scores, (2, 1)), ["a"] * 2000 + ["b"] * 2000), irt.fit(scores)
    assert both.bank.b == pytest.approx(alone.b, abs=0.01)
    assert (both.means[1], both.variances[1]) == pytest.approx((0, 1), abs=0.01)
    assert both.log_likelihood == pytest.approx(2 * alone.log_likelihood, abs=0.01)
    turned = irt.fit_concurrent(scores[::-1, ::-1], (np.arange(2000) % 2)[::-1] + 7)
    plain = irt.fit_concurrent(scores, 7 + np.arange(2000) % 2)
    assert turned.groups == ("8", "7") and plain.groups == ("7", "8")
    assert turned.log_likelihood == pytest.approx(plain.log_likelihood, abs=0.01)


def test_groups_that_nothing_links_are_refused() -> None:
    _, scores, group = two_years("2pl", 100, 6, 0, seed=1)
    with pytest.raises(ValueError, match="'2026' shares no item with '2025'"):
        irt.fit_concurrent(scores, group)
    with pytest.raises(ValueError, match="two groups"):
        irt.fit_concurrent(scores, [1] * 200)
    with pytest.raises(ValueError, match="group for each"):
        irt.fit_concurrent(scores, group[:-1])


def test_a_chain_of_forms_is_linked() -> None:
    """The third year shares items with the second only."""
    bank, _ = drawn("rasch", 2, 9, seed=6)
    rng = np.random.default_rng(1)
    scores = irt.simulate(bank, np.repeat([0.0, 0.5, 1.0], 3000) + rng.normal(size=9000), rng)
    for year, (first, last) in enumerate([(0, 5), (2, 7), (5, 9)]):
        rows = slice(3000 * year, 3000 * (year + 1))
        scores[rows, :first], scores[rows, last:] = np.nan, np.nan
    found = irt.fit_concurrent(scores, np.repeat(["a", "b", "c"], 3000), "rasch")
    assert np.abs((found.means - [0, 0.5, 1.0])[1:] / found.se_means[1:]).max() < 3
    assert found.se_means[2] > found.se_means[1]

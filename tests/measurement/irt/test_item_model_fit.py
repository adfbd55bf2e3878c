"""Item, model and person fit: against patterns written out, and rates of false alarm where the model is true."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt
from yincai.measurement.irt.item_fit import joined
from yincai.measurement.irt.model_fit import expected_moments, moment_covariance

NAN = float("nan")


def test_moments_are_those_of_all_patterns() -> None:
    """Mean and covariance of the steps reached and of products of scores, by enumeration."""
    bank, _ = drawn("gpcm", 2, 4, seed=3, steps=2)
    t, w = np.polynomial.hermite_e.hermegauss(41)
    w = w / w.sum()
    p = bank.probabilities(t)
    reach = [np.array([p[:, item, 1:].sum(axis=1), p[:, item, 2]]) for item in range(4)]
    mean, covariance = moment_covariance(reach, w)
    patterns = np.array(list(itertools.product(range(3), repeat=4)))
    chance = np.array([w @ np.prod([p[:, item, k] for item, k in enumerate(row)], axis=0) for row in patterns])
    i, j = np.triu_indices(4, 1)
    steps = [patterns[:, [item]] >= [1, 2] for item in range(4)]
    values = np.hstack([*steps, patterns[:, i] * patterns[:, j]])
    assert mean == pytest.approx(chance @ values, abs=1e-10)
    assert covariance == pytest.approx((values - mean).T @ ((values - mean) * chance[:, None]), abs=1e-10)


def test_derivatives_of_the_moments() -> None:
    bank, scores = drawn("grm", 500, 4, seed=1, steps=2)
    found = irt.fit(scores, "grm", standard_errors=False)
    at = expected_moments(found, found.bank, np.ones(4, bool))
    for column, (item, place) in enumerate(itertools.product(range(4), (0, 1, 2))):
        sides = []
        for step in (1e-5, -1e-5):
            xi = found.bank.xi.copy()
            xi[item, place] += step
            moved = irt.Bank(bank.model, bank.names, xi, bank.categories, bank.lowest)
            sides.append(expected_moments(found, moved, np.ones(4, bool)).mean)
        assert at.by_parameter[:, column] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-7)


@pytest.mark.parametrize(("model", "steps"), [("2pl", 1), ("grm", 2)])
def test_true_models_pass_and_wrong_ones_fail(model: str, steps: int) -> None:
    rejected, ratios = [], []
    for seed in range(6):
        _, scores = drawn(model, 1000, 10, seed=seed, steps=steps)
        found = irt.fit(scores, model, standard_errors=False, tolerance=1e-3)
        rejected.append(irt.item_fit(found, scores).p < 0.05)
        whole = irt.model_fit(found, scores)
        ratios.append(whole.m2 / whole.df)
    assert np.mean(rejected) < 0.15
    assert 0.8 < np.mean(ratios) < 1.2
    scores[:500, 1] = scores[:500, 0]  # half copied the answer
    broken = irt.model_fit(irt.fit(scores, model, standard_errors=False, tolerance=1e-3), scores)
    assert broken.p < 1e-3
    assert broken.rmsea_low > 0.02


@pytest.mark.parametrize(("model", "steps"), [("2pl", 1), ("grm", 2), ("grm", 4), ("gpcm", 2)])
def test_an_item_asked_twice_is_found(model: str, steps: int) -> None:
    _, scores = drawn(model, 500, 8, seed=5, steps=steps)
    scores[:, 1] = scores[:, 0]
    found = irt.fit(scores, model, standard_errors=False)
    assert found.converged
    assert np.abs(found.a).max() <= 20
    fitted = irt.model_fit(found, scores)
    assert fitted.p < 1e-6
    assert fitted.rmsea_low > 0.05


def test_an_item_that_does_not_follow_its_curve_is_found() -> None:
    bank, scores = drawn("2pl", 3000, 12, seed=9)
    rest = scores[:, 1:].sum(axis=1)
    scores[:, 0] = (np.abs(rest - rest.mean()) < 2).astype(float)  # right for the middle ones only
    fitted = irt.item_fit(irt.fit(scores), scores)
    assert fitted.p[0] < 1e-6
    assert "infit" in str(fitted)
    assert bank is not None


def test_known_items_cost_no_freedom_and_anchors_neither() -> None:
    bank, scores = drawn("2pl", 2000, 8, seed=2)
    free, known = irt.item_fit(irt.fit(scores), scores), irt.item_fit(bank, scores)
    anchored = irt.fit(scores, anchors={"item1": bank.item(0)})
    assert (known.df - free.df >= 1).all()
    assert irt.item_fit(anchored, scores).df[0] == known.df[0]


def test_without_complete_learners() -> None:
    bank, scores = drawn("2pl", 600, 8, seed=2)
    scores[np.arange(600), np.arange(600) % 8] = NAN
    fitted = irt.item_fit(bank, scores)
    assert np.isnan(fitted.s_x2).all()
    assert fitted.n == 0
    assert np.abs(fitted.squares.infit - 1).max() < 0.3
    with pytest.raises(ValueError, match="every item"):
        irt.model_fit(irt.fit(scores), scores)


def test_person_fit_is_standard_normal_and_finds_the_careless() -> None:
    bank, scores = drawn("2pl", 2000, 40, seed=5)
    honest = irt.person_fit(bank, scores)
    assert abs(np.nanmean(honest.lz_star)) < 0.15
    assert np.nanstd(honest.lz_star) == pytest.approx(1, abs=0.08)
    assert abs(np.nanstd(honest.lz_star) - 1) < abs(np.nanstd(honest.lz) - 1)
    guessed = np.random.default_rng(1).integers(0, 2, scores.shape).astype(float)
    assert np.mean(irt.person_fit(bank, guessed).lz_star < -1.645) > 0.5
    assert honest.squares.outfit.mean() == pytest.approx(1, abs=0.06)


def test_extreme_and_empty_learners() -> None:
    bank, _ = drawn("2pl", 2, 6, seed=5)
    fitted = irt.person_fit(bank, [[1] * 6, [0] * 6, [NAN] * 6, [1] + [NAN] * 5])
    assert np.isfinite(fitted.lz[:2]).all()
    assert np.isnan(fitted.lz[2:]).all()
    assert fitted.squares.n.tolist() == [6, 6, 0, 1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_learners_and_items_does_not_matter(seed: int) -> None:
    bank, scores = drawn("2pl", 60, 5, seed=7)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(60), rng.permutation(5)
    mixed = scores[np.ix_(rows, columns)]
    one, other = irt.item_fit(bank, scores), irt.item_fit(bank.chosen(columns), mixed)
    assert other.s_x2 == pytest.approx(one.s_x2[columns])
    assert other.squares.outfit == pytest.approx(one.squares.outfit[columns])
    person = irt.person_fit(bank.chosen(columns), mixed)
    assert person.lz_star == pytest.approx(irt.person_fit(bank, scores).lz_star[rows], nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(0.01, 30), min_size=3, max_size=3), min_size=1, max_size=8), st.integers(2, 3))
def test_joining_cells_loses_nobody(cells: list[list[float]], categories: int) -> None:
    expected = np.array(cells)[:, :categories]
    rows = joined(expected, expected)
    kept = sum(float(e.sum()) for _, e in rows)
    enough = all(e.min() >= 1 or len(e) == 2 for _, e in rows)
    assert enough
    assert kept <= expected.sum() * (1 + 1e-9)
    if categories == 2 and expected.min() >= 1:
        assert kept == pytest.approx(expected.sum())

"""What must not matter does not, and what is extreme ends well: for every statistic beside the calibration, whose own
properties are in test_fit.py. Small tables, few examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.irt.numbers import drawn
from tests.measurement.irt.test_facets import ratings
from yincai.measurement import irt

NAN = float("nan")
FEW = settings(max_examples=4, deadline=None)
SEEDS = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return drawn("2pl", 400, 6, seed=21)[1]


def fitted(scores: np.ndarray, model: str = "2pl") -> irt.Fit:
    return irt.fit(scores, model, tolerance=1e-5)


# --- order ---------------------------------------------------------------------------------------------------------


@FEW
@given(SEEDS)
def test_model_fit_knows_no_order(seed: int) -> None:
    _, scores = drawn("grm", 300, 6, seed=22, steps=2)
    rng = np.random.default_rng(seed)
    mixed = scores[np.ix_(rng.permutation(300), rng.permutation(6))]
    one, other = (irt.model_fit(fitted(each, "grm"), each) for each in (scores, mixed))
    assert (other.m2, other.srmsr, other.cfi) == pytest.approx((one.m2, one.srmsr, one.cfi), rel=2e-3)
    assert other.df == one.df


@FEW
@given(SEEDS)
def test_likelihood_ratio_dif_knows_no_order(seed: int) -> None:
    _, scores = drawn("rasch", 400, 5, seed=23)
    focal = np.arange(400) % 2
    scores[focal == 1, 2] = np.where(np.arange(200) % 3 == 0, 0.0, scores[focal == 1, 2])
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(400), rng.permutation(5)
    one = irt.likelihood_ratio_dif(scores, focal, "rasch")
    other = irt.likelihood_ratio_dif(scores[np.ix_(rows, columns)], focal[rows], "rasch")
    assert other.g2 == pytest.approx(one.g2[columns], abs=0.02)
    assert other.gap == pytest.approx(one.gap[columns], abs=2e-3)


@FEW
@given(SEEDS)
def test_logistic_dif_knows_no_order(seed: int) -> None:
    _, scores = drawn("rasch", 400, 5, seed=23)
    focal, rng = np.arange(400) % 2, np.random.default_rng(seed)
    rows, columns = rng.permutation(400), rng.permutation(5)
    one = irt.logistic_dif(scores, focal)
    other = irt.logistic_dif(scores[np.ix_(rows, columns)], focal[rows])
    assert other.both == pytest.approx(one.both[columns], abs=1e-6)


@FEW
@given(SEEDS)
def test_drift_knows_no_order_of_items(seed: int) -> None:
    bank, scores = drawn("2pl", 300, 6, seed=24)
    again = irt.simulate(bank, np.random.default_rng(1).normal(size=300), np.random.default_rng(2))
    new, old = fitted(again), fitted(scores)
    order = np.random.default_rng(seed).permutation(6)
    names = [f"item{number + 1}" for number in order]
    one, other = irt.drift(new, old), irt.drift(irt.fit(again[:, order], items=names, tolerance=1e-5), old)
    assert [other.items[k] for k in np.argsort(order)] == list(one.items)
    assert other.change[np.argsort(order)] == pytest.approx(one.change, abs=2e-3)
    assert set(other.flagged) == set(one.flagged)


@FEW
@given(SEEDS)
def test_facets_know_no_order(seed: int) -> None:
    (person, item, rater, score), _ = ratings(120, 3, 4, 2, seed=5)
    rng = np.random.default_rng(seed)
    rows, people = rng.permutation(len(score)), rng.permutation(120)
    items, raters = rng.permutation(3), rng.permutation(4)
    one = irt.fit_facets(person, item, rater, score, tolerance=1e-5)
    other = irt.fit_facets(people[person[rows]], items[item[rows]], raters[rater[rows]], score[rows], tolerance=1e-5)
    assert other.severity[raters] == pytest.approx(one.severity, abs=1e-3)
    assert other.se_severity[raters] == pytest.approx(one.se_severity, rel=1e-3)
    assert other.difficulty[items] == pytest.approx(one.difficulty, abs=1e-3)
    assert other.theta[people] == pytest.approx(one.theta, abs=2e-3)


@FEW
@given(SEEDS, st.sampled_from(["eap", "map", "wle"]))
def test_scores_know_no_order_and_no_neighbours(seed: int, method: str) -> None:
    bank, scores = drawn("2pl", 40, 6, seed=28)
    scores[:2], scores[2:4] = 1.0, 0.0
    scores[np.random.default_rng(5).random(scores.shape) < 0.1] = NAN
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(40), rng.permutation(6)
    one = irt.scores(bank, scores, method)
    other = irt.scores(bank.chosen(columns), scores[np.ix_(rows, columns)], method)
    assert np.isfinite(one.theta).all()
    assert other.theta == pytest.approx(one.theta[rows], abs=1e-7)
    assert other.se == pytest.approx(one.se[rows], abs=1e-7)
    assert irt.scores(bank, scores[7:8], method).theta == pytest.approx(one.theta[7:8], abs=1e-9)


# --- names -----------------------------------------------------------------------------------------------------------


def test_right_and_wrong_swapped_leave_the_fit_as_it_is(table: np.ndarray) -> None:
    one, other = (irt.model_fit(fitted(each), each) for each in (table, 1 - table))
    assert (other.m2, other.rmsea, other.srmsr) == pytest.approx((one.m2, one.rmsea, one.srmsr), rel=2e-3, abs=1e-6)
    items, swapped = (irt.item_fit(fitted(each), each) for each in (table, 1 - table))
    assert swapped.s_x2 == pytest.approx(items.s_x2, rel=0.02)
    people, turned = (irt.person_fit(fitted(each), each) for each in (table, 1 - table))
    assert turned.lz == pytest.approx(people.lz, abs=0.01, nan_ok=True)


def test_groups_swapped_turn_dif_over() -> None:
    _, scores = drawn("rasch", 400, 5, seed=23)
    focal = np.arange(400) % 2
    one, other = (irt.logistic_dif(scores, each) for each in (focal, 1 - focal))
    assert other.log_odds == pytest.approx(-one.log_odds, abs=1e-6)
    assert other.both == pytest.approx(one.both, abs=1e-6)
    ratio, swapped = (irt.likelihood_ratio_dif(scores, each, "rasch") for each in (focal, 1 - focal))
    assert swapped.g2 == pytest.approx(ratio.g2, abs=0.02)
    assert np.sign(swapped.gap).tolist() == (-np.sign(ratio.gap)).tolist()
    assert swapped.focal_mean == pytest.approx(-ratio.focal_mean, abs=0.01)


def test_drift_the_other_way_is_its_opposite() -> None:
    _, scores = drawn("2pl", 600, 8, seed=25)
    old, new = fitted(scores[:300]), fitted(scores[300:])
    there, back = irt.drift(new, old, "mean/sigma"), irt.drift(old, new, "mean/sigma")
    assert back.change == pytest.approx(-there.change / there.link.slope, abs=1e-6)


def test_a_rating_scale_that_begins_elsewhere_or_is_turned_over() -> None:
    (person, item, rater, score), _ = ratings(150, 3, 4, 2, seed=6)
    one, other = (irt.fit_facets(person, item, rater, each, tolerance=1e-5) for each in (score, 3 - score))
    assert other.severity == pytest.approx(-one.severity, abs=2e-3)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-3)


# --- missing answers -------------------------------------------------------------------------------------------------


def test_missing_at_random_moves_no_statistic_far() -> None:
    bank, scores = drawn("2pl", 1500, 6, seed=26)
    holed = scores.copy()
    holed[:500][np.random.default_rng(3).random((500, 6)) < 0.3] = NAN
    one, other = irt.item_fit(bank, scores), irt.item_fit(bank, holed)
    assert other.n < one.n
    assert np.abs(other.squares.infit - one.squares.infit).max() < 0.06
    fit = irt.model_fit(irt.fit(holed), holed)
    assert fit.n < 1500
    assert fit.p > 0.001
    assert np.isfinite(irt.person_fit(bank, holed[np.isfinite(holed).any(axis=1)]).lz).any()
    focal = np.arange(1500) % 2
    assert irt.logistic_dif(holed, focal).p_both.min() > 1e-4
    assert irt.likelihood_ratio_dif(holed, focal, "rasch").p.min() > 1e-4


def test_facets_with_ratings_missing_at_random_are_within_their_errors() -> None:
    rows, _ = ratings(300, 3, 4, 3, seed=7)
    kept = np.random.default_rng(4).random(len(rows[0])) < 0.7
    one, other = irt.fit_facets(*rows), irt.fit_facets(*(each[kept] for each in rows))
    assert np.abs((other.severity - one.severity) / other.se_severity).max() < 3
    assert (other.se_severity > one.se_severity).all()


# --- extremes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_items_and_learners_all_right_or_all_wrong(table: np.ndarray, value: float) -> None:
    scores = table.copy()
    scores[:, 0], scores[:20] = value, value
    found = irt.fit(scores)
    with pytest.raises(ValueError, match="all alike"):
        irt.model_fit(found, scores)
    items = irt.item_fit(found, scores)
    assert np.isfinite(items.s_x2[1:]).all()
    assert np.isfinite(items.squares.infit[1:]).all()
    people = irt.person_fit(found, scores)
    assert np.isfinite(people.lz).all()
    focal = np.arange(400) % 2
    assert irt.mantel_haenszel(scores, focal).ets[0] == ""
    assert np.isnan(irt.logistic_dif(scores, focal).both[0])
    ratio = irt.likelihood_ratio_dif(scores[:, 1:], focal, "rasch")
    assert np.isfinite(ratio.g2).all()
    drift = irt.drift(irt.fit(scores[200:]), irt.fit(scores[:200]))
    assert np.isfinite(drift.change).all()


@pytest.mark.parametrize("top", [True, False])
def test_facets_of_learners_who_all_reach_the_end_of_the_scale(top: bool) -> None:
    (person, item, rater, score), _ = ratings(80, 3, 4, 2, seed=8)
    score[person < 30] = 3 if top else 0
    found = irt.fit_facets(person, item, rater, score)
    assert np.isfinite(found.theta).all()
    assert np.isfinite(found.se_severity).all()
    assert (found.theta[:30].mean() > found.theta[30:].mean()) == top


def test_facets_of_ratings_that_are_all_alike_are_refused() -> None:
    same = np.zeros(20, np.int64)
    with pytest.raises(ValueError, match="all scores are 0"):
        irt.fit_facets(np.arange(20) % 5, same, np.arange(20) % 2, same)
    with pytest.raises(ValueError, match="every score"):
        irt.fit_facets(np.arange(20) % 5, same, np.arange(20) % 2, same + 1)


def test_one_learner() -> None:
    bank, scores = drawn("2pl", 1, 6, seed=27)
    one = irt.person_fit(bank, scores)
    assert np.isfinite(one.lz).all()
    assert np.isfinite(irt.item_fit(bank, scores).squares.outfit).all()
    for refused in (irt.mantel_haenszel, irt.logistic_dif, irt.likelihood_ratio_dif):
        with pytest.raises(ValueError, match="both groups"):
            refused(scores, [0])
    alone = irt.fit_facets([0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0])
    assert np.isfinite(alone.theta).all()
    with pytest.raises(ValueError, match="fewer than two"):
        irt.model_fit(irt.fit(drawn("2pl", 50, 6, seed=27)[1]), scores)


def test_nobody(table: np.ndarray) -> None:
    bank, _ = drawn("2pl", 2, 6, seed=27)
    empty, silent = np.empty((0, 6)), np.full((5, 6), NAN)
    for refused in (irt.mantel_haenszel, irt.logistic_dif, irt.likelihood_ratio_dif):
        with pytest.raises(ValueError, match="empty"):
            refused(empty, [])
    for scorer in (irt.item_fit, irt.person_fit):
        with pytest.raises(ValueError, match="empty"):
            scorer(bank, empty)
    assert np.isnan(irt.person_fit(bank, silent).lz).all()
    assert irt.item_fit(bank, silent).squares.n.tolist() == [0] * 6
    with pytest.raises(ValueError, match="fewer than two"):
        irt.model_fit(irt.fit(table), silent)
    with pytest.raises(ValueError, match="not empty"):
        irt.fit_facets([], [], [], [])

"""Classical item analysis against worked figures, a simulation and what must not change."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from yincai.measurement import items
from yincai.measurement.items import EASY, HARD, LURING, MISFIT, STRONGER, analyse, analysis


def responses(seed: int, people: int, difficulties: list[float]) -> np.ndarray:
    dice = np.random.default_rng(seed)
    ability = dice.normal(size=people)
    chance = 1 / (1 + np.exp(-1.5 * (ability[:, None] - np.array(difficulties))))
    return (dice.random(chance.shape) < chance).astype(float)


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(analysis).failed == 0
    assert analyse is items.analyse


def test_the_fit_is_pearsons_correlation_with_the_other_items() -> None:
    scores = responses(1, 60, [-1, 0, 1, 0.5])
    for item in analyse(scores):
        rest = np.delete(scores, item.index, axis=1).mean(axis=1)
        expected = pearsonr(scores[:, item.index], rest)
        interval = expected.confidence_interval(0.8)
        assert item.fit == pytest.approx(expected.statistic)
        assert (item.fit_low, item.fit_high) == pytest.approx((interval.low, interval.high))


def test_hard_easy_and_unrelated_items_are_flagged_and_no_others() -> None:
    dice = np.random.default_rng(4)
    scores = responses(3, 200, [-4.5, 3, 0, 0.2, -0.2, 0.1])
    scores = np.column_stack([scores, dice.integers(0, 2, 200)])
    flags = [item.flags for item in analyse(scores)]
    assert flags[0] == (EASY,) and flags[1] == (HARD,) and flags[6] == (MISFIT,)
    assert flags[2:6] == [(), (), (), ()]


def test_few_learners_raise_no_flag() -> None:
    scores = [[1, 0], [1, 0], [1, 1]]
    assert [item.flags for item in analyse(scores)] == [(), ()]


def test_a_distractor_of_the_stronger_and_one_that_lures() -> None:
    scores = responses(5, 120, [0, 0.3, -0.3, 0.1, 0.5])
    strong = scores[:, 1:].mean(axis=1) > 0.6
    picks = np.where(strong, "C", np.where(scores[:, 0] > 0, "A", "B"))
    scores[:, 0] = picks == "A"
    (item, *_) = analyse(scores, [picks.tolist(), None, None, None, None], ["A", "", "", "", ""])
    assert STRONGER in item.flags and item.distractor == "C"

    dice = np.random.default_rng(6)
    picks = dice.choice(["A", "B", "D"], 120, p=[0.2, 0.6, 0.2])
    scores[:, 0] = picks == "A"
    (item, *_) = analyse(scores, [picks.tolist(), None, None, None, None], ["A", "", "", "", ""])
    assert LURING in item.flags and item.distractor == "B"
    assert sum(option.n for option in item.options) == 120
    assert [option.label for option in item.options if option.key] == ["A"]


@given(st.integers(0, 10_000), st.integers(4, 30))
@settings(max_examples=30, deadline=None)
def test_the_order_of_learners_and_of_items_is_of_no_matter(seed: int, people: int) -> None:
    dice = np.random.default_rng(seed)
    scores = responses(seed, people, [0, 1, -1])
    scores[dice.random(scores.shape) < 0.2] = np.nan
    turned = analyse(scores[dice.permutation(people)][:, [2, 0, 1]])
    by_index = {[2, 0, 1][item.index]: item for item in turned}
    for item in analyse(scores):
        other = by_index[item.index]
        assert (item.n, item.flags) == (other.n, other.flags)
        assert item.facility == pytest.approx(other.facility)
        assert item.fit == pytest.approx(other.fit, nan_ok=True)
        assert 0 <= item.low <= item.facility <= item.high <= 1


def test_extremes() -> None:
    assert analyse(np.zeros((0, 3))) == []
    assert analyse(np.full((4, 2), np.nan)) == []
    (one,) = analyse([[1.0]])
    assert (one.n, one.facility, one.n_fit) == (1, 1.0, 0)
    right, wrong = analyse(np.ones((20, 1)))[0], analyse(np.zeros((20, 1)))[0]
    assert right.flags == (EASY,) and wrong.flags == (HARD,)
    assert np.isnan(right.fit)
    assert analyse([[1.0, 0.0]], least=2) == []


@pytest.mark.parametrize(
    ("scores", "kept", "said"),
    [
        ([1, 0], {}, "learners × items"),
        ([[2.0]], {}, "between 0 and 1"),
        ([[1.0]], {"chosen": [["A"]]}, "without keys"),
        ([[1.0]], {"chosen": [], "keys": ["A"]}, "one entry for each"),
    ],
)
def test_what_cannot_be_analysed_is_said(scores: list, kept: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        analyse(scores, **kept)


def test_right_and_wrong_swapped_mirror_the_facility_and_keep_the_fit() -> None:
    scores = responses(9, 60, [0, 1, -1, 0.5])
    for item, other in zip(analyse(scores), analyse(1 - scores), strict=True):
        assert other.facility == pytest.approx(1 - item.facility)
        assert (other.low, other.high) == pytest.approx((1 - item.high, 1 - item.low))
        assert other.fit == pytest.approx(item.fit)


def test_answers_missing_at_random_widen_the_interval_and_move_little() -> None:
    scores = responses(10, 400, [0, 1, -1, 0.5])
    holed = scores.copy()
    holed[np.random.default_rng(2).random(scores.shape) < 0.3] = np.nan
    for item, thin in zip(analyse(scores), analyse(holed), strict=True):
        assert thin.n < item.n
        assert thin.high - thin.low > item.high - item.low
        assert abs(thin.facility - item.facility) < 0.06
        assert abs(thin.fit - item.fit) < 0.15

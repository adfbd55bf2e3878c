"""Tables as people hand them over: what is refused, in words, and what is told of what cannot be estimated."""

from __future__ import annotations

import numpy as np
import pytest

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt


def test_none_is_a_missing_answer() -> None:
    table = [[1, 0, None], [0, 1, 1], [1, 1, 0], [0, 0, 1]]
    holes = np.array([[np.nan if score is None else score for score in row] for row in table])
    assert irt.fit(table, "rasch").b == pytest.approx(irt.fit(holes, "rasch").b)
    with pytest.raises(ValueError, match="numbers"):
        irt.fit([["right", None, 1], [0, 1, 1]])


def test_two_items_of_one_name_are_refused() -> None:
    _, scores = drawn("2pl", 50, 4, seed=1)
    with pytest.raises(ValueError, match="two items are named 'q1'"):
        irt.fit(scores, items=["q1", "q2", "q1", "q3"])


def test_an_item_without_slope_is_flagged_and_has_no_difficulty() -> None:
    bank, scores = drawn("2pl", 2000, 8, seed=1)
    both = np.arange(2000) % 2
    # every pattern of the others once with a right and once with a wrong answer to the last
    table = np.column_stack([np.repeat(scores[:1000], 2, axis=0), both])
    found = irt.fit(table, items=[*bank.names, "coin"])
    assert found.flags["coin"] == "no slope"
    assert abs(found.a[-1]) < 0.01
    assert np.isnan(found.se_b[-1])
    assert np.isfinite(found.se_b[:-1]).all()


def test_groups_are_numbers() -> None:
    _, scores = drawn("2pl", 60, 5, seed=1)
    with pytest.raises(ValueError, match=r"0 .*reference.* 1 .*focal"):
        irt.mantel_haenszel(scores, ["boy", "girl"] * 30)


@pytest.mark.parametrize("method", ["mantel_haenszel", "logistic_dif", "likelihood_ratio_dif", "mantel", "ordinal_dif"])
def test_dif_prints_one_line_an_item_and_says_where_a_group_is_too_small(method: str) -> None:
    _, scores = drawn("2pl", 400, 5, seed=1)
    few = np.arange(400) >= 397
    printed = str(getattr(irt, method)(scores, few.astype(int))).splitlines()
    assert sum(line.startswith("item") for line in printed) == 5
    assert all("too few answers" in line for line in printed if line.startswith("item"))
    assert not any("nan" in line for line in printed if line.startswith("item"))
    printed = str(getattr(irt, method)(scores, np.arange(400) % 2)).splitlines()
    assert sum(line.startswith("item") and "p = " in line for line in printed) == 5


def test_drift_and_links_print_well() -> None:
    bank, scores = drawn("2pl", 400, 6, seed=1)
    told = str(irt.drift(irt.fit(scores), irt.fit(scores[::-1])))
    assert told.startswith("stocking-lord over 6 items") and "item6" in told
    assert "±" not in str(irt.link(bank, bank))


def test_unconnected_raters_are_told() -> None:
    rng = np.random.default_rng(1)
    person, item = np.repeat(np.arange(40), 4), np.tile(np.arange(4), 40)
    apart = irt.fit_facets(person, item, (person >= 20).astype(int), rng.integers(0, 2, 160))
    assert not apart.connected and "not connected" in str(apart)
    together = irt.fit_facets(person, item, rng.integers(0, 2, 160), rng.integers(0, 2, 160))
    assert together.connected and "not connected" not in str(together)


@pytest.mark.parametrize("method", ["mantel_haenszel", "logistic_dif", "likelihood_ratio_dif", "mantel", "ordinal_dif"])
def test_dif_leaves_the_table_alone(method: str) -> None:
    _, scores = drawn("2pl", 300, 5, seed=1)
    before, group = scores.copy(), np.where(np.arange(300) < 30, np.nan, np.arange(300) % 2)
    getattr(irt, method)(scores, group)
    assert (scores == before).all()


def test_reliability_is_of_learners_who_have_an_estimate() -> None:
    bank, scores = drawn("2pl", 200, 8, seed=1)
    told = irt.scores(bank, scores, "wle").reliability
    with_one_absent = irt.scores(bank, np.vstack([scores, np.full(8, np.nan)]), "wle")
    assert np.isnan(with_one_absent.theta[-1]) and with_one_absent.reliability == pytest.approx(told)
    assert np.isnan(irt.scores(bank, scores[:1], "wle").reliability)

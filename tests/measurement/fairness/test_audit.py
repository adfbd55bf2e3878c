"""The audit: silent on fair models, sure of planted unfairness, the same however rows and names are arranged."""

from __future__ import annotations

import doctest
import importlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from yincai.measurement import fairness
from yincai.measurement.fairness import Data, audit, calibrate, drift, mantel_haenszel, stability
from yincai.measurement.fairness.calibration import auc, ece_by_chance, logit
from yincai.measurement.fairness.differential import differential
from yincai.measurement.fairness.estimates import Estimate, holm, mean
from yincai.measurement.fairness.logistic import fit

PARTS = ("audit", "bounds", "calibration", "differential", "dif", "drift", "estimates", "logistic")


@pytest.mark.parametrize("part", PARTS)
def test_examples_run(part: str) -> None:
    assert not doctest.testmod(importlib.import_module(f"yincai.measurement.fairness.{part}")).failed


def fair(seed: int, n: int = 4000, pupils: int = 400) -> Data:
    chance = np.random.default_rng(seed)
    who = chance.integers(0, pupils, n)
    p = chance.uniform(0.15, 0.95, n)
    groups = {"sex": np.where(who % 2, "男", "女").tolist(), "place": np.where(who % 3, "城", "乡").tolist()}
    y = (chance.random(n) < p).astype(float)
    return Data(p, y, groups, chance.integers(0, 8, n), who, np.arange(n, dtype=float))


def harder_for(data: Data, column: str, group: str, by: float, rows: slice = slice(None)) -> Data:
    """Planted: members succeed less often than predicted."""
    member = np.asarray(data.groups[column]) == group
    chance, hit = np.random.default_rng(99), np.zeros(len(member), bool)
    hit[rows] = member[rows]
    p = np.where(hit, data.predicted - by, data.predicted)
    return replace(data, observed=(chance.random(len(p)) < p).astype(float))


@pytest.mark.slow
def test_a_fair_model_raises_findings_at_most_once_in_twenty_times() -> None:
    loud = sum(bool(audit(fair(seed, 2000)).findings) for seed in range(60))
    assert loud <= 7  # binomial(60, 0.05): more than 7 in less than 1 of 100 runs


def test_a_group_predicted_too_high_is_found_and_no_other() -> None:
    made = audit(harder_for(fair(1), "place", "乡", 0.1))
    found = [one for one in made.findings if one.kind == "differential"]
    assert [(one.column, one.group) for one in found] == [("place", "乡")]
    assert found[0].low < -0.1 < found[0].high
    gap = next(one for one in made.findings if one.kind == "calibration" and one.group == "乡")
    assert gap.low < -0.1 < gap.high


def test_an_item_harder_for_a_group_is_found_and_no_other() -> None:
    data = fair(2, 8000)
    assert data.items is not None
    hit = (data.items == 3) & (np.asarray(data.groups["sex"]) == "女")
    y = np.where(hit & (np.random.default_rng(1).random(len(hit)) < 0.5), 0.0, data.observed)
    found = [one for one in audit(replace(data, observed=y)).findings if one.kind == "dif"]
    assert [one.item for one in found] == [3]


def test_a_model_that_fades_is_found_in_the_window_where_it_does() -> None:
    data = fair(3, 8000)
    all_alike = replace(data, groups={"all": ["甲"] * 8000})
    late = harder_for(all_alike, "all", "甲", 0.15, slice(6000, None))
    windows = {one.window for one in audit(late).findings if one.kind == "calibration drift"}
    assert windows and windows <= {6, 7} and not audit(data).findings


def test_other_people_are_found_as_a_change_of_population() -> None:
    chance = np.random.default_rng(4)
    p = np.concatenate([chance.uniform(0.2, 0.6, 2000), chance.uniform(0.6, 0.95, 2000)])
    data = Data(p, (chance.random(4000) < p).astype(float), {}, time=np.arange(4000.0))
    assert {one.kind for one in audit(data).findings} == {"population"}


def test_too_few_are_told_by_their_number_only() -> None:
    data = fair(5, 500)
    names = ["少数" if nth < 10 else "多数" for nth in range(500)]
    made = audit(replace(data, groups={"group": names}))
    few = next(one for one in made.groups if one.group == "少数")
    assert few.n == 10 and few.told is None and not made.differential


def test_unknown_group_is_no_group() -> None:
    data = fair(6, 500)
    made = audit(replace(data, groups={"group": ["" if nth % 2 else "甲" for nth in range(500)]}))
    assert [one.group for one in made.groups] == ["甲"]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_rows_and_numbers_of_learners_do_not_matter(seed: int) -> None:
    data = harder_for(fair(7, 1500), "place", "乡", 0.12)
    order = np.random.default_rng(seed).permutation(1500)
    assert data.items is not None and data.learners is not None and data.time is not None
    mixed = Data(
        data.predicted[order],
        data.observed[order],
        {name: np.asarray(texts)[order].tolist() for name, texts in data.groups.items()},
        data.items[order],
        np.random.default_rng(seed).permutation(400)[data.learners[order]],
        data.time[order],
    )
    one, other = audit(data), audit(mixed)
    assert [(each.kind, each.group, each.item) for each in one.findings] == [
        (each.kind, each.group, each.item) for each in other.findings
    ]
    assert np.allclose([each.value for each in one.findings], [each.value for each in other.findings])


def test_rows_of_one_learner_count_as_one_voice() -> None:
    """Each row written ten times tells nothing new: with learners the error stays, without it would shrink."""
    chance = np.random.default_rng(8)
    p = chance.uniform(0.2, 0.9, 300)
    y = (chance.random(300) < p).astype(float)
    alone = calibrate(p, y, np.arange(300))
    ten = calibrate(np.repeat(p, 10), np.repeat(y, 10), np.repeat(np.arange(300), 10))
    assert ten.gap.se == pytest.approx(alone.gap.se) and ten.auc.se == pytest.approx(alone.auc.se, rel=1e-6)
    assert ten.slope.se == pytest.approx(alone.slope.se, rel=1e-6)


def test_intervals_cover() -> None:
    """95 % intervals of gap, slope, log loss and AUC hold the truth about as often as they say."""
    inside = {"gap": 0, "slope": 0, "auc": 0}
    big = np.random.default_rng(9)
    p = big.uniform(0.1, 0.95, 200_000)
    area = auc(p, (big.random(200_000) < p).astype(float)).value
    for seed in range(200):
        chance = np.random.default_rng(seed)
        p = chance.uniform(0.1, 0.95, 500)
        told = calibrate(p, (chance.random(500) < p).astype(float))
        for name, truth in (("gap", 0.0), ("slope", 1.0), ("auc", area)):
            low, high = getattr(told, name).interval()
            inside[name] += low <= truth <= high
    assert all(180 <= count <= 199 for count in inside.values()), inside


def test_logistic_regression_is_the_maximum_of_an_independent_likelihood() -> None:
    chance = np.random.default_rng(10)
    x = np.column_stack([np.ones(300), chance.normal(size=(300, 2))])
    y = (chance.random(300) < 1 / (1 + np.exp(-(x @ np.array([0.3, -1.0, 0.5]))))).astype(float)
    found = fit(x, y)
    best = minimize(lambda b: -(y * (x @ b) - np.log1p(np.exp(x @ b))).sum(), np.zeros(3), tol=1e-10)
    assert found is not None and np.allclose(found.coefficients, best.x, atol=1e-4)


def test_auc_and_delong_error_by_hand() -> None:
    p, y = np.array([0.1, 0.4, 0.35, 0.8, 0.4]), np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    pairs = [(a > b) + 0.5 * (a == b) for a in p[y == 1] for b in p[y == 0]]
    assert auc(p, y).value == pytest.approx(np.mean(pairs))


def test_mantel_haenszel_by_hand() -> None:
    """One stratum: the odds ratio of the table, Woolf's error."""
    right, focal = [1] * 30 + [0] * 10 + [1] * 20 + [0] * 20, [False] * 40 + [True] * 40
    told = mantel_haenszel(np.full(80, 0.6), np.array(right, float), np.array(focal))
    assert told is not None and told.odds_ratio == pytest.approx((20 * 10) / (20 * 30))
    assert told.delta.value == pytest.approx(2.35 * np.log(1 / 3))
    assert told.delta.se == pytest.approx(2.35 * np.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 20))


def test_ece_of_a_perfect_model_is_what_chance_makes() -> None:
    told = []
    p = np.random.default_rng(0).uniform(0.0, 1.0, 1000)
    for seed in range(60):
        told.append(calibrate(p, (np.random.default_rng(seed + 1).random(1000) < p).astype(float)).ece)
    assert np.mean(told) == pytest.approx(ece_by_chance(p), rel=0.1)


def test_all_right_all_wrong_one_row_and_constant_predictions() -> None:
    for y in (np.ones(200), np.zeros(200)):
        told = calibrate(np.full(200, 0.7), y)
        assert not told.slope.known and not told.auc.known and np.isfinite(told.log_loss.value)
        assert audit(Data(np.full(200, 0.7), y, {"g": ["甲", "乙"] * 100})).findings
    assert not audit(Data(np.array([0.5]), np.array([1.0]), {})).findings
    extreme = calibrate(np.array([0.0, 1.0] * 50), np.array([0.0, 1.0] * 50))
    assert extreme.ece == 0.0 and extreme.auc.value == 1.0


def test_what_is_no_audit_is_refused() -> None:
    good = np.full(10, 0.5)
    with pytest.raises(ValueError, match="equally long"):
        calibrate(good, np.ones(9))
    with pytest.raises(ValueError, match="not empty"):
        calibrate(np.empty(0), np.empty(0))
    with pytest.raises(ValueError, match="predicted must lie"):
        calibrate(np.full(10, 1.5), good)
    with pytest.raises(ValueError, match="time"):
        drift(good, good, np.full(10, np.nan))
    with pytest.raises(ValueError, match="group texts"):
        audit(Data(good, good, {"g": ["甲"]}))


def test_groups_that_cannot_be_compared_are_left_out() -> None:
    p, y = np.full(200, 0.6), np.tile([1.0, 0.0], 100)
    assert differential(p, y, np.zeros(200, np.int64), 50) is None
    assert differential(p, y, np.repeat([0, -1], 100), 50) is None


def test_stability_of_the_same_sample_is_zero_and_of_another_large() -> None:
    chance = np.random.default_rng(11)
    base = chance.uniform(0, 1, 1000)
    assert stability(base, base) == (0.0, 1.0)
    assert stability(base, chance.uniform(0, 1, 1000))[1] > 0.001
    assert stability(base, chance.uniform(0.5, 1, 1000))[0] > 1
    assert stability(np.full(100, 0.5), np.full(100, 0.9))[1] < 0.001
    with pytest.raises(ValueError, match="rows"):
        stability(base, np.empty(0))


def test_small_pieces() -> None:
    assert holm([0.2, 0.001, 0.01]) == pytest.approx([0.2, 0.003, 0.02])
    assert mean(np.array([1.0]), None).se != mean(np.array([1.0]), None).se
    assert Estimate(1.0, 0.0).p_value() == 0.0 and "to" in str(Estimate(1.0, 0.1))
    assert logit(np.array([0.5]))[0] == 0.0 and fairness.audit is audit

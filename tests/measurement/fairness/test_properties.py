"""What must hold of DIF, calibration and the audit's bounds for any data: order, names, missing, extreme, empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.measurement.fairness import Data, audit, calibrate, failures, mantel_haenszel, metrics_of
from yincai.measurement.fairness.differential import differential

SEEDS = st.integers(0, 10_000)


def table(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(predicted, observed, focal); the focal group does a little worse than predicted."""
    chance = np.random.default_rng(seed)
    p, focal = chance.uniform(0.1, 0.95, n), chance.random(n) < 0.4
    return p, (chance.random(n) < np.where(focal, 0.85 * p, p)).astype(float), focal


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_dif_does_not_hang_on_the_order_and_turns_with_the_groups(seed: int) -> None:
    p, y, focal = table(seed)
    order = np.random.default_rng(seed).permutation(len(p))
    told, mixed = mantel_haenszel(p, y, focal), mantel_haenszel(p[order], y[order], focal[order])
    turned = mantel_haenszel(p, y, ~focal)
    assert told is not None and mixed is not None and turned is not None
    assert mixed.delta.value == pytest.approx(told.delta.value) and mixed.size == told.size
    assert turned.delta.value == pytest.approx(-told.delta.value)
    assert turned.delta.se == pytest.approx(told.delta.se)
    assert (turned.n_focal, turned.n_reference) == (told.n_reference, told.n_focal)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0.3, 3.0))
def test_dif_matches_by_the_order_of_predictions_alone(seed: int, power: float) -> None:
    p, y, focal = table(seed)
    told, bent = mantel_haenszel(p, y, focal), mantel_haenszel(p**power, y, focal)
    assert told is not None and bent is not None and bent.delta.value == pytest.approx(told.delta.value, abs=1e-9)


@pytest.mark.parametrize("kind", ["one row", "all right", "all wrong", "all focal", "none focal", "one of each"])
def test_dif_says_nothing_where_nothing_can_be_said(kind: str) -> None:
    p, y, focal = table(1, 60)
    p, y, focal = {
        "one row": (p[:1], y[:1], focal[:1]),
        "all right": (p, np.ones(60), focal),
        "all wrong": (p, np.zeros(60), focal),
        "all focal": (p, y, np.ones(60, bool)),
        "none focal": (p, y, np.zeros(60, bool)),
        "one of each": (np.array([0.5, 0.5]), np.array([1.0, 1.0]), np.array([True, False])),
    }[kind]
    assert mantel_haenszel(p, y, focal) is None


def test_dif_of_equal_and_of_extreme_predictions_is_finite() -> None:
    _, y, focal = table(2)
    for p in (np.full(400, 0.5), np.where(np.arange(400) % 2, 1.0, 0.0), np.zeros(400)):
        told = mantel_haenszel(p, y, focal)
        assert told is not None and told.delta.known and told.size in "ABC"
    with pytest.raises(ValueError, match="not empty"):
        mantel_haenszel(np.zeros(0), np.zeros(0), np.zeros(0, bool))
    with pytest.raises(ValueError, match="predicted must lie"):
        mantel_haenszel(np.array([np.nan, 0.5]), np.array([0.0, 1.0]), np.array([True, False]))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_metrics_are_those_of_the_rows_not_of_their_order_or_the_names(seed: int) -> None:
    p, y, focal = table(seed)
    chance = np.random.default_rng(seed)
    order, who = chance.permutation(400), chance.integers(0, 40, 400)
    names = np.where(focal, "甲", "乙")
    data = Data(p, y, {"g": names.tolist()}, who % 5, who)
    moved = Data(p[order], y[order], {"g": names[order].tolist()}, 4 - (who % 5)[order], 39 - who[order])
    renamed = replace(data, groups={"g": np.where(focal, "b", "a").tolist()})
    told, again, other = (metrics_of(audit(each, 20)) for each in (data, moved, renamed))
    assert [one.label for one in told] == [one.label for one in again]
    for one, two in zip(told, again, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high))

    def by_size(metrics: tuple[object, ...]) -> list[float]:
        return sorted(one.value for one in metrics if "“" in one.label and one.value is not None)  # type: ignore[attr-defined]

    assert by_size(told) == pytest.approx(by_size(other))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_rows_of_an_unknown_group_change_nothing_for_the_known_ones(seed: int) -> None:
    p, y, focal = table(seed)
    more = np.random.default_rng(seed + 1)
    names = np.where(focal, "甲", "乙").tolist()
    whole = Data(np.r_[p, more.uniform(0.1, 0.9, 50)], np.r_[y, np.ones(50)], {"g": names + [""] * 50})
    few, many = audit(Data(p, y, {"g": names}), 20), audit(whole, 20)
    assert [one.told.gap.value for one in few.groups if one.told] == [
        one.told.gap.value for one in many.groups if one.told
    ]
    assert [one.effect.value for one in few.differential] == [one.effect.value for one in many.differential]


@pytest.mark.parametrize("every", [0.0, 1.0])
def test_everything_equal_is_told_without_a_figure_that_cannot_be(every: float) -> None:
    p, same = np.full(300, 0.6), np.full(300, every)
    made = audit(Data(p, same, {"g": ["甲", "乙", "丙"] * 100}, np.zeros(300, np.int64), np.arange(300)))
    auc = next(metric for metric in metrics_of(made) if metric.label.startswith("区分能力"))
    assert auc.value is None and auc.verdict == "数据不够，还不能判断"
    assert not made.dif and differential(p, same, np.arange(300) % 2, 50) is None
    assert any(one.startswith("平均偏差是") for one in failures(metrics_of(made)))


def test_one_learner_gives_no_interval_and_so_no_failure() -> None:
    told = calibrate(np.full(50, 0.9), np.zeros(50), np.zeros(50, np.int64))
    assert not told.gap.known
    made = audit(Data(np.full(60, 0.9), np.zeros(60), {"g": ["甲"] * 60}, learners=np.zeros(60, np.int64)), 20)
    assert failures(metrics_of(made)) == []


def test_certain_and_wrong_predictions_stay_numbers() -> None:
    p, y = np.tile([0.0, 1.0], 100), np.tile([1.0, 0.0], 100)
    told = calibrate(p, y)
    assert np.isfinite(told.log_loss.value) and told.ece == 1.0 and told.auc.value == 0.0
    assert len(failures(metrics_of(audit(Data(p, y, {}))))) == 2  # AUC and ECE; on average it is right

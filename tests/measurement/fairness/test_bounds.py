"""What a model must keep to be in use."""

from __future__ import annotations

import numpy as np

from yincai.measurement.fairness import Data, Metric, audit, failures, metrics_of


def unfair(off: float, hard: float = 0.0) -> Data:
    """Synthetic: 120 pupils × 40 answers to 8 items; group b succeeds `off` less often than predicted, and `hard` less
    often on items 0 to 3."""
    chance = np.random.default_rng(7)
    pupil = np.repeat(np.arange(120), 40)
    item = np.tile(np.arange(40) % 8, 120)
    p = chance.uniform(0.3, 0.95, len(pupil))
    lower = np.where(pupil < 70, 0.0, off + hard * (item < 4))
    came = (chance.random(len(pupil)) < np.clip(p - lower, 0.02, 1)).astype(float)
    return Data(p, came, {"城乡": np.where(pupil < 70, "城区", "乡村").tolist()}, item, pupil)


def test_a_fair_model_keeps_its_bounds_and_each_figure_is_told() -> None:
    metrics = metrics_of(audit(unfair(0.0)))
    assert failures(metrics) == []
    assert [metric.label for metric in metrics] == [
        "区分能力（AUC）",
        "校准误差（ECE）",
        "平均偏差",
        "对数损失",
        "平均偏差，城乡“乡村”",
        "平均偏差，城乡“城区”",
        "不公平的题，城乡“乡村”",
    ]
    assert all(metric.low is not None and metric.low <= metric.value <= metric.high for metric in metrics)  # type: ignore[operator]


def test_a_model_that_is_wrong_for_a_group_fails_and_says_for_whom() -> None:
    found = failures(metrics_of(audit(unfair(0.15))))
    assert any(one.startswith("平均偏差，城乡“乡村”是 −0.1") and "至少 −0.05、至多 0.05" in one for one in found)
    assert not any("城区" in one for one in found)


def test_items_unfair_to_a_group_fail_by_their_share() -> None:
    found = failures(metrics_of(audit(unfair(0.0, hard=0.5))))
    assert any(one.startswith("不公平的题，城乡“乡村”是 0.500（0.2") and "8 道题" in one for one in found)


def test_few_data_are_no_proof() -> None:
    assert failures([Metric("m", 0.3, 0.01, 0.6, most=0.05), Metric("m", None, least=0.6)]) == []
    assert Metric("m", None, least=0.6).verdict == "数据不够，还不能判断"
    assert failures([]) == []

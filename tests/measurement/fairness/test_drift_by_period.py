"""Drift by months, of all and of each group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from yincai.measurement.fairness import Data, audit, drift_by_period
from yincai.measurement.fairness.audit import Finding
from yincai.measurement.fairness.words import sentence


def months(seed: int, fade: float = 0.0) -> Data:
    """Synthetic: 100 pupils × 4 months × 15 answers; from the third month on group b succeeds `fade` less often."""
    chance = np.random.default_rng(seed)
    pupil = np.repeat(np.arange(100), 60)
    period = np.tile(np.repeat([24310, 24311, 24312, 24313], 15), 100)
    p = chance.uniform(0.3, 0.95, len(pupil))
    lower = np.where((pupil % 2 == 1) & (period >= 24312), fade, 0.0)
    came = (chance.random(len(pupil)) < p - lower).astype(float)
    names = np.where(pupil % 2 == 1, "乡村", "城区").tolist()
    return Data(p, came, {"城乡": names}, learners=pupil, period=period)


def test_a_group_that_fades_is_found_with_its_months() -> None:
    made = audit(months(1, fade=0.2))
    found = [one for one in made.findings if one.kind == "calibration drift" and one.column]
    assert {(one.group, one.window, one.start) for one in found} == {("乡村", 2, 24312.0), ("乡村", 3, 24313.0)}
    assert sentence(found[0], when="2026 年 1 月").startswith("城乡“乡村”，2026 年 1 月：实际减预测 −0.")
    assert {(one.column, one.group) for one in made.group_drift} == {("城乡", "城区"), ("城乡", "乡村")}


def test_a_model_that_stays_right_gives_no_alarm() -> None:
    findings = [one for seed in range(25) for one in audit(months(seed)).findings]
    assert len(findings) <= 2, [sentence(one) for one in findings]


def test_order_of_rows_and_names_of_pupils_do_not_matter() -> None:
    data = months(3, fade=0.1)
    assert data.learners is not None and data.period is not None
    chance = np.random.default_rng(0)
    order, names = chance.permutation(len(data.predicted)), chance.permutation(100)
    moved = replace(
        data,
        predicted=data.predicted[order],
        observed=data.observed[order],
        groups={"城乡": np.array(data.groups["城乡"])[order].tolist()},
        learners=names[data.learners][order],
        period=data.period[order],
    )
    told, again = audit(data), audit(moved)
    assert [sentence(one) for one in told.findings] == [sentence(one) for one in again.findings]
    for one, other in zip(told.drift, again.drift, strict=True):
        assert one.calibration.value == pytest.approx(other.calibration.value)
        assert one.loss.high == pytest.approx(other.loss.high)


def test_one_month_small_months_and_what_does_not_fit() -> None:
    p, y = np.full(120, 0.5), np.tile([0.0, 1.0], 60)
    assert drift_by_period(p, y, np.full(120, 7)) == []
    period = np.repeat([1, 2, 3], [60, 5, 55])
    assert [window.start for window in drift_by_period(p, y, period)] == [3.0]
    assert drift_by_period(p, np.ones(120), period)[0].n == 55
    with pytest.raises(ValueError, match="periods"):
        drift_by_period(p, y, period[:5])
    with pytest.raises(ValueError, match="equally long"):
        drift_by_period(p[:0], y[:0], period[:0])


def test_a_size_said_without_its_sign_has_the_interval_of_the_size() -> None:
    high = Finding("calibration", "", "", -0.048, -0.052, -0.044, 1e-9, None, None, None)
    assert sentence(high) == "全体：预测偏高 4.8 个百分点（95% 区间 4.4 到 5.2）"
    assert sentence(replace(high, value=0.021, low=-0.001, high=0.043)).endswith(
        "预测偏低 2.1 个百分点（95% 区间 −0.1 到 4.3）"
    )

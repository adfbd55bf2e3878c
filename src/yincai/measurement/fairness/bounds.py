"""What a model must keep to be in use: figures with bounds, and what of them fails, in words.

A figure fails its bounds only when its whole interval lies beyond one: few data are no proof of failure, and no proof
of quality either. Whoever puts a model into use asks `failures` first and refuses it where the list is not empty; the
same figures stand on the model's card.

>>> auc = Metric("区分能力（AUC）", 0.54, 0.51, 0.57, n=4000, least=0.6)
>>> failures([auc, Metric("平均偏差", 0.06, -0.01, 0.13, n=90, most=0.05)])
['区分能力（AUC）是 0.540（0.510 到 0.570），4,000 题，界限是至少 0.6']
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from yincai.measurement.fairness.audit import Audit, GroupDif
from yincai.measurement.fairness.calibration import Calibration
from yincai.measurement.fairness.estimates import Estimate
from yincai.measurement.fairness.words import group_name
from yincai.measurement.intervals import wilson

UNSURE = "数据不够，还不能判断"
ONLY_TOLD = "只作说明"
LEAST_AUC, MOST_ECE = 0.6, 0.05
MOST_GAP = 0.05  # how far predictions may lie from what came, on average, for all and for each group
MOST_UNFAIR = 0.1  # share of the items that may be of DIF class C for a group


@dataclass(frozen=True)
class Metric:
    """`low`, `high`: its interval of 95 %, None where there is none. `least`, `most`: the bounds it must keep."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = "题"
    least: float | None = None
    most: float | None = None
    said: str = ""

    @property
    def fails(self) -> bool:
        below = self.least is not None and self.high is not None and self.high < self.least
        return below or (self.most is not None and self.low is not None and self.low > self.most)

    @property
    def number(self) -> str:
        if self.value is None:
            return "还没有"
        span = "" if self.low is None or self.high is None else f"（{_number(self.low)} 到 {_number(self.high)}）"
        return f"{_number(self.value)}{span}，{self.n:,} {self.unit}"

    @property
    def bound(self) -> str:
        ends = [
            f"至少 {self.least:g}".replace("-", "−") if self.least is not None else "",
            f"至多 {self.most:g}".replace("-", "−") if self.most is not None else "",
        ]
        return "、".join(end for end in ends if end) or ONLY_TOLD

    @property
    def verdict(self) -> str:
        if self.least is None and self.most is None:
            return "—"
        if self.value is None or self.low is None:
            return UNSURE
        return "超出界限" if self.fails else "在界限内"


def _number(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−")


def failures(metrics: Iterable[Metric]) -> list[str]:
    """A sentence for each metric beyond its bounds; empty where the model may be used."""
    return [f"{metric.label}是 {metric.number}，界限是{metric.bound}" for metric in metrics if metric.fails]


def metrics_of(made: Audit) -> tuple[Metric, ...]:
    """The bounded figures of an audit: all rows, each group, and the items that are unfair to a group."""
    return (*whole_metrics(made.whole), *group_metrics(made))


def group_metrics(made: Audit) -> tuple[Metric, ...]:
    groups = [_group(one.column, one.group, one.told) for one in made.groups if one.told is not None]
    return (*groups, *_unfair_items(made.dif))


def whole_metrics(told: Calibration) -> tuple[Metric, ...]:
    apart, right = "答对的题预测值更高的机会，0.5 等于乱猜", "说“八成会对”的题，是不是真有八成做对"
    low, high = told.ece_interval()
    return (
        _metric("区分能力（AUC）", told.auc, told.n, least=LEAST_AUC, said=apart),
        Metric("校准误差（ECE）", told.ece, _known(low), _known(high), told.n, most=MOST_ECE, said=right),
        _metric("平均偏差", told.gap, told.n, -MOST_GAP, MOST_GAP, "实际答对率减预测，正数：预测偏低"),
        _metric("对数损失", told.log_loss, told.n, said="越小越好"),
    )


def _group(column: str, group: str, told: Calibration) -> Metric:
    label = f"平均偏差，{group_name(column, group)}"
    return _metric(label, told.gap, told.n, -MOST_GAP, MOST_GAP, "这组人的实际答对率减预测")


def _unfair_items(rows: Iterable[GroupDif]) -> list[Metric]:
    """Of each group's items, the share of class C."""
    sizes: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        sizes.setdefault((row.column, row.group), []).append(row.told.size)
    return [_unfair(*whose, found) for whose, found in sizes.items()]


def _unfair(column: str, group: str, sizes: list[str]) -> Metric:
    label, n, large = f"不公平的题，{group_name(column, group)}", len(sizes), sizes.count("C")
    said = "同等水平下对这组人明显更难或更容易的题（DIF C 类）占的比例"
    return Metric(label, large / n, *wilson(large, n, 0.95), n, "道题", most=MOST_UNFAIR, said=said)


def _metric(
    label: str,
    told: Estimate,
    n: int,
    least: float | None = None,
    most: float | None = None,
    said: str = "",
) -> Metric:
    low, high = told.interval()
    return Metric(label, _known(told.value), _known(low), _known(high), n, "题", least, most, said)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None

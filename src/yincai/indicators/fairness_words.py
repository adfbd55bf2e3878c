"""An audit kept in a row, as lines for a page: each with its interval and n, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from yincai.core.figures import signed
from yincai.indicators.auditing import month_said
from yincai.indicators.models import ModelAudit

PSI = 0.25
SMALL = 0.02  # as the audit's bounds: below this a difference is called none


@dataclass(frozen=True)
class Line:
    """One group or one stretch of time."""

    name: str
    said: str
    numbers: str
    n: str


@dataclass(frozen=True)
class Said:
    """`moved`: groups in months that lie beyond their limits; `watched`: how many were looked at."""

    findings: tuple[str, ...]
    groups: tuple[Line, ...]
    over_time: tuple[Line, ...]
    moved: tuple[Line, ...]
    watched: int


def fairness_said(row: ModelAudit) -> Said:
    shifts = {(one["column"], one["group"]): one for one in row.report["shifts"]}
    groups = [_group(one, shifts.get((one["column"], one["group"]))) for one in row.report["groups"]]
    monthly = bool(row.report.get("monthly"))
    over_time = [_stretch(one, monthly) for one in row.report["drift"]]
    watched = row.report.get("group_drift", [])
    moved = [_stretch(one, monthly) for one in watched if not _inside(one)]
    return Said(tuple(row.findings), tuple(groups), tuple(over_time), tuple(moved), len(watched))


def _group(one: dict[str, Any], shift: dict[str, Any] | None) -> Line:
    gap = _points(one["gap"])
    compared = f"；与“{shift['reference']}”同样的预测相比 {_points(shift['effect'])}" if shift else ""
    name = f"{one['column']}：{one['group']}"
    return Line(name, _verdict(one["gap"]), f"实际减预测 {gap}{compared}", f"{one['pupils']:,} 人，{one['n']:,} 题")


def _verdict(gap: list[float | None]) -> str:
    value, low, high = gap
    if value is None or low is None or high is None:
        return "数据不够，还不能判断"
    if low <= 0.0 <= high or abs(value) < SMALL:
        return "看不出偏差"
    return "预测偏低，实际做得更好" if value > 0 else "预测偏高，实际做得差一些"


def _points(three: list[float | None]) -> str:
    value, low, high = three
    if value is None or low is None or high is None:
        return "还没有"
    return f"{signed(100 * value, 1)} 个百分点（{signed(100 * low, 1)} 到 {signed(100 * high, 1)}）"


def _stretch(one: dict[str, Any], monthly: bool) -> Line:
    value, low, high = one["calibration"]
    limits = f"控制限 {signed(100 * low, 1)} 到 {signed(100 * high, 1)}"
    numbers = f"实际减预测 {signed(100 * value, 1)} 个百分点（{limits}），稳定指数 PSI {one['psi']:.2f}"
    whose = f"{one['column']}：{one['group']}，" if "column" in one else ""
    said = "和开始时一样" if _inside(one) else "和开始时不同"
    return Line(whose + _when(one, monthly), said, numbers, f"{one['n']:,} 题")


def _inside(one: dict[str, Any]) -> bool:
    """As the audit's findings: of a group only whether predictions are still right, of all also who is predicted."""
    value, low, high = one["calibration"]
    return bool(low <= value <= high and ("column" in one or one["psi"] < PSI))


def _when(one: dict[str, Any], monthly: bool) -> str:
    if monthly:
        return month_said(one["start"])
    begun, ended = (f"{datetime.fromtimestamp(one[end], UTC):%m-%d}" for end in ("start", "end"))
    return f"{begun} 至 {ended}"

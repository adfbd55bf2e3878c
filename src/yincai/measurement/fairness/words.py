"""What an audit found, in Chinese, for people who are not statisticians."""

from __future__ import annotations

from yincai.measurement.fairness.audit import Finding

WHOLE = "全体"
KINDS = {
    "calibration": "预测偏差",
    "slope": "预测幅度",
    "differential": "组间预测差异",
    "differential slope": "组间幅度差异",
    "dif": "题目对某组不公平",
    "population": "人群变化",
    "calibration drift": "校准漂移",
    "loss drift": "误差变大",
}


def group_name(column: str, group: str) -> str:
    """谁: the column and the group, or all."""
    return f"{column}“{group}”" if column else WHOLE


def sentence(finding: Finding, item: str = "", when: str = "") -> str:
    """One finding. `item`: its name, for `dif`; `when`: the name of its window."""
    who = group_name(finding.column, finding.group)
    if finding.window is None:
        return f"{who}：{_MADE[finding.kind](finding, item)}"
    told = _in_window(finding, when or f"第 {finding.window} 段时间")
    return f"{who}，{told}" if finding.column else told


def _gap(finding: Finding, item: str) -> str:
    way = "偏低" if finding.value > 0 else "偏高"
    return f"预测{way} {_points(abs(finding.value))}（{_range(finding)}）"


def _slope(finding: Finding, item: str) -> str:
    way = "太极端" if finding.value < 1 else "太保守"
    return f"预测{way}，校准斜率 {finding.value:.2f}（{finding.low:.2f}–{finding.high:.2f}，应为 1）"


def _effect(finding: Finding, item: str) -> str:
    way = "高" if finding.value > 0 else "低"
    return f"预测相同时，实际答对比参照组{way} {_points(abs(finding.value))}（{_range(finding)}）"


def _slope_effect(finding: Finding, item: str) -> str:
    return f"校准斜率与参照组差 {_signed(finding.value)}（{_signed(finding.low)} 到 {_signed(finding.high)}）"


def _dif(finding: Finding, item: str) -> str:
    way = "更容易" if finding.value > 0 else "更难"
    span = f"{_signed(finding.low)} 到 {_signed(finding.high)}"
    return f"同等水平下题目 {item or finding.item} {way}，MH delta {_signed(finding.value)}（{span}）"


_MADE = {
    "calibration": _gap,
    "slope": _slope,
    "differential": _effect,
    "differential slope": _slope_effect,
    "dif": _dif,
}


def _in_window(finding: Finding, place: str) -> str:
    if finding.kind == "population":
        return f"{place}：答题的人或题变了，稳定指数 PSI {finding.value:.2f}（界限 {finding.high:.2f}）"
    if finding.kind == "calibration drift":
        return f"{place}：实际减预测 {_signed(finding.value, 3)}，超出{_limits(finding)}"
    return f"{place}：误差比预期多 {_signed(finding.value, 3)}，超出{_limits(finding)}"


def _points(share: float) -> str:
    return f"{100 * share:.1f} 个百分点"


def _range(finding: Finding) -> str:
    """Of a size that is said without its sign: the interval of the size, not of the signed value."""
    low, high = (finding.low, finding.high) if finding.value > 0 else (-finding.high, -finding.low)
    return f"95% 区间 {100 * low:.1f} 到 {100 * high:.1f}".replace("-", "−")


def _limits(finding: Finding) -> str:
    return f"控制限 {_signed(finding.low, 3)} 到 {_signed(finding.high, 3)}"


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")

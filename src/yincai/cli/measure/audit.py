"""`yincai measure audit`: whether predictions are right for everybody, and stay so."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yincai.cli.measure import write_json
from yincai.records.readers import Unreadable
from yincai.records.readers.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    from yincai.measurement.fairness import Audit, Calibration, Estimate, Finding, Window
    from yincai.measurement.fairness.audit import GroupDif, GroupShift

HELP = "公平性审计：分组校准、组间预测差异、题目功能差异（DIF）与漂移；有发现时退出码为 1"
FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--predictions",
        type=Path,
        required=True,
        metavar="FILE",
        help="csv：predicted、observed，分组的列，可选 time、item、learner",
    )
    parser.add_argument(
        "--group",
        nargs="+",
        action="extend",
        default=[],
        metavar="COL",
        help="要比较的列；不写则取其余各列中有 2–20 种值的",
    )
    parser.add_argument("--min-n", type=int, default=50, metavar="N", help="一组少于 N 行不给数字（默认 50）")
    parser.add_argument("--windows", type=int, default=8, metavar="N", help="按时间分几段，第一段作基准（默认 8）")
    parser.add_argument("--json", action="store_true", help="只输出一份 JSON")


def run(asked: argparse.Namespace) -> int:
    from yincai.measurement.fairness import Data, audit

    if asked.min_n < 2 or asked.windows < 2:
        raise Unreadable("--min-n 和 --windows 至少是 2。")
    rows = read_predictions(asked.predictions, asked.group)
    data = Data(rows.predicted, rows.observed, rows.groups, rows.item, rows.learner, rows.time)
    made = audit(data, asked.min_n, asked.windows)
    if asked.json:
        write_json(document(made, rows))
    else:
        sys.stdout.write(in_words(made, rows))
    return FOUND if made.findings else 0


def document(made: Audit, rows: Predictions) -> dict[str, Any]:
    """The stable JSON; intervals are of 95 %, null where the data cannot tell."""
    return {
        **_calibration(made.whole),
        "groups": [
            {"column": one.column, "group": one.group, "n": one.n, "withheld": one.told is None}
            | (_calibration(one.told) if one.told else {})
            for one in made.groups
        ],
        "differential": [_shift(one) for one in made.differential],
        "dif": [_dif(one, rows) for one in made.dif],
        "drift": [_window(nth, one) for nth, one in enumerate(made.drift, 1)],
        "findings": [_finding(one, rows) for one in made.findings],
    }


def _estimate(name: str, estimate: Estimate) -> dict[str, Any]:
    low, high = estimate.interval()
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}


def _calibration(told: Calibration) -> dict[str, Any]:
    low, high = told.ece_interval()
    return {
        "n": told.n,
        "learners": told.learners,
        "observed": told.observed,
        "predicted": told.predicted,
        "ece": told.ece,
        "ece_low": low,
        "ece_high": high,
        "ece_by_chance": told.ece_by_chance,
        **_estimate("log_loss", told.log_loss),
        **_estimate("auc", told.auc),
        **_estimate("gap", told.gap),
        **_estimate("intercept", told.intercept),
        **_estimate("slope", told.slope),
    }


def _shift(one: GroupShift) -> dict[str, Any]:
    return {
        "column": one.column,
        "reference": one.reference,
        "group": one.group,
        "n": one.n,
        **_estimate("shift", one.shift),
        "odds_ratio": one.odds_ratio,
        **_estimate("effect", one.effect),
        **_estimate("slope_difference", one.slope),
        "p": one.shift.p_value(),
        "slope_p": one.slope.p_value(),
    }


def _dif(one: GroupDif, rows: Predictions) -> dict[str, Any]:
    return {
        "column": one.column,
        "reference": one.reference,
        "group": one.group,
        "item": rows.items[one.item],
        "n": one.told.n_focal,
        "n_reference": one.told.n_reference,
        "odds_ratio": one.told.odds_ratio,
        **_estimate("delta", one.told.delta),
        "class": one.told.size,
    }


def _window(nth: int, one: Window) -> dict[str, Any]:
    charts = {
        name: {
            "value": point.value,
            "center": point.center,
            "low": point.low,
            "high": point.high,
            "beyond": point.beyond,
        }
        for name, point in (("calibration", one.calibration), ("loss", one.loss))
    }
    return {"window": nth, "start": one.start, "end": one.end, "n": one.n, "psi": one.psi, "psi_p": one.psi_p, **charts}


def _finding(one: Finding, rows: Predictions) -> dict[str, Any]:
    from yincai.measurement.fairness.words import sentence

    item = None if one.item is None else rows.items[one.item]
    return {
        "kind": one.kind,
        "column": one.column or None,
        "group": one.group or None,
        "item": item,
        "window": one.window,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "p": one.p,
        "words": sentence(one, item or ""),
    }


def in_words(made: Audit, rows: Predictions) -> str:
    """For reading."""
    from yincai.measurement.fairness.words import WHOLE, group_name, sentence

    lines = [_line(WHOLE, made.whole.n, made.whole)]
    lines += [_line(group_name(one.column, one.group), one.n, one.told) for one in made.groups]
    found = [sentence(one, "" if one.item is None else rows.items[one.item]) for one in made.findings]
    if made.whole.learners is None:
        lines.append("没有 learner 一列：各行当作互不相干，同一学生有多行时区间会偏窄。")
    lines += [f"发现 {len(found)} 处：" if found else "没有发现。", *(f"  {one}" for one in found)]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, n: int, told: Calibration | None) -> str:
    if told is None:
        return f"{name}：{n} 行，太少，不给数字"
    low, high = told.gap.interval()
    auc = f"，AUC {told.auc.value:.3f}" if told.auc.known else ""
    return (
        f"{name}：{n} 行，实际减预测 {100 * told.gap.value:+.1f} 个百分点（{100 * low:+.1f} 到 {100 * high:+.1f}），"
        f"校准误差 {told.ece:.3f}（全对的模型也会有 {told.ece_by_chance:.3f}）{auc}"
    )

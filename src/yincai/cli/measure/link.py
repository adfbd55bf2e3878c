"""`yincai measure link`: two years' forms, calibrated apart, on one scale by the items they share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yincai.cli.measure import write_json
from yincai.cli.measure.irt import MODELS, calibrated
from yincai.records.readers import Unreadable

if TYPE_CHECKING:
    from yincai.measurement.irt import Drift, Equating, Fit, LeaveOneOut, Link

HELP = "链接：把两次测试（如两年监测）的题目放到同一量尺，检查公共题漂移，给出总分等值表"
METHODS = ("stocking-lord", "haebara", "mean/sigma", "mean/mean")
FEWEST_FOR_DRIFT = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name, what in (("new", "新卷"), ("old", "旧卷（量尺以它为准）")):
        parser.add_argument(
            f"--{name}", type=Path, required=True, metavar="WIDE.csv", help=f"{what}的作答表，公共题同名"
        )
    parser.add_argument("--model", choices=MODELS, default="2pl", help="模型（默认 2pl）")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help=f"方法（默认 {METHODS[0]}）")
    parser.add_argument("--id", metavar="列名", help="学号所在的列（默认没有）")
    parser.add_argument("--json", action="store_true", help="只输出一份 JSON")


def run(asked: argparse.Namespace) -> int:
    from yincai.measurement import irt

    new, old = (calibrated(path, asked.model, asked.id)[0] for path in (asked.new, asked.old))
    common = sum(name in old.items for name in new.items)
    if common < 2:
        raise Unreadable(
            f"{asked.new} 和 {asked.old} 只有 {common} 道同名的题，链接至少要两道。公共题在两个文件里要同名。"
        )
    try:
        by = irt.link(new, old, asked.method)
    except ValueError as problem:
        raise Unreadable(f"{asked.new}：不能与 {asked.old} 链接：{problem}") from problem
    apart = irt.leave_one_out(new, old, asked.method) if len(by.common) > 2 else None
    moved = irt.drift(new, old, asked.method) if len(by.common) >= FEWEST_FOR_DRIFT else None
    equal = _equating(new, old, by)
    if asked.json:
        write_json(document(new, by, apart, moved, equal))
    else:
        sys.stdout.write(table(new, by, apart, moved, equal))
    return 0 if new.converged and old.converged else 1


def _equating(new: Fit, old: Fit, by: Link) -> Equating | None:
    """None where an item has no rising curve."""
    from yincai.measurement import irt

    try:
        return irt.true_score_equating(irt.linked(new.bank, by), old.bank)
    except ValueError:
        return None


def document(
    new: Fit, by: Link, apart: LeaveOneOut | None, moved: Drift | None, equal: Equating | None
) -> dict[str, Any]:
    """The stable JSON: old θ = slope · new θ + intercept."""
    return {
        "method": by.method,
        "slope": by.slope,
        "se_slope": by.se_slope,
        "intercept": by.intercept,
        "se_intercept": by.se_intercept,
        "new_latent": {"mean": _mean(new, by), "variance": by.slope**2 * new.latent.variance},
        "jackknife": apart and {"se_slope": apart.se_slope, "se_intercept": apart.se_intercept},
        "common": [_common(by, apart, moved, number) for number in range(len(by.common))],
        "equating": equal
        and [
            {"new": float(score), "old": float(same)} for score, same in zip(equal.score, equal.equivalent, strict=True)
        ],
    }


def _mean(new: Fit, by: Link) -> float:
    return by.slope * new.latent.mean + by.intercept


def _common(by: Link, apart: LeaveOneOut | None, moved: Drift | None, number: int) -> dict[str, Any]:
    row: dict[str, Any] = {"item": by.common[number]}
    if apart:
        row |= {"slope_without": float(apart.slope[number]), "intercept_without": float(apart.intercept[number])}
    if moved:
        row |= {"change": float(moved.change[number]), "se": float(moved.se[number]), "z": float(moved.z[number])}
        row["flagged"] = by.common[number] in moved.flagged
    return row


def table(new: Fit, by: Link, apart: LeaveOneOut | None, moved: Drift | None, equal: Equating | None) -> str:
    """For reading."""
    lines = [
        f"{by.method}，{len(by.common)} 道公共题：旧量尺 = {by.slope:.4f}（标准误 {by.se_slope:.4f}）× 新量尺 "
        f"{by.intercept:+.4f}（标准误 {by.se_intercept:.4f}）",
        f"新卷学生在旧量尺上：均值 {_mean(new, by):+.3f}，方差 {by.slope**2 * new.latent.variance:.3f}",
    ]
    if apart:
        lines.append(f"换一批公共题会怎样（刀切标准误）：斜率 {apart.se_slope:.4f}，截距 {apart.se_intercept:.4f}")
    if moved is None:
        lines.append(f"公共题不足 {FEWEST_FOR_DRIFT} 道，没有检查漂移。")
    else:
        lines.append("公共题难度变化（正：变难；※：请教研员核对，可能漂移）")
        lines += [
            f"  {name}  {moved.change[number]:+.2f}（{moved.low[number]:+.2f} 至 {moved.high[number]:+.2f}）"
            + ("  ※" if name in moved.flagged else "")
            for number, name in enumerate(moved.items)
        ]
    if equal is None:
        lines.append("有题目区分度为负，没有总分等值表。")
    else:
        lines.append("总分等值（真分数法）：新卷 → 旧卷")
        lines += [f"  {score:.0f} → {same:.2f}" for score, same in zip(equal.score, equal.equivalent, strict=True)]
    return "\n".join(lines) + "\n"

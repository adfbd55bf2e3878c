"""`yincai measure irt`: item parameters from a table of answers."""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from yincai.cli.measure import write_json
from yincai.records.readers import Unreadable
from yincai.records.readers.responses import Wide, read_wide

if TYPE_CHECKING:
    from yincai.measurement.irt import Fit

HELP = "项目反应理论：由作答表估计每道题的区分度 a、难度 b、猜测度 c"
MODELS = ("rasch", "2pl", "3pl", "grm", "pcm", "gpcm")
ZERO_ONE = ("rasch", "2pl", "3pl")
FLAGS = {
    "all right": "全部答对，靠弱先验估计",
    "all wrong": "全部答错，靠弱先验估计",
    "no answers": "没有作答，无法估计",
    "at the bound": "估计到了边界，请检查",
    "negative slope": "区分度为负，请检查答案",
    "no slope": "区分度几乎为零，难度没有意义",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--responses", type=Path, required=True, metavar="WIDE.csv", help="有表头，一行一名学生，空格为缺失"
    )
    parser.add_argument("--model", choices=MODELS, default="2pl", help="模型（默认 2pl）")
    parser.add_argument("--id", metavar="列名", help="学号所在的列（默认没有）")
    parser.add_argument("--json", action="store_true", help="只输出一份 JSON")


def run(asked: argparse.Namespace) -> int:
    found, seconds = calibrated(asked.responses, asked.model, asked.id)
    if asked.json:
        write_json(document(found, seconds))
    else:
        sys.stdout.write(table(found, seconds))
    return 0 if found.converged else 1


def calibrated(path: Path, model: str, column: str | None) -> tuple[Fit, float]:
    """The items of a table, and the seconds that the fit took."""
    from yincai.measurement import irt

    read = read_wide(path, column)
    _check(path, model, read)
    began = time.perf_counter()
    try:
        found = irt.fit(read.scores, model, items=read.items)
    except ValueError as problem:
        raise Unreadable(f"{path}：不能用 {model} 估计：{problem}") from problem
    return found, time.perf_counter() - began


def _check(path: Path, model: str, read: Wide) -> None:
    """What the model cannot take, said with its place."""
    if int(np.isfinite(read.scores).any(axis=1).sum()) < 2:
        raise Unreadable(f"{path}：至少要两名学生有作答，才能估计题目参数。")
    if model in ZERO_ONE and (beyond := read.scores > 1).any():
        raise Unreadable(
            f"{path} {read.where(beyond)}，{model} 只用 0（错）和 1（对）。"
            "多级计分请用 --model grm；如果这一列是学号，请加 --id 列名。"
        )


def document(found: Fit, seconds: float) -> dict[str, Any]:
    """The stable JSON; NaN (not estimated) becomes null."""
    columns = {"a": found.a, "b": found.b, "c": found.c, "se_a": found.se_a, "se_b": found.se_b}
    return {
        "log_likelihood": found.log_likelihood,
        "converged": found.converged,
        "seconds": seconds,
        "latent": {"mean": found.latent.mean, "variance": found.latent.variance},
        "items": [
            {"item": name, **{column: _plain(found, number, values[number]) for column, values in columns.items()}}
            for number, name in enumerate(found.items)
        ],
    }


def _plain(found: Fit, number: int, value: Any) -> float | list[float]:
    """A number, or a list with one for each step that the item has."""
    if value.ndim == 0:
        return float(value)
    return [float(each) for each in value[: found.bank.categories[number] - 1]]


def table(found: Fit, seconds: float) -> str:
    """For reading."""
    state = "已收敛" if found.converged else "没有收敛"
    lines = [
        f"模型 {found.model}：{found.n_learners} 名学生，{len(found.items)} 道题，{found.n_responses} 次作答",
        f"对数似然 {found.log_likelihood:.4f}，{state}，用时 {seconds:.2f} 秒",
        f"能力分布：均值 {found.latent.mean:.3f}，方差 {found.latent.variance:.3f}；"
        f"边际信度 {found.marginal_reliability:.3f}",
        "",
    ]
    width = max(4, *(_wide(name) for name in found.items))
    lines.append(f"{_pad('题目', width)}  区分度 a（标准误）  猜测度 c  难度 b（标准误）")
    lines += [_line(found, number, width) for number in range(len(found.items))]
    return "\n".join(lines) + "\n"


def _line(found: Fit, number: int, width: int) -> str:
    name = found.items[number]
    b, se = found.b[number], found.se_b[number]
    pairs = [(b, se)] if b.ndim == 0 else list(zip(b, se, strict=True))[: found.bank.categories[number] - 1]
    steps = "  ".join(_with_error(*pair) for pair in pairs)
    flag = f"  ※{FLAGS[found.flags[name]]}" if name in found.flags else ""
    slope = _with_error(found.a[number], found.se_a[number])
    return f"{_pad(name, width)}  {slope}  {found.c[number]:8.3f}  {steps}{flag}"


def _with_error(value: float, error: float) -> str:
    shown = f"{value:9.3f}" if value == value else f"{'—':>9}"
    return f"{shown}（{error:.3f}）" if error == error else f"{shown}（—）  "


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _wide(text))

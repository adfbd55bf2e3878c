"""`yincai measure diagnosis`: which skills learners hold, from a table of answers and a Q-matrix."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from yincai.cli.measure import write_json
from yincai.records.readers import Unreadable
from yincai.records.readers.qmatrix import read_q_matrix
from yincai.records.readers.responses import read_wide

if TYPE_CHECKING:
    from yincai.measurement.diagnosis import Diagnosis

HELP = "认知诊断：由作答表和 Q 矩阵估计每道题的猜测与失误、每项技能的掌握率"
STARTS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--responses", type=Path, required=True, metavar="WIDE.csv", help="有表头，一行一名学生，0/1，空格为缺失"
    )
    parser.add_argument(
        "--q-matrix", type=Path, required=True, metavar="Q.csv", help="表头是技能，一行一道题（第一列可写题名），0/1"
    )
    parser.add_argument("--model", choices=("dina", "dino", "gdina"), default="dina", help="模型（默认 dina）")
    parser.add_argument("--id", metavar="列名", help="学号所在的列（默认没有）")
    parser.add_argument(
        "--starts", type=int, default=STARTS, metavar="N", help=f"起点个数（默认 {STARTS}），查局部极值"
    )
    parser.add_argument("--search", action="store_true", help="从最好的起点继续寻找更高的极值（G-DINA 极值很多，较慢）")
    parser.add_argument("--seed", type=int, default=0, help="随机起点的种子（默认 0）")
    parser.add_argument("--json", action="store_true", help="只输出一份 JSON")


def run(asked: argparse.Namespace) -> int:
    from yincai.measurement import diagnosis

    read = read_wide(asked.responses, asked.id)
    if (wrong := read.scores > 1).any():
        raise Unreadable(f"{asked.responses} {read.where(wrong)}，认知诊断只用 0（错）和 1（对），没有作答就留空。")
    if (nobody := np.isnan(read.scores).all(axis=0)).any():
        item = read.items[int(np.argmax(nobody))]
        raise Unreadable(f"{asked.responses}：题目“{item}”没有人作答。请去掉它（Q 矩阵里也去掉）。")
    q = read_q_matrix(asked.q_matrix, read.items)
    try:
        found = diagnosis.fit(
            read.scores, q.needed, asked.model, starts=asked.starts, search=asked.search, seed=asked.seed
        )
    except ValueError as problem:
        raise Unreadable(f"{asked.responses}：不能用 {asked.model} 估计：{problem}") from problem
    if asked.json:
        write_json(document(found, read.items, q.skills))
    else:
        sys.stdout.write(f"{found}\n")
    return 0 if found.converged else 1


def document(found: Diagnosis, items: tuple[str, ...], skills: tuple[str, ...]) -> dict[str, Any]:
    """The stable JSON; NaN (on a bound, not determined) becomes null."""
    rows = zip(skills, found.skill_probability, found.skill_se, found.skill_determined, strict=True)
    return {
        "log_likelihood": found.log_likelihood,
        "converged": found.converged,
        "learners": found.learners,
        "parameters": found.parameters,
        "aic": found.aic,
        "bic": found.bic,
        "starts": {
            "log_likelihoods": list(found.starts.log_likelihoods),
            "agreeing": found.starts.agreeing,
            "maxima": found.starts.maxima,
            "searched": found.starts.searched,
            "gained": found.starts.gained,
        },
        "items": [_item(found, number, name, skills) for number, name in enumerate(items)],
        "skills": [
            {"skill": name, "p": float(p), "se": float(se), "determined": bool(determined)}
            for name, p, se, determined in rows
        ],
    }


def _item(found: Diagnosis, number: int, name: str, skills: tuple[str, ...]) -> dict[str, Any]:
    columns = {"guess": found.guess, "slip": found.slip, "se_guess": found.guess_se, "se_slip": found.slip_se}
    row: dict[str, Any] = {"item": name, **{key: float(values[number]) for key, values in columns.items()}}
    if found.design.model == "gdina":
        row["delta"] = found.delta(number).tolist()
        row["se_delta"] = found.delta_se(number).tolist()
        row["terms"] = [[skills[skill] for skill in term] for term in found.terms(number)]
    return row

"""`yincai measure errors`: the cause of wrong algebra steps, learnt from labelled ones."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yincai.cli.measure import write_json
from yincai.records.readers import Unreadable
from yincai.records.readers.steps import Row, read_steps

if TYPE_CHECKING:
    from yincai.measurement.errors.steps import Accuracy, Attribution

HELP = "错因诊断：由标注过的代数错误步骤学习，判断每个错误步骤的原因"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True, metavar="FILE", help="标注过的步骤（JSON，含 Label Name）")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="要判断的步骤（有标注则同时算正确率）")
    parser.add_argument("--json", action="store_true", help="只输出一份 JSON")


def run(asked: argparse.Namespace) -> int:
    from yincai.measurement.errors import steps

    known, asked_for = read_steps(asked.train), read_steps(asked.data)
    unlabelled = [number for number, row in enumerate(known, 1) if row.label is None]
    if unlabelled:
        raise Unreadable(f"{asked.train} 第 {unlabelled[0]} 项：没有标注（Label Name）。--train 的每一项都要有。")
    model = steps.fit([_step(row) for row in known], [str(row.label) for row in known])
    told = document(asked_for, steps.predict(model, [_step(row) for row in asked_for]))
    if asked.json:
        write_json(told)
    else:
        sys.stdout.write(f"{model}\n{table(told)}")
    return 0


def _step(row: Row) -> Any:
    from yincai.measurement.errors.traits import Step

    return Step(row.equation, row.action, row.entered, row.result, row.before)


def document(rows: list[Row], found: list[Attribution]) -> dict[str, Any]:
    """The stable JSON; `accuracy` and `by_label` are over the rows that have a label, null when none has."""
    from yincai.measurement.errors import steps

    judged = [(each.label, row.label) for row, each in zip(rows, found, strict=True) if row.label is not None]
    shares = steps.accuracy([told for told, _ in judged], [str(label) for _, label in judged]) if judged else None
    return {
        "accuracy": shares.share if shares else None,
        "by_label": _by_label(shares) if shares else None,
        "predictions": [
            {"label": each.label, "probability": each.probability, "evidence": list(each.evidence)} for each in found
        ],
    }


def _by_label(shares: Accuracy) -> dict[str, Any]:
    return {name: {"n": n, "accuracy": share} for name, (n, share) in shares.by_label.items()}


def table(told: dict[str, Any]) -> str:
    """For reading."""
    if told["accuracy"] is None:
        return "".join(f"{each['label']}  {each['probability']:.2f}\n" for each in told["predictions"])
    lines = [f"{name:<28} {row['n']:>6} {row['accuracy']:.3f}\n" for name, row in told["by_label"].items()]
    return "".join([*lines, f"{'accuracy':<28} {len(told['predictions']):>6} {told['accuracy']:.3f}\n"])

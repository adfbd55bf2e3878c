"""Wrong algebra steps: a JSON list of objects as in CogTutorBugs: eq1, action, Input, eq2, Previous Action, Label Name.

The label and the action before may be missing. `None` as the action before says that there was none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yincai.records.readers import Unreadable
from yincai.records.readers.text import text_of

NEEDED = ("eq1", "action", "Input", "eq2")
BEFORE, LABEL = "Previous Action", "Label Name"


@dataclass(frozen=True)
class Row:
    """`before` is "" for no step before and None where the file does not say; `label` is None where it has none."""

    equation: str
    action: str
    entered: str
    result: str
    before: str | None
    label: str | None


def read_steps(path: Path) -> list[Row]:
    """All rows. Raises Unreadable for another kind of file, or a row that lacks something."""
    try:
        rows = json.loads(text_of(path))
    except json.JSONDecodeError as problem:
        raise Unreadable(f"{path.name} 第 {problem.lineno} 行：不是 JSON（{problem.msg}）。") from problem
    if not isinstance(rows, list) or not rows:
        raise Unreadable(f"{path.name}：应是一个 JSON 列表，每个错误步骤一项，至少一项。")
    return [_row(path, number, row) for number, row in enumerate(rows, 1)]


def _row(path: Path, number: int, row: Any) -> Row:
    if not isinstance(row, dict):
        raise Unreadable(f"{path.name} 第 {number} 项：应是一个对象，含 {'、'.join(NEEDED)}。")
    row = {key: str(cell) if key in NEEDED and _is_number(cell) else cell for key, cell in row.items()}
    for name in NEEDED:
        if not isinstance(row.get(name), str):
            raise Unreadable(f"{path.name} 第 {number} 项：缺少文字“{name}”。")
    before = row.get(BEFORE, "")
    label = row.get(LABEL)
    for name, cell in ((BEFORE, before), (LABEL, label)):
        if cell is not None and not isinstance(cell, str):
            raise Unreadable(f"{path.name} 第 {number} 项：“{name}”应是文字或 null。")
    told = None if BEFORE not in row else before or ""
    return Row(row["eq1"], row["action"], row["Input"], row["eq2"], told, label)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)

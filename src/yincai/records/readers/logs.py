"""Answer logs: csv with a header, or three lines a learner (number of answers / ids / 0-1), as tracing research has it.

    learner,item,skill,correct[,time,duration]      skill may be several, "a;b"; time in seconds or ISO 8601

Gives plain columns; `yincai.measurement.tracing.log.Log` orders them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from yincai.records.readers import Unreadable

NEEDED = ("learner", "correct")


@dataclass(frozen=True)
class Columns:
    """One entry a row of the file. `skill` is None where the file names only one thing beside the outcome; `item` is
    that thing then. time and duration are seconds, or None where the file has no such column."""

    learner: list[str] | list[int]
    item: list[str] | list[int]
    correct: list[float]
    skill: list[str] | None = None
    time: list[float] | None = None
    duration: list[float] | None = None
    path: Path = field(default_factory=Path)


def read(path: Path, skills: Path | None = None) -> Columns:
    """The columns of a log in either format; `skills` is a Q-matrix (a row for each id, 0-1, no header).

    Raises Unreadable for a file that is neither, or a cell that makes no sense.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(f"{path.name}：不是 UTF-8 文本。请另存为 UTF-8 编码。") from problem
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise Unreadable(f"{path.name}：文件是空的。")
    if lines[0].strip().rstrip(",").isdigit():
        return _three_lines(path, lines, None if skills is None else q_matrix(skills))
    if skills is not None:
        raise Unreadable(f"{path.name}：--skills 只用于三行格式；csv 请把知识点写在 skill 列。")
    return _csv(path, lines)


def q_matrix(path: Path) -> list[str]:
    """Names of each id's skills, "s1;s4"; an id with none is a skill of its own."""
    names = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.strip().rstrip(",").split(",")]
        if not set(cells) <= {"0", "1"}:
            raise Unreadable(f"{path.name} 第 {number} 行：Q 矩阵每格只能是 0 或 1，不要表头。")
        held = [f"s{column}" for column, cell in enumerate(cells, 1) if cell == "1"]
        names.append(";".join(held) or f"item{number}")
    return names


def _three_lines(path: Path, lines: Sequence[str], skills: list[str] | None) -> Columns:
    if len(lines) % 3:
        raise Unreadable(f"{path.name}：三行格式的行数应是 3 的倍数，现在是 {len(lines)} 行。")
    learner: list[int] = []
    item: list[int] = []
    correct: list[float] = []
    for number in range(0, len(lines), 3):
        ids, outcomes = _numbers(path, lines, number + 1), _numbers(path, lines, number + 2)
        said = _numbers(path, lines, number)
        if said != [len(ids)] or len(ids) != len(outcomes):
            raise Unreadable(
                f"{path.name} 第 {number + 1}–{number + 3} 行：写明 {lines[number].strip()} 次作答，"
                f"实有 {len(ids)} 个编号、{len(outcomes)} 个结果。"
            )
        if not set(outcomes) <= {0, 1}:
            raise Unreadable(f"{path.name} 第 {number + 3} 行：结果只能是 0 或 1。")
        learner.extend([number // 3] * len(ids))
        item.extend(ids)
        correct.extend(map(float, outcomes))
    return Columns(learner, item, correct, None if skills is None else _skills_of(path, item, skills), path=path)


def _numbers(path: Path, lines: Sequence[str], number: int) -> list[int]:
    try:
        return [int(cell) for cell in lines[number].strip().strip(",").split(",")]
    except ValueError as problem:
        raise Unreadable(f"{path.name} 第 {number + 1} 行：应是用逗号隔开的整数。") from problem


def _skills_of(path: Path, item: list[int], skills: list[str]) -> list[str]:
    """Ids count from 1, or from 0 where an id 0 occurs."""
    first = min(1, *item) if item else 1
    if first < 0 or max(item, default=0) - first >= len(skills):
        raise Unreadable(f"{path.name}：有编号 {max(item)}，但 Q 矩阵只有 {len(skills)} 行。")
    return [skills[each - first] for each in item]


def _csv(path: Path, lines: Sequence[str]) -> Columns:
    rows = csv.reader(lines)
    header = [name.strip().lower() for name in next(rows)]
    missing = [name for name in NEEDED if name not in header]
    if missing or not {"item", "skill"} & set(header):
        lacking = "、".join(missing or ["item 或 skill"])
        raise Unreadable(f"{path.name} 第 1 行：表头缺少 {lacking}。应为 learner,item,skill,correct[,time,duration]。")
    columns: dict[str, list[str]] = {name: [] for name in header}
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise Unreadable(f"{path.name} 第 {number} 行：有 {len(row)} 格，表头有 {len(header)} 格。")
        for name, cell in zip(header, row, strict=True):
            columns[name].append(cell.strip())
    both = "item" in columns and "skill" in columns
    return Columns(
        learner=columns["learner"],
        item=columns["item"] if "item" in columns else _sets(columns["skill"]),
        correct=list(_outcomes(path, columns["correct"])),
        skill=_sets(columns["skill"]) if both else None,
        time=list(_moments(path, columns["time"])) if any(columns.get("time", ())) else None,
        duration=list(_amounts(path, columns["duration"])) if any(columns.get("duration", ())) else None,
        path=path,
    )


def _sets(cells: list[str]) -> list[str]:
    """Skills of each row in one order, so that "b;a" is "a;b"."""
    return [";".join(sorted({part.strip() for part in cell.split(";")})) if ";" in cell else cell for cell in cells]


def _outcomes(path: Path, cells: list[str]) -> Iterator[float]:
    for number, cell in enumerate(cells, 2):
        value = _number(cell)
        if value is None or not 0.0 <= value <= 1.0:
            raise Unreadable(f"{path.name} 第 {number} 行：correct 是“{cell}”，应在 0 到 1 之间。")
        yield value


def _moments(path: Path, cells: list[str]) -> Iterator[float]:
    for number, cell in enumerate(cells, 2):
        value = _number(cell)
        if value is None:
            value = _iso(cell)
        if value is None:
            raise Unreadable(
                f"{path.name} 第 {number} 行：time 是“{cell}”，应是秒数或 2025-09-01T08:00:00 这样的时间。"
            )
        yield value


def _amounts(path: Path, cells: list[str]) -> Iterator[float]:
    for number, cell in enumerate(cells, 2):
        value = _number(cell) if cell else 0.0
        if value is None:
            raise Unreadable(f"{path.name} 第 {number} 行：duration 是“{cell}”，应是秒数。")
        yield value


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if value - value == 0 else None


def _iso(cell: str) -> float | None:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

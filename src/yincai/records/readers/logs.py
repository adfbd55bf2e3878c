"""Answer logs: csv with a header, or three lines a learner (number of answers / ids / 0-1), as tracing research has it.

    learner,item,skill,correct[,time,duration]      skill may be several, "a;b"; time in seconds or ISO 8601

Gives plain columns; `yincai.measurement.tracing.log.Log` orders them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from yincai.records.readers import Unreadable
from yincai.records.readers.text import moment_of, text_of

NEEDED = ("learner", "correct")
KNOWN = ("learner", "item", "skill", "correct", "time", "duration")
WORDS = {"true": 1.0, "false": 0.0}


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
    """The columns of a log in either format; `skills` is a Q-matrix (a row for each id, 0-1, a header or none).

    Raises Unreadable for a file that is neither, or a cell that makes no sense.
    """
    return read_all([path], skills)[0]


def read_all(paths: Sequence[Path], skills: Path | None = None) -> list[Columns]:
    """Several logs; ids that a Q-matrix stands for count from 0 in all of them where an id 0 occurs in one."""
    found = [_read(path, skills) for path in paths]
    if skills is None:
        return found
    names = q_matrix(skills)
    first = min([1, *(int(each) for one in found for each in one.item)])
    return [replace(each, skill=_skills_of(each, first, names)) for each in found]


def _read(path: Path, skills: Path | None) -> Columns:
    text = text_of(path)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise Unreadable(f"{path.name}：文件是空的。")
    if lines[0][1].rstrip(", ").isdigit():
        return _three_lines(path, lines)
    if skills is not None:
        raise Unreadable(f"{path.name}：--skills 只用于三行格式；csv 请把知识点写在 skill 列。")
    return _csv(path, text)


def q_matrix(path: Path) -> list[str]:
    """Names of each id's skills, "s1;s4" or as the header has them; an id with none is a skill of its own."""
    rows = [(number, line.strip()) for number, line in enumerate(text_of(path).splitlines(), 1) if line.strip()]
    cells = [(number, [cell.strip().strip('"') for cell in line.rstrip(",").split(",")]) for number, line in rows]
    if not cells:
        raise Unreadable(f"{path.name}：文件是空的。")
    width = len(cells[0][1])
    header = [f"s{column}" for column in range(1, width + 1)]
    if not set(cells[0][1]) <= {"0", "1"}:
        header, cells = cells[0][1], cells[1:]
    names = []
    for item, (number, row) in enumerate(cells, 1):
        if not set(row) <= {"0", "1"}:
            raise Unreadable(f"{path.name} 第 {number} 行：Q 矩阵每格只能是 0 或 1。")
        if len(row) != width:
            raise Unreadable(f"{path.name} 第 {number} 行：有 {len(row)} 格，第一行有 {width} 格。请补齐。")
        held = [name for name, cell in zip(header, row, strict=True) if cell == "1"]
        names.append(";".join(held) or f"item{item}")
    return names


def _three_lines(path: Path, lines: Sequence[tuple[int, str]]) -> Columns:
    learner: list[int] = []
    item: list[int] = []
    correct: list[float] = []
    at = who = 0
    while at < len(lines):
        number, said = lines[at]
        if said.rstrip(", ") == "0":  # who answered nothing has two more lines, which are empty
            at += 1
            while at < len(lines) and not lines[at][1].strip(", "):
                at += 1
            continue
        if at + 2 >= len(lines):
            raise Unreadable(
                f"{path.name} 第 {number} 行：一名学生要三行（次数、编号、结果），到这里只剩 {len(lines) - at} 行。"
            )
        count, ids, outcomes = (_numbers(path, *line) for line in lines[at : at + 3])
        if count != [len(ids)] or len(ids) != len(outcomes):
            raise Unreadable(
                f"{path.name} 第 {number}–{lines[at + 2][0]} 行：写明 {said.rstrip(',')} 次作答，"
                f"实有 {len(ids)} 个编号、{len(outcomes)} 个结果。"
            )
        if not all(0 <= outcome <= 1 for outcome in outcomes):
            raise Unreadable(f"{path.name} 第 {lines[at + 2][0]} 行：结果要在 0 到 1 之间（0 错，1 对）。")
        if not all(float(each).is_integer() for each in ids):
            raise Unreadable(f"{path.name} 第 {lines[at + 1][0]} 行：编号要是整数。")
        learner.extend([who] * len(ids))
        item.extend(map(int, ids))
        correct.extend(map(float, outcomes))
        who, at = who + 1, at + 3
    return Columns(learner, item, correct, path=path)


def _numbers(path: Path, number: int, line: str) -> Sequence[float]:
    cells = line.strip(", ").split(",")
    try:
        return [int(cell) for cell in cells]
    except ValueError:
        pass
    values = [_number(cell) for cell in cells]
    if None in values:
        place = values.index(None)
        raise Unreadable(
            f"{path.name} 第 {number} 行第 {place + 1} 个“{cells[place].strip()}”不是数："
            "三行格式每行应是用逗号隔开的数。"
        )
    return [value for value in values if value is not None]


def _skills_of(found: Columns, first: int, skills: list[str]) -> list[str]:
    """Ids count from `first`: 1, or 0 where an id 0 occurs."""
    ids = [int(each) for each in found.item]
    if first < 0 or max(ids, default=0) - first >= len(skills):
        raise Unreadable(
            f"{found.path.name}：有编号 {min(ids) if first < 0 else max(ids)}，但 Q 矩阵只有 {len(skills)} 行"
            f"（编号从 {max(first, 0)} 起，每个编号一行）。"
        )
    return [skills[each - first] for each in ids]


def _csv(path: Path, text: str) -> Columns:
    reader = csv.reader(io.StringIO(text, newline=""))
    table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(cell.strip() for cell in row)]
    header = [name.lower() for name in table[0][1]]
    missing = [name for name in NEEDED if name not in header]
    if missing or not {"item", "skill"} & set(header):
        lacking = "、".join(missing or ["item 或 skill"])
        raise Unreadable(
            f"{path.name} 第 {table[0][0]} 行：表头缺少 {lacking}。"
            "应为 learner,item,skill,correct[,time,duration]，用逗号隔开。"
        )
    if twice := [name for name in KNOWN if header.count(name) > 1]:
        raise Unreadable(f"{path.name} 第 {table[0][0]} 行：表头里 {twice[0]} 出现了不止一次。请只留一列。")
    if len(table) == 1:
        raise Unreadable(f"{path.name}：只有表头，没有作答。每次作答一行。")
    for number, row in table[1:]:
        if len(row) < len(header) or any(row[len(header) :]):
            raise Unreadable(f"{path.name} 第 {number} 行：有 {len(row)} 格，表头有 {len(header)} 格。")
    lines = [number for number, _ in table[1:]]
    columns = {name: [row[at] for _, row in table[1:]] for at, name in enumerate(header) if name in KNOWN}
    for name in ("learner", "item" if "item" in columns else "skill"):
        if "" in columns[name]:
            raise Unreadable(f"{path.name} 第 {lines[columns[name].index('')]} 行：{name} 是空的。请补上或删去这一行。")
    both = "item" in columns and "skill" in columns
    return Columns(
        learner=columns["learner"],
        item=columns["item"] if "item" in columns else _sets(columns["skill"]),
        correct=list(_outcomes(path, lines, columns["correct"])),
        skill=_sets(columns["skill"]) if both else None,
        time=list(_moments(path, lines, columns["time"])) if any(columns.get("time", ())) else None,
        duration=list(_amounts(path, lines, columns["duration"])) if any(columns.get("duration", ())) else None,
        path=path,
    )


def _sets(cells: list[str]) -> list[str]:
    """Skills of each row in one order, so that "b;a" is "a;b"."""
    return [";".join(sorted({part.strip() for part in cell.split(";")})) if ";" in cell else cell for cell in cells]


def _outcomes(path: Path, lines: list[int], cells: list[str]) -> Iterator[float]:
    for number, cell in zip(lines, cells, strict=True):
        value = WORDS.get(cell.lower(), _number(cell))
        if value is None or not 0.0 <= value <= 1.0:
            raise Unreadable(f"{path.name} 第 {number} 行：correct 是“{cell}”，应在 0 到 1 之间（0 错，1 对）。")
        yield value


def _moments(path: Path, lines: list[int], cells: list[str]) -> Iterator[float]:
    for number, cell in zip(lines, cells, strict=True):
        value = _number(cell)
        if value is None:
            value = moment_of(cell)
        if value is None:
            raise Unreadable(
                f"{path.name} 第 {number} 行：time 是“{cell}”，应是秒数或 2025-09-01T08:00:00 这样的时间；"
                "要么每行都有，要么去掉这一列。"
            )
        yield value


def _amounts(path: Path, lines: list[int], cells: list[str]) -> Iterator[float]:
    for number, cell in zip(lines, cells, strict=True):
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

"""The Q-matrix: a csv with a header of skills and one row for each item, 1 where the item needs the skill.

The first column may hold the items' names; then the rows may stand in any order. Without it, or with the numbers 1, 2,
… that R writes, they stand in the order of the items. A file of 0 and 1 alone, as many rows as items, has no header.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yincai.records.readers import Unreadable
from yincai.records.readers.text import text_of

NAMES = {"", "item", "items", "题目", "题号"}  # heads of a first column of names


@dataclass(frozen=True)
class QMatrix:
    """`needed` is (items, skills) of 0 and 1, in the order of the items that were asked for."""

    skills: tuple[str, ...]
    needed: NDArray[np.float64]


def read_q_matrix(path: Path, items: Sequence[str]) -> QMatrix:
    """The rows of `items`. Raises Unreadable when the file is no Q-matrix or is of other items."""
    header, rows = _cells(path)
    if len(rows) == len(items) - 1 and set(header) <= {"0", "1"}:
        header, rows = [f"skill{number}" for number in range(1, len(header) + 1)], [(1, header), *rows]
    if not rows:
        raise Unreadable(f"{path.name}：只有表头。每道题一行，需要的技能写 1，否则写 0。")
    firsts = [cells[0] for _, cells in rows]
    counted = firsts == [str(number) for number in range(1, len(items) + 1)] and not set(firsts) & set(items)
    texts = any(not _is_number(each) for each in firsts)
    named = texts or counted or header[0] in NAMES or set(items) <= set(firsts)
    skills = tuple(header[1:] if named else header)
    if not skills or not rows:
        raise Unreadable(f"{path.name}：没有技能列或题目行。第一行写技能名；每道题一行，需要的技能写 1，否则写 0。")
    if len(set(skills)) < len(skills):
        raise Unreadable(
            f"{path.name} 第 1 行：技能名“{next(s for s in skills if skills.count(s) > 1)}”出现了不止一次。"
        )
    names = firsts if named and not counted else list(items)
    table = [_zeros_and_ones(path, line, cells[named:], skills) for line, cells in rows]
    if len(table) != len(items):
        raise Unreadable(f"{path.name}：有 {len(table)} 行，作答表有 {len(items)} 道题。每道题一行。")
    needed = np.array([table[place] for place in _order(path, names, items)], dtype=float)
    if not needed.any(axis=1).all():
        item = items[int(np.argmin(needed.any(axis=1)))]
        raise Unreadable(f"{path.name}：题目“{item}”一个技能也不需要。给它至少一个 1，或从两张表里去掉它。")
    if not needed.any(axis=0).all():
        skill = skills[int(np.argmin(needed.any(axis=0)))]
        raise Unreadable(f"{path.name}：没有题目需要技能“{skill}”。去掉这一列，或给它至少一个 1。")
    return QMatrix(skills, needed)


def _cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    lines = csv.reader(text_of(path).splitlines())
    rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines if any(row)]
    if not rows:
        raise Unreadable(f"{path.name}：文件是空的。")
    return rows[0][1], rows[1:]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


def _zeros_and_ones(path: Path, line: int, cells: list[str], skills: tuple[str, ...]) -> list[int]:
    if len(cells) != len(skills):
        raise Unreadable(f"{path.name} 第 {line} 行：有 {len(cells)} 格，表头有 {len(skills)} 个技能。请补齐。")
    for skill, cell in zip(skills, cells, strict=True):
        if cell not in {"0", "1", "0.0", "1.0"}:
            raise Unreadable(f"{path.name} 第 {line} 行“{skill}”列：“{cell}”不是 0 或 1。")
    return [int(float(cell)) for cell in cells]


def _order(path: Path, names: list[str], items: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(names)}
    if len(places) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"{path.name}：题目“{twice}”出现了不止一次。")
    missing = [name for name in items if name not in places]
    if missing:
        raise Unreadable(f"{path.name}：缺少题目“{missing[0]}”。第一列的题名要与作答表的表头一致。")
    return [places[name] for name in items]

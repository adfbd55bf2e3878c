"""Predictions beside what happened: a csv with predicted, observed, groups, and perhaps time, item and learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yincai.records.readers import Unreadable
from yincai.records.readers.scores import read_columns
from yincai.records.readers.text import moment_of

NAMES = {
    "predicted": ("predicted", "prediction", "p", "预测", "预测值"),
    "observed": ("observed", "correct", "outcome", "实际", "对错"),
    "time": ("time", "timestamp", "date", "时间", "日期"),
    "item": ("item", "题目", "题号"),
    "learner": ("learner", "pupil", "student", "学生"),
}
Table = dict[str, list[str]]
MOST_GROUPS = 20  # a column with more values is no group unless it is asked for


@dataclass(frozen=True)
class Predictions:
    """Arrays (n,) in the file's order. `groups`: column → texts, "" unknown. `items`: the texts that `item` numbers."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    groups: Mapping[str, Sequence[str]]
    items: tuple[str, ...]
    item: NDArray[np.int64] | None
    learner: NDArray[np.int64] | None
    time: NDArray[np.float64] | None


def read_predictions(path: Path, groups: Sequence[str] = ()) -> Predictions:
    """`groups`: the columns to compare; without any, each other column with 2 to 20 values."""
    table = read_columns(path)
    named = {kind: next((name for name in names if name in table), "") for kind, names in NAMES.items()}
    for kind in ("predicted", "observed"):
        if not named[kind]:
            raise Unreadable(f"{path}：没有 {kind} 一列，表头是 {'、'.join(table)}。请改列名。")
    taken = {name for name in named.values() if name}
    items, item = _numbered(table, named["item"])
    return Predictions(
        _chances(path, table, named["predicted"]),
        _chances(path, table, named["observed"]),
        {name: table[name] for name in _groups(path, table, taken, groups)},
        items,
        item,
        _numbered(table, named["learner"])[1],
        _times(path, table, named["time"]) if named["time"] else None,
    )


def _groups(path: Path, table: Table, taken: set[str], asked: Sequence[str]) -> list[str]:
    if missing := [name for name in asked if name not in table]:
        raise Unreadable(f"{path}：没有 {'、'.join(missing)} 一列，表头是 {'、'.join(table)}。")
    if asked:
        return list(dict.fromkeys(asked))
    others = [name for name in table if name not in taken]
    return [name for name in others if 2 <= len({*table[name]} - {""}) <= MOST_GROUPS]


def _chances(path: Path, table: Table, name: str) -> NDArray[np.float64]:
    values = np.empty(len(table[name]))
    for place, text in enumerate(table[name]):
        try:
            values[place] = float(text)
        except ValueError:
            values[place] = np.nan
    wrong = np.flatnonzero(~((values >= 0.0) & (values <= 1.0)))
    if len(wrong):
        where = int(wrong[0])
        text = table[name][where]
        raise Unreadable(f"{path} 第 {where + 2} 行：{name} 是“{text}”，要写 0 到 1 之间的数。共 {len(wrong)} 处。")
    return values


def _numbered(table: Table, name: str) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    if not name:
        return (), None
    texts, numbers = np.unique(np.asarray(table[name], dtype=str), return_inverse=True)
    return tuple(map(str, texts)), np.asarray(numbers, np.int64)


def _times(path: Path, table: Table, name: str) -> NDArray[np.float64]:
    """Numbers as they stand, dates as seconds."""
    return np.array([_moment(path, row, text) for row, text in enumerate(table[name], 2)])


def _moment(path: Path, row: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if np.isfinite(value):
        return value
    moment = moment_of(text)
    if moment is None:
        raise Unreadable(f"{path} 第 {row} 行：时间“{text}”读不懂，要写数字或 2026-09-01 这样的日期。")
    return moment

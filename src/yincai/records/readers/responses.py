"""Responses of learners to items: a wide csv for the command line, sparse Parquet in batches, and where a fit rests."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from yincai.records.readers import Unreadable
from yincai.records.readers.text import MISSING, text_of

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
COLUMNS = ("learner", "item", "score")
MOST = 50  # categories of an item


@dataclass(frozen=True)
class Wide:
    """`scores` is learners × items with NaN for an empty cell; `ids` is empty when the file has no id column; `lines`
    are the rows' line numbers in the file."""

    items: tuple[str, ...]
    scores: Floats
    ids: tuple[str, ...]
    lines: tuple[int, ...] = ()

    def where(self, wrong: NDArray[np.bool_]) -> str:
        """Line, column and score of the first cell marked in `wrong` (learners, items), for a message."""
        row, column = np.argwhere(wrong)[0]
        return f"第 {self.lines[row]} 行“{self.items[column]}”列：{self.scores[row, column]:g}"


def read_wide(path: Path, id_column: str | None = None) -> Wide:
    """A csv with a header line and one row for each learner; an empty cell is a missing answer."""
    header, rows = _rows(path)
    at = _id_place(path, header, id_column)
    items = tuple(name for place, name in enumerate(header) if place != at)
    if not items:
        raise Unreadable(f"{path}：除了 id 列没有题目列。每道题一列，表头写题名。")
    ids = () if at is None else tuple(row[at] for _, row in rows)
    lines = tuple(line for line, _ in rows)
    table = [row if at is None else row[:at] + row[at + 1 :] for _, row in rows]
    read = Wide(items, _numbers(path, items, list(lines), table), ids, lines)
    wrong = np.isfinite(read.scores) & (
        (read.scores < 0) | (np.trunc(read.scores) != read.scores) | (read.scores >= MOST)
    )
    if (wrong := wrong | np.isinf(read.scores)).any():
        raise Unreadable(
            f"{path} {read.where(wrong)} 不是计分。写 0、1、2…（不超过 {MOST - 1} 的整数），没有作答就留空；"
            "如果这一列是学号，请加 --id 列名。"
        )
    return read


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header, and the rows with their line numbers; a blank line is a learner only where there is a single column."""
    try:
        reader = csv.reader(io.StringIO(text_of(path), newline=""))
        header = [name.strip() for name in next(reader, [])]
        rows = [(reader.line_num, row or [""]) for row in reader if row or len(header) == 1]
    except csv.Error as problem:
        raise Unreadable(f"{path}：不是可读的 CSV（{problem}）。") from problem
    _check_header(path, header)
    for line, row in rows:
        if len(row) != len(header):
            raise Unreadable(f"{path} 第 {line} 行：有 {len(row)} 格，表头有 {len(header)} 格。请补齐或删去多余的格。")
    if not rows:
        raise Unreadable(f"{path}：只有表头，没有学生的作答。每名学生一行。")
    return header, rows


def _check_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise Unreadable(f"{path}：第一行没有表头。第一行写题名，每道题一列。")
    if "" in header:
        raise Unreadable(f"{path} 第 1 行：第 {header.index('') + 1} 列没有题名。")
    for name in header:
        if header.count(name) > 1:
            raise Unreadable(f"{path} 第 1 行：题名“{name}”出现了不止一次。请改成不同的题名。")


def _id_place(path: Path, header: list[str], id_column: str | None) -> int | None:
    if id_column is None:
        return None
    if id_column not in header:
        raise Unreadable(f"{path}：没有名为“{id_column}”的列（--id）。表头是：{'、'.join(header[:10])}。")
    return header.index(id_column)


def _numbers(path: Path, items: tuple[str, ...], lines: list[int], table: list[list[str]]) -> Floats:
    try:
        return np.array([[_plain(cell) for cell in row] for row in table], dtype=np.float64)
    except ValueError:
        raise _first_bad(path, items, lines, table) from None


def _plain(cell: str) -> str:
    bare = cell.strip()
    return "nan" if bare in MISSING else bare


def _first_bad(path: Path, items: tuple[str, ...], lines: list[int], table: list[list[str]]) -> Unreadable:
    for line, row in zip(lines, table, strict=True):
        for name, cell in zip(items, row, strict=True):
            try:
                float(_plain(cell))
            except ValueError:
                return Unreadable(
                    f"{path} 第 {line} 行“{name}”列：“{cell}”不是分数。写 0、1、2…，没有作答就留空；"
                    "如果这一列是学号，请加 --id 列名。"
                )
    return Unreadable(f"{path}：有不是数字的格。")


@dataclass(frozen=True)
class ParquetBatches:
    """A Parquet file (or a folder of them) with the columns learner, item, score, as batches that can be read anew.

    Learners and items are whole numbers from 0, in any order.
    """

    path: Path
    rows: int = 1 << 20

    def __iter__(self) -> Iterator[tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]]:
        import pyarrow.parquet as pq

        for file in self._files():
            opened = pq.ParquetFile(file, pre_buffer=False)
            missing = [name for name in COLUMNS if name not in opened.schema_arrow.names]
            if missing:
                raise Unreadable(f"{file}：缺少列 {'、'.join(missing)}。需要 learner、item、score 三列整数。")
            for batch in opened.iter_batches(batch_size=self.rows, columns=list(COLUMNS)):
                learner, item, score = (_column(file, batch, name) for name in COLUMNS)
                yield learner, item, score

    def _files(self) -> list[Path]:
        files = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        if not files or not files[0].exists():
            raise Unreadable(f"{self.path}：没有 Parquet 文件。")
        return files


def _column(file: Path, batch: pa.RecordBatch, name: str) -> NDArray[np.integer]:
    column = batch.column(name)
    if column.null_count:
        raise Unreadable(f"{file}：{name} 列有空值。没有作答的行请删去。")
    numbers: NDArray[np.integer] = column.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind not in "iu":
        raise Unreadable(f"{file}：{name} 列是 {batch.schema.field(name).type}，需要整数。")
    return numbers


@dataclass(frozen=True)
class FileCheckpoint:
    """Keeps the state of a long fit in an .npz file; a write is whole or not at all."""

    path: Path

    def load(self) -> dict[str, Floats] | None:
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, EOFError) as problem:
            raise Unreadable(f"{self.path}：不是可读的存档。删去它就从头开始。") from problem

    def save(self, state: dict[str, Floats]) -> None:
        beside = self.path.with_name(f"{self.path.name}.new")
        with beside.open("wb") as file:
            np.savez(file, **state)  # type: ignore[arg-type, unused-ignore]
        os.replace(beside, self.path)

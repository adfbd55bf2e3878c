"""Files of the lake: `table/day=YYYY-MM-DD/part-FIRST-LAST.parquet`, named by the batches they hold.

A file appears whole or not at all. Merging files of a day writes one whose name covers theirs; a file whose batches
another one covers is no longer read, and is removed some time later, when no reader can still be at it. Files with
other names (loaded in bulk) are always read. Plain Python: readers need no Django.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

NAME = re.compile(r"part-(\d{10})-(\d{10})\.parquet")


def name(first: int, last: int) -> str:
    return f"part-{first:010d}-{last:010d}.parquet"


def batches(path: Path) -> tuple[int, int] | None:
    """First and last batch in a file of ours."""
    found = NAME.fullmatch(path.name)
    return (int(found[1]), int(found[2])) if found else None


def live(folder: Path) -> list[Path]:
    """The files of a day to be read, oldest batches first."""
    files = sorted(folder.glob("*.parquet"))
    gone = set(covered(files))
    return [file for file in files if file not in gone]


def covered(files: Iterable[Path]) -> list[Path]:
    """Files whose batches all lie in another one."""
    spans = {file: span for file in files if (span := batches(file))}
    return [
        file
        for file, (first, last) in spans.items()
        if any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans.values())
    ]


def days(table: Path) -> list[Path]:
    return sorted(path for path in table.glob("day=*") if path.is_dir())


def files(lake: Path, table: str) -> list[Path]:
    """All files of a table that are to be read."""
    return [file for day in days(lake / table) for file in live(day)]


def write(table: pa.Table, path: Path) -> None:
    """Whole or not at all, and on the disk when this returns."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    with _whole(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def put(path: Path, text: str) -> None:
    """A small file, as whole."""
    with _whole(path) as partial:
        partial.write_text(text)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Where to write, beside the place; a backup passes over names that end in .part."""
    partial = path.with_name(f".{path.name}.part")
    yield partial
    with partial.open("rb") as handle:
        os.fsync(handle.fileno())
    partial.replace(path)

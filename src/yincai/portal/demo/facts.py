"""Bare facts by the million, straight into the lake's layout, for measuring what reads it. No people, no statements.

The columns are those of `records.readers`; each day is one file that the lake's own writing leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from yincai.knowledge.generators import get
from yincai.portal.demo.bank import SUBJECT, Source, asked
from yincai.registry.actions.add_organisation import in_base_36

Progress = Callable[[int, int], None]
DAYS, A_DAY = 90, 2.2  # days, and answers of a pupil on each
CLASS, CLASSES, SCHOOLS = 40, 18, 60  # pupils of a class, classes of a school, schools of a district
MOST_ROWS = 1_000_000  # of a file
PLAIN = ["subject", "place", "source", "cause", "item", "version", "attempt", "hints", "score", "pupil"]
REAL = {"compression": "zstd", "compression_level": 1, "use_dictionary": PLAIN, "store_schema": False}


@dataclass
class Items:
    """The generators' items as arrays."""

    ids: NDArray[np.int64]
    versions: NDArray[np.int32]
    difficulty: NDArray[np.float32]
    points: list[list[int]]
    causes: pa.Array
    cause_of: NDArray[np.int32]  # (items, 3) indexes of `causes`

    @classmethod
    def of(cls, sources: list[Source]) -> Items:
        names = [sorted(get(source.generator, source.version).malrules)[:3] for source in sources]
        every = ["", *sorted({name for some in names for name in some})]
        return cls(
            np.array([source.item for source in sources], np.int64),
            np.array([source.version for source in sources], np.int32),
            np.array([source.difficulty for source in sources], np.float32),
            [list(asked(source, 0).points) for source in sources],
            pa.array(every),
            np.array([[every.index(some[place % len(some)]) for place in range(3)] for some in names], np.int32),
        )


def write(
    folder: Path, pupils: int, sources: list[Source], seed: int, today: date, zone: tzinfo, progress: Progress
) -> int:
    """Facts of `pupils` over the last DAYS days; returns how many."""
    dice = np.random.default_rng(seed)
    crowd = Crowd(pupils, Items.of(sources), dice)
    written = 0
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        midnight = int(datetime.combine(day, time(), zone).timestamp())
        for part, table in enumerate(crowd.day(midnight)):
            path = folder / "facts" / f"day={day}" / f"bulk-{seed}-{part:04d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, **REAL)
            written += len(table)
        progress(DAYS - back + 1, DAYS)
    return written


class Crowd:
    """Pupils as arrays: number, ability, class, and how many answers each has given."""

    def __init__(self, pupils: int, items: Items, dice: np.random.Generator) -> None:
        self.items = items
        self.dice = dice
        self.numbers = np.sort(dice.integers(1, 2**52, pupils))
        self.ability = dice.normal(0.9, 0.9, pupils).astype(np.float32)
        self.given = np.zeros(pupils, np.int32)
        self.written = 0
        self.places = pa.array([_place(number) for number in range(-(-pupils // CLASS))])

    def day(self, midnight: int) -> Iterator[pa.Table]:
        """One day's facts, in order of pupil and number, in tables of at most MOST_ROWS or so."""
        step = int(MOST_ROWS / A_DAY)
        for first in range(0, len(self.numbers), step):
            some = np.arange(first, min(first + step, len(self.numbers)))
            counts = self.dice.poisson(A_DAY, len(some))
            if counts.any():
                yield self._table(some, counts, midnight)

    def _table(self, some: NDArray[np.int64], counts: NDArray[np.int64], midnight: int) -> pa.Table:
        rows, dice = int(counts.sum()), self.dice
        pupil = np.repeat(some, counts)
        within = np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)
        number = (np.repeat(self.given[some], counts) + within + 1).astype(np.int32)
        self.given[some] += counts.astype(np.int32)
        item = dice.integers(0, len(self.items.ids), rows, np.int32)
        chance = 1.0 / (1.0 + np.exp(self.items.difficulty[item] - self.ability[pupil]))
        right = dice.random(rows, np.float32) < chance
        kind = dice.integers(0, 6, rows, np.int32)  # of a wrong answer: half of them have a cause
        cause = np.where(right | (kind > 2), 0, self.items.cause_of[item, kind % 3]).astype(np.int32)
        first_id, self.written = self.written + 1, self.written + rows
        start = np.repeat(dice.integers(8 * 3600, 20 * 3600, len(some)), counts) + 40 * within
        moments = (midnight + start) * 1_000_000 + dice.integers(0, 1_000_000, rows)
        return pa.table(
            {
                "id": pa.array(np.arange(first_id, first_id + rows)),
                "pupil": pa.array(self.numbers[pupil]),
                "number": pa.array(number),
                "replaces": pa.nulls(rows, pa.int32()),
                "subject": _always(SUBJECT, rows),
                "place": pa.DictionaryArray.from_arrays(pa.array((pupil // CLASS).astype(np.int32)), self.places),
                "item": pa.array(self.items.ids[item]),
                "version": pa.array(self.items.versions[item]),
                "seed": pa.array(dice.integers(0, 2**31, rows)),
                "points": self._points(item),
                "score": pa.array(right.astype(np.float32)),
                "duration_ms": pa.array(np.exp(dice.normal(9.9, 0.45, rows).astype(np.float32)).astype(np.int32)),
                "attempt": pa.array(np.ones(rows, np.int16)),
                "hints": pa.array((dice.random(rows, np.float32) < 0.05).astype(np.int16)),
                "source": _always("practice", rows),
                "cause": pa.DictionaryArray.from_arrays(pa.array(cause), self.items.causes),
                "at": pa.array(moments).cast(pa.timestamp("us", tz="UTC")),
            }
        )

    def _points(self, item: NDArray[np.int32]) -> pa.ListArray:
        sizes = np.array([len(slots) for slots in self.items.points])
        most = int(sizes.max())
        padded = np.array([slots + [-1] * (most - len(slots)) for slots in self.items.points], np.int16)[item]
        offsets = np.concatenate([[0], np.cumsum(sizes[item])]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(padded[padded >= 0]))


def _always(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


def _place(number: int) -> str:
    """The path of a class: city, district, school, grade, class."""
    school, within = divmod(number, CLASSES)
    district, school = divmod(school, SCHOOLS)
    grade, letter = divmod(within, 3)
    return "".join(in_base_36(step + 1) for step in (0, district, school, grade, letter))

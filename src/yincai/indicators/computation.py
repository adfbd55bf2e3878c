"""Computing an indicator: the formula's rows, rolled up along the tree, with intervals, and what must be withheld.

Runs in the background worker (tasks.py); pages read only the results, so no web process loads the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from yincai.core.figures import Figure
from yincai.core.scope import STEP
from yincai.indicators.definitions import Indicator, Tables
from yincai.indicators.suppression import withheld
from yincai.measurement.intervals import mean_interval, wilson

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

DEEPEST = 16  # levels a path may have


@dataclass(frozen=True)
class Sums:
    """What one organisation's rows add up to, for one part."""

    n: int
    total: float
    squares: float


@dataclass(frozen=True)
class Computed:
    """`figures`: by path, one figure for each part. `rows`: what the formula gave (place, key, part, value)."""

    figures: dict[str, tuple[Figure, ...]]
    rows: pa.Table


def compute(indicator: Indicator, tables: Tables, day: date, shown: set[str], connection: Any) -> Computed:
    rows = connection.to_pyarrow(unit_rows(indicator, tables, day))
    sums = _sums(connection, rows, shown)
    return Computed(figures_of(indicator, sums), rows)


def unit_rows(indicator: Indicator, tables: Tables, day: date) -> ibis.Table:
    """The formula's rows with the columns that all share."""
    import ibis

    made = indicator.formula(tables, day)
    if "part" not in made.columns:
        made = made.mutate(part=ibis.literal(0))
    return made.select(
        place=made.place,
        key=made.key.cast("string"),
        part=made.part.cast("int16"),
        value=made.value.cast("float64"),
    )


def rolled(rows: ibis.Table) -> ibis.Table:
    """The same rows summed for every prefix of their place, so for each organisation above them."""
    import ibis

    levels = []
    for length in range(STEP, STEP * DEEPEST + 1, STEP):
        deep = rows.filter(rows.place.length() >= length)
        deep = deep.mutate(at=deep.place.substr(0, length), square=deep.value * deep.value)
        levels.append(
            deep.group_by("at", "part").aggregate(n=deep.count(), total=deep.value.sum(), squares=deep.square.sum())
        )
    return ibis.union(*levels)


def _sums(connection: Any, rows: pa.Table, shown: set[str]) -> dict[str, dict[int, Sums]]:
    import ibis

    found: dict[str, dict[int, Sums]] = {}
    for row in connection.to_pyarrow(rolled(ibis.memtable(rows))).to_pylist():
        if row["at"] in shown:
            found.setdefault(row["at"], {})[row["part"]] = Sums(row["n"], row["total"], row["squares"])
    return found


def figures_of(indicator: Indicator, sums: dict[str, dict[int, Sums]]) -> dict[str, tuple[Figure, ...]]:
    """Figures by path; withheld ones hold no value and no n."""
    counts = {path: max(part.n for part in parts.values()) for path, parts in sums.items()}
    hidden = withheld(counts, indicator.least) if indicator.of_people else set()
    return {
        path: _withheld(indicator) if path in hidden else tuple(_figures(indicator, parts))
        for path, parts in sums.items()
    }


def _withheld(indicator: Indicator) -> tuple[Figure, ...]:
    return tuple(Figure(None, n=None, unit=indicator.unit) for _ in indicator.parts)


def _figures(indicator: Indicator, parts: dict[int, Sums]) -> Iterable[Figure]:
    for number in range(len(indicator.parts)):
        sums = parts.get(number)
        yield _figure(indicator, sums) if sums and sums.n else Figure(None, n=0, unit=indicator.unit)


def _mean_bounds(sums: Sums) -> tuple[float, float]:
    """Between the things counted; where all are alike, that of a proportion, which is the widest there can be."""
    if sums.squares - sums.total * sums.total / sums.n < 1e-9:
        return wilson(min(sums.total, sums.n), sums.n)
    return mean_interval(sums.total, sums.squares, sums.n)


def _figure(indicator: Indicator, sums: Sums) -> Figure:
    if indicator.kind == "count":
        return Figure(sums.total, n=sums.n, unit=indicator.unit, kind="count")
    if indicator.kind == "proportion":
        low, high = wilson(round(sums.total), sums.n)
    else:
        low, high = _mean_bounds(sums)
    return Figure(sums.total / sums.n, max(0.0, low), min(1.0, high), sums.n, indicator.unit)

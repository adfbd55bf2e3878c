"""Results of indicators: computed in the background, read by pages, never older than a few minutes.

Each lies in the lake's folder as two files: the figures of all organisations (withheld ones are not in it), and the
rows behind them, keyed by pseudonym numbers. Both are derived and may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from yincai.core.figures import Figure
from yincai.core.scope import unscoped
from yincai.indicators import population
from yincai.indicators.computation import Computed, compute
from yincai.indicators.definitions import Indicator, Tables, registered

if TYPE_CHECKING:
    import pyarrow as pa

FRESH = timedelta(minutes=5)


@dataclass(frozen=True)
class Result:
    """`as_of`: how far the lake went when this was computed (None: nothing had happened yet)."""

    as_of: datetime | None
    computed_at: datetime
    figures: dict[str, tuple[Figure, ...]]

    @property
    def fresh(self) -> bool:
        return timezone.now() - self.computed_at <= FRESH


def result(indicator: Indicator) -> Result:
    """The newest result; one that the background left to grow old is computed here and now."""
    found = _read(indicator)
    if found is None or not found.fresh:
        refresh(only=indicator)
        found = _read(indicator)
    if found is None:
        raise RuntimeError(f"indicator {indicator.code} left no result")
    return found


def refresh_if_needed() -> int:
    """Compute all anew where the lake has gone on since, or the results grow old."""
    if all(_up_to_date(indicator) for indicator in registered()):
        return 0
    return refresh()


def _up_to_date(indicator: Indicator) -> bool:
    from yincai.records import lake

    found = _read(indicator)
    return found is not None and found.fresh and found.as_of == lake.as_of()


def refresh(only: Indicator | None = None, day: date | None = None) -> int:
    """Compute all indicators (or one) anew from the lake and the registry."""
    import ibis

    from yincai.records import lake, readers

    connection, folder = readers.connect(), Path(settings.LAKE)
    try:
        as_of = lake.as_of()
        with unscoped("an indicator counts everybody; what may not be shown is withheld"):
            roll, places, shown = population.roll(), population.places(), population.shown_paths()
        tables = Tables(
            readers.facts(connection, folder),
            readers.mastery_now(connection, folder),
            ibis.memtable(roll),
            ibis.memtable(places),
        )
        wanted = [only] if only else registered()
        for indicator in wanted:
            done = compute(indicator, tables, day or timezone.localdate(), shown, connection)
            _write(indicator, done, as_of)
    finally:
        connection.disconnect()
    return len(wanted)


def rows_of(indicator: Indicator, place: str) -> pa.Table:
    """The rows behind the figure of one class (or school, for an indicator of schools)."""
    import pyarrow.parquet as pq

    return pq.read_table(_path(indicator, "parquet"), filters=[("place", "==", place)])


def _path(indicator: Indicator, suffix: str) -> Path:
    return Path(settings.LAKE) / "indicators" / f"{indicator.code}.{suffix}"


def _write(indicator: Indicator, done: Computed, as_of: datetime | None) -> None:
    import pyarrow.parquet as pq

    body = {
        "as_of": as_of.isoformat() if as_of else None,
        "computed_at": timezone.now().isoformat(),
        "figures": {path: [_packed(figure) for figure in parts] for path, parts in sorted(done.figures.items())},
    }
    target = _path(indicator, "parquet")
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(done.rows.sort_by("place"), _partial(target))
    _partial(target).replace(target)
    target = _path(indicator, "json")
    _partial(target).write_text(json.dumps(body))
    _partial(target).replace(target)


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}")  # of this process: two may compute at once


def _packed(figure: Figure) -> list[Any]:
    return [figure.value, figure.low, figure.high, figure.n]


def _read(indicator: Indicator) -> Result | None:
    path = _path(indicator, "json")
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return _parsed(str(path), stat.st_mtime_ns, indicator.unit, "count" if indicator.kind == "count" else "proportion")


@lru_cache(maxsize=64)
def _parsed(path: str, changed: int, unit: str, kind: str) -> Result:
    body = json.loads(Path(path).read_text())
    figures = {
        at: tuple(Figure(value, low, high, n, unit, kind) for value, low, high, n in parts)
        for at, parts in body["figures"].items()
    }
    as_of = datetime.fromisoformat(body["as_of"]) if body["as_of"] else None
    return Result(as_of, datetime.fromisoformat(body["computed_at"]), figures)

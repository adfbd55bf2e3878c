"""Reading the lake, without Django: Ibis tables over the Parquet files, with corrections and newest rows seen to.

    connection = connect()
    facts(connection).group_by("place").agg(n=_.count())

`facts` and `scores` leave out what a later row replaces; `mastery_now` holds the newest state of each pupil and
subject. All are empty tables of the right columns where nothing was written yet.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from yincai.records import parts

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

FACTS = {
    "id": "int64",
    "pupil": "int64",
    "number": "int32",
    "replaces": "int32",
    "subject": "string",
    "place": "string",
    "item": "int64",
    "version": "int32",
    "seed": "int64",
    "points": "array<int16>",
    "score": "float32",
    "duration_ms": "int32",
    "attempt": "int16",
    "hints": "int16",
    "source": "string",
    "cause": "string",
    "at": "timestamp('UTC')",
}
MASTERY = {
    "pupil": "int64",
    "subject": "string",
    "slot": "int16",
    "mean": "float32",
    "variance": "float32",
    "value": "float32",
    "se": "float32",
    "n": "int32",
    "label": "int8",
    "model": "string",
    "as_of": "timestamp('UTC')",
    "place": "string",
}

SCORES = {
    "id": "int64",
    "pupil": "int64",
    "subject": "string",
    "place": "string",
    "test": "string",
    "form": "string",
    "scale": "string",
    "score": "float64",
    "se": "float64",
    "grade": "int16",
    "source": "string",
    "statement": "string",
    "replaces": "string",
    "at": "timestamp('UTC')",
}


def connect(threads: int = 2) -> Backend:
    """A DuckDB of one's own, in memory."""
    import ibis

    return ibis.duckdb.connect(threads=threads)


def lake_folder() -> Path:
    from yincai.core import home

    return home.folder() / "lake"


def all_facts(connection: Backend, lake: Path | None = None) -> ibis.Table:
    """Every fact as it was written, with the replaced ones and their corrections; column `day` from the folder."""
    return _table(connection, "facts", FACTS, lake)


def facts(connection: Backend, lake: Path | None = None) -> ibis.Table:
    """The facts in force: what a correction replaces is left out, and a correction that was itself corrected."""
    everything = all_facts(connection, lake)
    replaced = everything.filter(everything.replaces.notnull()).select("pupil", "subject", number="replaces")
    return everything.anti_join(replaced, ["pupil", "subject", "number"])


def score_facts(connection: Backend, lake: Path | None = None) -> ibis.Table:
    """The scores on tests in force: without those that were corrected or voided."""
    everything = _table(connection, "scores", SCORES, lake)
    replaced = everything.filter(everything.replaces.notnull()).select(statement="replaces")
    return everything.anti_join(replaced, ["statement"]).filter(everything.score.notnull())


def mastery_now(connection: Backend, lake: Path | None = None) -> ibis.Table:
    """Of each pupil and subject the newest state: one row for each knowledge point that was answered."""
    everything = _table(connection, "mastery", MASTERY, lake)
    newest = everything.group_by("pupil", "subject").agg(as_of=everything.as_of.max())
    return everything.semi_join(newest, ["pupil", "subject", "as_of"])


def _table(connection: Backend, name: str, columns: dict[str, str], lake: Path | None) -> ibis.Table:
    import ibis

    paths = parts.files(lake or lake_folder(), name)
    if not paths:
        return ibis.memtable([], schema=ibis.schema({**columns, "day": "date"}))
    return connection.read_parquet([str(path) for path in paths], hive_partitioning=True, union_by_name=True)

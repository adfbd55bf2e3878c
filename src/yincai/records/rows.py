"""The few statements of SQL on the path of every answer, written out: the ORM would take longer than the fold.

Column lists and the conversion of values come from the models, so that these cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection, models
from django.utils.dateparse import parse_datetime

from yincai.records.folds import Fact
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.registry.models import Pseudonym

PLAIN = frozenset((int, str, float, bytes, bool))
STATE_COLUMNS = "id, version_id, number, folded, waiting, state"
# A hand that damages a state may leave text in its place; it is to be found and mended, not to break the reading.
STATE_COLUMNS_SQLITE = "id, version_id, number, folded, waiting, CAST(state AS BLOB)"
FACT_COLUMNS = (
    "pupil, subject, number, place, item, version, seed, points, difficulty, guess, score, duration_ms, attempt,"
    " hints, source, cause, practice, at"
)


class StateRow(NamedTuple):
    """A locked row of LearnerState."""

    id: int
    version: int
    number: int
    folded: int
    waiting: bool
    state: bytes


class PseudonymRow(NamedTuple):
    """One pupil by number, whatever the scope: `record` itself checks who may record for them."""

    name: UUID
    keeps: bool
    person: UUID


@lru_cache(maxsize=8)
def _columns(model: type[models.Model]) -> tuple[str, tuple[models.Field[Any, Any], ...]]:
    fields = tuple(
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField) and field.name != "arrived"
    )
    names = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks})", fields  # noqa: S608 constants


def _values(fields: Iterable[models.Field[Any, Any]], row: Mapping[str, Any]) -> list[Any]:
    """The row's values as the database wants them; plain ones are right as they are."""
    adapters = _adapters(connection.vendor)
    values = []
    for field in fields:
        value = row[field.attname]
        if value is None or type(value) in PLAIN:
            values.append(value)
        elif (adapt := adapters.get(type(value))) is not None:
            values.append(adapt(value))
        else:
            values.append(field.get_db_prep_save(value, connection))
    return values


@lru_cache(maxsize=2)
def _adapters(vendor: str) -> dict[type, Callable[[Any], Any]]:
    """The two other types of every row, without the way through their fields."""
    if vendor == "sqlite":
        return {UUID: attrgetter("hex"), datetime: connection.ops.adapt_datetimefield_value}
    return {}


def read_pseudonym(number: int) -> PseudonymRow | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, keeps, person_id FROM {Pseudonym._meta.db_table} WHERE number = %s",  # noqa: S608 constants
            [number],
        )
        row = cursor.fetchone()
    return PseudonymRow(_uuid(row[0]), bool(row[1]), _uuid(row[2])) if row else None


def insert_statement(row: Mapping[str, Any]) -> bool:
    """False when the id is there already."""
    sql, fields = _columns(Statement)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ON CONFLICT (id) DO NOTHING", _values(fields, row))
        return cast(int, cursor.rowcount) == 1


def insert_fact(row: Mapping[str, Any]) -> int:
    sql, fields = _columns(ResponseFact)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING id", _values(fields, row))
        return cast(int, cursor.fetchone()[0])


def insert_many(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """In bulk; the caller holds whatever locks the rows need."""
    insert_prepared(model, [prepared(model, row) for row in rows])


def prepared(model: type[models.Model], row: Mapping[str, Any]) -> list[Any]:
    """A row as the database wants it. Touches no connection, so another process can make it."""
    return _values(_columns(model)[1], row)


def insert_prepared(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_columns(model)[0], rows)


def lock_state(pupil: int, subject: str) -> StateRow | None:
    """The state row, held until the end of the transaction (SQLite's IMMEDIATE transaction holds all)."""
    return read_state(pupil, subject, " FOR UPDATE" if connection.vendor == "postgresql" else "")


def read_state(pupil: int, subject: str, lock: str = "") -> StateRow | None:
    columns = STATE_COLUMNS if connection.vendor == "postgresql" else STATE_COLUMNS_SQLITE
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {LearnerState._meta.db_table}"  # noqa: S608 constants
            f" WHERE pupil = %s AND subject = %s{lock}",
            [pupil, subject],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    key, version, number, folded, waiting, state = row
    return StateRow(key, version, number, folded, bool(waiting), bytes(state))


def make_state(pupil: int, subject: str, version: int) -> None:
    """A new row, unless another writer was first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {LearnerState._meta.db_table}"  # noqa: S608 constants
            " (pupil, subject, version_id, number, folded, waiting, state)"
            " VALUES (%s, %s, %s, 0, 0, %s, %s) ON CONFLICT (pupil, subject) DO NOTHING",
            [pupil, subject, version, False, b""],
        )


def save_state(row: StateRow) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {LearnerState._meta.db_table}"  # noqa: S608 constants
            " SET version_id = %s, number = %s, folded = %s, waiting = %s, state = %s WHERE id = %s",
            [row.version, row.number, row.folded, row.waiting, row.state, row.id],
        )


def facts_in_force(pupil: int, subject: str, after: int, until: int) -> list[Fact]:
    """The facts numbered after+1 … until as they are to be folded: each correction in the place of what it replaces.

    A correction of a fact up to `after` is not among them: it takes the whole state back to the beginning.
    """
    rows = _read_facts(pupil, subject, after, until)
    correction = {replaces: fact for fact, replaces in rows if replaces is not None}
    return [_newest(fact, correction) for fact, replaces in rows if replaces is None]


def _newest(fact: Fact, correction: Mapping[int, Fact]) -> Fact:
    current = fact
    while (next_one := correction.get(current.number)) is not None:
        current = next_one
    return current._replace(number=fact.number)


def _read_facts(pupil: int, subject: str, after: int, until: int) -> list[tuple[Fact, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {FACT_COLUMNS}, replaces FROM {ResponseFact._meta.db_table}"  # noqa: S608 constants
            " WHERE pupil = %s AND subject = %s AND number > %s AND number <= %s ORDER BY number",
            [pupil, subject, after, until],
        )
        return [(fact_of(row[:-1]), row[-1]) for row in cursor.fetchall()]


def fact_of(row: Sequence[Any]) -> Fact:
    """A Fact from a row of FACT_COLUMNS, in the same types on both databases."""
    fact = Fact._make(row)
    return fact._replace(
        points=tuple(map(int, str(fact.points).split())),
        practice=_uuid(fact.practice) if fact.practice else None,
        at=_time(fact.at),
    )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _time(value: Any) -> datetime:
    if isinstance(value, str):
        value = parse_datetime(value)
    moment = cast(datetime, value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

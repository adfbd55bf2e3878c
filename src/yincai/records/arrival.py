"""The order in which everybody's facts arrive, read so that none is skipped.

A number drawn at insertion does not do: of two writers the one that drew the smaller number may commit later, after a
reader has gone past it. On PostgreSQL each row therefore carries the id of its transaction, and a reader stops below
the oldest transaction still open: everything below is finished for good. On SQLite there is one writer at a time, so
rows become visible in the order of their ids, and the column is a constant.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Func

FOREVER = 2**62


class Arrived(Func):
    """The default of an `arrived` column."""

    template = "0"
    output_field = BigIntegerField()
    contains_aggregate = False

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(pg_current_xact_id()::text::bigint)", **context)


def settled_before() -> int:
    """Rows whose `arrived` is smaller than this are all visible, and no further one will come."""
    if connection.vendor != "postgresql":
        return FOREVER
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def same_cluster() -> bool:
    """Whether transaction ids go on from those in the rows: not where a backup was put back into another cluster."""
    if connection.vendor != "postgresql":
        return True
    from yincai.records.models import Cursor

    here = _cluster()
    cursor, new = Cursor.objects.get_or_create(name=f"cluster {here}")
    return not new or not Cursor.objects.filter(name__startswith="cluster ").exclude(pk=cursor.pk).exists()


def begin_anew() -> None:
    """Rows from another cluster arrived before everything here. (Their content stays; this column is none.)"""
    from yincai.records.models import Cursor, ResponseFact, StateChange

    with transaction.atomic(), connection.cursor() as cursor:
        facts = ResponseFact._meta.db_table
        cursor.execute(f"ALTER TABLE {facts} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {facts} SET arrived = 0")  # noqa: S608 a constant
        cursor.execute(f"ALTER TABLE {facts} ENABLE TRIGGER USER")
        StateChange.objects.update(arrived=0)
        Cursor.objects.filter(name__startswith="cluster ").exclude(name=f"cluster {_cluster()}").delete()


def _cluster() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        return int(cursor.fetchone()[0])

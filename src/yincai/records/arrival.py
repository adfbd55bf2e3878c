"""The order in which everybody's facts arrive, read so that none is skipped.

A number drawn at insertion does not do: of two writers the one that drew the smaller number may commit later, after a
reader has gone past it. On PostgreSQL each row therefore carries the id of its transaction, and a reader stops below
the oldest transaction still open: everything below is finished for good. On SQLite there is one writer at a time, so
rows become visible in the order of their ids, and the column is a constant.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
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

"""After a backup was put back into another PostgreSQL cluster: transaction ids begin again there."""

from __future__ import annotations

from django.db import connection, transaction

from yincai.records.models import Cursor, ResponseFact, StateChange


def same_cluster() -> bool:
    """Whether transaction ids go on from those in the rows: not where a backup was put back into another cluster."""
    if connection.vendor != "postgresql":
        return True
    here = _cluster()
    cursor, new = Cursor.objects.get_or_create(name=f"cluster {here}")
    return not new or not Cursor.objects.filter(name__startswith="cluster ").exclude(pk=cursor.pk).exists()


def begin_anew() -> None:
    """Rows from another cluster arrived before everything here. (Their content stays; this column is none.)"""
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

"""The one change that the append-only tables let through: the new path of a place that moved, and nothing else."""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = {
    "records_statement": "id digest pupil verb subject number stored_at body",
    "records_responsefact": (
        "id pupil subject number replaces statement item version seed points difficulty guess score duration_ms"
        " attempt hints source cause practice at arrived"
    ),
    "records_scorefact": (
        "id pupil subject test form scale score se at grade source statement replaces arrived"
    ),
}  # fmt: skip
MESSAGE = "records are append-only"
DOOR = (
    "EXISTS (SELECT 1 FROM records_placemove WHERE done_at IS NULL"
    " AND substr(OLD.place, 1, length(former)) = former"
    " AND NEW.place = present || substr(OLD.place, length(former) + 1))"
)


def function(door: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION records_guard() RETURNS trigger AS $$ BEGIN {door}"
        f" RAISE EXCEPTION '{MESSAGE}'; END $$ LANGUAGE plpgsql"
    )


def trigger(table: str, unless: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless}"
        f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )


def open_door(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        same = "to_jsonb(NEW) - 'place' = to_jsonb(OLD) - 'place'"
        editor.execute(function(f"IF TG_OP = 'UPDATE' THEN IF {same} AND {DOOR} THEN RETURN NEW; END IF; END IF;"))
        return
    for table, columns in TABLES.items():
        same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in columns.split())
        editor.execute(f"DROP TRIGGER {table}_no_update")
        editor.execute(trigger(table, f"WHEN NOT ({same} AND {DOOR})"))


def close_door(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(function(""))
        return
    for table in TABLES:
        editor.execute(f"DROP TRIGGER {table}_no_update")
        editor.execute(trigger(table))


class Migration(migrations.Migration):
    dependencies = (("records", "0003_scores"),)
    operations = (
        migrations.CreateModel(
            name="PlaceMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("former", models.CharField(max_length=64)),
                ("present", models.CharField(max_length=64)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lake_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunPython(open_door, close_door),
    )

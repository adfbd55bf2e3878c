"""Scores on tests; append-only in the database itself, as statements and facts are."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import yincai.records.arrival

TABLE = "records_scorefact"


def guard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
            " FOR EACH ROW EXECUTE FUNCTION records_guard()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        editor.execute(
            f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE}"
            " BEGIN SELECT RAISE(ABORT, 'records are append-only'); END"
        )


def unguard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
        return
    for verb in ("update", "delete"):
        editor.execute(f"DROP TRIGGER {TABLE}_no_{verb}")


class Migration(migrations.Migration):
    dependencies = (("records", "0002_append_only"),)
    operations = (
        migrations.CreateModel(
            name="ScoreFact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pupil", models.BigIntegerField()),
                ("place", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=20)),
                ("test", models.CharField(max_length=40)),
                ("form", models.CharField(blank=True, max_length=20)),
                ("scale", models.CharField(max_length=40)),
                ("score", models.FloatField(null=True)),
                ("se", models.FloatField(null=True)),
                ("at", models.DateTimeField()),
                ("grade", models.SmallIntegerField()),
                ("source", models.CharField(max_length=10)),
                ("statement", models.UUIDField(unique=True)),
                ("replaces", models.UUIDField(null=True, unique=True)),
                ("arrived", models.BigIntegerField(db_default=yincai.records.arrival.Arrived())),
            ],
            options={
                "indexes": [
                    models.Index(fields=["arrived", "id"], name="score_arrival"),
                    models.Index(fields=["test", "pupil"], name="score_test"),
                ]
            },
        ),
        migrations.RunPython(guard, unguard),
    )

"""Scores on tests; append-only in the database itself, as statements and facts are."""

from __future__ import annotations

from django.db import migrations, models

import yincai.records.arrival
from yincai.core.append_only import AppendOnly


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
        AppendOnly("records_guard", "records are append-only", ("records_scorefact",), guarded_before=True).operation(),
    )

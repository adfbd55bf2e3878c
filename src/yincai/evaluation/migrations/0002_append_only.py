"""A growth run and its figures are append-only in the database itself."""

from __future__ import annotations

from django.db import migrations

from yincai.core.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = (("evaluation", "0001_initial"),)
    operations = (
        AppendOnly(
            "evaluation_guard", "growth runs are append-only", ("evaluation_growthrun", "evaluation_schoolgrowth")
        ).operation(),
    )

"""Statements and facts are append-only in the database itself."""

from __future__ import annotations

from django.db import migrations

from yincai.core.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = (("records", "0001_initial"),)
    operations = (
        AppendOnly(
            "records_guard", "records are append-only", ("records_statement", "records_responsefact")
        ).operation(),
    )

"""A growth run and its figures are append-only in the database itself."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("evaluation_growthrun", "evaluation_schoolgrowth")
VERBS = ("UPDATE", "DELETE")


def guard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE FUNCTION evaluation_guard() RETURNS trigger AS $$"
            " BEGIN RAISE EXCEPTION 'growth runs are append-only'; END $$ LANGUAGE plpgsql"
        )
        for table in TABLES:
            editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION evaluation_guard()"
            )
        return
    for table in TABLES:
        for verb in VERBS:
            editor.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'growth runs are append-only'); END"
            )


def unguard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        editor.execute("DROP FUNCTION evaluation_guard")
        return
    for table in TABLES:
        for verb in VERBS:
            editor.execute(f"DROP TRIGGER {table}_no_{verb.lower()}")


class Migration(migrations.Migration):
    dependencies = (("evaluation", "0001_initial"),)
    operations = (migrations.RunPython(guard, unguard),)

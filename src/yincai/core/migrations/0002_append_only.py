"""The audit is append-only in the database itself: only sealing may touch a row, once; nothing may delete one."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = (
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON core_auditrow
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    """,
    """
    CREATE TRIGGER audit_seal_only BEFORE UPDATE ON core_auditrow
    WHEN OLD.position IS NOT NULL OR NEW.id != OLD.id OR NEW.at != OLD.at OR NEW.account != OLD.account
      OR NEW.role != OLD.role OR NEW.place != OLD.place OR NEW.verb != OLD.verb OR NEW.kind != OLD.kind
      OR NEW.subject != OLD.subject OR NEW.fields != OLD.fields
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
    """,
)
POSTGRES = (
    """
    CREATE FUNCTION audit_guard() RETURNS trigger AS $$
    BEGIN
      IF TG_OP = 'DELETE' OR OLD.position IS NOT NULL
         OR (NEW.id, NEW.at, NEW.account, NEW.role, NEW.place, NEW.verb, NEW.kind, NEW.subject, NEW.fields)
            IS DISTINCT FROM
            (OLD.id, OLD.at, OLD.account, OLD.role, OLD.place, OLD.verb, OLD.kind, OLD.subject, OLD.fields)
      THEN RAISE EXCEPTION 'the audit is append-only'; END IF;
      RETURN NEW;
    END $$ LANGUAGE plpgsql;
    """,
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core_auditrow
    FOR EACH ROW EXECUTE FUNCTION audit_guard();
    """,
)


def guard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRES if editor.connection.vendor == "postgresql" else SQLITE:
        editor.execute(statement)


def unguard(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP TRIGGER audit_append_only ON core_auditrow")
        editor.execute("DROP FUNCTION audit_guard")
        return
    for name in ("audit_no_delete", "audit_seal_only"):
        editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = (("core", "0001_initial"),)
    operations = (migrations.RunPython(guard, unguard),)

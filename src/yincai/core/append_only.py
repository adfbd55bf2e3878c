"""Tables whose rows the database itself lets nobody change or delete: an operation of migrations."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython

VERBS = ("UPDATE", "DELETE")


@dataclass(frozen=True)
class AppendOnly:
    """`guard`: the name of PostgreSQL's function, made here unless an earlier migration did (`guarded_before`)."""

    guard: str
    message: str
    tables: tuple[str, ...]
    guarded_before: bool = False

    def operation(self) -> RunPython:
        return RunPython(self.forwards, self.backwards)

    def forwards(self, _: object, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in self._on_postgresql() if editor.connection.vendor == "postgresql" else self._on_sqlite():
            editor.execute(statement)

    def backwards(self, _: object, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in self._off_postgresql() if editor.connection.vendor == "postgresql" else self._off_sqlite():
            editor.execute(statement)

    def _on_sqlite(self) -> list[str]:
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
            for table in self.tables
            for verb in VERBS
        ]

    def _off_sqlite(self) -> list[str]:
        return [f"DROP TRIGGER {table}_no_{verb.lower()}" for table in self.tables for verb in VERBS]

    def _on_postgresql(self) -> list[str]:
        function = (
            f"CREATE FUNCTION {self.guard}() RETURNS trigger AS $$"
            f" BEGIN RAISE EXCEPTION '{self.message}'; END $$ LANGUAGE plpgsql"
        )
        triggers = [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {self.guard}()"
            for table in self.tables
        ]
        return triggers if self.guarded_before else [function, *triggers]

    def _off_postgresql(self) -> list[str]:
        triggers = [f"DROP TRIGGER {table}_append_only ON {table}" for table in self.tables]
        return triggers if self.guarded_before else [*triggers, f"DROP FUNCTION {self.guard}"]

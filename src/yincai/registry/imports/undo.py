"""Taking back what an import wrote, newest first. What somebody has used since stays, and that is said."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import ProtectedError

from yincai.core.action import touched_many
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.registry.models import ConsentEntry, Organisation, Person

Undo = dict[str, Any]
MADE = ("TimetableEntry", "Teaching", "Guardianship", "RoleHeld", "Person", "Organisation")  # in the order of deletion


def made(undo: Undo, row: models.Model) -> None:
    """Note a row that did not exist before."""
    undo.setdefault(type(row).__name__, []).append(str(row.pk))


def was(undo: Undo, row: models.Model, *fields: str) -> None:
    """Note how fields of a row stand before they are changed."""
    held = {field: _kept(getattr(row, field)) for field in fields}
    undo.setdefault("before", []).append([type(row).__name__, str(row.pk), held])


def note(job: Job, sentence: str) -> None:
    """Something that whoever runs the import should know; the job's page and the command show it."""
    job.options.setdefault("notes", []).append(sentence)


def take_back(job: Job, rows: list[tuple[dict[str, Any], Any]], actor: Actor) -> None:
    kept = 0
    for _, undo in rows:
        for name, pk, held in reversed(undo.get("before", [])):
            _restore(name, pk, held)
        for name in MADE:
            kept += sum(not _remove(name, pk) for pk in reversed(undo.get(name, [])))
    if kept:
        note(job, f"{kept} 处已有人在用（登录过、有知情同意或有人在其中），保留未撤。")
    touched_many(Person, [undo.get("subject", "") for _, undo in rows], undone=job.pk)


def _remove(name: str, pk: str) -> bool:
    row = apps.get_model("registry", name)._base_manager.filter(pk=pk).first()
    if row is None:
        return True
    if isinstance(row, Person):
        return _remove_person(row)
    try:
        with transaction.atomic():
            if isinstance(row, Organisation) and row.roles.exists():
                return False
            row.delete()
    except ProtectedError:
        return False
    return True


def _remove_person(person: Person) -> bool:
    account = person.account
    used = ConsentEntry._base_manager.filter(child=person).exists() or bool(account and account.last_login)
    if used:
        return False
    person.delete()
    if account:
        account.delete()
    return True


def _restore(name: str, pk: str, held: dict[str, Any]) -> None:
    model = apps.get_model("registry", name)
    values = {field: _back(value) for field, value in held.items()}
    model._base_manager.filter(pk=pk).update(**values)


def _kept(value: object) -> object:
    """As JSON can hold it; sealed bytes stay sealed."""
    if isinstance(value, bytes | memoryview):
        return {"hex": bytes(value).hex()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _back(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value

"""Actions: permission, one transaction, an audit row, idempotency; and the chain over the audit rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from tests.cast import Cast
from yincai.core import audit
from yincai.core.action import Conflict, action, touched
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.core.models import AuditRow
from yincai.core.permissions import Permission
from yincai.core.scope import ScopeMissing
from yincai.registry.models import Organisation

RENAME = Permission("test.rename", "改名", {"admin"}, None)


@action(RENAME, verb="test.rename")
def rename(row: Organisation, name: str, *, acting_user: Actor) -> Organisation:
    row.name = name
    row.save(update_fields=["name"])
    return touched(row, name=name)


@action(RENAME, verb="test.forget")
def forget_to_note(row: Organisation, *, acting_user: Actor) -> None:
    row.name = "没有记下"
    row.save(update_fields=["name"])


@pytest.fixture(autouse=True)
def anchors(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_ANCHORS = tmp_path / "anchors.log"


def test_an_action_leaves_an_audit_row_without_content(cast: Cast) -> None:
    rename(cast.first, "实验小学", acting_user=cast.actor(cast.admin))
    row = AuditRow.objects.latest("id")
    assert (row.verb, row.subject, row.role) == ("test.rename", str(cast.first.pk), "admin")
    assert list(row.fields) == ["name"]
    assert "实验小学" not in str(row.fields)


def test_an_action_needs_its_permission(cast: Cast) -> None:
    with pytest.raises(PermissionDenied, match="改名"):
        rename(cast.first, "实验小学", acting_user=cast.actor(cast.wang))
    assert not AuditRow.objects.exists()


def test_an_action_that_notes_nothing_is_refused_whole(cast: Cast) -> None:
    with pytest.raises(RuntimeError, match="touched nothing"):
        forget_to_note(cast.first, acting_user=cast.actor(cast.admin))
    assert Organisation._base_manager.get(pk=cast.first.pk).name == "示范市第一小学"


def test_the_same_key_acts_once_and_another_use_of_it_conflicts(cast: Cast) -> None:
    key, admin = new_id(), cast.actor(cast.admin)
    first = rename(cast.first, "实验小学", acting_user=admin, key=key)
    again = rename(cast.first, "实验小学", acting_user=admin, key=key)
    assert first == again
    assert AuditRow.objects.filter(verb="test.rename").count() == 1
    with pytest.raises(Conflict):
        rename(cast.first, "别的名字", acting_user=admin, key=key)


def test_scoped_rows_cannot_be_read_outside_a_scope(cast: Cast) -> None:
    with pytest.raises(ScopeMissing):
        Organisation.objects.count()


def test_the_chain_verifies_and_names_what_is_unsealed(cast: Cast) -> None:
    rename(cast.first, "实验小学", acting_user=cast.actor(cast.admin))
    assert audit.seal() == 1
    rename(cast.first, "实验学校", acting_user=cast.actor(cast.admin))
    verdict = audit.verify()
    assert (verdict.ok, verdict.sealed, verdict.unsealed) == (True, 1, 1)


def _force(sql: str, *values: object) -> None:
    """Do what an intruder with the database would: switch the guards off and write."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the table has events waiting and may not be altered
            cursor.execute("ALTER TABLE core_auditrow DISABLE TRIGGER audit_append_only")
        else:
            cursor.execute("DROP TRIGGER IF EXISTS audit_seal_only")
        cursor.execute(sql, values)


def test_a_changed_row_is_named(cast: Cast) -> None:
    for name in ("甲", "乙", "丙"):
        rename(cast.first, name, acting_user=cast.actor(cast.admin))
    audit.seal()
    second = AuditRow.objects.get(position=2)
    _force("UPDATE core_auditrow SET verb = 'test.other' WHERE id = %s", second.pk)
    assert "第 2 行" in audit.verify().first_broken


def test_a_chain_rewritten_whole_in_the_database_is_caught_by_the_anchors(cast: Cast) -> None:
    for name in ("甲", "乙", "丙"):
        rename(cast.first, name, acting_user=cast.actor(cast.admin))
    audit.seal()
    head = audit.GENESIS
    for row in AuditRow.objects.order_by("position"):
        if row.position == 1:
            row.verb = "test.forged"
        head = audit.link(head, row, row.position)
        _force("UPDATE core_auditrow SET verb = %s, chain = %s WHERE id = %s", row.verb, head, row.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_auditblock SET head = %s", [head])
    assert "库外存证" in audit.verify().first_broken


def test_verifying_while_rows_are_being_sealed_finds_nothing_wrong(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rename(cast.first, "甲", acting_user=cast.actor(cast.admin))
    audit.seal()
    link = audit.link

    def meanwhile(*args: Any) -> str:
        monkeypatch.setattr(audit, "link", link)
        rename(cast.first, "乙", acting_user=cast.actor(cast.admin))
        audit.seal()
        return link(*args)

    monkeypatch.setattr(audit, "link", meanwhile)
    assert audit.verify().first_broken == ""
    assert audit.verify().sealed == 2


def test_rows_that_no_block_holds_are_found(cast: Cast) -> None:
    rename(cast.first, "甲", acting_user=cast.actor(cast.admin))
    audit.seal()
    rename(cast.first, "乙", acting_user=cast.actor(cast.admin))
    forged = AuditRow.objects.get(position__isnull=True)
    _force("UPDATE core_auditrow SET position = 2, chain = 'x' WHERE id = %s", forged.pk)
    assert "库中却有 2 行" in audit.verify().first_broken


def test_the_database_itself_refuses_to_change_or_delete_audit_rows(cast: Cast) -> None:
    rename(cast.first, "甲", acting_user=cast.actor(cast.admin))
    for change in (lambda: AuditRow.objects.update(verb="x"), lambda: AuditRow.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()

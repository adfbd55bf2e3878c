from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from yincai.core import audit, crypto, doctor, home
from yincai.core.actions.remember import remember
from yincai.core.actors import installation
from yincai.core.models import AuditRow, Fact

pytestmark = pytest.mark.django_db


def look(name: str) -> doctor.Finding:
    return doctor._look(name)


@pytest.fixture
def sealed() -> None:
    remember("colour", "blue", acting_user=installation())
    audit.seal()


def test_every_check_has_a_name_and_a_sentence() -> None:
    findings = doctor.examine()
    assert [found.name for found in findings] == list(doctor.CHECKS)
    assert all(found.say.strip() for found in findings)
    assert {"database", "migrations", "key", "key-copy", "assets", "fonts", "disk", "extras", "lake", "audit"} <= set(
        doctor.CHECKS
    )


def test_json_is_all_there_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("doctor", "--json")
    said = json.loads(capsys.readouterr().out)
    assert left.value.code == 1
    assert said["ok"] is False
    assert all(set(found) == {"name", "ok", "say"} for found in said["checks"])


def test_it_warns_until_this_key_was_copied_out(tmp_path: Path) -> None:
    assert not look("key-copy").ok
    assert "yincai key copy" in look("key-copy").say
    call_command("key_copy", str(tmp_path / "copy"))
    assert look("key-copy").ok
    assert home.read_key(tmp_path / "copy") == home.master_key()
    Fact.objects.filter(pk="key_copied").update(value={"fingerprint": "of another key"})
    assert not look("key-copy").ok


def test_a_copy_inside_the_home_is_no_copy() -> None:
    with pytest.raises(Exception, match="数据文件夹"):
        call_command("key_copy", str(home.folder() / "copy"))
    assert not (home.folder() / "copy").exists()


@pytest.fixture
def loose_key() -> Iterator[None]:
    os.chmod(home.key_file(), 0o644)
    yield
    os.chmod(home.key_file(), 0o600)


def test_a_key_that_others_may_read(loose_key: None) -> None:
    crypto.check_master_key()
    assert not look("key").ok
    assert "chmod 600" in look("key").say


def test_a_demo_city_needs_neither_copy_nor_backup() -> None:
    remember("demo", True, acting_user=installation())
    assert look("key-copy").ok
    assert look("backup").ok


def test_a_backup_a_week_old() -> None:
    assert not look("backup").ok
    remember("backup", {}, acting_user=installation())
    assert look("backup").ok
    Fact.objects.filter(pk="backup").update(at=timezone.now() - timedelta(days=8))
    assert not look("backup").ok


def test_audit_rows_that_nobody_seals(sealed: None) -> None:
    assert look("audit").ok
    old = timezone.now() - timedelta(minutes=10)
    actor = installation()
    AuditRow.objects.create(account=actor.account.pk, role="", place="", verb="x", kind="x", subject="x", at=old)
    assert not look("audit").ok
    assert "yincai serve" in look("audit").say


def test_anchors_that_lag_behind(sealed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "AUDIT_ANCHORS", tmp_path / "none.log")
    assert not look("audit").ok


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look("disk").ok
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    assert not look("disk").ok


def test_a_missing_asset_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ASSETS", ("vendor/no-such.mjs",))
    assert "vendor/no-such.mjs" in look("assets").say


def test_a_package_above_puts_its_own_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", dict(doctor.CHECKS))
    doctor.check("lake")(lambda: (False, "湖干了。"))
    assert look("lake") == doctor.Finding("lake", False, "湖干了。")

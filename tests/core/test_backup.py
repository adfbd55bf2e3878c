"""Backup, restore and upgrade on real homes, by the console script; on PostgreSQL too (make test-postgres)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.core.installation import Installation
from yincai.core import audit, backup

pytestmark = [
    pytest.mark.process,
    pytest.mark.postgres,
    pytest.mark.xdist_group("homes"),
]  # they share homes


@pytest.fixture(scope="module")
def new_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Installation]]:
    made: list[Installation] = []

    def make() -> Installation:
        made.append(Installation(tmp_path_factory.mktemp("home")))
        return made[-1]

    yield make
    for installation in made:
        installation.remove()


@pytest.fixture(scope="module")
def first(new_installation: Callable[[], Installation]) -> Installation:
    """A home with audit rows, a file and a piece of lake; its key is copied out."""
    made = new_installation()
    ran = made.run("key", "copy", str(made.home.parent / "master.key"))
    assert ran.returncode == 0, ran.stderr
    for name in ("media/plain/ab/abc", "lake/facts/1.parquet"):
        (made.home / name).parent.mkdir(parents=True)
        (made.home / name).write_bytes(b"content of " + name.encode())
    return made


@pytest.fixture(scope="module")
def copied_key(first: Installation) -> str:
    return str(first.home.parent / "master.key")


@pytest.fixture(scope="module")
def made(first: Installation) -> dict[str, Any]:
    return dict(first.ask("backup"))


def test_a_backup_never_holds_the_master_key(first: Installation, made: dict[str, Any]) -> None:
    plain = zstandard.ZstdDecompressor().stream_reader(Path(made["file"]).read_bytes(), read_across_frames=True).read()
    key = (first.home / "keys" / "master.key").read_bytes().strip()
    assert b"content of media/plain/ab/abc" in plain
    assert key not in plain
    assert b"master.key" not in plain
    assert made["audit"]["rows"] >= 1


def test_restore_into_a_second_home(
    first: Installation, made: dict[str, Any], copied_key: str, new_installation: Callable[[], Installation]
) -> None:
    second = new_installation()
    without_key = second.run("restore", made["file"])
    assert without_key.returncode == 2
    assert "--key" in without_key.stderr

    restored = second.ask("restore", made["file"], "--key", copied_key)
    assert restored["audit"] == made["audit"]
    verdict = second.ask("audit", "verify")
    assert verdict["ok"]
    assert verdict["sealed"] >= made["audit"]["rows"]
    for name in ("media/plain/ab/abc", "lake/facts/1.parquet"):
        assert (second.home / name).read_bytes() == (first.home / name).read_bytes()

    again = second.run("restore", made["file"])
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert second.run("restore", made["file"], "--replace").returncode == 0
    assert list((second.home / "backups").glob("before-restore-*"))
    assert second.ask("audit", "verify")["ok"]


def test_a_damaged_backup_leaves_the_home_empty(
    made: dict[str, Any], copied_key: str, new_installation: Callable[[], Installation], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.tar.zst"
    cut.write_bytes(Path(made["file"]).read_bytes()[:-2000])
    second = new_installation()
    ran = second.run("restore", str(cut), "--key", copied_key)
    assert ran.returncode == 1
    assert "cut.tar.zst" in ran.stderr
    assert second.run("backup").returncode == 2


@pytest.mark.parametrize("words", [["backup"], ["upgrade"], ["audit", "verify"]])
def test_an_empty_home_is_left_empty(tmp_path: Path, words: list[str]) -> None:
    if words == ["backup"]:  # one is enough to see that no database is made
        empty = Installation(tmp_path)
        ran = empty.run(*words)
        assert not (tmp_path / "yincai.sqlite3").exists()
        empty.remove()
    else:
        empty = Installation(tmp_path, served=True)
        ran = empty.run(*words)
    assert ran.returncode == 2
    assert "yincai init" in ran.stderr


def test_an_upgrade_that_fails_goes_back_and_one_that_works_stays(
    new_installation: Callable[[], Installation], tmp_path: Path
) -> None:
    home = new_installation()
    key = ["key", "copy", str(tmp_path / "key")]
    assert home.run(*key).returncode == 0
    home.ask("backup")  # seals
    before = home.ask("audit", "verify")
    newer = {"DJANGO_SETTINGS_MODULE": "tests.core.newer_version.settings", "PYTHONPATH": str(Path.cwd())}

    stale = home.run(*key, **newer)
    assert stale.returncode == 2
    assert "yincai upgrade" in stale.stderr

    failed = home.run("upgrade", **newer)
    assert failed.returncode == 1
    assert "second step" in failed.stderr
    assert list((home.home / "backups").glob("before-upgrade-*"))
    assert home.ask("audit", "verify") == before
    assert home.ask("upgrade")["migrated"] == 0

    worked = home.run("upgrade", "--json", NEWER_VERSION_WORKS="1", **newer)
    assert worked.returncode == 0, worked.stderr
    assert json.loads(worked.stdout)["migrated"] == 2  # both steps: the first one was taken back
    assert home.run(*key, **newer).returncode == 0


@pytest.mark.django_db
def test_a_chain_that_is_not_the_labels_is_refused() -> None:
    from yincai.core.actions.remember import remember
    from yincai.core.actors import installation

    remember("colour", "blue", acting_user=installation())
    audit.seal()
    label = {"audit": dict(audit.head())}
    backup._check_audit(label)
    label["audit"]["head"] = "0" * 64
    with pytest.raises(backup.BackupError, match="标签"):
        backup._check_audit(label)

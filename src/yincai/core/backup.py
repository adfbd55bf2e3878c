"""Backups: all of a home but its master key, in one file; and back into another home.

The order matters, for nothing stops while a backup is made. Anchors are read before the database, so that each of them
has its block in the copy; media and lake after it, so that each file the copy speaks of is there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from yincai import __version__
from yincai.core import archive, audit, crypto, home, prepare, processes, snapshot
from yincai.core.actions.remember import remember
from yincai.core.actors import Actor
from yincai.core.models import AuditBlock

ANCHORS = "audit/anchors.log"
MARGIN = 200 * 1024 * 1024
Start = Callable[[int], archive.Advance]  # told the bytes to come, gives what to call as they pass


class BackupError(home.HomeError):
    """The backup or restore cannot be done; the message says why and what to do."""


def folders() -> dict[str, Path]:
    """What a backup holds besides the database, by its name inside."""
    return {"media": Path(settings.MEDIA_ROOT), "lake": Path(settings.LAKE)}


def default_file(prefix: str = "yincai") -> Path:
    return home.folder() / "backups" / f"{prefix}-{timezone.localtime():%Y%m%d-%H%M%S}.tar.zst"


def make(target: Path, start: Start, *, older_tables: bool = False) -> dict[str, Any]:
    """Write a backup; returns its label. `older_tables`: before a migration, when our models may not fit."""
    _need_room(target)
    head = {} if older_tables else _sealed_head()
    label = {
        "version": __version__,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "database": connection.vendor,
        "key": crypto.master_fingerprint(),
        "migrations": sorted(map(list, MigrationRecorder(connection).applied_migrations())),
        "audit": head,
    }
    with tempfile.TemporaryDirectory(prefix="backup-", dir=home.folder()) as room:
        copy, anchors = Path(room) / snapshot.name(), Path(room) / "anchors.log"
        anchors.write_bytes(settings.AUDIT_ANCHORS.read_bytes() if settings.AUDIT_ANCHORS.exists() else b"")
        snapshot.take(copy)
        advance = start(copy.stat().st_size + sum(map(archive.size_of, folders().values())))
        with archive.writing(target, label, advance) as writer:
            writer.add_file(ANCHORS, anchors)
            writer.add_file(snapshot.name(), copy)
            for name, folder in folders().items():
                writer.add_folder(name, folder)
    return label


def _sealed_head() -> dict[str, Any]:
    audit.seal()
    return dict(audit.head())


def _need_room(target: Path) -> None:
    if not target.parent.is_dir():
        raise BackupError(f"文件夹 {target.parent} 不存在。请先建立它，或换一个位置。")
    files = sum(map(archive.size_of, folders().values()))
    for folder, wanted in ((home.folder(), snapshot.size()), (target.parent, snapshot.size() + files)):
        free = shutil.disk_usage(folder).free
        if free < wanted + MARGIN:
            raise BackupError(
                f"{folder} 只剩 {free / 1e9:.1f} GB，需要约 {(wanted + MARGIN) / 1e9:.1f} GB。请腾出空间或换一个位置。"
            )


def note_made(file: Path, label: dict[str, Any], actor: Actor) -> None:
    remember("backup", {"file": file.name, "audit": label["audit"]}, acting_user=actor)


@dataclass(frozen=True)
class Wish:
    """What to restore. `key`: the copied-out master key, for a home that has not got it yet."""

    file: Path
    key: Path | None = None
    replace: bool = False


def restore(wish: Wish, start: Start, say: Callable[[str], None]) -> dict[str, Any]:
    """Put a backup into this home and check the audit chain, also against the label. Returns the label."""
    label = _checked_label(wish)
    with processes.only_server():
        if prepare.exists():
            _keep_present(wish, start, say)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=home.folder()) as room:
            archive.extract(wish.file, Path(room), start(wish.file.stat().st_size))
            _take_key(wish)
            _move_in(Path(room))
        crypto.forget_keys()
        prepare.prepare()
        _check_audit(label)
    return label


def _checked_label(wish: Wish) -> dict[str, Any]:
    label = archive.read_label(wish.file)
    if label["database"] != connection.vendor:
        raise BackupError(
            f"这份备份来自 {label['database']}，这里用的是 {connection.vendor}。请改 DATABASE_URL 后再恢复。"
        )
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}
    unknown = [f"{app}.{name}" for app, name in label["migrations"] if (app, name) not in known]
    if unknown:
        raise BackupError(f"这份备份来自更新的版本（{label['version']}，含 {unknown[0]}）。请先把程序升级到那个版本。")
    key = home.read_key(wish.key) if wish.key else home.master_key()
    if crypto.master_fingerprint(key) != label["key"]:
        given = wish.key or home.key_file()
        raise BackupError(f"{given} 不是这份备份的主密钥。备份里从不带密钥：请用 --key 指向当初抄出的那一份。")
    return label


def _keep_present(wish: Wish, start: Start, say: Callable[[str], None]) -> None:
    """An installation that is there is only replaced when asked for, and after a backup of its own."""
    if not wish.replace:
        raise BackupError(f"{home.folder()} 里已有数据。恢复到空的文件夹，或加 --replace（会先备份现有数据）。")
    kept = default_file("before-restore")
    try:
        make(kept, start)
    except (DatabaseError, OSError, crypto.SealError) as problem:
        raise BackupError(
            f"现有数据备份不了（{problem}），所以没有覆盖它。请把 {home.folder()} 改名留存，再恢复到新的文件夹。"
        ) from problem
    say(f"现有数据已备份到 {kept}。")


def _take_key(wish: Wish) -> None:
    if wish.key is None or home.read_key(wish.key) == home.master_key():
        return
    file = home.key_file()
    file.rename(file.with_name(f"{file.name}.before-{timezone.localtime():%Y%m%d-%H%M%S}"))
    home.write_key(file, home.read_key(wish.key))


def _move_in(room: Path) -> None:
    snapshot.put_back(room / snapshot.name())
    for name, folder in folders().items():
        shutil.rmtree(folder, ignore_errors=True)
        if (room / name).is_dir():
            shutil.move(room / name, folder)
        folder.mkdir(parents=True, exist_ok=True)
    anchors: Path = settings.AUDIT_ANCHORS
    if anchors.exists():  # of a longer chain, perhaps: kept for whoever wants to know what was lost
        anchors.rename(anchors.with_name(f"{anchors.name}.before-{timezone.localtime():%Y%m%d-%H%M%S}"))
    anchors.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(room / ANCHORS, anchors)


def _check_audit(label: dict[str, Any]) -> None:
    verdict = audit.verify()
    if not verdict.ok:
        raise BackupError(f"数据已放回，但审计链断了：{verdict.first_broken}。这份备份不可信，请换一份。")
    anchored = label["audit"]
    if anchored.get("block"):
        block = AuditBlock.objects.filter(pk=anchored["block"]).first()
        if block is None or block.head != anchored["head"]:
            raise BackupError("数据已放回，但审计链与备份标签上的存证不符。这份备份不可信，请换一份。")


def note_restored(label: dict[str, Any], actor: Actor) -> None:
    remember("restored", {"made_at": label["made_at"], "audit": label["audit"]}, acting_user=actor)

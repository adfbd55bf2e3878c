"""Bringing a home up to this version of the code: a backup first, and back to it when a migration fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError

from yincai.core import archive, backup, crypto, home, prepare, processes, snapshot


class UpgradeError(Exception):
    """The database is as it was; the message says what failed."""


def bring_up(start: backup.Start, say: Callable[[str], None]) -> dict[str, Any]:
    """Prepare an empty home; migrate an older one, with a way back."""
    steps = prepare.pending_migrations() if prepare.exists() else 0
    file = _migrate(steps, start, say) if steps else None
    prepare.prepare()
    return {"migrated": steps, "backup": str(file) if file else None}


def _migrate(steps: int, start: backup.Start, say: Callable[[str], None]) -> Path:
    with processes.only_server():
        with suppress(DatabaseError):  # its table may be an older one
            crypto.check_master_key()
        file = backup.default_file("before-upgrade")
        backup.make(file, start, older_tables=True)
        say(f"已备份到 {file}，升级 {steps} 步……")
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except Exception as problem:
            _go_back(file)
            raise UpgradeError(f"升级没有成功，数据库已回到升级前的样子（{problem}）。备份在 {file}。") from problem
    return file


def _go_back(file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="upgrade-", dir=home.folder()) as room:
        archive.extract(file, Path(room), lambda _: None)
        snapshot.put_back(Path(room) / snapshot.name())

"""Preparing a home: migrations, the master key's claim on the database, what packages bring, static files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from yincai.core import crypto, home

Step = Callable[[], None]
_steps: list[Step] = []


def register_step(step: Step) -> None:
    """`step` brings rows that ship with the code up to date; quick when nothing is to be done."""
    _steps.append(step)


def exists() -> bool:
    """Has this home a prepared database?"""
    if connection.vendor == "sqlite" and not home.database_file().exists():
        return False
    return "core_account" in connection.introspection.table_names()


def pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def prepare() -> None:
    """Prepare an empty home, and see that an older one was upgraded; quick when nothing is to be done."""
    home.make_folders()
    if steps := pending_migrations():
        if exists():
            raise home.HomeError(
                f"数据库是旧版本的，差 {steps} 步。请停止服务后运行 yincai upgrade（会先备份，失败就回到原样）。"
            )
        call_command("migrate", verbosity=0, interactive=False)
    crypto.check_master_key()
    for step in _steps:
        step()
    collect_static()


def collect_static() -> None:
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(state)


def _static_state() -> str:
    """Changes when any source file of the static tree does."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            found.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()

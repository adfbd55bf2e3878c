"""The database as one file, and back: SQLite by its own backup, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from django.db import connection, connections

from yincai.core import home


class SnapshotError(home.HomeError):
    """The database could not be copied or put back; the message says why and what to do."""


def name() -> str:
    """What the snapshot is called inside a backup."""
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"


def size() -> int:
    """Bytes the database takes now, about."""
    if connection.vendor == "sqlite":
        return sum(path.stat().st_size for path in _sqlite_files() if path.exists())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def take(target: Path) -> None:
    """A consistent copy while others go on writing."""
    if connection.vendor == "sqlite":
        _copy_sqlite(home.database_file(), target)
    else:
        _postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def put_back(source: Path) -> None:
    """Replace the whole database by a copy that `take` made. Nobody else may be using it."""
    connections.close_all()
    if connection.vendor == "sqlite":
        for path in _sqlite_files():
            path.unlink(missing_ok=True)
        shutil.move(source, home.database_file())
        os.chmod(home.database_file(), 0o600)
        return
    need("pg_restore")
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    connections.close_all()
    _postgres("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(source))


def need(tool: str) -> str:
    """The path of one of PostgreSQL's tools."""
    found = shutil.which(tool)
    if found is None:
        raise SnapshotError(f"缺少 {tool}。请安装：apt-get install postgresql-client（版本不低于服务器）。")
    return found


def _copy_sqlite(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def _sqlite_files() -> list[Path]:
    main = home.database_file()
    return [main, main.with_name(main.name + "-wal"), main.with_name(main.name + "-shm")]


def _postgres(tool: str, *options: str) -> None:
    from psycopg.conninfo import make_conninfo

    given = connection.settings_dict
    named = {"dbname": given["NAME"], "host": given["HOST"], "port": given["PORT"], "user": given["USER"]}
    place = make_conninfo(**{name: value for name, value in {**given["OPTIONS"], **named}.items() if value})
    environment = {**os.environ, **({"PGPASSWORD": given["PASSWORD"]} if given["PASSWORD"] else {})}
    ran = subprocess.run(
        [need(tool), "--no-password", f"--dbname={place}", *options],
        env=environment,
        capture_output=True,
        text=True,
    )
    if ran.returncode != 0:
        raise SnapshotError(f"{tool} 失败：{ran.stderr.strip() or ran.returncode}")

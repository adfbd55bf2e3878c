"""Typed readers of YINCAI_… variables. A value that cannot be read stops the start with a clear sentence."""

from __future__ import annotations

import os
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class SettingError(Exception):
    """A setting cannot be used; the message names it and says what it takes."""


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def words(name: str, default: str) -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise SettingError(f"{name}={value!r}：只能是 1 或 0。")


def postgres(url: str) -> dict[str, object]:
    """Django's connection settings from postgresql://user:password@host:port/name; what stands after a `?`
    (`sslmode=verify-full`) goes to the driver as it is."""
    parts = urlsplit(url)
    port = _port(parts)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/") or port is None:
        raise SettingError("DATABASE_URL 应为 postgresql://用户:密码@主机:端口/库名。")
    query = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": port,
        "OPTIONS": {**query, "options": f"{query.get('options', '')} -c synchronous_commit=on".strip()},
    }


def server_of(url: str) -> str:
    """How a PostgreSQL is called in messages: without its password; empty where there is none."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"


def holds_a_city(url: str) -> bool:
    """Whether the database has our tables already. Asked once, when a home without a key begins."""
    try:
        import psycopg
    except ImportError:
        raise SettingError(
            "设了 DATABASE_URL，但没有装 PostgreSQL 的驱动。请运行 pip install 'yincai[postgres]'。"
        ) from None
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            row = connection.execute("SELECT to_regclass('core_account')").fetchone()
    except psycopg.Error as problem:
        raise SettingError(f"连不上 DATABASE_URL 指的数据库：{str(problem).strip()}") from problem
    return row is not None and row[0] is not None


def _port(parts: SplitResult) -> str | None:
    """The port; empty where none is named, None where what is named is no port."""
    try:
        return str(parts.port or "")
    except ValueError:
        return None

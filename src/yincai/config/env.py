"""Typed readers of YINCAI_… variables. A value that cannot be read stops the start with a clear sentence."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit


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


def number(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        found = int(value)
    except ValueError:
        raise SettingError(f"{name}={value!r}：应为整数。") from None
    if not low <= found <= high:
        raise SettingError(f"{name}={found}：应在 {low} 到 {high} 之间。")
    return found


def postgres(url: str) -> dict[str, object]:
    """Django's connection settings from postgresql://user:password@host:port/name."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise SettingError("DATABASE_URL 应为 postgresql://用户:密码@主机:端口/库名。")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": str(parts.port or ""),
    }

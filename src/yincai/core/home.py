"""The one folder that holds all state of an installation, and its master key.

Plain Python: settings read this before Django exists.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
FOLDERS = ("keys", "media", "lake", "logs", "audit", "backups")


class HomeError(Exception):
    """The home folder cannot be used; the message says why and what to do."""


def folder() -> Path:
    """The home of this installation: YINCAI_HOME, or `var/` in the checkout."""
    named = os.environ.get("YINCAI_HOME")
    if named:
        return Path(named).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "var"
    raise HomeError("没有找到数据文件夹：请设置环境变量 YINCAI_HOME，指向存放全部数据的文件夹。")


def database_file() -> Path:
    return folder() / "yincai.sqlite3"


def make_folders() -> None:
    home = folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in FOLDERS:
        (home / name).mkdir(mode=0o700, exist_ok=True)


def key_file() -> Path:
    named = os.environ.get("YINCAI_KEY_FILE")
    return Path(named).expanduser().resolve() if named else folder() / "keys" / "master.key"


def make_key(server: str = "", in_use: Callable[[], bool] = lambda: False) -> None:
    """Make the master key of a new home; never where a database exists already: the file in the home, or a city on
    the database `server`, which `in_use` asks."""
    path = key_file()
    if path.exists():
        return
    if in_use() if server else database_file().exists():
        raise HomeError(
            f"数据库 {server or database_file()} 还在，但主密钥 {path} 不见了。请把当初抄出的密钥放回原处；"
            "系统不会为已有的数据库另造一把新密钥，因为那样旧数据就再也读不出来。"
        )
    with suppress(FileExistsError):  # another process of a new home was first
        write_key(path, secrets.token_bytes(KEY_BYTES))


def write_key(path: Path, key: bytes) -> None:
    """Write a key file that only its owner may read, whole or not at all; never over an existing file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(base64.b64encode(key) + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        os.link(partial, path)
    finally:
        partial.unlink()


def master_key() -> bytes:
    """The master key's bytes; raises HomeError with the mend when it is missing or damaged."""
    return read_key(key_file())


def read_key(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes(), validate=False)
    except FileNotFoundError:
        raise HomeError(f"主密钥 {path} 不存在。新的数据文件夹请先运行 yincai init。") from None
    except OSError as problem:
        raise HomeError(f"读不了主密钥 {path}：{problem.strerror}。") from None
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise HomeError(f"主密钥 {path} 已损坏（应为 {KEY_BYTES} 字节）。请换回抄出的那一份。")
    return key


def derive(purpose: str, key: bytes | None = None) -> bytes:
    """A key of its own for each purpose, so that no two uses share one. `key`: another master key than ours."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"yincai/{purpose}".encode()).derive(
        key or master_key()
    )

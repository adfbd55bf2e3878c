"""One file that holds a backup: a zstd-compressed tar with a label first and the digests of all it holds last."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import zstandard

LABEL, CONTENTS = "label.json", "contents.json"
PIECE = 1024 * 1024
Advance = Callable[[int], None]


class ArchiveError(Exception):
    """The file is no backup, or a damaged one; the message says which part."""


class _Hashing:
    """Reads a file on behalf of tarfile, and hashes what passes."""

    def __init__(self, inner: BinaryIO, advance: Advance) -> None:
        self.inner = inner
        self.advance = advance
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.inner.read(size)
        self.hash.update(piece)
        self.advance(len(piece))
        return piece


class Writer:
    def __init__(self, tar: tarfile.TarFile, advance: Advance) -> None:
        self.tar = tar
        self.advance = advance
        self.contents: dict[str, str] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as handle:
            self._add(name, handle, os.fstat(handle.fileno()).st_size)

    def add_folder(self, name: str, folder: Path) -> None:
        for path in files_of(folder):
            with suppress(FileNotFoundError):  # merged away since: a file listed beside it holds the same
                self.add_file(f"{name}/{path.relative_to(folder).as_posix()}", path)

    def _add(self, name: str, content: BinaryIO, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(time.time())
        passing = _Hashing(content, self.advance)
        self.tar.addfile(info, cast(BinaryIO, passing))
        self.contents[name] = passing.hash.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Finished files; a name ending in .part is still being written."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")


def size_of(folder: Path) -> int:
    """Bytes of its finished files, about: files come and go meanwhile."""
    total = 0
    for path in files_of(folder):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


@contextmanager
def writing(target: Path, label: dict[str, Any], advance: Advance) -> Iterator[Writer]:
    """Write an archive beside its place, and move it there when it is whole and on the disk."""
    partial = target.with_name(target.name + ".part")
    try:
        with partial.open("wb") as raw:
            os.chmod(partial, 0o600)
            with (
                zstandard.ZstdCompressor(level=3, threads=-1).stream_writer(raw, closefd=False) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                writer = Writer(tar, advance)
                writer.add_bytes(LABEL, json.dumps(label, ensure_ascii=False, indent=1).encode())
                yield writer
                writer.add_bytes(CONTENTS, json.dumps(writer.contents, indent=0).encode())
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path, advance: Advance) -> Iterator[tarfile.TarFile]:
    try:
        with file.open("rb") as raw:
            counted = cast(BinaryIO, _Hashing(raw, advance))
            unpacked = zstandard.ZstdDecompressor().stream_reader(counted, read_across_frames=True)
            with tarfile.open(fileobj=unpacked, mode="r|") as tar:
                yield tar
    except OSError as problem:
        raise ArchiveError(f"读不了 {file}：{problem.strerror}。") from problem
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as problem:
        raise ArchiveError(f"{file} 不是因材的备份，或者已损坏（{problem}）。") from problem


def read_label(file: Path) -> dict[str, Any]:
    with _opened(file, lambda _: None) as tar:
        return _label(file, tar, tar.next())


def _label(file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> dict[str, Any]:
    content = tar.extractfile(member) if member is not None and member.name == LABEL else None
    if content is None:
        raise ArchiveError(f"{file} 不是因材的备份：开头没有标签。")
    label: dict[str, Any] = json.loads(content.read())
    return label


def extract(file: Path, into: Path, advance: Advance) -> dict[str, Any]:
    """Unpack into an empty folder and check each digest; returns the label."""
    digests: dict[str, str] = {}
    with _opened(file, advance) as tar:
        for member in tar:
            digests[member.name] = _unpack(file, tar, member, into)
    if CONTENTS not in digests:
        raise ArchiveError(f"{file} 不完整：后面缺了一截。请换一份备份。")
    wanted: dict[str, str] = json.loads((into / CONTENTS).read_bytes())
    del digests[CONTENTS]
    for name in sorted(wanted.keys() | digests.keys()):
        if wanted.get(name) != digests.get(name):
            raise ArchiveError(f"{file} 已损坏：其中的 {name} 与目录不符。请换一份备份。")
    label: dict[str, Any] = json.loads((into / LABEL).read_bytes())
    return label


def _unpack(file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    """One regular file to its place below `into`; anything else is refused. Returns its digest."""
    place = PurePosixPath(member.name)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or place.is_absolute() or ".." in place.parts:
        raise ArchiveError(f"{file} 里有不该有的内容：{member.name}。没有恢复任何东西。")
    target = into / place
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with target.open("wb") as handle:
        while piece := content.read(PIECE):
            found.update(piece)
            handle.write(piece)
    return found.hexdigest()

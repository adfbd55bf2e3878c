"""Files: kept by digest, checked by size and by what their bytes say they are; personal ones encrypted at rest."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from yincai.core import crypto
from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.models import StoredFile
from yincai.core.permissions import SIGNED_IN

RIFF = b"RIFF"  # sounds and films begin so too
SIGNATURES: tuple[tuple[str, bytes, tuple[str, ...]], ...] = (
    ("image/png", b"\x89PNG\r\n\x1a\n", (".png",)),
    ("image/jpeg", b"\xff\xd8\xff", (".jpg", ".jpeg")),
    ("image/webp", RIFF, (".webp",)),
    ("application/pdf", b"%PDF-", (".pdf",)),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04", (".xlsx",)),
)
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class FileRule:
    """What an upload may be: media types, and the most bytes."""

    types: tuple[str, ...]
    most: int


IMAGES = FileRule(("image/png", "image/jpeg", "image/webp"), 4 * MEGABYTE)
TABLES = FileRule(("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"), 20 * MEGABYTE)


class FileRefused(ActionError):
    pass


def check(name: str, content: bytes, allowed: FileRule) -> str:
    """The media type that the bytes prove; raises FileRefused with what would be taken instead."""
    if len(content) > allowed.most:
        raise FileRefused(f"“{name}”有 {len(content) / MEGABYTE:.1f} MB，最多 {allowed.most // MEGABYTE} MB。")
    if not content:
        raise FileRefused(f"“{name}”是空的，请重新选择文件。")
    found = _sniff(name, content)
    if found not in allowed.types:
        raise FileRefused(f"“{name}”的内容不是可接受的类型（{_named(allowed)}）。请另存为其中一种后再传。")
    return found


def _named(allowed: FileRule) -> str:
    """The kinds of file by their suffixes, as people know them."""
    known = [suffixes[0] for media_type, _, suffixes in SIGNATURES if media_type in allowed.types]
    return "、".join([*known, *([".csv"] if "text/csv" in allowed.types else [])])


def _sniff(name: str, content: bytes) -> str:
    suffix = Path(name).suffix.lower()
    for media_type, magic, suffixes in SIGNATURES:
        if content.startswith(magic) and suffix in suffixes:
            return media_type if magic != RIFF or content[8:12] == b"WEBP" else ""
    if suffix == ".csv" and b"\x00" not in content[:4096]:
        return "text/csv"
    return ""


@action(SIGNED_IN)
def keep_file(
    name: str, content: bytes, allowed: FileRule, *, personal: bool, owner: UUID | None, place: str, acting_user: Actor
) -> StoredFile:
    """Check and keep an upload; the same content twice is stored once."""
    media_type = check(name, content, allowed)
    digest = hashlib.sha256(content).hexdigest()
    row = StoredFile(
        digest=digest,
        name=name[:200],
        media_type=media_type,
        size=len(content),
        personal=personal,
        owner=owner,
        place=place,
        added_by=acting_user.account.pk,
    )
    path = file_path(row)
    if not path.exists():
        _write(path, crypto.seal_bytes(content, owner) if personal else content)
    row.save()
    return touched(row, digest=digest)


def read_file(row: StoredFile) -> bytes:
    content = file_path(row).read_bytes()
    return crypto.unseal_bytes(content) if row.personal else content


def file_path(row: StoredFile) -> Path:
    folder = f"personal/{row.owner or 'installation'}" if row.personal else "plain"
    return Path(settings.MEDIA_ROOT) / folder / row.digest[:2] / row.digest


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())  # a row that survives a power cut finds its file whole
    partial.replace(path)

"""The audit chain: sealing and verifying.

Each committed row gets a position; its chain value is sha256(previous chain value + the row's canonical text). A block
closes each sealing run, and its head is appended to a file outside the database. Whoever rewrites rows breaks the
chain; whoever rewrites the whole chain breaks the anchors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from yincai.core.models import AuditBlock, AuditRow

GENESIS = "0" * 64
BATCH = 5000
LOCK = 0x79696E63  # advisory lock of the sealer on PostgreSQL


@dataclass(frozen=True)
class Verdict:
    """`first_broken`: what is wrong, at which row or block; empty when the chain holds."""

    sealed: int
    unsealed: int
    first_broken: str = ""

    @property
    def ok(self) -> bool:
        return not self.first_broken


def seal() -> int:
    """Chain the committed rows that are not sealed yet, and anchor the head. Returns how many were sealed."""
    total = 0
    while sealed := _seal_block():
        total += sealed
        if sealed < BATCH:
            break
    return total


def _seal_block() -> int:
    if not AuditRow.objects.filter(position__isnull=True).exists():
        _anchor_missing()
        return 0
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        rows = list(AuditRow.objects.filter(position__isnull=True).order_by("id")[:BATCH])
        if not rows:
            return 0
        last = AuditBlock.objects.order_by("number").last()
        head, position = (last.head, last.last_position) if last else (GENESIS, 0)
        for row in rows:
            position += 1
            head = link(head, row, position)
            row.position, row.chain = position, head
        block = AuditBlock.objects.create(head=head, last_position=position, rows=len(rows), sealed_at=timezone.now())
        for row in rows:
            row.block = block
        AuditRow.objects.bulk_update(rows, ["position", "chain", "block"], batch_size=200)
    _anchor_missing()
    return len(rows)


def link(head: str, row: AuditRow, position: int) -> str:
    return sha256(f"{head}\n{canonical(row, position)}".encode()).hexdigest()


def canonical(row: AuditRow, position: int) -> str:
    content = [
        position,
        row.pk,
        row.at.isoformat(timespec="microseconds"),
        str(row.account),
        row.role,
        row.place,
        row.verb,
        row.kind,
        row.subject,
        row.fields,
    ]
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def head() -> dict[str, object]:
    """The newest anchored head: for a backup's label."""
    last = AuditBlock.objects.order_by("number").last()
    return {"block": last.number, "head": last.head, "rows": last.last_position} if last else {"block": 0}


def anchors(path: Path | None = None) -> Iterator[tuple[int, str, int]]:
    """The lines of the anchor file: block number, head, last position."""
    file = path or settings.AUDIT_ANCHORS
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        number, block_head, position, *_ = line.split()
        yield int(number), block_head, int(position)


def _anchor_missing() -> None:
    """Append the heads of blocks that the file does not hold yet (also after a crash between commit and append)."""
    file: Path = settings.AUDIT_ANCHORS
    known = max((number for number, _, _ in anchors()), default=0)
    new = list(AuditBlock.objects.filter(number__gt=known).order_by("number"))
    if not new:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as handle:
        for block in new:
            handle.write(f"{block.number} {block.head} {block.last_position} {block.sealed_at.isoformat()}\n")
        handle.flush()
        os.fsync(handle.fileno())


def verify() -> Verdict:
    """Recompute the whole chain; compare it with the blocks and the blocks with the anchors.

    The sealer goes on meanwhile. So the anchors are read first, then the blocks, and of the rows only those that these
    blocks hold: each anchor has its block, and each block its rows.
    """
    anchored = list(anchors())
    blocks = list(AuditBlock.objects.order_by("number"))
    unsealed = AuditRow.objects.filter(position__isnull=True).count()
    position, broken = _broken_row(blocks)
    return Verdict(position, unsealed, broken or _broken_anchor(anchored, blocks) or _broken_end(blocks, position))


def _broken_row(blocks: list[AuditBlock]) -> tuple[int, str]:
    """How many rows hold, and what is wrong with the next one."""
    ends = {block.last_position: block for block in blocks}
    chain, position = GENESIS, 0
    rows = AuditRow.objects.filter(position__lte=max(ends, default=0)).order_by("position")
    for row in rows.iterator(BATCH):
        if row.position != position + 1:
            return position, f"第 {position + 1} 行不见了（其后是第 {row.position} 行）"
        chain = link(chain, row, position + 1)
        if chain != row.chain:
            return position, f"第 {position + 1} 行（编号 {row.pk}，{row.verb}）被改动过"
        block = ends.get(position + 1)
        if block is not None and block.head != chain:
            return position, f"第 {block.number} 块的首尾对不上（止于第 {position + 1} 行）"
        position += 1
    return position, ""


def _broken_anchor(anchored: list[tuple[int, str, int]], blocks: list[AuditBlock]) -> str:
    by_number = {block.number: block for block in blocks}
    for number, block_head, last in anchored:
        block = by_number.get(number)
        if block is None or block.head != block_head or block.last_position != last:
            return f"第 {number} 块与库外存证不符（应止于第 {last} 行）"
    return ""


def _broken_end(blocks: list[AuditBlock], position: int) -> str:
    """Rows must reach to the end of the last block, and none beyond it belongs to these blocks or to none."""
    number, end = (blocks[-1].number, blocks[-1].last_position) if blocks else (0, 0)
    beyond = AuditRow.objects.filter(position__gt=end).exclude(block__gt=number).count()
    if position == end and not beyond:
        return ""
    return f"最后一块应止于第 {end} 行，库中却有 {position + beyond} 行"

"""Long work in short steps: stage rows unseen, apply them as numbered batches, resume or undo to the last row.

A batch holds the database for at most about 200 ms, so that pupils' answers go on meanwhile. Each batch is an action
of its own with an idempotency key made of job and number: a job killed in the middle resumes where it was.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.models import Job, JobRow
from yincai.core.permissions import SIGNED_IN, Permission

Payload = dict[str, Any]
TARGET = 0.1  # seconds a batch should take
LONGEST = 500
STAGE = 2000


@dataclass(frozen=True)
class JobKind:
    """`apply` writes rows and returns, for each, what undoes it; `undo` takes rows back, newest first."""

    name: str
    label: str
    permission: Permission
    apply: Callable[[Job, list[Payload], Actor], list[Any]]
    undo: Callable[[Job, list[tuple[Payload, Any]], Actor], None] | None = None
    finish: Callable[[Job, Actor], None] | None = None


KINDS: dict[str, JobKind] = {}


def register_job(kind: JobKind) -> None:
    KINDS[kind.name] = kind


def stage(
    kind: str, title: str, rows: Iterable[Payload], *, acting_user: Actor, options: dict[str, Any] | None = None
) -> Job:
    """Keep the rows unseen, in short writes; nothing of them shows before the job is applied."""
    KINDS[kind].permission.require(acting_user)
    job = Job.objects.create(
        kind=kind,
        title=title,
        place=acting_user.place,
        account=acting_user.account.pk,
        role=acting_user.role.id if acting_user.role else None,
        options=options or {},
    )
    batch: list[JobRow] = []
    for number, payload in enumerate(rows, start=1):
        batch.append(JobRow(job=job, number=number, payload=_pack(payload)))
        if len(batch) == STAGE:
            JobRow.objects.bulk_create(batch)
            batch.clear()
    JobRow.objects.bulk_create(batch)
    job.total = JobRow.objects.filter(job=job).count()
    job.save(update_fields=["total"])
    return job


def payloads(job: Job) -> Iterator[Payload]:
    """The staged rows in order, for a preview or an account of them."""
    rows = JobRow.objects.filter(job=job).order_by("number").values_list("payload", flat=True)
    return (_unpack(packed) for packed in rows.iterator())


def run(job: Job, *, acting_user: Actor, progress: Callable[[int, int], None] | None = None) -> Job:
    """Apply all that is left, batch by batch; may be called again after a crash.

    A batch that cannot be applied is left out whole, the job says why and stops: it can be resumed or undone.
    """
    size = 20
    while job.state in (Job.STAGED, Job.APPLYING, Job.FAILED):
        started = time.perf_counter()
        try:
            job = apply_batch(job, size, acting_user=acting_user, key=_batch_key(job, "apply"))
        except ActionError as error:
            stop_failed(job, str(error), acting_user=acting_user)
            raise
        size = _next_size(size, time.perf_counter() - started)
        if progress:
            progress(job.applied, job.total)
    return job


def undo(job: Job, *, acting_user: Actor, progress: Callable[[int, int], None] | None = None) -> Job:
    """Take back what was applied, newest batch first; may be called again after a crash."""
    while job.state in (Job.DONE, Job.APPLYING, Job.UNDOING, Job.FAILED):
        job = undo_batch(job, acting_user=acting_user, key=_batch_key(job, "undo"))
        if progress:
            progress(job.total - job.applied, job.total)
    return job


@action(SIGNED_IN)
def apply_batch(job: Job, size: int, *, acting_user: Actor) -> Job:
    job = Job.objects.select_for_update().get(pk=job.pk)
    kind = KINDS[job.kind]
    kind.permission.require(acting_user)
    rows = list(JobRow.objects.filter(job=job, batch__isnull=True).order_by("number")[:size])
    if rows:
        _apply_rows(job, kind, rows, acting_user)
    if job.applied >= job.total:
        if kind.finish:
            kind.finish(job, acting_user)
        job.state, job.finished_at = Job.DONE, timezone.now()
    job.save()
    return touched(job, batch=job.batch, applied=job.applied)


def _apply_rows(job: Job, kind: JobKind, rows: list[JobRow], acting_user: Actor) -> None:
    job.batch += 1
    undos = kind.apply(job, [_unpack(row.payload) for row in rows], acting_user)
    for row, back in zip(rows, undos, strict=True):
        row.batch, row.undo = job.batch, back
    JobRow.objects.bulk_update(rows, ["batch", "undo"])
    job.applied += len(rows)
    job.state, job.message = Job.APPLYING, ""


@action(SIGNED_IN)
def stop_failed(job: Job, message: str, *, acting_user: Actor) -> Job:
    KINDS[job.kind].permission.require(acting_user)
    Job.objects.filter(pk=job.pk).update(state=Job.FAILED, message=message)
    return touched(job, state=Job.FAILED)


@action(SIGNED_IN)
def undo_batch(job: Job, *, acting_user: Actor) -> Job:
    job = Job.objects.select_for_update().get(pk=job.pk)
    kind = KINDS[job.kind]
    kind.permission.require(acting_user)
    rows = list(JobRow.objects.filter(job=job, batch=job.batch).order_by("-number")) if job.batch else []
    if not rows:
        job.state, job.finished_at = Job.UNDONE, timezone.now()
        job.save()
        return touched(job, state=job.state)
    if kind.undo is None:
        raise ActionError(f"“{kind.label}”不能撤销。")
    kind.undo(job, [(_unpack(row.payload), row.undo) for row in rows], acting_user)
    JobRow.objects.filter(pk__in=[row.pk for row in rows]).update(batch=None, undo=None)
    job.batch -= 1
    job.applied -= len(rows)
    job.state = Job.UNDOING
    job.save()
    return touched(job, batch=job.batch, applied=job.applied)


def _batch_key(job: Job, what: str) -> UUID:
    return uuid5(job.pk, f"{what} {job.batch} {job.state} {job.applied}")


def _next_size(size: int, took: float) -> int:
    wanted = int(size * min(2.0, max(0.25, TARGET / max(took, 1e-4))))
    return max(1, min(LONGEST, wanted))


def _pack(payload: Payload) -> bytes:
    return zlib.compress(json.dumps(payload, ensure_ascii=False, default=str).encode(), 1)


def _unpack(packed: bytes | memoryview) -> Payload:
    return dict(json.loads(zlib.decompress(bytes(packed))))

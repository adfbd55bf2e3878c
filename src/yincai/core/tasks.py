"""Background work: tasks that carry who enqueued them, a table of periodic ones, and a reaper.

A task acts as the account, and in the role, from where it was enqueued; the scope follows. Tasks are idempotent and
resumable: one whose worker died is simply run again.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks.base import Task, TaskResultStatus

from yincai.core.actors import Actor, acting, actor_for, installation
from yincai.core.models import Account, PeriodicRun

SHORT, LONG = "default", "long"  # queues; each has its worker
AT_ONCE = timedelta()
LEASE = timedelta(hours=1)  # a task on another machine is given up after this long


def background(function: Callable[..., Any]) -> Task[..., Any]:
    """Make a task of `function(..., acting_user=)`; enqueue it with `enqueue(task, acting_user=…, …)`."""
    return _task(function, SHORT)


def long_background(function: Callable[..., Any]) -> Task[..., Any]:
    """As `background`, for work of minutes: it has a worker of its own, so that lake and figures do not wait for it."""
    return _task(function, LONG)


def _task(function: Callable[..., Any], queue: str) -> Task[..., Any]:
    @wraps(function)
    def work(*, account: str, role: str | None, **kwargs: Any) -> Any:
        who = Account.objects.get(pk=account)
        if not who.is_active:
            return None
        actor = actor_for(who, UUID(role) if role else None)
        if role and (actor.role is None or str(actor.role.id) != role):
            return None  # the role it was enqueued in has ended: never act in another one instead
        with acting(actor):
            return function(**kwargs, acting_user=actor)

    return task(queue_name=queue)(work)


def enqueue(job: Task[..., Any], *, acting_user: Actor, after: timedelta = AT_ONCE, **kwargs: Any) -> None:
    """Enqueue after commit, to run no earlier than `after` from now. Arguments must be JSON."""
    role = str(acting_user.role.id) if acting_user.role and not acting_user.account.is_service else None
    work = job.using(run_after=timezone.now() + after) if after else job
    transaction.on_commit(lambda: work.enqueue(account=str(acting_user.account.pk), role=role, **kwargs))


@dataclass(frozen=True)
class Periodic:
    """`at_once`: the first time comes with the installation; else a whole interval after it."""

    name: str
    task: Task[..., Any]
    every: timedelta
    at_once: bool = True


PERIODIC: list[Periodic] = []


def register_periodic(job: Task[..., Any], every: timedelta, *, at_once: bool = True) -> None:
    PERIODIC.append(Periodic(job.module_path, job, every, at_once))


def enqueue_due() -> int:
    """Enqueue each periodic task that is due, once among all processes; none twice while the worker is down."""
    from django_tasks_db.models import DBTaskResult

    done = 0
    waiting = set(DBTaskResult.objects.filter(status=TaskResultStatus.READY).values_list("task_path", flat=True))
    for entry in PERIODIC:
        if entry.task.module_path not in waiting and _claim(entry):
            enqueue(entry.task, acting_user=installation())
            done += 1
    return done


def _claim(entry: Periodic) -> bool:
    now = timezone.now()
    due = PeriodicRun.objects.filter(name=entry.name, last__lte=now - entry.every)
    if due.update(last=now):
        return True
    if PeriodicRun.objects.filter(name=entry.name).exists():
        return False
    try:
        with transaction.atomic():
            PeriodicRun.objects.create(name=entry.name, last=now)
    except IntegrityError:
        return False
    return entry.at_once


def worker_name() -> str:
    """The id a worker runs under: names its machine, its process and when that began, so that the reaper can tell
    whether it lives, even where its number was given to another process since (after a restart, in a container)."""
    return f"{socket.gethostname()}:{os.getpid()}:{_began(str(os.getpid()))}"


def _began(pid: str) -> str:
    """When a process began, in the kernel's ticks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def reap() -> int:
    """Give tasks of dead workers back to the queue."""
    from django_tasks_db.models import DBTaskResult

    reaped = 0
    for result in DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING):
        if _dead(result):
            reaped += DBTaskResult.objects.filter(pk=result.pk, status=TaskResultStatus.RUNNING).update(
                status=TaskResultStatus.READY, started_at=None
            )
    return reaped


def _dead(result: Any) -> bool:
    host, _, process = (result.worker_ids[-1] if result.worker_ids else "").partition(":")
    pid, _, began = process.partition(":")
    if host == socket.gethostname() and pid.isdigit():
        return not began or began != _began(pid)
    return result.started_at is None or timezone.now() - result.started_at > LEASE

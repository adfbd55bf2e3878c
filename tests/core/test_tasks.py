"""Background tasks: who they act as, how often they come, and what becomes of those whose worker died."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from tests.cast import Cast
from yincai.core import processes, tasks, upkeep
from yincai.core.actors import Actor
from yincai.core.models import Account, PeriodicRun
from yincai.core.scope import current_scope, unscoped
from yincai.registry.models import Organisation, RoleHeld

SEEN: list[Any] = []


@tasks.background
def look(*, note: str, acting_user: Actor) -> None:
    """Notes who acts and what the scope reaches."""
    SEEN.append((note, acting_user.account.username, current_scope(), Organisation.objects.count()))


@tasks.long_background
def look_long(*, acting_user: Actor) -> None:
    """Work of minutes."""


@pytest.fixture(autouse=True)
def clean() -> None:
    SEEN.clear()


def test_a_task_acts_as_who_enqueued_it_and_in_the_same_scope(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    zhao = cast.actor(cast.zhao)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.enqueue(look, acting_user=zhao, note="一")
    row = DBTaskResult.objects.get()
    look.func(**row.args_kwargs["kwargs"])
    note, account, scope, organisations = SEEN[0]
    assert (note, account, scope) == ("一", "zhaokezhang", zhao.scope)
    with unscoped("how many there are in all"):
        assert 0 < organisations < Organisation.objects.count()


def test_nothing_is_enqueued_when_the_transaction_fails(cast: Cast) -> None:
    tasks.enqueue(look, acting_user=cast.actor(cast.zhao), note="一")
    assert not DBTaskResult.objects.exists()  # the test's transaction never commits


def test_a_task_does_not_run_in_another_role_when_its_own_has_ended(cast: Cast) -> None:
    zhao = cast.actor(cast.zhao)
    assert zhao.role is not None
    with unscoped("the role ends, another begins"):
        RoleHeld.objects.filter(person=cast.zhao).update(until=timezone.localdate() - timedelta(days=1))
        RoleHeld.objects.create(person=cast.zhao, name="city_officer", organisation=cast.city)
    look.func(account=str(zhao.account.pk), role=str(zhao.role.id), note="二")
    assert not SEEN


def test_a_task_of_an_account_that_was_closed_does_nothing(cast: Cast) -> None:
    account = cast.zhao.account
    account.is_active = False
    account.save()
    look.func(account=str(account.pk), role=None, note="三")
    assert not SEEN


def test_a_periodic_task_is_enqueued_once_each_time_it_is_due(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(tasks, "PERIODIC", [tasks.Periodic("test.look", look, timedelta(minutes=5))])
    with django_capture_on_commit_callbacks(execute=True):
        assert [tasks.enqueue_due(), tasks.enqueue_due()] == [1, 0]
    PeriodicRun.objects.update(last=timezone.now() - timedelta(minutes=6))
    assert tasks.enqueue_due() == 0  # the first still waits: none pile up while the worker is down
    DBTaskResult.objects.update(status=TaskResultStatus.SUCCESSFUL)
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.enqueue_due() == 1
    assert DBTaskResult.objects.count() == 2


def test_what_is_not_wanted_at_once_waits_a_whole_interval_first(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monthly = tasks.Periodic("test.look", look, timedelta(days=30), at_once=False)
    monkeypatch.setattr(tasks, "PERIODIC", [monthly])
    with django_capture_on_commit_callbacks(execute=True):
        assert [tasks.enqueue_due(), tasks.enqueue_due()] == [0, 0]
        PeriodicRun.objects.update(last=timezone.now() - timedelta(days=31))
        assert [tasks.enqueue_due(), tasks.enqueue_due()] == [1, 0]
    assert DBTaskResult.objects.count() == 1


def test_every_queue_has_its_worker() -> None:
    where = processes.Address("127.0.0.1", 8000)
    served = [part.command[-1] for part in processes.parts_for(where, 1) if part.name in ("worker", "long")]
    assert sorted(served) == sorted(settings.TASKS["default"]["QUEUES"]) == sorted([tasks.SHORT, tasks.LONG])
    assert (look.queue_name, look_long.queue_name) == (tasks.SHORT, tasks.LONG)


def running(worker: str, since: timedelta = timedelta()) -> DBTaskResult:
    return DBTaskResult.objects.create(
        status=TaskResultStatus.RUNNING,
        started_at=timezone.now() - since,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="tests.core.test_tasks.look",
        backend_name="default",
        run_after=timezone.now(),
        exception_class_path="",
        traceback="",
        worker_ids=[worker],
    )


@pytest.mark.django_db
def test_tasks_of_dead_workers_go_back_to_the_queue() -> None:
    here = socket.gethostname()
    gone, alive = running(f"{here}:999999999:1"), running(tasks.worker_name())
    far, lost = running("elsewhere:1"), running("elsewhere:2", since=timedelta(hours=2))
    reborn = running(f"{here}:{os.getpid()}:1")  # its number belongs to another process now: to this one
    assert tasks.reap() == 3
    states = {row.pk: row.status for row in DBTaskResult.objects.all()}
    wanted = {gone: "READY", alive: "RUNNING", far: "RUNNING", lost: "READY", reborn: "READY"}
    assert states == {row.pk: status for row, status in wanted.items()}


@pytest.mark.django_db
def test_what_was_kept_in_a_session_only_is_gone_soon_after_it_is_over() -> None:
    over, going_on = SessionStore(), SessionStore()
    over["unkept_practice"] = going_on["unkept_practice"] = "answers"
    over.set_expiry(timezone.now() - timedelta(minutes=1))
    over.save()
    going_on.save()
    upkeep.sweep.func(account=str(Account.service().pk), role=None)
    assert not over.exists(over.session_key)
    assert going_on.exists(going_on.session_key)
    assert "yincai.core.upkeep.sweep" in {entry.name for entry in tasks.PERIODIC}


@pytest.mark.django_db
def test_results_of_tasks_long_done_are_swept() -> None:
    old, new, waiting = running("elsewhere:1"), running("elsewhere:1"), running("elsewhere:1")
    long_ago = timezone.now() - timedelta(days=8)
    DBTaskResult.objects.filter(pk=old.pk).update(status=TaskResultStatus.SUCCESSFUL, finished_at=long_ago)
    DBTaskResult.objects.filter(pk=new.pk).update(status=TaskResultStatus.FAILED, finished_at=timezone.now())
    upkeep.sweep.func(account=str(Account.service().pk), role=None)
    assert set(DBTaskResult.objects.all()) == {new, waiting}

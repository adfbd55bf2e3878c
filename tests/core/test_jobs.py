"""Long jobs: staged unseen, applied in short batches, resumed after a crash, undone to the last row."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from tests.cast import Cast
from yincai.core import jobs
from yincai.core.action import ActionError
from yincai.core.actors import Actor, acting
from yincai.core.jobs import JobKind, Payload
from yincai.core.models import AuditRow, Job
from yincai.core.permissions import Permission
from yincai.registry.models import Organisation

KEEP = Permission("test.keep", "改名单", {"admin"})
REAL_NEXT_SIZE = jobs._next_size  # the fixture below replaces it


class Crash(BaseException):
    """What kill -9 looks like from inside."""


def rename(job: Job, rows: list[Payload], acting_user: Actor) -> list[Any]:
    """Give each organisation its new name; the old one undoes it."""
    undos = []
    for row in rows:
        if row["name"] == "错":
            raise ActionError("第 3 行的名称不对。")
        if row["name"] == job.options.get("crash_at"):
            raise Crash
        found = Organisation.objects.get(pk=row["pk"])
        undos.append(found.name)
        found.name = row["name"]
        found.save(update_fields=["name"])
    return undos


def give_back(job: Job, rows: list[tuple[Payload, Any]], acting_user: Actor) -> None:
    for row, name in rows:
        Organisation.objects.filter(pk=row["pk"]).update(name=name)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    made = JobKind("test.rename", "改名", KEEP, rename, give_back)
    monkeypatch.setattr(jobs, "KINDS", {made.name: made, "test.once": JobKind("test.once", "改名", KEEP, rename)})
    monkeypatch.setattr(jobs, "LONGEST", 2)
    monkeypatch.setattr(jobs, "_next_size", lambda size, took: 2)


def names() -> list[str]:
    return list(Organisation.objects.order_by("path").values_list("name", flat=True))


def staged(cast: Cast, *new: str, kind: str = "test.rename", **options: Any) -> Job:
    rows = [
        {"pk": str(pk), "name": name}
        for pk, name in zip(Organisation.objects.order_by("path").values_list("pk", flat=True), new, strict=False)
    ]
    return jobs.stage(kind, "改名", rows, acting_user=cast.actor(cast.admin), options=options)


def apply_in_steps(job: Job, actor: Actor) -> Job:
    """As `run`, with batches of two from the first."""
    while job.state in (Job.STAGED, Job.APPLYING):
        job = jobs.apply_batch(job, 2, acting_user=actor, key=jobs._batch_key(job, "apply"))
    return job


def test_staged_rows_change_nothing_until_applied_and_undo_brings_all_back(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        before = names()
        job = staged(cast, "甲", "乙", "丙", "丁", "戊")
        assert names() == before
        job = apply_in_steps(job, admin)
        assert (job.state, job.applied, job.batch) == (Job.DONE, 5, 3)
        assert names()[:5] == ["甲", "乙", "丙", "丁", "戊"]
        job = jobs.undo(job, acting_user=admin)
        assert job.state == Job.UNDONE
        assert names() == before


def test_a_crash_between_batches_resumes_where_it_was(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        job = staged(cast, "甲", "乙", "丙", "丁", "戊", crash_at="丁")
        with pytest.raises(Crash):
            apply_in_steps(job, admin)
        job = Job.objects.get(pk=job.pk)
        assert (job.applied, names()[:4][2:]) == (2, names()[2:4])
        job.options = {}
        job.save()
        assert apply_in_steps(job, admin).state == Job.DONE
        assert names()[:5] == ["甲", "乙", "丙", "丁", "戊"]


def test_a_crash_can_also_be_undone_to_the_last_row(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        before = names()
        job = staged(cast, "甲", "乙", "丙", "丁", crash_at="丁")
        with pytest.raises(Crash):
            apply_in_steps(job, admin)
        jobs.undo(Job.objects.get(pk=job.pk), acting_user=admin)
        assert names() == before


def test_a_batch_that_cannot_be_applied_stops_the_job_and_says_why(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        job = staged(cast, "甲", "乙", "错")
        with pytest.raises(ActionError):
            jobs.run(job, acting_user=admin)
        job = Job.objects.get(pk=job.pk)
        assert (job.state, job.message) == (Job.FAILED, "第 3 行的名称不对。")
        jobs.undo(job, acting_user=admin)
        assert Job.objects.get(pk=job.pk).state == Job.UNDONE


def test_every_batch_is_an_action_and_needs_the_permission_of_its_kind(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        job = staged(cast, "甲", "乙", "丙")
        with pytest.raises(PermissionDenied):
            jobs.apply_batch(job, 2, acting_user=cast.actor(cast.qian))
        apply_in_steps(job, admin)
    assert AuditRow.objects.filter(verb="core.apply_batch").count() == 2


def test_what_cannot_be_undone_says_so_instead_of_turning_for_ever(cast: Cast) -> None:
    admin = cast.actor(cast.admin)
    with acting(admin):
        job = apply_in_steps(staged(cast, "甲", kind="test.once"), admin)
        with pytest.raises(ActionError, match="不能撤销"):
            jobs.undo(job, acting_user=admin)


def test_the_size_of_batches_follows_the_time_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LONGEST", 500)
    assert REAL_NEXT_SIZE(100, 0.4) < 100 < REAL_NEXT_SIZE(100, 0.05)


def test_batches_stay_short(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that take 20 ms each: after the first batch none is longer than about 200 ms."""
    monkeypatch.setattr(jobs, "_next_size", REAL_NEXT_SIZE)
    monkeypatch.setattr(jobs, "LONGEST", 500)
    lengths: list[int] = []

    def slow(job: Job, rows: list[Payload], acting_user: Actor) -> list[Any]:
        lengths.append(len(rows))
        time.sleep(0.01 * len(rows))
        return [None] * len(rows)

    monkeypatch.setitem(jobs.KINDS, "test.slow", JobKind("test.slow", "慢", KEEP, slow))
    admin = cast.actor(cast.admin)
    with acting(admin):
        job = jobs.stage("test.slow", "慢", ({"n": n} for n in range(60)), acting_user=admin)
        assert jobs.run(job, acting_user=admin).state == Job.DONE
    assert sum(lengths) == 60
    assert max(lengths[1:]) * 0.01 <= 0.2

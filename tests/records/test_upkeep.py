"""The background tasks do their work, and the doctor notices when they do not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.cast import Cast
from tests.records.conftest import Pupil
from yincai.core.tasks import PERIODIC
from yincai.records import health, lake, readers, tasks
from yincai.records.folds import FOLDS
from yincai.records.models import Cursor, LearnerState


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LAKE = tmp_path / "lake"
    return tmp_path / "lake"


def run(task: Any, cast: Cast) -> None:
    task.func(account=str(cast.system.account.pk), role=None)


def test_the_tasks_are_enqueued_often_enough() -> None:
    every = {entry.task: entry.every for entry in PERIODIC}
    assert every[tasks.refold_waiting] <= timedelta(minutes=1)
    assert every[tasks.write_lake] < timedelta(minutes=5)


def test_waiting_states_are_refolded_and_the_lake_is_written(cast: Cast, ming: Pupil, folder: Path) -> None:
    assert health.states()[0]
    assert health.lake_age()[0]
    ming.answers(4, fold=False)
    ok, say = health.states()
    assert not ok
    assert "1 份" in say
    assert not health.lake_age()[0]
    for task in (tasks.refold_waiting, tasks.write_lake, tasks.tidy_lake):
        run(task, cast)
    assert LearnerState._base_manager.get().folded == 4
    assert health.states()[0]
    assert health.lake_age()[0]
    connection = readers.connect()
    assert readers.facts(connection, folder).count().execute() == 4
    Cursor.objects.filter(name=lake.FACTS).update(at=timezone.now() - timedelta(hours=1))
    assert not health.lake_age()[0]


def test_the_doctor_says_when_states_are_of_an_old_version(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    ming.answer()

    class Newer:
        versions = FOLDS["math"].versions._replace(graph="next")

    monkeypatch.setitem(FOLDS, "math", Newer())  # type: ignore[arg-type]
    ok, say = health.states()
    assert not ok
    assert "rebuild learner-state" in say

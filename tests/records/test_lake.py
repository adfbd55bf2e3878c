"""The lake holds what the database holds, once, whoever was killed while writing; readers need no Django."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from tests.cast import Cast
from tests.records.conftest import BEGAN, Pupil
from yincai.core.scope import scope
from yincai.learning.tracing.state import Traced
from yincai.records import lake, moved, parts, queries, readers
from yincai.records.corrections import correct
from yincai.records.models import Cursor, LearnerState, ResponseFact, StateChange
from yincai.records.refolding import refold_waiting

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LAKE = tmp_path / "lake"
    return tmp_path / "lake"


def in_lake(folder: Path) -> list[tuple[int, int, float]]:
    connection = readers.connect()
    rows = readers.facts(connection, folder).select("pupil", "number", "score").execute()
    connection.disconnect()
    return sorted(rows.itertuples(index=False, name=None))


def in_database(*pupils: Pupil, actor: Any) -> list[tuple[int, int, float]]:
    with scope(actor.scope):
        facts = queries.facts_of([pupil.number for pupil in pupils], "math")
    return sorted((fact.pupil, fact.number, fact.score) for fact in facts)


def mastery(folder: Path) -> dict[tuple[int, int], Any]:
    connection = readers.connect()
    rows = readers.mastery_now(connection, folder).execute()
    connection.disconnect()
    return {(row.pupil, row.slot): row for row in rows.itertuples(index=False)}


def test_facts_and_mastery_come_into_the_lake_once(cast: Cast, ming: Pupil, hong: Pupil, folder: Path) -> None:
    assert lake.as_of() is None
    assert in_lake(folder) == []
    assert mastery(folder) == {}
    ming.answers(20)
    hong.answers(5)
    assert lake.write() == 25
    ming.answers(3, at=BEGAN + timedelta(days=40))
    assert (lake.write(), lake.write()) == (3, 0)
    assert in_lake(folder) == in_database(ming, hong, actor=cast.system)
    assert len({file.parent.name for file in parts.files(folder, "facts")}) == 2
    written = lake.as_of()
    assert written is not None
    rows = mastery(folder)
    traced = Traced.unpack(LearnerState._base_manager.get(pupil=ming.number).state)
    state, table = traced.mastery, traced.masteries(rows[ming.number, 0].as_of.timestamp())
    assert sorted(slot for pupil, slot in rows if pupil == ming.number) == state.seen.tolist()
    for slot in state.seen:
        row = rows[ming.number, slot]
        assert (row.n, row.label, row.place) == (table.n[slot], table.label[slot], ming.place)
        assert row.value == pytest.approx(table.value[slot], abs=1e-6)
        assert row.se == pytest.approx(table.se[slot], abs=1e-6)


def test_a_fact_keeps_all_its_columns(ming: Pupil, folder: Path) -> None:
    late = datetime.fromisoformat("2026-09-03T23:30:00.250000+08:00")
    ming.answer(points=(3, 9), seed=None, cause="borrow", hints=2, at=late, duration_ms=1234)
    lake.write()
    connection = readers.connect()
    (row,) = readers.facts(connection, folder).execute().to_dict("records")
    assert list(row["points"]) == [3, 9]
    assert (row["cause"], row["hints"], row["duration_ms"], row["place"]) == ("borrow", 2, 1234, ming.place)
    assert row["at"].to_pydatetime() == late
    assert row["seed"] is None or row["seed"] != row["seed"]
    assert str(row["day"])[:10] == "2026-09-03"  # the day as the city counts it


def test_a_correction_takes_the_place_of_what_it_replaces(cast: Cast, ming: Pupil, folder: Path) -> None:
    ming.answers(4, score=0.0)
    lake.write()
    before = mastery(folder)
    for score in (1.0, 0.5):
        correct(ResponseFact._base_manager.get(number=2), score=score, acting_user=cast.system)
    refold_waiting()
    lake.write()
    assert in_lake(folder) == in_database(ming, actor=cast.system)
    assert [score for *_, score in in_lake(folder)] == [0.0, 0.0, 0.0, 0.5]
    assert mastery(folder)[ming.number, 5].value > before[ming.number, 5].value
    assert StateChange.objects.count() == 0


def test_a_damaged_state_keeps_nobody_out_of_the_lake(ming: Pupil, hong: Pupil, folder: Path) -> None:
    for pupil in (ming, hong):
        pupil.answers(3)
    LearnerState._base_manager.filter(pupil=ming.number).update(state=b"\x01" * 60)
    assert lake.write() == 6
    assert {pupil for pupil, _ in mastery(folder)} == {ming.number, hong.number}


@pytest.mark.parametrize("killed_at", ["_write_days", "_write_states", "_mark"])
def test_a_writer_killed_in_between_writes_the_same_again(
    cast: Cast, ming: Pupil, folder: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    ming.answers(6)
    lake.write()
    ming.answers(4, at=BEGAN + timedelta(days=3))
    with monkeypatch.context() as patch:
        patch.setattr(lake, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            lake.write()
    ming.answers(2, at=BEGAN + timedelta(days=4))  # arrives before the retry, belongs to the next batch
    lake.write()
    assert in_lake(folder) == in_database(ming, actor=cast.system)
    assert {row.n for row in mastery(folder).values()} == set(
        Traced.unpack(LearnerState._base_manager.get().state).mastery.points["n"].tolist()
    ) - {0}


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_small_files_are_merged_and_old_ones_removed_later(
    cast: Cast, ming: Pupil, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        ming.answers(2)
        lake.write()
    facts, states = in_lake(folder), mastery(folder)
    (day,) = parts.days(folder / "facts")
    assert len(parts.live(day)) == 5
    assert lake.merge() == 10
    assert [file.name for file in parts.live(day)] == [parts.name(1, 5)]
    assert len(list(day.glob("*.parquet"))) == 6  # a reader may still be at them
    assert (in_lake(folder), mastery(folder)) == (facts, states)
    monkeypatch.setattr(lake, "GRACE", -1)
    ming.answers(1)
    lake.write()
    assert lake.merge() == 4
    assert lake.merge() == 0
    assert [file.name for file in day.glob("*.parquet")] == [parts.name(1, 6)]
    assert in_lake(folder) == in_database(ming, actor=cast.system)


def test_a_merge_leaves_out_the_batch_at_work(ming: Pupil, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        ming.answers(1)
        lake.write()
    ming.answers(1)
    with monkeypatch.context() as patch:
        patch.setattr(lake, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            lake.write()
    lake.merge()
    (day,) = parts.days(folder / "mastery")
    assert [file.name for file in parts.live(day)] == [parts.name(1, 2), parts.name(3, 3)]


def test_a_lake_lost_or_put_back_is_written_anew(cast: Cast, ming: Pupil, folder: Path) -> None:
    for _ in range(3):
        ming.answers(2)
        lake.write()
    Cursor.objects.filter(name=lake.FACTS).update(batch=1, last=2)  # an older database beside a newer lake
    assert lake.write() == 6
    assert in_lake(folder) == in_database(ming, actor=cast.system)
    (folder / "batch").unlink()
    ming.answers(2)
    assert lake.write() == 8
    assert in_lake(folder) == in_database(ming, actor=cast.system)
    (folder / "batch").write_text("")  # the power failed while it was written
    assert lake.write() == 8
    assert in_lake(folder) == in_database(ming, actor=cast.system)
    assert lake.rewrite() == 8


def test_a_moved_pupils_states_come_under_the_new_place(cast: Cast, ming: Pupil, folder: Path) -> None:
    ming.answers(3)
    lake.write()
    role = cast.ming.roles.model._base_manager.get(person=cast.ming)
    role.organisation, role.since = cast.class52, BEGAN.date()
    role.save()
    assert lake.note_moves(BEGAN - timedelta(days=1)) == 1
    lake.write()
    assert {row.place for row in mastery(folder).values()} == {cast.class52.path}
    assert {place for *_, place in rows_of_facts(folder)} == {ming.place}  # the old class keeps its facts


def rows_of_facts(folder: Path) -> list[tuple[Any, ...]]:
    connection = readers.connect()
    found = readers.facts(connection, folder).select("number", "place").execute()
    return list(found.itertuples(index=False, name=None))


def test_readers_need_no_django(ming: Pupil, folder: Path) -> None:
    ming.answers(3)
    lake.write()
    code = (
        "import sys; from pathlib import Path; from yincai.records import readers;"
        f"c = readers.connect(); lake = Path({str(folder)!r});"
        "print(readers.facts(c, lake).count().execute(), readers.mastery_now(c, lake).count().execute());"
        "sys.exit('django' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["3", str(len(mastery(folder)))]


def test_no_fact_is_skipped_whose_writer_commits_late(committed: Cast, folder: Path) -> None:
    """On PostgreSQL a transaction begun first may commit last; the lake waits for it."""
    ming, hong = Pupil(committed, committed.ming), Pupil(committed, committed.hong)
    hong.answers(2)
    if connection.vendor == "postgresql":
        late_commit(ming, hong, folder)
    ming.answers(1)
    write_until(1 if connection.vendor == "postgresql" else 3)
    assert in_lake(folder) == in_database(ming, hong, actor=committed.system)


def write_until(facts: int) -> None:
    """Write the lake until it has taken so many, no more: it waits for every transaction that is open on the server,
    also for those of tests that run beside this one."""
    taken, ends = 0, time.monotonic() + 60
    while taken < facts and time.monotonic() < ends:
        taken += lake.write()
        time.sleep(0.05)
    assert taken == facts


def late_commit(ming: Pupil, hong: Pupil, folder: Path) -> None:
    import threading

    from django.db import connections

    answered, go = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            ming.answer()
            answered.set()
            go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert answered.wait(20)
    hong.answers(3)
    write_until(2)  # what was committed before the slow one began
    assert lake.write() == 0
    go.set()
    thread.join(20)
    write_until(4)


def test_a_database_put_into_another_cluster_is_noticed(
    committed: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There transaction ids begin small again: without notice, new facts would lie before the cursor."""
    if connection.vendor != "postgresql":
        assert moved.same_cluster()
        return
    ming = Pupil(committed, committed.ming)
    ming.answers(3)
    lake.write()
    monkeypatch.setattr(moved, "_cluster", lambda: 4711)
    Cursor.objects.filter(name=lake.FACTS).update(arrived=10**12)  # as if ids had been far ahead
    ming.answers(2)
    assert lake.write() == 5
    assert set(ResponseFact._base_manager.values_list("arrived", flat=True)) == {0}
    assert in_lake(folder) == in_database(ming, actor=committed.system)

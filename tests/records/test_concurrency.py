"""Many writers at once, on the database in use: numbers without gaps or doubles, and none lost to kill -9."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from tests.cast import Cast
from tests.records.conftest import Pupil, response, say
from yincai.core import home
from yincai.core.ids import new_id
from yincai.learning.fold import PracticeFold
from yincai.learning.tracing.numbers import MODEL, Numbers
from yincai.learning.tracing.versions import NEWEST, numbers_of
from yincai.measurement.tracing import Parameters
from yincai.records import rebuild
from yincai.records.corrections import correct
from yincai.records.folds import FOLDS, Versions
from yincai.records.models import LearnerState, ResponseFact, Statement, StateVersion
from yincai.records.recording import ConflictingStatement, Recorded, record
from yincai.records.refolding import refold_waiting

ROOT = Path(__file__).resolve().parents[2]


def at_once(*works: Any) -> list[Any]:
    """Run each in a thread with a connection of its own; what they returned or raised, in order."""
    results: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int) -> None:
        try:
            start.wait(10)
            results[place] = works[place]()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_numbers_have_no_gap_and_no_double(committed: Cast) -> None:
    """Eight devices of one pupil, from the very first answer on; and other pupils beside."""
    ming, hong = Pupil(committed, committed.ming), Pupil(committed, committed.hong)

    def device(pupil: Pupil, start: int) -> list[int]:
        numbers = []
        for nth in range(start, start + 12):
            given = response(pupil.number, pupil.place, nth)
            numbers.append(record(say(given), given, acting_user=pupil.actor).number)
        return numbers  # type: ignore[return-value]

    works = [lambda n=n: device(ming if n < 6 else hong, n * 100) for n in range(8)]
    results = at_once(*works)
    assert all(isinstance(result, list) for result in results), results
    given_out = sorted(number for result in results[:6] for number in result)
    assert given_out == list(range(1, 6 * 12 + 1))
    for pupil, count in ((ming, 72), (hong, 24)):
        row = LearnerState._base_manager.get(pupil=pupil.number)
        assert (row.number, row.folded, row.waiting) == (count, count, False)
        facts = ResponseFact._base_manager.filter(pupil=pupil.number)
        assert sorted(facts.values_list("number", flat=True)) == list(range(1, count + 1))
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (2, 0)


def test_one_form_sent_from_eight_places_is_stored_once(committed: Cast) -> None:
    ming = Pupil(committed, committed.ming)
    given = response(ming.number, ming.place)
    said = say(given)
    results = at_once(*[lambda: record(dict(said), given, acting_user=ming.actor) for _ in range(8)])
    assert all(isinstance(result, Recorded) for result in results), results
    assert sorted(result.again for result in results) == [False] + [True] * 7
    assert {result.number for result in results} == {1}
    assert (Statement._base_manager.count(), ResponseFact._base_manager.count()) == (1, 1)


def test_of_two_contents_under_one_id_exactly_one_wins(committed: Cast) -> None:
    pupils = [Pupil(committed, committed.ming), Pupil(committed, committed.hong)]
    statement_id = new_id()

    def send(pupil: Pupil) -> Recorded:
        given = response(pupil.number, pupil.place)
        return record(say(given, statement_id), given, acting_user=pupil.actor)

    results = at_once(*[lambda pupil=pupil: send(pupil) for pupil in pupils])
    assert sorted(type(result).__name__ for result in results) == ["ConflictingStatement", "Recorded"], results
    assert any(isinstance(result, ConflictingStatement) for result in results)
    assert Statement._base_manager.count() == ResponseFact._base_manager.count() == 1


class NextFold(PracticeFold):
    """A release with other parameters, which still knows the old ones."""

    @property
    def versions(self) -> Versions:
        return Versions(MODEL, "2", "1")

    def numbers(self, name: str) -> Numbers:
        if name != "2":
            return super().numbers(name)
        return replace(numbers_of(NEWEST), name="2", mastery=Parameters(half_life_days=30.0))


def test_answers_go_on_while_a_new_version_is_built_and_switched(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupils = [Pupil(committed, person) for person in (committed.ming, committed.hong, committed.far)]
    for pupil in pupils:
        pupil.answers(20)
    monkeypatch.setitem(FOLDS, "math", NextFold())

    def answering(pupil: Pupil) -> int:
        return pupil.answers(25).number or 0

    results = at_once(lambda: rebuild.move("math"), *[lambda pupil=pupil: answering(pupil) for pupil in pupils])
    assert results == [3, 45, 45, 45]
    version = StateVersion.objects.get(status=StateVersion.ACTIVE)
    assert version.parameters == "2"
    rows = LearnerState._base_manager.all()
    assert {(row.version_id, row.folded, row.waiting) for row in rows} == {(version.pk, 45, False)}
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (3, 0)


def test_corrections_and_answers_at_once_end_right(committed: Cast) -> None:
    ming = Pupil(committed, committed.ming)
    ming.answers(12, score=0.0)
    wrong = list(ResponseFact._base_manager.order_by("number")[:6])

    def mend(facts: list[ResponseFact]) -> int:
        return sum(correct(fact, score=1.0, acting_user=committed.system) is not None for fact in facts)

    results = at_once(
        lambda: mend(wrong), lambda: mend(wrong[::-1]), lambda: ming.answers(10).number, lambda: refold_waiting()
    )
    assert all(isinstance(result, int) for result in results), results
    assert results[0] + results[1] == 6  # each fact is mended once, whoever came first
    assert ResponseFact._base_manager.count() == 12 + 6 + 10
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (1, 0)


@pytest.mark.process
def test_kill_9_loses_no_acknowledged_answer_and_doubles_none(committed: Cast, tmp_path: Path) -> None:
    """A process answers and says each id once it is stored; it is killed in the middle, three times over, and the
    next one sends the last id again, as a pupil's browser would."""
    pupil = Pupil(committed, committed.ming)
    acknowledged: list[str] = []
    sent: list[str] = []
    chance = random.Random(7)
    for _ in range(3):
        acknowledged += answer_until_killed(tmp_path, pupil, sent, chance.uniform(0.3, 0.8))
    stored = {str(one) for one in Statement._base_manager.values_list("id", flat=True)}
    assert len(acknowledged) > 10
    assert set(acknowledged) <= stored <= set(sent)
    numbers = sorted(ResponseFact._base_manager.values_list("number", flat=True))
    assert numbers == list(range(1, len(stored) + 1))
    assert len(set(ResponseFact._base_manager.values_list("statement", flat=True))) == len(stored)
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (1, 0)


def answer_until_killed(tmp_path: Path, pupil: Pupil, sent: list[str], seconds: float) -> list[str]:
    retry = sent[-1] if sent else ""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.records.answering", str(pupil.number), pupil.place, str(len(set(sent))), retry],
        cwd=ROOT,
        env={**os.environ, **environment(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    lines = [worker.stdout.readline()]
    killer = threading.Timer(seconds, lambda: worker.send_signal(signal.SIGKILL))
    killer.start()
    lines += worker.stdout.readlines()
    worker.wait()
    killer.cancel()
    assert worker.returncode == -signal.SIGKILL, lines[-3:]
    sent += [line.split()[1] for line in lines if line.startswith("sending ")]
    return [line.split()[1] for line in lines if line.startswith("stored ") and line.endswith("\n")]


def environment(tmp_path: Path) -> dict[str, str]:
    """Where the other process finds this test's database."""
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if connection.vendor != "postgresql":
        return {**paths, "YINCAI_HOME": str(tmp_path / "home")}
    at = connection.settings_dict
    url = f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    return {**paths, "YINCAI_HOME": str(home.folder()), "DATABASE_URL": url}


def test_the_lock_is_waited_for_not_failed_on(committed: Cast) -> None:
    """A long transaction of another writer delays an answer; it does not refuse it."""
    from django.db import transaction

    ming = Pupil(committed, committed.ming)
    ming.answer()

    def hold() -> None:
        with transaction.atomic():
            list(LearnerState._base_manager.select_for_update().all())
            time.sleep(0.4)

    results = at_once(hold, lambda: ming.answer().number)
    assert results == [None, 2]

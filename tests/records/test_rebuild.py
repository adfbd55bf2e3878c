"""States follow from facts: rebuilt equals live, whatever came late, was corrected or was not folded at once."""

from __future__ import annotations

import json
import random
import time as clock
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import Cast
from tests.records.conftest import BEGAN, Pupil, place_of, response, say
from yincai.core.models import AuditRow
from yincai.core.scope import scope, unscoped
from yincai.learning.fold import PracticeFold
from yincai.learning.states import traced_of
from yincai.learning.tracing.numbers import Numbers
from yincai.learning.tracing.state import Traced
from yincai.learning.tracing.versions import NEWEST, UnknownNumbers, numbers_of
from yincai.measurement.tracing import Parameters
from yincai.records import health, lake, parts, queries, rebuild
from yincai.records.corrections import correct
from yincai.records.folds import FOLDS, Versions
from yincai.records.models import LearnerState, ResponseFact, StateDraft, StateVersion
from yincai.records.recording import record
from yincai.records.refolding import refold, refold_waiting
from yincai.registry.models import Person


def state(pupil: Pupil) -> LearnerState:
    return LearnerState._base_manager.get(pupil=pupil.number, subject="math")


def fact(pupil: Pupil, number: int) -> ResponseFact:
    return ResponseFact._base_manager.get(pupil=pupil.number, number=number)


def holds() -> None:
    verdict = rebuild.check()
    assert verdict.compared > 0
    assert (verdict.different, verdict.examples) == (0, [])


STEPS = st.lists(
    st.one_of(
        st.just(("answer", 0)),
        st.tuples(st.just("late"), st.integers(1, 500)),
        st.just(("unfolded", 0)),
        st.tuples(st.just("correct"), st.integers(0, 50)),
        st.tuples(st.just("grow"), st.integers(20, 200)),
        st.just(("refold", 0)),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_rebuilt_equals_live_after_any_sequence(cast: Cast, ming: Pupil, steps: list[tuple[str, int]]) -> None:
    for verb, size in steps:
        given_at = BEGAN + timedelta(minutes=ming.said)
        if verb == "answer":
            ming.answer()
        elif verb == "late":
            ming.answer(at=given_at - timedelta(days=size))
        elif verb == "unfolded":
            ming.answer(fold=False)
        elif verb == "grow":
            ming.answer(points=(size,))
        elif verb == "refold":
            refold(ming.number, "math")
        else:
            facts = list(ResponseFact._base_manager.filter(pupil=ming.number, replaces__isnull=True))
            if facts:
                wrong = facts[size % len(facts)]
                correct(wrong, score=1.0 - wrong.score, acting_user=cast.system)
    if ming.said:
        holds()
    numbers = list(
        ResponseFact._base_manager.filter(pupil=ming.number).order_by("number").values_list("number", flat=True)
    )
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_correction_is_folded_in_the_place_of_what_it_replaces(cast: Cast, ming: Pupil, hong: Pupil) -> None:
    """Two pupils answer alike, one of them with a wrong key that is mended later: they end alike."""
    for nth in range(6):
        ming.answer(score=float(nth != 2), cause="borrowed" if nth == 2 else "", hints=0)
        hong.answer(score=1.0)
    corrected = correct(fact(ming, 3), score=1.0, version=2, acting_user=cast.system)
    assert corrected is not None
    assert corrected.number == 7
    assert state(ming).waiting
    assert refold_waiting() == 1
    assert not state(ming).waiting
    assert bytes(state(ming).state) == bytes(state(hong).state)
    with scope(cast.system.scope):
        in_force = queries.facts_of([ming.number], "math")
    assert [(one.number, one.score, one.version) for one in in_force][-1] == (7, 1.0, 2)
    assert len(in_force) == 6
    holds()


def test_a_correction_can_be_corrected_and_the_same_one_is_made_once(cast: Cast, ming: Pupil) -> None:
    ming.answers(3, score=0.0)
    assert correct(fact(ming, 2), score=1.0, acting_user=cast.system)
    assert correct(fact(ming, 2), score=1.0, acting_user=cast.system) is None
    assert correct(fact(ming, 2), score=0.5, acting_user=cast.system)
    assert [one.replaces for one in ResponseFact._base_manager.filter(number__gt=3).order_by("number")] == [2, 4]
    ming.answer(score=1.0)  # the next answer brings the waiting state up to date at once
    assert not state(ming).waiting
    with scope(cast.system.scope):
        assert [one.score for one in queries.facts_of([ming.number], "math")] == [0.0, 0.0, 0.5, 1.0]
    holds()


def test_a_correction_needs_consent_that_still_holds(cast: Cast, ming: Pupil) -> None:
    ming.answers(2, score=0.0)
    cast.ming.pseudonym.keeps = False
    cast.ming.pseudonym.save()
    assert correct(fact(ming, 1), score=1.0, acting_user=cast.system) is None
    assert ResponseFact._base_manager.count() == 2


def test_time_never_passes_backwards_for_a_late_fact(ming: Pupil) -> None:
    ming.answer(points=(1,), score=1.0)
    before = Traced.unpack(state(ming).state).mastery
    ming.answer(points=(1,), score=1.0, at=BEGAN - timedelta(days=300))
    after = Traced.unpack(state(ming).state).mastery
    assert after.points["last"][1] == before.points["last"][1] == BEGAN.timestamp()
    assert after.points["mean"][1] > before.points["mean"][1]


def test_the_fold_asks_neither_clock_nor_chance(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    with scope(ming.actor.scope):
        ming.answers(30)
        facts = queries.facts_of([ming.number], "math")

    def asked(*_: object, **__: object) -> float:
        raise AssertionError("a fold asked for the time or for chance")

    fold = PracticeFold()
    with monkeypatch.context() as patch:
        for name in ("time", "monotonic", "sleep", "perf_counter"):
            patch.setattr(clock, name, asked)
        for name in ("random", "uniform", "gauss", "randint"):
            patch.setattr(random, name, asked)
        patch.setattr("fsrs.scheduler.random", asked)
        patch.setattr("fsrs.card.datetime", None)
        folded = fold.fold(b"", facts, fold.versions)
    assert folded == bytes(state(ming).state)


def test_check_finds_a_state_that_was_tampered_with_and_rebuild_mends_it(
    ming: Pupil, hong: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yincai.core.prepare.exists", lambda: True)  # the suite's database is in memory
    ming.answers(9)
    hong.answers(4)
    right = bytes(state(ming).state)
    damaged = Traced.unpack(right)
    damaged.mastery.points["n"][damaged.mastery.seen[0]] += 1
    LearnerState._base_manager.filter(pupil=ming.number).update(state=damaged.pack())
    LearnerState._base_manager.filter(pupil=hong.number).delete()
    said, status = command("--check", "--json")
    assert (json.loads(said), status) == ({"compared": 2, "different": 2}, 1)
    assert command("--json")[1] == 0
    assert bytes(state(ming).state) == right
    said, status = command("--check", "--json")
    assert (json.loads(said), status) == ({"compared": 2, "different": 0}, 0)
    assert state(hong).number == 4


def test_check_passes_over_no_state_however_many_wait(
    ming: Pupil, hong: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pupil in (ming, hong):
        pupil.answers(2, fold=False)
    monkeypatch.setattr(rebuild, "refold_waiting", partial(refold_waiting, limit=1))
    assert rebuild.check().compared == 2


def test_damaged_bytes_hold_up_no_refold_of_others(ming: Pupil, hong: Pupil) -> None:
    for pupil in (ming, hong):
        pupil.answers(2)
    LearnerState._base_manager.filter(pupil=ming.number).update(state=b"\x01" * 60)
    for pupil in (ming, hong):
        pupil.answer(fold=False)
    assert refold_waiting() == 2
    holds()


@pytest.mark.parametrize("damage", [b"", b"\x00\xff", b"\x01" * 60, "cut"])
def test_check_finds_bytes_that_are_no_state(ming: Pupil, damage: bytes | str) -> None:
    ming.answers(5)
    right = bytes(state(ming).state)
    LearnerState._base_manager.update(state=right[:-3] if isinstance(damage, str) else damage)
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (1, 1)
    assert rebuild.rebuild() == 1
    assert bytes(state(ming).state) == right


@pytest.mark.parametrize("damage", [b"", b"\x00\xff", b"\x01" * 60, "cut", "a word"])
def test_an_answer_to_a_damaged_state_mends_it_from_the_facts(ming: Pupil, hong: Pupil, damage: bytes | str) -> None:
    """Twins but for the damage end with the same state, and the operator can see that it was mended."""
    for pupil in (ming, hong):
        pupil.answers(5)
    held = bytes(state(ming).state)
    damage_state(ming, held[:-3] if damage == "cut" else damage)
    for pupil in (ming, hong):
        pupil.answer()
    assert bytes(state(ming).state) == bytes(state(hong).state)
    assert (state(ming).folded, state(ming).number, state(ming).waiting) == (6, 6, False)
    mended = AuditRow.objects.get(verb="records.mend_state")
    assert (mended.kind, mended.subject, mended.role) == ("records.LearnerState", str(state(ming).pk), "service")
    assert health.states() == (
        True,
        "学习状态与作答事实同步。30 天内有 1 份状态字节损坏，遇到时已由作答事实重算；请检查磁盘。",
    )
    holds()


@pytest.mark.parametrize("damage", [b"\x00\xff", "cut", "a word"])
def test_reading_a_damaged_state_mends_it(ming: Pupil, damage: bytes | str) -> None:
    ming.answers(5)
    right = bytes(state(ming).state)
    damage_state(ming, right[:-3] if damage == "cut" else damage)
    ok, said = health.states()
    assert not ok
    assert "1 份学习状态的字节已损坏" in said
    with scope(ming.actor.scope):
        assert queries.states_of([ming.number], "math")[ming.number].pack() == right
    assert bytes(state(ming).state) == right
    assert AuditRow.objects.filter(verb="records.mend_state").count() == 1
    assert health.states()[0]


def test_a_state_is_unpacked_once_when_it_is_read(
    ming: Pupil, lake_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds damage is the reading itself: no page and no row of the lake pays twice."""
    ming.answers(5)
    unpacked: list[bytes] = []
    real = Traced.unpack
    monkeypatch.setattr(Traced, "unpack", lambda *given: unpacked.append(given[0]) or real(*given))
    with scope(ming.actor.scope):
        assert len(traced_of(ming.number, "math").mastery.recent) == 5
    assert unpacked == [bytes(state(ming).state)]
    assert lake.write() == 5
    assert len(unpacked) == 2 and parts.files(lake_folder, "mastery")


def test_a_state_of_numbers_that_this_release_does_not_know_is_not_taken_for_damage(
    ming: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    ming.answers(2)
    held = bytes(state(ming).state)
    monkeypatch.setitem(FOLDS, "math", Forgetful())
    with scope(ming.actor.scope), pytest.raises(UnknownNumbers):
        queries.states_of([ming.number], "math")
    assert bytes(state(ming).state) == held
    assert not AuditRow.objects.filter(verb="records.mend_state").exists()


@pytest.fixture
def lake_folder(settings: Any, tmp_path: Path) -> Path:
    settings.LAKE = tmp_path / "lake"
    return tmp_path / "lake"


def damage_state(pupil: Pupil, damage: bytes | str) -> None:
    """A hand at the database; on SQLite it may leave text."""
    if isinstance(damage, str) and connection.vendor == "postgresql":
        damage = damage.encode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_learnerstate SET state = %s WHERE pupil = %s", [damage, pupil.number])


def command(*options: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("rebuild_learner_state", *options, stdout=out, verbosity=0)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


class Stricter(PracticeFold):
    """The next release's fold: other parameters, the old ones still known."""

    @property
    def versions(self) -> Versions:
        return super().versions._replace(parameters="2")

    def numbers(self, name: str) -> Numbers:
        if name != "2":
            return super().numbers(name)
        return replace(numbers_of(NEWEST), name="2", mastery=Parameters(half_life_days=30.0))


class Forgetful(Stricter):
    """A release that no longer knows the old parameters."""

    def numbers(self, name: str) -> Numbers:
        if name != "2":
            raise UnknownNumbers(name)
        return super().numbers(name)


def test_a_new_version_is_built_beside_the_old_and_then_switched(
    cast: Cast, ming: Pupil, hong: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    ming.answers(12, at=BEGAN)
    ming.answers(3)
    hong.answers(5)
    holds()
    monkeypatch.setitem(FOLDS, "math", Stricter())
    version = rebuild.begin("math")
    assert rebuild.build(version) == 2
    old = StateVersion.objects.get(status=StateVersion.ACTIVE)
    ming.answers(2)  # live answers go on in the old version
    correct(fact(hong, 2), score=0.25, acting_user=cast.system)
    assert state(ming).version == old
    holds()
    with unscoped("a pupil enters meanwhile"):
        cast.pupil("小新", "xiaoxin", cast.class51, 9)
        third = Pupil(cast, Person.objects.get(name="小新"))
    third.answer()
    assert rebuild.build(version) == 1  # resumes: only what has no draft yet
    assert rebuild.switch(version) == 3
    assert {row.version_id for row in LearnerState._base_manager.all()} == {version.pk}
    old.refresh_from_db()
    version.refresh_from_db()
    assert (old.status, version.status) == (StateVersion.RETIRED, StateVersion.ACTIVE)
    assert StateDraft.objects.count() == 0
    ming.answer()
    holds()
    fold = FOLDS["math"]
    with scope(cast.system.scope):
        facts = queries.facts_of([ming.number], "math")
    assert fold.differences(fold.fold(b"", facts, fold.versions), bytes(state(ming).state)) == []


def test_rebuild_moves_to_the_version_that_the_code_brings(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    ming.answers(5)
    monkeypatch.setitem(FOLDS, "math", Forgetful())
    assert ming.answer().number == 6  # accepted; the old model is gone, so the state waits
    assert state(ming).waiting
    assert rebuild.rebuild() == 1
    assert (state(ming).folded, state(ming).waiting) == (6, False)
    holds()


def test_a_state_begun_in_a_version_just_retired_is_moved(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    ming.answers(3)
    old = state(ming).version
    monkeypatch.setitem(FOLDS, "math", Stricter())
    rebuild.move("math")
    new = state(ming).version
    LearnerState._base_manager.filter(pupil=ming.number).update(version=old)
    assert rebuild.stragglers() == 1
    assert state(ming).version == new
    holds()


def test_looking_for_what_was_left_behind_reads_no_states(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked every minute, in a city with millions of states."""
    ming.answers(2)
    with CaptureQueriesContext(connection) as asked:
        assert rebuild.stragglers() == 0
    assert not any(LearnerState._meta.db_table in query["sql"] for query in asked)
    monkeypatch.setitem(FOLDS, "math", Stricter())
    rebuild.move("math")
    with CaptureQueriesContext(connection) as asked:
        assert rebuild.stragglers() == 0
    (looked,) = (query["sql"] for query in asked if LearnerState._meta.db_table in query["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # few rows: it would rather walk
        cursor.execute(f"EXPLAIN {'' if connection.vendor == 'postgresql' else 'QUERY PLAN '}{looked}")
        plan = str(cursor.fetchall())
    assert "version_id" in plan and "SCAN" not in plan


def test_a_killed_rebuild_resumes(ming: Pupil, hong: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    ming.answers(2)
    hong.answers(2)
    done: list[int] = []
    monkeypatch.setattr(rebuild, "CHUNK", 1)

    def killed(pupil: int, subject: str, **_: Any) -> bool:
        if done:
            raise KeyboardInterrupt
        done.append(pupil)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(rebuild, "refold", killed)
        with pytest.raises(KeyboardInterrupt):
            rebuild.rebuild()
        patch.setattr(rebuild, "refold", lambda pupil, *_, **__: done.append(pupil) or False)
        rebuild.rebuild()
    assert done == [ming.number, hong.number]


def test_another_subject_has_its_own_numbers_and_waits_for_its_fold(cast: Cast, ming: Pupil) -> None:
    ming.answer()
    given = response(ming.number, place_of(cast.ming), 1, subject="chinese")
    recorded = record(say(given), given, acting_user=ming.actor)
    assert (recorded.number, recorded.state) == (1, b"")
    assert LearnerState._base_manager.get(subject="chinese").waiting
    holds()

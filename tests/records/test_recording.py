"""Recording an answer: one transaction, once by id, never without consent, never for somebody else's pupil."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from tests.cast import Cast
from tests.records.conftest import Pupil, number_of, place_of, response, say
from yincai.core.ids import new_id
from yincai.core.scope import ScopeMissing, scope
from yincai.learning.fold import PracticeFold
from yincai.learning.tracing.state import Traced
from yincai.records import queries, statements
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.records.recording import ConflictingStatement, ConsentMissing, record, stored


def counts() -> tuple[int, int, int]:
    return tuple(  # type: ignore[return-value]
        model._base_manager.count() for model in (Statement, ResponseFact, LearnerState)
    )


def test_an_answer_becomes_statement_fact_and_state(cast: Cast, ming: Pupil) -> None:
    given = response(ming.number, ming.place, 4, score=1.0, cause="", practice=new_id())
    said = say(given, typed="3/4")
    recorded = record(said, given, acting_user=ming.actor)
    assert (recorded.number, recorded.again) == (1, False)
    assert Traced.unpack(recorded.state).mastery.points[given.points[0]]["n"] == 1
    with scope(ming.actor.scope):
        (fact,) = queries.facts_of([ming.number], "math")
        assert (fact.points, fact.score, fact.at, fact.practice) == (given.points, 1.0, given.at, given.practice)
        assert queries.states_of([ming.number], "math")[ming.number].pack() == recorded.state
        kept = queries.statement(recorded.statement_id)
    assert kept is not None
    assert kept["result"]["response"] == "3/4"
    assert kept["context"]["extensions"][statements.SPACE + "place"] == ming.place
    assert kept["object"]["definition"]["extensions"] == {statements.SPACE + "version": 1, statements.SPACE + "seed": 4}


def test_a_statement_knows_the_pupil_only_by_pseudonym(cast: Cast, ming: Pupil) -> None:
    recorded = ming.answer()
    body = statements.unpack(Statement._base_manager.get(pk=recorded.statement_id).body)
    assert body["actor"]["account"]["name"] == str(cast.ming.pseudonym.name)
    for known in (str(cast.ming.pk), str(cast.ming.account.pk), cast.ming.name, cast.ming.account.username):
        assert known not in str(body)


def test_the_same_answer_sent_twice_is_stored_once(ming: Pupil) -> None:
    given = response(ming.number, ming.place)
    said = say(given)
    first = record(said, given, acting_user=ming.actor)
    later = replace(given, duration_ms=9999, attempt=2)
    again = record({**said, "timestamp": "2026-09-01T09:00:00+08:00"}, later, acting_user=ming.actor)
    assert (again.again, again.number, again.state) == (True, first.number, first.state)
    assert again.statement["timestamp"] == said["timestamp"]
    assert counts() == (1, 1, 1)


def test_the_same_id_with_another_answer_is_refused_and_reveals_nothing(ming: Pupil) -> None:
    given = response(ming.number, ming.place)
    said = say(given, typed="secret")
    record(said, given, acting_user=ming.actor)
    with pytest.raises(ConflictingStatement) as refused:
        record(say(given, said["id"], typed="B"), given, acting_user=ming.actor)
    assert "secret" not in str(refused.value)
    assert counts() == (1, 1, 1)


def test_the_same_id_from_another_pupil_is_refused(ming: Pupil, hong: Pupil) -> None:
    given = response(ming.number, ming.place)
    said = say(given)
    record(said, given, acting_user=ming.actor)
    theirs = replace(given, pupil=hong.number)
    with pytest.raises(ConflictingStatement):
        record(said, theirs, acting_user=hong.actor)
    assert ResponseFact._base_manager.filter(pupil=hong.number).count() == 0
    assert stored(said["id"], acting_user=hong.actor) is None
    found = stored(said["id"], acting_user=ming.actor)
    assert found is not None
    assert found.statement["result"]["response"] == "A"


def test_without_consent_nothing_is_kept(cast: Cast) -> None:
    given = response(number_of(cast.gang), place_of(cast.gang))
    with pytest.raises(ConsentMissing, match="监护人"):
        record(say(given), given, acting_user=cast.actor(cast.gang))
    assert counts() == (0, 0, 0)


def test_nobody_records_for_a_pupil_out_of_reach(cast: Cast, ming: Pupil) -> None:
    given = response(ming.number, ming.place)
    for stranger in (cast.hong, cast.chen, cast.far):
        with pytest.raises(PermissionDenied):
            record(say(given), given, acting_user=cast.actor(stranger))
    assert record(say(given), given, acting_user=cast.actor(cast.wang)).number == 1


def test_a_failed_fold_leaves_nothing(ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ArithmeticError

    monkeypatch.setattr(PracticeFold, "fold", broken)
    with pytest.raises(ArithmeticError):
        ming.answer()
    assert counts()[:2] == (0, 0)


def test_a_statement_without_an_answer_is_kept_too(ming: Pupil) -> None:
    said = {"id": str(new_id()), "verb": {"id": "https://w3id.org/yincai/verbs/asked"}, "object": {"id": "urn:x:1"}}
    assert record(said, None, acting_user=ming.actor, pupil=ming.number).fact_id is None
    assert counts() == (1, 0, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verb": {}}, "id"),
        ({"id": "no id"}, "badly formed"),
        ({"object": {"id": 7}}, "object.id"),
        ({"result": {"response": "x" * 201}}, "短答"),
        ({"result": {"score": {"scaled": 2}}}, "得分"),
        ({"actor": statements.actor(new_id())}, "不是同一人"),
    ],
)
def test_what_is_no_statement_is_named(ming: Pupil, change: dict[str, object], words: str) -> None:
    given = response(ming.number, ming.place)
    with pytest.raises(statements.MalformedStatement, match=words):
        record({**say(given), **change}, given, acting_user=ming.actor)


def test_the_database_itself_refuses_to_change_or_delete(ming: Pupil) -> None:
    ming.answer()
    for table in (Statement, ResponseFact):
        for change in (
            lambda table=table: table._base_manager.update(place="x"),
            lambda table=table: table._base_manager.all().delete(),
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                change()


def test_reads_are_bound_to_the_scope(cast: Cast, ming: Pupil) -> None:
    recorded = ming.answer()
    with pytest.raises(ScopeMissing):
        queries.states_of([ming.number], "math")
    reach = {"wang": True, "li": True, "mother": True, "zhao": True, "chen": False, "hong": False, "far": False}
    for name, reaches in reach.items():
        with scope(cast.actor(getattr(cast, name)).scope):
            assert bool(queries.states_of([ming.number], "math")) is reaches, name
            assert bool(queries.facts_of([ming.number], "math")) is reaches, name
            assert bool(queries.statement(recorded.statement_id)) is reaches, name


def test_bodies_packed_with_an_old_dictionary_stay_readable() -> None:
    """The first byte names the dictionary; this packing of dictionary 1 was made when it was new."""
    assert statements.unpack(bytes.fromhex(PACKED)) == {
        "id": "x",
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
    }


PACKED = "0128b52ffd2042a50000187b787d0500574040827cb0de027430b767106c"

"""Answers in bulk are the same as answers one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cast import Cast
from tests.records.conftest import Pupil, response, say
from yincai.core.ids import new_id
from yincai.records import bulk, histories, rebuild
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.records.recording import ConflictingStatement, ConsentMissing
from yincai.records.refolding import refold_waiting


def made(pupil: Pupil, count: int, start: int = 0) -> list[bulk.Answer]:
    responses = [response(pupil.number, pupil.place, nth) for nth in range(start, start + count)]
    return [(say(given), given) for given in responses]


def states() -> list[bytes]:
    return [bytes(state) for state in LearnerState._base_manager.order_by("pupil").values_list("state", flat=True)]


def test_bulk_equals_one_by_one(cast: Cast, ming: Pupil, hong: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 7)
    ming.answers(25)
    assert bulk.load(made(hong, 25), acting_user=cast.system) == 25
    one, other = states()
    assert one == other
    ming.answer()
    facts = ResponseFact._base_manager.filter(pupil=hong.number).order_by("number")
    assert [fact.number for fact in facts] == list(range(1, 26))
    assert Statement._base_manager.get(pk=facts[3].statement).number == 4
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (2, 0)


def test_a_whole_history_equals_one_by_one(cast: Cast, ming: Pupil, hong: Pupil) -> None:
    ming.answers(20)
    ready = histories.prepare(hong.number, cast.hong.pseudonym.name, "math", made(hong, 20), histories.in_use("math"))
    assert histories.store([ready]) == 20
    one, other = states()
    assert one == other
    hong.answer()
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (2, 0)
    gang = Pupil(cast, cast.gang)
    refused = histories.prepare(gang.number, cast.gang.pseudonym.name, "math", made(gang, 2), histories.in_use("math"))
    with pytest.raises(ConsentMissing):
        histories.store([refused])


def test_a_run_given_again_passes_over_what_is_there(cast: Cast, ming: Pupil) -> None:
    answers = made(ming, 6)
    assert bulk.load(answers[:4], acting_user=cast.system) == 4
    assert bulk.load([*answers, answers[5]], acting_user=cast.system) == 2
    assert ResponseFact._base_manager.count() == 6
    statement, given = answers[0]
    with pytest.raises(ConflictingStatement):
        bulk.load([({**statement, "result": {"response": "D"}}, given)], acting_user=cast.system)


def test_answers_not_folded_wait(cast: Cast, ming: Pupil, hong: Pupil) -> None:
    bulk.load(made(ming, 5), acting_user=cast.system, fold=False)
    assert states() == [b""]
    bulk.load(made(ming, 2, 5), acting_user=cast.system)  # folds what waited, too
    hong.answers(7)
    assert refold_waiting() == 0
    one, other = states()
    assert one == other


def test_a_pupil_without_consent_is_refused_and_named_batches_stay(cast: Cast, ming: Pupil) -> None:
    gang = Pupil(cast, cast.gang)
    with pytest.raises(ConsentMissing):
        bulk.load(made(gang, 2), acting_user=cast.system)
    assert Statement._base_manager.count() == 0
    given = replace(response(ming.number, ming.place), practice=new_id())
    assert bulk.load([(say(given), given)], acting_user=cast.actor(cast.wang)) == 1

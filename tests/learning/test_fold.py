"""The fold of practice: abilities traced, reviews scheduled by how the answer went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yincai.learning.fold import PracticeFold
from yincai.measurement.tracing import MODEL, State
from yincai.records.folds import Fact, Versions

BEGAN = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
FOLD = PracticeFold()


def fact(number: int, days: float = 0, **changed: object) -> Fact:
    base = Fact(
        pupil=1, subject="math", number=number, place="0001", item=7, version=1, seed=None, points=(3,),
        difficulty=0.0, guess=0.0, score=1.0, duration_ms=5000, attempt=1, hints=0, source="practice", cause="",
        practice=None, at=BEGAN + timedelta(days=days),
    )  # fmt: skip
    return base._replace(**changed)  # type: ignore[arg-type]


def folded(*facts: Fact) -> State:
    return State.unpack(FOLD.fold(b"", facts, FOLD.versions))


def due_days(state: State, slot: int = 3) -> float:
    return float(state.points["due"][slot] - state.points["last"][slot]) / 86400


def test_what_was_known_well_comes_back_later() -> None:
    right, helped, second, wrong = (
        due_days(folded(fact(1, **how))) for how in ({}, {"hints": 1}, {"attempt": 2}, {"score": 0.0})
    )
    assert right > helped == second >= wrong >= 1
    again = due_days(folded(fact(1), fact(2, days=right)))
    assert again > 2 * right


def test_folding_all_at_once_is_folding_one_by_one() -> None:
    facts = [fact(n, days=n * 0.7, score=float(n % 3 > 0), points=(n % 4, 9)) for n in range(1, 30)]
    state = b""
    for one in facts:
        state = FOLD.fold(state, [one], FOLD.versions)
    assert state == FOLD.fold(b"", facts, FOLD.versions)
    assert FOLD.differences(state, state) == []
    assert FOLD.differences(state, FOLD.fold(state, [fact(31)], FOLD.versions))


def test_a_late_fact_is_scheduled_as_of_the_newest() -> None:
    state = folded(fact(1, days=10), fact(2, days=2, score=0.0))
    newest = (BEGAN + timedelta(days=10)).timestamp()
    assert state.points["last"][3] == newest
    assert state.points["due"][3] >= newest + 86400


def test_a_fact_without_points_moves_the_general_level_only() -> None:
    state = folded(fact(1, points=()))
    assert state.seen.tolist() == []
    assert state.general[0] > 0


@pytest.mark.parametrize(
    ("versions", "known"),
    [
        (FOLD.versions, True),
        (Versions(MODEL, "1", "another graph"), True),
        (Versions(MODEL, "0", FOLD.versions.graph), False),
        (Versions("elo-1", "1", FOLD.versions.graph), False),
    ],
)
def test_it_says_which_versions_it_can_fold(versions: Versions, known: bool) -> None:
    assert FOLD.knows(versions) is known

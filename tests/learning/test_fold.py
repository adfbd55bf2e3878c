"""The fold of practice: abilities traced, reviews scheduled by how the answer went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yincai.learning.fold import PracticeFold
from yincai.learning.tracing.numbers import MODEL
from yincai.learning.tracing.state import Traced
from yincai.learning.tracing.versions import FIRST, NEWEST
from yincai.measurement import tracing
from yincai.measurement.tracing import State
from yincai.records.folds import Fact, Versions

BEGAN = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
FOLD = PracticeFold()
NOW, BEFORE = Versions(MODEL, NEWEST, "1"), Versions(tracing.MODEL, FIRST, "1")


def fact(number: int, days: float = 0, **changed: object) -> Fact:
    base = Fact(
        pupil=1, subject="math", number=number, place="0001", item=7, version=1, seed=None, points=(3,),
        difficulty=0.0, guess=0.0, score=1.0, duration_ms=5000, attempt=1, hints=0, source="practice", cause="",
        practice=None, at=BEGAN + timedelta(days=days),
    )  # fmt: skip
    return base._replace(**changed)  # type: ignore[arg-type]


def folded(*facts: Fact) -> State:
    return Traced.unpack(FOLD.fold(b"", facts, NOW)).mastery


def due_days(state: State, slot: int = 3) -> float:
    return float(state.points["due"][slot] - state.points["last"][slot]) / 86400


def test_what_was_known_well_comes_back_later() -> None:
    right, helped, second, wrong = (
        due_days(folded(fact(1, **how))) for how in ({}, {"hints": 1}, {"attempt": 2}, {"score": 0.0})
    )
    assert right > helped == second >= wrong >= 1
    again = due_days(folded(fact(1), fact(2, days=right)))
    assert again > 2 * right


@pytest.mark.parametrize("versions", [NOW, BEFORE])
def test_folding_all_at_once_is_folding_one_by_one(versions: Versions) -> None:
    facts = [fact(n, days=n * 0.7, score=float(n % 3 > 0), points=(n % 4, 9)) for n in range(1, 30)]
    state = b""
    for one in facts:
        state = FOLD.fold(state, [one], versions)
    assert state == FOLD.fold(b"", facts, versions)
    assert FOLD.differences(state, state) == []
    assert FOLD.differences(state, FOLD.fold(state, [fact(31)], versions))


def test_a_late_fact_is_scheduled_as_of_the_newest() -> None:
    state = folded(fact(1, days=10), fact(2, days=2, score=0.0))
    newest = (BEGAN + timedelta(days=10)).timestamp()
    assert state.points["last"][3] == newest
    assert state.points["due"][3] >= newest + 86400


def test_a_fact_without_points_moves_the_general_level_only() -> None:
    state = folded(fact(1, points=()))
    assert state.seen.tolist() == []
    assert state.general[0] > folded().general[0]


@pytest.mark.parametrize(
    ("versions", "known"),
    [
        (NOW, True),
        (BEFORE, True),
        (NOW._replace(graph="another graph"), True),
        (NOW._replace(parameters="local-0"), False),
        (NOW._replace(parameters=FIRST), False),
        (BEFORE._replace(parameters=NEWEST), False),
        (NOW._replace(model="elo-1"), False),
    ],
)
@pytest.mark.django_db
def test_it_says_which_versions_it_can_fold(versions: Versions, known: bool) -> None:
    assert FOLD.knows(versions) is known


def test_a_state_never_mixes_two_sets() -> None:
    before = FOLD.fold(b"", [fact(1)], BEFORE)
    with pytest.raises(ValueError, match="a state of the numbers '1', not 'shipped-1'"):
        FOLD.fold(before, [fact(2)], NOW)
    assert FOLD.differences(before, FOLD.fold(b"", [fact(1)], NOW)) == ["numbers: 1 and shipped-1"]


def test_an_answer_at_an_unknown_point_moves_both_heads() -> None:
    one, other = (FOLD.fold(b"", [fact(1, points=points)], NOW) for points in ((5000,), ()))
    assert Traced.unpack(one).mastery.points["n"][5000] == 1
    assert Traced.unpack(one).trees == Traced.unpack(other).trees != b""


@pytest.mark.parametrize("damage", [b"\x02", b"\x02\x05\x00", b"\x02\x01\x01" + b"\x00" * 9, b"\x09" * 40])
def test_bytes_that_are_no_state_are_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a packed state|a state of the numbers"):
        FOLD.fold(damage, [fact(1)], NOW)

"""Scores on tests: kept once, never without consent, mended and taken back only by a further statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from tests.cast import Cast
from tests.records.conftest import Pupil, number_of, place_of
from yincai.core.actors import acting
from yincai.core.scope import scope
from yincai.records import lake, queries, readers, scores, statements
from yincai.records.models import ScoreFact, Statement
from yincai.records.recording import ConflictingStatement, ConsentMissing
from yincai.records.scores import Score

TEST = "JC2026-M5"


@pytest.fixture
def score(ming: Pupil) -> Score:
    return Score(
        pupil=ming.number,
        place=ming.place,
        subject="math",
        test=TEST,
        scale="monitoring-500",
        score=512.5,
        se=18.0,
        at=datetime(2026, 5, 20, tzinfo=UTC),
        grade=5,
        form="A",
    )


def in_force(cast: Cast) -> dict[int, float | None]:
    with scope(cast.system.scope):
        return {pupil: row.score for pupil, row in queries.scores_on(TEST).items()}


def test_a_score_becomes_statement_and_row_once(cast: Cast, score: Score) -> None:
    clerk = cast.actor(cast.clerk)
    key = scores.scored(score, acting_user=clerk)
    assert scores.scored(score, acting_user=clerk) == key
    row = ScoreFact._base_manager.get()
    assert (row.statement, row.score, row.se, row.grade, row.place) == (key, 512.5, 18.0, 5, score.place)
    body = statements.unpack(Statement._base_manager.get(pk=key).body)
    assert body["verb"]["id"] == "http://adlnet.gov/expapi/verbs/scored"
    assert body["result"]["score"] == {"raw": 512.5}
    assert body["actor"]["account"]["name"] == str(cast.ming.pseudonym.name)
    assert cast.ming.name not in str(body)


def test_another_score_for_the_same_test_is_refused(cast: Cast, score: Score) -> None:
    scores.scored(score, acting_user=cast.system)
    with pytest.raises(ConflictingStatement):
        scores.scored(replace(score, score=600.0), acting_user=cast.system)
    assert in_force(cast) == {score.pupil: 512.5}


def test_without_consent_nothing_is_kept(cast: Cast, score: Score) -> None:
    theirs = replace(score, pupil=number_of(cast.gang), place=place_of(cast.gang))
    with pytest.raises(ConsentMissing):
        scores.scored(theirs, acting_user=cast.system)
    assert not ScoreFact._base_manager.exists()
    assert not Statement._base_manager.exists()


def test_nobody_scores_a_pupil_of_another_school(cast: Cast, score: Score) -> None:
    with pytest.raises(PermissionDenied):
        scores.scored(score, acting_user=cast.actor(cast.chen))


def test_a_score_is_mended_and_taken_back_by_further_statements(cast: Cast, score: Score) -> None:
    first = scores.scored(score, acting_user=cast.system)
    mended = scores.corrected(scores.newest_of(first), 530.0, 17.0, acting_user=cast.system)
    assert in_force(cast) == {score.pupil: 530.0}
    gone = scores.voided(scores.newest_of(first), acting_user=cast.system)
    assert in_force(cast) == {}
    again = scores.scored(replace(score, score=541.0), acting_user=cast.system, after=gone)
    assert in_force(cast) == {score.pupil: 541.0}
    assert len({first, mended, gone, again}) == Statement._base_manager.count() == 4
    body = statements.unpack(Statement._base_manager.get(pk=gone).body)
    assert body["object"] == {"objectType": "StatementRef", "id": str(mended)}


def test_what_was_kept_can_be_taken_back_after_consent_is_withdrawn(cast: Cast, score: Score) -> None:
    key = scores.scored(score, acting_user=cast.system)
    cast.ming.pseudonym.keeps = False
    cast.ming.pseudonym.save()
    with pytest.raises(ConsentMissing):
        scores.corrected(scores.newest_of(key), 530.0, None, acting_user=cast.system)
    scores.voided(scores.newest_of(key), acting_user=cast.system)
    assert in_force(cast) == {}


def test_the_table_is_append_only(cast: Cast, score: Score) -> None:
    scores.scored(score, acting_user=cast.system)
    for change in (lambda: ScoreFact._base_manager.update(score=600.0), ScoreFact._base_manager.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_many_at_once_and_again(cast: Cast, score: Score) -> None:
    hong = replace(score, pupil=number_of(cast.hong), score=470.0, se=None)
    assert scores.load([score, hong], acting_user=cast.system) == 2
    assert scores.load([score, hong], acting_user=cast.system) == 0
    with pytest.raises(ConflictingStatement):
        scores.load([replace(hong, score=471.0)], acting_user=cast.system)
    assert in_force(cast) == {score.pupil: 512.5, hong.pupil: 470.0}


def test_who_is_out_of_reach_is_not_read(cast: Cast, score: Score) -> None:
    scores.scored(score, acting_user=cast.system)
    with acting(cast.actor(cast.chen)):
        assert queries.scores_on(TEST) == {}
    with acting(cast.actor(cast.zhao)):
        assert list(queries.scores_on(TEST)) == [score.pupil]


def test_scores_come_into_the_lake_and_go_out_of_force_there(
    cast: Cast, score: Score, settings: Any, tmp_path: Path
) -> None:
    settings.LAKE = tmp_path / "lake"
    key = scores.scored(score, acting_user=cast.system)
    hong = replace(score, pupil=number_of(cast.hong), score=470.0, se=None)
    scores.scored(hong, acting_user=cast.system)
    lake.write()
    assert in_lake(tmp_path) == {score.pupil: (512.5, 18.0), hong.pupil: (470.0, None)}
    scores.voided(scores.newest_of(key), acting_user=cast.system)
    lake.write()
    assert in_lake(tmp_path) == {hong.pupil: (470.0, None)}
    lake.merge()
    lake.rewrite()
    assert in_lake(tmp_path) == {hong.pupil: (470.0, None)}


def in_lake(folder: Path) -> dict[int, tuple[float, float | None]]:
    connection = readers.connect()
    rows = readers.score_facts(connection, folder / "lake").select("pupil", "score", "se").to_pyarrow().to_pylist()
    connection.disconnect()
    return {row["pupil"]: (row["score"], row["se"]) for row in rows}

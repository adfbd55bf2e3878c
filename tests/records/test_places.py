"""A school comes under another district in the middle of a term: what happened there goes along, and only its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F, Model, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from tests.cast import Cast
from tests.learning.desk import ask, give, right_answer, token_in
from tests.records.conftest import Pupil, place_of
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.core.scope import Scope, scope, unscoped
from yincai.records import lake, places, readers, rebuild, statements
from yincai.records.models import PlaceMove, ResponseFact, Statement
from yincai.registry.actions.move_school import move_school
from yincai.registry.models import Organisation


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LAKE = tmp_path / "lake"
    return tmp_path / "lake"


def move(cast: Cast) -> Organisation:
    return move_school(cast.first, cast.west, acting_user=cast.actor(cast.qian))


def follow(cast: Cast) -> int:
    return places.follow_all(acting_user=cast.system)


def seen_by(below: str) -> int:
    with scope(Scope(below=(below,))):
        return ResponseFact.objects.count() + Statement.objects.count()


def rows(but_place: bool = True) -> list[dict[str, Any]]:
    with unscoped("test"):
        found = list(ResponseFact.objects.order_by("pk").values())
    return [{name: value for name, value in row.items() if name != "place"} for row in found] if but_place else found


def places_in_lake(folder: Path) -> set[str]:
    opened = readers.connect()
    found = {
        place
        for table in (readers.facts(opened, folder), readers.mastery_now(opened, folder))
        for place in table.select("place").execute()["place"]
    }
    opened.disconnect()
    return found


def an_hour_passes() -> None:
    PlaceMove.objects.update(at=timezone.now() - places.OPEN_FOR - timedelta(seconds=1))


def test_the_weeks_before_go_along_and_the_former_district_reads_none(
    cast: Cast, ming: Pupil, hong: Pupil, folder: Path
) -> None:
    ming.answers(5)
    hong.answers(3)
    lake.write()
    before, former = rows(), cast.first.path
    assert (seen_by(cast.east.path), seen_by(cast.west.path)) == (16, 0)
    moved = move(cast)
    assert follow(cast) == 16
    assert rows() == before
    assert (seen_by(cast.east.path), seen_by(cast.west.path), seen_by(former)) == (0, 16, 0)
    with acting(cast.actor(cast.wang)):
        assert ResponseFact.objects.count() == 8
    with unscoped("test"):
        body = statements.unpack(Statement.objects.filter(pupil=ming.number).first().body)
    assert body["context"]["extensions"][statements.SPACE + "place"].startswith(former)  # where it happened then
    assert places_in_lake(folder) == {place_of(cast.ming)}
    assert place_of(cast.ming).startswith(moved.path)
    assert AuditRow.objects.filter(verb="records.follow_move").count() == 2
    verdict = rebuild.check()
    assert (verdict.compared, verdict.different) == (2, 0)


def test_a_move_is_done_when_no_answer_can_be_on_its_way_any_more(cast: Cast, ming: Pupil, folder: Path) -> None:
    ming.answers(2)
    move(cast)
    assert follow(cast) == 4
    ming.answer()  # it was begun before the move, and its place is the former one
    assert follow(cast) == 0
    an_hour_passes()
    assert follow(cast) == 2
    assert follow(cast) == 0
    assert seen_by(cast.east.path) == 0
    assert PlaceMove.objects.get().done_at is not None
    assert AuditRow.objects.filter(verb="records.close_move").count() == 1


def test_who_is_killed_on_the_way_goes_on(cast: Cast, ming: Pupil, monkeypatch: pytest.MonkeyPatch) -> None:
    ming.answers(7)
    move(cast)
    monkeypatch.setattr(places, "STEP", 2)
    done, real = [], places._take_along

    def killed(*args: Any, **named: Any) -> int:
        if len(done) == 6:
            raise KeyboardInterrupt
        done.append(1)
        return int(real(*args, **named))

    with monkeypatch.context() as patch:
        patch.setattr(places, "_take_along", killed)
        with pytest.raises(KeyboardInterrupt):
            follow(cast)
    assert 0 < seen_by(cast.east.path) < 14
    assert 0 < follow(cast) < 14
    assert (seen_by(cast.east.path), seen_by(cast.west.path)) == (0, 14)


def test_a_school_that_moves_twice_arrives(cast: Cast, ming: Pupil) -> None:
    ming.answers(2)
    move(cast)
    cast.first.refresh_from_db()
    back = move_school(cast.first, cast.east, acting_user=cast.actor(cast.qian))
    assert follow(cast) == 8
    assert (seen_by(back.path), seen_by(cast.west.path)) == (4, 0)


@pytest.mark.parametrize("table", [ResponseFact, Statement])
def test_no_other_change_comes_through_the_door(cast: Cast, ming: Pupil, table: type[Model]) -> None:
    ming.answers(2)
    former = cast.first.path
    arrived = Concat(Value(move(cast).path), Substr(F("place"), len(former) + 1))
    every = table._base_manager.all()
    refused(lambda: every.update(place="elsewhere"))
    refused(lambda: every.update(place=arrived, pupil=F("pupil") + 1))
    refused(lambda: every.update(pupil=F("pupil") + 1))
    refused(every.delete)
    PlaceMove.objects.update(done_at=timezone.now())
    refused(lambda: every.update(place=arrived))
    PlaceMove.objects.update(done_at=None)
    assert every.update(place=arrived) == 2


def refused(change: Callable[[], Any]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()


def test_the_lake_follows_when_its_writer_has_finished(
    cast: Cast, ming: Pupil, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ming.answers(2)
    lake.write()
    move(cast)
    with monkeypatch.context() as patch:
        patch.setattr(lake, "follow_move", lambda *_: False)
        assert follow(cast) == 4
    assert places_in_lake(folder) == {ming.place}
    assert follow(cast) == 0
    assert places_in_lake(folder) == {place_of(cast.ming)}


def test_a_sitting_goes_on_in_the_new_district_and_the_class_page_knows_the_weeks_before(cast: Cast) -> None:
    client, wang = cast.client(cast.ming), cast.client(cast.wang)
    _, token = ask(client)
    token = token_in(give(client, token, right_answer(token, cast.ming)))
    moved = move(cast)
    give(client, token, right_answer(token, cast.ming))
    first, second = rows(but_place=False)
    assert not first["place"].startswith(moved.path)
    assert second["place"].startswith(moved.path)
    page = f"/classes/{cast.class51.pk}/report"
    follow(cast)
    with acting(cast.actor(cast.wang)):
        assert ResponseFact.objects.count() == 2
    assert wang.get(page).status_code == 200

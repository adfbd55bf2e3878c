"""What tests of records share: answers to record, and a database that really commits."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from tests.cast import Cast
from yincai.core import home
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.records.recording import Recorded, Response, record
from yincai.records.statements import answered
from yincai.records.versions import versions_of
from yincai.registry.models import Person, Pseudonym

BEGAN = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_versions() -> Iterator[None]:
    """Rolled back rows leave their ids to the next test."""
    versions_of.cache_clear()
    yield
    versions_of.cache_clear()


def number_of(person: Person) -> int:
    with unscoped("a test looks up a pupil"):
        return int(Pseudonym.objects.get(person=person).number)


def place_of(person: Person) -> str:
    with unscoped("a test looks up a pupil's class"):
        return str(person.roles.select_related("organisation").get(name="pupil").organisation.path)


def response(pupil: int, place: str, nth: int = 0, **changed: Any) -> Response:
    """The nth answer of a pupil: varied points, now and then wrong, a minute after the one before."""
    given: dict[str, Any] = {
        "pupil": pupil,
        "subject": "math",
        "place": place,
        "item": 1 + nth % 7,
        "version": 1,
        "points": ((nth * 5) % 11, 11 + nth % 3) if nth % 4 else ((nth * 5) % 11,),
        "difficulty": (nth % 5 - 2) / 2,
        "guess": 0.25 if nth % 2 else 0.0,
        "score": float(nth % 3 > 0),
        "duration_ms": 4000 + nth,
        "at": BEGAN + timedelta(minutes=nth),
        "seed": nth,
    }
    return Response(**{**given, **changed})


def say(answer: Response, statement_id: UUID | None = None, typed: str = "A") -> dict[str, Any]:
    return answered(
        id=statement_id or new_id(),
        subject=answer.subject,
        item=answer.item,
        version=answer.version,
        seed=answer.seed,
        typed=typed,
        score=answer.score,
        success=answer.score >= 1,
        at=answer.at,
        duration_ms=answer.duration_ms,
        practice=answer.practice,
    )


class Pupil:
    """A pupil of the cast, who answers: `ming.answers(3)`."""

    def __init__(self, cast: Cast, person: Person) -> None:
        self.actor: Actor = cast.actor(person)
        self.number = number_of(person)
        self.place = place_of(person)
        self.said = 0

    def answer(self, *, fold: bool = True, **changed: Any) -> Recorded:
        given = response(self.number, self.place, self.said, **changed)
        self.said += 1
        return record(say(given), given, acting_user=self.actor, fold=fold)

    def answers(self, count: int, **changed: Any) -> Recorded:
        return [self.answer(**changed) for _ in range(count)][-1]


@pytest.fixture
def ming(cast: Cast) -> Pupil:
    return Pupil(cast, cast.ming)


@pytest.fixture
def hong(cast: Cast) -> Pupil:
    return Pupil(cast, cast.hong)


if connection.vendor == "postgresql":

    @pytest.fixture
    def committed(transactional_db: None) -> Cast:
        """The cast in a database whose commits other threads and processes see; emptied afterwards."""
        return Cast()

else:

    @pytest.fixture
    def committed(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Cast]:
        """As on PostgreSQL; here in a file of its own, in a home of its own (`tmp_path / "home"`)."""
        with django_db_blocker.unblock():
            yield from _in_a_file(tmp_path / "home")


def _in_a_file(folder: Path) -> Iterator[Cast]:
    shutil.copytree(home.folder(), folder, ignore=shutil.ignore_patterns("*.sqlite3*"))
    file = folder / "yincai.sqlite3"
    with sqlite3.connect(file) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    copy.close()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    connection.connection = None
    connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = str(file)
    try:
        yield Cast()
    finally:
        connection.close()
        connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = name
        connection.connection = memory

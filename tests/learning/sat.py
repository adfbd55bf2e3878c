"""A class that sat down to a set of items: answers graded and recorded as the desk does it, at chosen times."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from tests.cast import Cast
from tests.practised import _actor, _fill
from yincai.core.ids import new_id
from yincai.core.scope import scope, unscoped
from yincai.knowledge import items
from yincai.knowledge.models import Item
from yincai.learning.models import Assignment, Practice
from yincai.records.recording import Response, record
from yincai.records.statements import answered
from yincai.registry.models import Organisation, Person, RoleHeld


def pupils(cast: Cast, room: Organisation, size: int) -> list[tuple[Person, int]]:
    """The class filled up to `size`; (person, number of the pseudonym) of those who keep, in school-number order."""
    with unscoped("test"):
        _fill(room, size, random.Random(7))
        held = RoleHeld.objects.filter(organisation=room, name="pupil", person__pseudonym__keeps=True)
        rows = held.select_related("person__pseudonym").order_by("number")
        return [(row.person, row.person.pseudonym.number) for row in rows]


def set_items(cast: Cast, room: Organisation, chosen: list[Item], title: str = "分数加减") -> Assignment:
    with unscoped("test"):
        return Assignment.objects.create(
            school_class=room,
            title=title,
            items=[item.pk for item in chosen],
            questions=len(chosen),
            set_by=cast.wang.account.pk,
            set_at=days_ago(3),
        )


def sit(room: Organisation, number: int, assignment: Assignment | None) -> UUID:
    with unscoped("test"):
        return Practice.objects.create(
            pupil=number, subject="math", place=room.path, assignment=assignment, ended_at=timezone.now()
        ).pk


def answer(
    cast: Cast,
    who: tuple[Person, int],
    room: Organisation,
    item: Item,
    typed: str | None,
    *,
    seed: int | None = 7,
    practice: UUID | None = None,
    source: str = "practice",
    at: datetime | None = None,
) -> UUID:
    """One answer (None: the right one), graded by the bank; returns the id of its statement."""
    person, number = who
    moment, key = at or timezone.now(), new_id()
    seed = seed if item.generator else None
    with unscoped("test"):
        typed = right(item, seed) if typed is None else typed
        graded, asked = items.grade(item.pk, item.version, seed, typed), items.question(item.pk, item.version, seed)
    assert graded.outcome in ("right", "wrong"), graded
    given = Response(
        pupil=number,
        subject="math",
        place=room.path,
        item=item.pk,
        version=item.version,
        seed=seed,
        points=asked.points,
        difficulty=asked.difficulty,
        guess=asked.guess,
        score=graded.score,
        duration_ms=30_000,
        source=source,
        cause=graded.cause,
        practice=practice,
        at=moment,
    )
    said = answered(
        id=key,
        subject="math",
        item=item.pk,
        version=item.version,
        seed=seed,
        typed=typed,
        score=graded.score,
        success=graded.score >= 1,
        at=moment,
        duration_ms=30_000,
        cause=graded.cause,
        source=source,
        practice=practice,
    )
    actor = _actor(cast, person, room)
    with scope(actor.scope):
        record(said, given, acting_user=actor)
    return key


def right(item: Item, seed: int | None) -> str:
    held = items.held(item.pk, item.version)
    return items.variant(held, seed).answer if item.generator else str(held.version.answer["key"])


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)

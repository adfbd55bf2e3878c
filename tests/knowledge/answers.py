"""Recording an answer to an item, the way `learning` does it."""

from __future__ import annotations

from django.utils import timezone

from tests.cast import Cast
from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.models import Item
from yincai.records.models import ResponseFact
from yincai.records.recording import Response, record
from yincai.records.statements import answered
from yincai.registry.models import Person, Pseudonym, RoleHeld


def answer(cast: Cast, item: Item, typed: str, pupil: Person | None = None, seed: int | None = None) -> ResponseFact:
    """The pupil (小明) answers the item's current version; returns the fact."""
    person = pupil or cast.ming
    verdict, asked = items.grade(item.pk, item.version, seed, typed), items.question(item.pk, item.version, seed)
    with unscoped("a test's own rows"):
        number = Pseudonym.objects.get(person=person).number
        place = RoleHeld.objects.get(person=person).organisation.path
    now = timezone.now()
    statement = answered(
        id=new_id(),
        subject="math",
        item=item.pk,
        version=item.version,
        seed=seed,
        typed=typed,
        score=verdict.score,
        success=verdict.outcome == "right",
        at=now,
        duration_ms=5000,
    )
    response = Response(
        pupil=number,
        subject="math",
        place=place,
        item=item.pk,
        version=item.version,
        points=asked.points,
        difficulty=asked.difficulty,
        score=verdict.score,
        duration_ms=5000,
        at=now,
        guess=asked.guess,
        seed=seed,
        cause=verdict.cause,
    )
    kept = record(statement, response, acting_user=cast.actor(person))
    with unscoped("a test's own rows"):
        return ResponseFact.objects.get(pk=kept.fact_id)

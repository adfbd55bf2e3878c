"""Mend what is written down about a person."""

from __future__ import annotations

from yincai.core.action import action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.registry.actions.enter_person import Details, change_person
from yincai.registry.models import Person
from yincai.registry.policies import PERSON_MEND


@action(PERSON_MEND)
def mend_person(person: Person, details: Details, *, acting_user: Actor) -> Person:
    """Fields left empty stay as they are."""
    PERSON_MEND.require(acting_user, person)
    changes = change_person(person, details.checked())
    if not changes:
        changed_nothing()
        return person
    return touched(person, **changes)

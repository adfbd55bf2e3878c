"""A head opens a class by name: allowed, and noted."""

from __future__ import annotations

from yincai.core.action import action, touched
from yincai.core.actors import Actor
from yincai.learning.policies import SEE_CLASS
from yincai.registry.models import Organisation


@action(SEE_CLASS)
def reveal_class(school_class: Organisation, what: str, *, acting_user: Actor) -> Organisation:
    """Leave an audit row that named learning status of a class was opened, and which part of it."""
    return touched(school_class, what=what)

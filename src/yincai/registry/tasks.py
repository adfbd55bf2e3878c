"""Background work of the registry."""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic
from yincai.registry.actions.unlink import departed, unlink


@background
def unlink_departed(*, acting_user: Actor) -> None:
    """Each day: take the link away where the time the rule allows is over."""
    for mark in departed():
        unlink(mark, acting_user=acting_user)


register_periodic(unlink_departed, timedelta(days=1))

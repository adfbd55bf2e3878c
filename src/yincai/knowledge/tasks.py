"""Background: the tests of the bank are rehearsed when the bank has changed."""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.tasks import long_background, register_periodic
from yincai.knowledge import rehearsals

LOOK = timedelta(minutes=10)


@long_background
def rehearse_changed_pool(*, acting_user: Actor) -> bool:
    """Whether there was anything to do; nothing where the bank is as it was."""
    return rehearsals.rehearse_pool()


register_periodic(rehearse_changed_pool, LOOK, at_once=False)

"""Background: figures are computed anew every few minutes, so that pages only read them."""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic
from yincai.indicators import results

EVERY = timedelta(minutes=2)


@background
def refresh_indicators(*, acting_user: Actor) -> int:
    return results.refresh()


register_periodic(refresh_indicators, EVERY)

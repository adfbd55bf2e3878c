"""Background: figures are computed anew whenever the lake was written (every three minutes); pages only read them."""

from __future__ import annotations

from datetime import timedelta

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic
from yincai.indicators import results

EVERY = timedelta(minutes=1)


@background
def refresh_indicators(*, acting_user: Actor) -> int:
    return results.refresh_if_needed()


register_periodic(refresh_indicators, EVERY)

"""Background work: waiting states, stragglers, the lake, places that moved."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from yincai.core.actors import Actor, installation
from yincai.core.tasks import background, long_background, register_periodic
from yincai.records import lake, places, rebuild, refolding


@background
def refold_waiting(*, acting_user: Actor) -> None:
    refolding.refold_waiting()
    rebuild.stragglers()


@background
def write_lake(*, acting_user: Actor) -> None:
    lake.write()


@background
def tidy_lake(*, acting_user: Actor) -> None:
    lake.note_moves(timezone.now() - timedelta(days=2))
    lake.merge()


@long_background
def follow_moves(*, acting_user: Actor) -> int:
    return places.follow_all(acting_user=installation())


register_periodic(refold_waiting, timedelta(minutes=1))
register_periodic(write_lake, timedelta(minutes=2))
register_periodic(tidy_lake, timedelta(days=1))
register_periodic(follow_moves, timedelta(minutes=10))

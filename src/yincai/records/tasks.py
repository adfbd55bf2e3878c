"""Background work: waiting states, stragglers, the lake."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic
from yincai.records import lake, rebuild, refolding


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


register_periodic(refold_waiting, timedelta(minutes=1))
register_periodic(write_lake, timedelta(minutes=2))
register_periodic(tidy_lake, timedelta(days=1))

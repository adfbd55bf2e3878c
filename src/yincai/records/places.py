"""A school that comes under another district takes along what happened there.

The district that it left reads no pupil's answers of this school any more, neither later nor earlier ones; the school
and its new district find all under the path that it has now. What happened is not touched: in a statement's body stands
the path of that time. The rows follow in the background, in short transactions; whoever is killed begins again, and
finds fewer. A move stays open for a while, for answers that were on their way when the school moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import F, Model, QuerySet, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from yincai.core.action import action, changed_nothing, touched, touched_many
from yincai.core.actors import Actor, installation
from yincai.core.scope import unscoped
from yincai.core.tasks import enqueue
from yincai.records import lake
from yincai.records.models import PlaceMove, ResponseFact, ScoreFact, Statement
from yincai.registry.policies import INSTALLATION

STEP = 2000  # rows walked in a transaction
OPEN_FOR = timedelta(hours=1)
TABLES: tuple[type[Model], ...] = (Statement, ResponseFact, ScoreFact)


def follow_move(former: str, present: str) -> None:
    """Part of `registry`'s action, which leaves the audit row."""
    from yincai.records.tasks import follow_moves

    PlaceMove.objects.create(former=former, present=present)
    enqueue(follow_moves, acting_user=installation())


def follow_all(*, acting_user: Actor) -> int:
    """Bring the rows of all open moves to their present paths; returns how many changed.

    The oldest first: a school may move twice.
    """
    return sum(_follow(move, acting_user) for move in PlaceMove.objects.filter(done_at__isnull=True).order_by("id"))


def _follow(move: PlaceMove, acting_user: Actor) -> int:
    begun = timezone.now()
    if move.lake_at and begun - move.at <= OPEN_FOR:
        return 0  # once more when no answer can be on its way any more
    moved = 0
    for table in TABLES:
        for keys in _steps(table):
            moved += _take_along(move, table, keys, acting_user=acting_user)
    if moved:
        PlaceMove.objects.filter(pk=move.pk).update(lake_at=None)
        move.lake_at = None
    if move.lake_at is None and lake.follow_move(move.former, move.present):
        move.lake_at = timezone.now()
        move.save(update_fields=["lake_at"])
    if not moved and move.lake_at and begun - move.at > OPEN_FOR:
        _close(move, acting_user=acting_user)
    return moved


def _steps(table: type[Model]) -> Iterator[tuple[Any, Any]]:
    """First and last key of each step through a table, in order of its keys: one walk, whatever lies in it."""
    after: Any = None
    while True:
        with unscoped("rows of everybody, of which those of a school that moved are looked for"):
            rows = table._default_manager.order_by("pk")
            ahead = rows if after is None else rows.filter(pk__gt=after)
            keys = list(ahead.values_list("pk", flat=True)[:STEP])
        if not keys:
            return
        yield keys[0], keys[-1]
        after = keys[-1]


@action(INSTALLATION, verb="records.follow_move")
def _take_along(move: PlaceMove, table: type[Model], keys: tuple[Any, Any], *, acting_user: Actor) -> int:
    rows: QuerySet[Any] = table._default_manager.filter(pk__range=keys, place__startswith=move.former)
    found = list(rows.values_list("pk", flat=True))
    if not found:
        changed_nothing()
        return 0
    rows.update(place=Concat(Value(move.present), Substr(F("place"), len(move.former) + 1)))
    touched_many(table, found, place=move.present)
    return len(found)


@action(INSTALLATION, verb="records.close_move")
def _close(move: PlaceMove, *, acting_user: Actor) -> None:
    move.done_at = timezone.now()
    move.save(update_fields=["done_at"])
    touched(move, done_at=move.done_at)

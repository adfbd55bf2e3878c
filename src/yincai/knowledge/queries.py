"""Reads of the subject graph and the bank."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from django.db.models import QuerySet
from django.urls import reverse

from yincai.core.actors import Actor
from yincai.knowledge import graph as graphs
from yincai.knowledge.generators import malrule
from yincai.knowledge.models import (
    SUBJECT,
    Calibration,
    CalibrationState,
    Contradiction,
    Item,
    ItemFlag,
    ItemPoint,
    MappingState,
    Route,
    RouteMapping,
)
from yincai.knowledge.policies import CALIBRATE, CLOSE, DECIDE

GRAPHS = {SUBJECT: "mathematics"}  # subject code → file of the graph


def graph(subject: str = SUBJECT) -> graphs.SubjectGraph:
    """The subject graph of this release: points by code, `by_slot`, prerequisites in `needs`."""
    return graphs.load(GRAPHS[subject])


@lru_cache(maxsize=1)
def subjects() -> dict[str, str]:
    return {code: graph(code).name for code in GRAPHS}


def cause_name(malrule_id: str) -> str:
    """The name of a cause (错因) as teachers read it; the id itself for one this release no longer knows."""
    try:
        return malrule(malrule_id).name
    except KeyError:
        return malrule_id


def slots_of(items: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The points of items, as slots in order."""
    rows = ItemPoint.objects.filter(item__in=list(items)).order_by("item", "point__slot")
    found: dict[int, tuple[int, ...]] = {}
    for item, slot in rows.values_list("item", "point__slot"):
        found[item] = (*found.get(item, ()), slot)
    return found


def codes_of(items: Iterable[int]) -> dict[int, str]:
    """Item id → its code, for pages that show where an answer came from."""
    return dict(Item.objects.filter(pk__in=list(items)).values_list("pk", "code"))


def named_items(items: Collection[int]) -> dict[int, tuple[str, str]]:
    """Item id → its code and the address of its page."""
    return {item: (code, reverse("knowledge-item", args=[item])) for item, code in codes_of(items).items()}


def open_routes() -> QuerySet[Route]:
    """Routes with items for which nobody has decided yet which point they are."""
    decided = RouteMapping.objects.filter(state=MappingState.CONFIRMED).values("route")
    return Route.objects.filter(refused=False, pk__in=Item.routes.through.objects.values("route")).exclude(
        pk__in=decided
    )


def unmapped_routes() -> int:
    return open_routes().count()


def waiting_contradictions(actor: Actor) -> int:
    return DECIDE.filter(actor, Contradiction.objects.filter(decided_at=None)).count()


def waiting_flags(actor: Actor) -> int:
    return CLOSE.filter(actor, ItemFlag.objects.filter(closed_at=None)).count()


def waiting_calibrations(actor: Actor) -> int:
    if not CALIBRATE.held_by(actor):
        return 0
    return Calibration.objects.filter(state=CalibrationState.PROPOSED).count()


def waiting(actor: Actor) -> int:
    """What waits for this person's word in the bank, but for the routes, which can wait."""
    return waiting_contradictions(actor) + waiting_flags(actor) + waiting_calibrations(actor)

"""Suggest points for the routes that have none yet; a person decides (`map_routes`)."""

from __future__ import annotations

from collections.abc import Iterator

from yincai.core.action import action, touched_many
from yincai.core.actors import Actor
from yincai.core.permissions import permission
from yincai.knowledge.actions.tagging import SEPARATOR, Link
from yincai.knowledge.models import SUBJECT, KnowledgePoint, Route, RouteMapping
from yincai.knowledge.policies import WRITERS
from yincai.knowledge.queries import graph
from yincai.knowledge.suggesting import suggest as alike

SUGGEST = permission("knowledge.route.suggest", "为目录找对应的知识点", WRITERS)
AT_ONCE = 150  # routes in one short transaction


def suggest(*, acting_user: Actor) -> int:
    """For each route with items that nobody has looked at; returns how many have a suggestion now."""
    asked = sorted(set(Link.objects.values_list("route_id", flat=True)) - set(_looked_at()))
    made = 0
    for start in range(0, len(asked), AT_ONCE):
        made += suggest_some(asked[start : start + AT_ONCE], acting_user=acting_user)
    return made


def _looked_at() -> Iterator[int]:
    yield from RouteMapping.objects.values_list("route", flat=True).distinct()
    yield from Route.objects.filter(looked=True).values_list("pk", flat=True)


@action(SUGGEST)
def suggest_some(routes: list[int], *, acting_user: Actor) -> int:
    known = graph(SUBJECT)
    points = {row.code: row for row in KnowledgePoint.objects.filter(subject=SUBJECT)}
    grades = _grades(routes)
    rows = []
    for route in Route.objects.filter(pk__in=routes):
        for found in alike(route.path.split(SEPARATOR), known, grades.get(route.pk, ())):
            rows.append(RouteMapping(route=route, point=points[found.point], score=found.score))
    RouteMapping.objects.bulk_create(rows, ignore_conflicts=True)
    Route.objects.filter(pk__in=routes).update(looked=True)
    touched_many(RouteMapping, [f"{row.route_id}:{row.point_id}" for row in rows])
    return len({row.route_id for row in rows})


def _grades(routes: list[int]) -> dict[int, list[int]]:
    """The grades that the sources of a route's items name."""
    found: dict[int, list[int]] = {}
    links = Link.objects.filter(route_id__in=routes, item__grade__isnull=False)
    for route, grade in links.values_list("route_id", "item__grade"):
        found.setdefault(route, []).append(grade)
    return found

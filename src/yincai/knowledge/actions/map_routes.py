"""A person says which of our points a route is: confirm, refuse, choose another, or confirm many that are sure."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched, touched_many
from yincai.core.actors import Actor
from yincai.knowledge import pool
from yincai.knowledge.actions.tagging import Link, follow_routes
from yincai.knowledge.models import KnowledgePoint, MappingState, Route, RouteMapping
from yincai.knowledge.policies import MAP


@action(MAP)
def choose(route: Route, point: KnowledgePoint, *, acting_user: Actor) -> RouteMapping:
    """The route is this point; what else was suggested for it is refused."""
    mapping, _ = RouteMapping.objects.get_or_create(route=route, point=point)
    _decide([mapping], MappingState.CONFIRMED, acting_user)
    _decide(route.mappings.filter(state=MappingState.SUGGESTED), MappingState.REFUSED, acting_user)
    _follow([route.pk])
    return touched(mapping, state=mapping.state)


@action(MAP)
def refuse(route: Route, *, acting_user: Actor) -> Route:
    """None of our points is this route."""
    _decide(route.mappings.all(), MappingState.REFUSED, acting_user)
    Route.objects.filter(pk=route.pk).update(refused=True)
    _follow([route.pk])
    return touched(route, state=MappingState.REFUSED)


@action(MAP)
def reopen(route: Route, *, acting_user: Actor) -> Route:
    """Take a decision back: the suggestions stand again."""
    route.mappings.filter(score=0.0).delete()
    _decide(route.mappings.all(), MappingState.SUGGESTED, acting_user)
    Route.objects.filter(pk=route.pk).update(refused=False)
    _follow([route.pk])
    return touched(route, state=MappingState.SUGGESTED)


@action(MAP)
def confirm_many(mappings: list[int], *, acting_user: Actor) -> int:
    """Confirm the listed suggestions, one for each route; those decided meanwhile are left as they are."""
    open_rows = RouteMapping.objects.filter(pk__in=mappings, state=MappingState.SUGGESTED).select_related("route")
    rows = list(open_rows)
    routes = [row.route_id for row in rows]
    if len(set(routes)) != len(routes):
        raise ActionError("同一条目录选了两个知识点。请只留一个再确认。")
    if not rows:
        changed_nothing()
        return 0
    _decide(rows, MappingState.CONFIRMED, acting_user)
    others = RouteMapping.objects.filter(route__in=routes, state=MappingState.SUGGESTED)
    _decide(others, MappingState.REFUSED, acting_user)
    _follow(routes)
    touched_many(RouteMapping, [row.pk for row in rows], state=MappingState.CONFIRMED)
    return len(rows)


def _decide(rows: Iterable[RouteMapping], state: str, acting_user: Actor) -> None:
    now = timezone.now()
    changed = list(rows)
    for row in changed:
        row.state, row.decided_by, row.decided_at = state, acting_user.account.pk, now
    RouteMapping.objects.bulk_update(changed, ["state", "decided_by", "decided_at"], batch_size=500)


def _follow(routes: list[int]) -> None:
    """Items of these routes practise other points now, so the pool is another one."""
    Route.objects.filter(pk__in=routes, mappings__state=MappingState.CONFIRMED).update(refused=False)
    follow_routes(Link.objects.filter(route_id__in=routes).values_list("item_id", flat=True))
    pool.changed()

"""Hanging items on points: what a file or a person says (`given`), else what confirmed routes say."""

from __future__ import annotations

from collections.abc import Iterable

from yincai.knowledge.intake.draft import MOST_POINTS, Draft
from yincai.knowledge.models import SUBJECT, Item, ItemPoint, KnowledgePoint, MappingState, Route, RouteMapping

SEPARATOR = " / "
Link = Item.routes.through


class Tags:
    """Collects the points and routes of a batch of new items, and writes them at once."""

    def __init__(self, subject: str = SUBJECT) -> None:
        points = KnowledgePoint.objects.filter(subject=subject, retired=False)
        self._points = dict(points.values_list("code", "pk"))
        self._routes: dict[tuple[str, str], Route] = {}
        self._given: list[ItemPoint] = []
        self._along: list[tuple[Item, Route]] = []

    def unknown(self, codes: Iterable[str]) -> list[str]:
        return [code for code in codes if code not in self._points]

    def add(self, item: Item, draft: Draft) -> None:
        for code in dict.fromkeys(draft.points):
            self._given.append(ItemPoint(item=item, point_id=self._points[code], given=True))
        for names in draft.routes:
            self._along.append((item, self._route(draft.hierarchy, names)))

    def _route(self, hierarchy: str, names: list[str]) -> Route:
        """The route along these names, made with all that leads to it."""
        path = SEPARATOR.join(names)[:400]
        if (hierarchy, path) not in self._routes:
            parent = self._route(hierarchy, names[:-1]) if len(names) > 1 else None
            route, _ = Route.objects.get_or_create(
                hierarchy=hierarchy,
                path=path,
                defaults={"name": names[-1][:120], "parent": parent, "depth": len(names)},
            )
            self._routes[hierarchy, path] = route
        return self._routes[hierarchy, path]

    def write(self) -> None:
        ItemPoint.objects.bulk_create(self._given)
        pairs = {(item.pk, route.pk) for item, route in self._along}
        Link.objects.bulk_create([Link(item_id=item, route_id=route) for item, route in sorted(pairs)])
        follow_routes({item for item, _ in pairs} - {tag.item_id for tag in self._given})


def follow_routes(items: Iterable[int]) -> None:
    """Give items the points of their confirmed routes, unless a person has said which points they practise."""
    wanted = set(items)
    wanted -= set(ItemPoint.objects.filter(item__in=wanted, given=True).values_list("item", flat=True))
    ItemPoint.objects.filter(item__in=wanted).delete()
    links = Link.objects.filter(item_id__in=wanted).values_list("item_id", "route_id")
    confirmed: dict[int, list[int]] = {}
    rows = RouteMapping.objects.filter(state=MappingState.CONFIRMED, route__in={route for _, route in links})
    for route, point in rows.order_by("-score").values_list("route", "point"):
        confirmed.setdefault(route, []).append(point)
    points: dict[int, dict[int, None]] = {}
    for item, route in links:
        points.setdefault(item, {}).update(dict.fromkeys(confirmed.get(route, ())))
    ItemPoint.objects.bulk_create(
        ItemPoint(item_id=item, point_id=point) for item, own in points.items() for point in list(own)[:MOST_POINTS]
    )

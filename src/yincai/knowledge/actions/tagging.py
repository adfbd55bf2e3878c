"""Hanging items on points: what a file or a person says (`given`), else what confirmed routes say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yincai.knowledge.intake.draft import MOST_POINTS, Draft
from yincai.knowledge.models import SUBJECT, Item, ItemPoint, KnowledgePoint, MappingState, Route, RouteMapping

SEPARATOR = " / "
Link = Item.routes.through


class Tags:
    """Collects the points and routes of a batch of new items, and writes them at once."""

    def __init__(self, subject: str = SUBJECT) -> None:
        points = KnowledgePoint.objects.filter(subject=subject, retired=False)
        self._points = dict(points.values_list("code", "pk"))
        self._given: list[ItemPoint] = []
        self._along: list[tuple[Item, str, list[str]]] = []

    def unknown(self, codes: Iterable[str]) -> list[str]:
        return [code for code in codes if code not in self._points]

    def add(self, item: Item, draft: Draft) -> None:
        for code in dict.fromkeys(draft.points):
            self._given.append(ItemPoint(item=item, point_id=self._points[code], given=True))
        self._along.extend((item, draft.hierarchy, names) for names in draft.routes)

    def write(self) -> None:
        ItemPoint.objects.bulk_create(self._given)
        routes = _routes({(hierarchy, tuple(names)) for _, hierarchy, names in self._along})
        pairs = {(item.pk, routes[hierarchy, path_of(names)].pk) for item, hierarchy, names in self._along}
        Link.objects.bulk_create([Link(item_id=item, route_id=route) for item, route in sorted(pairs)])
        follow_routes({item for item, _ in pairs} - {tag.item_id for tag in self._given})


def path_of(names: Sequence[str]) -> str:
    return SEPARATOR.join(names)[:400]


def _routes(wanted: set[tuple[str, tuple[str, ...]]]) -> dict[tuple[str, str], Route]:
    """The routes along these names, made with all that leads to them."""
    steps = {(one, names[:end]) for one, names in wanted for end in range(1, len(names) + 1)}
    paths = {path_of(names) for _, names in steps}
    found = {(row.hierarchy, row.path): row for row in Route.objects.filter(path__in=paths)}
    for depth in range(1, max((len(names) for _, names in steps), default=0) + 1):
        new = [
            Route(
                hierarchy=one,
                path=path_of(names),
                name=names[-1][:120],
                parent=found[one, path_of(names[:-1])] if depth > 1 else None,
                depth=depth,
            )
            for one, names in sorted(steps)
            if len(names) == depth and (one, path_of(names)) not in found
        ]
        found |= {(row.hierarchy, row.path): row for row in Route.objects.bulk_create(new)}
    return found


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

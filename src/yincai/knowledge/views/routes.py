"""Foreign hierarchies, mapped to our points: suggestions, one by one or many at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Max, Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from yincai.core.action import form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.actions.map_routes import choose, confirm_many, refuse, reopen
from yincai.knowledge.forms import point_code
from yincai.knowledge.models import KnowledgePoint, MappingState, Route, RouteMapping
from yincai.knowledge.policies import MAP
from yincai.knowledge.queries import open_routes
from yincai.knowledge.suggesting import SURE, how_alike
from yincai.knowledge.views.common import paged, say_of

SHOWN = {"sure": "很像的建议", "open": "其余待定", "done": "已确认", "refused": "不对应"}
BULK = 50


@requires(MAP)
def routes(request: Request) -> HttpResponse:
    state = request.GET.get("show", "")
    sure = _sure().count()
    if state not in SHOWN:
        state = "sure" if sure else "open"
    rows = _listed(state, request.GET.get("q", ""))
    page = paged(request, rows, BULK if state == "sure" else 30)
    for row in page:
        row.ranked = [_Ranked(mapping) for mapping in row.ranked_mappings]  # type: ignore[attr-defined]
    values: dict[str, Any] = {
        "page": page,
        "state": state,
        "tabs": [(name, label, _listed(name, "").count()) for name, label in SHOWN.items()],
        "points": KnowledgePoint.objects.filter(retired=False),
        "left": open_routes().count(),
    }
    return render(request, "knowledge/routes.html", values)


class _Ranked:
    """A mapping with the words for how alike it is."""

    def __init__(self, mapping: RouteMapping) -> None:
        self.mapping = mapping
        self.point = mapping.point
        self.alike = how_alike(mapping.score) if mapping.score else "人选"


def _sure() -> QuerySet[Route]:
    likely = RouteMapping.objects.filter(state=MappingState.SUGGESTED, score__gte=SURE)
    return open_routes().filter(pk__in=likely.values("route"))


def _listed(state: str, words: str) -> QuerySet[Route]:
    if state == "sure":
        rows = _sure()
    elif state == "open":
        rows = open_routes().exclude(pk__in=_sure().values("pk"))
    elif state == "done":
        rows = Route.objects.filter(mappings__state=MappingState.CONFIRMED).distinct()
    else:
        rows = Route.objects.filter(refused=True)
    if words.strip():
        rows = rows.filter(path__contains=words.strip())
    mappings = RouteMapping.objects.exclude(state=MappingState.REFUSED).select_related("point").order_by("-score")
    return (
        rows.annotate(count=Count("items", distinct=True), best=Max("mappings__score"))
        .prefetch_related(Prefetch("mappings", mappings, to_attr="ranked_mappings"))
        .order_by("-count", "-best", "pk")
    )


@requires(MAP)
@require_POST
def confirm(request: Request) -> HttpResponse:
    """Confirm all suggestions that are ticked on the page."""
    ticked = [int(pk) for pk in request.POST.getlist("mapping") if pk.isdigit()]
    done = say_of(
        request,
        lambda: confirm_many(ticked, acting_user=request.actor, key=form_key(request)),
        f"已确认 {len(ticked)} 条，这些目录下的题现在可以用于自适应练习。",
    )
    if done == 0:
        messages.info(request, "没有选中任何建议。")
    return redirect(f"{request.path.removesuffix('confirm')}?show=sure")


@requires(MAP)
@require_POST
def decide(request: Request, pk: int) -> HttpResponse:
    """One route: a suggested or typed point, none of ours, or back to undecided."""
    row = get_object_or_404(Route, pk=pk)
    said, verdict = request.POST.get("point", ""), request.POST.get("verdict", "")
    actor, key = request.actor, form_key(request)
    if verdict == "refuse":
        say_of(request, lambda: refuse(row, acting_user=actor, key=key), f"“{row.name}”记为不对应。")
    elif verdict == "reopen":
        say_of(request, lambda: reopen(row, acting_user=actor, key=key), f"“{row.name}”放回待定。")
    else:
        point = KnowledgePoint.objects.filter(retired=False, code=point_code(said)).first()
        if point is None:
            messages.error(request, f"“{row.name}”：没有“{said}”这个知识点，请从列表里选。")
        else:
            say_of(request, lambda: choose(row, point, acting_user=actor, key=key), f"“{row.name}”对应“{point.name}”。")
    if request.htmx:
        return _row(request, row)
    return redirect(request.POST.get("back") or "knowledge-routes")


def _row(request: Request, row: Route) -> HttpResponse:
    """The decided row alone, so that the list stays where it is."""
    mappings = row.mappings.exclude(state=MappingState.REFUSED).select_related("point").order_by("-score")
    row.refresh_from_db()
    values = {"route": row, "ranked": [_Ranked(mapping) for mapping in mappings], "decided": True}
    return render(request, "knowledge/_route.html", values)

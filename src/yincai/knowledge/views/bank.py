"""Finding items, looking at one, writing one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from yincai.core import files
from yincai.core.action import form_key
from yincai.core.http import Request
from yincai.core.models import StoredFile
from yincai.core.permissions import SIGNED_IN, requires
from yincai.knowledge.actions.regrade import may_regrade
from yincai.knowledge.actions.write import create, revise, set_points, set_status
from yincai.knowledge.forms import POINT_FIELDS, ItemForm, initial_of, point_code, point_label
from yincai.knowledge.intake.same import fold
from yincai.knowledge.models import (
    ImportedRow,
    Item,
    ItemFlag,
    ItemKind,
    ItemPoint,
    ItemStatus,
    ItemVersion,
    KnowledgePoint,
    MappingState,
    Outcome,
    RouteMapping,
)
from yincai.knowledge.policies import FIND, WRITE
from yincai.knowledge.queries import graph
from yincai.knowledge.views.common import Shown, form_of, item_of, paged, say_of, shown

BANDS = {"easy": ("偏易", -9.0, -0.4), "middle": ("中等", -0.4, 0.7), "hard": ("偏难", 0.7, 9.0)}
TAGGED = {"yes": "有知识点", "no": "还没有知识点"}


@requires(FIND)
def items(request: Request) -> HttpResponse:
    found = _found(request.GET)
    page = paged(request, found.order_by("-pk"))
    values = {
        "page": page,
        "shown": shown(list(page.object_list)),
        "total": page.paginator.count,
        "kinds": ItemKind.choices,
        "statuses": ItemStatus.choices,
        "bands": [(name, band[0]) for name, band in BANDS.items()],
        "tagged": TAGGED.items(),
        "collections": _collections(),
        "units": _units(),
        "filtered": any(request.GET.get(name) for name in FILTERS),
        "narrowed": any(request.GET.get(name) for name in ("band", "tagged", "collection", "status")),
        "may_write": WRITE.held_by(request.actor),
    }
    return render(request, "knowledge/items.html", values)


FILTERS = ("q", "kind", "status", "band", "tagged", "collection", "unit", "point")


def _found(wanted: Any) -> QuerySet[Item]:
    """Items in scope that fit what was asked for; retired ones only when asked for."""
    rows = Item.objects.prefetch_related("points")
    status = wanted.get("status", "")
    rows = rows.filter(status=status) if status in ItemStatus.values else rows.exclude(status=ItemStatus.RETIRED)
    for name in ("kind", "collection"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    if wanted.get("band") in BANDS:
        _, least, most = BANDS[wanted["band"]]
        rows = rows.filter(difficulty__gte=least, difficulty__lt=most)
    if wanted.get("unit"):
        rows = rows.filter(pk__in=ItemPoint.objects.filter(point__unit=wanted["unit"]).values("item"))
    if wanted.get("point"):
        rows = rows.filter(pk__in=ItemPoint.objects.filter(point__code=point_code(wanted["point"])).values("item"))
    if wanted.get("tagged") in TAGGED:
        tagged = Q(pk__in=ItemPoint.objects.values("item"))
        rows = rows.filter(tagged if wanted["tagged"] == "yes" else ~tagged)
    return _with_words(rows, wanted.get("q", ""))


def _with_words(rows: QuerySet[Item], said: str) -> QuerySet[Item]:
    """Each word must stand in the text, or the whole is an item's code or its source."""
    words = [fold(word).lower() for word in said.split()]
    if not words:
        return rows
    text = Q()
    for word in words:
        text &= Q(plain__contains=word)
    return rows.filter(text | Q(code__iexact=said.strip()) | Q(versions__source__icontains=said.strip())).distinct()


def _collections() -> list[str]:
    return list(
        Item.objects.exclude(collection="").order_by("collection").values_list("collection", flat=True).distinct()
    )


def _units() -> list[tuple[str, str]]:
    return [(unit.code, unit.label) for unit in graph().units.values()]


@requires(FIND)
def item(request: Request, pk: int) -> HttpResponse:
    row = item_of(Item.objects.prefetch_related("points", "routes"), pk)
    seed = request.GET.get("seed", "")
    version = get_object_or_404(ItemVersion, item=row, number=request.GET.get("version") or row.version)
    values = {
        "item": row,
        "shown": Shown(row, version, int(seed) if seed.isdecimal() else None),
        "versions": row.versions.order_by("-number"),
        "is_current": version.number == row.version,
        "linked": Item.objects.filter(text_digest=row.text_digest).exclude(pk=row.pk) if row.text_digest else [],
        "aliases": ImportedRow.objects.filter(item=row, outcome=Outcome.ALIAS).count(),
        "flags": ItemFlag.objects.filter(item=row, closed_at=None),
        "given": row.tags.filter(given=True).exists(),
        "routes": _routes(row),
        "slots": [point_label(point.code) for point in row.points.all()] + [""] * POINT_FIELDS,
        "points": KnowledgePoint.objects.filter(retired=False),
        "may_write": WRITE.can(request.actor, row),
    }
    values["slots"] = values["slots"][: max(POINT_FIELDS, row.points.count())]  # type: ignore[index]
    return render(request, "knowledge/item.html", values)


def _routes(row: Item) -> list[tuple[str, str]]:
    """The routes of the source, each with the point that a person has found for it."""
    mappings = RouteMapping.objects.filter(route__in=row.routes.all(), state=MappingState.CONFIRMED)
    names = dict(mappings.values_list("route", "point__name"))
    return [(route.path, names.get(route.pk, "")) for route in row.routes.all()]


@requires(WRITE)
def new(request: Request) -> HttpResponse:
    form = ItemForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        made = form_of(
            form, lambda: create(_with_image(form, request, []), acting_user=request.actor, key=form_key(request))
        )
        if made:
            messages.success(request, f"已存为 {made.code}。")
            return redirect("knowledge-item", made.pk)
    return _form_page(request, form, "编一道新题", reverse("knowledge-items"))


@requires(WRITE)
def edit(request: Request, pk: int) -> HttpResponse:
    row = item_of(WRITE.filter(request.actor, Item.objects.filter(generator="")), pk)
    older = row.versions.get(number=row.version)
    codes = list(row.points.filter(tags__given=True, tags__item=row).values_list("code", flat=True))
    form = ItemForm(request.POST or None, request.FILES or None, initial=initial_of(row, older, codes))
    if request.method == "POST" and form.is_valid():
        draft = _with_image(form, request, older.images)
        newer = form_of(
            form,
            lambda: revise(row, draft, form.cleaned_data["why"], acting_user=request.actor, key=form_key(request)),
        )
        if newer:
            _after_edit(request, row, older, newer)
            return redirect("knowledge-item", row.pk)
    return _form_page(request, form, f"改 {row.code}", reverse("knowledge-item", args=[row.pk]), row)


def _after_edit(request: Request, row: Item, older: ItemVersion, newer: ItemVersion) -> None:
    if may_regrade(older, newer):
        messages.success(
            request, f"已存为第 {newer.number} 版。答案改了，以前的作答正在按新答案重判，有关的师生会收到通知。"
        )
    else:
        messages.success(request, f"已存为第 {newer.number} 版；以前的作答仍按当时的版本算。")


def _with_image(form: ItemForm, request: Request, kept: list[dict[str, str]]) -> Any:
    """The draft with its picture: a new one is kept as a file first, the old one stays unless it is taken off."""
    upload, images = form.cleaned_data["image"], kept
    if request.POST.get("no_image"):
        images = []
    if upload:
        stored = files.keep_file(
            upload.name,
            upload.read(),
            files.IMAGES,
            personal=False,
            owner=None,
            place=request.actor.place,
            acting_user=request.actor,
        )
        images = [{"file": str(stored.pk), "alt": form.cleaned_data["alt"]}]
    return form.draft(images)


def _form_page(request: Request, form: ItemForm, title: str, back: str, row: Item | None = None) -> HttpResponse:
    values = {
        "form": form,
        "title": title,
        "back": back,
        "item": row,
        "images": row.versions.get(number=row.version).images if row else [],
        "points": KnowledgePoint.objects.filter(retired=False),
    }
    return render(request, "knowledge/edit.html", values, status=422 if form.errors else 200)


@requires(WRITE)
@require_POST
def points(request: Request, pk: int) -> HttpResponse:
    row = item_of(WRITE.filter(request.actor, Item.objects.all()), pk)
    codes = [point_code(said) for said in request.POST.getlist("point") if said.strip()]
    say_of(request, lambda: set_points(row, codes, acting_user=request.actor, key=form_key(request)), "知识点已更新。")
    return redirect("knowledge-item", pk)


@requires(WRITE)
@require_POST
def status(request: Request, pk: int) -> HttpResponse:
    row = item_of(WRITE.filter(request.actor, Item.objects.all()), pk)
    wanted = request.POST.get("status")
    if wanted not in (ItemStatus.READY, ItemStatus.RETIRED):
        raise Http404
    done = "已停用，不会再出给学生。" if wanted == ItemStatus.RETIRED else "已启用。"
    say_of(request, lambda: set_status(row, wanted, acting_user=request.actor, key=form_key(request)), done)
    return redirect("knowledge-item", pk)


@requires(SIGNED_IN)
def image(request: Request, file: UUID) -> HttpResponse:
    """A picture of an item, for whoever stands where the item is shown."""
    row = get_object_or_404(StoredFile.objects.filter(personal=False, media_type__in=files.IMAGES.types), pk=file)
    response = HttpResponse(files.read_file(row), content_type=row.media_type)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response

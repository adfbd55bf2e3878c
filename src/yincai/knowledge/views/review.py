"""What waits for a person: items with contradictory keys, and reports of 题目有误."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from yincai.core.action import form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.actions.decide import decide
from yincai.knowledge.actions.flag import close_flag, raise_flag
from yincai.knowledge.forms import CloseForm, FlagForm
from yincai.knowledge.models import Contradiction, Item, ItemFlag, ItemStatus, ItemVersion
from yincai.knowledge.policies import CLOSE, DECIDE, FIND, FLAG
from yincai.knowledge.views.common import Shown, form_of, item_of, paged, say_of, shown

HOME = "/"


@requires(DECIDE)
def held(request: Request) -> HttpResponse:
    """Pairs with the same text and options and another key, one under another."""
    waiting = DECIDE.filter(request.actor, Contradiction.objects.filter(decided_at=None)).order_by("pk")
    page = paged(request, waiting.select_related("first", "second"), 10)
    pairs = []
    for row in page:
        both = shown([row.first, row.second])
        if len(both) == 2:
            pairs.append((row, *both))
    return render(request, "knowledge/held.html", {"page": page, "pairs": pairs, "total": page.paginator.count})


@requires(DECIDE)
@require_POST
def settle(request: Request, pk: int) -> HttpResponse:
    row = DECIDE.filter(request.actor, Contradiction.objects.filter(pk=pk)).first()
    if row is None:
        raise Http404
    chosen = request.POST.get("keep", "")
    kept = Item.objects.filter(pk=chosen).first() if chosen.isdigit() else None
    say_of(
        request,
        lambda: decide(row, kept, request.POST.get("why", ""), acting_user=request.actor, key=form_key(request)),
        f"已裁定，保留 {kept.code}。" if kept else "已裁定，两道都停用。",
    )
    return redirect("knowledge-held")


@requires(FLAG)
def flag(request: Request, pk: int) -> HttpResponse:
    """Report an item: the question as it was shown, and what is wrong with it."""
    row = item_of(Item.objects.exclude(status=ItemStatus.HELD), pk)
    if row.status == ItemStatus.DRAFT and not FIND.held_by(request.actor):
        raise Http404
    asked = request.GET if request.method == "GET" else request.POST
    version = ItemVersion.objects.filter(item=row, number=_number(asked.get("version")) or row.version).first()
    if version is None:
        raise Http404
    seed, back = _number(asked.get("seed")) if row.generator else None, _back(request)
    form = FlagForm(request.POST or None, initial={"version": version.number, "seed": seed})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = form_of(
            form,
            lambda: raise_flag(
                row,
                version.number,
                seed,
                data["reason"],
                data["words"],
                acting_user=request.actor,
                key=form_key(request),
            ),
        )
        if made:
            messages.success(request, "收到了，谢谢。老师看过以后会有通知。")
            return redirect(back if back != HOME else "knowledge-said")
    question = Shown(row, version, seed)
    values = {"form": form, "shown": question, "back": back}
    return render(request, "knowledge/flag.html", values, status=422 if form.errors else 200)


def _back(request: Request) -> str:
    """Where the person came from, if that is a page of ours: a pupil goes on with the practice."""
    said = request.POST.get("back") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, {request.get_host()}, require_https=request.is_secure()):
        return HOME
    path = urlsplit(said).path
    return HOME if path == request.path else path


def _number(said: str | None) -> int | None:
    try:
        found = int(said or "")
    except ValueError:
        return None
    return found if 0 <= found < 2**63 else None


@requires(FLAG)
def said(request: Request) -> HttpResponse:
    """My own reports and what became of them."""
    rows = ItemFlag.objects.filter(person=request.actor.person).select_related("item").order_by("-at")
    return render(request, "knowledge/said.html", {"page": paged(request, rows)})


@requires(CLOSE)
def flags(request: Request) -> HttpResponse:
    waiting = CLOSE.filter(request.actor, ItemFlag.objects.filter(closed_at=None)).select_related("item")
    page = paged(request, waiting.order_by("at"), 10)
    versions = {
        (row.item_id, row.number): row for row in ItemVersion.objects.filter(item__in={flag.item_id for flag in page})
    }
    rows = [
        (row, Shown(row.item, versions[row.item_id, row.version], row.seed))
        for row in page
        if (row.item_id, row.version) in versions
    ]
    return render(
        request,
        "knowledge/flags.html",
        {"page": page, "rows": rows, "total": page.paginator.count, "form": CloseForm()},
    )


@requires(CLOSE)
@require_POST
def close(request: Request, pk: object) -> HttpResponse:
    row = CLOSE.filter(request.actor, ItemFlag.objects.filter(pk=pk)).first()
    if row is None:
        raise Http404
    form = CloseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请选一个处理结果。")
        return redirect("knowledge-flags")
    data = form.cleaned_data
    say_of(
        request,
        lambda: close_flag(row, data["end"], data["answer"], acting_user=request.actor, key=form_key(request)),
        "已回复报错的人。",
    )
    return redirect("knowledge-flags")

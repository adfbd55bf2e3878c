"""题目参数: what is known of each item, where the bank is thin, and the calibrations a person decides about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.exports import Cell, Column, Linked, Sheet, export, wanted_format
from yincai.core.figures import signed
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.actions.calibrate import begin_calibration, decide_calibration
from yincai.knowledge.calibration import DRIFTED, FEWEST
from yincai.knowledge.model_cards import metrics_of
from yincai.knowledge.models import SUBJECT, Calibration, Item
from yincai.knowledge.parameters import Stock, calibration_in_use, parameters_of, stock_of_stages, thin_units
from yincai.knowledge.policies import CALIBRATE, FIND
from yincai.knowledge.pool import pool
from yincai.knowledge.priors import prior_of
from yincai.knowledge.queries import graph
from yincai.knowledge.views.common import paged
from yincai.measurement.fairness import failures

SHOWN, MOVED = 40, 60


@dataclass(frozen=True)
class ItemRow:
    """An item's parameters, prior and in use."""

    item: int
    code: str
    points: str
    before: str
    now: str
    slope: str
    guess: str
    n: int


@require_GET
@requires(FIND)
def parameters(request: Request) -> HttpResponse:
    choices = pool(SUBJECT, request.actor.place)
    rows = _rows(choices)
    if form := wanted_format(request):
        return export(_sheet(rows), form, acting_user=request.actor)
    stages = stock_of_stages(choices)
    thin = thin_units(choices)
    bare = sum(len(unit.none) for unit in thin)
    context = {
        "stages": stages,
        "thin": thin,
        "finding": _finding(stages, bare),
        "points_none": bare,
        "points_few": sum(len(unit.few) for unit in thin),
        "in_use": calibration_in_use(),
        "calibrations": Calibration.objects.filter(subject=SUBJECT)[:10],
        "page": paged(request, rows, SHOWN),
        "calibrated": sum(row.n > 0 for row in rows),
        "may_calibrate": CALIBRATE.held_by(request.actor),
        "fewest": FEWEST,
    }
    return render(request, "knowledge/parameters.html", context)


def _finding(stages: list[Stock], bare: int) -> str:
    few = [stage for stage in stages if stage.few]
    if few:
        return f"{'、'.join(stage.name for stage in few)}的题还不够做摸底"
    return "每个学段都有够用的题来做摸底" + (f"，但有 {bare} 个知识点还没有题" if bare else "")


def _rows(choices: Any) -> list[ItemRow]:
    prior, now = prior_of(choices), parameters_of(choices)
    codes = dict(Item.objects.filter(subject=SUBJECT).values_list("pk", "code"))
    known = graph(SUBJECT).by_slot
    found = []
    for place, item in enumerate(choices.items.tolist()):
        points = [known[int(slot)].name for slot in choices.slots[place] if int(slot) in known]
        found.append(
            ItemRow(
                item,
                codes.get(item, str(item)),
                "、".join(points),
                f"{signed(prior.b[place], 2)} ± {prior.se_b[place]:.2f}",
                f"{signed(now.b[place], 2)} ± {now.se_b[place]:.2f}" if now.n[place] else "",
                f"{now.a[place]:.2f} ± {now.se_a[place]:.2f}",
                f"{now.c[place]:.2f}",
                int(now.n[place]),
            )
        )
    return found


def _sheet(rows: list[ItemRow]) -> Sheet:
    columns = [
        Column("题目"),
        Column("知识点"),
        Column("先验难度 ± 标准误"),
        Column("校准难度 ± 标准误"),
        Column("区分度 ± 标准误"),
        Column("猜对率"),
        Column("作答数", "number"),
    ]
    cells: list[list[Cell | Linked]] = [
        [row.code, row.points, row.before, row.now, row.slope, row.guess, row.n] for row in rows
    ]
    return Sheet("题目参数", columns, cells)


@require_POST
@requires(CALIBRATE)
def start(request: Request) -> HttpResponse:
    try:
        row = begin_calibration(acting_user=request.actor, key=form_key(request))
    except ActionError as error:
        messages.error(request, str(error))
        return redirect("knowledge-parameters")
    return redirect("knowledge-calibration", row.pk)


@require_GET
@requires(FIND)
def calibration(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Calibration, pk=pk)
    return _calibration_page(request, row)


def _calibration_page(request: Request, row: Calibration, problem: str = "", status: int = 200) -> HttpResponse:
    moved = row.rows.filter(drift__isnull=False, item__in=Item.objects.values("pk")).select_related("item")
    far = sorted((one for one in moved if abs(one.drift or 0) > DRIFTED), key=lambda one: -abs(one.drift or 0))
    context = {
        "row": row,
        "evidence": row.evidence,
        "moved": far[:MOVED],
        "may_decide": CALIBRATE.held_by(request.actor) and row.state == "proposed",
        "beyond": failures(metrics_of(row)),
        "problem": problem,
        "why": request.POST.get("why", ""),
        "drifted": DRIFTED,
    }
    template = "knowledge/_calibration.html" if request.htmx else "knowledge/calibration.html"
    return render(request, template, context, status=status)


@require_POST
@requires(CALIBRATE)
def decide(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Calibration, pk=pk)
    use = request.POST.get("use") == "yes"
    try:
        decide_calibration(row, use, request.POST.get("why", ""), acting_user=request.actor, key=form_key(request))
    except ActionError as error:
        return _calibration_page(request, row, str(error), 400)
    done = "已采用：从下一道题起按它选题。" if use else "没有采用，题目参数不变。"
    messages.success(request, done)
    return redirect("knowledge-parameters")

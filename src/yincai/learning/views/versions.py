"""Which numbers practice is traced with: the set in use, one that waits for a decision, and those there were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.core.scope import unscoped
from yincai.indicators.cards import Metric, name_of
from yincai.indicators.policies import SEE_MODELS
from yincai.learning.actions.versions import OPEN, begin_refit, drop_version, metrics_of, use_version
from yincai.learning.models import ModelVersion, VersionState
from yincai.learning.policies import SWITCH_MODEL
from yincai.learning.tracing.refit import FEWEST, PUPILS
from yincai.learning.tracing.versions import NEWEST, SHIPPED, SUBJECT, name_in_use
from yincai.measurement.fairness import failures
from yincai.records.folds import FOLDS
from yincai.records.models import LearnerState, StateDraft
from yincai.records.versions import active, versions_of

SHOWN = 12


@dataclass(frozen=True)
class Line:
    """One set. `decided`: who decided, when and why, in words; `back`: one may go back to it."""

    name: str
    label: str
    state: str
    made: datetime | None
    said: str
    decided: str
    back: bool


@dataclass(frozen=True)
class Moving:
    """The states go over to the numbers in use: how many of how many are ready."""

    done: int
    total: int


@require_GET
@requires(SEE_MODELS)
def versions(request: Request) -> HttpResponse:
    return _page(request)


def _page(request: Request, problem: str = "", status: int = 200) -> HttpResponse:
    rows = list(ModelVersion.objects.defer("content").filter(subject=SUBJECT)[:SHOWN])
    waiting = next((row for row in rows if row.state in OPEN), None)
    in_use = name_in_use()
    context: dict[str, Any] = {
        "lines": _lines(rows, in_use),
        "in_use": next((row.label for row in rows if row.name == in_use), f"出厂的 {in_use}"),
        "waiting": waiting,
        "proposed": _proposed(waiting),
        "moving": _moving(),
        "may_switch": SWITCH_MODEL.held_by(request.actor),
        "problem": problem,
        "why": request.POST.get("why", ""),
        "fewest": FEWEST,
        "pupils": PUPILS,
    }
    template = "learning/_versions.html" if request.htmx else "learning/versions.html"
    return render(request, template, context, status=status)


def _proposed(row: ModelVersion | None) -> dict[str, Any] | None:
    """What a person looks at before deciding."""
    if row is None or row.state != VersionState.PROPOSED:
        return None
    metrics: list[Metric] = metrics_of(row)
    return {"metrics": metrics, "against": [*failures(metrics), *row.evidence.get("findings", [])], **row.evidence}


def _lines(rows: list[ModelVersion], in_use: str) -> list[Line]:
    there = {row.name for row in rows}
    unused = [name for name in SHIPPED if name not in there]
    lines = [_line(row) for row in rows]
    return lines + [
        Line(
            name,
            f"出厂的 {name}",
            VersionState.IN_USE.label if name == in_use else VersionState.RETIRED.label,
            None,
            "随软件出厂，在模拟学生上拟合",
            "",
            name != in_use,
        )
        for name in unused
        if name in (in_use, NEWEST)
    ]


def _line(row: ModelVersion) -> Line:
    decided = ""
    if row.decided_by and row.decided_at:
        decided = f"{name_of(row.decided_by)}，{timezone.localtime(row.decided_at):%Y-%m-%d}：{row.why}"
    back = row.state == VersionState.RETIRED
    return Line(row.name, row.label, row.get_state_display(), row.made_at, _said(row), decided, back)


def _said(row: ModelVersion) -> str:
    if row.message:
        return row.message
    if not row.evidence:
        return "随软件出厂，在模拟学生上拟合" if row.name in SHIPPED else ""
    one = row.evidence
    return (
        f"{row.pupils:,} 名学生的 {row.facts:,} 次作答；留出的学生每题对数损失改善 {one['gain']:.4f}"
        f"（{one['low']:.4f} 到 {one['high']:.4f}）"
    )


def _moving() -> Moving | None:
    wanted = FOLDS[SUBJECT].versions
    if versions_of(active(SUBJECT).pk) == wanted:
        return None
    chosen = {"version__model": wanted.model, "version__parameters": wanted.parameters, "version__graph": wanted.graph}
    with unscoped("how many states have gone over, of everybody"):
        total = LearnerState.objects.filter(subject=SUBJECT).count()
        drafts = StateDraft.objects.filter(version__subject=SUBJECT, **chosen).count()
        done = LearnerState.objects.filter(subject=SUBJECT, **chosen).count()
    return Moving(max(drafts, done), total)


@require_POST
@requires(SWITCH_MODEL)
def refit(request: Request) -> HttpResponse:
    try:
        begin_refit(acting_user=request.actor, key=form_key(request))
        messages.success(request, "已开始在后台拟合，通常几分钟；算完会通知您。")
    except ActionError as error:
        messages.error(request, str(error))
    return redirect("learning-versions")


@require_POST
@requires(SWITCH_MODEL)
def decide(request: Request) -> HttpResponse:
    name, why, use = request.POST.get("name", ""), request.POST.get("why", ""), request.POST.get("use") == "yes"
    try:
        if use:
            use_version(name, why, acting_user=request.actor, key=form_key(request))
        else:
            drop_version(name, why, acting_user=request.actor, key=form_key(request))
    except ActionError as error:
        return _page(request, str(error), 400)
    messages.success(request, "已换上，学习状态在后台逐个重算，作答照常。" if use else "没有换，在用的模型不变。")
    return redirect("learning-versions")

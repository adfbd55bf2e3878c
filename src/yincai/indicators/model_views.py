"""Pages of models: what is in use, one model's card, and, for the city, whether it is right for everybody."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from yincai.core.action import ActionError
from yincai.core.exports import export, wanted_format
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.indicators.actions.audit_model import audit_now
from yincai.indicators.auditing import month_said
from yincai.indicators.cards import MODELS, UNSURE, Card, Model, last_audit, models
from yincai.indicators.fairness_words import fairness_said
from yincai.indicators.item_words import items_finding, items_sheet
from yincai.indicators.models import ModelAudit
from yincai.indicators.policies import AUDIT_MODELS, SEE_ITEMS, SEE_MODELS

LOOKS = 60  # of a page that waits for an audit, one every five seconds


@require_GET
@requires(SEE_MODELS)
def index(request: Request) -> HttpResponse:
    cards = [model.card() for model in models()]
    return render(request, "indicators/models.html", {"cards": cards, "finding": finding_of(cards)})


def finding_of(cards: list[Card]) -> str:
    failing = [card for card in cards if card.failing]
    if failing:
        return f"“{failing[0].label}”没有达到它的界限" + (
            f"，共 {len(failing)} 个这样的模型" if len(failing) > 1 else ""
        )
    unsure = sum(card.status == UNSURE for card in cards)
    more = f"，{unsure} 个数据还不够判断" if unsure else ""
    return f"{len(cards)} 个模型在用，没有一个超出界限{more}" if cards else "还没有登记模型"


@require_GET
@requires(SEE_MODELS)
def model(request: Request, code: str) -> HttpResponse:
    found = _model(code)
    row = last_audit(code) if found.predictions else None
    values = {
        "waiting": _waiting(request, row),
        "card": found.card(),
        "versions": found.versions,
        "predicts": found.predictions is not None,
        "may_audit": AUDIT_MODELS.held_by(request.actor),
        "sees_items": SEE_ITEMS.held_by(request.actor),
        "audit": row,
        "said": fairness_said(row) if row else None,
        "until": _day(row) if row else "",
    }
    return render(request, "indicators/model.html", values)


def _waiting(request: Request, row: ModelAudit | None) -> str:
    """Where the page looks next for the audit that was asked for, which comes after the one it names; for five minutes
    at most, for an audit with too few answers leaves nothing but a notice."""
    looks = request.GET.get("looks", "")
    if request.GET.get("after") != _name_of(row) or not looks.isdecimal() or int(looks) >= LOOKS:
        return ""
    return f"{request.path}?{urlencode({'after': _name_of(row), 'looks': int(looks) + 1})}"


def _name_of(row: ModelAudit | None) -> str:
    return str(row.pk) if row else "none"


def _day(row: ModelAudit) -> str:
    """Up to when there were answers."""
    drift = row.report["drift"]
    if not drift:
        return ""
    end = drift[-1]["end"]
    return month_said(end) if row.report.get("monthly") else f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d}"


@require_GET
@requires(SEE_ITEMS)
def items(request: Request, code: str) -> HttpResponse:
    """Is an item harder for a group than its prediction says, or has it changed."""
    found = _model(code)
    row = last_audit(code) if found.predictions else None
    sheet = items_sheet(found.card(), row) if row and "dif" in row.report else None
    if sheet and (form := wanted_format(request)):
        return export(sheet, form, acting_user=request.actor)
    values = {"card": found.card(), "audit": row, "sheet": sheet, "finding": items_finding(row) if row else ""}
    return render(request, "indicators/items.html", values)


@require_POST
@requires(AUDIT_MODELS)
def audit(request: Request, code: str) -> HttpResponse:
    before = _name_of(last_audit(code))
    try:
        audit_now(_model(code), acting_user=request.actor)
    except ActionError as problem:
        messages.error(request, str(problem))
        return redirect("indicators-model", code)
    return redirect(f"{reverse('indicators-model', args=[code])}?{urlencode({'after': before, 'looks': 0})}#audit")


def _model(code: str) -> Model:
    if code not in MODELS:
        raise Http404
    return MODELS[code]

"""The bank's tabs: where one may go, and how much waits there for a decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from yincai.core.actors import Actor
from yincai.core.permissions import Permission
from yincai.knowledge import queries
from yincai.knowledge.policies import CLOSE, DECIDE, FIND, IMPORT, MAP

register = template.Library()
Waiting = Callable[[Actor], int]
PLACES: tuple[tuple[str, str, str, Permission, Waiting | None], ...] = (
    ("items", "题目", "knowledge-items", FIND, None),
    ("routes", "目录对应", "knowledge-routes", MAP, lambda actor: queries.unmapped_routes()),
    ("held", "待裁定", "knowledge-held", DECIDE, queries.waiting_contradictions),
    ("flags", "报错", "knowledge-flags", CLOSE, queries.waiting_flags),
    ("parameters", "题目参数", "knowledge-parameters", FIND, queries.waiting_calibrations),
    ("import", "导入", "knowledge-import", IMPORT, None),
)


@register.inclusion_tag("knowledge/_tabs.html", takes_context=True)
def bank_tabs(context: Context, here: str) -> dict[str, Any]:
    actor: Actor = context["request"].actor
    tabs = [
        {"here": name == here, "label": label, "address": reverse(url), "waiting": waiting(actor) if waiting else 0}
        for name, label, url, needed, waiting in PLACES
        if needed.held_by(actor)
    ]
    return {"tabs": tabs}

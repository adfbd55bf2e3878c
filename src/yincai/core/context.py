"""What the shell needs on every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from yincai.core.navigation import SHELL_PARTS, rail_for


def shell(request: HttpRequest) -> dict[str, Any]:
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"actor": None}
    return {
        "actor": actor,
        "rail": SimpleLazyObject(lambda: rail_for(actor, request.path)),
        "shell_parts": SHELL_PARTS,
    }

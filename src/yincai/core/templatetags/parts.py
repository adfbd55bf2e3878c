"""Small parts used by every template; a template builtin."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from yincai.core.ids import new_id

register = template.Library()


@register.simple_tag
def form_key() -> SafeString:
    """A hidden idempotency key: a form sent twice acts once."""
    return format_html('<input type="hidden" name="form_key" value="{}">', new_id())


@register.filter
def percent(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.0f}%"


@register.filter
def lookup(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)

"""The parts that every template may use; a template builtin (nothing to load)."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.core.paginator import Page
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from yincai.core.exports import Sheet, page_cells
from yincai.core.figures import Figure, chance_text, percent_text
from yincai.core.ids import new_id
from yincai.core.navigation import ShellPart, signin_notes_for

register = template.Library()

LEVELS = (("", "未学"), (" s", "起步"), (" g", "成长"), (" f", "掌握"))


@register.simple_tag
def form_key() -> SafeString:
    """A hidden idempotency key: a form sent twice acts once."""
    return format_html('<input type="hidden" name="form_key" value="{}">', new_id())


@register.filter
def percent(value: float | None) -> str:
    return percent_text(value)


@register.filter
def thousands(value: int) -> str:
    return f"{value:,}"


@register.filter
def chance(value: float) -> str:
    return chance_text(value)


@register.filter
def lookup(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def interval(figure: Any) -> str:
    """`62%（55–69%，40 人）` of anything with value, low, high and n; in words where there are too few."""
    if isinstance(figure, Figure):
        return figure.said
    return Figure(figure.value, figure.low, figure.high, figure.n).said


@register.simple_tag(name="interval")
def interval_tag(value: float | None, low: float | None, high: float | None, n: int) -> str:
    return Figure(value, low, high, n).said


@register.simple_tag
def dot(level: int | None, who: str = "") -> SafeString:
    """One mastery mark; `who` goes before the level in what a screen reader says."""
    shape, label = LEVELS[level or 0]
    said = f"{who}：{label}" if who else label
    return format_html('<i class="dot{}" role="img" aria-label="{}" title="{}"></i>', shape, said, said)


@register.simple_tag
def dots_key() -> SafeString:
    marks = format_html_join("", '<span><i class="dot{}" aria-hidden="true"></i>{}</span>', LEVELS)
    return format_html('<div class="key">{}</div>', marks)


@register.inclusion_tag("core/_page_head.html")
def page_head(finding: str, sub: str = "", url: str = "", button: str = "", *, primary: bool = False) -> dict[str, Any]:
    """The head of a page: a title that says the finding, a line under it, at most one button."""
    return {"finding": finding, "sub": sub, "address": _address(url), "button": button, "primary": primary}


@register.inclusion_tag("core/_empty.html")
def empty(what: str, first: str = "", url: str = "", button: str = "") -> dict[str, Any]:
    """An empty state: what is not there, what to do first, and the way to it."""
    return {"what": what, "first": first, "address": _address(url), "button": button}


@register.inclusion_tag("core/_meter.html")
def meter(value: float, most: float, name: str, said: str = "", low: float | None = None) -> dict[str, Any]:
    return {
        "value": value,
        "most": most,
        "name": name,
        "low": low,
        "said": said or f"{value:g} / {most:g}",
        "id": f"meter-{new_id().hex[-8:]}",
    }


@register.inclusion_tag("core/_pager.html", takes_context=True)
def pager(context: Context, page: Page[Any]) -> dict[str, Any]:
    return {"page": page, "request": context.get("request")}


@register.inclusion_tag("core/_form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """All that is wrong with a form, in one place, with links to the fields."""
    return {"form": form, "places": sum(len(errors) for errors in form.errors.values())}


@register.inclusion_tag("core/_sheet_table.html")
def sheet_table(sheet: Sheet, name: str = "table") -> dict[str, Any]:
    """A sheet (core.exports) as a table on the page: it sorts, and filters from eight rows on."""
    return {"sheet": sheet, "rows": page_cells(sheet), "id": name, "filter": len(sheet.rows) > 8}


@register.inclusion_tag("core/_export_links.html")
def export_links(url: str) -> dict[str, Any]:
    return {"address": url, "joint": "&" if "?" in url else "?"}


@register.simple_tag(takes_context=True)
def shell_part(context: Context, part: ShellPart) -> SafeString:
    request: HttpRequest = context["request"]
    values = part.provide(request) if part.provide else {}
    return mark_safe(render_to_string(part.template, values, request))  # noqa: S308 - a rendered template is escaped


@register.simple_tag(takes_context=True)
def signin_notes(context: Context) -> SafeString:
    """What other packages have to say under the sign-in form (the demo's accounts)."""
    request: HttpRequest = context["request"]
    notes = [render_to_string(name, values, request) for name, values in signin_notes_for(request)]
    return mark_safe("".join(notes))  # noqa: S308 - rendered templates are escaped


def _address(url: str) -> str:
    """A url name or an address that is already one."""
    return url if not url or url.startswith(("/", "#", "?")) else reverse(url)

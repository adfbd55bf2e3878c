"""What the pages of this package share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.core.permissions import Permission
from yincai.registry.models import Organisation
from yincai.registry.policies import ORGANISATION_SEE
from yincai.registry.queries import ancestors

PAGE = 50


def actor_of(request: HttpRequest) -> Actor:
    """The acting user; a guarded view always has one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def reached(request: HttpRequest, needed: Permission, rows: Any, pk: object) -> Any:
    """The row, if the actor may do this to it; else there is no such page."""
    row = needed.filter(actor_of(request), rows).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def attempt(form: BaseForm, do: Callable[[], Any]) -> Any:
    """Do it; what an action refuses stands at the head of the form, and nothing typed is lost."""
    try:
        return do()
    except ActionError as error:
        form.add_error(None, str(error))
        return None


def attempt_or_say(request: HttpRequest, do: Callable[[], object], done: str) -> bool:
    """For buttons without a form to return to: the outcome is said on the next page."""
    try:
        do()
    except ActionError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


def paged(request: HttpRequest, rows: Any, each: int = PAGE) -> Page[Any]:
    return Paginator(rows, each).get_page(request.GET.get("page"))


def trail(request: HttpRequest, row: Organisation, *, itself: bool = True) -> list[tuple[Organisation, bool]]:
    """The organisations above (and the one itself), the city first, with whether the actor may open each."""
    actor = actor_of(request)
    above = list(reversed(ancestors(row)))
    opens = ORGANISATION_SEE.held_by(actor)
    return [(one, opens and actor.scope.covers(one.path)) for one in (above if itself else above[:-1])]


def to(row: Organisation) -> HttpResponse:
    return redirect("registry-organisation", row.pk)


def form_page(
    request: HttpRequest,
    form: BaseForm,
    *,
    title: str,
    button: str,
    back: str,
    sub: str = "",
    place: Organisation | None = None,
    danger: bool = False,
    **values: Any,
) -> HttpResponse:
    """A page with one form; answers 422 when something has to be mended."""
    values |= {"form": form, "title": title, "button": button, "back": back, "sub": sub, "danger": danger}
    values["trail"] = trail(request, place) if place else []
    return render(request, "registry/form.html", values, status=422 if form.errors else 200)

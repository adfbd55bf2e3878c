"""Middleware: the content policy, and the acting user with the scope of the request."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from yincai.core.action import ActionError
from yincai.core.actors import actor_for
from yincai.core.scope import scope
from yincai.core.views import refused

Handler = Callable[[HttpRequest], HttpResponse]
ROLE_KEY = "role"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class ContentPolicy:
    """A strict Content-Security-Policy on every response; a page's exception is set there and listed in a test."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if getattr(request, "actor", None) is not None:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class ActingUser:
    """Sets `request.actor` for a signed-in account and opens its scope for the request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        if request.path.startswith("/static/") or not request.user.is_authenticated:
            return self.get_response(request)
        chosen = request.session.get(ROLE_KEY)
        actor = actor_for(request.user, UUID(chosen) if chosen else None)
        request.actor = actor  # type: ignore[attr-defined]
        with scope(actor.scope):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What an action refuses is no fault of ours: it is said, also where the page did not see to it itself."""
        return refused(request, exception) if isinstance(exception, ActionError) else None


def client_address(request: HttpRequest) -> str:
    """The address that connected to us: a school's pupils share one, so nothing is locked on it alone."""
    return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")

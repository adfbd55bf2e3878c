"""The request as our views see it: with the acting user, and whether htmx asks for a fragment."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from yincai.core.actors import Actor


class Request(HttpRequest):
    """For annotations only. Behind `@requires` there is always an actor (core.middleware.ActingUser)."""

    actor: Actor
    htmx: HtmxDetails

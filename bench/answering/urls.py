"""All of the product, and the floor: a signed-in empty page with session, scope and one scoped query."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path

from yincai.config.urls import handler403, handler404, handler500  # noqa: F401
from yincai.core.http import Request
from yincai.core.permissions import SIGNED_IN, requires
from yincai.registry.models import Person


@requires(SIGNED_IN)
def empty(request: Request) -> HttpResponse:
    found = Person.objects.filter(pk=request.actor.person).exists()
    return HttpResponse("" if found else "nobody")


urlpatterns = [path("bench/empty", empty), path("", include("yincai.config.urls"))]

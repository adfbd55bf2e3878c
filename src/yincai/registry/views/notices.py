"""My notices: a sentence, a link, a read mark."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from yincai.core.permissions import SIGNED_IN, requires
from yincai.registry.actions.notices import mark_read
from yincai.registry.models import Notice
from yincai.registry.notices import is_safe
from yincai.registry.views.common import actor_of, paged


@requires(SIGNED_IN)
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    mine = Notice.objects.filter(person=actor_of(request).person).order_by("-at", "-id")
    page = paged(request, mine, 30)
    return render(request, "registry/notices.html", {"page": page, "unread": mine.filter(read_at=None).count()})


@requires(SIGNED_IN)
@require_POST
def notice_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark read, then follow the link."""
    actor = actor_of(request)
    notice = Notice.objects.filter(person=actor.person, pk=pk).first()
    if notice is None:
        raise Http404
    mark_read([notice], acting_user=actor)
    return redirect(notice.link if is_safe(notice.link) else "registry-notices")


@requires(SIGNED_IN)
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    mark_read(list(Notice.objects.filter(person=actor.person, read_at=None)), acting_user=actor)
    return redirect("registry-notices")

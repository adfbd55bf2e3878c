"""Why one point of one pupil stands where it stands: for those who teach or head them."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.queries import graph
from yincai.learning.evidence import SUBJECT, evidence_of
from yincai.learning.policies import SEE_CLASS
from yincai.learning.views.classes import classes_of, note_reveal
from yincai.registry.models import Person
from yincai.registry.queries import class_of, pseudonym_of, why_not_kept


@require_GET
@requires(SEE_CLASS)
def point_page(request: Request, person: UUID, code: str) -> HttpResponse:
    pupil = get_object_or_404(Person.objects, pk=person)
    room = class_of(pupil)
    if room is None or room.pk not in {one.pk for one in classes_of(request)}:
        raise Http404
    pseudonym = pseudonym_of(pupil)
    point = graph(SUBJECT).points.get(code)
    if point is None:
        raise Http404
    note_reveal(request, room, f"pupil {pupil.pk} point {code}")
    behind = evidence_of(pseudonym.number, code) if pseudonym.keeps else None
    values = {
        "pupil": pupil,
        "room": room,
        "point": point,
        "behind": behind,
        "one": behind.one if behind else None,
        "not_kept": why_not_kept(pupil),
    }
    return render(request, "learning/point.html", values)

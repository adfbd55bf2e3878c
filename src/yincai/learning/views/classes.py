"""Where a class and each of its pupils stand: for those who teach them, those who head them, and a child's guardian."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.learning.actions.reveal import reveal_class
from yincai.learning.explain import explain_pupil, finding_of
from yincai.learning.policies import ATTRIBUTE, SEE_CHILD, SEE_CLASS, STEER
from yincai.learning.queries import child_sentences, class_status, common_errors, unit_views
from yincai.learning.reports.patterns import patterns_of
from yincai.learning.reports.progress import progress_lately
from yincai.learning.setting import progress_of, set_lately
from yincai.learning.states import traced_of
from yincai.registry.consent import allows
from yincai.registry.models import Organisation, Person, Purpose
from yincai.registry.queries import class_of, classes_below, classes_taught, pseudonym_of, why_not_kept

SUBJECT = "math"


def classes_of(request: Request) -> list[Organisation]:
    """The classes whose learning status one may open: those one teaches, or those of the school one heads."""
    actor = request.actor
    if actor.role_name == "head":
        return classes_below(Organisation.objects.get(pk=actor.held.organisation))
    return classes_taught(actor.person_id)


def class_or_404(request: Request, school_class: UUID) -> Organisation:
    found = next((room for room in classes_of(request) if room.pk == school_class), None)
    if found is None:
        raise Http404
    return found


def note_reveal(request: Request, school_class: Organisation, what: str) -> None:
    """Whoever heads a school sees names because of the office, not by teaching them: that is noted."""
    if request.actor.role_name == "head":
        reveal_class(school_class, what, acting_user=request.actor)


@require_GET
@requires(SEE_CLASS)
def classes(request: Request) -> HttpResponse:
    """The classes to choose from; `?item=CODE` carries an item of the bank along, to be set or steered."""
    rooms = classes_of(request)
    steered = STEER.filter(request.actor, Organisation.objects.filter(pk__in=[room.pk for room in rooms]))
    context = {
        "classes": rooms,
        "item": request.GET.get("item", ""),
        "steered": set(steered.values_list("pk", flat=True)),
    }
    return render(request, "learning/classes.html", context)


@require_GET
@requires(SEE_CLASS)
def class_page(request: Request, school_class: UUID) -> HttpResponse:
    room = class_or_404(request, school_class)
    note_reveal(request, room, "status")
    status = class_status(room, unit=request.GET.get("unit", ""))
    context = {
        "room": room,
        "status": status,
        "errors": common_errors(room),
        "assignments": progress_of(set_lately(room), status.pupils),
        "may_steer": STEER.can(request.actor, room),
    }
    return render(request, "learning/class.html", context)


@require_GET
@requires(SEE_CLASS)
def pupil_page(request: Request, person: UUID) -> HttpResponse:
    """One pupil for those who teach or head them: each point with, in words, why."""
    pupil = get_object_or_404(Person.objects, pk=person)
    room = class_of(pupil)
    if room is None or room.pk not in {one.pk for one in classes_of(request)}:
        raise Http404
    note_reveal(request, room, f"pupil {pupil.pk}")
    pseudonym = pseudonym_of(pupil)
    points = explain_pupil(pseudonym.number) if pseudonym.keeps else []
    context = {
        "pupil": pupil,
        "room": room,
        "not_kept": why_not_kept(pupil),
        "points": points,
        "finding": finding_of(points),
        "patterns": patterns_of(pseudonym.number, SUBJECT) if pseudonym.keeps else [],
        "may_judge": ATTRIBUTE.can(request.actor, room),
        "here": request.path,
    }
    return render(request, "learning/pupil.html", context)


@require_GET
@requires(SEE_CHILD)
def child(request: Request, person: UUID) -> HttpResponse:
    """A guardian's page of one child: three sentences and how far each unit is."""
    row = get_object_or_404(_own_children(request), pk=person)
    pseudonym = pseudonym_of(row)
    shown = pseudonym.keeps and allows(row, Purpose.REPORT)
    views = unit_views(SUBJECT, traced_of(pseudonym.number, SUBJECT)) if shown else []
    context = {
        "child": row,
        "shown": shown,
        "sentences": child_sentences(row),
        "progress": progress_lately(pseudonym.number, SUBJECT) if shown else None,
        "units": [view for view in views if view.begun],
    }
    return render(request, "learning/child.html", context)


def _own_children(request: Request) -> QuerySet[Person]:
    return Person.objects.filter(guardians__guardian=request.actor.person, guardians__until__isnull=True)

"""摸底诊断: the pupil's page before and after, and the teacher's page of a class."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.core.rules import rule
from yincai.learning.actions import practise
from yincai.learning.actions.paper import refused_for
from yincai.learning.actions.placement import outcome_of, void_result
from yincai.learning.keeping import Keeping
from yincai.learning.models import PlacementPaper, PlacementResult, Practice, Purpose
from yincai.learning.papers import LENGTHS
from yincai.learning.placed import Told, last_result, told, told_of
from yincai.learning.placed import class_placement as placement_of_class
from yincai.learning.placing import BANDS, FEWEST_SAID, LONGEST, SHORTEST, bench_of
from yincai.learning.policies import PRACTISE, SEE_CLASS, STEER
from yincai.learning.queries import grade_of
from yincai.learning.views.classes import class_or_404, classes_of, note_reveal
from yincai.learning.views.practice import SUBJECT, keeping_of
from yincai.registry.queries import why_not_kept

PAPERS = 6  # listed on the page of a class


@require_GET
@requires(PRACTISE)
def placement(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    sitting = keeping.last_for(SUBJECT, Purpose.PLACEMENT)
    given = len(keeping.given(sitting)) if sitting else 0
    context = {
        "offered": bench_of(request.actor.place, grade_of(request.actor)) is not None,
        "open": sitting if sitting and sitting.ended_at is None else None,
        "result": _result(request, keeping, sitting),
        "short": bool(sitting and sitting.ended_at and given < FEWEST_SAID),
        "given": given,
        "left": LONGEST - given,
        "fewest": FEWEST_SAID,
        "longest": LONGEST,
        "few": SHORTEST,
        "minutes": int(rule("eye.session", request.actor.place).value),
        "not_kept": "" if keeping.keeps else why_not_kept(request.actor.person_id),
    }
    return render(request, "learning/placement.html", context)


def _result(request: Request, keeping: Keeping, sitting: Practice | None) -> Told | None:
    """The newest result: kept with consent, else computed from the answers that the web session holds."""
    if keeping.keeps:
        row = last_result(keeping.pupil)
        return told_of(row) if row else None
    if sitting is None or sitting.ended_at is None:
        return None
    found = outcome_of(keeping, sitting, grade_of(request.actor))
    return told(found, sitting.ended_at) if found else None


@require_POST
@requires(PRACTISE)
def start(request: Request) -> HttpResponse:
    if bench_of(request.actor.place, grade_of(request.actor)) is None:
        return redirect("learning-placement")  # where it says that there is nothing for this grade yet
    sitting = practise.begin_placement(keeping_of(request), SUBJECT, acting_user=request.actor)
    return redirect("learning-practice", sitting.pk)


@require_GET
@requires(SEE_CLASS)
def class_placement(request: Request, school_class: UUID) -> HttpResponse:
    """Who has done it and where each may begin, in school-number order."""
    room = class_or_404(request, school_class)
    note_reveal(request, room, "placement")
    context = {
        "room": room,
        "placement": placement_of_class(room),
        "offered": bench_of(room.path, room.grade or 0) is not None,
        "may_steer": STEER.can(request.actor, room),
        "papers": PlacementPaper.objects.filter(school_class=room)[:PAPERS],
        "no_paper": refused_for(room.path, room.grade or 0),
        "lengths": LENGTHS,
        "bands": BANDS,
    }
    return render(request, "learning/class_placement.html", context)


@require_POST
@requires(STEER)
def void(request: Request, result: int) -> HttpResponse:
    """A sitting that says nothing of the pupil counts no more."""
    row = get_object_or_404(PlacementResult, pk=result)
    room = next((one for one in classes_of(request) if row.place == one.path), None)
    if room is None:
        raise Http404
    try:
        void_result(row, request.POST.get("why", ""), acting_user=request.actor, key=form_key(request))
    except ActionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "这次摸底不算了，已经请学生重新做。做过的题还在学情里。")
    return redirect("learning-class-placement", room.pk)

"""Reports on a set practice or on some weeks of a class, and the page on which a teacher judges one answer's cause."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from yincai.core.action import ActionError, form_key
from yincai.core.exports import export, wanted_format
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.learning.actions.attribute import judge, require_pupil
from yincai.learning.actions.reveal import reveal_class
from yincai.learning.attribution.words import name_of
from yincai.learning.policies import ATTRIBUTE, SEE_CLASS, STEER
from yincai.learning.reports.answer import shown_answer
from yincai.learning.reports.gather import SOURCES, SPANS, Gathered, of_assignment, of_class
from yincai.learning.reports.report import report_on
from yincai.learning.reports.sheet import sheet_of
from yincai.learning.views.classes import class_or_404, classes_of
from yincai.learning.views.setting import assignment_or_404
from yincai.records.models import ResponseFact
from yincai.records.queries import in_force
from yincai.registry.models import Person
from yincai.registry.queries import class_of, people_of

USUAL = 28  # days


@require_GET
@requires(SEE_CLASS)
def assignment_report(request: Request, assignment: UUID) -> HttpResponse:
    """After a practice that a teacher set."""
    row = assignment_or_404(request, assignment)
    here = reverse("learning-report", args=[row.pk])
    back = reverse("learning-assignment", args=[row.pk])
    return _report(request, of_assignment(row), here, back, "回到这组练习")


@require_GET
@requires(SEE_CLASS)
def class_report(request: Request, school_class: UUID) -> HttpResponse:
    """Some weeks of a class: `?days=` and `?source=` as the page offers them."""
    room = class_or_404(request, school_class)
    days, source = request.GET.get("days", ""), request.GET.get("source", "")
    span = int(days) if days.isdecimal() and int(days) in SPANS else USUAL
    source = source if source in SOURCES else ""
    here = reverse("learning-class-report", args=[room.pk]) + "?" + urlencode({"days": span, "source": source})
    choice = {"spans": SPANS, "sources": SOURCES, "days": span, "source": source}
    back = reverse("learning-class", args=[room.pk])
    return _report(request, of_class(room, span, source), here, back, f"回到{room.name}", choice)


def _report(
    request: Request,
    gathered: Gathered,
    here: str,
    back: str,
    back_words: str,
    choice: dict[str, object] | None = None,
) -> HttpResponse:
    if request.actor.role_name == "head":
        reveal_class(gathered.room, "report", acting_user=request.actor)
    report = report_on(gathered, acting_user=request.actor)
    if form := wanted_format(request):
        return export(sheet_of(report, brief=form == "print"), form, acting_user=request.actor)
    context = {
        "report": report,
        "room": gathered.room,
        "here": here,
        "back": back,
        "back_words": back_words,
        "choice": choice,
        "may_steer": STEER.can(request.actor, gathered.room),
        "may_judge": ATTRIBUTE.can(request.actor, gathered.room),
    }
    return render(request, "learning/report.html", context)


@require_http_methods(["GET", "POST"])
@requires(ATTRIBUTE)
def answer_cause(request: Request, statement: UUID) -> HttpResponse:
    """One wrong answer: what was asked, what was answered, what may have caused it; the teacher's word on it."""
    fact, pupil = _answer_or_404(request, statement)
    require_pupil(fact.pupil, request.actor)
    back = _back(request, reverse("learning-pupil", args=[pupil.pk]))
    problem, cause = "", request.POST.get("cause", "")
    if request.method == "POST":
        try:
            row = judge(fact, cause, _seen(request), acting_user=request.actor, key=form_key(request))
            messages.success(request, f"记下了：{pupil.name}这道题是“{name_of(row.cause)}”。报告随之更新。")
            return redirect(back)
        except ActionError as error:
            problem = str(error)
    shown = shown_answer(fact)
    context = {"pupil": pupil, "shown": shown, "fact": fact, "back": back, "problem": problem}
    context["chosen"] = cause or shown.chosen
    return render(request, "learning/answer_cause.html", context, status=400 if problem else 200)


def _seen(request: Request) -> int | None:
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 19 else None


def _answer_or_404(request: Request, statement: UUID) -> tuple[ResponseFact, Person]:
    """A wrong answer of a pupil whom one teaches."""
    fact = in_force().filter(statement=statement).first()
    pupil = people_of([fact.pupil]).get(fact.pupil) if fact else None
    room = class_of(pupil) if pupil else None
    if fact is None or pupil is None or room is None or room.pk not in {one.pk for one in classes_of(request)}:
        raise Http404
    return fact, pupil


def _back(request: Request, otherwise: str) -> str:
    """Where the teacher came from: a page of ours, or else the pupil's."""
    wanted = request.POST.get("back") or request.GET.get("back", "")
    return wanted if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else otherwise

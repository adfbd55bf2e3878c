"""The pupil's pages: the calm map, the desk with one question, and what was practised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from yincai.core.action import ActionError, Conflict
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.core.rules import rule
from yincai.knowledge import items
from yincai.knowledge.grading.preview import preview
from yincai.knowledge.queries import graph
from yincai.learning import forms
from yincai.learning.actions import practise
from yincai.learning.keeping import Keeping, Kept, Unkept, minutes_since
from yincai.learning.models import SUBJECTS, Assignment, Practice
from yincai.learning.policies import PRACTISE
from yincai.learning.queries import calm_map, open_assignments, sitting_summary
from yincai.learning.sitting import Asked, ask
from yincai.measurement.tracing import State
from yincai.registry.queries import pseudonym_of, why_not_kept

SUBJECT = "math"


@dataclass(frozen=True)
class Rest:
    """The eyes have earned a rest: after how long, and by which rule."""

    minutes: int
    source: str


def keeping_of(request: Request) -> Keeping:
    pseudonym = pseudonym_of(request.actor.person_id)
    if pseudonym.keeps:
        return Kept(pseudonym.number, request.actor)
    return Unkept(pseudonym.number, request.session)


@require_GET
@requires(PRACTISE)
def map_(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    state = State.unpack(keeping.state(SUBJECT))
    return render(
        request,
        "learning/map.html",
        {
            "units": calm_map(SUBJECT, state, request.actor),
            "assignments": open_assignments(request.actor, keeping.pupil),
            "not_kept": "" if keeping.keeps else why_not_kept(request.actor.person_id),
        },
    )


@require_POST
@requires(PRACTISE)
def start(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    assignment = _assignment(request, keeping.pupil)
    unit = request.POST.get("unit", "")
    if unit and unit not in graph(SUBJECT).units:
        unit = ""
    practice = practise.begin(keeping, SUBJECT, unit, assignment, acting_user=request.actor)
    return redirect("learning-practice", practice.pk)


def _assignment(request: Request, pupil: int) -> Assignment | None:
    wanted = request.POST.get("assignment", "")
    return next((row for row in open_assignments(request.actor, pupil) if str(row.pk) == wanted), None)


@require_GET
@requires(PRACTISE)
def practice(request: Request, practice_id: UUID) -> HttpResponse:
    keeping = keeping_of(request)
    try:
        sitting = keeping.practice(practice_id)
    except ActionError:
        return redirect("learning-map")
    context = _next(request, keeping, sitting, keeping.state(sitting.subject), len(keeping.given(sitting)) + 1)
    return _page(request, keeping, sitting, _template_of(context), context)


def _next(request: Request, keeping: Keeping, sitting: Practice, state: bytes, number: int) -> dict[str, Any]:
    """The next question, or the rest, or the end."""
    rest = _rest_due(sitting)
    if rest:
        return {"rest": rest}
    if sitting.assignment and number > sitting.assignment.questions:
        return {"done": {"title": "老师布置的练习做完了", "what": f"一共 {number - 1} 题，老师会看到你的练习。"}}
    actor = request.actor
    asked = ask(
        sitting, sitting.place, actor.held.organisation, State.unpack(state), number, timezone.now().timestamp()
    )
    if asked is None:
        return {"done": {"title": "这里暂时没有合适的题了", "what": "换一个单元试试，或者请老师选几道题。"}}
    return {"asked": asked, "steps": _steps(asked.form, 0), "preview_url": reverse("learning-preview")}


def _rest_due(sitting: Practice) -> Rest | None:
    limit = rule("eye.session", sitting.place)
    minutes = minutes_since(sitting.stretch_from)
    return Rest(minutes, f"（{limit.source}）") if minutes >= int(limit.value) else None


def _template_of(context: dict[str, Any]) -> str:
    if "asked" in context:
        return "learning/_question.html"
    return "learning/_rest.html" if "rest" in context else "learning/_done.html"


def _page(
    request: Request, keeping: Keeping, sitting: Practice, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The fragment for htmx, the whole page otherwise."""
    full = {**context, "practice": sitting, "next_url": reverse("learning-practice", args=[sitting.pk])}
    if request.htmx:
        return render(request, template, full, status=status)
    full |= {
        "title": _title(sitting),
        "progress": _progress(sitting, context),
        "not_kept": "" if keeping.keeps else why_not_kept(request.actor.person_id),
        "asked_template": template,
    }
    return render(request, "learning/practice.html", full, status=status)


def _title(sitting: Practice) -> str:
    if sitting.assignment:
        return sitting.assignment.title
    return graph(sitting.subject).units[sitting.unit].name if sitting.unit else SUBJECTS[sitting.subject]


def _progress(sitting: Practice, context: dict[str, Any]) -> str:
    minutes = minutes_since(sitting.started_at)
    when = f"已经练了 {minutes} 分钟" if minutes else "刚开始"
    asked = context.get("asked")
    return f"第 {asked.form.number} 题 · {when}" if asked else when


@require_POST
@requires(PRACTISE)
def answer(request: Request) -> HttpResponse:
    keeping, token = keeping_of(request), request.POST.get("form", "")
    typed = _typed(request)
    try:
        given = practise.answer(keeping, token, typed, _spent(request), acting_user=request.actor)
    except Conflict as conflict:
        return _refused(request, str(conflict), 409)
    except ActionError as error:
        return _refused(request, str(error), 400)
    if not given.counted:
        return _back(request, keeping, given, typed)
    context = _next(request, keeping, given.practice, given.state, given.form.number + 1)
    shown = {"answered": _shown(given), "right": given.graded.outcome == "right"}
    return _page(request, keeping, given.practice, "learning/_feedback.html", {**context, **shown})


def _typed(request: Request) -> str:
    return (
        "".join(sorted(request.POST.getlist("answer")))
        if len(request.POST.getlist("answer")) > 1
        else (request.POST.get("answer", "").strip())
    )


def _spent(request: Request) -> int:
    claimed = request.POST.get("spent", "")
    return int(claimed) if claimed.isdigit() and len(claimed) < 10 else 0


def _back(request: Request, keeping: Keeping, given: practise.Answered, typed: str) -> HttpResponse:
    """The answer could not be read: the same form again, with the place marked and nothing lost."""
    form = given.form
    asked = Asked(items.question(form.item, form.version, form.seed), form, "")
    steps = _steps(form, keeping.hints_used(form.id))
    context = {
        "asked": asked,
        "steps": steps,
        "typed": [typed],
        "problem": given.graded.message or "这个答案没有读懂，请改一改再交。",
        "position": given.graded.position,
        "preview_url": reverse("learning-preview"),
    }
    return _page(request, keeping, given.practice, "learning/_question.html", context)


def _refused(request: Request, why: str, status: int) -> HttpResponse:
    return render(
        request, "learning/_refused.html" if request.htmx else "learning/refused.html", {"why": why}, status=status
    )


def _shown(given: practise.Answered) -> dict[str, Any]:
    form, graded = given.form, given.graded
    return {
        "right": graded.outcome == "right",
        "cause_name": graded.cause_name,
        "cause_words": graded.cause_words,
        "understood": f"${graded.latex}$" if graded.latex else graded.understood,
        "key": graded.answer,
        "explanation": items.explanation(form.item, form.version, form.seed),
        "message": graded.message,
    }


def _steps(form: forms.AnswerForm, used: int) -> list[dict[str, Any]]:
    names = items.hint_names(form.item, form.version, form.seed)
    return [
        {"level": level, "name": name, "used": level <= used, "locked": level > used + 1}
        for level, name in enumerate(names, start=1)
    ]


@require_POST
@requires(PRACTISE)
def hint(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    level = int(request.POST["level"]) if request.POST.get("level", "").isdigit() else 0
    try:
        form = practise.take_hint(keeping, request.POST.get("form", ""), level, acting_user=request.actor)
    except ActionError as error:
        return _refused(request, str(error), 400)
    context = {
        "steps": _steps(form, keeping.hints_used(form.id)),
        "hint": items.hint(form.item, form.version, form.seed, level),
    }
    if request.htmx:
        return render(request, "learning/_ladder.html", context)
    sitting = keeping.practice(form.practice)
    asked = Asked(items.question(form.item, form.version, form.seed), form, "")
    return _page(
        request,
        keeping,
        sitting,
        "learning/_question.html",
        {**context, "asked": asked, "typed": [_typed(request)], "preview_url": reverse("learning-preview")},
    )


@require_POST
@requires(PRACTISE)
def preview_(request: Request) -> JsonResponse:
    """How an answer would be read, while it is being typed."""
    typed, kind, unit = (request.POST.get(name, "") for name in ("text", "kind", "unit"))
    return JsonResponse(preview(typed, kind=kind, unit=unit).to_data())


@require_POST
@requires(PRACTISE)
def rested(request: Request, practice_id: UUID) -> HttpResponse:
    try:
        practise.rested(keeping_of(request), practice_id, acting_user=request.actor)
    except ActionError:
        return redirect("learning-map")
    return redirect("learning-practice", practice_id)


@require_POST
@requires(PRACTISE)
def stop(request: Request, practice_id: UUID) -> HttpResponse:
    keeping = keeping_of(request)
    try:
        sitting = practise.stop(keeping, practice_id, acting_user=request.actor)
    except ActionError:
        return redirect("learning-map")
    summary = sitting_summary(sitting.subject, keeping.given(sitting), keeping.state(sitting.subject))
    return render(request, "learning/done.html", {"practice": sitting, "summary": summary})

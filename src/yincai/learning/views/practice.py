"""The pupil's pages: the calm map, the desk with one question, and what was practised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib import messages
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
from yincai.knowledge.items import Graded, Question
from yincai.knowledge.queries import graph
from yincai.learning import forms
from yincai.learning.actions import practise
from yincai.learning.actions.placement import finish
from yincai.learning.attribution.worked import task_of
from yincai.learning.keeping import Keeping, Kept, Unkept, minutes_since
from yincai.learning.models import SUBJECTS, Assignment, Practice
from yincai.learning.placing import FEWEST_SAID, LONGEST, ask_measured
from yincai.learning.policies import PRACTISE
from yincai.learning.queries import calm_map, grade_of, open_assignments, sitting_summary
from yincai.learning.reports.progress import progress_in, progress_lately
from yincai.learning.sitting import Asked, ask, grades
from yincai.learning.tracing.state import Traced
from yincai.registry.queries import pseudonym_of, why_not_kept

SUBJECT = "math"


@dataclass(frozen=True)
class Rest:
    """The eyes have earned a rest: after how long, and how long the rule lets them work."""

    minutes: int
    limit: int


def keeping_of(request: Request) -> Keeping:
    pseudonym = pseudonym_of(request.actor.person_id)
    if pseudonym.keeps:
        return Kept(pseudonym.number, request.actor)
    return Unkept(pseudonym.number, request.session)


@require_GET
@requires(PRACTISE)
def map_(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    state = keeping.state(SUBJECT)
    return render(
        request,
        "learning/map.html",
        {
            "map": calm_map(SUBJECT, state, request.actor),
            "assignments": open_assignments(request.actor, keeping.pupil),
            "not_kept": "" if keeping.keeps else why_not_kept(request.actor.person_id),
            "progress": progress_lately(keeping.pupil, SUBJECT) if keeping.keeps else None,
        },
    )


@require_POST
@requires(PRACTISE)
def start(request: Request) -> HttpResponse:
    keeping = keeping_of(request)
    wanted, unit = request.POST.get("assignment", ""), request.POST.get("unit", "")
    assignment = _assignment(request, keeping.pupil, wanted)
    if wanted and assignment is None:
        messages.info(request, "老师布置的这组练习已经做完、到期或收回了。")
        return redirect("learning-map")
    if assignment is None and grade_of(request.actor) not in grades(SUBJECT):
        return redirect("learning-map")  # where it says that there is nothing for this grade yet
    unit = unit if unit in graph(SUBJECT).units and not assignment else ""
    practice = practise.begin(keeping, SUBJECT, unit, assignment, acting_user=request.actor)
    return redirect("learning-practice", practice.pk)


def _assignment(request: Request, pupil: int, wanted: str) -> Assignment | None:
    if not wanted:
        return None
    return next((row.assignment for row in open_assignments(request.actor, pupil) if str(row.pk) == wanted), None)


@require_GET
@requires(PRACTISE)
def practice(request: Request, practice_id: UUID) -> HttpResponse:
    keeping = keeping_of(request)
    try:
        sitting = keeping.practice(practice_id)
    except ActionError:
        return redirect("learning-map")
    context = _next(request, keeping, sitting, keeping.state(sitting.subject), _number(keeping, sitting))
    return _page(request, keeping, sitting, _template_of(context), context)


def _number(keeping: Keeping, sitting: Practice) -> int:
    """Which question of the sitting comes next; a set practice goes on where it was left."""
    given = keeping.given(sitting)
    in_order = sitting.assignment.items if sitting.assignment else []
    reached = [in_order.index(each.item) + 1 for each in given if each.item in in_order]
    return max([len(given), *reached]) + 1


def _next(request: Request, keeping: Keeping, sitting: Practice, state: Traced, number: int) -> dict[str, Any]:
    """The next question, or the rest, or the end."""
    set_ = sitting.assignment
    if sitting.ended_at is not None:
        if sitting.measures:
            return {"done": MEASURED}
        return {"done": {"title": "这次练习已经结束", "what": "想再练一会儿，可以从我的学习重新开始。"}}
    if set_ and number > set_.questions:
        return {"done": {"title": "老师布置的练习做完了", "what": "老师能看到你做完了。"}}
    if set_ and set_.withdrawn_at is not None:
        return {"done": {"title": "老师收回了这组练习", "what": "做过的题都算数，不用再往下做。"}}
    rest = _rest_due(sitting)
    if rest:
        return {"rest": rest}
    if sitting.measures:
        return _next_measured(request, keeping, sitting, number)
    asked = ask(keeping, sitting, request.actor.held.organisation, state, number, timezone.now().timestamp())
    if asked is None and set_ and number > 1:
        return {"done": {"title": "老师布置的练习做完了", "what": "老师能看到你做完了。"}}
    if asked is None:
        return {"done": {"title": "这里暂时没有合适的题", "what": "换一个单元试试，或者请老师选几道题。"}}
    return {"asked": asked, "steps": _steps(asked.form, 0), **_heading(sitting, asked)}


def _next_measured(request: Request, keeping: Keeping, sitting: Practice, number: int) -> dict[str, Any]:
    """The next question that shows where to begin: without help, and without a verdict on the one before."""
    asked, _ = ask_measured(keeping, sitting, grade_of(request.actor), number)
    if asked is None:
        return {"done": MEASURED}
    return {"asked": asked, "steps": [], **_heading(sitting, asked)}


MEASURED = {"title": "可以了，不用再做", "what": "已经能看出你从哪里练起合适。", "result": True}


def _heading(sitting: Practice, asked: Asked) -> dict[str, str]:
    """What stands above a question: what it is about, which one it is, how long already."""
    minutes = minutes_since(sitting.started_at)
    if sitting.measures:
        return {"title": _title(sitting), "progress": f"第 {asked.form.number} 题 · 最多 {LONGEST} 题，随时可以停"}
    of = f"，共 {sitting.assignment.questions} 题" if sitting.assignment else ""
    when = f"已经练了 {minutes} 分钟" if minutes else "刚开始"
    return {"title": _title(sitting, asked), "progress": f"第 {asked.form.number} 题{of} · {when}"}


def _title(sitting: Practice, asked: Asked | None = None) -> str:
    known = graph(sitting.subject)
    if sitting.measures:
        return "找找从哪里练起"
    if sitting.assignment:
        return sitting.assignment.title
    if sitting.unit:
        return known.units[sitting.unit].name
    point = known.by_slot.get(asked.question.points[0]) if asked and asked.question.points else None
    return known.units[point.unit].name if point else SUBJECTS[sitting.subject]


def _rest_due(sitting: Practice) -> Rest | None:
    limit = int(rule("eye.session", sitting.place).value)
    minutes = minutes_since(sitting.stretch_from)
    return Rest(minutes, limit) if minutes >= limit else None


def _template_of(context: dict[str, Any]) -> str:
    if "asked" in context:
        return "learning/_question.html"
    return "learning/_rest.html" if "rest" in context else "learning/_done.html"


def _page(
    request: Request, keeping: Keeping, sitting: Practice, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The fragment for htmx, the whole page otherwise."""
    full = {"title": _title(sitting), "progress": "", **context, "practice": sitting, "preview_url": _preview_url()}
    full["next_url"] = reverse("learning-practice", args=[sitting.pk])
    if request.htmx:
        return render(request, template, full, status=status)
    full |= {
        "not_kept": "" if keeping.keeps else why_not_kept(request.actor.person_id),
        "asked_template": template,
    }
    return render(request, "learning/practice.html", full, status=status)


@lru_cache(maxsize=1)
def _preview_url() -> str:
    return reverse("learning-preview")


@require_POST
@requires(PRACTISE)
def answer(request: Request) -> HttpResponse:
    keeping, token = keeping_of(request), request.POST.get("form", "")
    typed = _typed(request)
    try:
        given = practise.answer(keeping, token, typed, _spent(request), acting_user=request.actor)
    except practise.AnsweredElsewhere as elsewhere:
        return _refused(request, str(elsewhere), 409, reverse("learning-practice", args=[elsewhere.practice]))
    except Conflict as conflict:
        return _refused(request, str(conflict), 409)
    except ActionError as error:
        return _refused(request, str(error), 400)
    if not given.counted:
        return _back(request, keeping, given, typed)
    # In another tab the test may have gone further.
    number = _number(keeping, given.practice) if given.practice.measures else given.form.number + 1
    context = _next(request, keeping, given.practice, given.state, number)
    if given.practice.measures:
        if "done" in context and given.practice.ended_at is None:
            finish(keeping, given.practice.pk, grade_of(request.actor), acting_user=request.actor)
        return _page(request, keeping, given.practice, _template_of(context), {**context, "noted": True})
    return _page(
        request, keeping, given.practice, "learning/_feedback.html", {**context, "answered": _shown(given, typed)}
    )


def _typed(request: Request) -> str:
    """What was given: text, or the letters of the options chosen, in order."""
    if request.POST.get("skip"):
        return practise.DONT_KNOW
    given = request.POST.getlist("answer")
    return given[0].strip() if len(given) == 1 else "".join(sorted(given))


def _spent(request: Request) -> int:
    return _whole(request.POST.get("spent", ""))


def _whole(text: str) -> int:
    """A number that a page of ours would send; 0 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _back(request: Request, keeping: Keeping, given: practise.Answered, typed: str) -> HttpResponse:
    """The answer could not be read: the same form again, with the place marked and nothing lost."""
    form = given.form
    asked = Asked(items.question(form.item, form.version, form.seed), form, "")
    context = {
        "asked": asked,
        "steps": [] if given.practice.measures else _steps(form, given.hints),
        "hint": items.hint(form.item, form.version, form.seed, given.hints) if given.hints else "",
        "typed": typed,
        "problem": given.graded.message or "这个答案没有读懂，请改一改再交。",
        "marked": _marked(typed, given.graded.position),
        **_heading(given.practice, asked),
    }
    return _page(request, keeping, given.practice, "learning/_question.html", context)


def _marked(typed: str, position: int | None) -> tuple[str, ...]:
    """What was typed, parted into before, the place where reading stopped, and after."""
    return () if position is None else (typed[:position], typed[position : position + 1], typed[position + 1 :])


def _refused(request: Request, why: str, status: int, goes_on: str = "") -> HttpResponse:
    template = "learning/_refused.html" if request.htmx else "learning/refused.html"
    return render(request, template, {"why": why, "goes_on": goes_on}, status=status)


def _shown(given: practise.Answered, typed: str) -> dict[str, Any]:
    form, graded = given.form, given.graded
    asked = items.question(form.item, given.version, form.seed)
    return {
        "right": graded.outcome == "right",
        "stem": asked.stem,
        "images": asked.images,
        "cause_name": graded.cause_name,
        "cause_words": graded.cause_words,
        "said": _said(asked, graded, typed),
        "key": graded.answer,
        "explanation": items.explanation(form.item, given.version, form.seed),
        "steps": form.token() if graded.outcome == "wrong" and task_of(form.item, given.version, form.seed) else "",
    }


def _said(asked: Question, graded: Graded, typed: str) -> str:
    """The pupil's answer as it was read."""
    if asked.is_choice:
        return "；".join(f"{letter}．{text}" for letter, text in asked.lettered if letter in typed)
    return f"${graded.latex}$" if graded.latex else graded.understood or typed


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
    level = _whole(request.POST.get("level", ""))
    try:
        form = practise.take_hint(keeping, request.POST.get("form", ""), level, acting_user=request.actor)
    except ActionError as error:
        return _refused(request, str(error), 400)
    context: dict[str, Any] = {
        "steps": _steps(form, keeping.hints_used(form.id)),
        "hint": items.hint(form.item, form.version, form.seed, level),
    }
    if request.htmx:
        return render(request, "learning/_ladder.html", context)
    sitting = keeping.practice(form.practice)
    asked = Asked(items.question(form.item, form.version, form.seed), form, "")
    context |= {"asked": asked, "typed": _typed(request), **_heading(sitting, asked)}
    return _page(request, keeping, sitting, "learning/_question.html", context)


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
        sitting = keeping.practice(practice_id)
        if sitting.measures and len(keeping.given(sitting)) < FEWEST_SAID:
            return redirect("learning-placement")  # too few to say anything: it stays open and goes on another time
        if sitting.measures:
            finish(keeping, practice_id, grade_of(request.actor), acting_user=request.actor)
        else:
            sitting = practise.stop(keeping, practice_id, acting_user=request.actor)
    except ActionError:
        return redirect("learning-map")
    if sitting.measures:
        return redirect("learning-placement")
    summary = sitting_summary(sitting.subject, keeping.given(sitting), keeping.state(sitting.subject))
    progress = progress_in(keeping.pupil, sitting.subject, sitting.pk) if keeping.keeps else None
    return render(request, "learning/done.html", {"practice": sitting, "summary": summary, "progress": progress})

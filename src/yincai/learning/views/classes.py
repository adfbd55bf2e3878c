"""The teacher's pages: a class's learning status, why a pupil stands where, setting a practice, steering items."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.generators import malrule
from yincai.knowledge.models import Item, ItemStatus
from yincai.knowledge.queries import graph
from yincai.learning.actions import steering
from yincai.learning.actions.reveal import reveal_class
from yincai.learning.explain import explain_pupil
from yincai.learning.models import Assignment, ItemRule
from yincai.learning.policies import SEE_CHILD, SEE_CLASS, STEER
from yincai.learning.queries import child_sentences, class_status, common_errors, unit_views
from yincai.learning.sitting import class_word
from yincai.measurement.tracing import State
from yincai.records.queries import state_of
from yincai.registry.models import Organisation, Person
from yincai.registry.queries import class_of, classes_below, classes_taught, pseudonym_of, pupils_of

SUBJECT = "math"


def _class_or_404(request: Request, school_class: UUID) -> Organisation:
    return get_object_or_404(Organisation.objects, pk=school_class, kind="class")


def _note_reveal(request: Request, school_class: Organisation, what: str) -> None:
    """Whoever heads a school sees names because of the office, not by teaching them: that is noted."""
    if request.actor.role_name == "head":
        reveal_class(school_class, what, acting_user=request.actor)


@require_GET
@requires(SEE_CLASS)
def classes(request: Request) -> HttpResponse:
    """The classes whose learning status one may open."""
    return render(request, "learning/classes.html", {"classes": _reachable(request)})


def _reachable(request: Request) -> list[Organisation]:
    actor = request.actor
    if actor.role_name == "head":
        return classes_below(Organisation.objects.get(pk=actor.held.organisation))
    return classes_taught(actor.person_id)


@require_GET
@requires(SEE_CLASS)
def class_page(request: Request, school_class: UUID) -> HttpResponse:
    room = _class_or_404(request, school_class)
    if room.pk not in {one.pk for one in _reachable(request)}:
        raise Http404
    _note_reveal(request, room, "status")
    return render(
        request,
        "learning/class.html",
        {
            "room": room,
            "status": class_status(room, unit=request.GET.get("unit", "")),
            "errors": common_errors(room),
            "assignments": Assignment.objects.filter(school_class=room, withdrawn_at__isnull=True)[:8],
            "may_steer": STEER.held_by(request.actor),
        },
    )


@require_GET
@requires(SEE_CLASS)
def pupil_page(request: Request, person: UUID) -> HttpResponse:
    """One pupil for those who teach or head them: each point with, in words, why."""
    pupil = get_object_or_404(Person.objects, pk=person)
    room = class_of(pupil)
    if room is None or room.pk not in {one.pk for one in _reachable(request)}:
        raise Http404
    _note_reveal(request, room, f"pupil {pupil.pk}")
    pseudonym = pseudonym_of(pupil)
    return render(
        request,
        "learning/pupil.html",
        {
            "pupil": pupil,
            "room": room,
            "keeps": pseudonym.keeps,
            "points": explain_pupil(pseudonym.number) if pseudonym.keeps else [],
        },
    )


@require_http_methods(["GET", "POST"])
@requires(STEER)
def set_practice(request: Request, school_class: UUID) -> HttpResponse:
    room = _class_or_404(request, school_class)
    if request.method == "POST":
        try:
            row = _set_from_form(request, room)
        except ActionError as error:
            return _set_form(request, room, problem=str(error), status=400)
        messages.success(request, f"已布置“{row.title}”。学生打开首页就能看到。")
        return redirect("learning-class", room.pk)
    return _set_form(request, room)


def _set_from_form(request: Request, room: Organisation) -> Assignment:
    data = request.POST
    return steering.set_practice(
        room,
        data.get("title", ""),
        points=_numbers(data.getlist("points"), "知识点"),
        items=_known_items(data.get("items", "")),
        pupils=_numbers(data.getlist("pupils"), "学生"),
        questions=_number(data.get("questions", ""), "题数"),
        due=_day(data.get("due", "")),
        acting_user=request.actor,
        key=form_key(request),
    )


def _numbers(texts: list[str], what: str) -> list[int]:
    return [_number(text, what) for text in texts]


def _number(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ActionError(f"{what}“{text}”不是一个整数，请改正。") from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ActionError(f"截止日期“{text}”读不出来，请写成 2026-12-01 这样。") from None


def _known_items(text: str) -> list[int]:
    """Codes of items, parted by white space or commas, in the teacher's order."""
    codes = text.replace("，", " ").replace(",", " ").split()
    found = dict(Item.objects.filter(code__in=codes, status=ItemStatus.READY).values_list("code", "pk"))
    missing = [code for code in codes if code not in found]
    if missing:
        raise ActionError(f"题库里没有可用的题目：{'、'.join(missing)}。请核对题号。")
    return [found[code] for code in codes]


def _set_form(request: Request, room: Organisation, problem: str = "", status: int = 200) -> HttpResponse:
    cause = request.GET.get("cause", "")
    pupils = pupils_of(room)
    chosen_points, chosen_pupils, title = _suggested(room, cause)
    if request.method == "POST":
        chosen_points = {int(text) for text in request.POST.getlist("points") if text.isdigit()}
        chosen_pupils = {int(text) for text in request.POST.getlist("pupils") if text.isdigit()}
        title = request.POST.get("title", "")
    context = {
        "room": room,
        "pupils": pupils,
        "units": _units(room),
        "chosen_points": chosen_points,
        "chosen_pupils": chosen_pupils,
        "title": title,
        "form": request.POST if request.method == "POST" else {"questions": 10},
        "problem": problem,
    }
    return render(request, "learning/set.html", context, status=status)


def _units(room: Organisation) -> list[dict[str, Any]]:
    known, grade = graph(SUBJECT), room.grade or 0
    units = sorted(known.units.values(), key=lambda unit: unit.when, reverse=True)
    return [
        {"unit": unit, "points": known.of_unit(unit.code), "near": unit.grade == grade}
        for unit in units
        if unit.grade <= grade
    ]


def _suggested(room: Organisation, cause: str) -> tuple[set[int], set[int], str]:
    """One click from a common error: its point, the pupils behind it, a title."""
    for error in common_errors(room, limit=20):
        if error.cause == cause and error.point:
            return {error.point.slot}, {pupil.pseudonym.number for pupil in error.people}, f"练一练：{error.point.name}"
    try:
        point = graph(SUBJECT)[malrule(cause).point]
    except KeyError:
        return set(), set(), ""
    return {point.slot}, set(), f"练一练：{point.name}"


@require_POST
@requires(STEER)
def withdraw(request: Request, assignment: UUID) -> HttpResponse:
    row = get_object_or_404(Assignment.objects.select_related("school_class"), pk=assignment)
    steering.withdraw_practice(row, acting_user=request.actor, key=form_key(request))
    messages.success(request, f"已收回“{row.title}”。")
    return redirect("learning-class", row.school_class_id)


@require_http_methods(["GET", "POST"])
@requires(STEER)
def steer(request: Request, school_class: UUID) -> HttpResponse:
    """Pin, ban or order items for a class, and set the success rate aimed at."""
    room = _class_or_404(request, school_class)
    problem = ""
    if request.method == "POST":
        try:
            _steer(request, room)
            return redirect("learning-steer", room.pk)
        except ActionError as error:
            problem = str(error)
    rules = list(ItemRule.objects.filter(school_class=room))
    codes = dict(Item.objects.filter(pk__in=[rule.item for rule in rules]).values_list("pk", "code"))
    context = {
        "room": room,
        "target": round(class_word(room.pk).target * 100),
        "rules": [(rule, codes.get(rule.item, "")) for rule in rules],
        "kinds": ItemRule.KINDS,
        "problem": problem,
        "form": request.POST if problem else {"code": request.GET.get("item", "")},
    }
    return render(request, "learning/steer.html", context, status=400 if problem else 200)


def _steer(request: Request, room: Organisation) -> None:
    data, key = request.POST, form_key(request)
    if "target" in data:
        steering.set_target(room, _number(data["target"], "目标答对率") / 100, acting_user=request.actor, key=key)
    elif "remove" in data:
        steering.unrule_item(room, _number(data["remove"], "题目"), acting_user=request.actor, key=key)
    else:
        items = _known_items(data.get("code", ""))
        if not items:
            raise ActionError("还没有填题号。在题库里打开一道题，就能看到它的题号。")
        start = ItemRule.objects.filter(school_class=room).count()
        for position, item in enumerate(items, start=start):
            steering.rule_item(room, item, data.get("kind", ""), position, acting_user=request.actor)


@require_GET
@requires(SEE_CHILD)
def child(request: Request, person: UUID) -> HttpResponse:
    """A guardian's page of one child: three sentences and how far each unit is."""
    row = get_object_or_404(_own_children(request), pk=person)
    pseudonym = pseudonym_of(row)
    views = unit_views(SUBJECT, State.unpack(state_of(pseudonym.number, SUBJECT))) if pseudonym.keeps else []
    context = {"child": row, "sentences": child_sentences(row), "units": [view for view in views if view.begun]}
    return render(request, "learning/child.html", context)


def _own_children(request: Request) -> QuerySet[Person]:
    return Person.objects.filter(guardians__guardian=request.actor.person, guardians__until__isnull=True)

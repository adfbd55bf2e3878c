"""What a teacher decides for a class: a practice set or withdrawn, items steered, the success rate aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.knowledge.generators import malrule
from yincai.knowledge.graph import Point, Unit
from yincai.knowledge.graph.loader import TERMS
from yincai.knowledge.models import Item, ItemStatus
from yincai.knowledge.pool import pool
from yincai.knowledge.queries import graph
from yincai.learning.actions import steering
from yincai.learning.models import Assignment, ItemRule
from yincai.learning.policies import SEE_CLASS, STEER
from yincai.learning.queries import GRADE_NAMES, common_errors
from yincai.learning.setting import progress_of
from yincai.learning.sitting import class_word, half_of, stocked
from yincai.learning.views.classes import class_or_404, classes_of
from yincai.registry.models import Organisation
from yincai.registry.queries import pupils_of

SUBJECT = "math"


@require_http_methods(["GET", "POST"])
@requires(STEER)
def set_practice(request: Request, school_class: UUID) -> HttpResponse:
    room = class_or_404(request, school_class)
    steering.require_class(room, request.actor)
    if request.method == "POST":
        try:
            row = _set_from_form(request, room)
        except ActionError as error:
            return _set_form(request, room, problem=str(error), status=400)
        messages.success(request, f"已布置“{row.title}”，学生已收到通知。")
        return redirect("learning-assignment", row.pk)
    return _set_form(request, room)


def _set_from_form(request: Request, room: Organisation) -> Assignment:
    data = request.POST
    return steering.set_practice(
        room,
        data.get("title", ""),
        points=_numbers(data.getlist("points"), "知识点"),
        items=known_items(data.get("items", "")),
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


def known_items(text: str) -> list[int]:
    """Codes of items, parted by white space or commas, in the teacher's order, each once."""
    codes = list(dict.fromkeys(text.replace("，", " ").replace(",", " ").replace("、", " ").split()))
    found = dict(Item.objects.filter(code__in=codes, status=ItemStatus.READY).values_list("code", "pk"))
    missing = [code for code in codes if code not in found]
    if missing:
        raise ActionError(f"题库里没有可用的题目：{'、'.join(missing)}。请核对题号。")
    return [found[code] for code in codes]


def _set_form(request: Request, room: Organisation, problem: str = "", status: int = 200) -> HttpResponse:
    if request.method == "POST":
        points, chosen = _ticked(request, "points"), _ticked(request, "pupils")
        form = request.POST.dict()
    else:
        points, chosen, title = _suggested(request, room)
        form = {"questions": "10", "items": request.GET.get("items", ""), "title": title}
    context = {
        "room": room,
        "pupils": pupils_of(room),
        "blocks": _halves(room, points),
        "chosen_points": points,
        "chosen_pupils": chosen,
        "form": form,
        "problem": problem,
        "most": steering.MOST_QUESTIONS,
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "learning/set.html", context, status=status)


def _ticked(request: Request, name: str) -> set[int]:
    return {int(text) for text in request.POST.getlist(name) if text.isdecimal() and len(text) < 20}


def _suggested(request: Request, room: Organisation) -> tuple[set[int], set[int], str]:
    """One click from a common error (its point, the pupils behind it) or from a point; and a title."""
    cause, code = request.GET.get("cause", ""), request.GET.get("point", "")
    if code in graph(SUBJECT):
        return _about(graph(SUBJECT)[code], {int(text) for text in request.GET.getlist("pupils") if text.isdecimal()})
    if not cause:
        return set(), set(), ""
    for error in common_errors(room, limit=20):
        if error.cause == cause and error.point:
            return _about(error.point, {pupil.pseudonym.number for pupil in error.people})
    try:
        return _about(graph(SUBJECT)[malrule(cause).point], set())
    except LookupError:
        return set(), set(), ""


def _about(point: Point, pupils: set[int]) -> tuple[set[int], set[int], str]:
    return {point.slot}, pupils, f"练一练：{point.name}"


@dataclass(frozen=True)
class Half:
    """Half a year's points to choose from: a unit with (point, is there something to ask) each."""

    title: str
    units: list[tuple[Unit, list[tuple[Point, bool]]]]
    open: bool
    ahead: bool


def _halves(room: Organisation, chosen: set[int]) -> list[Half]:
    """What is chosen, unfolded; what the class has met, the newest first; then what is ahead."""
    known, stock = graph(SUBJECT), stocked(pool(SUBJECT, room.path))
    now = (room.grade or 0, TERMS.index(half_of(timezone.localdate())))
    halves = []
    for grade, turn in sorted({unit.when[:2] for unit in known.units.values()}, key=lambda half: _far(half, now)):
        units = [unit for unit in known.units.values() if unit.when[:2] == (grade, turn)]
        points = [(unit, [(one, bool(stock[one.slot])) for one in known.of_unit(unit.code)]) for unit in units]
        picked = any(one.slot in chosen for _, some in points for one, _ in some)
        here = (grade, turn) == now and not chosen
        halves.append(Half(f"{GRADE_NAMES[grade]}年级{TERMS[turn]}册", points, picked or here, (grade, turn) > now))
    return sorted(halves, key=lambda half: not half.open)


def _far(half: tuple[int, int], now: tuple[int, int]) -> tuple[bool, int]:
    steps = (half[0] - now[0]) * 2 + half[1] - now[1]
    return steps > 0, abs(steps)


@require_GET
@requires(SEE_CLASS)
def assignment(request: Request, assignment: UUID) -> HttpResponse:
    """Who has done a set practice, in school-number order."""
    row = assignment_or_404(request, assignment)
    (progress,) = progress_of([row], pupils_of(row.school_class))
    codes = dict(Item.objects.filter(pk__in=row.items).values_list("pk", "code"))
    known = graph(SUBJECT).by_slot
    context = {
        "progress": progress,
        "row": row,
        "room": row.school_class,
        "points": [known[slot].name for slot in row.points if slot in known],
        "items": [(item, codes[item]) for item in row.items if item in codes],
        "may_steer": STEER.can(request.actor, row.school_class),
    }
    return render(request, "learning/assignment.html", context)


def assignment_or_404(request: Request, assignment: UUID) -> Assignment:
    row = get_object_or_404(Assignment.objects.select_related("school_class"), pk=assignment)
    if row.school_class_id not in {room.pk for room in classes_of(request)}:
        raise Http404
    return row


@require_POST
@requires(STEER)
def withdraw(request: Request, assignment: UUID) -> HttpResponse:
    row = assignment_or_404(request, assignment)
    steering.withdraw_practice(row, acting_user=request.actor, key=form_key(request))
    messages.success(request, f"已收回“{row.title}”。做过的题仍然算数。")
    return redirect("learning-class", row.school_class_id)


@require_http_methods(["GET", "POST"])
@requires(STEER)
def steer(request: Request, school_class: UUID) -> HttpResponse:
    """Pin, ban or order items for a class, and set the success rate aimed at."""
    room = class_or_404(request, school_class)
    steering.require_class(room, request.actor)
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, _steer(request, room))
            return redirect("learning-steer", room.pk)
        except ActionError as error:
            problem = str(error)
    rules = list(ItemRule.objects.filter(school_class=room))
    codes = dict(Item.objects.filter(pk__in=[rule.item for rule in rules]).values_list("pk", "code"))
    context = {
        "room": room,
        "target": round(class_word(room.pk).target * 100),
        "rules": [(rule, codes.get(rule.item, f"第 {rule.item} 题")) for rule in rules],
        "kinds": ItemRule.KINDS,
        "problem": problem,
        "form": request.POST.dict() if problem else {"code": request.GET.get("item", "")},
    }
    return render(request, "learning/steer.html", context, status=400 if problem else 200)


def _steer(request: Request, room: Organisation) -> str:
    """Do what the form asks for; says what was done."""
    data, key = request.POST, form_key(request)
    if "target" in data:
        target = _number(data["target"], "目标答对率")
        steering.set_target(room, target / 100, acting_user=request.actor, key=key)
        return f"目标答对率改为 {target}%，下一题就按它来选。"
    if "remove" in data:
        steering.unrule_item(room, _number(data["remove"], "题目"), acting_user=request.actor, key=key)
        return "不再特别安排这道题。"
    items = known_items(data.get("code", ""))
    if not items:
        raise ActionError("还没有填题号。在题库里打开一道题，就能看到它的题号。")
    kind = data.get("kind", "")
    steering.rule_items(room, items, kind, acting_user=request.actor, key=key)
    return f"{len(items)} 道题已设为“{dict(ItemRule.KINDS)[kind]}”。"

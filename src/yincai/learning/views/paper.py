"""摸底 on paper: making the forms, printing them, entering the marks of a class on one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.action import ActionError, form_key
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.learning.actions.paper import NONE, MarksRefused, Row, enter_marks, make_paper, note_printed
from yincai.learning.actions.steering import require_class
from yincai.learning.models import PaperMark, PlacementPaper
from yincai.learning.papers import LETTERS, printed
from yincai.learning.placing import banned_at
from yincai.learning.policies import STEER
from yincai.learning.views.classes import class_or_404, classes_of
from yincai.registry.queries import Pupil, pupils_of

SIGNS = {
    "": NONE,
    "-": NONE,
    "1": "1",
    "√": "1",
    "✓": "1",
    "对": "1",
    "0": "0",
    "×": "0",
    "x": "0",
    "X": "0",
    "错": "0",
}
WIDTH, HEIGHT = 640.0, 200.0


@require_POST
@requires(STEER)
def make(request: Request, school_class: UUID) -> HttpResponse:
    room = class_or_404(request, school_class)
    length = request.POST.get("length", "")
    try:
        row = make_paper(
            room, int(length) if length.isdecimal() else 0, acting_user=request.actor, key=form_key(request)
        )
    except ActionError as error:
        messages.error(request, str(error))
        return redirect("learning-class-placement", room.pk)
    return redirect("learning-paper", row.pk)


def paper_or_404(request: Request, paper: UUID) -> PlacementPaper:
    row = get_object_or_404(PlacementPaper.objects.select_related("school_class"), pk=paper)
    if row.school_class_id not in {room.pk for room in classes_of(request)}:
        raise Http404
    require_class(row.school_class, request.actor)
    return row


@require_GET
@requires(STEER)
def paper(request: Request, paper: UUID) -> HttpResponse:
    row = paper_or_404(request, paper)
    entered = PaperMark.objects.filter(paper=row)
    context: dict[str, Any] = {"paper": row, "room": row.school_class, "letters": LETTERS}
    if row.state == PlacementPaper.READY:
        context |= {
            "chart": _chart(row),
            "apart": f"{row.curves['deviation'] * 100:.0f}%",
            "entered": len(entered),
            "banned": _banned(row),
            "counting": sum(mark.marks != mark.counted for mark in entered),
        }
    template = "learning/_paper.html" if request.htmx else "learning/paper.html"
    return render(request, template, context)


def _banned(row: PlacementPaper) -> str:
    """The questions that a teacher of the class will not have asked any more since the forms were made."""
    out = banned_at(row.school_class.path)
    held = [(letter, number) for letter in LETTERS for number, one in enumerate(row.forms[letter], 1) if one[0] in out]
    return "、".join(f"{letter} 卷第 {number} 题" for letter, number in held)


def _chart(row: PlacementPaper) -> dict[str, Any]:
    """The information of both forms over ability, as lines of an SVG, with the table behind it."""
    at, top = row.curves["at"], max(max(row.curves[letter]) for letter in LETTERS) * 1.1
    lines = []
    for letter in LETTERS:
        points = [
            f"{40 + (x - at[0]) / (at[-1] - at[0]) * (WIDTH - 60):.1f},{HEIGHT - 30 - y / top * (HEIGHT - 50):.1f}"
            for x, y in zip(at, row.curves[letter], strict=True)
        ]
        lines.append((letter, " ".join(points)))
    table = [(f"{x:+.1f}", *(f"{row.curves[letter][turn]:.1f}" for letter in LETTERS)) for turn, x in enumerate(at)]
    return {"lines": lines, "table": table[::4]}


@require_GET
@requires(STEER)
def print_(request: Request, paper: UUID, form: str) -> HttpResponse:
    """A form for the pupils, or (`key`) the answers and the sheet to mark on, for the teacher alone."""
    row = paper_or_404(request, paper)
    if row.state != PlacementPaper.READY or form not in (*LETTERS, "key"):
        raise Http404
    back = reverse("learning-paper", args=[row.pk])
    context: dict[str, Any] = {"paper": row, "room": row.school_class, "back": back}
    if form == "key":
        note_printed(row, form, acting_user=request.actor)
        context |= {
            "keys": [(letter, printed(row, letter)) for letter in LETTERS],
            "pupils": pupils_of(row.school_class),
            "numbers": range(1, row.length + 1),
            "columns": row.length + 1,
        }
        return render(request, "learning/paper_key.html", context)
    return render(request, "learning/paper_form.html", {**context, "letter": form, "questions": printed(row, form)})


@dataclass(frozen=True)
class GridRow:
    """One pupil of the grid: what stands in the cells (and whether it cannot be read), and what is to be mended."""

    pupil: Pupil
    form: str
    cells: list[tuple[int, str, bool]]
    problem: str = ""
    counted: bool = False


@require_http_methods(["GET", "POST"])
@requires(STEER)
def marks(request: Request, paper: UUID) -> HttpResponse:
    """The marks of the whole class, in school-number order."""
    row = paper_or_404(request, paper)
    if row.state != PlacementPaper.READY:
        return redirect("learning-paper", row.pk)
    if request.method == "POST":
        return _save(request, row)
    held = {mark.pupil: mark for mark in PaperMark.objects.filter(paper=row)}
    typed = {
        number: (mark.form, ["" if sign == NONE else sign for sign in mark.marks]) for number, mark in held.items()
    }
    day = (row.on or timezone.localdate()).isoformat()
    return _grid(request, row, typed, day, counted={number for number, mark in held.items() if mark.counted})


def _save(request: Request, row: PlacementPaper) -> HttpResponse:
    held = set(PaperMark.objects.filter(paper=row).values_list("pupil", flat=True))
    typed = {pupil.pseudonym.number: _typed(request, row, pupil, held) for pupil in pupils_of(row.school_class)}
    rows = {number: _row(form, cells) for number, (form, cells) in typed.items() if form or any(cells)}
    day = request.POST.get("on", "")
    try:
        changed = enter_marks(row, _day(day), rows, acting_user=request.actor, key=form_key(request))
    except MarksRefused as refused:
        return _grid(request, row, typed, day, str(refused), refused.problems, 400)
    except ActionError as error:
        return _grid(request, row, typed, day, str(error), status=400)
    if changed:
        messages.success(request, f"已存下 {changed} 人的登记，一会儿就计入学情，和线上做的一样。")
    else:
        messages.info(request, "和上次登记的一样，没有改动。")
    return redirect("learning-paper", row.pk)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ActionError(f"测的日期“{text}”读不出来，请写成 2026-12-01 这样。") from None


def _typed(request: Request, row: PlacementPaper, pupil: Pupil, held: set[int]) -> tuple[str, list[str]]:
    """The form and the cells of a pupil; no form for whoever has nothing in the row and had nothing before."""
    number = pupil.pseudonym.number
    cells = [request.POST.get(f"m{number}-{turn}", "").strip() for turn in range(1, row.length + 1)]
    form = request.POST.get(f"f{number}", "")
    return (form if any(cells) or number in held else ""), cells


def _row(form: str, cells: list[str]) -> Row:
    return Row(form, "".join(SIGNS.get(cell, "?") for cell in cells))


def _grid(
    request: Request,
    row: PlacementPaper,
    typed: dict[int, tuple[str, list[str]]],
    day: str,
    problem: str = "",
    problems: dict[int, str] | None = None,
    status: int = 200,
    counted: set[int] | frozenset[int] = frozenset(),
) -> HttpResponse:
    rows = []
    for turn, pupil in enumerate(pupils_of(row.school_class)):
        number = pupil.pseudonym.number
        form, cells = typed.get(number, ("", []))
        padded = [*cells, *[""] * row.length][: row.length]
        rows.append(
            GridRow(
                pupil,
                form or LETTERS[turn % 2],
                [(place, sign, sign not in SIGNS) for place, sign in enumerate(padded, start=1)],
                (problems or {}).get(number, ""),
                number in counted,
            )
        )
    context = {
        "paper": row,
        "room": row.school_class,
        "rows": rows,
        "letters": LETTERS,
        "numbers": range(1, row.length + 1),
        "day": day,
        "today": timezone.localdate().isoformat(),
        "problem": problem,
    }
    return render(request, "learning/marks.html", context, status=status)

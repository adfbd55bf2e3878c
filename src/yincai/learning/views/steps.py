"""Steps written out after a wrong answer: one line a row, the first that does not follow marked, mended, looked at
again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from yincai.core.action import ActionError, Conflict
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.learning.actions.write_steps import Opened, open_steps, write_steps
from yincai.learning.attribution.causes import ENOUGH
from yincai.learning.attribution.words import LOOK_AGAIN, probe, stepped
from yincai.learning.attribution.worked import LONGEST_ROW, MOST_ROWS, Row, Worked
from yincai.learning.policies import PRACTISE
from yincai.learning.views.practice import keeping_of
from yincai.measurement.errors.working import Verdict

AT_FIRST = 4  # empty rows
MORE = 2
WORDS = {"follows": "接得上", "untold": "这种写法还看不准，先跳过"}


@dataclass(frozen=True)
class Said:
    """What is said of the whole working, in words."""

    title: str
    what: str
    tone: str  # a class of the look


@require_POST
@requires(PRACTISE)
def steps(request: Request) -> HttpResponse:
    """Opens the rows; with lines in them, looks at each. `more` only asks for further rows."""
    keeping, token = keeping_of(request), request.POST.get("answered", "")
    typed = [line.strip() for line in request.POST.getlist("line") if line.strip()][:MOST_ROWS]
    more = bool(request.POST.get("more"))
    try:
        opened = open_steps(keeping, token, acting_user=request.actor)
        worked = None
        if typed and not more:
            worked = write_steps(keeping, opened, typed, acting_user=request.actor)
    except ActionError as error:
        status = 409 if isinstance(error, Conflict) else 400
        template = "learning/_refused.html" if request.htmx else "learning/refused.html"
        return render(request, template, {"why": str(error)}, status=status)
    context = _shown(opened, token, worked, [Row(text) for text in typed], more)
    return render(request, "learning/_steps.html" if request.htmx else "learning/steps.html", context)


def _shown(opened: Opened, token: str, worked: Worked | None, typed: list[Row], more: bool) -> dict[str, Any]:
    rows = list(worked.rows) if worked else typed
    blank = max(AT_FIRST - len(rows), MORE if more else 1)
    return {
        "task": opened.task,
        "token": token,
        "practice": opened.practice,
        "rows": [_row(row, place) for place, row in enumerate([*rows, *[Row("")] * blank][:MOST_ROWS])],
        "room": len(rows) + blank < MOST_ROWS,
        "longest": LONGEST_ROW,
        "said": _said(opened, worked) if worked else None,
        "preview_url": reverse("learning-preview"),
    }


def _row(row: Row, place: int) -> dict[str, str]:
    return {
        "typed": row.typed,
        "verdict": "problem" if row.problem else row.verdict,
        "words": row.problem or (_apart(place) if row.verdict == Verdict.BREAKS else WORDS.get(row.verdict, "")),
    }


def _apart(place: int) -> str:
    return f"和{'上一行' if place else '题目'}接不上"


def _said(opened: Opened, worked: Worked) -> Said:
    """A question at the line that does not follow; never what would have been right."""
    unread = next((place for place, row in enumerate(worked.rows, 1) if row.problem), 0)
    if worked.broken is not None:
        return Said(f"第 {worked.broken + 1} 行{_apart(worked.broken)}", _question(opened, worked), "warning")
    if unread:
        return Said(f"第 {unread} 行还没有读懂", worked.rows[unread - 1].problem, "warning")
    if worked.solved:
        return Said("每一行都接得上", "这样就算出来了。和刚才交的答案比一比，差在哪里？", "")
    if any(row.verdict == Verdict.UNTOLD for row in worked.rows):
        return Said("有的写法还看不准", "看得懂的几行都接得上。换一种写法，或者接着往下写。", "")
    return Said("到这里每一行都接得上", "接着往下写吧。", "")


def _question(opened: Opened, worked: Worked) -> str:
    causes = worked.found.causes if worked.found else ()
    first = causes[0] if causes and causes[0].probability >= ENOUGH else None
    return probe(stepped(first.steps, bool(opened.task.line.sign))) if first else LOOK_AGAIN

"""A pupil's verbs: begin a sitting, take a hint, give an answer, rest, stop.

An answer needs no audit row of its own: its statement is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.utils import timezone

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.knowledge import items
from yincai.knowledge.items import Graded
from yincai.learning import forms
from yincai.learning.forms import AnswerForm
from yincai.learning.keeping import Keeping
from yincai.learning.models import Assignment, Practice
from yincai.learning.policies import PRACTISE
from yincai.records.recording import Response
from yincai.records.statements import answered as statement_of

LONGEST = 20 * 60 * 1000  # ms: a longer stay at a question is counted as this
TAKEN_BACK = ("unreadable", "undecided")


@dataclass(frozen=True)
class Answered:
    """The verdict; `counted` is false when the answer went back to be mended. `state`: the pupil's, afterwards."""

    form: AnswerForm
    practice: Practice
    graded: Graded
    counted: bool
    state: bytes


def begin(keeping: Keeping, subject: str, unit: str, assignment: Assignment | None, *, acting_user: Actor) -> Practice:
    PRACTISE.require(acting_user)
    return keeping.begin(subject, unit, assignment, acting_user.place)


def take_hint(keeping: Keeping, token: str, level: int, *, acting_user: Actor) -> AnswerForm:
    """Note on the server that a step of help was given. Steps are taken in order."""
    PRACTISE.require(acting_user)
    form = forms.read(token, pupil=keeping.pupil, now=timezone.now().timestamp())
    used = keeping.hints_used(form.id)
    if not 1 <= level <= used + 1 or level > len(items.hint_names(form.item, form.version, form.seed)):
        raise ActionError("提示要一步一步看。")
    keeping.note_hint(form.id, level)
    return form


def answer(keeping: Keeping, token: str, typed: str, spent_ms: int, *, acting_user: Actor) -> Answered:
    """Grade what was given and keep it; what cannot be read goes back and is no attempt."""
    PRACTISE.require(acting_user)
    now = timezone.now()
    form = forms.read(token, pupil=keeping.pupil, now=now.timestamp())
    practice = keeping.practice(form.practice)
    graded = items.grade(form.item, form.version, form.seed, typed)
    if graded.outcome in TAKEN_BACK:
        return Answered(form, practice, graded, False, keeping.state(practice.subject))
    statement, response = _told(form, practice, graded, typed, _spent(form, spent_ms, now), keeping, now)
    state = keeping.answered(statement, response)
    return Answered(form, practice, graded, True, state)


def _told(
    form: AnswerForm, practice: Practice, graded: Graded, typed: str, spent: int, keeping: Keeping, now: datetime
) -> tuple[dict[str, object], Response]:
    asked = items.question(form.item, form.version, form.seed)
    hints = keeping.hints_used(form.id)
    source = "assigned" if practice.assignment_id else "practice"
    statement = statement_of(
        id=form.id,
        subject=practice.subject,
        item=form.item,
        version=form.version,
        seed=form.seed,
        typed=typed,
        score=graded.score,
        success=graded.outcome == "right",
        at=now,
        duration_ms=spent,
        hints=hints,
        practice=practice.pk,
        cause=graded.cause,
        source=source,
    )
    response = Response(
        pupil=keeping.pupil,
        subject=practice.subject,
        place=practice.place,
        item=form.item,
        version=form.version,
        seed=form.seed,
        points=asked.points,
        difficulty=asked.difficulty,
        guess=asked.guess,
        score=graded.score,
        duration_ms=spent,
        hints=hints,
        source=source,
        cause=graded.cause,
        practice=practice.pk,
        at=now.astimezone(UTC),
    )
    return statement, response


def _spent(form: AnswerForm, claimed: int, now: datetime) -> int:
    """Milliseconds at the question: what the page measured, never more than has passed since it was shown."""
    passed = int((now.timestamp() - form.shown) * 1000)
    return max(0, min(claimed or passed, passed, LONGEST))


def rested(keeping: Keeping, practice_id: UUID, *, acting_user: Actor) -> Practice:
    PRACTISE.require(acting_user)
    practice = keeping.practice(practice_id)
    practice.stretch_from = timezone.now()
    keeping.save_practice(practice, "stretch_from")
    return practice


def stop(keeping: Keeping, practice_id: UUID, *, acting_user: Actor) -> Practice:
    PRACTISE.require(acting_user)
    practice = keeping.practice(practice_id)
    practice.ended_at = timezone.now()
    keeping.save_practice(practice, "ended_at")
    return practice

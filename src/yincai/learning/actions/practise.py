"""A pupil's verbs: begin a sitting, take a hint, give an answer, rest, stop.

An answer needs no audit row of its own: its statement is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from yincai.core.action import ActionError, Conflict
from yincai.core.actors import Actor
from yincai.knowledge import items
from yincai.knowledge.items import Graded, UnknownItem
from yincai.learning import forms
from yincai.learning.forms import AnswerForm
from yincai.learning.keeping import Keeping, NoPractice
from yincai.learning.models import Assignment, Practice, Purpose
from yincai.learning.policies import PRACTISE
from yincai.learning.sitting import version_that_counts
from yincai.learning.tracing.state import Traced
from yincai.records.recording import ConflictingStatement, Response
from yincai.records.statements import answered as statement_of

LONGEST = 20 * 60 * 1000  # ms: a longer stay at a question is counted as this
DONT_KNOW = "不会"  # what a placement takes for an answer
TAKEN_BACK = ("unreadable", "undecided")
GOES_ON = timedelta(days=3)  # an unfinished placement is taken up again for this long
PAUSE = timedelta(minutes=5)  # away from the screen for this long, the eyes have rested


class AnsweredElsewhere(Conflict):
    """Nothing is lost: the test goes on with its next question."""

    def __init__(self, practice: UUID) -> None:
        self.practice = practice
        super().__init__("这道题在另一个窗口里已经答过，这一次没有算。接着做下一题就好。")


@dataclass(frozen=True)
class Marked:
    """The verdict. `version`: the one whose key counted. `hints`: steps of help taken before."""

    form: AnswerForm
    practice: Practice
    version: int
    graded: Graded
    hints: int


@dataclass(frozen=True)
class Answered(Marked):
    """`counted` is false when the answer went back to be mended. `state`: the pupil's, afterwards."""

    counted: bool
    state: Traced


def begin(keeping: Keeping, subject: str, unit: str, assignment: Assignment | None, *, acting_user: Actor) -> Practice:
    PRACTISE.require(acting_user)
    return keeping.begin(subject, unit, assignment, acting_user.place, _stretch_from(keeping, subject))


def begin_placement(keeping: Keeping, subject: str, *, acting_user: Actor) -> Practice:
    """A sitting that finds out where to begin; one that was begun lately and not finished goes on."""
    PRACTISE.require(acting_user)
    last = keeping.last_for(subject, Purpose.PLACEMENT)
    if last and last.ended_at is None and timezone.now() - last.started_at < GOES_ON:
        return last
    since = _stretch_from(keeping, subject)
    return keeping.begin(subject, "", None, acting_user.place, since, Purpose.PLACEMENT)


def _stretch_from(keeping: Keeping, subject: str) -> datetime:
    """A sitting begun right after another one is no rest: the minutes go on counting."""
    now = timezone.now()
    recent = keeping.state(subject).mastery.recent
    if not len(recent) or now.timestamp() - float(recent["time"][-1]) > PAUSE.total_seconds():
        return now
    return keeping.last_stretch() or now


def take_hint(keeping: Keeping, token: str, level: int, *, acting_user: Actor) -> AnswerForm:
    """Note on the server that a step of help was given. Steps are taken in order, and before the answer."""
    PRACTISE.require(acting_user)
    form = forms.read(token, pupil=keeping.pupil, now=timezone.now().timestamp())
    practice, used = keeping.opened(form)
    if practice.ended_at is not None:
        raise NoPractice
    if practice.measures:
        raise ActionError("摸底的时候没有提示：不会的题写上你的想法，或者先到这里。")
    if keeping.said(form.id) is not None:
        raise ActionError("这道题已经交过了，提示不再计入。可以看讲解，或者接着做下一题。")
    if not 1 <= level <= used + 1 or level > len(items.hint_names(form.item, form.version, form.seed)):
        raise ActionError("提示要一步一步看。")
    keeping.note_hint(form.id, level)
    return form


def answer(keeping: Keeping, token: str, typed: str, spent_ms: int, *, acting_user: Actor) -> Answered:
    """Grade what was given and keep it; what cannot be read goes back and is no attempt.

    The same form with the same answer has the same result again, even after the sitting ended; with another answer
    it is refused by ConflictingStatement.
    """
    PRACTISE.require(acting_user)
    now = timezone.now()
    form = forms.read(token, pupil=keeping.pupil, now=now.timestamp())
    practice, hints = keeping.opened(form)
    if practice.ended_at is not None and keeping.said(form.id) is None:
        raise NoPractice
    if practice.measures and _answered_elsewhere(keeping, practice, form):
        raise AnsweredElsewhere(practice.pk)
    version, graded = _grade(practice, form, typed)
    if graded.outcome in TAKEN_BACK:
        if keeping.said(form.id) is not None:
            raise ConflictingStatement
        return Answered(form, practice, version, graded, hints, False, keeping.state(practice.subject))
    marked = Marked(form, practice, version, graded, hints)
    statement, response = _told(marked, typed, _spent(form, spent_ms, now), keeping.pupil, now)
    try:
        state = keeping.answered(statement, response)
    except ConflictingStatement:
        if keeping.said(form.id) != typed:
            raise
        state = keeping.state(practice.subject)  # the same answer, graded before its key was mended
    return Answered(form, practice, version, graded, hints, True, state)


def _answered_elsewhere(keeping: Keeping, practice: Practice, form: AnswerForm) -> bool:
    """Whether a test has had just this question answered on another form: in a second tab."""
    asked = any((each.item, each.seed) == (form.item, form.seed) for each in keeping.given(practice))
    return asked and keeping.said(form.id) is None


def _grade(practice: Practice, form: AnswerForm, typed: str) -> tuple[int, Graded]:
    try:
        version = version_that_counts(practice, form)
        if practice.measures and typed == DONT_KNOW:
            return version, Graded("wrong", 0.0)
        return version, items.grade(form.item, version, form.seed, typed)
    except UnknownItem:
        raise ActionError("这道题已经撤下，不用再答。请换一道新的。") from None


def _told(marked: Marked, typed: str, spent: int, pupil: int, now: datetime) -> tuple[dict[str, object], Response]:
    form, practice, graded = marked.form, marked.practice, marked.graded
    asked = items.question(form.item, marked.version, form.seed)
    source = "assigned" if practice.assignment_id else str(practice.purpose)
    statement = statement_of(
        id=form.id,
        subject=practice.subject,
        item=form.item,
        version=marked.version,
        seed=form.seed,
        typed=typed,
        score=graded.score,
        success=graded.outcome == "right",
        at=now,
        duration_ms=spent,
        hints=marked.hints,
        practice=practice.pk,
        cause=graded.cause,
        source=source,
    )
    response = Response(
        pupil=pupil,
        subject=practice.subject,
        place=practice.place,
        item=form.item,
        version=marked.version,
        seed=form.seed,
        points=asked.points,
        difficulty=asked.difficulty,
        guess=asked.guess,
        score=graded.score,
        duration_ms=spent,
        hints=marked.hints,
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

"""A pupil writes out the steps behind a wrong answer: no attempt, no verdict on the pupil, and it may be left out.

The statement `worked` is its own audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.knowledge import items
from yincai.knowledge.items import UnknownItem
from yincai.learning import forms
from yincai.learning.attribution.trained import in_use
from yincai.learning.attribution.worked import Task, Worked, check, read_rows, task_of
from yincai.learning.forms import AnswerForm
from yincai.learning.keeping import Keeping
from yincai.learning.models import Practice
from yincai.learning.policies import PRACTISE
from yincai.learning.sitting import version_that_counts


@dataclass(frozen=True)
class Opened:
    """A question that was answered wrongly and has steps to be written out."""

    form: AnswerForm
    practice: Practice
    task: Task


def open_steps(keeping: Keeping, token: str, *, acting_user: Actor) -> Opened:
    """Only behind a wrong answer that was given: before it, steps would be help."""
    PRACTISE.require(acting_user)
    form = forms.read(token, pupil=keeping.pupil, now=timezone.now().timestamp())
    practice, _ = keeping.opened(form)
    said = keeping.said(form.id)
    if said is None or practice.measures:
        raise ActionError("先交答案；答错了，再来写步骤。")
    try:
        version = version_that_counts(practice, form)
        wrong = items.grade(form.item, version, form.seed, said).outcome == "wrong"
    except UnknownItem:
        raise ActionError("这道题已经撤下，不用再写。请接着做下一题。") from None
    task = task_of(form.item, version, form.seed) if wrong else None
    if task is None:
        raise ActionError("这道题不用写步骤，接着做下一题吧。")
    return Opened(form, practice, task)


def write_steps(keeping: Keeping, opened: Opened, typed: Sequence[str], *, acting_user: Actor) -> Worked:
    """Check each line and keep what was written; what cannot be read goes back, and nothing is kept."""
    PRACTISE.require(acting_user)
    model = in_use(opened.practice.subject)
    worked = check(opened.task, read_rows(opened.task, typed), model.moves, model.search)
    if worked.rows and worked.readable:
        keeping.worked(opened.practice, opened.form.id, worked.texts, worked.broken)
    return worked

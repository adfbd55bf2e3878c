"""Practices that a teacher set: who has done how much, in school-number order; never how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from yincai.learning.models import Assignment
from yincai.learning.queries import answers_given
from yincai.registry.models import Organisation
from yincai.registry.queries import Pupil

SHOWN = 8  # practices listed on a class's page
LATELY = timedelta(days=60)


@dataclass(frozen=True)
class Turn:
    """One pupil of a set practice. `done` is None where nothing is kept of the pupil."""

    pupil: Pupil
    done: int | None


@dataclass(frozen=True)
class Progress:
    assignment: Assignment
    turns: tuple[Turn, ...]

    @property
    def finished(self) -> int:
        return sum((turn.done or 0) >= self.assignment.questions for turn in self.turns)

    @property
    def begun(self) -> int:
        return sum(0 < (turn.done or 0) < self.assignment.questions for turn in self.turns)

    @property
    def unkept(self) -> int:
        return sum(turn.done is None for turn in self.turns)

    @property
    def waiting(self) -> int:
        return len(self.turns) - self.finished - self.begun - self.unkept

    @property
    def over(self) -> bool:
        due = self.assignment.due
        return due is not None and due < timezone.localdate()

    @property
    def sentence(self) -> str:
        said = [(self.finished, "做完"), (self.begun, "在做"), (self.waiting, "还没开始"), (self.unkept, "不留存")]
        return "，".join(f"{count} 人{word}" for count, word in said if count) or "名单里没有学生"


def set_lately(school_class: Organisation) -> list[Assignment]:
    rows = Assignment.objects.filter(
        school_class=school_class, withdrawn_at__isnull=True, set_at__gte=timezone.now() - LATELY
    )
    return list(rows[:SHOWN])


def progress_of(assignments: Sequence[Assignment], pupils: Sequence[Pupil]) -> list[Progress]:
    numbers = [pupil.pseudonym.number for pupil in pupils if pupil.pseudonym.keeps]
    done = answers_given(assignments, numbers)

    def turn(row: Assignment, pupil: Pupil) -> Turn:
        mark = pupil.pseudonym
        return Turn(pupil, min(done[row.pk, mark.number], row.questions) if mark.keeps else None)

    return [
        Progress(
            row, tuple(turn(row, pupil) for pupil in pupils if not row.pupils or pupil.pseudonym.number in row.pupils)
        )
        for row in assignments
    ]

"""Facts of pupils as the columns that fitting and judging read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.learning.tracing.fitting import Answers, Whole
from yincai.learning.tracing.versions import SUBJECT
from yincai.records.folds import Fact
from yincai.records.models import LearnerState
from yincai.records.queries import facts_of

AT_ONCE = 200  # pupils


@dataclass(frozen=True, eq=False)
class Gathered:
    """`place`: the class's path, `item`: of each answer."""

    answers: Answers
    place: NDArray[np.str_]
    item: Whole

    def where(self, those: NDArray[np.bool_]) -> Gathered:
        return Gathered(self.answers.where(those), self.place[those], self.item[those])


def gathered(most: int) -> Gathered:
    """Whole pupils within the scope, the newest first, until about so many answers are there. First answers without
    help count where a set is judged; all of them move a state."""
    chunks, n = list[list[Fact]](), 0
    for facts in _by_pupils():
        chunks.append(facts)
        n += len(facts)
        if n >= most:
            break
    return columns_of(sorted((fact for chunk in chunks for fact in chunk), key=lambda fact: (fact.pupil, fact.number)))


def _by_pupils() -> Iterator[list[Fact]]:
    states = LearnerState.objects.filter(subject=SUBJECT).order_by("-pupil").values_list("pupil", flat=True)
    pupils = list(states)
    for start in range(0, len(pupils), AT_ONCE):
        yield facts_of(pupils[start : start + AT_ONCE], SUBJECT)


def columns_of(facts: Sequence[Fact]) -> Gathered:
    pupil = np.array([fact.pupil for fact in facts], np.int64)
    answers = Answers(
        pupil=pupil,
        slots=_padded([fact.points for fact in facts]),
        difficulty=np.array([fact.difficulty for fact in facts], float),
        guess=np.array([fact.guess for fact in facts], float),
        score=np.array([fact.score for fact in facts], float),
        time=_never_back(pupil, np.array([fact.at.timestamp() for fact in facts], float)),
        scored=np.array([fact.attempt == 1 and not fact.hints for fact in facts], bool),
    )
    return Gathered(answers, np.array([fact.place for fact in facts], np.str_), _whole(fact.item for fact in facts))


def _whole(values: Iterable[int]) -> Whole:
    return np.array(list(values), np.int64)


def _padded(points: Sequence[tuple[int, ...]]) -> Whole:
    table = np.full((len(points), max(map(len, points), default=0) or 1), -1, np.int64)
    for row, own in zip(table, points, strict=True):
        row[: len(own)] = own
    return table


def _never_back(pupil: Whole, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """A fact from before the newest one counts as the same moment, as in the fold."""
    if not len(pupil):
        return time
    begins = np.flatnonzero(np.append(True, np.diff(pupil) != 0))
    return np.concatenate([np.maximum.accumulate(part) for part in np.split(time, begins[1:])])

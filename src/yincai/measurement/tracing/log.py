"""The one interface of all tracing models: a log of answers in, a fitted model out, an online form for live use.

A model is a function `fit(log) -> Fitted`. A fitted model predicts a log row by row from the rows before it, and it
follows one learner live: `start`, `update`, `predict`.

>>> log = Log.of(["a", "a", "b"], ["x", "y", "x"], [1, 0, 1])
>>> log.n, log.learners, log.units
(3, 2, ('x', 'y'))
>>> log.of_learners(np.array([False, True])).correct.tolist()
[1.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
DENSE = 50  # answers an item needs on average to be traced itself; below, its skills are
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Log:
    """Answers, learner after learner, each learner's in the order they were given.

    learner : (n,) numbers 0… that never fall. item, skill : (n,) indices into `items` and `skills`; a skill is a set
    of skills as it stands in the file (`"a;b"`). correct : (n,) of 0…1. time, duration : (n,) seconds or None.
    only_skill : the file names no items beside the skills.
    """

    learner: Whole
    item: Whole
    skill: Whole
    correct: Floats
    items: tuple[str, ...]
    skills: tuple[str, ...]
    time: Floats | None = None
    duration: Floats | None = None
    only_skill: bool = False

    def __post_init__(self) -> None:
        if not len(self.learner) == len(self.item) == len(self.skill) == len(self.correct):
            raise ValueError("learner, item, skill and correct must be of one length")
        if self.n and (np.diff(self.learner) < 0).any():
            raise ValueError("the rows of a learner must stand together, learners ascending")
        if self.n and not ((self.correct >= 0) & (self.correct <= 1)).all():
            raise ValueError("correct must lie in 0…1")

    @classmethod
    def of(
        cls,
        learner: Sequence[str] | Sequence[int] | NDArray[Any],
        item: Sequence[str] | Sequence[int] | NDArray[Any],
        correct: Sequence[float] | Floats,
        skill: Sequence[str] | Sequence[int] | NDArray[Any] | None = None,
        time: Sequence[float] | Floats | None = None,
        duration: Sequence[float] | Floats | None = None,
    ) -> Log:
        """A log from plain columns in any order of learners; without `skill` the item is the skill. Rows keep their
        order within a learner, or are sorted by time where it is given."""
        who, _ = _numbered(learner)
        order = np.argsort(who, kind="stable") if time is None else np.lexsort((np.asarray(time), who))
        what, items = _numbered(item)
        which, skills = (what, items) if skill is None else _numbered(skill)
        return cls(
            who[order],
            what[order],
            which[order],
            np.asarray(correct, np.float64)[order],
            items,
            skills,
            None if time is None else np.asarray(time, np.float64)[order],
            None if duration is None else np.asarray(duration, np.float64)[order],
            skill is None,
        )

    @property
    def n(self) -> int:
        return len(self.learner)

    @property
    def learners(self) -> int:
        return int(self.learner[-1]) + 1 if self.n else 0

    @cached_property
    def starts(self) -> Whole:
        """(learners + 1,) row where each learner begins, and the end."""
        return np.searchsorted(self.learner, np.arange(self.learners + 1)).astype(np.int64)

    @property
    def by_item(self) -> bool:
        """Whether the items have enough answers to be traced themselves."""
        return self.n >= DENSE * len(self.items) or self.only_skill

    @property
    def units(self) -> tuple[str, ...]:
        """What is traced: items where answers are dense, else skills."""
        return self.items if self.by_item else self.skills

    def of_learners(self, chosen: NDArray[np.bool_]) -> Log:
        """The rows of the learners marked in `chosen` (learners,), numbered anew."""
        rows = chosen[self.learner]
        number = np.cumsum(chosen) - 1
        return replace(
            self,
            learner=number[self.learner[rows]],
            item=self.item[rows],
            skill=self.skill[rows],
            correct=self.correct[rows],
            time=None if self.time is None else self.time[rows],
            duration=None if self.duration is None else self.duration[rows],
        )


def _numbered(names: Sequence[str] | Sequence[int] | NDArray[Any]) -> tuple[Whole, tuple[str, ...]]:
    found, number = np.unique(np.asarray(names), return_inverse=True)
    return number.astype(np.int64), tuple(str(name) for name in found)


@dataclass(frozen=True)
class Catalogue:
    """The names a model was fitted on; what is not among them is UNKNOWN."""

    items: tuple[str, ...]
    skills: tuple[str, ...]
    by_item: bool

    @classmethod
    def of(cls, log: Log) -> Catalogue:
        return cls(log.items, log.skills, log.by_item)

    @property
    def units(self) -> tuple[str, ...]:
        return self.items if self.by_item else self.skills

    def item_rows(self, log: Log) -> Whole:
        return _translated(log.item, log.items, self.items)

    def skill_rows(self, log: Log) -> Whole:
        return _translated(log.skill, log.skills, self.skills)

    def unit_rows(self, log: Log) -> Whole:
        return self.item_rows(log) if self.by_item else self.skill_rows(log)


def _translated(rows: Whole, names: tuple[str, ...], known: tuple[str, ...]) -> Whole:
    if names == known:
        return rows
    index = {name: number for number, name in enumerate(known)}
    return np.array([index.get(name, UNKNOWN) for name in names], np.int64)[rows]


class Fitted(Protocol):
    """A fitted model. `update` never changes the state it is given; times are seconds, of any origin.

    The online form takes a unit's index (`catalogue.units`), UNKNOWN for one never seen in fitting.
    """

    @property
    def catalogue(self) -> Catalogue: ...

    def predict_log(self, log: Log) -> Floats:
        """Probability of a right answer for each row, from the learner's rows before it alone; shape (n,)."""
        ...

    def start(self) -> Any:
        """The state of a learner who has answered nothing."""
        ...

    def update(self, state: Any, unit: int, outcome: float, time: float) -> Any:
        """The state after one answer."""
        ...

    def predict(self, state: Any, units: Whole, time: float) -> tuple[Floats, Floats]:
        """Probability of a right answer to each unit, and its standard error; both (units,)."""
        ...


Fit = Callable[[Log], Fitted]

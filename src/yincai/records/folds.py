"""Folds: how the facts of a pupil and subject become a state. A package above registers its own in `apps.py`.

A fold reads the facts it is given and the versions it was asked for, nothing else: no clock, no randomness, no
database. The same facts in the same order give the same bytes, live and in a rebuild.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class Fact(NamedTuple):
    """A response fact as a fold sees it. `number` orders the facts of a pupil and subject; a correction is given
    under the number of the fact it replaces. `points` are slots of the subject's knowledge points."""

    pupil: int
    subject: str
    number: int
    place: str
    item: int
    version: int
    seed: int | None
    points: tuple[int, ...]
    difficulty: float
    guess: float
    score: float
    duration_ms: int
    attempt: int
    hints: int
    source: str
    cause: str
    practice: UUID | None
    at: datetime


class Versions(NamedTuple):
    """What a state is computed with. Another one of any of the three is another projection, built beside the old."""

    model: str
    parameters: str
    graph: str


class Damaged(ValueError):
    """Bytes that are no state of the versions they are said to be of."""


class Fold(Protocol):
    """`versions`: what the code would begin new states with. `fold` may be asked for older versions while a new one
    is being built; one it does not `know` any more leaves the state waiting until the switch."""

    @property
    def versions(self) -> Versions: ...

    def knows(self, versions: Versions) -> bool: ...

    def fold(self, state: bytes, facts: Sequence[Fact], versions: Versions) -> bytes:
        """The state after the facts, in order; of no bytes at all, the state before the first fact."""
        ...

    def opened(self, state: bytes, versions: Versions) -> Any:
        """The state as its package works with it, read to the last byte. Raises Damaged."""
        ...

    def differences(self, one: bytes, other: bytes) -> list[str]:
        """Where two states differ, in words: counts and dates exactly, floats beyond 1e-6."""
        ...


FOLDS: dict[str, Fold] = {}


def register_fold(subject: str, fold: Fold) -> None:
    if subject in FOLDS:
        raise ValueError(f"a fold for {subject} is registered already")
    FOLDS[subject] = fold

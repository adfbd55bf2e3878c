"""Reading what is known of pupils. Whoever reads a state here need not know how it is packed: `records` lets the fold
open it, and mends it where the bytes are damaged."""

from __future__ import annotations

from collections.abc import Iterable

from yincai.learning.tracing.state import Traced
from yincai.learning.tracing.versions import numbers_in_use
from yincai.records import queries


def traced_of(pupil: int, subject: str) -> Traced:
    """Of one pupil; before the first answer (and out of the scope) nothing is known."""
    return all_traced([pupil], subject).get(pupil) or Traced.empty(numbers_in_use())


def all_traced(pupils: Iterable[int], subject: str) -> dict[int, Traced]:
    """Of those pupils who have answered."""
    return queries.states_of(pupils, subject)

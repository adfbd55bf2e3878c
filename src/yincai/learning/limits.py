"""How large a part of the pupils of a grade may meet one question of the placement.

What holds for a place of the test: MOST for each question that may stand there, or, in a bank too small for that, ROOM
times what some question is met by anyhow. A written item that has not been rehearsed yet (`exposure.py`) gets just this
as its limit, for no item is ever met by a larger part than its limit: so the bound holds from the first sitting on, and
a rehearsal only finds out which items need less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.rehearsals import Kept

MOST = 0.25  # of the pupils of a grade who may see one question
ROOM = 1.25  # how much more than a test the limits must leave, so that questions can still be chosen
Floats = NDArray[np.float64]


class Place(Protocol):
    """A place of the test: an item, and for a generator the fixed variants that may stand there."""

    @property
    def item(self) -> int: ...

    @property
    def seeds(self) -> tuple[int, ...]: ...


def variants(places: Sequence[Place]) -> Floats:
    """(places,): how many questions may stand there."""
    return np.array([max(1, len(place.seeds)) for place in places], np.float64)


def highest_shares(places: Sequence[Place], length: int) -> Floats:
    """(places,): the largest part of the pupils who may meet each, in tests of `length`; 1 where all may."""
    least = ROOM * length / len(places)
    return np.asarray(np.minimum(1.0, np.maximum(MOST * variants(places), least)))


def kept_limits(places: Sequence[Place], length: int, kept: Kept) -> Floats:
    """(places,): the probability with which each may appear in a sitting at all, by the last rehearsal."""
    most = highest_shares(places, length)
    found = [
        kept.limits.get(place.item, 1.0) if place.item <= kept.up_to else float(share)
        for place, share in zip(places, most, strict=True)
    ]
    return np.array(found, np.float64)

"""What the points a point stands on say about it before its first answer.

The expected deviation from the general level of a point never answered is a share of the mean deviation of the points
it needs, in the order of the graph, so that it passes along chains of unseen points:

    expected(i) = share · mean over the needs j of  (ability(j) − general, or expected(j) where j is unseen)

All weights are positive and fixed by the graph, so that with each right answer every expectation rises or stays, and
the first answer starts from the expectation: smoothing keeps the mastery monotone in the evidence. Source: the share is
the regression of a child on its parents in a Gaussian belief network (Shachter & Kenley 1989, Gaussian influence
diagrams, Management Science 35, 527–550).

>>> needs = Needs.of([(), (0,), (1,)], share=0.5)
>>> needs.expected(np.array([1.0, 0.0, 0.0]), np.array([True, False, False])).tolist()
[1.0, 0.5, 0.25]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHARE = 0.6


@dataclass(frozen=True, eq=False)
class Needs:
    """steps : for each depth of the graph its slots (m,), what they need (m, k) padded with the number of slots, and
    the weights (m, k)."""

    slots: int
    steps: tuple[tuple[NDArray[np.intp], NDArray[np.intp], Floats], ...]

    @classmethod
    def of(cls, needs: Sequence[Sequence[int]], share: float = SHARE) -> Needs:
        """needs[slot] : slots that it stands on. Raises ValueError for a cycle, an unknown slot or a share outside
        0…1."""
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share {share} must lie in 0…1")
        depth = _depths(needs)
        steps = []
        for level in range(1, max(depth, default=0) + 1):
            slots = [slot for slot, at in enumerate(depth) if at == level]
            width = max(len(needs[slot]) for slot in slots)
            below = np.full((len(slots), width), len(needs), np.intp)
            weight = np.zeros((len(slots), width))
            for row, slot in enumerate(slots):
                below[row, : len(needs[slot])] = needs[slot]
                weight[row, : len(needs[slot])] = share / len(needs[slot])
            steps.append((np.array(slots, np.intp), below, weight))
        return cls(len(needs), tuple(steps))

    def expected(self, deviation: Floats, seen: NDArray[np.bool_]) -> Floats:
        """Deviations (n,) from the general level with those of unseen points filled in; slots past the graph stay.

        deviation : (n,), 0 where unseen. seen : (n,).
        """
        room = max(self.slots, len(deviation)) + 1
        filled, known = np.zeros(room), np.zeros(room, bool)
        filled[: len(deviation)], known[: len(seen)] = deviation, seen
        for slots, below, weight in self.steps:
            found = (weight * filled[below]).sum(axis=1)
            filled[slots] = np.where(known[slots], filled[slots], found)
        return filled[: len(deviation)]


def _depths(needs: Sequence[Sequence[int]]) -> list[int]:
    """Longest way down from each slot."""
    depth = [0] * len(needs)
    for _ in range(len(needs) + 1):
        new = [1 + max(depth[below] for below in some) if some else 0 for some in _checked(needs)]
        if new == depth:
            return depth
        depth = new
    raise ValueError("the prerequisites run in a circle")


def _checked(needs: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
    for slot, some in enumerate(needs):
        if any(not 0 <= below < len(needs) for below in some):
            raise ValueError(f"slot {slot} needs one that is not there: {list(some)}")
    return needs

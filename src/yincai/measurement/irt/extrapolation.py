"""EM whose slow modes are extrapolated: one climb for all models that are estimated by EM here.

Anderson acceleration (Walker & Ni 2011) over the last few steps. An extrapolation that lowers the objective is taken
back: the climb goes on from where EM alone had brought it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from yincai.measurement.irt.responses import Floats

MEMORY = 6  # earlier steps that an extrapolation uses
FARTHEST_AHEAD = 2.0  # in any parameter, of an extrapolation beyond EM's own step
SLACK = 1e-9  # relative fall of the objective that is rounding

State = TypeVar("State")


class Steps(Protocol[State]):
    """An EM algorithm as the climb sees it: steps between states, which it can also see as vectors."""

    def step(self, at: State) -> tuple[State, float]:
        """The state after one iteration, and the objective before it."""
        ...

    def vector(self, at: State) -> Floats: ...

    def ahead(self, after: State, vector: Floats) -> State:
        """The state of a vector; `after` where that is no possible state."""
        ...

    def distance(self, one: State, other: State) -> float: ...


@dataclass(frozen=True)
class Reached(Generic[State]):
    """The last step that was kept, and the objective at the state `before` it."""

    before: State
    after: State
    objective: float
    converged: bool
    passes: int


def climb(em: Steps[State], start: State, tolerance: float, most: int) -> Reached[State]:
    """Steps until neither EM nor the extrapolation moves further than the tolerance, or `most` are taken."""
    at, past = start, list[tuple[Floats, Floats]]()
    kept = Reached(start, start, -np.inf, False, 0)
    for passes in range(1, most + 1):
        after, objective = em.step(at)
        lowest = kept.objective - SLACK * abs(kept.objective)
        if not objective >= lowest and at is not kept.after:
            at, past = kept.after, []
            continue
        past = [*past[-MEMORY:], (em.vector(at), em.vector(after))]
        ahead = em.ahead(after, extrapolated(past))
        converged = max(em.distance(at, after), em.distance(at, ahead)) <= tolerance
        kept = Reached(at, after, objective, converged, passes)
        if converged:
            return kept
        at = ahead
    return Reached(kept.before, kept.after, kept.objective, False, max(most, 0))


def extrapolated(past: list[tuple[Floats, Floats]]) -> Floats:
    """Where EM is heading, from its last steps x → F(x): the combination of them with the smallest residual."""
    before, after = (np.array(side) for side in zip(*past, strict=True))
    residual = after - before
    if len(past) == 1:
        return np.asarray(after[-1])
    shares = np.linalg.lstsq(np.diff(residual, axis=0).T, residual[-1], rcond=1e-10)[0]
    ahead = -shares @ np.diff(after, axis=0)
    return np.asarray(after[-1] + ahead * min(1.0, FARTHEST_AHEAD / max(float(np.abs(ahead).max()), 1e-300)))

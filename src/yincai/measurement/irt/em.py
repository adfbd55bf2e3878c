"""Marginal maximum likelihood by parameter-expanded EM, extrapolated where it is slow.

Bock & Aitkin (1981): the learners are N(mean, variance), integrated out on a grid. Liu, Rubin & Wu (1998): the latent
mean and deviation are estimated in each iteration although the scale fixes them, and are then absorbed by the items;
that turns hundreds of iterations into a handful. What slow modes remain (short tests, 3PL) are extrapolated by SQUAREM
(Varadhan & Roland 2008), and a step that lowers the likelihood is taken back. A large file is first fitted on every
n-th learner, some thousand answers an item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.irt.bank import Bank
from yincai.measurement.irt.curves import GRADED
from yincai.measurement.irt.expectation import Expected, Grid, Windows, expect, windows
from yincai.measurement.irt.maximization import FARTHEST, STEEPEST, maximise, penalties
from yincai.measurement.irt.responses import Floats, Responses

ANSWERS_FIRST = 1000  # answers an item in the first, partial passes
FEWEST_PARTS = 4  # a file that is not this many times larger is passed over whole at once
ROUGH = 100.0  # the partial passes end at this times the tolerance
QUICK = 0.2  # EM that shrinks its steps by this factor needs no extrapolation
DEVIATIONS = (0.02, 20.0)  # bounds of the latent deviation
SLACK = 1e-9  # relative fall of the objective that is rounding


@dataclass(frozen=True)
class Progress:
    """Told after each pass over the responses: which pass, over which share of the learners, and how far along."""

    passes: int
    share: float
    log_likelihood: float
    change: float  # largest change of a parameter; NaN before there is one


class Checkpoint(Protocol):
    """Where a long fit keeps its state; both are handed in by whoever may write files."""

    def load(self) -> dict[str, NDArray[np.float64]] | None: ...

    def save(self, state: dict[str, NDArray[np.float64]]) -> None: ...


@dataclass(frozen=True)
class Problem:
    """What stays the same during a fit.

    `seen` counts the answers of each code; `free` marks the estimated parameters (items × parameters). `moving` says
    that the latent mean and variance are parameters of their own (anchors or priors hold the scale); otherwise the
    scale is fixed by mean 0 and, for models with slopes, variance 1. `expanding` absorbs what the latent mean and
    deviation say into the items.
    """

    responses: Responses
    seen: Floats
    over: Grid
    free: NDArray[np.bool_]
    priors: Floats
    moving: bool
    expanding: bool

    def step(self, items: Bank, near: Windows, stride: int) -> tuple[Bank, Expected, float]:
        """One EM iteration from `items`: the next items, and expectation and objective at `items`."""
        found = expect(self.responses, items, self.over, near, stride)
        n = len(self.over.nodes)
        theta = items.mean + np.sqrt(items.variance) * self.over.nodes
        xi = maximise(items.model.family, items.xi, self.free, items.first, theta, found.counts[:, :n], self.priors)
        objective = found.log_likelihood + penalties(items.model.family, items.xi, items.first, self.priors)
        return self._latent(replace(items, xi=xi), theta, found.mass[:n]), found, objective

    def _latent(self, items: Bank, theta: Floats, mass: Floats) -> Bank:
        """The latent distribution's own step, absorbed by the items where the scale is fixed."""
        total = mass.sum()
        mean = float(mass @ theta / total)
        if not (self.moving or self.expanding):
            mean = 0.0
        deviation = float(np.clip(np.sqrt(mass @ (theta - mean) ** 2 / total), *DEVIATIONS))
        if self.moving:
            return replace(items, mean=mean, variance=deviation**2)
        if not items.model.slope:
            return replace(items, xi=_moved(items, mean, 1.0), mean=0.0, variance=deviation**2)
        return replace(items, xi=_moved(items, mean, deviation)) if self.expanding else items


def _moved(items: Bank, mean: float, deviation: float) -> Floats:
    """The same curves when the abilities are measured from `mean` in units of `deviation`."""
    xi = items.xi.copy()
    xi[:, 1:-1] += np.where(items.steps, xi[:, :1] * mean, 0.0)
    xi[:, 0] *= deviation
    return xi


@dataclass(frozen=True)
class Outcome:
    """Items and the expectation at them; `passes` counts E-steps over all or a part of the learners."""

    items: Bank
    expected: Expected
    near: Windows
    converged: bool
    passes: int


def climb(
    problem: Problem,
    items: Bank,
    *,
    tolerance: float,
    most: int,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Outcome:
    """From a start to the maximum."""
    climber = Climber(problem, items, progress, checkpoint)
    parts = len(problem.responses.codes) // (ANSWERS_FIRST * len(items))
    if parts >= FEWEST_PARTS and climber.stride != 1:
        climber.stride = parts
        climber.run(tolerance * ROUGH, most // 2)
    climber.stride = 1
    converged = climber.run(tolerance, most)
    return climber.outcome(converged)


class Climber:
    """The state of a fit under way."""

    def __init__(
        self,
        problem: Problem,
        items: Bank,
        progress: Callable[[Progress], None] | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.problem, self.items = problem, items
        self.progress, self.checkpoint = progress, checkpoint
        self.near = windows(problem.responses, problem.over)
        self.passes, self.stride = 0, 0
        self._resume()

    def run(self, tolerance: float, most: int) -> bool:
        """Cycles of two steps and, where they shrink slowly, one extrapolation; whether they came to rest."""
        while self.passes < most:
            start = self.items
            one, _ = self._step(start)
            two, at_one = self._step(one)
            first, second = _distance(start, one), _distance(one, two)
            ratio = min(second / first, 0.999) if first > 0 else 0.0
            if second / (1 - ratio) <= tolerance:
                return True
            if ratio > QUICK:
                self._leap(self._extrapolated(start, one, two), two, at_one)
        return False

    def _leap(self, far: Bank | None, near: Bank, objective: float) -> None:
        """Go on from the far point unless it lies lower."""
        if far is None:
            return
        _, reached = self._step(far)
        if not reached >= objective - SLACK * abs(objective):
            self.items = near

    def _step(self, items: Bank) -> tuple[Bank, float]:
        after, found, objective = self.problem.step(items, self.near, self.stride)
        self.items = after
        self.passes += 1
        if self.progress is not None:
            change = _distance(items, after)
            self.progress(Progress(self.passes, 1 / self.stride, found.log_likelihood, change))
        self._save()
        return after, objective

    def _extrapolated(self, start: Bank, one: Bank, two: Bank) -> Bank | None:
        """SQUAREM's third scheme; None where it would leave the possible items."""
        at, first = self._vector(start), self._vector(one) - self._vector(start)
        bend = self._vector(two) - self._vector(one) - first
        size = float(np.linalg.norm(bend))
        if size == 0.0:
            return None
        alpha = max(float(np.linalg.norm(first)) / size, 1.0)
        return self._items(at + 2 * alpha * first + alpha**2 * bend)

    def _vector(self, items: Bank) -> Floats:
        return np.concatenate([items.xi[self.problem.free], [items.mean, np.log(items.variance) / 2]])

    def _items(self, vector: Floats) -> Bank | None:
        xi = self.items.xi.copy()
        xi[self.problem.free] = vector[:-2]
        far = replace(self.items, xi=xi, mean=float(vector[-2]), variance=float(np.exp(2 * min(vector[-1], 5.0))))
        deviation = np.sqrt(far.variance)
        inside = np.abs(xi[:, 0]).max() < STEEPEST and np.abs(xi[:, 1:-1]).max() < FARTHEST
        inside = inside and DEVIATIONS[0] < deviation < DEVIATIONS[1] and not _wrong_signs(far, self.problem.priors)
        return far if inside and not _disordered(far) else None

    def outcome(self, converged: bool) -> Outcome:
        found = expect(self.problem.responses, self.items, self.problem.over, self.near)
        return Outcome(self.items, found, self.near, converged, self.passes + 1)

    def _print(self) -> Floats:
        """What a checkpoint must agree in: it belongs to these responses and this model."""
        held = self.problem.responses
        family = float(self.items.model.family)
        sizes = [held.n_rows, len(held.items), len(held.codes), len(self.problem.over.nodes), family]
        return np.array([*sizes, float(self.problem.free.sum())], float)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        latent = np.array([self.items.mean, self.items.variance, self.passes, self.stride], float)
        self.checkpoint.save({"print": self._print(), "xi": self.items.xi, "latent": latent})

    def _resume(self) -> None:
        held = None if self.checkpoint is None else self.checkpoint.load()
        if held is None:
            return
        if not np.array_equal(held["print"], self._print()):
            raise ValueError(
                "the checkpoint is of another fit: other responses, model or nodes; remove it to begin anew"
            )
        mean, variance, passes, stride = held["latent"].tolist()
        self.items = replace(self.items, xi=held["xi"], mean=mean, variance=variance)
        self.passes, self.stride = int(passes), int(stride)


def _distance(one: Bank, other: Bank) -> float:
    """Largest change of a parameter; intercepts in relation to their size once they pass 1."""
    change = np.abs(one.xi - other.xi) / np.maximum(1.0, np.abs(other.xi))
    latent = abs(one.mean - other.mean), abs(np.sqrt(one.variance) - np.sqrt(other.variance))
    return float(max(change.max(), *latent))


def _disordered(items: Bank) -> bool:
    if items.model.family != GRADED:
        return False
    rises = np.diff(items.xi[:, 1:-1], axis=1) >= 0
    return bool((rises & items.steps[:, 1:]).any())


def _wrong_signs(items: Bank, priors: Floats) -> bool:
    return bool(((priors[:, 1] > 0) & (items.xi[:, 0] <= 0)).any())

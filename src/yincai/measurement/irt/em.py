"""Marginal maximum likelihood by parameter-expanded EM, extrapolated where it is slow.

Bock & Aitkin (1981): the learners are N(mean, variance), integrated out on a grid. Liu, Rubin & Wu (1998): the latent
mean and deviation are estimated in each iteration although the scale fixes them, and are then absorbed by the items;
that turns hundreds of iterations into a handful. What slow modes remain (short tests, 3PL) are extrapolated
(`extrapolation`). A large file is first fitted on every n-th learner, some thousand answers an item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.irt import extrapolation
from yincai.measurement.irt.curves import GRADED
from yincai.measurement.irt.expectation import Expected, Grid, Windows, expect, windows
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.maximization import FARTHEST, STEEPEST, maximise, penalties
from yincai.measurement.irt.responses import Floats, Responses

ANSWERS_FIRST = 1000  # answers an item in the first, partial passes
FEWEST_PARTS = 4  # a file that is not this many times larger is passed over whole at once
ROUGH = 100.0  # the partial passes end at this times the tolerance
GAUSS_NEWTON = 4
DEVIATIONS = (0.02, 20.0)  # bounds of the latent deviation


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

    `seen` counts the answers of each code. `muted` items, which all answered alike, follow the others and do not move
    them. `free` marks the estimated parameters (items × parameters). `moving` says
    that the latent mean and variance are parameters of their own (anchors or priors hold the scale); otherwise the
    scale is fixed by mean 0 and, for models with slopes, variance 1.
    """

    responses: Responses
    seen: Floats
    muted: NDArray[np.bool_]
    over: Grid
    free: NDArray[np.bool_]
    priors: Floats
    moving: bool

    def step(self, items: Bank, near: Windows, stride: int) -> tuple[Bank, Expected, float]:
        """One EM iteration from `items`: the next items, and expectation and objective at `items`."""
        found = expect(self.responses, items, self.over, near, stride, self.muted)
        n = len(self.over.nodes)
        theta = items.mean + np.sqrt(items.variance) * self.over.nodes
        xi = maximise(items.model.family, items.xi, self.free, items.first, theta, found.counts[:, :n], self.priors)
        holding = np.where(self.muted[:, None], 0.0, self.priors)
        objective = found.log_likelihood + penalties(items.model.family, items.xi, items.first, holding)
        return self._latent(replace(items, xi=xi), theta, found.mass[:n]), found, objective

    def _latent(self, items: Bank, theta: Floats, mass: Floats) -> Bank:
        """The latent distribution's own step, absorbed by the items where the scale is fixed."""
        total = float(mass.sum())
        mean = float(mass @ theta / total)
        spread = float(mass @ (theta - mean) ** 2 / total)
        if self.moving:
            return replace(items, mean=mean, variance=_bounded(np.sqrt(spread)) ** 2)
        mean, deviation = absorbed(items, np.where(self.muted[:, None], 0.0, self.priors), total, mean, spread)
        if items.model.slope:
            room = max(STEEPEST / float(np.abs(items.xi[:, 0]).max()), 1.0)  # a part of the step is a step up too
            return replace(items, xi=_moved(items, mean, min(deviation, room)))
        return replace(items, xi=_moved(items, mean, 1.0), variance=deviation**2)


def _bounded(deviation: float) -> float:
    return float(np.clip(deviation, *DEVIATIONS))


def absorbed(items: Bank, priors: Floats, n: float, mean: float, spread: float) -> tuple[float, float]:
    """The latent mean and deviation that maximise expected likelihood and priors when the items then absorb them.

    Without priors that is what the learners say, `mean` and the root of `spread`. Priors on b and ln a hold the scale
    too: Gauss–Newton on (mean, log deviation), with b becoming (b − mean) / deviation and a a · deviation.
    """
    at, log_deviation = mean, np.log(_bounded(np.sqrt(spread)))
    held = priors[:, 1::2].any(axis=1) & (items.xi[:, 0] != 0)
    if not held.any() or not priors[held][:, (1, 3)].any():
        return at, float(np.exp(log_deviation))
    xi, there, rescaled = items.xi[held], items.steps[held], float(items.model.slope)
    (m_a, p_a), (m_b, p_b) = priors[held, :2].T, priors[held, 2:4].T
    p_b = np.where(there, p_b[:, None], 0.0)
    log_a = np.log(np.maximum(xi[:, 0], 1e-300)) if rescaled else m_a
    b = -xi[:, 1:-1] / xi[:, :1]
    for _ in range(GAUSS_NEWTON):
        shrink = np.exp(-log_deviation * rescaled)
        u = (b - at) * shrink
        off, inverse = u - m_b[:, None], np.exp(-2 * log_deviation)
        by_mean = n * inverse * (mean - at) + (p_b * off).sum() * shrink
        by_log = n * inverse * (spread + (mean - at) ** 2) - n
        by_log += rescaled * ((p_b * off * u).sum() - (p_a * (log_a + log_deviation - m_a)).sum())
        both = rescaled * shrink * (p_b * u).sum()
        of_mean, of_log = n * inverse + p_b.sum() * shrink**2, 2 * n + rescaled * ((p_b * u * u).sum() + p_a.sum())
        step = np.linalg.solve([[of_mean, both], [both, of_log]], [by_mean, by_log])
        at, log_deviation = at + step[0], float(np.clip(log_deviation + step[1], *np.log(DEVIATIONS)))
    return float(at), float(np.exp(log_deviation))


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
        self.found: Expected | None = None  # at the items from which the last step went
        self._resume()

    def run(self, tolerance: float, most: int) -> bool:
        """Steps until neither EM nor the extrapolation moves any parameter further than the tolerance."""
        reached = extrapolation.climb(self, self.items, tolerance, most - self.passes)
        self.items = reached.before if reached.converged else reached.after  # before: where the expectation is known
        return reached.converged

    def step(self, at: Bank) -> tuple[Bank, float]:
        after, found, objective = self.problem.step(at, self.near, self.stride)
        self.items, self.found = after, found
        self.passes += 1
        if self.progress is not None:
            self.progress(Progress(self.passes, 1 / self.stride, found.log_likelihood, self.distance(at, after)))
        self._save()
        return after, objective

    def vector(self, at: Bank) -> Floats:
        return np.concatenate([at.xi[self.problem.free], [at.mean, np.log(at.variance) / 2]])

    def ahead(self, after: Bank, vector: Floats) -> Bank:
        xi = after.xi.copy()
        xi[self.problem.free] = vector[:-2]
        xi[:, :-1] /= np.maximum(np.abs(xi[:, :1]) / STEEPEST, 1.0)  # too steep: the difficulties stay
        np.clip(xi[:, 1:-1], -FARTHEST, FARTHEST, out=xi[:, 1:-1])
        far = replace(after, xi=xi, mean=float(vector[-2]), variance=float(np.exp(2 * min(vector[-1], 5.0))))
        inside = DEVIATIONS[0] < np.sqrt(far.variance) < DEVIATIONS[1] and not _wrong_signs(far, self.problem.priors)
        return far if inside and not disordered(far) else after

    def distance(self, one: Bank, other: Bank) -> float:
        """Largest change of a parameter; intercepts in relation to their size once they pass 1."""
        change = np.abs(one.xi - other.xi) / np.maximum(1.0, np.abs(other.xi))
        latent = abs(one.mean - other.mean), abs(np.sqrt(one.variance) - np.sqrt(other.variance))
        return float(max(change.max(), *latent))

    def outcome(self, converged: bool) -> Outcome:
        if converged and self.found is not None:
            return Outcome(self.items, self.found, self.near, True, self.passes)
        found = expect(self.problem.responses, self.items, self.problem.over, self.near, 1, self.problem.muted)
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


def disordered(items: Bank) -> bool:
    """Whether the steps of a graded item stand in no order, which gives negative probabilities."""
    if items.model.family != GRADED:
        return False
    rises = np.diff(items.xi[:, 1:-1], axis=1) >= 0
    return bool((rises & items.steps[:, 1:]).any())


def _wrong_signs(items: Bank, priors: Floats) -> bool:
    return bool(((priors[:, 1] > 0) & (items.xi[:, 0] <= 0)).any())

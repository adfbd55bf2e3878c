"""Several groups at once on one scale: items in common, each group with its own mean and variance.

Marginal maximum likelihood as in `calibration` (Bock & Zimowski 1997). The first group is N(0, 1); for models whose
slope is 1 its variance is free. An item may be the same for all groups or have its own parameters in one of them: then
it is two items, each answered by its own groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.irt.calibration import fit
from yincai.measurement.irt.em import DEVIATIONS, disordered
from yincai.measurement.irt.expectation import Expected, Grid, Windows, expect, grid, windows
from yincai.measurement.irt.extrapolation import Reached, climb
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.maximization import FARTHEST, STEEPEST, maximise, penalties
from yincai.measurement.irt.responses import Floats, Responses

NODES = 61
PASSES, TOLERANCE = 1000, 1e-4
FLOOR = (-1.4, 1.0)  # prior of logit c, as in `calibration`


@dataclass(frozen=True)
class Groups:
    """Items on the first group's scale; mean and variance of each group; log-likelihood (with 3PL's prior left out)."""

    bank: Bank
    means: Floats
    variances: Floats
    log_likelihood: float
    converged: bool
    passes: int


@dataclass(frozen=True)
class State:
    """Parameters under way."""

    bank: Bank
    means: Floats
    deviations: Floats


def fit_groups(
    groups: Sequence[Responses], start: Bank, *, means: Floats | None = None, tolerance: float = TOLERANCE
) -> Groups:
    """Calibrate from a start. `groups`: the responses of each, all to the items of `start`.

    Raises ValueError when the groups' items differ from those of the start.

    >>> from yincai.measurement.irt import Item, bank, simulate
    >>> rng = np.random.default_rng(2)
    >>> true = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0)])
    >>> both = [true.pack(simulate(true, rng.normal(mean, 1, 20_000), rng)) for mean in (0.0, 0.5)]
    >>> fit_groups(both, true).means.round(1).tolist()
    [0.0, 0.5]
    """
    for each in groups:
        if len(each.items) != len(start) or (each.categories != start.categories).any():
            raise ValueError("the groups must answer the items that the start has")
    problem = Problem([*groups], grid(NODES), free_of(start, groups), priors_of(start), [])
    problem.near.extend(windows(each, problem.over) for each in groups)
    n = len(groups)
    state = State(start, np.zeros(n) if means is None else means, np.full(n, np.sqrt(start.variance)))
    state = replace(state, bank=replace(start, mean=0.0, variance=1.0))
    return problem.result(climb(problem, state, tolerance, PASSES))


def free_of(start: Bank, groups: Sequence[Responses]) -> NDArray[np.bool_]:
    """Parameters that somebody's answers speak about (items × parameters)."""
    counts = sum(np.bincount(each.codes, minlength=int(start.first[-1])) for each in groups)
    answered = np.add.reduceat(counts, start.first[:-1]) > 0
    free = np.zeros(start.xi.shape, bool)
    free[:, 0], free[:, 1:-1], free[:, -1] = start.model.slope, start.steps, start.model.floor
    free[~answered | (start.categories < 2)] = False
    return free


def priors_of(start: Bank) -> Floats:
    rows = np.zeros((len(start), 6))
    if start.model.floor:
        rows[:, 4], rows[:, 5] = FLOOR[0], FLOOR[1] ** -2
    return rows


@dataclass(frozen=True)
class Problem:
    """What stays the same during a fit, and the windows, which follow it."""

    groups: list[Responses]
    over: Grid
    free: NDArray[np.bool_]
    priors: Floats
    near: list[Windows]

    def result(self, reached: Reached[State]) -> Groups:
        state, before = reached.after, reached.before.bank
        held = penalties(before.model.family, before.xi, before.first, self.priors)
        first = replace(state.bank, mean=float(state.means[0]), variance=float(state.deviations[0] ** 2))
        return Groups(
            first, state.means, state.deviations**2, reached.objective - held, reached.converged, reached.passes
        )

    def step(self, at: State) -> tuple[State, float]:
        n = len(self.over.nodes)
        found = [self._expect(at, group) for group in range(len(self.groups))]
        theta = [mean + deviation * self.over.nodes for mean, deviation in zip(at.means, at.deviations, strict=True)]
        counts = np.ascontiguousarray(np.concatenate([each.counts[:, :n] for each in found], axis=1))
        items = at.bank
        xi = maximise(items.model.family, items.xi, self.free, items.first, np.concatenate(theta), counts, self.priors)
        means, deviations = _moments(found, theta)
        objective = sum(each.log_likelihood for each in found)
        objective += penalties(items.model.family, items.xi, items.first, self.priors)
        return _fixed(State(replace(items, xi=xi), means, deviations)), objective

    def _expect(self, at: State, group: int) -> Expected:
        own = replace(at.bank, mean=float(at.means[group]), variance=float(at.deviations[group] ** 2))
        return expect(self.groups[group], own, self.over, self.near[group])

    def vector(self, at: State) -> Floats:
        return np.concatenate([at.bank.xi[self.free], at.means, np.log(at.deviations)])

    def ahead(self, after: State, vector: Floats) -> State:
        n = len(self.groups)
        xi = after.bank.xi.copy()
        xi[self.free] = vector[: -2 * n]
        logs = vector[-n:]
        inside = np.abs(xi[:, 0]).max() <= STEEPEST and np.abs(xi[:, 1:-1]).max() <= FARTHEST
        if not inside or (logs < np.log(DEVIATIONS[0])).any() or (logs > np.log(DEVIATIONS[1])).any():
            return after
        bank = replace(after.bank, xi=xi)
        return after if disordered(bank) else State(bank, vector[-2 * n : -n], np.exp(logs))

    def distance(self, one: State, other: State) -> float:
        return float(np.abs(self.vector(one) - self.vector(other)).max())


def _moments(found: Sequence[Expected], theta: Sequence[Floats]) -> tuple[Floats, Floats]:
    means, deviations = np.empty(len(found)), np.empty(len(found))
    for group, (each, at) in enumerate(zip(found, theta, strict=True)):
        mass = each.mass[: len(at)] / each.mass.sum()
        means[group] = mass @ at
        deviations[group] = np.clip(np.sqrt(mass @ (at - means[group]) ** 2), *DEVIATIONS)
    return means, deviations


def _fixed(state: State) -> State:
    """The same on the scale on which the first group is N(0, 1), or N(0, variance) where slopes are 1."""
    mean, deviation = state.means[0], state.deviations[0] if state.bank.model.slope else 1.0
    xi = state.bank.xi.copy()
    xi[:, 1:-1] += np.where(state.bank.steps, xi[:, :1] * mean, 0.0)
    xi[:, 0] *= deviation
    xi[:, :-1] /= np.maximum(np.abs(xi[:, :1]) / STEEPEST, 1.0)  # too steep: the difficulties stay
    bank = replace(state.bank, xi=xi)
    return State(bank, (state.means - mean) / deviation, state.deviations / deviation)


def together(groups: Sequence[Responses], model: str) -> Bank:
    """A start: the items as all groups together have them."""
    starts = np.cumsum([0, *(len(each.codes) for each in groups)])
    joined = replace(
        groups[0],
        start=np.concatenate([[0], *(each.start[1:] + at for each, at in zip(groups, starts, strict=False))]),
        codes=np.concatenate([each.codes for each in groups]),
        weights=np.concatenate([each.weights for each in groups]),
        row_of=None,
    )
    found = fit(joined, model, standard_errors=False, tolerance=1e-3).bank
    if (found.categories != groups[0].categories).any():
        raise ValueError("every category of every item must occur")
    return found


def split_item(groups: Sequence[Responses], start: Bank, item: int) -> tuple[list[Responses], Bank]:
    """The same with the item twice: as it is for the first group, and at the end as it is for the others."""
    wider = start.chosen([*range(len(start)), item])
    moved = wider.first[-2] - wider.first[item]
    out = []
    for group, each in enumerate(groups):
        own = (each.codes >= wider.first[item]) & (each.codes < wider.first[item + 1]) & (group > 0)
        codes = np.where(own, each.codes + moved, each.codes).astype(np.int32)
        out.append(replace(each, codes=codes, items=wider.names, categories=wider.categories, lowest=wider.lowest))
    return out, wider

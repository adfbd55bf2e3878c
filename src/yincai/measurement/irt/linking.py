"""Two calibrations on one scale: mean/sigma, mean/mean, Haebara, Stocking–Lord; and equating of sum scores.

θ on the old scale = slope · θ on the new + intercept, so that a becomes a / slope and b becomes slope · b + intercept
(Kolen & Brennan 2014, ch. 6). Where slopes are fixed to 1 (rasch, pcm) the slope of the link is 1.

Standard errors by the delta method (Ogasawara 2000, 2001) from the covariance of all common items' parameters in each
calibration, between items too: what all items share, the scale, is a good part of a link's error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.information import sum_score_likelihood
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats
from yincai.measurement.irt.result import Fit

METHODS = ("mean/sigma", "mean/mean", "haebara", "stocking-lord")
NODES = 41
STEP = 1e-5  # of numerical derivatives


@dataclass(frozen=True)
class Link:
    """old θ = slope · new θ + intercept, with standard errors (NaN when neither side has any)."""

    method: str
    slope: float
    intercept: float
    se_slope: float
    se_intercept: float
    common: tuple[str, ...]

    def theta(self, new: Floats) -> Floats:
        """Abilities on the old scale."""
        return self.slope * np.asarray(new, float) + self.intercept

    def __str__(self) -> str:
        errors = [f" ± {se:.4f}" if np.isfinite(se) else "" for se in (self.se_slope, self.se_intercept)]
        return (
            f"{self.method} over {len(self.common)} items: slope {self.slope:.4f}{errors[0]}, "
            f"intercept {self.intercept:.4f}{errors[1]}"
        )


def link(new: Fit | Bank, old: Fit | Bank, method: str = "stocking-lord") -> Link:
    """Link the scale of `new` to that of `old` by the items whose names both have.

    mean/sigma (Marco 1977) and mean/mean (Loyd & Hoover 1980) by the moments of b and a; Haebara (1980) and Stocking &
    Lord (1983) by the item and test characteristic curves, over both latent distributions. Standard errors say how far
    other learners of the same two groups would have moved the link; a bank counts as known. What other common items
    would have done is told by `leave_one_out`.

    Raises ValueError for an unknown method, different models, and less than two (or not usable) common items.

    >>> from yincai.measurement.irt import Item, bank
    >>> old = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5)])
    >>> new = bank("2pl", [Item(2.0, -0.75), Item(3.0, -0.25), Item(1.6, 0.0)])
    >>> print(link(new, old))
    stocking-lord over 3 items: slope 2.0000, intercept 0.5000
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    one, other = common_items(_bank(new), _bank(old))
    found = _solve(one, other, method)
    errors = np.full(2, np.nan)
    if isinstance(new, Fit) or isinstance(old, Fit):
        sides = zip((new, old), _influences(one, other, method, found), strict=True)
        errors = np.sqrt(sum(_variance(of, one.names, by) for of, by in sides))
    return Link(method, float(found[0]), float(found[1]), float(errors[0]), float(errors[1]), one.names)


def _variance(of: Fit | Bank, names: tuple[str, ...], by: Floats) -> Floats:
    """Of slope and intercept, given how each parameter of each item moves them (2 × items × p)."""
    if isinstance(of, Bank):
        return np.zeros(2)
    flat = by.reshape(2, -1)
    return np.asarray(np.einsum("ip,pq,iq->i", flat, of.covariance(names), flat))


def _influences(new: Bank, old: Bank, method: str, at: Floats) -> tuple[Floats, Floats]:
    """∂(slope, intercept) / ∂ xi of the new and of the old items (each 2 × items × p)."""
    return _of_moments(new, old, method) if method in METHODS[:2] else _of_curves(new, old, method == "haebara", at)


def _of_moments(new: Bank, old: Bank, method: str) -> tuple[Floats, Floats]:
    sides = []
    for side, items in enumerate((new, old)):
        by = np.zeros((2, *items.xi.shape))
        for place in np.argwhere(items.xi[:, :-1]):
            pair = []
            for sign in (1, -1):
                xi = items.xi.copy()
                xi[tuple(place)] += sign * STEP
                both = (replace(items, xi=xi), old) if side == 0 else (new, replace(items, xi=xi))
                pair.append(_by_moments(*both, method))
            by[:, place[0], place[1]] = (pair[0] - pair[1]) / (2 * STEP)
        sides.append(by)
    return sides[0], sides[1]


def _of_curves(new: Bank, old: Bank, each: bool, at: Floats) -> tuple[Floats, Floats]:
    """The link solves J'r = 0, r the differences of the curves, J their derivatives to slope and intercept; so that a
    parameter that changes r by d moves it by −(J'J)⁻¹ J'd, where the items fit (Ogasawara 2001)."""

    def joined(r: Floats) -> Floats:
        return r if each else r.sum(axis=1, keepdims=True)

    def apart(new: Bank, old: Bank, slope: float, intercept: float) -> Floats:
        return _differences(new, old, over, slope, intercept)

    over, slope, intercept = _weighted(new, old), float(at[0]), float(at[1])
    sides = [apart(new, old, slope + STEP, intercept) - apart(new, old, slope - STEP, intercept)]
    sides += [apart(new, old, slope, intercept + STEP) - apart(new, old, slope, intercept - STEP)]
    j = np.stack([joined(side).ravel() for side in sides], axis=1) / (2 * STEP)
    if not new.model.slope:
        j[:, 0] = 0.0
    back = (np.linalg.pinv(j.T @ j) @ j.T).reshape(2, -1, len(new) if each else 1)
    found = []
    for side, items in enumerate((new, old)):
        by = np.zeros((2, *items.xi.shape))
        for place in range(items.xi.shape[1]):
            pair = []
            for sign in (1, -1):
                xi = items.xi.copy()
                xi[:, place] += sign * STEP
                both = (replace(items, xi=xi), old) if side == 0 else (new, replace(items, xi=xi))
                pair.append(apart(*both, slope, intercept))
            by[:, :, place] = -(back * (pair[0] - pair[1])).sum(axis=1) / (2 * STEP)
        found.append(by)
    return found[0], found[1]


@dataclass(frozen=True)
class LeaveOneOut:
    """The link without each of its common items, and the jackknife errors: what other common items would have done."""

    items: tuple[str, ...]
    slope: Floats
    intercept: Floats
    se_slope: float
    se_intercept: float


def leave_one_out(new: Fit | Bank, old: Fit | Bank, method: str = "stocking-lord") -> LeaveOneOut:
    """Which common items carry the link (jackknife over items; Michaelides & Haertel 2014).

    The errors hold the items' own calibration errors and whatever else differs between the two occasions, but not
    what the items share. Where they are well above those of `link`, common items have drifted. Raises ValueError as
    `link`, and for less than three common items.

    >>> from yincai.measurement.irt import Item, bank
    >>> old = bank("rasch", [Item(1.0, -1.0), Item(1.0, 0.0), Item(1.0, 0.5)])
    >>> new = bank("rasch", [Item(1.0, -1.0), Item(1.0, 0.0), Item(1.0, 0.8)])
    >>> leave_one_out(new, old, "mean/mean").intercept.round(2).tolist()
    [-0.15, -0.15, 0.0]
    """
    whole = link(new, old, method)
    n = len(whole.common)
    if n < 3:
        raise ValueError(f"leaving one out needs at least three common items, not {n}")
    one, other = common_items(_bank(new), _bank(old))
    rows = [np.delete(np.arange(n), item) for item in range(n)]
    found = np.array([_solve(one.chosen(rest), other.chosen(rest), method) for rest in rows])
    errors = np.sqrt((n - 1) / n * ((found - found.mean(axis=0)) ** 2).sum(axis=0))
    return LeaveOneOut(whole.common, found[:, 0], found[:, 1], float(errors[0]), float(errors[1]))


def linked(items: Bank, by: Link) -> Bank:
    """A bank moved to the old scale.

    >>> from yincai.measurement.irt import Item, bank
    >>> linked(bank("2pl", [Item(2.0, -0.75)]), Link("", 2.0, 0.5, 0.1, 0.1, ())).item(0)
    Item(a=1.0, b=-1.0, c=0.0, lowest=0)
    """
    if not items.model.slope and by.slope != 1:
        raise ValueError(f"the slope of a {items.model.name} scale cannot be changed by {by.slope}")
    return _moved(items, by.slope, by.intercept)


def _moved(items: Bank, slope: float, intercept: float) -> Bank:
    xi = items.xi.copy()
    xi[:, 0] = items.xi[:, 0] / slope
    xi[:, 1:-1] -= np.where(items.steps, xi[:, :1] * intercept, 0.0)
    mean, variance = slope * items.mean + intercept, slope**2 * items.variance
    return replace(items, xi=xi, mean=mean, variance=variance)


def _bank(of: Fit | Bank) -> Bank:
    return of.bank if isinstance(of, Fit) else of


def common_items(new: Bank, old: Bank) -> tuple[Bank, Bank]:
    """Items that both have, with as many categories and finite parameters, in the same order."""
    if new.model != old.model:
        raise ValueError(f"{new.model.name} and {old.model.name} cannot be linked")
    place = {name: number for number, name in enumerate(old.names)}
    unusable = {name for each in (new, old) for name, a in zip(each.names, each.a, strict=True) if not np.isfinite(a)}
    both = [name for name in new.names if name in place and name not in unusable]
    one = new.chosen([new.names.index(name) for name in both])
    other = old.chosen([place[name] for name in both])
    if len(both) < 2 or (one.categories != other.categories).any():
        raise ValueError(f"a link needs at least two common items with the same categories; there are {len(both)}")
    return one, other


def _solve(new: Bank, old: Bank, method: str) -> Floats:
    start = _by_moments(new, old, "mean/mean" if method == "mean/mean" else "mean/sigma")
    if method in METHODS[:2]:
        return start
    loss = _curves(new, old, method == "haebara")
    if not new.model.slope:
        found = minimize(lambda x: loss(1.0, x[0]), start[1:], method="BFGS", options={"gtol": 1e-9})
        return np.array([1.0, found.x[0]])
    at = np.array([np.log(start[0]), start[1]])
    found = minimize(lambda x: loss(float(np.exp(x[0])), x[1]), at, method="BFGS", options={"gtol": 1e-9})
    return np.array([np.exp(found.x[0]), found.x[1]])


def _by_moments(new: Bank, old: Bank, method: str) -> Floats:
    b_new, b_old = new.b[np.isfinite(new.b)], old.b[np.isfinite(old.b)]
    slope = 1.0
    if new.model.slope:
        spread = float(b_new.std())
        by_b = float(b_old.std()) / spread if spread > 0 and b_old.std() > 0 else 1.0
        slope = float(new.a.mean() / old.a.mean()) if method == "mean/mean" else by_b
    return np.array([slope, b_old.mean() - slope * b_new.mean()])


def _curves(new: Bank, old: Bank, each: bool) -> Callable[[float, float], float]:
    """Squared distance of the curves, of each item or of their sum, over both groups of learners."""
    over = _weighted(new, old)

    def loss(slope: float, intercept: float) -> float:
        off = _differences(new, old, over, slope, intercept)
        if not each:
            off = off.sum(axis=1, keepdims=True)
        return float((off**2).sum()) / off.shape[1]

    return loss


@dataclass(frozen=True)
class Weighted:
    """Abilities of the old and of the new learners, and the roots of their weights."""

    of_old: Floats
    of_new: Floats
    roots: Floats


def _weighted(new: Bank, old: Bank) -> Weighted:
    t = np.linspace(-4, 4, NODES)
    w = np.exp(-t * t / 2) / np.exp(-t * t / 2).sum()
    return Weighted(old.mean + np.sqrt(old.variance) * t, new.mean + np.sqrt(new.variance) * t, np.sqrt(w))


def _differences(new: Bank, old: Bank, over: Weighted, slope: float, intercept: float) -> Floats:
    """Of the items' expected scores, at the old and then at the new learners' abilities (2 · nodes × items)."""
    off = new.expected((over.of_old - intercept) / slope) - old.expected(over.of_old)
    back = old.expected(slope * over.of_new + intercept) - new.expected(over.of_new)
    return np.concatenate([off, back]) * np.tile(over.roots, 2)[:, None]


@dataclass(frozen=True)
class Equating:
    """For each sum score of form X the equivalent score of form Y, on the same scale of abilities."""

    score: Floats
    equivalent: Floats


def true_score_equating(x: Bank, y: Bank) -> Equating:
    """IRT true-score equating (Lord 1980): the expected score on Y at the ability at which X's is the score.

    Below the sum of X's guessing floors the line to Y's is taken (Kolen & Brennan 2014); the lowest and highest scores
    meet. Raises ValueError for a form with a negative slope, whose expected score does not rise.

    >>> from yincai.measurement.irt import Item, bank
    >>> form = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0)])
    >>> true_score_equating(form, form).equivalent.round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    for form in (x, y):
        if (form.xi[:, 0] < 0).any():
            raise ValueError("a form with a negative slope has no rising expected score")
    score, ends = _score_range(x), [_score_range(form)[[0, -1]] for form in (x, y)]
    floors = [float((form.lowest + form.c).sum()) for form in (x, y)]
    equivalent = np.empty(len(score))
    for place, wanted in enumerate(score):
        if wanted <= floors[0]:
            share = (wanted - ends[0][0]) / max(floors[0] - ends[0][0], 1e-300)
            equivalent[place] = ends[1][0] + share * (floors[1] - ends[1][0])
        elif wanted >= ends[0][1]:
            equivalent[place] = ends[1][1]
        else:
            equivalent[place] = y.expected(_ability(x, float(wanted))).sum()
    return Equating(score, equivalent)


def _score_range(form: Bank) -> Floats:
    low = float(form.lowest.sum())
    return np.asarray(low + np.arange(int((form.categories - 1).sum()) + 1), np.float64)


def _ability(form: Bank, score: float) -> float:
    """By halving: the expected score rises."""
    low, high = -100.0, 100.0
    for _ in range(70):
        middle = (low + high) / 2
        low, high = (middle, high) if form.expected(middle).sum() < score else (low, middle)
    return (low + high) / 2


def observed_score_equating(x: Bank, y: Bank, *, mean: float | None = None, variance: float | None = None) -> Equating:
    """IRT observed-score equating (Lord & Wingersky 1984): equipercentile between the distributions of sum scores that
    the model has for learners N(mean, variance), X's own where not given.

    >>> from yincai.measurement.irt import Item, bank
    >>> form = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0)])
    >>> observed_score_equating(form, form).equivalent.round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    over = grid(121)
    m, v = x.mean if mean is None else mean, x.variance if variance is None else variance
    theta, w = m + np.sqrt(v) * over.nodes, np.exp(over.log_weights[:121])
    of_x, of_y = (sum_score_likelihood(form, theta) @ w for form in (x, y))
    rank = np.cumsum(of_x) - of_x / 2
    ends = np.concatenate([[0.0], np.cumsum(of_y)])
    place = np.clip(np.searchsorted(ends, rank, side="right") - 1, 0, len(of_y) - 1)
    within = (rank - ends[place]) / of_y[place]
    return Equating(_score_range(x), _score_range(y)[place] - 0.5 + np.clip(within, 0, 1))

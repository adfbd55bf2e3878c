"""Does the model fit as a whole: M2 with RMSEA, SRMSR, CFI and TLI."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from yincai.measurement.irt.curves import curve_tables
from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.item_fit import complete_rows, free_parameters, speaking_part
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.maximization import FARTHEST, STEEPEST
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.result import Fit

NODES = 121
Curves = list[Floats]  # of each item: steps × nodes
MOST_ITEMS = 120  # the moments' covariance has the fourth power of this many entries: 120 items take 0.4 GB
CONFIDENCE = 0.9
RANK = 1e-7


@dataclass(frozen=True)
class ModelFit:
    """M2 and the indices made of it; `rmsea_low` and `rmsea_high` bound the RMSEA's 90 % interval."""

    m2: float
    df: int
    p: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmsr: float
    cfi: float
    tli: float
    n: int  # learners with all answers

    def __str__(self) -> str:
        return (
            f"M2 = {self.m2:.2f}, df = {self.df}, p = {self.p:.3f} ({self.n} learners); "
            f"RMSEA {self.rmsea:.3f} ({self.rmsea_low:.3f}, {self.rmsea_high:.3f}), SRMSR {self.srmsr:.3f}, "
            f"CFI {self.cfi:.3f}, TLI {self.tli:.3f}"
        )


@dataclass(frozen=True)
class Moments:
    """Shares of learners who reach each step of each item (steps), means of products of two items' scores (pairs),
    the covariance N·Ξ of both, and their derivatives by the parameters Δ."""

    mean: Floats
    covariance: Floats
    by_parameter: Floats


def model_fit(found: Fit, responses: ArrayLike | Responses) -> ModelFit:
    """Limited-information fit of a calibration on the learners who answered all items.

    M2 (Maydeu-Olivares & Joe 2006), for several categories C2 (Cai & Monro 2014): residual shares of the categories
    and products of scores, orthogonal to what the parameters can take up (those that ended at a bound can take up
    nothing). RMSEA with its 90 % interval, SRMSR of the scores' correlations (Maydeu-Olivares 2013), CFI and TLI
    against independent items.

    Raises ValueError when no learner answered everything, when they all answered an item alike, when there are more
    parameters than moments can test (less than four items, or five for 3pl) or more than 120 items.

    >>> from yincai.measurement.irt import Item, bank, fit, simulate
    >>> rng = np.random.default_rng(5)
    >>> true = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0), Item(1.0, 0.3)])
    >>> answers = simulate(true, rng.normal(size=2000), rng)
    >>> fitted = model_fit(fit(answers), answers)
    >>> fitted.df, fitted.p > 0.01, fitted.rmsea < 0.05
    (5, True, True)
    """
    items, data, places = speaking_part(found.bank, found.bank.pack(responses))
    if not 2 <= len(items) <= MOST_ITEMS:
        raise ValueError(f"M2 takes from 2 to {MOST_ITEMS} items, not {len(items)}")
    table, weights = complete_rows(items, data)
    n = float(weights.sum())
    if n < 2:
        raise ValueError("M2 needs learners who answered every item, and there are fewer than two")
    for name, alike in zip(items.names, (table == table[0]).all(axis=0), strict=True):
        if alike:
            raise ValueError(f"M2 cannot be computed: the answers to {name} are all alike; leave it out")
    steps = items.categories - 1
    observed, correlations = observed_moments(table, weights, steps)
    expected = expected_moments(found, items, free_parameters(found)[places] > 0)
    m2, df = quadratic_form(n, observed, expected)
    null, null_df = quadratic_form(n, observed, independent_moments(table, weights, steps))
    rmsea = np.sqrt(max(m2 - df, 0.0) / (df * (n - 1)))
    low, high = rmsea_interval(m2, df, n)
    return ModelFit(
        m2, df, float(chi2.sf(m2, df)), float(rmsea), low, high,
        srmsr=_root_mean_square(correlations - implied_correlations(items, expected.mean[steps.sum() :])),
        cfi=float(np.clip(1 - max(m2 - df, 0.0) / max(null - null_df, m2 - df, 1e-300), 0.0, 1.0)),
        tli=float((null / null_df - m2 / df) / (null / null_df - 1)),
        n=round(n),
    )  # fmt: skip


def _pairs(n: int) -> tuple[Ints, Ints]:
    return np.triu_indices(n, 1)


def observed_moments(table: ArrayLike, weights: Floats, steps: Ints) -> tuple[Floats, Floats]:
    """The moments of category numbers (learners × items; `steps` of each item), and the correlations of the pairs."""
    x = np.asarray(table, float)
    share = weights / weights.sum()
    reached = [share @ (x[:, [item]] >= np.arange(1, many + 1)) for item, many in enumerate(steps)]
    mean, products = share @ x, (x * share[:, None]).T @ x
    i, j = _pairs(x.shape[1])
    spread = products - np.outer(mean, mean)
    deviation = np.sqrt(np.diagonal(spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = (spread / np.outer(deviation, deviation))[i, j]
    return np.concatenate([*reached, products[i, j]]), correlation


def expected_moments(found: Fit, items: Bank, free: ArrayLike) -> Moments:
    """Of the calibrated items, with derivatives by the free items' parameters and the latent ones that are free."""
    over = grid(NODES)
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    w = np.exp(over.log_weights[:NODES])
    p, dp, _, grad = curve_tables(items.model.family, items.xi, items.first, theta)
    reach, by_theta = _reached(p, items.first), _reached(dp, items.first)
    columns = []
    for item in np.flatnonzero(free):
        own = slice(items.first[item], items.first[item + 1])
        for place in _places(items, int(item)):
            change = _none(reach)
            change[item] = _reached(p[own] * grad[own, place], np.array([0, own.stop - own.start]))[0]
            columns.append(_moved(reach, change, w))
    if np.isfinite(found.latent.se_variance) or not items.model.slope:
        columns.append(_moved(reach, [each * over.nodes for each in by_theta], w))
    if np.isfinite(found.latent.se_mean):
        columns.append(_moved(reach, by_theta, w))
    mean, covariance = moment_covariance(reach, w)
    return Moments(mean, covariance, np.array(columns).T.reshape(len(mean), -1))


def _reached(p: Floats, first: Ints) -> Curves:
    """Sums over the categories from each step on, item by item."""
    return [np.cumsum(p[begin:end][::-1], axis=0)[::-1][1:] for begin, end in pairwise(first)]


def _none(reach: Curves) -> Curves:
    return [np.zeros_like(each) for each in reach]


def _places(items: Bank, item: int) -> list[int]:
    """Its parameters, but for those that ended at a bound: they cannot take up what does not fit."""
    places = [0] * items.model.slope + list(range(1, int(items.categories[item])))
    bound = np.array([STEEPEST, *[FARTHEST] * (items.xi.shape[1] - 1)]) * (1 - 1e-9)
    return [k for k in places if abs(items.xi[item, k]) < bound[k]] + [items.xi.shape[1] - 1] * items.model.floor


def _moved(reach: Curves, change: Curves, w: Floats) -> Floats:
    """How the moments change when the curves do by `change`."""
    i, j = _pairs(len(reach))
    mu, by = (np.array([each.sum(axis=0) for each in curves]) for curves in (reach, change))
    both = (mu * w) @ by.T
    return np.concatenate([*(each @ w for each in change), both[i, j] + both[j, i]])


def moment_covariance(reach: Curves, w: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of (x_i ≥ k, x_i·x_j) for items that are independent given θ.

    `reach`: P(x_i ≥ k) of each item (steps × nodes); `w` (nodes). E[v v'] is the product of the means at each node,
    and where the two share an item, the covariance of what they hold of it there, times the rest.
    """
    n = len(reach)
    mu = np.array([each.sum(axis=0) for each in reach])
    i, j = _pairs(n)
    at = np.concatenate([*reach, mu[i] * mu[j]])
    mean = at @ w
    covariance: Floats = (at * w) @ at.T - np.outer(mean, mean)
    begin = np.cumsum([0, *(len(each) for each in reach)])
    place = np.zeros((n, n), np.int64)
    place[i, j] = place[j, i] = begin[-1] + np.arange(len(i))
    variance = np.empty_like(mu)
    for item, own in enumerate(reach):
        k = np.arange(len(own))
        both = own[np.maximum(k[:, None], k[None, :])] - own[:, None] * own[None, :]  # of the steps, at each node
        of_score = both.sum(axis=1)
        variance[item] = of_score.sum(axis=0)
        others = np.delete(np.arange(n), item)
        steps, pairs = begin[item] + k, place[item, others]
        covariance[np.ix_(steps, steps)] += both @ w
        mixed = (of_score * w) @ mu[others].T
        covariance[np.ix_(steps, pairs)] += mixed
        covariance[np.ix_(pairs, steps)] += mixed.T
        covariance[np.ix_(pairs, pairs)] += (mu[others] * variance[item] * w) @ mu[others].T
    pair = begin[-1] + np.arange(len(i))
    covariance[pair, pair] += (variance[i] * variance[j]) @ w
    return mean, covariance


def independent_moments(table: ArrayLike, weights: Floats, steps: Ints) -> Moments:
    """Of items that have nothing in common, each with the shares that were observed."""
    shares = observed_moments(table, weights, steps)[0]
    one = np.ones(1)
    reach = [each[:, None] for each in np.split(shares[: steps.sum()], np.cumsum(steps)[:-1])]
    mean, covariance = moment_covariance(reach, one)
    columns = []
    for item, own in enumerate(reach):
        for step in np.eye(len(own)):
            change = _none(reach)
            change[item] = step[:, None]
            columns.append(_moved(reach, change, one))
    return Moments(mean, covariance, np.array(columns).T)


def quadratic_form(n: float, observed: Floats, expected: Moments) -> tuple[float, int]:
    """N r'(Ξ⁻¹ − Ξ⁻¹Δ(Δ'Ξ⁻¹Δ)⁻¹Δ'Ξ⁻¹)r with its degrees of freedom, through Ξ = LL': the part of L⁻¹r off L⁻¹Δ."""
    try:
        lower = np.linalg.cholesky(expected.covariance)
    except np.linalg.LinAlgError:
        raise ValueError("M2 cannot be computed: the moments determine each other; leave out repeated items") from None
    residual = np.linalg.solve(lower, observed - expected.mean)
    known = np.linalg.solve(lower, expected.by_parameter)
    known = known / np.maximum(np.linalg.norm(known, axis=0), 1e-300)
    base, size, _ = np.linalg.svd(known, full_matrices=False)
    base = base[:, size > RANK * size.max(initial=0.0)]
    df = len(observed) - base.shape[1]
    if df < 1:
        raise ValueError(f"M2 has no degrees of freedom: {len(observed)} moments for {base.shape[1]} parameters")
    off = residual - base @ (base.T @ residual)
    return float(n * off @ off), df


def rmsea_interval(m2: float, df: int, n: float) -> tuple[float, float]:
    """Bounds from the non-central chi-square distributions under which M2 is at their upper and lower 5 %."""
    tail = (1 - CONFIDENCE) / 2
    return _rmsea_at(m2, df, n, 1 - tail), _rmsea_at(m2, df, n, tail)


def _rmsea_at(m2: float, df: int, n: float, share: float) -> float:
    if chi2.cdf(m2, df) <= share:
        return 0.0
    top = 2 * m2 + 50.0
    while ncx2.cdf(m2, df, top) > share:
        top *= 2
    return float(np.sqrt(brentq(lambda nc: ncx2.cdf(m2, df, nc) - share, 1e-9, top) / (df * (n - 1))))


def implied_correlations(items: Bank, products: Floats) -> Floats:
    """Of the scores of pairs of items, as the model has them; `products` are the means of theirs (pairs)."""
    over = grid(NODES)
    p = items.probabilities(items.mean + np.sqrt(items.variance) * over.nodes)
    k, w = np.arange(p.shape[2]), np.exp(over.log_weights[:NODES])
    first, second = w @ (p @ k), w @ (p @ k**2.0)
    i, j = _pairs(len(items))
    deviation = np.sqrt(second - first**2)
    return np.asarray((products - first[i] * first[j]) / (deviation[i] * deviation[j]))


def _root_mean_square(x: Floats) -> float:
    return float(np.sqrt(np.nanmean(x**2)))

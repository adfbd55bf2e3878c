"""Ability from answers: the response curve with uncertain parameters, EAP on a grid, WLE and MLE.

When a ~ N(a, se_a²) and b ~ N(b, se_b²), the logit a (θ − b) has a variance of about v = a² se_b² + se_a² (θ − b)²,
and the probability averaged over it is c + (1 − c) σ(κ a (θ − b)) with κ = 1 / √(1 + π v / 8) (MacKay 1992). All that
follows uses this curve: an uncertain item tells less about ability, and the standard errors say so.

Sources: Bock & Mislevy (1982), Adaptive EAP estimation of ability, Applied Psychological Measurement 6, 431–444;
Warm (1989), Weighted likelihood estimation of ability in item response theory, Psychometrika 54, 427–450;
Dodd (1990), step size when all answers are alike, Applied Psychological Measurement 14, 355–366;
MacKay (1992), The evidence framework applied to classification networks, Neural Computation 4, 720–736.
"""

from __future__ import annotations

from math import exp, log, pi, sqrt

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from yincai.measurement.adaptive.pool import Floats, Ints, Pool

STEEPEST = 30.0  # beyond this the sigmoid is 0 or 1 in double precision's eyes
FINER = 8  # intervals into which a grid interval is cut for quantiles
SMALLEST = 1e-300
HALVINGS = 50


@njit(cache=True)
def curve(theta: float, a: float, b: float, c: float, va: float, vb: float) -> tuple[float, float, float]:
    """P(right), its slope and curvature in θ, averaged over the parameters' uncertainty (va = se_a², vb = se_b²)."""
    d = theta - b
    spread = 1.0 + pi / 8.0 * (a * a * vb + va * d * d)
    s1, s2 = pi / 4.0 * va * d, pi / 4.0 * va
    k = 1.0 / sqrt(spread)
    k1 = -0.5 * k / spread * s1
    k2 = 0.75 * k / (spread * spread) * s1 * s1 - 0.5 * k / spread * s2
    u = min(STEEPEST, max(-STEEPEST, k * a * d))
    u1, u2 = a * (k + d * k1), a * (2.0 * k1 + d * k2)
    e = exp(-u)
    s = 1.0 / (1.0 + e)
    w = s * s * e
    return c + (1.0 - c) * s, (1.0 - c) * w * u1, (1.0 - c) * w * ((1.0 - 2.0 * s) * u1 * u1 + u2)


@njit(cache=True)
def wrong(theta: float, a: float, b: float, c: float, va: float, vb: float) -> float:
    """1 − P without cancellation."""
    d = theta - b
    u = a * d / sqrt(1.0 + pi / 8.0 * (a * a * vb + va * d * d))
    return (1.0 - c) / (1.0 + exp(min(STEEPEST, max(-STEEPEST, u))))


@njit(cache=True)
def item_information(theta: float, a: float, b: float, c: float, va: float, vb: float) -> float:
    """Fisher information of one answer, P'² / (P (1 − P)), with a single exponential."""
    d = theta - b
    spread = 1.0 + pi / 8.0 * (a * a * vb + va * d * d)
    k = 1.0 / sqrt(spread)
    slope = a * k * (1.0 - pi / 8.0 * va * d * d / spread)
    e = exp(-min(STEEPEST, max(-STEEPEST, k * a * d)))
    s = 1.0 / (1.0 + e)
    return (1.0 - c) * s * s * s * e * slope * slope / (c + (1.0 - c) * s)


@njit(cache=True)
def score_function(theta: float, items: Floats, scores: Ints, warm: bool) -> tuple[float, float]:
    """Slope of the log-likelihood (with Warm's J / 2I) and information; `items` is (5, n): a, b, c, va, vb."""
    slope, information, j = 0.0, 0.0, 0.0
    for i in range(scores.shape[0]):
        a, b, c, va, vb = items[0, i], items[1, i], items[2, i], items[3, i], items[4, i]
        p, p1, p2 = curve(theta, a, b, c, va, vb)
        q = wrong(theta, a, b, c, va, vb)
        slope += p1 / p if scores[i] == 1 else -p1 / q
        information += p1 * p1 / (p * q)
        j += p1 * p2 / (p * q)
    if warm and information > 0.0:
        slope += j / (2.0 * information)
    return slope, information


@njit(cache=True)
def log_likelihood(theta: float, items: Floats, scores: Ints) -> float:
    value = 0.0
    for i in range(scores.shape[0]):
        a, b, c, va, vb = items[0, i], items[1, i], items[2, i], items[3, i], items[4, i]
        value += log(curve(theta, a, b, c, va, vb)[0] if scores[i] == 1 else wrong(theta, a, b, c, va, vb))
    return value


@njit(cache=True)
def root(items: Floats, scores: Ints, warm: bool, low: float, high: float, nodes: int) -> float:
    """Where the score function falls through zero; of several places the highest; a bound when there is none."""
    step = (high - low) / (nodes - 1)
    left = score_function(low, items, scores, warm)[0]
    best, found = -np.inf, low if left < 0.0 else high
    for node in range(1, nodes):
        right = score_function(low + node * step, items, scores, warm)[0]
        if left > 0.0 and right <= 0.0:
            theta = bisect(items, scores, warm, low + (node - 1) * step, low + node * step)
            value = log_likelihood(theta, items, scores)
            if warm:  # what Warm's estimate maximises, exactly so without guessing
                value += 0.5 * log(max(score_function(theta, items, scores, warm)[1], SMALLEST))
            if value > best:
                best, found = value, theta
        left = right
    return found


@njit(cache=True)
def bisect(items: Floats, scores: Ints, warm: bool, low: float, high: float) -> float:
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if score_function(middle, items, scores, warm)[0] > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit(cache=True)
def highest(values: Floats) -> float:
    """As values.max(), which takes longer to compile than all the rest of what calls it."""
    top = values[0]
    for i in range(1, values.shape[0]):
        top = max(top, values[i])
    return top


@njit(cache=True)
def moments(log_posterior: Floats, nodes: Floats) -> tuple[float, float]:
    """Mean and deviation of a density on a grid."""
    top = highest(log_posterior)
    whole, first, second = 0.0, 0.0, 0.0
    for q in range(nodes.shape[0]):
        w = exp(log_posterior[q] - top)
        whole += w
        first += w * nodes[q]
        second += w * nodes[q] * nodes[q]
    mean = first / whole
    return mean, sqrt(max(0.0, second / whole - mean * mean))


@njit(cache=True)
def cumulative(log_posterior: Floats, nodes: Floats) -> tuple[Floats, Floats]:
    """Points and distribution function, FINER than the grid: the log density is joined by Catmull–Rom cubics."""
    n, step = nodes.shape[0], nodes[1] - nodes[0]
    top = highest(log_posterior)
    points = np.empty((n - 1) * FINER + 1)
    heights = np.empty((n - 1) * FINER + 1)
    for q in range(n - 1):
        y1, y2 = log_posterior[q] - top, log_posterior[q + 1] - top
        m1 = 0.5 * (y2 - (log_posterior[q - 1] - top)) if q > 0 else y2 - y1
        m2 = 0.5 * (log_posterior[q + 2] - top - y1) if q < n - 2 else y2 - y1
        for part in range(FINER):
            t = part / FINER
            points[q * FINER + part] = nodes[q] + t * step
            heights[q * FINER + part] = exp(
                (1 + 2 * t) * (1 - t) ** 2 * y1
                + t * (1 - t) ** 2 * m1
                + t * t * (3 - 2 * t) * y2
                - t * t * (1 - t) * m2
            )
    points[-1], heights[-1] = nodes[n - 1], exp(log_posterior[n - 1] - top)
    below = np.empty_like(heights)
    below[0] = 0.0
    for i in range(1, heights.shape[0]):
        below[i] = below[i - 1] + 0.5 * (heights[i - 1] + heights[i])
    return points, below / below[-1]


def interval(log_posterior: Floats, nodes: Floats, confidence: float) -> tuple[float, float]:
    """The central interval that holds `confidence` of the posterior."""
    points, below = cumulative(log_posterior, nodes)
    tail = 0.5 * (1.0 - confidence)
    low, high = np.interp((tail, 1.0 - tail), below, points)
    return float(low), float(high)


def band_probabilities(log_posterior: Floats, nodes: Floats, cuts: tuple[float, ...]) -> tuple[float, ...]:
    """Posterior probability of each band between −∞, the cuts and +∞; sums to one."""
    points, below = cumulative(log_posterior, nodes)
    edges = np.concatenate(([0.0], np.interp(cuts, points, below), [1.0])) if cuts else np.array([0.0, 1.0])
    return tuple(float(share) for share in np.diff(edges))


def stacked(pool: Pool) -> Floats:
    """(5, n): a, b, c and the variances of a and b."""
    none = np.zeros(pool.n)
    va = none if pool.se_a is None else pool.se_a**2
    vb = none if pool.se_b is None else pool.se_b**2
    return np.ascontiguousarray(np.vstack((pool.a, pool.b, pool.c, va, vb)))


def information(pool: Pool, thetas: ArrayLike) -> Floats:
    """Fisher information (n, t) of each item at each of t abilities, with the parameters' uncertainty.

    >>> information(Pool(a=[1.0, 2.0], b=[0.0, 0.0], c=[0.0, 0.0]), [0.0]).tolist()
    [[0.25], [1.0]]
    """
    return information_table(stacked(pool), np.atleast_1d(np.asarray(thetas, dtype=np.float64)))


@njit(cache=True)
def information_table(items: Floats, thetas: Floats) -> Floats:
    table = np.empty((items.shape[1], thetas.shape[0]))
    for i in range(items.shape[1]):
        for t in range(thetas.shape[0]):
            table[i, t] = item_information(thetas[t], items[0, i], items[1, i], items[2, i], items[3, i], items[4, i])
    return table


@njit(cache=True)
def log_tables(items: Floats, nodes: Floats) -> tuple[Floats, Floats]:
    """(n, q): log P(right) and log P(wrong) of each item at each node."""
    right, left = np.empty((items.shape[1], nodes.shape[0])), np.empty((items.shape[1], nodes.shape[0]))
    for i in range(items.shape[1]):
        a, b, c, va, vb = items[0, i], items[1, i], items[2, i], items[3, i], items[4, i]
        for q in range(nodes.shape[0]):
            right[i, q] = log(curve(nodes[q], a, b, c, va, vb)[0])
            left[i, q] = log(wrong(nodes[q], a, b, c, va, vb))
    return right, left


def wle(pool: Pool, scores: ArrayLike, low: float = -6.0, high: float = 6.0) -> tuple[float, float]:
    """Warm's weighted likelihood estimate and its standard error from the answers (0 or 1) to all items of `pool`.

    Finite for all right and all wrong; bounded by `low` and `high`.

    >>> ability, se = wle(Pool(a=[1.0] * 4, b=[-1.0, 0.0, 0.0, 1.0], c=[0.0] * 4), [1, 1, 0, 0])
    >>> round(abs(ability), 3), round(se, 3)
    (0.0, 1.058)
    """
    return _maximum(pool, scores, True, low, high)


def mle(pool: Pool, scores: ArrayLike, low: float = -6.0, high: float = 6.0) -> tuple[float, float]:
    """The maximum-likelihood estimate and its standard error; all right gives `high`, all wrong `low`.

    >>> ability, se = mle(Pool(a=[1.0] * 4, b=[-1.0, 0.0, 0.0, 1.0], c=[0.0] * 4), [1, 1, 1, 0])
    >>> round(ability, 3), round(se, 3)
    (1.219, 1.206)
    """
    return _maximum(pool, scores, False, low, high)


def zeros_and_ones(scores: ArrayLike, n: int) -> Ints:
    given = np.asarray(scores)
    if given.shape != (n,) or not np.isin(given, (0, 1)).all():
        raise ValueError(f"scores must be {n} zeros and ones")
    return given.astype(np.int32)


def _maximum(pool: Pool, scores: ArrayLike, warm: bool, low: float, high: float) -> tuple[float, float]:
    held, items = zeros_and_ones(scores, pool.n), stacked(pool)
    theta = float(root(items, held, warm, low, high, 61))
    return theta, 1.0 / sqrt(score_function(theta, items, held, False)[1])


def eap(
    pool: Pool,
    scores: ArrayLike,
    mean: float = 0.0,
    sd: float = 1.0,
    low: float = -6.0,
    high: float = 6.0,
    nodes: int = 61,
) -> tuple[float, float]:
    """The posterior's mean and deviation under a prior N(mean, sd²) on an equally spaced grid.

    >>> ability, se = eap(Pool(a=[1.0] * 4, b=[-1.0, 0.0, 0.0, 1.0], c=[0.0] * 4), [1, 1, 1, 0])
    >>> round(ability, 3), round(se, 3)
    (0.555, 0.75)
    """
    held = zeros_and_ones(scores, pool.n)
    grid = np.linspace(low, high, nodes)
    right, left = log_tables(stacked(pool), grid)
    posterior = np.where(held[:, None] == 1, right, left).sum(axis=0) - 0.5 * ((grid - mean) / sd) ** 2
    found, error = moments(posterior, grid)
    return float(found), float(error)

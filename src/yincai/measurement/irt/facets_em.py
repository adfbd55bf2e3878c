"""The numerics of many-facet Rasch: slopes are 1, so that an answer k to a pair of item and rater with the step
intercepts d_1 … d_m has log P = k·θ + d_1 + … + d_k − log D(θ).

Over a learner's answers the first terms add up to the sum score times θ, and the second to a constant: what must be
looked up at the nodes is one row log D for each pair, whatever the number of categories. In the M-step likewise the
answers count as they are, and only the expected ones need the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from yincai.measurement.irt.expectation import Grid, Windows, add_posterior, posterior
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.threads import by_range, by_responses

FEWEST_PAIRS = 500  # for a second thread


@dataclass(frozen=True)
class Ratings:
    """The ratings as the E-step reads them: the pair of each (ratings), the sum score of each learner (rows), and how
    often each pair got at least each step (pairs × steps)."""

    data: Responses
    pairs: NDArray[np.int32]
    sums: Floats
    reached: Floats

    @classmethod
    def of(cls, data: Responses, steps: int) -> Ratings:
        pairs, score = np.divmod(data.codes, np.int32(steps + 1))
        sums = np.add.reduceat(np.append(score, 0), data.start[:-1]) * (np.diff(data.start) > 0)
        seen = np.bincount(data.codes, minlength=len(data.items) * (steps + 1)).reshape(-1, steps + 1)
        reached = np.cumsum(seen[:, ::-1], axis=1)[:, ::-1][:, 1:]
        return cls(data, pairs, sums.astype(np.float64), reached.astype(np.float64))


@dataclass(frozen=True)
class Steps:
    """−log D of each pair at the nodes (pairs · width, flat) and P(≥ k) (pairs × steps × width)."""

    table: Floats
    reach: Floats


@dataclass(frozen=True)
class Posterior:
    """Log-likelihood, expected answers to each pair at each node (pairs × width), learners at each node (width)."""

    log_likelihood: float
    counts: Floats
    mass: Floats


def steps_at(d: Floats, theta: Floats, width: int) -> Steps:
    """Of the step intercepts d (pairs × steps) at the nodes θ."""
    table, reach = np.zeros((len(d), width)), np.zeros((*d.shape, width))

    def part(begin: int, end: int) -> None:
        _tables(begin, end, d, theta, table, reach)

    by_range(part, len(d), FEWEST_PAIRS)
    return Steps(table.ravel(), reach)


def expect(ratings: Ratings, d: Floats, steps: Steps, deviation: float, over: Grid, near: Windows) -> Posterior:
    """One pass over all learners; `near` is read and brought up to date."""
    theta = _padded(deviation * over.nodes, over.width)

    def part(begin: int, end: int) -> tuple[float, Floats, Floats]:
        counts, mass = np.zeros(len(steps.table)), np.zeros(over.width)
        total = _expect(
            ratings.data.start, ratings.pairs, ratings.sums, begin, end,
            steps.table, over.log_weights, theta, near, counts, mass,
        )  # fmt: skip
        return total, counts, mass

    totals, counts, masses = zip(*by_responses(part, ratings.data), strict=True)
    constant = float((ratings.reached * d).sum())
    return Posterior(sum(totals) + constant, sum(counts[1:], counts[0]).reshape(-1, over.width), sum(masses))


def pair_sums(ratings: Ratings, counts: Floats, steps: Steps) -> tuple[Floats, Floats]:
    """By each pair's step intercepts: gradient (pairs × steps) and information (pairs × steps × steps)."""
    expected, information = np.zeros(steps.reach.shape[:2]), np.zeros((*steps.reach.shape[:2], steps.reach.shape[1]))

    def part(begin: int, end: int) -> None:
        _pair_sums(begin, end, counts, steps.reach, expected, information)

    by_range(part, len(counts), FEWEST_PAIRS)
    return ratings.reached - expected, information


def lost_information(
    ratings: Ratings, steps: Steps, deviation: float, over: Grid, near: Windows, columns: Ints, size: int
) -> Floats:
    """What not knowing the abilities costs: Σ over learners of E[s h] E[s h]', h the first two orthonormal polynomials.

    `columns` (3 × pairs) says where each pair's item, rater and first threshold are among the `size` parameters; the
    last row is the log deviation. A learner touches few parameters, so the products are added one by one.
    """
    nodes = _padded(over.nodes, over.width)

    def part(begin: int, end: int) -> Floats:
        lost = np.zeros((size + 1, size + 1))
        _lost(
            ratings.data.start, ratings.pairs, ratings.sums, begin, end, steps.table, over.log_weights,
            deviation * nodes, near, nodes, steps.reach, columns, lost,
        )  # fmt: skip
        return lost

    lost = sum(by_responses(part, ratings.data))
    return np.asarray(np.tril(lost) + np.tril(lost, -1).T)


def _padded(values: Floats, width: int) -> Floats:
    wide = np.zeros(width)
    wide[: len(values)] = values
    return wide


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _tables(begin: int, end: int, d: Floats, theta: Floats, table: Floats, reach: Floats) -> None:
    m = d.shape[1]
    z = np.empty(m + 1)
    for pair in range(begin, end):
        for q in range(len(theta)):
            z[0], highest, total = 0.0, 0.0, 0.0
            for k in range(m):
                z[k + 1] = z[k] + theta[q] + d[pair, k]
                highest = max(highest, z[k + 1])
            for k in range(m + 1):
                z[k] = np.exp(z[k] - highest)
                total += z[k]
            table[pair, q] = -highest - np.log(total)
            above = 0.0
            for k in range(m, 0, -1):
                above += z[k] / total
                reach[pair, k - 1, q] = above


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _expect(
    start: Ints, pairs: NDArray[np.int32], sums: Floats, begin: int, end: int,
    table: Floats, log_weights: Floats, theta: Floats, near: Windows, counts: Floats, mass: Floats,
) -> float:  # fmt: skip
    total = 0.0
    w, own_weights = np.empty(len(theta)), np.empty(len(theta))
    for n in range(begin, end):
        if start[n] == start[n + 1]:
            continue
        own = pairs[start[n] : start[n + 1]]
        for q in range(len(theta)):
            own_weights[q] = log_weights[q] + sums[n] * theta[q]
        value, lo, hi = posterior(own, table, own_weights, near[n], w)
        total += value
        for q in range(lo, hi):
            mass[q] += w[q]
        add_posterior(own, w, lo, hi, counts)
    return total


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _pair_sums(begin: int, end: int, counts: Floats, reach: Floats, expected: Floats, information: Floats) -> None:
    m = reach.shape[1]
    for pair in range(begin, end):
        for q in range(reach.shape[2]):
            n = counts[pair, q]
            if n < 1e-12:
                continue
            for k in range(m):
                of_step = n * reach[pair, k, q]
                expected[pair, k] += of_step
                for j in range(k + 1):
                    information[pair, k, j] += of_step * (1.0 - reach[pair, j, q])
        for k in range(m):
            for j in range(k):
                information[pair, j, k] = information[pair, k, j]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _two_polynomials(w: Floats, nodes: Floats, lo: int, hi: int, h: Floats) -> None:
    """w times the first two polynomials that are orthonormal under w."""
    mean, square, cube, fourth = 0.0, 0.0, 0.0, 0.0
    for q in range(lo, hi):
        mean += w[q] * nodes[q]
    for q in range(lo, hi):
        off = nodes[q] - mean
        square, cube = square + w[q] * off**2, cube + w[q] * off**3
        fourth += w[q] * off**4
    square = max(square, 1e-12)
    tilt = cube / square
    norm = np.sqrt(max(fourth - square**2 - cube * tilt, 1e-12))
    for q in range(lo, hi):
        off = nodes[q] - mean
        h[0, q], h[1, q] = w[q] * off / np.sqrt(square), w[q] * (off**2 - square - tilt * off) / norm


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add(touched: Ints, many: int, column: int, held: Floats, one: float, other: float) -> int:
    """Adds to the two moments of a column; returns how many columns have been touched."""
    if held[2, column] == 0.0:
        held[2, column] = 1.0
        touched[many] = column
        many += 1
    held[0, column] += one
    held[1, column] += other
    return many


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _gather(
    own: NDArray[np.int32], h: Floats, lo: int, hi: int, reach: Floats, columns: Ints, held: Floats, touched: Ints
) -> int:
    """The two moments of each parameter that a learner's ratings touch; returns how many those are."""
    many = 0
    for pair in own:
        whole, whole_other = 0.0, 0.0
        for k in range(reach.shape[1]):
            one, other = 0.0, 0.0
            for q in range(lo, hi):
                one += h[0, q] * reach[pair, k, q]
                other += h[1, q] * reach[pair, k, q]
            many = _add(touched, many, columns[2, pair] + k, held, one, other)
            whole, whole_other = whole + one, whole_other + other
        many = _add(touched, many, columns[0, pair], held, whole, whole_other)
        many = _add(touched, many, columns[1, pair], held, whole, whole_other)
    return many


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add_products(touched: Ints, held: Floats, out: Floats) -> None:
    """Of the two moments of each two touched columns, to the lower half; empties the moments."""
    for row in touched:
        one, other = held[0, row], held[1, row]
        for column in touched:
            if column <= row:
                out[row, column] += one * held[0, column] + other * held[1, column]
    for row in touched:
        held[:, row] = 0.0


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _lost(
    start: Ints, pairs: NDArray[np.int32], sums: Floats, begin: int, end: int,
    table: Floats, log_weights: Floats, theta: Floats, near: Windows, nodes: Floats, reach: Floats,
    columns: Ints, out: Floats,
) -> None:  # fmt: skip
    last = len(out) - 1
    w, own_weights, h = np.empty(len(theta)), np.empty(len(theta)), np.empty((2, len(theta)))
    held, touched = np.zeros((3, len(out))), np.empty(len(out), np.int64)
    for n in range(begin, end):
        own = pairs[start[n] : start[n + 1]]
        if len(own) == 0:
            continue
        for q in range(len(theta)):
            own_weights[q] = log_weights[q] + sums[n] * theta[q]
        _, lo, hi = posterior(own, table, own_weights, near[n], w)
        _two_polynomials(w, nodes, lo, hi, h)
        many = _gather(own, h, lo, hi, reach, columns, held, touched)
        for q in range(lo, hi):
            held[0, last] += h[0, q] * nodes[q] ** 2
            held[1, last] += h[1, q] * nodes[q] ** 2
        touched[many] = last
        _add_products(touched[: many + 1], held, out)

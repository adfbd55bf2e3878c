"""Standard errors from the observed information of the marginal likelihood.

Louis (1982): the observed information is the expected complete information minus, for each learner, the covariance of
the complete score s(θ) under the learner's posterior. Expanded in the polynomials h_1, h_2, … that are orthonormal
under that posterior, the covariance is Σ_r E[s h_r] E[s h_r]' (Parseval): an exact series whose first term is what a
score linear in θ would give. It converges at once because posteriors are narrow; terms are added until the next is
below 1e-8 of the information (1e-6 from SHORT parameters on). The same number follows from Oakes' (1999) identity. The
complete information is a central difference of exact gradients.

A long test (more than LARGE parameters) has posteriors so narrow that two terms do (to 2 in 10,000). What is missing is
then small but where all items move together with the scale: the inverse is the geometric series 1 + λ + λ² + … =
1 + λ + λ²/(1 − λ), whose first two terms need each item's own block alone, and the rest the FEW largest λ (the others
are squares of hundredths). Those come by subspace iteration, and no full matrix is made: 4 in 10,000 off.

Too many answers for either: each item's own block, the others taken as known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import block_diag

from yincai.measurement.irt.curves import curve_tables
from yincai.measurement.irt.em import Outcome, Problem
from yincai.measurement.irt.expectation import Windows, posterior, table_of
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.maximization import item_gradients
from yincai.measurement.irt.responses import Floats, Ints
from yincai.measurement.irt.threads import by_range, by_responses

STEP = 1e-5
FLAT = 0.01  # a slope below which there is no difficulty to speak of
BLOCK, SMALL_BLOCK = (
    256,
    16,
)  # learners whose scores are held at once; few of a long test, so that they stay in the cache
SHORT = 100  # parameters up to which the series goes to the end
LARGE = 1000  # parameters of a long test
MOST_TERMS = 40  # taken in pairs
FEW, ROUNDS = 6, 3
DENSE = 8  # codes of the test for each that a learner has
SMALL_SHARE = 0.15  # what the largest neglected λ may be


@dataclass(frozen=True)
class Errors:
    """Standard errors in the shapes of a, b, c; `covariances` of each item's (a, d …, g) (items × p × p).

    `shared` (items × p × r) is what the errors of different items have in common, the scale above all: the covariance
    of two items' parameters is shared_i shared_j'. NaN where a parameter was not estimated or the information is not
    positive; zero in `shared`.
    """

    se_a: Floats
    se_b: Floats
    se_c: Floats
    covariances: Floats
    shared: Floats
    se_mean: float
    se_variance: float


def no_errors(items: Bank) -> Errors:
    """All NaN: not asked for."""
    size = items.xi.shape[1]
    return _errors(items, np.full((len(items), size, size), np.nan), np.zeros((*items.xi.shape, 0)), np.full(2, np.nan))


def observed_errors(problem: Problem, out: Outcome) -> Errors:
    """From the whole observed information; item by item where that is not positive definite."""
    columns, latent = _columns(problem, out.items)
    total = int(max(columns.max(), latent.max())) + 1
    information = np.zeros((total, total))
    _add_blocks(information, columns, _complete(problem, out))
    _add_latent(information, latent, problem, out)
    complete = information.copy()
    information -= _all_missing(problem, out, columns, latent, total, float(np.trace(complete)))
    covariance = _inverse(information)
    if covariance is None:
        return item_errors(problem, out)
    blocks = _blocks(covariance, columns)
    return _errors(out.items, blocks, _shared(complete, covariance, columns), _latent_errors(covariance, latent))


def joint_errors(parts: Sequence[tuple[Problem, Outcome, NDArray[np.bool_]]]) -> tuple[Errors, Floats, Floats]:
    """Of several groups that answered the same items: for each a problem, its outcome, and whether mean and deviation
    of its learners are estimated. Also the errors of the groups' means and variances; NaN where they are fixed.

    Information adds up over groups, each with its own latent mean and deviation.
    """
    columns, _ = _columns(parts[0][0], parts[0][1].items)
    total = int(columns.max()) + 1
    latents = []
    for _, _, estimated in parts:
        latents.append(np.where(estimated, total + np.cumsum(estimated) - 1, -1))
        total += int(estimated.sum())
    information = np.zeros((total, total))
    for (problem, out, _), latent in zip(parts, latents, strict=True):
        _add_blocks(information, columns, _complete(problem, out))
        _add_latent(information, latent, problem, out)
    complete = information.copy()
    for (problem, out, _), latent in zip(parts, latents, strict=True):
        information -= _all_missing(problem, out, columns, latent, total, float(np.trace(complete)))
    covariance = _inverse(information)
    if covariance is None:
        nothing = np.full(len(parts), np.nan)
        return no_errors(parts[0][1].items), nothing, nothing
    spread = np.array([_latent_errors(covariance, latent) for latent in latents])
    deviations = np.array([np.sqrt(out.items.variance) for _, out, _ in parts])
    errors = _errors(
        parts[0][1].items, _blocks(covariance, columns), _shared(complete, covariance, columns), np.full(2, np.nan)
    )
    return errors, spread[:, 0], 2 * deviations * spread[:, 1]


def _all_missing(problem: Problem, out: Outcome, columns: Ints, latent: Ints, total: int, complete: float) -> Floats:
    """The whole series of posterior covariances."""
    whole = np.zeros((total, total))
    for term in range(1, MOST_TERMS, 2):
        missing = _missing(problem, out, columns, latent, term, total)
        whole += missing
        if np.trace(missing) < complete * (1e-8 if total <= SHORT else 1e-6):
            break
    return whole


def long_test_errors(problem: Problem, out: Outcome) -> Errors:
    """As `observed_errors` for a long test, without a full matrix; that one where it does not apply."""
    columns, latent = _columns(problem, out.items)
    total = int(max(columns.max(), latent.max())) + 1
    complete = np.zeros((2, 2))
    _add_latent(complete, np.where(latent >= 0, [0, 1], -1), problem, out)
    held = [block[np.ix_(own, own)] for block, own in zip(_complete(problem, out), problem.free, strict=True)]
    blocks = [block for block in [*held, complete[np.ix_(latent >= 0, latent >= 0)]] if block.size]
    try:
        whites = [np.linalg.inv(np.linalg.cholesky(block)) for block in blocks]
    except np.linalg.LinAlgError:
        return item_errors(problem, out)
    white = block_diag(whites, format="csr")
    owners = [own[own >= 0] for own in [*columns, latent]]
    scores, squares = _held_scores(problem, out, columns, latent, total, owners)
    shares, vectors = _largest(scores, white)
    if shares[0] >= 1 or shares[-1] > SMALL_SHARE:
        return observed_errors(problem, out)
    together = (white.T @ vectors) * np.sqrt(shares**2 / (1 - shares))
    covariances, spread = np.full((*columns.shape, columns.shape[1]), np.nan), np.full(2, np.nan)
    there = [number for number, own in enumerate(owners) if len(own)]
    for number, factor in zip(there, whites, strict=True):
        own, free = owners[number], np.flatnonzero(columns[number] >= 0 if number < len(columns) else latent >= 0)
        known, seen = factor.T @ factor, squares[number, : len(own), : len(own)]
        block = known + known @ seen @ known + together[own] @ together[own].T
        if number < len(columns):
            covariances[number][np.ix_(free, free)] = block
        else:
            spread[free] = np.sqrt(np.diagonal(block))
    loadings = (white.T @ vectors) * np.sqrt(shares / (1 - shares))
    return _errors(out.items, covariances, _of_items(loadings, columns), spread)


def _shared(complete: Floats, covariance: Floats, columns: Ints) -> Floats:
    """Loadings of what the missing abilities add to the inverse of the complete information, which knows no two items
    at once."""
    added = covariance.copy()
    for own in columns:
        there = np.ix_(own[own >= 0], own[own >= 0])
        known = _inverse(complete[there])
        added[there] -= covariance[there] if known is None else known
    if not added.size:
        return np.zeros((*columns.shape, 0))
    factor, order, rank, _ = lapack.dpstrf(added, lower=True)  # positive, but perhaps of lower rank: with pivots
    loadings = np.zeros((len(added), rank))
    loadings[order - 1] = np.tril(factor)[:, :rank]
    return _of_items(loadings, columns)


def _of_items(loadings: Floats, columns: Ints) -> Floats:
    """The rows of each item's parameters; zero where one was not estimated (items × p × r)."""
    return np.asarray(loadings[columns] * (columns >= 0)[:, :, None])


def _largest(scores: NDArray[np.float32], white: Any) -> tuple[Floats, Floats]:
    """The FEW largest eigenvalues, falling, and eigenvectors of white · scores' scores · white'."""
    size = scores.shape[1]
    vectors = np.cos(np.outer(np.arange(size) + 0.5, np.arange(FEW) * np.pi / FEW) + np.arange(size)[:, None] % 3)
    for _ in range(ROUNDS):
        vectors = np.linalg.qr(vectors)[0]
        after = white @ _twice(scores, white.T @ vectors)
        small = vectors.T @ after
        shares, turn = np.linalg.eigh((small + small.T) / 2)
        kept, vectors = vectors @ turn[:, ::-1], after
    return shares[::-1], kept


def _twice(scores: NDArray[np.float32], vectors: Floats) -> Floats:
    """scores' · (scores · vectors): every row is read from memory once."""
    across = np.ascontiguousarray(vectors.T, np.float32)

    def part(begin: int, end: int) -> Floats:
        total = np.zeros(across.shape)
        for first in range(begin, end, BLOCK):
            _add_twice(scores[first : min(first + BLOCK, end)], across, total)
        return total

    return np.asarray(sum(by_range(part, len(scores), 8 * BLOCK))).T


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add_twice(rows: NDArray[np.float32], across: NDArray[np.float32], total: Floats) -> None:
    """In single precision, so only over a block of rows."""
    added = np.zeros_like(across)
    for row in range(len(rows)):
        for number in range(len(across)):
            _add_times(added[number], rows[row], _product(rows[row], across[number]))
    total += added


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[misc, unused-ignore]
def _product(one: NDArray[np.float32], other: NDArray[np.float32]) -> np.float32:
    total = np.float32(0.0)
    for place in range(len(one)):
        total += one[place] * other[place]
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[misc, unused-ignore]
def _add_times(sums: NDArray[np.float32], values: NDArray[np.float32], weight: np.float32) -> None:
    for place in range(len(sums)):
        sums[place] += weight * values[place]


def item_errors(problem: Problem, out: Outcome) -> Errors:
    """From each item's own block of the observed information."""
    items, counts, data, over = out.items, out.expected.counts, problem.responses, problem.over
    grad = _padded(problem, items)
    information = _complete(problem, out)
    squares = np.einsum("cq,cpq,crq->cpr", counts, grad, grad, optimize=True)
    information -= np.add.reduceat(squares, items.first[:-1])
    flat = grad.ravel()
    table = table_of(items, over, problem.muted)
    owner = np.repeat(np.arange(len(items)), items.categories)

    def part(begin: int, end: int) -> Floats:
        sums = np.zeros_like(information)
        _mean_squares(
            data.start, data.codes, data.weights, begin, end,
            table, over.log_weights, out.near, flat, owner, sums,
        )  # fmt: skip
        return sums

    information += sum(by_responses(part, data))
    covariances = np.full(information.shape, np.nan)
    for item, free in enumerate(problem.free):
        own = _inverse(information[item][np.ix_(free, free)]) if free.any() else None
        if own is not None:
            covariances[item][np.ix_(free, free)] = own
    return _errors(items, covariances, _of_scale(problem, items), np.full(2, np.nan))


def _of_scale(problem: Problem, items: Bank) -> Floats:
    """What mean and deviation of the learners drawn do to all items, were abilities seen; none where anchors hold."""
    by = np.zeros((*items.xi.shape, 2))
    if not problem.moving:
        n = problem.responses.n_learners
        by[:, 1:-1, 0] = np.where(items.steps, items.xi[:, :1], 0.0) * np.sqrt(items.variance / n)
        by[:, 0, 1] = items.xi[:, 0] / np.sqrt(2 * n)
    return np.asarray(by * problem.free[:, :, None])


def _errors(items: Bank, covariances: Floats, shared: Floats, latent: Floats) -> Errors:
    """By the delta method for b = −d / a and c."""
    xi = items.xi
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, steps = xi[:, :1], np.where(items.steps, xi[:, 1:-1], np.nan)
        b = -steps / a
        of_d = variances[:, 1:-1]
        of_a = np.nan_to_num(variances[:, :1]) * (b / a) ** 2
        of_both = 2 * b * np.nan_to_num(covariances[:, 0, 1:-1]) / a**2
        se_b = np.where(np.abs(a) < FLAT, np.nan, np.sqrt(of_d / a**2 + of_a + of_both))
        se_c = items.c * (1 - items.c) * np.sqrt(variances[:, -1])
        se_a = np.sqrt(variances[:, 0])
    return Errors(
        se_a, se_b[:, 0] if items.model.binary else se_b, se_c, covariances, shared,
        float(latent[0]), float(2 * np.sqrt(items.variance) * latent[1]),
    )  # fmt: skip


def _columns(problem: Problem, items: Bank) -> tuple[Ints, Ints]:
    """Which column of the information each item parameter, and latent mean and deviation, has; −1 for none."""
    columns = np.full(problem.free.shape, -1, np.int64)
    columns[problem.free] = np.arange(problem.free.sum())
    free = np.array([problem.moving, problem.moving or not items.model.slope])
    latent = np.full(2, -1, np.int64)
    latent[free] = problem.free.sum() + np.arange(free.sum())
    return columns, latent


def _complete(problem: Problem, out: Outcome) -> Floats:
    """Minus the second derivatives of each item's expected complete log-likelihood (items × p × p)."""
    items, n = out.items, len(problem.over.nodes)
    theta = items.mean + np.sqrt(items.variance) * problem.over.nodes
    counts = np.ascontiguousarray(out.expected.counts[:, :n])
    blocks = np.zeros((*items.xi.shape, items.xi.shape[1]))
    for place in np.flatnonzero(problem.free.any(axis=0)):
        sides = []
        for sign in (1, -1):
            xi = items.xi.copy()
            xi[:, place] += sign * STEP
            sides.append(item_gradients(items.model.family, xi, items.first, theta, counts, problem.priors))
        blocks[:, :, place] = (sides[1] - sides[0]) / (2 * STEP)
    blocks = (blocks + blocks.transpose(0, 2, 1)) / 2
    return np.asarray(blocks * (problem.free[:, :, None] & problem.free[:, None, :]))


def _add_blocks(information: Floats, columns: Ints, blocks: Floats) -> None:
    for own, block in zip(columns, blocks, strict=True):
        there = own >= 0
        information[np.ix_(own[there], own[there])] += block[np.ix_(there, there)]


def _blocks(covariance: Floats, columns: Ints) -> Floats:
    blocks = np.full((*columns.shape, columns.shape[1]), np.nan)
    for own, block in zip(columns, blocks, strict=True):
        there = own >= 0
        block[np.ix_(there, there)] = covariance[np.ix_(own[there], own[there])]
    return blocks


def _add_latent(information: Floats, latent: Ints, problem: Problem, out: Outcome) -> None:
    """Of the normal density's own parameters, mean and deviation."""
    t, mass = problem.over.nodes, out.expected.mass[: len(problem.over.nodes)]
    both = np.array([[mass.sum(), 2 * mass @ t], [2 * mass @ t, mass @ (3 * t * t - 1)]]) / out.items.variance
    for i, row in enumerate(latent):
        for j, column in enumerate(latent):
            if row >= 0 and column >= 0:
                information[row, column] += both[i, j]


def _latent_errors(covariance: Floats, latent: Ints) -> Floats:
    return np.array([np.sqrt(covariance[place, place]) if place >= 0 else np.nan for place in latent])


def _inverse(information: Floats) -> Floats | None:
    if not information.size:  # nothing was estimated; LAPACK would print that it does not like it
        return information
    factor, failed = lapack.dpotrf(information, lower=True)
    if failed:
        return None
    lower, failed = lapack.dpotri(factor, lower=True)
    return None if failed else np.asarray(np.tril(lower) + np.tril(lower, -1).T)


def _padded(problem: Problem, items: Bank) -> Floats:
    """∂ log P / ∂ xi of each code at the nodes, as wide as the grid (codes × p × width)."""
    theta = items.mean + np.sqrt(items.variance) * problem.over.nodes
    grad = curve_tables(items.model.family, items.xi, items.first, theta)[3]
    wide = np.zeros((*grad.shape[:2], problem.over.width))
    wide[:, :, : grad.shape[2]] = grad
    return wide


def _estimated(problem: Problem, items: Bank) -> Floats:
    """The rows of d, and of g where there is one, flat: small tables stay in the cache."""
    grad = _padded(problem, items)
    return np.ascontiguousarray(grad[:, 1:] if items.model.floor else grad[:, 1:-1]).ravel()


def _missing(problem: Problem, out: Outcome, columns: Ints, latent: Ints, term: int, total: int) -> Floats:
    """Σ over the learners of E[s h] E[s h]' for h = h_term and the next (total × total)."""
    fill = _filler(problem, out, columns, latent, term)

    def part(begin: int, end: int) -> Floats:
        lost, room = np.zeros((total, total)), np.empty((2 * BLOCK, total))
        for first in range(begin, end, BLOCK):
            scores = room[: 2 * min(BLOCK, end - first)]
            fill(first, scores)
            lost += scores.T @ scores
        return lost

    return np.asarray(sum(by_responses(part, problem.responses)))


def _held_scores(
    problem: Problem, out: Outcome, columns: Ints, latent: Ints, total: int, owners: list[Ints]
) -> tuple[NDArray[np.float32], Floats]:
    """E[s h] of all rows for the first two polynomials (2 · rows × total), and of the columns of each owner, which lie
    together, the sum of their products over the rows (owners × p × p)."""
    held, fill = np.empty((2 * problem.responses.n_rows, total), np.float32), _filler(problem, out, columns, latent, 1)
    widest = max(len(own) for own in owners)

    def part(begin: int, end: int) -> Floats:
        products = np.zeros((widest, total))
        for first in range(begin, end, SMALL_BLOCK):
            scores = held[2 * first : 2 * min(first + SMALL_BLOCK, end)]
            fill(first, scores)
            _add_products(scores, products)
        return products

    products = np.asarray(sum(by_responses(part, problem.responses)))
    squares = np.zeros((len(owners), widest, widest))
    for square, own in zip(squares, owners, strict=True):
        for i, column in enumerate(own):
            for j in range(i, len(own)):
                square[i, j] = square[j, i] = products[j - i, column]
    return held, squares


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add_products(scores: NDArray[np.float32], products: Floats) -> None:
    """Over the rows, of each column with itself, the next, the one after it … (as many × total)."""
    for row in scores:
        for ahead in range(len(products)):
            mine = products[ahead]
            for column in range(len(row) - ahead):
                mine[column] += np.float64(row[column]) * np.float64(row[column + ahead])


def _filler(
    problem: Problem, out: Outcome, columns: Ints, latent: Ints, term: int
) -> Callable[[int, NDArray[Any]], None]:
    """What puts E[s h], for h = h_term and the next, of rows from a first on into a block (2 · its rows × total)."""
    items, data, over = out.items, problem.responses, problem.over
    table, grad = table_of(items, over, problem.muted), _estimated(problem, items)
    across = np.ascontiguousarray(grad.reshape(-1, over.width).T)
    owner = np.repeat(np.arange(len(items)), items.categories)
    nodes = np.zeros(over.width)
    nodes[: len(over.nodes)] = over.nodes
    theta = items.mean + np.sqrt(items.variance) * nodes
    of_latent = np.concatenate([nodes, nodes**2 - 1]) / np.sqrt(items.variance)

    def fill(first: int, scores: NDArray[Any]) -> None:
        scores.fill(0.0)
        _scores(
            data.start, data.codes, data.weights, first, table, over.log_weights, out.near,
            nodes, theta, term, grad, across, owner, columns, of_latent, latent, scores,
        )  # fmt: skip

    return fill


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[misc, unused-ignore]
def _dot(weights: Floats, values: Floats, row: int, lo: int, hi: int) -> float:
    """Over a row of the flat `values`. The order of a sum of finite numbers may change; nothing else of fastmath."""
    begin, total = np.uint64(row) * np.uint64(len(weights)), 0.0
    for q in range(np.uint64(lo), np.uint64(hi)):
        total += weights[q] * values[begin + q]
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[misc, unused-ignore]
def _four_dots(weights: Floats, values: Floats, row: int, lo: int, hi: int) -> tuple[float, float, float, float]:
    """The same for four weights (4 × nodes) at once: memory is what this waits for."""
    begin, a, b, c, d = np.uint64(row) * np.uint64(weights.shape[1]), 0.0, 0.0, 0.0, 0.0
    first, second, third, fourth = weights[0], weights[1], weights[2], weights[3]
    for q in range(np.uint64(lo), np.uint64(hi)):
        value = values[begin + q]
        a += first[q] * value
        b += second[q] * value
        c += third[q] * value
        d += fourth[q] * value
    return a, b, c, d


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[misc, unused-ignore]
def _all_dots(weights: Floats, across: Floats, lo: int, hi: int, sums: Floats) -> None:
    """`_four_dots` of every row at once, into sums (4 × rows), from the values across (nodes × rows)."""
    sums[:] = 0.0
    alone = lo + (hi - lo) % 4
    for number in range(4):
        mine, by = sums[number], weights[number]
        for q in range(lo, alone):
            weight, values = by[q], across[q]
            for row in range(len(mine)):
                mine[row] += weight * values[row]
        for q in range(alone, hi, 4):
            a, b, c, d = across[q], across[q + 1], across[q + 2], across[q + 3]
            of_a, of_b, of_c, of_d = by[q], by[q + 1], by[q + 2], by[q + 3]
            for row in range(len(mine)):
                mine[row] += of_a * a[row] + of_b * b[row] + of_c * c[row] + of_d * d[row]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _column(sums: Floats, row: int) -> tuple[float, float, float, float]:
    return sums[0, row], sums[1, row], sums[2, row], sums[3, row]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add_answer(
    found: tuple[float, float, float, float], of_d: int, of_a: int, upper: NDArray[Any], lower: NDArray[Any]
) -> None:
    upper[of_d] += found[0]
    lower[of_d] += found[1]
    if of_a >= 0:
        upper[of_a] += found[2]
        lower[of_a] += found[3]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _polynomials(w: Floats, nodes: Floats, term: int, lo: int, hi: int, one: Floats, other: Floats) -> None:
    """h_term and the next, by Stieltjes' three-term recurrence; zero where the nodes are too few."""
    for q in range(lo, hi):
        one[q], other[q] = 0.0, 1.0
    last_norm = 0.0
    for _ in range(term + 1):
        centre, norm = 0.0, 0.0
        for q in range(lo, hi):
            centre += w[q] * nodes[q] * other[q] * other[q]
        for q in range(lo, hi):
            new = (nodes[q] - centre) * other[q] - last_norm * one[q]
            one[q], other[q] = other[q], new
            norm += w[q] * new * new
        last_norm = np.sqrt(norm)
        for q in range(lo, hi):
            other[q] = other[q] / last_norm if last_norm > 1e-10 else 0.0


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _scores(
    start: Ints, codes: NDArray[np.int32], weights: Floats, first: int,
    table: Floats, log_weights: Floats, near: Windows,
    nodes: Floats, theta: Floats, term: int, grad: Floats, across: Floats, owner: Ints,
    columns: Ints, of_latent: Floats, latent: Ints, out: Floats,
) -> None:  # fmt: skip
    """E[s h] of the learners from `first` on, two rows each (h_term and the next), times the root of the row's weight.

    In every model ∂/∂a = θ · Σ ∂/∂d, so that `grad` need not hold a.
    """
    width, size = len(nodes), columns.shape[1]
    held = len(grad) // (len(owner) * width)
    w, one, other, by = np.empty(width), np.empty(width), np.empty(width), np.empty((4, width))
    sums = np.empty((4, across.shape[1]))
    for number in range(len(out) // 2):
        n = first + number
        if start[n] == start[n + 1]:
            continue
        own, upper, lower = codes[start[n] : start[n + 1]], out[2 * number], out[2 * number + 1]
        _, lo, hi = posterior(own, table, log_weights, near[n], w)
        _polynomials(w, nodes, term, lo, hi, one, other)
        for q in range(lo, hi):
            heavy = w[q] * np.sqrt(weights[n])
            by[0, q], by[1, q] = heavy * one[q], heavy * other[q]
            by[2, q], by[3, q] = by[0, q] * theta[q], by[1, q] * theta[q]
        all_at_once = DENSE * len(own) > len(owner)  # is then cheaper than each of the own by itself
        if all_at_once:
            _all_dots(by, across, lo, hi, sums)
        for j in range(len(own)):
            mine, begin = columns[owner[own[j]]], own[j] * held
            for place in range(1, size):
                if mine[place] < 0:
                    continue
                row = begin + place - 1
                found = _column(sums, row) if all_at_once else _four_dots(by, grad, row, lo, hi)
                _add_answer(found, mine[place], mine[0] if place < size - 1 else -1, upper, lower)
        for place in range(2):
            if latent[place] >= 0:
                upper[latent[place]] += _dot(by[0], of_latent, place, lo, hi)
                lower[latent[place]] += _dot(by[1], of_latent, place, lo, hi)


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _mean_squares(
    start: Ints, codes: NDArray[np.int32], weights: Floats, begin: int, end: int,
    table: Floats, log_weights: Floats, near: Windows, grad: Floats, owner: Ints, out: Floats,
) -> None:  # fmt: skip
    """Adds E[s] E[s]' of each answer to its item's block."""
    size = out.shape[1]
    w, mean = np.empty(len(log_weights)), np.empty(size)
    for n in range(begin, end):
        if start[n] == start[n + 1]:
            continue
        own = codes[start[n] : start[n + 1]]
        _, lo, hi = posterior(own, table, log_weights, near[n], w)
        for j in range(len(own)):
            code = own[j]
            block = out[owner[code]]
            for place in range(size):
                mean[place] = _dot(w, grad, code * size + place, lo, hi)
            for i in range(size):
                for k in range(size):
                    block[i, k] += weights[n] * mean[i] * mean[k]

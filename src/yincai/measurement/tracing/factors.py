"""A few abilities behind many units: loadings by EM on residuals, followed live by a Kalman filter.

    residual of an answer at unit u = loading(u) · θ + noise,    θ ~ N(0, I),  noise ~ N(0, p(1 − p))

Fitted on sums over learner × unit, so the cost follows the distinct pairs, not the answers. A ridge on the loadings
keeps rare units at 0. Sources: Rubin & Thayer (1982), EM algorithms for ML factor analysis, Psychometrika 47, 69–76;
Kalman (1960), A new approach to linear filtering and prediction problems.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from yincai.measurement.tracing.compiled import compiled

Single = NDArray[np.float32]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
RANK = 8
MOST_KIN = 2048
SHRINK = 60.0  # learners' worth of no covariance
ROUNDS = 12
RIDGE = 48.0  # in answers
KEPT = np.float32(np.exp(-1.0 / 70.0))  # of an ability from one answer to the next; the rest is drawn anew


def fit(learner: Whole, unit: Whole, residual: Single, spread: Single, units: int, seed: int = 0) -> Single:
    """Loadings (units, RANK). learner, unit, residual : (n,). spread : (units,) variance of the noise."""
    learners = int(learner.max()) + 1 if len(learner) else 0
    cell = learner * units + unit
    cells, where = np.unique(cell, return_inverse=True)
    size = np.bincount(where).astype(np.float64)
    total = np.bincount(where, residual).astype(np.float64)
    who, what = cells // units, cells % units
    chance = np.random.default_rng(seed)
    loading = 0.1 * chance.normal(size=(units, RANK))
    loading[:, 0] += 0.15
    starts = np.searchsorted(who, np.arange(learners + 1))
    for _ in range(ROUNDS):
        loading = improved(loading, starts, what, size, total, spread.astype(np.float64))
    return loading.astype(np.float32)


def kinship(learner: Whole, unit: Whole, residual: Single, units: int) -> Single:
    """How the residuals of two units go together over learners: signed squares of the shrunken covariance, (units + 1,
    units + 1), zero for an unknown unit. Beyond MOST_KIN units there is none: shape (1, 1)."""
    if units > MOST_KIN:
        return np.zeros((1, 1), np.float32)
    if not len(unit):
        return np.zeros((units + 1, units + 1), np.float32)
    shape = (int(learner.max()) + 1, units)
    total = csr_matrix((residual.astype(np.float64), (learner, unit)), shape)
    size = csr_matrix((np.ones(len(unit)), (learner, unit)), shape)
    total.data /= size.data
    size.data[:] = 1.0
    together = (total.T @ total).toarray() / ((size.T @ size).toarray() + SHRINK)
    found = np.zeros((units + 1, units + 1), np.float32)
    found[:units, :units] = np.sign(together) * together**2
    return found


def improved(loading: Floats, starts: Whole, what: Whole, size: Floats, total: Floats, spread: Floats) -> Floats:
    """One round of EM."""
    moments, cross = expected(loading, starts, what, size, total, spread)
    moments += RIDGE * spread[:, None, None] * np.eye(loading.shape[1])
    return np.asarray(np.linalg.solve(moments, cross[..., None])[..., 0])


@compiled
def expected(
    loading: Floats, starts: Whole, what: Whole, size: Floats, total: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Sums over learners for each unit: of size · E[θθᵀ], and of total · E[θ]."""
    units, rank = loading.shape
    moments, cross = np.zeros((units, rank, rank)), np.zeros((units, rank))
    mean, covariance, along = np.empty(rank), np.empty((rank, rank)), np.empty(rank)
    for learner in range(len(starts) - 1):
        first, last = starts[learner], starts[learner + 1]
        believe(mean, covariance, along, loading, what[first:last], size[first:last], total[first:last], spread)
        for cell in range(first, last):
            unit = what[cell]
            for i in range(rank):
                cross[unit, i] += total[cell] * mean[i]
                for j in range(rank):
                    moments[unit, i, j] += size[cell] * (covariance[i, j] + mean[i] * mean[j])
    return moments, cross


@compiled
def believe(
    mean: Floats, covariance: Floats, along: Floats, loading: Floats, what: Whole, size: Floats, total: Floats,
    spread: Floats,
) -> None:  # fmt: skip
    """Mean (rank,) and covariance of one learner's abilities, in place: conditioned on one cell after the other."""
    rank = len(mean)
    for i in range(rank):
        mean[i] = 0.0
        for j in range(rank):
            covariance[i, j] = 1.0 if i == j else 0.0
    for cell in range(len(what)):
        unit = what[cell]
        variance, miss = spread[unit] / size[cell], total[cell] / size[cell]
        for i in range(rank):
            along[i] = 0.0
            for j in range(rank):
                along[i] += covariance[i, j] * loading[unit, j]
        for i in range(rank):
            variance += loading[unit, i] * along[i]
            miss -= loading[unit, i] * mean[i]
        for i in range(rank):
            mean[i] += along[i] * miss / variance
            for j in range(rank):
                covariance[i, j] -= along[i] * along[j] / variance


@compiled
def observed(theta: Single, covariance: Single, loading: Single, residual: float, spread: float) -> None:
    """Kalman's step in place. theta : (RANK,), covariance : (RANK, RANK), symmetric."""
    rank = len(theta)
    along = np.zeros(rank, np.float32)
    for i in range(rank):
        theta[i] *= KEPT
        for j in range(rank):
            covariance[i, j] *= KEPT * KEPT
        covariance[i, i] += np.float32(1.0) - KEPT * KEPT
    for i in range(rank):
        for j in range(rank):
            along[i] += covariance[i, j] * loading[j]
    expected, variance = np.float32(0.0), np.float32(spread)
    for i in range(rank):
        expected += loading[i] * theta[i]
        variance += loading[i] * along[i]
    step = (np.float32(residual) - expected) / variance
    for i in range(rank):
        theta[i] += along[i] * step
        for j in range(rank):
            covariance[i, j] -= along[i] * along[j] / variance

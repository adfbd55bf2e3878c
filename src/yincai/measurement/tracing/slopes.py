"""What an answer should be without its context, and how each unit differs in that from the others.

    shared:    logit p = weights · (z, 1)                     one logistic regression for all units
    own:       y − p   = slope(unit) · (z, 1) + noise         a ridge regression for each unit

z are the plain features. Source: Hoerl & Kennard (1970), Ridge regression, Technometrics 12, 55–67; the ridge is the
prior that a unit is as the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.compiled import compiled

Single = NDArray[np.float32]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
ROUNDS = 8
MOST = 200_000  # rows that the shared regression is fitted on
FIRM = 10.0  # ridge of the shared regression
RIDGE = 1000.0  # of a unit's own, in answers


class Shared(NamedTuple):
    """middle, scale : (features,) of z. weights : (features + 1,) of the standardised z, the last alone."""

    middle: Single
    scale: Single
    weights: Single

    def standardised(self, z: Single) -> Single:
        """(n, features + 1), the last column 1."""
        held = np.ones((z.shape[0], z.shape[1] + 1), np.float32)
        np.subtract(z, self.middle, out=held[:, :-1])
        held[:, :-1] /= self.scale
        return held

    def expected(self, z: Single) -> Single:
        """Probabilities (n,)."""
        return _chance(self.standardised(z) @ self.weights)


def shared(z: Single, y: Single) -> Shared:
    """Newton's method on at most MOST rows, evenly taken. z : (n, features), y : (n,)."""
    if not len(y):
        same = np.ones(z.shape[1], np.float32)
        return Shared(same, same, np.zeros(z.shape[1] + 1, np.float32))
    step = max(1, -(-len(y) // MOST))
    z, y = z[::step], y[::step]
    held = Shared(z.mean(axis=0), z.std(axis=0) + np.float32(1e-6), np.zeros(z.shape[1] + 1, np.float32))
    x = held.standardised(z)
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = _chance(x @ weights.astype(np.float32))
        hessian = x.T @ (x * (p * (1.0 - p))[:, None]) + FIRM * np.eye(x.shape[1])
        weights -= np.linalg.solve(hessian, x.T @ (p - y) + FIRM * weights)
    return held._replace(weights=weights.astype(np.float32))


def of_units(z: Single, unit: Whole, residual: Single, used: NDArray[np.bool_], units: int, of: Shared) -> Single:
    """Slopes on z as it is, (units + 1, features + 1), zero for a unit never seen."""
    x = of.standardised(z)
    moments, pull = gathered(x, unit, residual, used, units)
    moments += RIDGE * np.eye(x.shape[1])
    found = np.zeros((units + 1, x.shape[1]))
    found[:units] = np.linalg.solve(moments, pull[..., None])[..., 0]
    found[:, :-1] /= of.scale
    found[:, -1] -= found[:, :-1] @ of.middle
    return found.astype(np.float32)


@compiled
def gathered(x: Single, unit: Whole, residual: Single, used: NDArray[np.bool_], units: int) -> tuple[Floats, Floats]:
    """Sums of x xᵀ and of x · residual for each unit."""
    width = x.shape[1]
    moments, pull = np.zeros((units, width, width)), np.zeros((units, width))
    for row in range(len(unit)):
        if not used[row]:
            continue
        mine, sums = x[row], moments[unit[row]]
        for i in range(width):
            pull[unit[row], i] += mine[i] * residual[row]
            for j in range(i + 1):
                sums[i, j] += mine[i] * mine[j]
    for i in range(width):
        for j in range(i):
            moments[:, j, i] = moments[:, i, j]
    return moments, pull


def _chance(logit: Single) -> Single:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), np.float32)

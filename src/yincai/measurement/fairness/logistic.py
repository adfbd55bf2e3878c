"""Logistic regression of an outcome in 0…1 on a few columns, by Newton's method, with sandwich errors.

>>> x = np.column_stack([np.ones(6), [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]])
>>> found = fit(x, np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0]))
>>> found is not None and found.coefficients[1:].round(2).tolist()
[1.35]
>>> fit(x, np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])) is None  # right and wrong lie apart: no finite answer
True
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from yincai.measurement.fairness.estimates import Estimate, Floats, Whole, covariance, units_of

ROUNDS = 50
EXACT = 1e-9
FARTHEST = 30.0  # a coefficient beyond this means that the outcomes lie apart


@dataclass(frozen=True, eq=False)
class Fitted:
    """coefficients : (k,). covariance : (k, k). influence : (n, k), what each row contributes to each
    coefficient. df : independent units less coefficients."""

    coefficients: Floats
    covariance: Floats
    influence: Floats
    df: float

    def of(self, place: int) -> Estimate:
        return Estimate(float(self.coefficients[place]), float(np.sqrt(self.covariance[place, place])), self.df)


def fit(x: Floats, y: Floats, learners: Whole | None = None) -> Fitted | None:
    """x : (n, k) with its own column of ones. y : (n,) in 0…1. None when there is no finite maximum."""
    coefficients, value = np.zeros(x.shape[1]), -np.inf
    for _ in range(ROUNDS):
        p = expit(x @ coefficients)
        information = (x * (p * (1.0 - p))[:, None]).T @ x
        try:
            step = np.linalg.solve(information, x.T @ (y - p))
        except np.linalg.LinAlgError:
            return None
        before, (coefficients, value) = value, _climbed(x, y, coefficients, step)
        if not np.abs(coefficients).max() < FARTHEST:
            return None
        if value - before < EXACT * max(1.0, abs(value)):
            return _with_errors(x, y, coefficients, learners)
    return None


def _climbed(x: Floats, y: Floats, start: Floats, step: Floats) -> tuple[Floats, float]:
    """Newton's step, halved until the likelihood does not fall."""
    value, length = log_likelihood(x @ start, y), 1.0
    while length > 1e-8:
        reached = start + length * step
        if (now := log_likelihood(x @ reached, y)) >= value:
            return reached, now
        length /= 2
    return start, value


def log_likelihood(margin: Floats, y: Floats) -> float:
    return float((y * margin - np.logaddexp(0.0, margin)).sum())


def _with_errors(x: Floats, y: Floats, coefficients: Floats, learners: Whole | None) -> Fitted | None:
    p = expit(x @ coefficients)
    information = (x * (p * (1.0 - p))[:, None]).T @ x
    if np.linalg.cond(information) > 1e12:
        return None
    influence = np.linalg.solve(information, (x * (y - p)[:, None]).T).T
    df = units_of(len(y), learners) - x.shape[1]
    return Fitted(coefficients, covariance(influence, learners), influence, df) if df >= 1 else None

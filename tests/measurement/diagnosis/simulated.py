"""Learners, items and answers with a known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Q = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]] * 3)
SHARES = np.array([0.3, 0.5, 0.7])


@dataclass(frozen=True)
class Truth:
    responses: NDArray[np.float64]
    holds: NDArray[np.bool_]
    success: NDArray[np.float64]  # of each learner at each item


def dina(seed: int, learners: int = 600, guess: float = 0.2, slip: float = 0.15, missing: float = 0.0) -> Truth:
    rng = np.random.default_rng(seed)
    holds = rng.random((learners, 3)) < SHARES
    able = (holds[:, None, :] >= Q).all(axis=2)
    return _answered(rng, holds, np.where(able, 1 - slip, guess), missing)


def additive(seed: int, learners: int = 4000) -> Truth:
    """Each needed skill adds as much: neither DINA nor DINO."""
    rng = np.random.default_rng(seed)
    holds = rng.random((learners, 3)) < 0.5
    return _answered(rng, holds, 0.15 + 0.7 * (holds @ Q.T) / Q.sum(axis=1), 0.0)


def _answered(
    rng: np.random.Generator, holds: NDArray[np.bool_], success: NDArray[np.float64], missing: float
) -> Truth:
    responses = (rng.random(success.shape) < success).astype(float)
    responses[rng.random(success.shape) < missing] = np.nan
    return Truth(responses, holds, success)

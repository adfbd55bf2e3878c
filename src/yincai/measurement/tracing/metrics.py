"""Figures of predicted probabilities against what happened. AUC by ranks (Mann–Whitney), ties counted half.

>>> truth, p = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])
>>> auc(truth, p), accuracy(truth, p)
(0.75, 0.75)
>>> round(log_loss(truth, p), 4), round(rmse(truth, p), 4)
(0.4723, 0.3976)
>>> round(calibration_error(truth, p), 4)
0.3375
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
BINS = 10
LEAST = 1e-6  # a probability is kept this far from 0 and 1 in the log loss


def auc(truth: Floats, p: Floats) -> float:
    """Chance that a right answer has the higher probability than a wrong one; NaN when there is but one kind."""
    right = truth >= 0.5
    hits, misses = int(right.sum()), int((~right).sum())
    if not hits or not misses:
        return float("nan")
    return float((rankdata(p)[right].sum() - hits * (hits + 1) / 2) / (hits * misses))


def accuracy(truth: Floats, p: Floats) -> float:
    return float(np.mean((p >= 0.5) == (truth >= 0.5))) if len(p) else float("nan")


def rmse(truth: Floats, p: Floats) -> float:
    return float(np.sqrt(np.mean((p - truth) ** 2))) if len(p) else float("nan")


def log_loss(truth: Floats, p: Floats) -> float:
    """Mean negative log-likelihood, natural logarithm."""
    if not len(p):
        return float("nan")
    kept = np.clip(p, LEAST, 1 - LEAST)
    return float(-np.mean(truth * np.log(kept) + (1 - truth) * np.log1p(-kept)))


def calibration_error(truth: Floats, p: Floats) -> float:
    """|share right − mean probability| over 10 equal-width bins, weighted by rows."""
    if not len(p):
        return float("nan")
    bins = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    return float(np.abs(np.bincount(bins, truth - p, BINS)).sum() / len(p))

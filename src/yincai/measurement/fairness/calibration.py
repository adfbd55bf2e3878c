"""Are predicted probabilities right: on average, at both ends, and for each group.

Calibration in the large is the mean of what happened minus what was predicted (`gap`). Cox's recalibration (1958,
Biometrika 45, 562–565) regresses the outcome on the predicted logit: intercept 0 and slope 1 are perfect, a slope below
1 means predictions that are too extreme. The expected calibration error (ECE, 10 equal-width bins) is never 0;
`ece_by_chance` is what perfect predictions would show with as many rows, so that a small group is not called
miscalibrated for being small.

>>> chance = np.random.default_rng(0)
>>> p = chance.uniform(0.2, 0.9, 4000)
>>> told = calibrate(p, (chance.random(4000) < p).astype(float))
>>> bool(abs(told.gap.value) < 0.02), bool(abs(told.slope.value - 1) < 0.15), told.ece < 2 * told.ece_by_chance
(True, True, True)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yincai.measurement.fairness.estimates import UNKNOWN, Estimate, Floats, Whole, error, mean
from yincai.measurement.fairness.logistic import fit

BINS = 10  # equal-width, as the error of tracing models is told
NEAREST = 1e-6  # predictions are kept this far from 0 and 1 where a logit is needed
FOR_A_SLOPE = 20  # rows of each kind, right and wrong, before a slope is told


@dataclass(frozen=True)
class Calibration:
    """`learners`: None when the rows do not say whose they are. `ece_error` holds its standard error."""

    n: int
    learners: int | None
    observed: float
    predicted: float
    gap: Estimate
    intercept: Estimate
    slope: Estimate
    ece: float
    ece_by_chance: float
    ece_error: float
    log_loss: Estimate
    auc: Estimate

    def __str__(self) -> str:
        return (
            f"n {self.n}, gap {self.gap}, slope {self.slope}, ECE {self.ece:.3f} (by chance {self.ece_by_chance:.3f})"
        )

    def ece_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """From the value without what chance adds, less its error, to the value plus its error."""
        reach = Estimate(0.0, self.ece_error, self.gap.df).interval(confidence)[1]
        return max(0.0, self.ece - self.ece_by_chance - reach), min(1.0, self.ece + reach)


def calibrate(predicted: Floats, observed: Floats, learners: Whole | None = None) -> Calibration:
    """predicted, observed : (n,) in 0…1. learners : (n,) numbers from 0 up, or None (each row stands alone).

    Raises ValueError for other shapes or values, or no rows.

    >>> found = calibrate(np.array([0.2, 0.4, 0.6, 0.8] * 50), np.array([0.0, 0.0, 1.0, 1.0] * 50))
    >>> found.n, found.observed, round(found.ece, 1), found.auc.value
    (200, 0.5, 0.3, 1.0)
    """
    check(predicted, observed, learners)
    if learners is not None:
        learners = np.unique(learners, return_inverse=True)[1].astype(np.int64)
    intercept, slope = recalibration(predicted, observed, learners)
    ece, ece_error = _ece(predicted, observed, learners)
    return Calibration(
        n=len(predicted),
        learners=None if learners is None else int(learners.max()) + 1,
        observed=float(observed.mean()),
        predicted=float(predicted.mean()),
        gap=mean(observed - predicted, learners),
        intercept=intercept,
        slope=slope,
        ece=ece,
        ece_by_chance=ece_by_chance(predicted),
        ece_error=ece_error,
        log_loss=mean(row_loss(predicted, observed), learners),
        auc=auc(predicted, observed, learners),
    )


def check(predicted: Floats, observed: Floats, learners: Whole | None = None) -> None:
    if predicted.ndim != 1 or predicted.shape != observed.shape or not len(predicted):
        raise ValueError(f"predicted {predicted.shape} and observed {observed.shape} must be equally long, not empty")
    for name, values in (("predicted", predicted), ("observed", observed)):
        if not ((values >= 0.0) & (values <= 1.0)).all():
            raise ValueError(f"{name} must lie in 0…1")
    if learners is not None and learners.shape != predicted.shape:
        raise ValueError(f"{len(learners)} learners for {len(predicted)} rows")


def logit(p: Floats) -> Floats:
    kept = np.clip(p, NEAREST, 1.0 - NEAREST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def row_loss(predicted: Floats, observed: Floats) -> Floats:
    """Negative log-likelihood of each row, natural logarithm."""
    kept = np.clip(predicted, NEAREST, 1.0 - NEAREST)
    return np.asarray(-observed * np.log(kept) - (1.0 - observed) * np.log1p(-kept))


def recalibration(predicted: Floats, observed: Floats, learners: Whole | None) -> tuple[Estimate, Estimate]:
    """Cox's intercept and slope; both unknown with too few rows of a kind or predictions that are all alike."""
    if min(observed.sum(), len(observed) - observed.sum()) < FOR_A_SLOPE or np.ptp(predicted) == 0.0:
        return UNKNOWN, UNKNOWN
    found = fit(np.column_stack([np.ones(len(predicted)), logit(predicted)]), observed, learners)
    return (found.of(0), found.of(1)) if found else (UNKNOWN, UNKNOWN)


def ece_by_chance(predicted: Floats) -> float:
    """Expected ECE of perfect predictions: in each bin the mean size of a normal error."""
    variance = np.bincount(_bins(predicted), predicted * (1.0 - predicted), BINS)
    return float(np.sqrt(2.0 / np.pi * variance).sum() / len(predicted))


def _bins(predicted: Floats) -> Whole:
    return np.minimum((predicted * BINS).astype(np.int64), BINS - 1)


def _ece(predicted: Floats, observed: Floats, learners: Whole | None) -> tuple[float, float]:
    """The error by the delta method, the direction of each bin held."""
    bins, residual = _bins(predicted), observed - predicted
    sign = np.sign(np.bincount(bins, residual, BINS))
    rows = sign[bins] * residual
    return float(rows.mean()), mean(rows, learners).se


def auc(predicted: Floats, observed: Floats, learners: Whole | None = None) -> Estimate:
    """Area under the curve with DeLong's error (1988), by ranks; of one learner's rows together (Obuchowski 1997)."""
    right = observed >= 0.5
    hits, misses = int(right.sum()), int((~right).sum())
    if not hits or not misses:
        return UNKNOWN
    ranks = _ranks(predicted)
    above = np.empty(len(predicted))
    above[right] = (ranks[right] - _ranks(predicted[right])) / misses
    above[~right] = 1.0 - (ranks[~right] - _ranks(predicted[~right])) / hits
    value = float(above[right].mean())
    influence = (above - value) / np.where(right, hits, misses)
    return Estimate(value, error(influence, learners))


def _ranks(values: Floats) -> Floats:
    """From 1 up; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])

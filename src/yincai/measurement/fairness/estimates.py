"""One way to an interval for every figure of an audit: what each row contributes to the figure (its influence).

A figure that is a smooth function of means has, to first order, error = sum of the rows' influences; its variance is
the sum of their squares, or, where several rows are one learner's, the sum of the squares of each learner's sum (the
sandwich; Liang & Zeger 1986, Biometrika 73, 13–22). The rows of one pupil resemble each other: without this, intervals
are too narrow and an audit cries wolf.

>>> told = mean(np.array([1.0, 0.0, 1.0, 1.0]), None)
>>> round(told.value, 2), round(told.se, 3)
(0.75, 0.25)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
CONFIDENCE = 0.95
LARGE = 1e9  # degrees of freedom at which Student's t is the normal


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error; NaN where the data cannot tell. `df`: of Student's t, few where learners are."""

    value: float
    se: float
    df: float = LARGE

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.3f} ({low:.3f} to {high:.3f})"

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.value) and np.isfinite(self.se))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Raises ValueError for a confidence outside 0…1."""
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence {confidence} must lie in 0…1")
        reach = float(stdtrit(self.df, 0.5 + confidence / 2)) * self.se
        return self.value - reach, self.value + reach

    def p_value(self, expected: float = 0.0) -> float:
        """Two-sided chance of a figure this far from `expected` or farther; NaN when unknown."""
        if not self.known:
            return float("nan")
        if self.se == 0.0:
            return 1.0 if self.value == expected else 0.0
        return float(2.0 * stdtr(self.df, -abs(self.value - expected) / self.se))


UNKNOWN = Estimate(float("nan"), float("nan"))


def mean(values: Floats, learners: Whole | None) -> Estimate:
    """Mean of the rows. learners : (n,) the learner of each row from 0 up, or None when each row stands alone."""
    n = len(values)
    if n < 2:
        return Estimate(float(values[0]) if n else float("nan"), float("nan"))
    middle = float(values.mean())
    return Estimate(middle, error((values - middle) / n, learners), max(units_of(n, learners) - 1.0, 1.0))


def units_of(n: int, learners: Whole | None) -> int:
    """How many independent units there are: learners, or rows where nobody says whose they are."""
    return n if learners is None else len(np.unique(learners))


def error(influence: Floats, learners: Whole | None) -> float:
    """Standard error from the influences (n,); with learners, NaN when there are fewer than two of them."""
    summed = influence if learners is None else np.bincount(learners, influence)
    units = units_of(len(influence), learners)
    if units < 2:
        return float("nan")
    return float(np.sqrt(units / (units - 1) * np.square(summed).sum()))


def covariance(influence: Floats, learners: Whole | None) -> Floats:
    """Covariance (k, k) of k figures from their influences (n, k)."""
    units = units_of(len(influence), learners)
    summed = influence
    if learners is not None:
        summed = np.column_stack([np.bincount(learners, column) for column in influence.T])
    if units < 2:
        return np.full((influence.shape[1],) * 2, np.nan)
    return np.asarray(units / (units - 1) * (summed.T @ summed))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (Holm 1979): all below α are right together with probability 1 − α. NaN takes no part.

    >>> holm([0.01, 0.04, float("nan")])
    [0.02, 0.04, nan]
    """
    known = [place for place, p in enumerate(p_values) if p == p]
    adjusted, highest = [float("nan")] * len(p_values), 0.0
    for nth, place in enumerate(sorted(known, key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, (len(known) - nth) * p_values[place]))
        adjusted[place] = highest
    return adjusted

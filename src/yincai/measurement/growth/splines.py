"""Cubic B-splines as R's `splines::bs` has them: knots inside, boundary knots outside, the first column left out.

Source: de Boor (1978), A Practical Guide to Splines, Springer, chapter X; the choice of knots is that of Betebenner
(2009), Norm- and criterion-referenced student growth, Educational Measurement: Issues and Practice 28 (4), 42–51.

>>> basis(np.array([0.0, 0.5, 1.0]), knots=np.array([0.5]), bounds=(0.0, 1.0)).round(3).tolist()
[[0.0, 0.0, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0]]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DEGREE = 3
KNOTS_AT = (0.2, 0.4, 0.6, 0.8)
SAME_KNOT = 1e-12  # of the range
EXTENDED_BY = 0.1  # the bounds lie a tenth of the range outside, so that next year's extreme scores lie inside


@dataclass(frozen=True)
class Knots:
    """Where the cubic pieces of one grade and subject meet, and the bounds of its scale (score units)."""

    inner: tuple[float, ...]
    bounds: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.bounds
        steps = (low, *self.inner, high)
        if not np.isfinite(steps).all() or any(b < a for a, b in pairwise(steps)) or low >= high:
            raise ValueError(f"knots must rise from the lower bound to the upper one, not {steps}")

    @property
    def scale(self) -> tuple[float, float]:
        """The scale's own ends: the bounds lie a tenth of the range outside them."""
        low, high = self.bounds
        outside = (high - low) * EXTENDED_BY / (1 + 2 * EXTENDED_BY)
        return low + outside, high - outside

    @property
    def columns(self) -> int:
        return len(self.inner) + DEGREE


def knots_of(scores: Floats) -> Knots:
    """Knots at the quintiles of the scores, bounds a tenth of the range outside: R SGP's default.

    `scores`: any shape, NaN left out. Raises ValueError when fewer than two different scores are there.

    >>> knots_of(np.arange(101.0))
    Knots(inner=(20.0, 40.0, 60.0, 80.0), bounds=(-10.0, 110.0))
    """
    seen = np.asarray(scores, dtype=np.float64)
    seen = seen[np.isfinite(seen)]
    if seen.size == 0 or seen.min() == seen.max():
        raise ValueError("knots need at least two different scores")
    low, high = float(seen.min()), float(seen.max())
    extra = EXTENDED_BY * (high - low)
    inner = tuple(float(each) for each in np.quantile(seen, KNOTS_AT))
    return Knots(inner, (low - extra, high + extra))


def basis(x: Floats, knots: Floats, bounds: tuple[float, float]) -> Floats:
    """The columns of `bs(x, knots, Boundary.knots = bounds)`: shape (n, len(knots) + 3).

    Outside the bounds the outermost polynomials are continued, as R does. Equal knots give columns of zeros or kinks;
    the quantile regression copes with both.
    """
    low, high = bounds
    grid = np.concatenate([np.full(DEGREE + 1, low), np.sort(knots), np.full(DEGREE + 1, high)])
    for place in range(1, len(grid)):  # a span too short to divide by is none
        if grid[place] - grid[place - 1] <= SAME_KNOT * (high - low):
            grid[place] = grid[place - 1]
    last = len(grid) - DEGREE - 2
    span = np.clip(np.searchsorted(grid, x, side="right") - 1, DEGREE, last)
    while True:  # a span of no length holds nobody: the one before it does
        empty = (grid[span] == grid[span + 1]) & (span > DEGREE)
        if not empty.any():
            break
        span = span - empty
    values = _nonzero(x, grid, span)
    columns = np.zeros((x.size, last + 1))
    rows = np.arange(x.size)
    for step in range(DEGREE + 1):
        columns[rows, span - DEGREE + step] = values[:, step]
    return columns[:, 1:]


def _nonzero(x: Floats, grid: Floats, span: NDArray[np.intp]) -> Floats:
    """The four basis functions that are not zero on a span (de Boor's recurrence)."""
    values = np.zeros((x.size, DEGREE + 1))
    values[:, 0] = 1.0
    for degree in range(1, DEGREE + 1):
        carried = np.zeros(x.size)
        for step in range(degree):
            right = grid[span + step + 1]
            left = grid[span + step + 1 - degree]
            width = right - left
            share = np.divide(values[:, step], width, out=np.zeros(x.size), where=width > 0)
            values[:, step] = carried + (right - x) * share
            carried = (x - left) * share
        values[:, degree] = carried
    return values

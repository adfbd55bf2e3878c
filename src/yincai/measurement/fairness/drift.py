"""Does the model still fit: monitors over time against a base period.

Three charts, each window against the base period. *Population*: the stability index of the predictions (PSI; Lewis
1994) in the base's tenths. Without a change PSI · n·m/(n+m) is about chi-square with (bins − 1) degrees (Yurdakul
2018), so a small window is no change for being small. *Calibration*: mean of outcome minus prediction. *Loss*: mean
log loss minus what the predictions themselves expect (their entropy), so that harder questions alone raise no alarm.
The last two are Shewhart charts: limits around the base period's mean at three standard errors or more.

>>> chance = np.random.default_rng(3)
>>> p, time = chance.uniform(0.2, 0.9, 4000), np.arange(4000.0)
>>> y = (chance.random(4000) < np.where(time < 3000, p, p - 0.15)).astype(float)
>>> [window.calibration.beyond for window in drift(p, y, time, windows=4)]
[False, False, True]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from yincai.measurement.fairness.calibration import check, row_loss
from yincai.measurement.fairness.estimates import Estimate, Floats, Whole, mean

BINS = 10
EMPTY = 0.5  # rows put into each bin so that an empty one has a logarithm


@dataclass(frozen=True)
class Point:
    """A figure of one window between its control limits."""

    value: float
    center: float
    low: float
    high: float
    p: float

    @property
    def beyond(self) -> bool:
        return not self.low <= self.value <= self.high


@dataclass(frozen=True)
class Window:
    """From `start` to `end` (times as given). `psi_p`: chance of such an index without any change."""

    start: float
    end: float
    n: int
    psi: float
    psi_p: float
    calibration: Point
    loss: Point


def drift(
    predicted: Floats,
    observed: Floats,
    time: Floats,
    windows: int = 8,
    minimum: int = 50,
    learners: Whole | None = None,
) -> list[Window]:
    """The rows in order of time, cut into at most `windows` equal parts of at least `minimum` rows; the first is the
    base, the others are told. Rows of one moment stay together. Empty when there are not two parts.

    Raises ValueError for times that are no numbers or fewer than two windows.
    """
    check(predicted, observed, learners)
    if time.shape != predicted.shape or not np.isfinite(time).all():
        raise ValueError("each row needs a time that is a number")
    if windows < 2 or minimum < 2:
        raise ValueError(f"{windows} windows of at least {minimum} rows: at least two of each")
    parts = _parts(time, min(windows, len(time) // minimum))
    return _told(_Rows(predicted, observed, time, learners), parts, 2 * (len(parts) - 1))


def drift_by_period(
    predicted: Floats,
    observed: Floats,
    period: Whole,
    minimum: int = 50,
    learners: Whole | None = None,
    charts: int | None = None,
) -> list[Window]:
    """As `drift`, by periods that rise with time (months): the first with at least `minimum` rows is the base, later
    ones with fewer are left out. A window's `start` and `end` are its period. `charts`: how many are looked at in all,
    where these are not the only ones.
    """
    check(predicted, observed, learners)
    if period.shape != predicted.shape or minimum < 2:
        raise ValueError(f"{len(period)} periods for {len(predicted)} rows, of at least {minimum} rows: at least two")
    every = [np.flatnonzero(period == number) for number in np.unique(period)]
    parts = [each for each in every if len(each) >= minimum]
    rows = _Rows(predicted, observed, period.astype(np.float64), learners)
    return _told(rows, parts, 2 * (len(parts) - 1) if charts is None else charts)


def _told(rows: _Rows, parts: list[Whole], charts: int) -> list[Window]:
    chance = _chance(charts)
    return [rows.window(parts[0], part, chance) for part in parts[1:]]


def _parts(time: Floats, count: int) -> list[Whole]:
    """Rows of each part, in order of time."""
    order = np.argsort(time, kind="stable").astype(np.int64)
    if count < 2:
        return [order]
    moments = time[order]
    cuts = np.unique(np.searchsorted(moments, moments[[nth * len(time) // count for nth in range(1, count)]]))
    return [part for part in np.split(order, cuts) if len(part)]


def _chance(charts: int) -> float:
    """The chance with which one chart may cross its upper limit: that of three standard errors, or less where so many
    charts would cross by chance once in eighty times (drift is one of an audit's four families of tests)."""
    return min(0.00135, 0.00625 / max(charts, 1))


@dataclass(frozen=True)
class _Rows:
    predicted: Floats
    observed: Floats
    time: Floats
    learners: Whole | None

    def window(self, base: Whole, part: Whole, chance: float) -> Window:
        index, p = stability(self.predicted[base], self.predicted[part])
        times = self.time[part]
        gap, excess = self.observed - self.predicted, row_loss(self.predicted, self.observed) - self._expected()
        return Window(
            float(times.min()),
            float(times.max()),
            len(part),
            index,
            p,
            self._point(gap, base, part, chance),
            self._point(excess, base, part, chance),
        )

    def _expected(self) -> Floats:
        return row_loss(self.predicted, self.predicted)

    def _point(self, values: Floats, base: Whole, part: Whole, chance: float) -> Point:
        before, now = (mean(values[rows], self._who(rows)) for rows in (base, part))
        reach = float(np.hypot(before.se, now.se))
        change = Estimate(now.value - before.value, reach, min(before.df, now.df))
        low, high = change.interval(1.0 - 2.0 * chance)
        width = (high - low) / 2 if change.known else float("inf")
        return Point(now.value, before.value, before.value - width, before.value + width, change.p_value())

    def _who(self, rows: Whole) -> Whole | None:
        return (
            None if self.learners is None else np.unique(self.learners[rows], return_inverse=True)[1].astype(np.int64)
        )


def stability(base: Floats, now: Floats) -> tuple[float, float]:
    """Population stability index of two samples of predictions, and the chance of such a one without a change.

    Each of ten classes by the tenths of `base` (fewer where predictions are tied); under no change the index times
    n m / (n + m) is about chi-square. Raises ValueError for an empty sample.

    >>> base = np.linspace(0.01, 0.99, 500)
    >>> [round(value, 2) for value in stability(base, base)], [round(value, 2) for value in stability(base, base**2)]
    ([0.0, 1.0], [0.4, 0.0])
    """
    if not len(base) or not len(now):
        raise ValueError("a stability index needs rows in both samples")
    edges = np.unique(np.quantile(base, np.linspace(0, 1, BINS + 1)[1:-1]))
    if len(edges) == 1 and (base == edges[0]).all():
        edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
    shares = [_shares(edges, sample) for sample in (base, now)]
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    weight = len(base) * len(now) / (len(base) + len(now))
    return index, float(chdtrc(max(len(edges), 1), index * weight))


def _shares(edges: Floats, sample: Floats) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1) + EMPTY
    return np.asarray(counts / counts.sum())

"""Student growth percentiles: where a score lies among those of pupils with the same earlier scores.

A hundred quantiles of the score, τ = 0.005, 0.015 … 0.995, are regressed on cubic B-splines of each earlier score
(`splines`, `quantiles`). A pupil's predicted quantiles are sorted (uncrossing: Dette and Volgushev 2008) and rounded
to five decimals; the percentile is how many of them lie below the score, at least 1 and at most 99. The score at the
k-th percentile is the sorted prediction number k + 1, held within the scale. All as R's SGP 2.2 does.

Research only: the platform shows, exports and stores no percentile of a pupil (rule: no rank in compulsory education);
what it uses is the mean of a group with its interval (`of_groups`), suppressed below a least number.

Betebenner (2009), Norm- and criterion-referenced student growth, Educational Measurement: Issues and Practice 28 (4),
42–51; Dette and Volgushev (2008), Non-crossing non-parametric estimates of quantile curves, JRSS B 70, 609–627.

>>> prior = np.tile(np.arange(400.0, 600.0), 5)
>>> now = prior + np.repeat([-20.0, -10.0, 0.0, 10.0, 20.0], 200)
>>> found = percentiles(now, prior[:, None])
>>> found.sgp[::200].tolist(), found.cuts[0].round(0).tolist()
([1, 20, 40, 60, 80], [380.0, 390.0, 400.0, 410.0, 420.0])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from yincai.measurement.growth.quantiles import QuantileFit, fit
from yincai.measurement.growth.splines import Knots, basis, knots_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
TAUS = (np.arange(100) + 0.5) / 100
CUTS = (1, 35, 50, 65, 99)
DIGITS = 5
ROWS_A_COLUMN = 10  # a cohort with fewer rows for a column of its design gets no percentile
CHUNK = 16_384
MOST_PRIORS = 3


@dataclass(frozen=True)
class Percentiles:
    """`sgp` (n,) 1–99; `cuts` (n, 5): the scores at the 1st, 35th, 50th, 65th and 99th percentile; the fit behind."""

    sgp: NDArray[np.int8]
    cuts: Floats
    quantiles: QuantileFit

    def __str__(self) -> str:
        return f"growth percentiles of {len(self.sgp)} pupils, mean {self.sgp.mean():.1f}"


def percentiles(
    scores: Floats,
    priors: Floats,
    knots: Sequence[Knots] | None = None,
    scale: tuple[float, float] | None = None,
    threads: int = 2,
) -> Percentiles:
    """Percentiles of `scores` (n,) given `priors` (n, k), newest or oldest first, no missing values.

    `knots`: one for each prior (R's default from the priors themselves when not given); `scale`: the lowest and
    highest score there can be (those seen when not given). Raises ValueError for shapes, missing values, and constant
    priors.
    """
    scores, priors = np.asarray(scores, dtype=np.float64), np.asarray(priors, dtype=np.float64)
    if priors.ndim != 2 or scores.shape != priors.shape[:1] or priors.shape[1] == 0 or scores.size == 0:
        raise ValueError(f"scores must be (n,) and priors (n, k) with k ≥ 1, not {scores.shape} and {priors.shape}")
    if not (np.isfinite(scores).all() and np.isfinite(priors).all()):
        raise ValueError(
            "scores and priors must be finite; a pupil without a prior belongs to a model with fewer priors"
        )
    knots = [knots_of(column) for column in priors.T] if knots is None else knots
    if len(knots) != priors.shape[1]:
        raise ValueError(f"{priors.shape[1]} priors need as many sets of knots, not {len(knots)}")
    x = design(priors, knots)
    fitted = fit(x, scores, TAUS, threads)
    sgp, cuts = place(fitted, x, scores, scale or (float(scores.min()), float(scores.max())), threads)
    return Percentiles(sgp, cuts, fitted)


def design(priors: Floats, knots: Sequence[Knots]) -> Floats:
    """Intercept and the spline columns of each prior: shape (n, 1 + Σ columns)."""
    x = np.ones((len(priors), 1 + sum(each.columns for each in knots)))
    at = 1
    for prior, each in zip(priors.T, knots, strict=True):
        x[:, at : at + each.columns] = basis(prior, np.array(each.inner), each.bounds)
        at += each.columns
    return x


def place(
    fitted: QuantileFit, x: Floats, scores: Floats, scale: tuple[float, float], threads: int = 2
) -> tuple[NDArray[np.int8], Floats]:
    """(percentiles, cuts) of pupils under a fit, which may be that of another year."""
    chunks = [slice(at, at + CHUNK) for at in range(0, len(scores), CHUNK)]
    at_cuts = np.array(CUTS)

    def one(part: slice) -> tuple[NDArray[np.int8], Floats]:
        predicted = fitted.predict(x[part])
        predicted.sort(axis=1)
        np.round(predicted, DIGITS, out=predicted)
        below = (predicted < scores[part, None]).sum(axis=1)
        return np.clip(below, 1, 99).astype(np.int8), np.clip(predicted[:, at_cuts], *scale)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        parts = list(pool.map(one, chunks))
    return np.concatenate([each[0] for each in parts]), np.concatenate([each[1] for each in parts])


@dataclass(frozen=True)
class Long:
    """Scores one a row, as columns of equal length: `pupil`, `year`, `grade`, `subject` whole numbers, `score`.

    A pupil has one score in a year, grade and subject; `year` and `grade` count on by one (2023, 2024; 3, 4).
    """

    pupil: Integers
    year: Integers
    grade: Integers
    subject: Integers
    score: Floats

    def __post_init__(self) -> None:
        if len({len(each) for each in (self.pupil, self.year, self.grade, self.subject, self.score)}) != 1:
            raise ValueError("the columns of a table have the same length")


@dataclass(frozen=True)
class LongPercentiles:
    """For each row of the table: `n_priors` (0 where there is no percentile), `sgp` (0), `cuts` (NaN); and why not.

    `without` counts rows: the first years have no prior, some pupils moved in or repeated a grade ("no prior"); some
    cohorts are too small ("small cohort"); some scores are missing ("no score").
    """

    n_priors: NDArray[np.int8]
    sgp: NDArray[np.int8]
    cuts: Floats
    without: Mapping[str, int]

    def __str__(self) -> str:
        count = int((self.n_priors > 0).sum())
        return f"growth percentiles of {count} rows; without: " + ", ".join(f"{k} {v}" for k, v in self.without.items())


def of_table(
    table: Long,
    knots: Mapping[tuple[int, int], Knots] | None = None,
    most_priors: int = MOST_PRIORS,
    years: Sequence[int] | None = None,
    threads: int = 2,
) -> LongPercentiles:
    """Percentiles of every row whose pupil was one grade lower a year before, in the same subject.

    Each row takes as many earlier years in a row as it has (at most `most_priors`); the fit for k priors uses all
    pupils who have at least k, as R does. `knots` by (grade, subject); where none is given, the quintiles of all
    scores of that grade and subject in that earlier year. `years`: only these are computed.
    """
    priors = _priors(table, most_priors)
    depth = np.cumprod(np.isfinite(priors), axis=1).sum(axis=1) * np.isfinite(table.score)
    n = len(table.score)
    result = LongPercentiles(np.zeros(n, np.int8), np.zeros(n, np.int8), np.full((n, len(CUTS)), np.nan), {})
    for rows in _cohorts(table, years):
        for k in range(most_priors, 0, -1):
            wanted = rows[(depth[rows] >= k) & (result.n_priors[rows] == 0)]
            if len(wanted):
                _fill(result, table, priors[:, :k], rows[depth[rows] >= k], wanted, knots or {}, threads)
    left = (result.n_priors == 0) & (np.isin(table.year, years) if years is not None else True)
    without = {
        "no score": int((left & ~np.isfinite(table.score)).sum()),
        "no prior": int((left & np.isfinite(table.score) & (depth == 0)).sum()),
        "small cohort": int((left & (depth > 0)).sum()),
    }
    return LongPercentiles(result.n_priors, result.sgp, result.cuts, without)


def _fill(
    result: LongPercentiles,
    table: Long,
    priors: Floats,
    cohort: Integers,
    wanted: Integers,
    knots: Mapping[tuple[int, int], Knots],
    threads: int,
) -> None:
    """The percentiles of `wanted` from the fit of a cohort; none where it is too small or its priors are constant."""
    grade, subject, year = (int(each[cohort[0]]) for each in (table.grade, table.subject, table.year))
    try:
        used = [_knots(table, knots, grade - j, subject, year - j) for j in range(1, priors.shape[1] + 1)]
    except ValueError:
        return
    if len(cohort) < ROWS_A_COLUMN * (1 + sum(each.columns for each in used)):
        return
    own = knots.get((grade, subject))
    seen = table.score[(table.grade == grade) & (table.subject == subject)]
    scale = own.scale if own else (float(np.nanmin(seen)), float(np.nanmax(seen)))
    x = design(priors[cohort], used)
    fitted = fit(x, table.score[cohort], TAUS, threads)
    x = x if wanted is cohort else design(priors[wanted], used)
    result.sgp[wanted], result.cuts[wanted] = place(fitted, x, table.score[wanted], scale, threads)
    result.n_priors[wanted] = len(used)


def _knots(table: Long, given: Mapping[tuple[int, int], Knots], grade: int, subject: int, year: int) -> Knots:
    if (grade, subject) in given:
        return given[grade, subject]
    return knots_of(table.score[(table.grade == grade) & (table.subject == subject) & (table.year == year)])


def _priors(table: Long, most: int) -> Floats:
    """(rows, most): the scores one, two … years and grades before, NaN where there is none. Refuses doubled rows."""
    found = np.full((len(table.score), most), np.nan)
    if len(table.score) == 0:
        return found
    years, grades = (int(each.max() - each.min()) + 1 + most for each in (table.year, table.grade))
    subjects = int(table.subject.max()) + 1
    key = (table.pupil * subjects + table.subject) * years + (table.year - table.year.min() + most)
    key = key * grades + (table.grade - table.grade.min() + most)
    order = np.argsort(key, kind="stable")
    known = key[order]
    if (np.diff(known) == 0).any():
        raise ValueError("a pupil has two scores in one year, grade and subject")
    for j in range(1, most + 1):
        before = key - j * (grades + 1)
        at = np.minimum(np.searchsorted(known, before), len(known) - 1)
        there = known[at] == before
        found[there, j - 1] = table.score[order[at[there]]]
    return found


def _cohorts(table: Long, years: Sequence[int] | None) -> Iterator[Integers]:
    """The rows of each year, grade and subject."""
    order = np.lexsort((table.subject, table.grade, table.year))
    columns = np.column_stack([table.year, table.grade, table.subject])[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(columns, axis=0) != 0).any(axis=1)])
    for rows in np.split(order, starts[1:]):
        if len(rows) and (years is None or int(table.year[rows[0]]) in years):
            yield rows


@dataclass(frozen=True)
class GroupGrowth:
    """The mean growth percentile of one group; None where fewer than the least number were there."""

    group: int
    n: int
    mean: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.mean is None:
            return f"group {self.group}: n = {self.n}, suppressed"
        return f"group {self.group}: n = {self.n}, mean {self.mean:.1f} ({self.low:.1f} to {self.high:.1f})"


def of_groups(sgp: NDArray[np.int8], group: Integers, minimum: int, confidence: float = 0.8) -> list[GroupGrowth]:
    """Mean percentile of each group with Student's interval, suppressed below `minimum` pupils (2 at least).

    `sgp`: 0 means no percentile and is left out. In the order of the group's number, never of the figure.
    """
    found = []
    for each in np.unique(group):
        mine = sgp[(group == each) & (sgp > 0)].astype(np.float64)
        if len(mine) < max(2, minimum):
            found.append(GroupGrowth(int(each), len(mine), None, None, None))
            continue
        half = float(stdtrit(len(mine) - 1, 0.5 + confidence / 2) * mine.std(ddof=1) / np.sqrt(len(mine)))
        mean = float(mine.mean())
        found.append(GroupGrowth(int(each), len(mine), mean, max(1.0, mean - half), min(99.0, mean + half)))
    return found

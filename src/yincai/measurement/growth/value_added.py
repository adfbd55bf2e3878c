"""Growth of schools: what was expected from earlier results, what came, and how sure that is.

score = α + Σ β_k prior_k + u_school + e, by REML (`mixed`); the priors first cleared of their measurement error
(`prior_error`). A school's figure is û, the shrunken mean of what its pupils scored above or below the expected:

    û = r (mean score − mean expected),    r = n σ²_u / (n σ²_u + σ²_e)

A small school is drawn towards the mean of all, because its own mean says less; r ("reliability") is printed beside
it, and the interval û ± z · se always: of what the school added above the mean of the schools in this comparison. So
that a few schools, or schools that differ little, are not said to be exactly alike with intervals of no width, the
spread between schools is kept from zero (`mixed.fit`, `positive`). A school with fewer than the least number of pupils
shows nothing (its pupils still count for the coefficients). Two schools are compared only when the interval of their
difference leaves out zero; there is no list in the order of the figure.

Raudenbush and Willms (1995), The estimation of school effects, Journal of Educational and Behavioral Statistics 20,
307–335; Goldstein and Spiegelhalter (1996), League tables and their limitations, JRSS A 159, 385–443.

>>> rng = np.random.default_rng(0)
>>> school = np.repeat(np.arange(20), 40)
>>> prior = rng.normal(size=800)
>>> score = 0.8 * prior + np.linspace(-0.4, 0.4, 20)[school] + rng.normal(scale=0.6, size=800)
>>> found = fit(score, prior[:, None], school, minimum=30)
>>> print(found.schools[19])
school 19: n = 40, expected -0.10, came 0.41, growth 0.47 (0.35 to 0.58), above expected
>>> print(compare(found.schools[0], found.schools[1]))
not to be told apart
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from yincai.measurement.growth import mixed
from yincai.measurement.growth.prior_error import calibrated, simex

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
CONFIDENCE = 0.8
MINIMUM = 30
ABOVE, AS_EXPECTED, BELOW = "above expected", "as expected", "below expected"
FIRST, SECOND, NEITHER = "the first grew more", "the second grew more", "not to be told apart"


@dataclass(frozen=True)
class School:
    """One school's figures, in score units. All but `n` and `missing` are None when n is below the minimum."""

    school: int
    n: int
    missing: int
    expected: float | None = None
    came: float | None = None
    growth: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    reliability: float | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.growth is None:
            return f"school {self.school}: n = {self.n}, suppressed"
        return (
            f"school {self.school}: n = {self.n}, expected {self.expected:.2f}, came {self.came:.2f}, "
            f"growth {self.growth:.2f} ({self.low:.2f} to {self.high:.2f}), {self.label}"
        )


@dataclass(frozen=True)
class Growth:
    """`schools` by number; the coefficients of the expectation and the spreads (variances) behind the figures.

    `naive_slopes`: as they would be if the priors had no error of measurement.
    """

    schools: tuple[School, ...]
    intercept: float
    slopes: tuple[float, ...]
    slopes_se: tuple[float, ...]
    naive_slopes: tuple[float, ...]
    between: float
    within: float
    n: int
    missing: int
    confidence: float
    minimum: int

    @property
    def coefficients(self) -> dict[str, Any]:
        kept = ("intercept", "slopes", "slopes_se", "naive_slopes", "between", "within", "n", "missing")
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if key in kept
        }

    def __str__(self) -> str:
        shown = sum(each.growth is not None for each in self.schools)
        slopes = ", ".join(f"{each:.3f}" for each in self.slopes)
        of = f"{shown} of {len(self.schools)} schools, {self.n} pupils ({self.missing} missing)"
        return f"growth of {of}, slopes {slopes}"


def fit(
    scores: Floats,
    priors: Floats,
    school: Integers,
    prior_se: Sequence[float] | Floats | None = None,
    minimum: int = MINIMUM,
    confidence: float = CONFIDENCE,
    positive: bool = True,
) -> Growth:
    """Figures of every school from `scores` (n,), `priors` (n, k) and `school` numbers (n,), NaN where one is missing.

    `prior_se`: standard error of each prior (k,), or of each pupil's own (n, k). Pupils with a missing value are
    counted as missing at their school. `positive`: keep the spread between schools from zero; without, plain REML, to
    repeat figures that were computed so. Raises ValueError for shapes, fewer than two schools with pupils, constant
    scores or priors, and priors that are mostly error.
    """
    if minimum < 1 or not 0 < confidence < 1:
        raise ValueError("the minimum is at least 1, the confidence between 0 and 1")
    scores, priors, there = _checked(scores, priors, school)
    numbers, group = np.unique(school[there], return_inverse=True)
    y, seen = scores[there], priors[there]
    naive = _fitted(y, seen, group, positive)
    x, made = seen, naive
    if prior_se is not None:
        x = calibrated(seen, _of_rows(prior_se, priors, there), group)
        made = _fitted(y, x, group, positive)
    figures = _figures(made, y, x, group, numbers, minimum, confidence)
    return Growth(
        schools=tuple(_with_missing(figures, school, there)),
        intercept=float(made.beta[0]),
        slopes=tuple(float(each) for each in made.beta[1:]),
        slopes_se=tuple(float(each) for each in made.se[1:]),
        naive_slopes=tuple(float(each) for each in naive.beta[1:]),
        between=float(made.variances[0][0, 0]),
        within=made.residual,
        n=len(y),
        missing=len(scores) - len(y),
        confidence=confidence,
        minimum=minimum,
    )


def _checked(scores: Floats, priors: Floats, school: Integers) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Scores and priors as arrays, and which rows have both."""
    scores, priors = np.asarray(scores, dtype=np.float64), np.asarray(priors, dtype=np.float64)
    if priors.ndim != 2 or scores.shape != (len(priors),) or school.shape != scores.shape or not priors.shape[1]:
        raise ValueError(f"scores (n,), priors (n, k), school (n,), not {scores.shape}, {priors.shape}, {school.shape}")
    there = np.isfinite(scores) & np.isfinite(priors).all(axis=1)
    if len(np.unique(school[there])) < 2:
        raise ValueError("growth is a comparison: at least two schools with pupils are needed")
    return scores, priors, there


def _of_rows(prior_se: Sequence[float] | Floats, priors: Floats, there: NDArray[np.bool_]) -> Floats:
    """Errors of each prior as they are, each pupil's own (n, k) of the rows that count."""
    errors = np.asarray(prior_se, dtype=np.float64)
    return errors[there] if errors.shape == priors.shape else errors


@dataclass(frozen=True)
class BySimex:
    """What `fit` tells, by SIMEX: `slopes` (k,) with `slopes_se`, and `naive_slopes`, as if the priors had no error;
    `growth` by number of the school, where n reaches the minimum (score units)."""

    slopes: tuple[float, ...]
    slopes_se: tuple[float, ...]
    naive_slopes: tuple[float, ...]
    growth: Mapping[int, float]
    draws: int


def by_simex(
    scores: Floats,
    priors: Floats,
    school: Integers,
    prior_se: Sequence[float] | Floats,
    rng: np.random.Generator,
    draws: int = 50,
    minimum: int = MINIMUM,
) -> BySimex:
    """The other remedy for the error of priors (`prior_error.simex`), to see how much hangs on the choice.

    Arguments as of `fit`. It needs no assumption on how true priors are spread, and takes school means as measured with
    error too; but it falls short where the error is large, its numbers are drawn (`rng`), and it takes 1 + 4 × `draws`
    fits. So `fit` stays the default. Raises ValueError as `fit` does, and for fewer than two draws.

    >>> rng = np.random.default_rng(0)
    >>> school, true = np.repeat(np.arange(20), 40), rng.normal(size=800)
    >>> score, prior = 0.8 * true + 0.3 * rng.normal(size=800), true + 0.4 * rng.normal(size=800)
    >>> found = by_simex(score, prior[:, None], school, [0.4], rng, draws=10)
    >>> round(found.naive_slopes[0], 1), round(found.slopes[0], 1)
    (0.7, 0.8)
    """
    scores, priors, there = _checked(scores, priors, school)
    errors = _of_rows(prior_se, priors, there)
    if errors.shape not in {(priors.shape[1],), (int(there.sum()), priors.shape[1])} or not (errors >= 0).all():
        raise ValueError(f"errors of priors must be zero or more, (k,) or (n, k), not of shape {errors.shape}")
    numbers, group = np.unique(school[there], return_inverse=True)
    y, k = scores[there], priors.shape[1]

    def estimate(seen: Floats) -> tuple[Floats, Floats]:
        made = _fitted(y, seen, group, positive=True)
        effects = made.effects[0]
        return np.append(made.beta[1:], effects.effect[:, 0]), np.append(made.se[1:] ** 2, effects.se[:, 0] ** 2)

    found = simex(estimate, priors[there], errors, rng, draws)
    enough = np.flatnonzero(np.bincount(group) >= minimum)
    return BySimex(
        slopes=tuple(found.estimates[:k].tolist()),
        slopes_se=tuple(found.se[:k].tolist()),
        naive_slopes=tuple(found.naive[:k].tolist()),
        growth={int(numbers[place]): float(found.estimates[k + place]) for place in enough},
        draws=draws,
    )


def _fitted(y: Floats, x: Floats, group: Integers, positive: bool) -> mixed.MixedFit:
    term = mixed.RandomTerm.intercept("school", group)
    return mixed.fit(y, np.column_stack([np.ones(len(y)), x]), [term], reml=True, positive=positive)


def _figures(
    made: mixed.MixedFit, y: Floats, x: Floats, group: Integers, numbers: Integers, minimum: int, confidence: float
) -> dict[int, School]:
    count = np.bincount(group)
    expected = np.bincount(group, made.beta[0] + x @ made.beta[1:]) / count
    came = np.bincount(group, y) / count
    between = float(made.variances[0][0, 0])
    reliability = count * between / (count * between + made.residual)
    z = float(ndtri(0.5 + confidence / 2))
    found = {}
    for i, number in enumerate(numbers):
        if count[i] < minimum:
            found[int(number)] = School(int(number), int(count[i]), 0)
            continue
        growth, se = float(made.effects[0].effect[i, 0]), float(made.effects[0].se[i, 0])
        low, high = growth - z * se, growth + z * se
        label = ABOVE if low > 0 else BELOW if high < 0 else AS_EXPECTED
        found[int(number)] = School(
            int(number),
            int(count[i]),
            0,
            float(expected[i]),
            float(came[i]),
            growth,
            se,
            low,
            high,
            float(reliability[i]),
            label,
        )
    return found


def _with_missing(found: Mapping[int, School], school: Integers, there: NDArray[np.bool_]) -> list[School]:
    numbers, count = np.unique(school[~there], return_counts=True)
    missing = dict(zip(numbers.tolist(), count.tolist(), strict=True))
    made = []
    for number in sorted({*found, *missing}):
        figures = found.get(number, School(number, 0, 0))
        made.append(School(**{**asdict(figures), "missing": missing.get(number, 0)}))
    return made


def compare(first: School, second: School, confidence: float = CONFIDENCE) -> str:
    """Which of two schools grew more, if the interval of the difference leaves out zero."""
    if first.growth is None or second.growth is None or first.se is None or second.se is None:
        return NEITHER
    gap, half = first.growth - second.growth, float(ndtri(0.5 + confidence / 2)) * float(np.hypot(first.se, second.se))
    return NEITHER if abs(gap) <= half else FIRST if gap > 0 else SECOND


def differences(mine: Sequence[School], theirs: Sequence[School], tolerance: float = 1e-6) -> list[str]:
    """Where two lists of school figures differ by more than `tolerance`; empty when they are the same."""
    found = []
    left, right = ({each.school: asdict(each) for each in schools} for schools in (mine, theirs))
    for school in sorted({*left, *right}):
        if school not in left or school not in right:
            found.append(f"school {school}: only in one of the two")
            continue
        for key, value in left[school].items():
            other = right[school][key]
            if not _same(value, other, tolerance):
                found.append(f"school {school}: {key} {value} and {other}")
    return found


def _same(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, float) and isinstance(b, int | float):
        return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
    return bool(a == b)

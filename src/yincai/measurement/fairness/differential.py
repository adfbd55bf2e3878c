"""Does a prediction mean the same for each group: differential prediction.

Cleary's definition (1968, Journal of Educational Measurement 5, 115–124) for a yes-or-no outcome: at the same predicted
probability, members of all groups succeed equally often. The outcome is regressed on the predicted logit with a shift
for each group (uniform), and with a slope for each (not uniform). The effect is told in probability: how much more
often the group's rows succeed than rows of the reference group with the same predictions.

>>> chance = np.random.default_rng(1)
>>> p, group = chance.uniform(0.2, 0.9, 6000), (chance.random(6000) < 0.4).astype(int)
>>> y = (chance.random(6000) < np.where(group == 1, p - 0.1, p)).astype(float)
>>> told = differential(p, y, group, minimum=50)
>>> told.reference, [(each.group, round(each.effect.value, 1)) for each in told.groups]
(0, [(1, -0.1)])
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, expit

from yincai.measurement.fairness.calibration import FOR_A_SLOPE, check, logit
from yincai.measurement.fairness.estimates import Estimate, Floats, Whole
from yincai.measurement.fairness.logistic import Fitted, fit


@dataclass(frozen=True)
class Shift:
    """A group against the reference. `shift` in logits (uniform), `odds_ratio` its exponential, `effect` in
    probability; `slope` the difference of slopes."""

    group: int
    n: int
    shift: Estimate
    effect: Estimate
    slope: Estimate

    @property
    def odds_ratio(self) -> float:
        return float(np.exp(self.shift.value))


@dataclass(frozen=True)
class Differential:
    """`uniform_p`, `slope_p`: Wald tests of all shifts, of all slope differences, together."""

    reference: int
    groups: tuple[Shift, ...]
    uniform_p: float
    slope_p: float


def differential(
    predicted: Floats, observed: Floats, group: Whole, minimum: int, learners: Whole | None = None
) -> Differential | None:
    """group : (n,) numbers from 0 up; below 0: unknown, left out. Groups with fewer rows than `minimum`, or with too
    few right or wrong ones, are left out; the largest is the reference. None when fewer than two are left."""
    check(predicted, observed, learners)
    if minimum < 1:
        raise ValueError(f"minimum {minimum} must be at least 1")
    large = _large(observed, group, minimum)
    if len(large) < 2:
        return None
    kept = np.isin(group, large)
    z, y, g = logit(predicted[kept]), observed[kept], group[kept]
    who = None if learners is None else np.unique(learners[kept], return_inverse=True)[1].astype(np.int64)
    reference, *others = large
    member = np.column_stack([g == each for each in others]).astype(float)
    ones, middle = np.ones(len(z)), z - z.mean()
    uniform = fit(np.column_stack([ones, middle, member]), y, who)
    if uniform is None:
        return None
    crossed = fit(np.column_stack([ones, middle, member, member * middle[:, None]]), y, who)
    shifts = tuple(_shift(each, nth, member, middle, uniform, crossed) for nth, each in enumerate(others))
    count = len(others)
    slope_p = float("nan") if crossed is None else _wald(crossed, slice(2 + count, 2 + 2 * count))
    return Differential(reference, shifts, _wald(uniform, slice(2, 2 + count)), slope_p)


def _large(observed: Floats, group: Whole, minimum: int) -> list[int]:
    """The groups to compare, largest first."""
    inside = group >= 0
    rows = np.bincount(group[inside])
    right = np.bincount(group[inside], observed[inside])
    enough = (rows >= minimum) & (np.minimum(right, rows - right) >= min(FOR_A_SLOPE, minimum))
    return sorted(np.flatnonzero(enough).tolist(), key=lambda each: (-rows[each], each))


def _shift(group: int, nth: int, member: Floats, middle: Floats, uniform: Fitted, crossed: Fitted | None) -> Shift:
    own = member[:, nth] > 0
    base = uniform.coefficients[0] + uniform.coefficients[1] * middle[own]
    moved = uniform.of(2 + nth)
    effect = float((expit(base + moved.value) - expit(base)).mean())
    steepness = float((expit(base + moved.value) * expit(-base - moved.value)).mean())
    slope = Estimate(float("nan"), float("nan")) if crossed is None else crossed.of(2 + member.shape[1] + nth)
    return Shift(group, int(own.sum()), moved, Estimate(effect, steepness * moved.se, moved.df), slope)


def _wald(fitted: Fitted, places: slice) -> float:
    beta, covariance = fitted.coefficients[places], fitted.covariance[places, places]
    if not np.isfinite(covariance).all() or np.linalg.matrix_rank(covariance) < len(beta):
        return float("nan")
    return float(chdtrc(len(beta), beta @ np.linalg.solve(covariance, beta)))

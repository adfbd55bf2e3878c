"""Prior scores are measured with error: their slope comes out too flat, and schools with weak intakes look worse.

Two remedies, both from a known standard error of each prior score (that of its test):

`calibrated` puts in the place of each prior what is expected of the true score given all priors of the pupil and the
mean of the pupil's school: x̂ = m + (S − D̄) (S − D̄ + D)⁻¹ (x − m), S the spread within schools, D the error variances
of this pupil's scores and D̄ their mean, so that a score measured badly gives way further than one measured well
(regression calibration; Fuller 1987, Measurement Error Models, Wiley, section 1.2; Carroll, Ruppert, Stefanski and
Crainiceanu 2006, Measurement Error in Nonlinear Models, chapter 4). Free of simulation, as quick as the fit itself,
the default.

`simex` adds more error in steps, sees how the estimates move, and goes back to none (Cook and Stefanski 1994, JASA
89, 1314–1328; variances after Stefanski and Cook 1995, JASA 90, 1247–1256). For checks, and for models that
calibration cannot serve (`value_added.by_simex`); its random numbers are handed in.

>>> rng = np.random.default_rng(1)
>>> true = rng.normal(size=40000)
>>> seen = true + rng.normal(scale=0.5, size=40000)
>>> better = calibrated(seen[:, None], np.array([0.5]), np.zeros(40000, dtype=np.int64))[:, 0]
>>> y = 2 * true + rng.normal(size=40000)
>>> [round(float(np.polyfit(x, y, 1)[0]), 1) for x in (seen, better)]
[1.6, 2.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LAMBDAS = (0.5, 1.0, 1.5, 2.0)
LEAST_RELIABILITY = 0.2


def within_spread(priors: Floats, group: Integers) -> tuple[Floats, Floats]:
    """(means of each row's group (n, k), covariance within groups (k, k))."""
    count = np.bincount(group).astype(np.float64)
    means = np.column_stack([np.bincount(group, column) / np.maximum(count, 1) for column in priors.T])[group]
    away = priors - means
    freedom = len(priors) - int((count > 0).sum())
    if freedom < 1:
        raise ValueError("no group has two pupils: a spread within groups cannot be told")
    return means, np.asarray(away.T @ away / freedom)


def calibrated(priors: Floats, se: Floats, group: Integers) -> Floats:
    """Expected true priors (n, k) from `priors` (n, k), their standard errors `se`, of each prior (k,) or of each
    pupil's (n, k), and the group of each row (n,).

    Raises ValueError when the errors leave less than a fifth of a prior's spread within groups (the test then says
    next to nothing about a pupil, and nothing can mend that), and for shapes or numbers that do not fit.
    """
    priors, se = np.asarray(priors, dtype=np.float64), np.asarray(se, dtype=np.float64)
    if priors.ndim != 2 or se.shape not in {(priors.shape[1],), priors.shape} or group.shape != (len(priors),):
        raise ValueError(
            f"priors (n, k), se (k,) or (n, k), group (n,) are wanted, not {priors.shape}, {se.shape}, {group.shape}"
        )
    if not np.isfinite(priors).all() or not np.isfinite(se).all() or (se < 0).any():
        raise ValueError("priors must be finite and standard errors zero or more")
    if not se.any():
        return priors
    means, spread = within_spread(priors, group)
    error = np.square(se).mean(axis=0) if se.ndim == 2 else np.square(se)
    reliability = 1 - error / np.maximum(np.diag(spread), 1e-300)
    if (reliability < LEAST_RELIABILITY).any():
        raise ValueError(
            f"a prior's reliability within groups is only {reliability.min():.2f}; it cannot be corrected for"
        )
    true = spread - np.diag(error)
    if se.ndim == 1:
        return np.asarray(means + (priors - means) @ np.linalg.solve(spread, true))
    seen = true + np.square(se)[:, :, None] * np.eye(priors.shape[1])
    return np.asarray(means + np.linalg.solve(seen, (priors - means)[:, :, None])[:, :, 0] @ true)


@dataclass(frozen=True)
class Simex:
    """`estimates` without measurement error and their `se`; `naive` as if there were none; `path` (λ, estimates)."""

    estimates: Floats
    se: Floats
    naive: Floats
    path: Floats

    def __str__(self) -> str:
        pairs = zip(self.estimates, self.se, self.naive, strict=True)
        return "SIMEX: " + "; ".join(f"{value:.4f} (se {se:.4f}, naive {naive:.4f})" for value, se, naive in pairs)


def simex(
    estimate: Callable[[Floats], tuple[Floats, Floats]],
    priors: Floats,
    se: Floats,
    rng: np.random.Generator,
    draws: int = 50,
    lambdas: Sequence[float] = LAMBDAS,
) -> Simex:
    """Estimates at no measurement error, by a parabola through those at 0, 0.5, 1, 1.5 and 2 times more of it.

    `estimate(priors)` returns (estimates (m,), variances (m,)); `se` (k,) or (n, k). Cost: 1 + 4 × `draws` fits. Raises
    ValueError for fewer than two draws or steps.

    >>> rng = np.random.default_rng(1)
    >>> true = rng.normal(size=(5000, 1))
    >>> y, seen = 2 * true[:, 0] + rng.normal(size=5000), true + rng.normal(scale=0.4, size=true.shape)
    >>> def slope(priors):
    ...     fitted, covariance = np.polyfit(priors[:, 0], y, 1, cov=True)
    ...     return fitted[:1], covariance[:1, 0]
    >>> print(simex(slope, seen, np.array([0.4]), rng, draws=10))
    SIMEX: 1.9251 (se 0.0160, naive 1.6806)
    """
    priors, se = np.asarray(priors, dtype=np.float64), np.asarray(se, dtype=np.float64)
    if draws < 2 or len(lambdas) < 2 or min(lambdas) <= 0:
        raise ValueError("SIMEX needs at least two draws and two positive steps")
    naive, variance = estimate(priors)
    means, variances = [naive], [variance]
    for each in lambdas:
        found = [estimate(priors + each**0.5 * se * rng.normal(size=priors.shape)) for _ in range(draws)]
        values = np.array([value for value, _ in found])
        means.append(values.mean(axis=0))
        variances.append(np.mean([spread for _, spread in found], axis=0) - values.var(axis=0, ddof=1))
    steps = np.array([0.0, *lambdas])
    parabola = np.vander(steps, 3)
    back = np.vander([-1.0], 3)[0] @ np.linalg.pinv(parabola)
    estimates, spread = back @ np.array(means), back @ np.array(variances)
    return Simex(estimates, np.sqrt(np.maximum(spread, 0.0)), naive, np.column_stack([steps, np.array(means)]))

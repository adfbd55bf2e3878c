"""Does the model fit as a whole: M2 with RMSEA, SRMSR, CFI and TLI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from yincai.measurement.irt.curves import curve_tables
from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.item_fit import complete_rows, free_parameters, speaking_part
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.result import Fit

NODES = 121
MOST_ITEMS = 120  # the moments' covariance has the fourth power of this many entries: 120 items take 0.4 GB
CONFIDENCE = 0.9
RANK = 1e-7


@dataclass(frozen=True)
class ModelFit:
    """M2 and the indices made of it; `rmsea_low` and `rmsea_high` bound the RMSEA's 90 % interval."""

    m2: float
    df: int
    p: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmsr: float
    cfi: float
    tli: float
    n: int  # learners with all answers

    def __str__(self) -> str:
        return (
            f"M2 = {self.m2:.2f}, df = {self.df}, p = {self.p:.3f} ({self.n} learners); "
            f"RMSEA {self.rmsea:.3f} ({self.rmsea_low:.3f}, {self.rmsea_high:.3f}), SRMSR {self.srmsr:.3f}, "
            f"CFI {self.cfi:.3f}, TLI {self.tli:.3f}"
        )


@dataclass(frozen=True)
class Moments:
    """Means of scores and of products of two (moments), their covariance N·Ξ, and derivatives by the parameters Δ."""

    mean: Floats
    covariance: Floats
    by_parameter: Floats


def model_fit(found: Fit, responses: ArrayLike | Responses) -> ModelFit:
    """Limited-information fit of a calibration on the learners who answered all items.

    M2 (Maydeu-Olivares & Joe 2006; for several categories M2* on means and products of scores, Cai & Hansen 2013)
    with the residual means and products, orthogonal to what the parameters can take up. RMSEA with its 90 % interval,
    SRMSR of the scores' correlations (Maydeu-Olivares 2013), CFI and TLI against independent items.

    Raises ValueError when no learner answered everything, when there are more parameters than moments can test (less
    than four items, or five for 3pl) or more than 120 items.

    >>> from yincai.measurement.irt import Item, bank, fit, simulate
    >>> rng = np.random.default_rng(5)
    >>> true = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0), Item(1.0, 0.3)])
    >>> answers = simulate(true, rng.normal(size=2000), rng)
    >>> fitted = model_fit(fit(answers), answers)
    >>> fitted.df, fitted.p > 0.01, fitted.rmsea < 0.05
    (5, True, True)
    """
    items, data, places = speaking_part(found.bank, found.bank.pack(responses))
    if not 2 <= len(items) <= MOST_ITEMS:
        raise ValueError(f"M2 takes from 2 to {MOST_ITEMS} items, not {len(items)}")
    table, weights = complete_rows(items, data)
    n = float(weights.sum())
    if n < 2:
        raise ValueError("M2 needs learners who answered every item, and there are fewer than two")
    observed, correlations = observed_moments(table, weights)
    expected = expected_moments(found, items, free_parameters(found)[places] > 0)
    m2, df = quadratic_form(n, observed, expected)
    null, null_df = quadratic_form(n, observed, independent_moments(items, table, weights))
    rmsea = np.sqrt(max(m2 - df, 0.0) / (df * (n - 1)))
    low, high = rmsea_interval(m2, df, n)
    return ModelFit(
        m2, df, float(chi2.sf(m2, df)), float(rmsea), low, high,
        srmsr=_root_mean_square(correlations - implied_correlations(items, expected.mean)),
        cfi=float(np.clip(1 - max(m2 - df, 0.0) / max(null - null_df, m2 - df, 1e-300), 0.0, 1.0)),
        tli=float((null / null_df - m2 / df) / (null / null_df - 1)),
        n=round(n),
    )  # fmt: skip


def _pairs(n: int) -> tuple[Ints, Ints]:
    return np.triu_indices(n, 1)


def observed_moments(table: ArrayLike, weights: Floats) -> tuple[Floats, Floats]:
    """Means and products of category numbers, and the correlations (of pairs i < j)."""
    x = np.asarray(table, float)
    share = weights / weights.sum()
    mean, products = share @ x, (x * share[:, None]).T @ x
    i, j = _pairs(x.shape[1])
    spread = products - np.outer(mean, mean)
    deviation = np.sqrt(np.diagonal(spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = (spread / np.outer(deviation, deviation))[i, j]
    return np.concatenate([mean, products[i, j]]), correlation


def expected_moments(found: Fit, items: Bank, free: ArrayLike) -> Moments:
    """Of the calibrated items, with derivatives by the free items' parameters and the latent ones that are free."""
    over = grid(NODES)
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    w = np.exp(over.log_weights[:NODES])
    p, dp, _, grad = curve_tables(items.model.family, items.xi, items.first, theta)
    k = np.concatenate([np.arange(many) for many in items.categories]).astype(float)
    begin = items.first[:-1]
    mu = np.add.reduceat(k[:, None] * p, begin)
    variance = np.add.reduceat(k[:, None] ** 2 * p, begin) - mu**2
    slopes = np.add.reduceat(k[:, None, None] * p[:, None, :] * grad, begin)  # items × parameters × nodes
    by_theta = np.add.reduceat(k[:, None] * dp, begin)
    columns = []
    for item in np.flatnonzero(free):
        for place in _places(items, int(item)):
            columns.append(_moved(mu, np.eye(len(items))[item][:, None] * slopes[item, place], w))
    if np.isfinite(found.latent.se_variance) or not items.model.slope:
        columns.append(_moved(mu, by_theta * over.nodes, w))
    if np.isfinite(found.latent.se_mean):
        columns.append(_moved(mu, by_theta, w))
    mean, covariance = moment_covariance(mu, variance, w)
    return Moments(mean, covariance, np.array(columns).T.reshape(len(mean), -1))


def _places(items: Bank, item: int) -> list[int]:
    steps = list(range(1, int(items.categories[item])))
    return [0] * items.model.slope + steps + [items.xi.shape[1] - 1] * items.model.floor


def _moved(mu: Floats, change: Floats, w: Floats) -> Floats:
    """How the moments change when the items' expected scores (items × nodes) change by `change`."""
    i, j = _pairs(len(mu))
    both = (mu * w) @ change.T
    return np.concatenate([change @ w, both[i, j] + both[j, i]])


def moment_covariance(mu: Floats, variance: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of (x_i, x_i·x_j) for items that are independent given θ (nodes with weights w).

    E[v v'] is the product of the means at each node, and where the two products share an item, its variance there
    times the rest.
    """
    n = len(mu)
    i, j = _pairs(n)
    at = np.concatenate([mu, mu[i] * mu[j]])
    mean = at @ w
    covariance: Floats = (at * w) @ at.T - np.outer(mean, mean)
    place = np.zeros((n, n), np.int64)
    place[i, j] = place[j, i] = n + np.arange(len(i))
    np.fill_diagonal(place, np.arange(n))
    for item in range(n):
        rest = mu.copy()
        rest[item] = 1.0
        covariance[np.ix_(place[item], place[item])] += (rest * variance[item] * w) @ rest.T
    pair = n + np.arange(len(i))
    covariance[pair, pair] += (variance[i] * variance[j]) @ w
    return mean, covariance


def independent_moments(items: Bank, table: ArrayLike, weights: Floats) -> Moments:
    """Of items that have nothing in common, each with the shares that were observed."""
    x = np.asarray(table, float)
    share = weights / weights.sum()
    mu = share @ x
    variance = share @ (x - mu) ** 2
    one = np.ones(1)
    mean, covariance = moment_covariance(mu[:, None], variance[:, None], one)
    columns = [_moved(mu[:, None], row[:, None], one) for row in np.eye(len(items))]
    return Moments(mean, covariance, np.array(columns).T)


def quadratic_form(n: float, observed: Floats, expected: Moments) -> tuple[float, int]:
    """N r'(Ξ⁻¹ − Ξ⁻¹Δ(Δ'Ξ⁻¹Δ)⁻¹Δ'Ξ⁻¹)r with its degrees of freedom, through Ξ = LL': the part of L⁻¹r off L⁻¹Δ."""
    try:
        lower = np.linalg.cholesky(expected.covariance)
    except np.linalg.LinAlgError:
        raise ValueError("M2 cannot be computed: an item's answers are all alike") from None
    residual = np.linalg.solve(lower, observed - expected.mean)
    known = np.linalg.solve(lower, expected.by_parameter)
    known = known / np.maximum(np.linalg.norm(known, axis=0), 1e-300)
    base, size, _ = np.linalg.svd(known, full_matrices=False)
    base = base[:, size > RANK * size.max(initial=0.0)]
    df = len(observed) - base.shape[1]
    if df < 1:
        raise ValueError(f"M2 has no degrees of freedom: {len(observed)} moments for {base.shape[1]} parameters")
    off = residual - base @ (base.T @ residual)
    return float(n * off @ off), df


def rmsea_interval(m2: float, df: int, n: float) -> tuple[float, float]:
    """Bounds from the non-central chi-square distributions under which M2 is at their upper and lower 5 %."""
    tail = (1 - CONFIDENCE) / 2
    return _rmsea_at(m2, df, n, 1 - tail), _rmsea_at(m2, df, n, tail)


def _rmsea_at(m2: float, df: int, n: float, share: float) -> float:
    if chi2.cdf(m2, df) <= share:
        return 0.0
    top = 2 * m2 + 50.0
    while ncx2.cdf(m2, df, top) > share:
        top *= 2
    return float(np.sqrt(brentq(lambda nc: ncx2.cdf(m2, df, nc) - share, 1e-9, top) / (df * (n - 1))))


def implied_correlations(items: Bank, mean: Floats) -> Floats:
    """Of the scores of pairs of items, as the model has them."""
    over = grid(NODES)
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    p = items.probabilities(theta)
    k = np.arange(p.shape[2])
    first = mean[: len(items)]
    second = np.exp(over.log_weights[:NODES]) @ (p @ k**2.0)
    i, j = _pairs(len(items))
    deviation = np.sqrt(second - first**2)
    return np.asarray((mean[len(items) :] - first[i] * first[j]) / (deviation[i] * deviation[j]))


def _root_mean_square(x: Floats) -> float:
    return float(np.sqrt(np.nanmean(x**2)))

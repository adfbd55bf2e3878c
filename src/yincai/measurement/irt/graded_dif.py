"""Differential item functioning of graded items: Mantel's test with standardised mean differences, and ordinal logistic
regression.

Groups, matching, missing answers and `fewest` are those of `dif`; scores are whole numbers from 0 on, of any number of
categories. With right or wrong answers `mantel` is Mantel–Haenszel's chi-square without continuity correction and
`ordinal_dif` is `logistic_dif`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import chi2

from yincai.measurement.irt.dif import (
    FEWEST,
    JODOIN_GIERL,
    NEWTON,
    TWO_SIDED,
    ZUMBO_THOMAS,
    LogisticDif,
    by_item,
    classes_by,
    groups_of,
    match_for,
    nagelkerke,
    on_clean_items,
    table_of,
)
from yincai.measurement.irt.responses import Floats, Ints, pack

MODERATE, BIG = 0.17, 0.25  # standard deviations of the item between the classes AA, BB and CC


@dataclass(frozen=True)
class Mantel:
    """For each item: Mantel's chi-square (1 df) and p; `smd`, the mean score of the focal group less that of reference
    learners matched to it, in points (negative: harder for the focal group), with standard error; `effect`, the same in
    standard deviations of the item's score over both groups; class AA, BB or CC. "" and NaN with too few answers."""

    items: tuple[str, ...]
    chi2: Floats
    p: Floats
    smd: Floats
    se_smd: Floats
    effect: Floats
    ets: tuple[str, ...]
    n_reference: Ints
    n_focal: Ints

    def __str__(self) -> str:
        told = [
            f"SMD {self.smd[j]:+.3f} ± {self.se_smd[j]:.3f} ({self.effect[j]:+.2f} SD), "
            f"p = {self.p[j]:.3f}, {self.ets[j]}"
            for j in range(len(self.items))
        ]
        return by_item(self.items, self.p, told)


@dataclass(frozen=True)
class OrdinalDif(LogisticDif):
    """As `LogisticDif`, of cumulative logits; `mcfadden`, the rise of McFadden's R² from both kinds."""

    mcfadden: Floats


def mantel(
    responses: ArrayLike,
    group: ArrayLike,
    *,
    items: Sequence[str] | None = None,
    matching: ArrayLike | None = None,
    purify: bool = True,
    fewest: int = FEWEST,
) -> Mantel:
    """Mantel's (1963) test of equal mean scores in strata, of an array learners × items of whole scores and NaN.

    `group` (learners): 0 reference, 1 focal, NaN neither. `matching` (learners) replaces the sum score. With `purify` a
    second run matches on the items that are not CC (and the studied one). SMD: Dorans & Schmitt (1991), over strata in
    which both groups are, weighted by the focal group; its error is hypergeometric, as the test's (Zwick & Thayer
    1996). Classes (Zwick, Donoghue & Grima 1993; Zwick, Thayer & Mazzeo 1997): AA not significant at 5 % or |effect| up
    to .17; BB up to .25; CC above.

    Raises ValueError for scores that are no whole numbers from 0, a group of other values, or shapes that do not belong
    together.

    >>> rng = np.random.default_rng(4)
    >>> theta, focal = rng.normal(size=(4000, 1)), np.arange(4000) % 2
    >>> b = np.linspace(-1, 1, 8) + np.outer(focal, np.eye(8)[3]) * 0.9  # the fourth is harder by 0.9 logits
    >>> x = theta - b + rng.logistic(size=(4000, 8))
    >>> found = mantel((x > -1).astype(int) + (x > 0) + (x > 1), focal)
    >>> found.ets
    ('AA', 'AA', 'AA', 'CC', 'AA', 'AA', 'AA', 'AA')
    """
    table, focal, names = _checked(responses, group, items)
    return on_clean_items(
        lambda clean: _mantel(table, focal, names, clean, matching, fewest),
        len(names), "CC", purify and matching is None,
    )  # fmt: skip


def ordinal_dif(
    responses: ArrayLike,
    group: ArrayLike,
    *,
    items: Sequence[str] | None = None,
    matching: ArrayLike | None = None,
    fewest: int = FEWEST,
) -> OrdinalDif:
    """Ordinal logistic regression DIF (Zumbo 1999; French & Miller 1996): cumulative logits of the score on match,
    group, and match × group, the odds of each step alike (McCullagh 1980).

    Arguments and errors as `mantel`; figures and classes as `logistic_dif`. A score that nobody has is no category. NaN
    where the answers do not determine the model. Crane et al. (2006) call a rise of McFadden's R² of .02 worth a look.

    >>> rng = np.random.default_rng(4)
    >>> theta, focal = rng.normal(size=(4000, 1)), np.arange(4000) % 2
    >>> x = theta - np.outer(focal, np.eye(8)[3]) + rng.logistic(size=(4000, 8))
    >>> found = ordinal_dif((x > -1).astype(int) + (x > 0) + (x > 1), focal)
    >>> int(found.p_uniform.argmin()), bool(found.log_odds[3] < -0.7)
    (3, True)
    """
    table, focal, names = _checked(responses, group, items)
    rows = [
        _regressions(table[:, item], match_for(table, item, None, matching), focal, fewest)
        for item in range(len(names))
    ]
    uniform, both, r2, mcfadden, log_odds, se = np.array(rows).T
    p_both = chi2.sf(both, 2)
    return OrdinalDif(
        names, uniform, chi2.sf(uniform, 1), both - uniform, chi2.sf(both - uniform, 1), both, p_both, r2,
        classes_by(r2, p_both, ZUMBO_THOMAS), classes_by(r2, p_both, JODOIN_GIERL), log_odds, se, mcfadden,
    )  # fmt: skip


def _checked(
    responses: ArrayLike, group: ArrayLike, items: Sequence[str] | None
) -> tuple[Floats, Ints, tuple[str, ...]]:
    table = table_of(responses).copy()
    focal = groups_of(group, len(table))
    names = pack(table, items).items
    table[focal < 0] = np.nan
    return table, focal, names


def _mantel(
    table: Floats,
    focal: Ints,
    names: tuple[str, ...],
    clean: NDArray[np.bool_],
    matching: ArrayLike | None,
    fewest: int,
) -> Mantel:
    of_clean = match_for(table, int(np.argmax(clean)), clean, matching)
    rows, many = [], []
    for item in range(len(names)):
        match = of_clean if clean[item] or matching is not None else match_for(table, item, clean, matching)
        counts, _, points = cells(table[:, item], match, focal)
        rows.append(_tested(counts, points, fewest))
        many.append(counts.sum(axis=(0, 2)))
    statistic, smd, variance, spread = np.array(rows).T
    p, effect = chi2.sf(statistic, 1), smd / spread
    classes = tuple(ets_class(*row) for row in zip(effect, p, strict=True))
    reference, of_focal = np.array(many).astype(np.int64).T
    return Mantel(names, statistic, p, smd, np.sqrt(variance), effect, classes, reference, of_focal)


def cells(scores: Floats, match: Floats, focal: Ints) -> tuple[Floats, Floats, Floats]:
    """Answers by stratum, group (reference, focal) and category; the strata's values of the match; the categories'
    scores. Shapes (strata, 2, categories), (strata,), (categories,)."""
    there = np.isfinite(scores) & np.isfinite(match) & (focal >= 0)
    levels, stratum = np.unique(match[there], return_inverse=True)
    points, category = np.unique(scores[there], return_inverse=True)
    place = (stratum * 2 + focal[there]) * len(points) + category
    counts = np.bincount(place, minlength=len(levels) * 2 * len(points))
    return counts.reshape(len(levels), 2, len(points)).astype(float), levels, points


def _tested(counts: Floats, points: Floats, fewest: int) -> tuple[float, float, float, float]:
    """Mantel's chi-square, the standardised mean difference, its variance, the item's standard deviation."""
    none = (np.nan,) * 4
    if counts.size == 0 or counts.sum(axis=(0, 2)).min() < fewest or len(points) < 2:
        return none
    whole = counts.sum(axis=(0, 1))
    mean = (whole @ points) / whole.sum()
    spread = float(np.sqrt(whole @ (points - mean) ** 2 / (whole.sum() - 1)))
    n = counts.sum(axis=2)
    counts, n = counts[(n > 0).all(axis=1)], n[(n > 0).all(axis=1)]
    total, of_focal, all_n = counts.sum(axis=1) @ points, counts[:, 1] @ points, n.sum(axis=1)
    squares = counts.sum(axis=1) @ points**2
    variance = n[:, 0] * n[:, 1] * (all_n * squares - total**2) / (all_n**2 * np.maximum(all_n - 1, 1))
    if not variance.sum() > 0:
        return none
    off = float((of_focal - n[:, 1] * total / all_n).sum())
    weight = n[:, 1] / n[:, 1].sum()
    smd = float(weight @ (of_focal / n[:, 1] - (total - of_focal) / n[:, 0]))
    return off**2 / float(variance.sum()), smd, float((weight * (1 / n).sum(axis=1)) ** 2 @ variance), spread


def ets_class(effect: float, p: float) -> str:
    """AA, BB or CC; "" where the effect is NaN.

    >>> ets_class(-0.3, 0.001), ets_class(0.2, 0.001), ets_class(0.3, 0.2)
    ('CC', 'BB', 'AA')
    """
    if not np.isfinite(effect):
        return ""
    if p >= TWO_SIDED or abs(effect) <= MODERATE:
        return "AA"
    return "BB" if abs(effect) <= BIG else "CC"


def _regressions(scores: Floats, match: Floats, focal: Ints, fewest: int) -> tuple[float, ...]:
    """Uniform G², G² of both, rises of Nagelkerke's and McFadden's R², log odds of the group and its error."""
    counts, levels, points = cells(scores, match, focal)
    none = (np.nan,) * 6
    if len(levels) < 2 or len(points) < 2 or counts.sum(axis=(0, 2)).min() < fewest:
        return none
    x = np.repeat((levels - levels.mean()) / max(levels.std(), 1e-12), 2)
    g = np.tile([0.0, 1.0], len(levels))
    design = np.column_stack([x, g, x * g])
    rows = counts.reshape(-1, len(points))
    fitted = [cumulative_logits(design[:, :columns], rows) for columns in range(4)]
    if any(each is None for each in fitted):
        return none
    (null, _, _), (base, _, _), (uniform, beta, covariance), (both, _, _) = (each for each in fitted if each)
    rise = nagelkerke(both, null, rows.sum()) - nagelkerke(base, null, rows.sum())
    error = float(np.sqrt(covariance[-1, -1]))
    return 2 * (uniform - base), 2 * (both - base), rise, (base - both) / null, float(beta[-1]), error


def cumulative_logits(x: Floats, counts: Floats) -> tuple[float, Floats, Floats] | None:
    """logit P(category ≥ c) = x · slopes − threshold c, by Fisher scoring.

    x : (rows, columns). counts : (rows, categories), every category with an answer. Gives the log-likelihood,
    thresholds and slopes in one vector, and its covariance; None where they run away (separated answers).
    """
    steps = counts.shape[1] - 1
    above = counts.sum(axis=0)[::-1].cumsum()[::-1][1:] / counts.sum()
    beta = np.concatenate([-np.log(above / (1 - above)), np.zeros(x.shape[1])])
    value = _multinomial(beta, x, counts)[0]
    for _ in range(NEWTON):
        _, chances, reached = _multinomial(beta, x, counts)
        slopes = _derivatives(reached, x, steps)
        seen = counts.sum(axis=1)
        information = np.einsum("rcp,rc,rcq->pq", slopes, seen[:, None] / chances, slopes)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, np.einsum("rcp,rc->p", slopes, counts / chances))
        wanted = np.abs(step).max()
        new = _multinomial(beta + step, x, counts)[0]
        while not new >= value - 1e-9 * abs(value) and np.abs(step).max() > 1e-10:
            step /= 2
            new = _multinomial(beta + step, x, counts)[0]
        if wanted > 1e-4 and np.abs(step).max() < 1e-8:  # held at the edge, where chances round to 0
            return None
        beta, value = beta + step, new
        if wanted < 1e-8:
            return value, beta, np.linalg.inv(information)
    return None


def _multinomial(beta: Floats, x: Floats, counts: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood (−∞ where thresholds cross), chances of the categories, chances of reaching each step."""
    steps = counts.shape[1] - 1
    reached = expit((x @ beta[steps:])[:, None] - beta[:steps])
    ends = np.ones((len(x), 1)), np.zeros((len(x), 1))
    chances = -np.diff(np.hstack([ends[0], reached, ends[1]]), axis=1)
    if not (chances > 0).all():
        return -np.inf, np.maximum(chances, 1e-300), reached
    return float((counts * np.log(chances)).sum()), chances, reached


def _derivatives(reached: Floats, x: Floats, steps: int) -> Floats:
    """Of the categories' chances by thresholds and slopes, (rows, categories, parameters)."""
    bend = np.pad(reached * (1 - reached), ((0, 0), (1, 1)))
    made = np.zeros((len(x), steps + 1, steps + x.shape[1]))
    for step in range(steps):
        made[:, step, step] = bend[:, step + 1]
        made[:, step + 1, step] = -bend[:, step + 1]
    made[:, :, steps:] = (bend[:, :-1] - bend[:, 1:])[:, :, None] * x[:, None, :]
    return made

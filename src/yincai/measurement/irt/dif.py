"""Differential item functioning: is an item harder for one of two groups with the same ability?

Mantel–Haenszel and logistic regression for right or wrong answers (for graded ones see `graded_dif`), a likelihood
ratio of item response models for every model. The groups are matched on the sum score, which counts the studied item;
where answers are missing, on the share of the reachable score that the learner's Rasch ability means (see
`matching_scores`). Learners whose group is missing have no part, nor has a missing answer in the item it is missing
from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import chi2

from yincai.measurement.irt.calibration import fit
from yincai.measurement.irt.groups import Groups, fit_groups, split_item, together
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Ints, Responses, pack

FEWEST = 100  # answers of each group to an item
STRATA = 20  # where answers are missing
ETS = -2.35  # from log odds to the delta scale
SMALL, LARGE = 1.0, 1.5  # deltas between the classes A, B and C
ONE_SIDED, TWO_SIDED = 1.645, 0.05
ZUMBO_THOMAS, JODOIN_GIERL, COHEN = (0.13, 0.26), (0.035, 0.07), (0.5, 0.8)
NEWTON = 60


@dataclass(frozen=True)
class MantelHaenszel:
    """For each item: common odds ratio (reference against focal), ETS delta (negative: harder for the focal group) with
    standard error, chi-square (1 df, continuity corrected) and p, class A, B or C; "" and NaN with too few answers."""

    items: tuple[str, ...]
    odds_ratio: Floats
    delta: Floats
    se_delta: Floats
    chi2: Floats
    p: Floats
    ets: tuple[str, ...]
    n_reference: Ints
    n_focal: Ints

    def __str__(self) -> str:
        told = [
            f"delta {self.delta[j]:+.2f} ± {self.se_delta[j]:.2f}, p = {self.p[j]:.3f}, {self.ets[j]}"
            for j in range(len(self.items))
        ]
        return by_item(self.items, self.p, told)


def by_item(items: Sequence[str], p: Floats, told: Sequence[str]) -> str:
    """A line for each item."""
    return "\n".join(
        f"{name}: {line}" if np.isfinite(at) else f"{name}: too few answers, or all alike"
        for name, at, line in zip(items, p, told, strict=True)
    )


@dataclass(frozen=True)
class LogisticDif:
    """For each item: likelihood ratios of uniform (1 df), non-uniform (1 df) and either kind (2 df) of DIF, their p,
    the rise of Nagelkerke's R² from both, and its classes; the group's log odds in the uniform model (focal minus
    reference) with standard error. NaN and "" with too few answers or where the answers do not determine the model."""

    items: tuple[str, ...]
    uniform: Floats
    p_uniform: Floats
    nonuniform: Floats
    p_nonuniform: Floats
    both: Floats
    p_both: Floats
    r2: Floats
    zumbo_thomas: tuple[str, ...]
    jodoin_gierl: tuple[str, ...]
    log_odds: Floats
    se_log_odds: Floats

    def __str__(self) -> str:
        told = [
            f"log odds {self.log_odds[j]:+.2f} ± {self.se_log_odds[j]:.2f}, uniform p = {self.p_uniform[j]:.3f}, "
            f"non-uniform p = {self.p_nonuniform[j]:.3f}, R² +{self.r2[j]:.3f}, {self.jodoin_gierl[j]}"
            for j in range(len(self.items))
        ]
        return by_item(self.items, self.p_both, told)


@dataclass(frozen=True)
class LikelihoodRatioDif:
    """For each item asked about: G² of its own parameters in the focal group against common ones, df, p; `gap`, the
    mean over the focal group's abilities of expected score (focal minus reference parameters) as a share of the range;
    `essd`, the same in standard deviations of expected scores (Meade 2010), and its class: A where not significant at
    5 % or below .5, B to .8, C above (Cohen 1988).
    `anchors` are the items whose parameters both groups shared while the others were compared.
    """

    items: tuple[str, ...]
    g2: Floats
    df: Ints
    p: Floats
    gap: Floats
    essd: Floats
    cohen: tuple[str, ...]
    anchors: tuple[str, ...]
    focal_mean: float
    focal_variance: float
    converged: bool

    def __str__(self) -> str:
        told = [
            f"G² {self.g2[j]:.2f} ({self.df[j]} df), p = {self.p[j]:.3f}, gap {self.gap[j]:+.3f}, "
            f"ESSD {self.essd[j]:+.2f}, {self.cohen[j]}"
            for j in range(len(self.items))
        ]
        head = (
            f"focal group: mean {self.focal_mean:+.2f}, variance {self.focal_variance:.2f}; {len(self.anchors)} anchors"
        )
        return f"{head}\n{by_item(self.items, self.p, told)}"


def mantel_haenszel(
    responses: ArrayLike,
    group: ArrayLike,
    *,
    items: Sequence[str] | None = None,
    matching: ArrayLike | None = None,
    purify: bool = True,
    fewest: int = FEWEST,
) -> MantelHaenszel:
    """Mantel–Haenszel DIF (Holland & Thayer 1988) of an array learners × items of 0, 1 and NaN.

    `group` (learners): 0 for the reference, 1 for the focal group, NaN for neither. `matching` (learners) replaces the
    sum score. With `purify` a second run matches on the items of class A or B (and the studied one). The error of the
    log odds is that of Phillips & Holland (1987). Classes (Zieky 1993): A: |delta| below 1 or not significantly other
    than 0 (p ≥ .05); C: at least 1.5 and significantly above 1 (one-sided, 5 %); B otherwise.

    Raises ValueError for other scores, a group of other values, or shapes that do not belong together.

    >>> rng = np.random.default_rng(4)
    >>> theta, focal = rng.normal(size=(4000, 1)), np.arange(4000) % 2
    >>> b = np.linspace(-1, 1, 10) + np.outer(focal, np.eye(10)[3])  # the fourth is harder by 1 logit
    >>> found = mantel_haenszel(rng.random((4000, 10)) < expit(theta - b), focal)
    >>> "".join(found.ets)
    'AAACAAAAAA'
    """
    table, focal, names = _checked(responses, group, items)
    return on_clean_items(
        lambda clean: _mantel_haenszel(table, focal, names, clean, matching, fewest),
        len(names), "C", purify and matching is None,
    )  # fmt: skip


def logistic_dif(
    responses: ArrayLike,
    group: ArrayLike,
    *,
    items: Sequence[str] | None = None,
    matching: ArrayLike | None = None,
    fewest: int = FEWEST,
) -> LogisticDif:
    """Logistic regression DIF (Swaminathan & Rogers 1990): score on match, group, and match × group.

    Arguments as `mantel_haenszel`. Classes by the rise of Nagelkerke's R² where both kinds together are significant
    at 5 %: Zumbo & Thomas (1997) A below .13, B to .26, C above; Jodoin & Gierl (2001) A below .035, B to .07, C above.

    >>> rng = np.random.default_rng(4)
    >>> theta, focal = rng.normal(size=(4000, 1)), np.arange(4000) % 2
    >>> b = np.linspace(-1, 1, 10) + np.outer(focal, np.eye(10)[3])
    >>> found = logistic_dif(rng.random((4000, 10)) < expit(theta - b), focal)
    >>> int(found.p_uniform.argmin()), bool(found.log_odds[3] < -0.7)
    (3, True)
    """
    table, focal, names = _checked(responses, group, items)
    rows = [
        _regressions(table[:, item], match_for(table, item, None, matching), focal, fewest)
        for item in range(len(names))
    ]
    uniform, both, r2, log_odds, se = np.array(rows).T
    nonuniform = both - uniform
    p_both = chi2.sf(both, 2)
    return LogisticDif(
        names, uniform, chi2.sf(uniform, 1), nonuniform, chi2.sf(nonuniform, 1), both, p_both, r2,
        classes_by(r2, p_both, ZUMBO_THOMAS), classes_by(r2, p_both, JODOIN_GIERL), log_odds, se,
    )  # fmt: skip


def likelihood_ratio_dif(
    responses: ArrayLike,
    group: ArrayLike,
    model: str = "2pl",
    *,
    items: Sequence[str] | None = None,
    studied: Sequence[str] | None = None,
    purify: bool = True,
    fewest: int = FEWEST,
) -> LikelihoodRatioDif:
    """IRT likelihood ratio DIF (Thissen, Steinberg & Wainer 1993) against anchors that are common to both groups.

    Both groups are calibrated together, the focal group with its own mean and variance; an item is compared with its
    own parameters there and with common ones. Any model; arguments as `mantel_haenszel`. With `purify` the item whose
    G² is largest and significant (5 %, Bonferroni) stops being an anchor, and so on until none is left (at most half
    of the items); otherwise all other items are anchors.
    An item with less than `fewest` answers in a group, or with a category that nobody in a group reached, is NaN.

    >>> rng = np.random.default_rng(4)
    >>> theta, focal = rng.normal(size=(4000, 1)), np.arange(4000) % 2
    >>> b = np.linspace(-1, 1, 6) + np.outer(focal, np.eye(6)[3])
    >>> found = likelihood_ratio_dif(rng.random((4000, 6)) < expit(theta - b), focal, "rasch")
    >>> (found.p < 0.001).tolist(), round(float(found.gap[3]), 1), len(found.anchors)
    ([False, False, False, True, False, False], -0.2, 5)
    """
    table, focal = table_of(responses), groups_of(group, len(table_of(responses)))
    whole = pack(table, items)
    sides = [
        pack(table[focal == side], whole.items, categories=whole.categories, lowest=whole.lowest) for side in (0, 1)
    ]
    models = Models(sides, together(sides, model))
    told = [item for item in range(len(whole.items)) if _told(table[:, item], focal, fewest)]
    own = purified(models, told) if purify else ()
    asked = [whole.items.index(name) for name in (whole.items if studied is None else studied)]
    g2, gap, essd = np.full((3, len(asked)), np.nan)
    for place, item in enumerate(asked):
        if item in told:
            g2[place] = models.compared(item, own)
            gap[place], essd[place] = models.effect(item, own)
    start, common = models.start, models.fitted(own)
    df = (start.categories[asked] - 1) + int(start.model.slope) + int(start.model.floor)
    p = chi2.sf(g2, df)
    return LikelihoodRatioDif(
        tuple(whole.items[item] for item in asked), g2, df, p, gap, essd, classes_by(np.abs(essd), p, COHEN),
        tuple(name for item, name in enumerate(whole.items) if item not in own),
        float(common.means[1]), float(common.variances[1]), models.converged,
    )  # fmt: skip


class Models:
    """Both groups calibrated together, some items with parameters of their own in the focal group."""

    def __init__(self, sides: list[Responses], start: Bank) -> None:
        self.sides, self.start = sides, start
        self._found: dict[frozenset[int], tuple[Groups, tuple[int, ...]]] = {}

    @property
    def converged(self) -> bool:
        return all(found.converged for found, _ in self._found.values())

    def fitted(self, own: tuple[int, ...]) -> Groups:
        return self._model(own)[0]

    def compared(self, item: int, own: tuple[int, ...]) -> float:
        """G² of the item's own parameters against common ones, the items in `own` having theirs."""
        rest = tuple(each for each in own if each != item)
        return max(2 * (self.fitted((*rest, item)).log_likelihood - self.fitted(rest).log_likelihood), 0.0)

    def effect(self, item: int, own: tuple[int, ...]) -> tuple[float, float]:
        """Expected score with the focal group's parameters less that with the reference group's, over the focal
        group's abilities: the mean as a share of the range, and in standard deviations of expected scores."""
        found, order = self._model((*(each for each in own if each != item), item))
        t, w = np.polynomial.hermite_e.hermegauss(31)
        theta = float(found.means[1]) + np.sqrt(float(found.variances[1])) * t
        expected = found.bank.chosen([item, len(self.start) + order.index(item)]).expected(theta)
        mean = w / w.sum() @ expected
        spread = np.sqrt((w / w.sum() @ (expected - mean) ** 2).mean())
        gap = float(mean[1] - mean[0])
        return gap / float(self.start.categories[item] - 1), gap / max(float(spread), 1e-12)

    def _model(self, own: tuple[int, ...]) -> tuple[Groups, tuple[int, ...]]:
        """The calibration, and the order in which the focal group's items stand at its end."""
        key = frozenset(own)
        if key not in self._found:
            groups, bank, means = self.sides, self.start, None
            for item in own:
                groups, bank = split_item(groups, bank, item)
            if own:
                parent, order = self._model(own[:-1])
                means = parent.means
                if order == own[:-1]:
                    bank = parent.bank.chosen([*range(len(parent.bank)), own[-1]])
            self._found[key] = fit_groups(groups, bank, means=means), own
        return self._found[key]


def purified(models: Models, told: Sequence[int]) -> tuple[int, ...]:
    """The items that are no anchors: one by one the one with the largest G², while that is significant."""
    df = float(models.start.categories.max() - 1 + models.start.model.slope + models.start.model.floor)
    enough = float(chi2.isf(TWO_SIDED / max(len(told), 1), df))
    own: tuple[int, ...] = ()
    suspect = list(told)
    while suspect and len(own) < len(models.start) // 2:
        g2 = {item: models.compared(item, own) for item in suspect}
        largest = max(g2, key=lambda item: g2[item])
        if g2[largest] < enough:
            break
        own = (*own, largest)
        suspect = [item for item in suspect if g2[item] >= enough and item != largest]
    return own


def _told(scores: Floats, focal: Ints, fewest: int) -> bool:
    """Both groups answered often enough, and reached the same categories."""
    seen = [scores[(focal == side) & np.isfinite(scores)] for side in (0, 1)]
    reached = [np.unique(each) for each in seen]
    return min(map(len, seen)) >= fewest and np.array_equal(reached[0], reached[1]) and len(reached[0]) > 1


def table_of(responses: ArrayLike) -> Floats:
    table = np.array(responses, float)  # a copy: learners of neither group are blanked in it
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"responses must be a table of learners × items that is not empty, not of shape {table.shape}")
    return table


def groups_of(group: ArrayLike, learners: int) -> Ints:
    """0, 1, or −1 for neither."""
    given = np.asarray(group)
    numbers = given.astype(float) if given.dtype.kind in "biuf" else np.full(given.shape, -1.0)
    if given.shape != (learners,) or not np.isin(numbers[np.isfinite(numbers)], (0, 1)).all():
        raise ValueError("group must hold 0 (reference), 1 (focal) or NaN for each learner")
    given = numbers
    if not ((given == 0).any() and (given == 1).any()):
        raise ValueError("there must be learners of both groups")
    return np.where(np.isfinite(given), given, -1).astype(np.int64)


def _checked(
    responses: ArrayLike, group: ArrayLike, items: Sequence[str] | None
) -> tuple[Floats, Ints, tuple[str, ...]]:
    table = table_of(responses)
    focal = groups_of(group, len(table))
    n = table.shape[1]
    names = pack(table, items, categories=np.full(n, 2), lowest=np.zeros(n, np.int64)).items
    kept = focal >= 0
    table[~kept] = np.nan
    return table, focal, names


class Classed(Protocol):
    @property
    def ets(self) -> tuple[str, ...]: ...


Found = TypeVar("Found", bound=Classed)


def on_clean_items(tested: Callable[[NDArray[np.bool_]], Found], many: int, worst: str, purify: bool) -> Found:
    """`tested` with all items to match on; to `purify` once more on those that are not of the `worst` class, where at
    least two are left."""
    found = tested(np.ones(many, bool))
    clean = np.array([each != worst for each in found.ets])
    return tested(clean) if purify and 2 <= clean.sum() < many else found


def matching_scores(table: Floats, clean: NDArray[np.bool_] | None = None) -> Floats:
    """What learners are matched on, from the `clean` items: the sum score.

    Where answers are missing, Warm's Rasch ability (which orders learners with all answers just as the sum score
    does; partial credit for graded items, a score that nobody has joined to its neighbour), cut into 20 strata of equal
    size; NaN without answers.
    """
    own = table if clean is None else table[:, clean]
    if np.isfinite(own[np.isfinite(own).any(axis=1)]).all():
        return np.asarray(np.where(np.isfinite(own).all(axis=1), own.sum(axis=1), np.nan))
    if np.nanmax(own) > 1:
        own = _steps(own)
        theta = fit(own, "pcm", standard_errors=False).scores(own, "wle").theta
    else:
        theta = fit(own, "rasch", standard_errors=False).scores(own, "wle").theta
    bounds = np.unique(np.nanquantile(theta, np.arange(1, STRATA) / STRATA))
    return np.where(np.isfinite(theta), np.searchsorted(bounds, theta), np.nan)


def _steps(table: Floats) -> Floats:
    """Each column's scores counted from 0 without gaps; columns in which all are alike say nothing and are left out."""
    kept = [column for column in table.T if len(np.unique(column[np.isfinite(column)])) > 1]
    made = [
        np.where(np.isfinite(column), np.searchsorted(np.unique(column[np.isfinite(column)]), column), np.nan)
        for column in kept
    ]
    return np.column_stack(made) if made else table


def match_for(table: Floats, item: int, clean: NDArray[np.bool_] | None, matching: ArrayLike | None) -> Floats:
    """For one item: the clean ones and itself."""
    if matching is not None:
        given = np.asarray(matching, float)
        if given.shape != (len(table),):
            raise ValueError("matching must hold one score for each learner")
        return given
    if clean is not None:
        clean = clean.copy()
        clean[item] = True
    return matching_scores(table, clean)


def _mantel_haenszel(
    table: Floats,
    focal: Ints,
    names: tuple[str, ...],
    clean: NDArray[np.bool_],
    matching: ArrayLike | None,
    fewest: int,
) -> MantelHaenszel:
    of_clean = match_for(table, int(np.argmax(clean)), clean, matching)
    counts = []
    for item in range(len(names)):
        match = of_clean if clean[item] or matching is not None else match_for(table, item, clean, matching)
        counts.append(strata_counts(table[:, item], match, focal))
    found = np.array([_common_odds(each, fewest) for each in counts])
    log_odds, variance, statistic = found.T
    delta, se = ETS * log_odds, abs(ETS) * np.sqrt(variance)
    p = chi2.sf(statistic, 1)
    many = np.array([[int(each[:, side].sum()) for side in (0, 1)] for each in counts])
    classes = tuple(ets_class(*row) for row in zip(delta, se, p, strict=True))
    return MantelHaenszel(names, np.exp(log_odds), delta, se, statistic, p, classes, many[:, 0], many[:, 1])


def strata_counts(scores: Floats, match: Floats, focal: Ints) -> Floats:
    """Answers by stratum, group (reference, focal) and score (0, 1)."""
    there = np.isfinite(scores) & np.isfinite(match) & (focal >= 0)
    _, stratum = np.unique(match[there], return_inverse=True)
    place = (stratum * 2 + focal[there]) * 2 + scores[there].astype(np.int64)
    strata = int(stratum.max(initial=-1)) + 1
    return np.bincount(place, minlength=strata * 4).reshape(strata, 2, 2).astype(float)


def _common_odds(counts: Floats, fewest: int) -> tuple[float, float, float]:
    """Log of the common odds ratio, its variance, and the chi-square; NaN with too few answers or one-sided strata."""
    if len(counts) == 0 or counts.sum(axis=(0, 2)).min() < fewest:
        return np.nan, np.nan, np.nan
    n = counts.sum(axis=(1, 2))
    counts, n = counts[n > 1], n[n > 1]
    (b, a), (d, c) = counts[:, 0].T, counts[:, 1].T  # right: a, c; wrong: b, d
    r, s = a * d / n, b * c / n
    if r.sum() == 0 or s.sum() == 0:
        return np.nan, np.nan, np.nan
    u = (a * d + (r.sum() / s.sum()) * b * c) * (a + d + (r.sum() / s.sum()) * (b + c))
    variance = float((u / n**2).sum() / (2 * r.sum() ** 2))
    reference, right = a + b, a + c
    spread = (reference * (c + d) * right * (b + d) / (n**2 * (n - 1))).sum()
    off = max(abs(float((a - reference * right / n).sum())) - 0.5, 0.0)
    return float(np.log(r.sum() / s.sum())), variance, float(off**2 / spread)


def ets_class(delta: float, se: float, p: float) -> str:
    """A, B or C; "" where delta is NaN.

    >>> ets_class(-1.8, 0.3, 0.0001), ets_class(-1.8, 0.6, 0.004), ets_class(0.9, 0.1, 0.001)
    ('C', 'B', 'A')
    """
    if not np.isfinite(delta):
        return ""
    if abs(delta) < SMALL or p >= TWO_SIDED:
        return "A"
    return "C" if abs(delta) >= LARGE and (abs(delta) - SMALL) / se > ONE_SIDED else "B"


def _regressions(scores: Floats, match: Floats, focal: Ints, fewest: int) -> tuple[float, float, float, float, float]:
    """Uniform G², G² of both, rise of R², log odds of the group and its error."""
    counts = strata_counts(scores, match, focal)
    none = (np.nan,) * 5
    if len(counts) < 2 or counts.sum(axis=(0, 2)).min() < fewest or counts.sum(axis=(0, 1)).min() == 0:
        return none
    there = np.isfinite(scores) & np.isfinite(match) & (focal >= 0)
    levels = np.unique(match[there])
    x = np.repeat((levels - levels.mean()) / max(levels.std(), 1e-12), 2)
    g = np.tile([0.0, 1.0], len(levels))
    wrong, right = counts.reshape(-1, 2).T
    design = np.column_stack([np.ones_like(x), x, g, x * g])
    fitted = [_logistic(design[:, :columns], right, right + wrong) for columns in (1, 2, 3, 4)]
    if any(each is None for each in fitted):
        return none
    (null, _, _), (base, _, _), (uniform, beta, covariance), (both, _, _) = (each for each in fitted if each)
    rise = nagelkerke(both, null, right.sum() + wrong.sum()) - nagelkerke(base, null, right.sum() + wrong.sum())
    return 2 * (uniform - base), 2 * (both - base), rise, float(beta[2]), float(np.sqrt(covariance[2, 2]))


def nagelkerke(value: float, null: float, n: float) -> float:
    return float((1 - np.exp(2 * (null - value) / n)) / (1 - np.exp(2 * null / n)))


def _logistic(x: Floats, right: Floats, n: Floats) -> tuple[float, Floats, Floats] | None:
    """Log-likelihood, coefficients and their covariance; None when they run away (separated answers)."""
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((right.sum() + 0.5) / ((n - right).sum() + 0.5))
    value = _binomial(x @ beta, right, n)
    for _ in range(NEWTON):
        p = expit(x @ beta)
        information = (x * (n * p * (1 - p))[:, None]).T @ x
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, x.T @ (right - n * p))
        new = _binomial(x @ (beta + step), right, n)
        while new < value - 1e-9 * abs(value) and np.abs(step).max() > 1e-10:
            step /= 2
            new = _binomial(x @ (beta + step), right, n)
        beta, value = beta + step, new
        if np.abs(step).max() < 1e-8:
            return value, beta, np.linalg.inv(information)
    return None


def _binomial(eta: Floats, right: Floats, n: Floats) -> float:
    return float((right * eta - n * np.logaddexp(0.0, eta)).sum())


def classes_by(effect: Floats, p: Floats, bounds: tuple[float, float]) -> tuple[str, ...]:
    """By the size of an effect, where it is significant."""
    return tuple(
        ""
        if not np.isfinite(size)
        else "A"
        if size < bounds[0] or at >= TWO_SIDED
        else "B"
        if size <= bounds[1]
        else "C"
        for size, at in zip(effect, p, strict=True)
    )

"""What a test would do: bias, error, violated constraints and exposure, before any pupil sits it.

Source of the exposure parameters: Sympson & Hetter (1985), Controlling item-exposure rates in computerized adaptive
testing, Proceedings of the 27th annual meeting of the Military Testing Association, 973–977.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from yincai.measurement.adaptive import selection
from yincai.measurement.adaptive.plan import Plan, plan
from yincai.measurement.adaptive.pool import Floats, Ints, Pool
from yincai.measurement.adaptive.rules import Rules
from yincai.measurement.adaptive.sitting import Sitting, answer, begin, done, next_item, result


@dataclass(frozen=True)
class Simulation:
    """Of m pupils: `truth`, `estimates`, `se`, `lengths` (m,); `exposure` (n,) shares of sittings that held each item;
    `violations` (m,) how many constraints each sitting broke; `reasons`: how often each reason chose an item;
    `ends`: how often each rule ended a sitting."""

    truth: Floats
    estimates: Floats
    se: Floats
    lengths: Ints
    exposure: Floats
    violations: Ints
    reasons: Mapping[str, int]
    ends: Mapping[str, int]

    @property
    def bias(self) -> float:
        return float(np.mean(self.estimates - self.truth))

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean((self.estimates - self.truth) ** 2)))

    @property
    def violating(self) -> float:
        """The share of sittings that broke a constraint."""
        return float(np.mean(self.violations > 0))

    @property
    def overlap(self) -> float:
        """The share of a test that two pupils have in common on average (Chen, Ankenmann & Spray 2003)."""
        total = float(self.exposure.sum())
        return float((self.exposure**2).sum() / total) if total else 0.0

    def __str__(self) -> str:
        return (
            f"{len(self.truth)} sittings of {self.lengths.mean():.1f} items: "
            f"bias {self.bias:+.3f}, RMSE {self.rmse:.3f}, "
            f"{self.violating:.1%} broke a constraint, highest exposure {self.exposure.max():.0%}, "
            f"overlap {self.overlap:.0%}"
        )


def probability(pool: Pool, theta: float, item: int) -> float:
    return float(pool.c[item] + (1 - pool.c[item]) / (1 + np.exp(-pool.a[item] * (theta - pool.b[item]))))


def drawn(pool: Pool, rng: np.random.Generator) -> Pool:
    """The pool with parameters drawn within their standard errors: a log-normal, so that it stays positive, b normal.

    For `truth`: pupils who answer by curves that the test knows only as well as the standard errors say.

    >>> known = Pool(a=[1.0] * 2, b=[0.0] * 2, c=[0.2] * 2, se_b=[0.0, 0.5])
    >>> drawn(known, np.random.default_rng(1)).b.round(2).tolist()
    [0.0, -0.65]
    """
    none = np.zeros(pool.n)
    se_a, se_b = (none if each is None else each for each in (pool.se_a, pool.se_b))
    a = pool.a * np.exp(se_a / pool.a * rng.normal(size=pool.n))
    return replace(pool, a=a, b=pool.b + se_b * rng.normal(size=pool.n), se_a=None, se_b=None)


def simulate(
    plan: Plan,
    abilities: ArrayLike,
    rng: np.random.Generator,
    truth: Pool | None = None,
    draws: ArrayLike | None = None,
) -> Simulation:
    """One sitting for each of the m abilities, all interleaved, as a busy server has them.

    `truth`: a pool with the true parameters, where the plan's are estimates. `draws` (m, n) in [0, 1): pupil p answers
    item i rightly when draws[p, i] is below the probability (for comparing methods on the same answers).

    >>> pool = Pool(a=[1.5] * 40, b=np.linspace(-3, 3, 40), c=[0.0] * 40)
    >>> from yincai.measurement.adaptive.plan import plan
    >>> found = simulate(plan(pool, Rules(length=15)), [-1.0, 0.0, 1.0] * 20, np.random.default_rng(1))
    >>> found.rmse < 0.6 and abs(found.bias) < 0.2
    True
    """
    thetas = np.atleast_1d(np.asarray(abilities, np.float64))
    pool, held = truth or plan.pool, None if draws is None else np.asarray(draws)
    sittings = [begin(plan, seed=int(rng.integers(2**63))) for _ in thetas]
    reasons: Counter[str] = Counter()
    ends: dict[int, str] = {}
    while len(ends) < len(sittings):
        for p, sitting in enumerate(sittings):
            if p in ends:
                continue
            choice = next_item(plan, sitting, rng)
            draw = rng.random() if held is None else held[p, choice.item]
            sittings[p] = answer(plan, sitting, choice.item, int(draw < probability(pool, thetas[p], choice.item)))
            reasons[choice.reason] += 1
            over = done(plan, sittings[p])
            if over:
                ends[p] = over
    return summary(plan, thetas, sittings, reasons, Counter(ends.values()))


def summary(
    plan: Plan, thetas: Floats, sittings: list[Sitting], reasons: Mapping[str, int], ends: Mapping[str, int]
) -> Simulation:
    found = [result(plan, one) for one in sittings]
    seen = np.zeros(plan.pool.n)
    for one in sittings:
        seen[one.asked] += 1
    return Simulation(
        truth=thetas,
        estimates=np.array([one.ability for one in found]),
        se=np.array([one.se for one in found]),
        lengths=np.array([one.n for one in found], np.int32),
        exposure=seen / max(1, len(sittings)),
        violations=np.array([broken(plan, one.asked) for one in sittings], np.int32),
        reasons=dict(reasons),
        ends=dict(ends),
    )


def broken(plan: Plan, asked: Ints) -> int:
    """How many constraints these items break; groups of enemies that met count too."""
    counts, t = selection.class_counts(plan.tables, asked), plan.tables
    content = int(((counts < t.least) | (counts > t.most)).sum())
    held = set(asked.tolist())
    return content + sum(len(held.intersection(group)) > 1 for group in plan.pool.enemies)


def sympson_hetter(
    pool: Pool,
    rules: Rules,
    most: ArrayLike,
    abilities: ArrayLike,
    rng: np.random.Generator,
    rounds: int = 8,
    truth: Pool | None = None,
) -> Floats:
    """Exposure parameters (n,) with which no item is seen by more than about the share `most` of such pupils.

    `most`: in (0, 1], for all items or (n,) for each. `abilities` (m,): a sample of the pupils; each round simulates
    one sitting for each, answered as `truth` says (see `simulate`). An item that would be selected with probability s
    gets most / s when that is below one. Use as `Pool(…, exposure=…)`. Raises ValueError where the items' shares add up
    to less than a test.

    >>> pool, rules = Pool(a=[2.0] + [1.0] * 9, b=[0.0] * 10, c=[0.0] * 10), Rules(length=2)
    >>> found = sympson_hetter(pool, rules, 0.5, [0.0] * 200, np.random.default_rng(1))
    >>> limited = plan(replace(pool, exposure=found), rules)
    >>> [
    ...     round(float(simulate(each, [0.0] * 200, np.random.default_rng(2)).exposure.max()), 1)
    ...     for each in (plan(pool, rules), limited)
    ... ]
    [1.0, 0.5]
    """
    most = np.broadcast_to(np.asarray(most, np.float64), pool.n)
    if not ((most > 0) & (most <= 1)).all() or rules.length > most.sum():
        raise ValueError(
            f"tests of {rules.length} items from a pool of {pool.n} show some item to at least "
            f"{rules.length / pool.n:.0%} of the pupils; `most` must be higher"
        )
    exposure = np.ones(pool.n)
    for _ in range(rounds):
        found = simulate(plan(replace(pool, exposure=exposure), rules), abilities, rng, truth)
        selected = found.exposure / np.maximum(exposure, 1e-9)
        exposure = np.where(selected > most, most / np.maximum(selected, 1e-9), 1.0)
        always = np.argsort(-exposure, kind="stable")[: rules.length]
        exposure[always] = 1.0  # a sitting must be able to reach its length
    return exposure

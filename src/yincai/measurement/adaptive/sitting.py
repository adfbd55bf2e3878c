"""A sitting: one pupil's adaptive test, from the first question to the result.

The state is a value. Each function takes the plan and a state and gives a new one, so that a web platform keeps one
row of some hundred bytes for each sitting and any process can go on with it.

>>> import numpy as np
>>> from yincai.measurement import adaptive
>>> pool = adaptive.Pool(a=[1.2] * 9, b=np.linspace(-2, 2, 9), c=[0.0] * 9)
>>> plan = adaptive.plan(pool, adaptive.Rules(length=4, cuts=(0.0,)))
>>> rng, sitting = np.random.default_rng(7), adaptive.begin(plan)
>>> while not adaptive.done(plan, sitting):
...     choice = adaptive.next_item(plan, sitting, rng)
...     sitting = adaptive.answer(plan, sitting, choice.item, score=int(pool.b[choice.item] < 0.8))
>>> sitting.asked.tolist(), sitting.scores.tolist()
([4, 5, 6, 7], [1, 1, 0, 0])
>>> found = adaptive.result(plan, sitting)
>>> print(found)
0.40 ± 0.69 after 4 items
>>> [round(share, 2) for share in found.bands]
[0.27, 0.73]
>>> adaptive.Sitting.unpack(sitting.pack()) == sitting
True
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from yincai.measurement.adaptive import ability, selection
from yincai.measurement.adaptive.plan import Plan, Tables
from yincai.measurement.adaptive.pool import Flags, Floats, Ints

HEAD = struct.Struct("<BIQdHH")  # version, fingerprint of the pool, seed, seconds, items asked, nodes
VERSION = 1


def sealed(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Sitting:
    """`asked` (n,) items in order, `scores` (n,) 0 or 1, `log_posterior` (q,) on the rules' grid up to a constant."""

    fingerprint: int
    seed: int
    seconds: float
    asked: Ints
    scores: Ints
    log_posterior: Floats

    def pack(self) -> bytes:
        """As bytes: 25 + 5 for each answer + 8 for each node (at 20 items and 61 nodes: 613)."""
        head = HEAD.pack(VERSION, self.fingerprint, self.seed, self.seconds, len(self.asked), len(self.log_posterior))
        scores = self.scores.astype("<i1").tobytes()
        return head + self.asked.astype("<i4").tobytes() + scores + self.log_posterior.astype("<f8").tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Sitting:
        if len(packed) < HEAD.size:
            raise ValueError("these bytes are not a sitting")
        version, fingerprint, seed, seconds, n, nodes = HEAD.unpack_from(packed)
        if version != VERSION or len(packed) != HEAD.size + 5 * n + 8 * nodes:
            raise ValueError(f"these bytes are not a sitting of version {VERSION}")
        asked = np.frombuffer(packed, "<i4", n, HEAD.size).astype(np.int32)
        scores = np.frombuffer(packed, "<i1", n, HEAD.size + 4 * n).astype(np.int32)
        grid = np.frombuffer(packed, "<f8", nodes, HEAD.size + 5 * n).astype(np.float64)
        return cls(fingerprint, seed, seconds, sealed(asked), sealed(scores), sealed(grid))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sitting) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())

    def __repr__(self) -> str:
        return f"Sitting({len(self.asked)} items, {int(self.scores.sum())} right)"


class Choice(NamedTuple):
    """`reason`: "start", "priority", "shadow", "set" (goes on with an item set), "exposure gave way" (every
    allowed item was barred by the lottery) or "content gave way" (no item could keep all constraints)."""

    item: int
    reason: str


@dataclass(frozen=True)
class Result:
    """`ability` and `se` on the logit scale by the rules' estimator; `interval` and `bands` from the posterior."""

    ability: float
    se: float
    interval: tuple[float, float]
    confidence: float
    bands: tuple[float, ...]
    n: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.ability:.2f} ± {self.se:.2f} after {self.n} items"


def begin(plan: Plan, seed: int | None = None, mean: float | None = None, sd: float | None = None) -> Sitting:
    """A new sitting; `seed` (of this sitting alone, 0 ≤ seed < 2⁶⁴) is needed where the pool limits exposure.

    `mean` and `sd` of the ability before the test, where more is known of this pupil than the rules say.
    """
    if seed is None and len(plan.exposure):
        raise ValueError("a pool with exposure parameters needs a seed of its own for each sitting")
    centre, spread = plan.rules.mean if mean is None else mean, plan.rules.sd if sd is None else sd
    if not spread > 0 or not plan.rules.low < centre < plan.rules.high:
        raise ValueError(f"the prior N({centre}, {spread}²) does not lie on the grid of the rules")
    prior = -0.5 * ((plan.tables.nodes - centre) / spread) ** 2
    nothing = sealed(np.zeros(0, np.int32))
    return Sitting(plan.pool.fingerprint, (seed or 0) % 2**64, 0.0, nothing, nothing, sealed(prior))


def next_item(plan: Plan, sitting: Sitting, rng: np.random.Generator) -> Choice:
    """Which item to ask now, and why. Asks nothing twice; raises LookupError when the pool has nothing left."""
    check(plan, sitting)
    following = selection.pending(plan.tables, sitting.asked)
    if following >= 0:
        return Choice(int(following), "set")
    starts = len(sitting.asked) < plan.rules.start.items and plan.rules.start.kind != "prior"
    theta = start_at(plan, rng) if starts else estimate(plan, sitting)[0]
    criterion = selection.CRITERIA[plan.rules.criterion]
    values = selection.item_values(plan.tables, sitting.log_posterior, theta, starts, criterion)
    barred = selection.lottery(np.uint64(sitting.seed), plan.exposure) if len(plan.exposure) else plan.nobody_barred
    reason = "start" if starts else plan.rules.balance
    if plan.rules.balance == "shadow":
        return by_shadow(plan, sitting, rng, values, barred, reason)
    return by_priority(plan, sitting, rng, values, barred, reason)


def start_at(plan: Plan, rng: np.random.Generator) -> float:
    start = plan.rules.start
    return start.low if start.kind == "at" else float(rng.uniform(start.low, start.high))


def by_priority(
    plan: Plan, sitting: Sitting, rng: np.random.Generator, values: Floats, barred: Flags, reason: str
) -> Choice:
    steps = [(barred, False, reason), (plan.nobody_barred, True, "content gave way")]
    if len(plan.exposure):
        steps.insert(1, (plan.nobody_barred, False, "exposure gave way"))
    for out, relaxed, why in steps:
        item = pick(plan, plan.tables, sitting, rng, values, out, relaxed)
        if item >= 0:
            return Choice(item, why)
    raise LookupError("the pool has no item left for this sitting")


def by_shadow(
    plan: Plan, sitting: Sitting, rng: np.random.Generator, values: Floats, barred: Flags, reason: str
) -> Choice:
    """From the best whole test that keeps what was asked and every constraint; by priority where there is none."""
    for out, why in ((barred, reason), (plan.nobody_barred, "exposure gave way")):
        with plan.lock:
            outside = plan.shadow.outside(values, sitting.asked, out)
        if outside is not None:
            return Choice(pick(plan, plan.unconstrained, sitting, rng, values, outside, False), why)
        if not len(plan.exposure):
            break
    return by_priority(plan, sitting, rng, values, barred, reason)


def pick(
    plan: Plan,
    tables: Tables,
    sitting: Sitting,
    rng: np.random.Generator,
    values: Floats,
    barred: Flags,
    relaxed: bool,
) -> int:
    rules = plan.rules
    noise = rng.random(plan.pool.n) if rules.progressive else plan.no_noise
    draw = rng.random() if rules.randomesque > 1 else 0.0
    share = min(1.0, len(sitting.asked) / max(1, rules.length - 1))
    k = rules.randomesque
    return int(selection.choose(tables, values.copy(), sitting.asked, barred, relaxed, k, draw, noise, share))


@njit(cache=True)
def updated(log_posterior: Floats, nodes: Floats, item: Floats, right: bool) -> Floats:
    a, b, c, va, vb = item[0], item[1], item[2], item[3], item[4]
    after = np.empty_like(log_posterior)
    for q in range(after.shape[0]):
        p = ability.curve(nodes[q], a, b, c, va, vb)[0] if right else ability.wrong(nodes[q], a, b, c, va, vb)
        after[q] = log_posterior[q] + np.log(p)
    return after


def answer(plan: Plan, sitting: Sitting, item: int, score: int, seconds: float = 0.0) -> Sitting:
    """After the answer to `item` (1 right, 0 wrong), which took `seconds`."""
    check(plan, sitting)
    if score not in (0, 1):
        raise ValueError(f"the score of an answer is 0 or 1, not {score!r}")
    if not 0 <= item < plan.pool.n:
        raise ValueError(f"the pool has items 0 … {plan.pool.n - 1}, not {item}")
    if (sitting.asked == item).any():
        raise ValueError(f"item {item} was answered already")
    if not seconds >= 0:
        raise ValueError("seconds must not be negative")
    t = plan.tables
    after = updated(sitting.log_posterior, t.nodes, t.items[:, item], score == 1)
    return Sitting(
        sitting.fingerprint,
        sitting.seed,
        sitting.seconds + seconds,
        longer(sitting.asked, item),
        longer(sitting.scores, score),
        sealed(after),
    )


def longer(held: Ints, last: int) -> Ints:
    copy = np.empty(len(held) + 1, np.int32)
    copy[:-1] = held
    copy[-1] = last
    return sealed(copy)


def estimate(plan: Plan, sitting: Sitting) -> tuple[float, float]:
    """Ability and standard error so far by the rules' estimator (before the first answer always the prior's)."""
    rules, n = plan.rules, len(sitting.asked)
    if rules.estimator == "eap" or n == 0:
        mean, deviation = ability.moments(sitting.log_posterior, plan.tables.nodes)
        return float(mean), float(deviation)
    items, right = np.ascontiguousarray(plan.tables.items[:, sitting.asked]), int(sitting.scores.sum())
    if rules.estimator == "mle" and right in (0, n):
        theta = dodd(plan, n, right > 0)
    else:
        theta = ability.root(items, sitting.scores, rules.estimator == "wle", rules.low, rules.high, rules.nodes)
    return float(theta), 1.0 / sqrt(ability.score_function(theta, items, sitting.scores, False)[1])


def dodd(plan: Plan, n: int, right: bool) -> float:
    """Half-way to the hardest (easiest) item of the pool with each answer, while all are right (wrong) (Dodd 1990)."""
    edge = float(plan.pool.b.max() if right else plan.pool.b.min())
    return edge + (plan.rules.mean - edge) * 0.5**n


def done(plan: Plan, sitting: Sitting, seconds: float | None = None) -> str | None:
    """Why the test is over ("length", "seconds", "exhausted", "precision", "classified"), or None.

    `seconds`: the time used, where the platform's own clock should rule and not the sum of the answers' seconds.
    """
    check(plan, sitting)
    rules, n = plan.rules, len(sitting.asked)
    if n >= rules.length:
        return "length"
    if rules.seconds is not None and (sitting.seconds if seconds is None else seconds) >= rules.seconds:
        return "seconds"
    if n >= plan.pool.n:
        return "exhausted"
    if n < rules.least_items or not may_end(plan, sitting):
        return None
    if rules.precision is not None and estimate(plan, sitting)[1] <= rules.precision:
        return "precision"
    return "classified" if rules.classify and in_one_band(plan, sitting) else None


def may_end(plan: Plan, sitting: Sitting) -> bool:
    """Whether no item set is broken off and every minimum is met."""
    if plan.rules.precision is None and not plan.rules.classify:
        return True
    if selection.pending(plan.tables, sitting.asked) >= 0:
        return False
    return bool((selection.class_counts(plan.tables, sitting.asked) >= plan.tables.least).all())


def in_one_band(plan: Plan, sitting: Sitting) -> bool:
    low, high = ability.interval(sitting.log_posterior, plan.tables.nodes, plan.rules.confidence)
    return not any(low <= cut <= high for cut in plan.rules.cuts)


def result(plan: Plan, sitting: Sitting) -> Result:
    """The estimate with its uncertainty; before any answer it is the prior."""
    check(plan, sitting)
    theta, error = estimate(plan, sitting)
    nodes, rules = plan.tables.nodes, plan.rules
    return Result(
        ability=theta,
        se=error,
        interval=ability.interval(sitting.log_posterior, nodes, rules.confidence),
        confidence=rules.confidence,
        bands=ability.band_probabilities(sitting.log_posterior, nodes, rules.cuts),
        n=len(sitting.asked),
        seconds=sitting.seconds,
    )


def check(plan: Plan, sitting: Sitting) -> None:
    if sitting.fingerprint != plan.pool.fingerprint or len(sitting.log_posterior) != len(plan.tables.nodes):
        raise ValueError("this sitting began with another pool or grid; go on with the version it began with")

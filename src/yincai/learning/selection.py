"""The next item: chosen by mastery, readiness, information near the target success rate, due reviews and exposure.

Pure functions over arrays; the caller brings the pool, the pupil's standing, the wish of the sitting and the dice.
What a teacher pinned, ordered or banned comes first; then a review that is due; then the point the pupil is ready to
grow at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.pool import Pool

Floats = NDArray[np.float64]
READY = 0.6  # a point is ready when each prerequisite is at least this likely to be known
AMONG = 4  # the item is drawn from this many best, so that neighbours get different ones
WIDTH = 0.18  # how far from the target success rate an item still informs
RECENT_PENALTY = 4.0


@dataclass(frozen=True)
class Wish:
    """What the sitting is about. Empty `slots`: the platform chooses. `sequence`: items in the teacher's order."""

    grade: int
    target: float
    slots: frozenset[int] = frozenset()
    sequence: tuple[int, ...] = ()
    pinned: frozenset[int] = frozenset()
    banned: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Standing:
    """What is known of the pupil now. Per slot: `known` (probability of success on a typical item), `seen` (answers),
    `due` (a review is due), `ready` (least `known` among prerequisites; 1 where there are none). Per item: `chance`
    of success and its standard error `doubt`."""

    known: Floats
    seen: NDArray[np.int64]
    due: NDArray[np.bool_]
    ready: Floats
    chance: Floats
    doubt: Floats
    recent: dict[int, int] = field(default_factory=dict)  # item → how many answers ago
    last_slot: int = -1


@dataclass(frozen=True)
class Pick:
    """`index` into the candidates, and why, in words the pupil may read."""

    index: int
    reason: str


def pick(pool: Pool, now: Standing, wish: Wish, dice: np.random.Generator) -> Pick | None:
    """The next item, or None when nothing in the pool fits the wish."""
    ordered = _next_in_order(pool, now, wish)
    if ordered is not None:
        return Pick(ordered, "老师排的题")
    allowed = _allowed(pool, wish)
    if not allowed.any():
        return None
    score = _scores(pool, now, wish, allowed)
    best = np.argsort(-score)[: min(AMONG, int(allowed.sum()))]
    best = best[np.isfinite(score[best])]
    weights = np.exp(score[best] - score[best].max())
    index = int(dice.choice(best, p=weights / weights.sum()))
    return Pick(index, _reason(pool, now, wish, index))


def _next_in_order(pool: Pool, now: Standing, wish: Wish) -> int | None:
    for item in wish.sequence:
        at = None if item in now.recent or item in wish.banned else pool.position(item)
        if at is not None:
            return at
    return None


def _allowed(pool: Pool, wish: Wish) -> NDArray[np.bool_]:
    allowed = np.ones(pool.items.size, dtype=bool)
    if wish.banned:
        allowed &= ~np.isin(pool.items, _array(wish.banned))
    if wish.slots:
        return allowed & np.isin(pool.slots, _array(wish.slots)).any(axis=1)
    return allowed & (pool.grade <= wish.grade) & (pool.grade >= wish.grade - 2)


def _scores(pool: Pool, now: Standing, wish: Wish, allowed: NDArray[np.bool_]) -> Floats:
    """Higher is better: near the target, ready, not yet mastered or due, fresh."""
    slots = np.where(pool.slots < 0, 0, pool.slots)
    real = pool.slots >= 0
    near = np.exp(-(((now.chance - wish.target) / WIDTH) ** 2))
    ready = np.where(real, now.ready[slots], 1.0).min(axis=1)
    known = np.where(real, now.known[slots], 1.0).min(axis=1)
    due = (real & now.due[slots]).any(axis=1)
    same = (pool.slots == now.last_slot).any(axis=1) if now.last_slot >= 0 else np.zeros(pool.items.size, dtype=bool)
    score = 2.0 * near + 0.8 * now.doubt / 0.25 + 1.5 * due
    score = score + np.where(ready < READY, -3.0 * (READY - ready), 0.0)
    score = score + np.where((known > 0.9) & ~due, -1.5, 0.0)
    score = score + np.where(same & (known < 0.9), 0.6, 0.0)
    score = score - 0.25 * np.maximum(0, wish.grade - pool.grade)
    score = score + np.isin(pool.items, _array(wish.pinned)) * 3.0
    score = score - _exposure(pool, now)
    return np.where(allowed, score, -np.inf)


def _exposure(pool: Pool, now: Standing) -> Floats:
    """An item just seen waits: strongly when it was the last, hardly after thirty others."""
    penalty = np.zeros(pool.items.size)
    for item, ago in now.recent.items():
        at = pool.position(item)
        if at is not None:
            penalty[at] = RECENT_PENALTY / (1 + ago / 4)
    return penalty


def _reason(pool: Pool, now: Standing, wish: Wish, index: int) -> str:
    slots = [int(slot) for slot in pool.slots[index] if slot >= 0]
    if int(pool.items[index]) in wish.pinned:
        return "老师推荐的题"
    if any(now.due[slot] for slot in slots):
        return "学过一阵子了，温习一下"
    if slots and min(now.seen[slot] for slot in slots) == 0:
        return "新的知识点，前面的基础你已经有了"
    if now.last_slot in slots:
        return "接着练刚才的知识点"
    return "这道题的难度正合适"


def _array(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, dtype=np.int64)

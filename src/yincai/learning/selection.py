"""The next item: chosen by mastery, readiness, information near the target success rate, due reviews and exposure.

Pure functions over arrays; the caller brings the pool, the pupil's standing, the wish of the sitting and the dice.
What a teacher banned never comes, what is in order comes first, what is pinned is preferred; then a review that is
due; then the point the pupil is ready to grow at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from yincai.knowledge.pool import Pool

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
Closer = Callable[[Places], tuple[Floats, Floats]]
READY = 0.6  # a point is ready when each prerequisite is at least this likely to be known
NOT_READY = 0.35  # below this it waits while anything else fits
KNOWN = 0.9  # from here on a point rests until its review is due
LOOKED_AT = 50  # candidates whose chance is worked out with care
AMONG = 4  # the item is drawn from this many best, so that neighbours get different ones
CLOSE = 1.0  # and none that is worse than the best by more than this
FAR = 7.0  # what an item loses for each unit of chance away from the target success rate
UNSURE = 3.0  # what it gains for each unit of doubt about that chance: there is most to be learned
JUST_SEEN = 4.0  # what keeps the last item from coming at once again
OTHER_NUMBERS = 0.3  # of that, for a generator: it comes with other numbers
NEVER = -1e3


@dataclass(frozen=True)
class Wish:
    """What the sitting is about. `wanted`: a mask over the subject's slots; an item fits when one of its points is
    wanted, or, where `whole`, each of them. `sequence`: items in the teacher's order."""

    grade: int
    target: float
    wanted: Mask
    whole: bool = False
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
    due: Mask
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


def pick(pool: Pool, now: Standing, wish: Wish, dice: np.random.Generator, closer: Closer | None = None) -> Pick | None:
    """The next item, or None when nothing in the pool fits the wish. `closer`: chance and doubt of the LOOKED_AT best
    candidates (positions), worked out with more care than `now` has them."""
    ordered = _next_in_order(pool, now, wish)
    if ordered is not None:
        return Pick(ordered, "老师排的题")
    allowed = _allowed(pool, wish)
    fitting = int(allowed.sum())
    if not fitting:
        return None
    score = _scores(pool, now, wish, allowed)
    best = _best(score, min(LOOKED_AT, fitting))
    if closer is not None:
        gained = _appeal(wish, *closer(best)) - _appeal(wish, now.chance[best], now.doubt[best])
        score[best] += gained
        best = best[np.argsort(-score[best], kind="stable")]
    best = best[:AMONG]
    best = best[score[best] > score[best[0]] - CLOSE]
    weights = np.exp(2.0 * (score[best] - score[best[0]]))
    index = int(dice.choice(best, p=weights / weights.sum()))
    return Pick(index, _reason(pool, now, wish, index))


def _best(score: Floats, few: int) -> Places:
    """Positions of so many highest scores, the highest first."""
    best = np.argpartition(-score, few - 1)[:few]
    return np.asarray(best[np.argsort(-score[best], kind="stable")])


def _next_in_order(pool: Pool, now: Standing, wish: Wish) -> int | None:
    for item in wish.sequence:
        at = None if item in now.recent or item in wish.banned else pool.position(item)
        if at is not None:
            return at
    return None


def _allowed(pool: Pool, wish: Wish) -> Mask:
    allowed = _any(pool, wish.wanted)
    if wish.whole:
        allowed &= ~_any(pool, ~wish.wanted)
    allowed[_positions(pool, wish.banned)] = False
    return allowed


def _any(pool: Pool, marks: Mask) -> Mask:
    """Whether one of an item's points is marked. Column by column: an item has few points, the pool many items."""
    return reduce(np.logical_or, ((own >= 0) & marks[own] for own in pool.slots.T))


def _least(pool: Pool, values: Floats) -> Floats:
    """The smallest value among an item's points, at most 1."""
    return reduce(np.minimum, (np.where(own >= 0, values[own], 1.0) for own in pool.slots.T))


def _scores(pool: Pool, now: Standing, wish: Wish, allowed: Mask) -> Floats:
    """Higher is better: near the target, ready, not yet mastered or due, fresh."""
    ready, known, due = _least(pool, now.ready), _least(pool, now.known), _any(pool, now.due)
    same = reduce(np.logical_or, (own == now.last_slot for own in pool.slots.T)) & (now.last_slot >= 0)
    score = _appeal(wish, now.chance, now.doubt) + 1.5 * due
    score -= 4.0 * np.maximum(READY - ready, 0.0) + np.where(ready < NOT_READY, 20.0, 0.0)
    score -= np.where((known > KNOWN) & ~due, 1.5, 0.0)
    score += np.where(same & (known < KNOWN), 0.6, 0.0)
    score -= 0.25 * np.maximum(0, wish.grade - pool.grade)
    score[_positions(pool, wish.pinned)] += 3.0
    at, seen = _placed(pool, now.recent)
    ago = np.fromiter(now.recent.values(), float, len(now.recent))[seen]
    score[at] -= JUST_SEEN / (1 + ago / 4) * np.where(pool.is_generator[at], OTHER_NUMBERS, 1.0)
    return np.where(allowed, score, NEVER)


def _appeal(wish: Wish, chance: Floats, doubt: Floats) -> Floats:
    """What the chance of success alone makes of an item."""
    return -FAR * np.abs(chance - wish.target) + UNSURE * doubt


def _positions(pool: Pool, items: Collection[int]) -> Places:
    return _placed(pool, items)[0]


def _placed(pool: Pool, items: Collection[int]) -> tuple[Places, Mask]:
    """Where those of the items that are in the pool stand, and which of the items these are."""
    wanted = np.fromiter(items, np.int64, len(items))
    if not len(pool):
        return np.zeros(0, np.intp), np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(pool.items, wanted), len(pool) - 1)
    there = pool.items[at] == wanted
    return at[there], there


def _reason(pool: Pool, now: Standing, wish: Wish, index: int) -> str:
    slots = [int(slot) for slot in pool.slots[index] if slot >= 0]
    if int(pool.items[index]) in wish.pinned:
        return "老师推荐的题"
    if any(now.due[slot] for slot in slots):
        return "学过一阵子了，温习一下"
    if all(now.seen[slot] == 0 for slot in slots):
        return "新的知识点，从合适的难度开始"
    if now.last_slot in slots:
        return "接着练刚才的知识点"
    return "这道题的难度正合适"

"""Smoothed target means: how often a unit is answered rightly after just these answers.

A context is a unit with what came before it; longer ones lean on shorter ones where they are rare:

    mean(k) = (right + a · mean(k − 1)) / (n + a)

and the same of the excess: the outcome less what all but the context makes expect (`slopes`), leaning on 0.

In fitting, a row's means come from the learners of other folds alone, or the trees would learn to trust a mean that
holds the very answer. What is expected of those other answers must not have seen the row's own fold either, so each
fold has an excess of its own for every other row.

Source: Micci-Barreca (2001), A preprocessing scheme for high-cardinality categorical attributes, SIGKDD Explorations 3,
27–32; the ladder of contexts is that of Katz (1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.compiled import compiled

Single = NDArray[np.float32]
Keys = NDArray[np.uint64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

NAMES = ("item", "1", "2", "3", "4", "5", "other", "own", "own 1", "other 2", "units 2", "units 4", "units 8")
KINDS = len(NAMES)  # contexts of a row, in the order of `keys_of`
COUNTED = np.array([1, 2, 3, 5, 7, 9, 10, 12], np.int64)  # those whose count is a feature
BACK = 8  # answers that the longest context goes back
# what each kind leans on: another kind, or −1 for the unit's own mean
LEANS_ON = np.array([-1, -1, 1, 2, 3, 4, -1, -1, 7, 6, -1, 10, 11], np.int64)
PULL = np.array([8.0, 12.0, 12.0, 8.0, 6.0, 6.0, 12.0, 12.0, 12.0, 8.0, 12.0, 12.0, 12.0], np.float32)
LEAST = 2  # a context seen less often is as one never seen
MIX = np.uint64(0x9E3779B97F4A7C15)
TURN = np.uint64(0xBF58476D1CE4E5B9)
SHIFT = np.uint64(29)


@compiled
def mixed(key: np.uint64, value: int) -> np.uint64:
    """A key for `key` followed by `value` (splitmix's step)."""
    found = (key ^ np.uint64(value + 1)) * MIX
    found ^= found >> SHIFT
    return np.uint64(found * TURN)


@compiled
def keys_of(unit: int, item: int, last: Single, other: Single, pattern: int, keys: Keys) -> None:
    """Names of the contexts of one coming answer.

    last : codes of the last BACK answers, newest first: 2 · (unit + 1) + right, 0 for none. other : codes of the last
    two answers on other units.
    pattern : the unit's own last outcomes as bits under a leading 1.
    """
    here = mixed(np.uint64(1), unit)
    keys[0] = mixed(np.uint64(2), item)
    chain = here
    for back in range(5):
        chain = mixed(chain, int(last[back]))
        keys[1 + back] = chain
    keys[6] = mixed(mixed(here, 7), int(other[0]))
    keys[7] = mixed(mixed(here, 11), pattern)
    keys[8] = mixed(keys[7], int(last[0]))
    keys[9] = mixed(keys[6], int(other[1]))
    chain = mixed(here, 13)  # units alone, without outcomes: they tell which task this is
    for back in range(BACK):
        chain = mixed(chain, int(last[back]) // 2)
        if back == 1:
            keys[10] = chain
        elif back == 3:
            keys[11] = chain
    keys[12] = chain


@dataclass(frozen=True, eq=False)
class Table:
    """Open addressing: the slot of a key is its low bits or the next free one; key 0 is an empty slot."""

    key: Keys
    mean: Single
    count: Single
    excess: Single

    @classmethod
    def of(cls, key: Keys, mean: Single, count: Single, excess: Single) -> Table:
        size = 1 << max(4, int(2 * max(len(key), 1) - 1).bit_length())
        empty = (np.zeros(size, np.float32) for _ in range(3))
        table = cls(np.zeros(size, np.uint64), *empty)
        place = slots(table.key, key)
        table.mean[place], table.count[place], table.excess[place] = mean, count, excess
        return table


@compiled
def slots(table: Keys, key: Keys) -> Whole:
    """Where in the table each key is put."""
    within = np.uint64(len(table) - 1)
    found = np.empty(len(key), np.int64)
    for number in range(len(key)):
        slot = key[number] & within
        while table[slot] != np.uint64(0):
            slot = (slot + np.uint64(1)) & within
        table[slot], found[number] = key[number], slot
    return found


@compiled
def look_up(table: Keys, keys: Keys, slot: Whole, itself: Flags) -> None:
    """Where in the table each kind of context of one row is, into slot (KINDS,), and whether it is the very one: what
    is not there is as what it leans on, and −1 is the unit's own mean."""
    within = np.uint64(len(table) - 1)
    for kind in range(KINDS):
        under = LEANS_ON[kind]
        slot[kind], itself[kind] = -1, False
        if under > 0:
            slot[kind] = slot[under]
            if not itself[under]:
                continue
        at = keys[kind] & within
        while table[at] != np.uint64(0):
            if table[at] == keys[kind]:
                slot[kind], itself[kind] = np.int64(at), True
                break
            at = (at + np.uint64(1)) & within


@compiled
def out_of_fold(
    order: Whole, keys: Keys, y: Single, excess: Single, fold: Whole, under: Single, pull: float, least: int
) -> tuple[Single, Single, Whole]:
    """Means of one kind for rows in the `order` of their keys.

    excess : (n, folds + 1), of each row as it looks without a fold, and last with all. under : (4, n), what is leaned
    on: mean and excess without the row's own fold, then with all.
    Gives (4, n) as `under`, the counts without the own fold, and the first row of each context seen `least` times.
    """
    n, folds = len(keys), excess.shape[1] - 1
    found, count = np.empty((4, n), np.float32), np.zeros(n, np.float32)
    firsts, contexts = np.empty(n, np.int64), 0
    sums, sizes, excesses = np.zeros(folds), np.zeros(folds), np.zeros(folds + 1)
    begin = 0
    while begin < n:
        end = begin
        sums[:], sizes[:], excesses[:] = 0.0, 0.0, 0.0
        while end < n and keys[order[end]] == keys[order[begin]]:
            row = order[end]
            sums[fold[row]] += y[row]
            sizes[fold[row]] += 1.0
            for part in range(folds + 1):
                if part != fold[row]:
                    excesses[part] += excess[row, part]
            end += 1
        total, size = sums.sum(), sizes.sum()
        if size >= least:
            firsts[contexts] = order[begin]
            contexts += 1
        for place in range(begin, end):
            row = order[place]
            own, others = fold[row], size - sizes[fold[row]]
            found[:, row] = under[:, row]
            if others >= least:
                found[0, row] = (total - sums[own] + pull * under[0, row]) / (others + pull)
                found[1, row] = (excesses[own] + pull * under[1, row]) / (others + pull)
                count[row] = others
            if size >= least:
                found[2, row] = (total + pull * under[2, row]) / (size + pull)
                found[3, row] = (excesses[folds] + pull * under[3, row]) / (size + pull)
        begin = end
    return found, count, firsts[:contexts]


def fit(
    keys: Keys, y: Single, excess: Single, fold: Whole, base: Single, whole_base: Single
) -> tuple[Single, Single, Single, Table]:
    """Means, excesses and counts of each row's contexts from the other folds, each (n, KINDS), and the table of all.

    keys : (n, KINDS). excess : (n, folds + 1). base, whole_base : (n,) the unit's mean without the row's fold and with
    all.
    """
    n = len(y)
    found, count = np.empty((KINDS, 4, n), np.float32), np.empty((n, KINDS), np.float32)
    none = np.zeros(n, np.float32)
    parts: list[tuple[Keys, Single, Single, Single]] = []
    for kind in range(KINDS):
        under = LEANS_ON[kind]
        lean = np.stack((base, none, whole_base, none)) if under < 0 else found[under]
        column = np.ascontiguousarray(keys[:, kind])
        order = np.argsort(column, kind="stable")
        found[kind], count[:, kind], firsts = out_of_fold(
            order, column, y, excess, fold, lean, float(PULL[kind]), LEAST
        )
        sizes = _sizes(column[order])
        often = sizes[sizes >= LEAST].astype(np.float32)
        parts.append((column[firsts], found[kind, 2, firsts], often, found[kind, 3, firsts]))
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)]
    mean, own = (np.ascontiguousarray(found[:, place].T) for place in (0, 1))
    return mean, own, count, Table.of(*columns)


def _sizes(ordered: Keys) -> Whole:
    """How long each run of equal keys is."""
    begins = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else np.zeros(0, int)
    return np.diff(np.append(begins, len(ordered)))

"""Who answered what: all responses of a calibration, packed so that any log, dense or sparse, is read the same way.

A response is one number, its *code*: the row of its item and category in a table of all categories of all items. The
codes of a learner lie together; missing answers take no room and no time. 100 million responses take 400 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Batch = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]  # learner, item, score: one row each
MOST_CATEGORIES = 50
FEW_ITEMS = 20  # below this, equal rows are common and counted once


class Batches(Protocol):
    """Something that can be read more than once, from its beginning, as batches of learner, item, score."""

    def __iter__(self) -> Iterable[Batch]: ...


@dataclass(frozen=True)
class Responses:
    """Codes of all responses, learner by learner.

    `start` (learners + 1) says where each learner's codes begin, `codes` (responses) holds them, `weights` (learners)
    how often each row counts, `row_of` (people) the row of each person who was handed in: equal rows are counted once.
    Item i has the categories lowest[i] … lowest[i] + categories[i] − 1 and its first code is first[i].
    """

    start: Ints
    codes: NDArray[np.int32]
    weights: Floats
    row_of: Ints | None
    items: tuple[str, ...]
    categories: Ints
    lowest: Ints

    @property
    def first(self) -> Ints:
        """First code of each item, and at the end the number of codes (items + 1)."""
        return np.concatenate([[0], np.cumsum(self.categories)])

    @property
    def n_rows(self) -> int:
        return len(self.weights)

    @property
    def n_learners(self) -> int:
        """People with at least one answer."""
        return round(float(self.weights[np.diff(self.start) > 0].sum()))

    @property
    def n_responses(self) -> int:
        return int(np.diff(self.start) @ self.weights)

    def people(self, values: Floats) -> Floats:
        """What was computed for the rows, for the people in the order in which they were handed in."""
        return values if self.row_of is None else values[self.row_of]


def pack(
    responses: ArrayLike | Responses,
    items: Sequence[str] | None = None,
    *,
    categories: Ints | None = None,
    lowest: Ints | None = None,
) -> Responses:
    """Responses from an array learners × items; NaN is a missing answer. `Responses` pass unchanged.

    `categories` and `lowest` (items) say what scores there can be; left out, they are taken from the data.
    Raises ValueError when the array is not two-dimensional, is empty, or holds anything but whole numbers.

    >>> packed = pack([[0, 1], [1, float("nan")], [0, 1]])
    >>> packed.n_learners, packed.n_responses, packed.codes.tolist(), packed.weights.tolist()
    (3, 5, [0, 3, 1], [2.0, 1.0])
    """
    if isinstance(responses, Responses):
        return responses
    table = _whole(np.asarray(responses))
    names = _names(items, table.shape[1])
    seen_low, seen_high = _range(table)
    low = seen_low if lowest is None else lowest
    many = seen_high - low + 1 if categories is None else categories
    _inside(names, seen_low, seen_high, low, many)
    rows, weights, row_of = _distinct(table)
    first = np.concatenate([[0], np.cumsum(many)])[:-1]
    there = rows >= 0
    codes = (rows + (first - low).astype(np.int32))[there]
    start = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return Responses(start, codes.astype(np.int32), weights, row_of, names, many, low)


def triplets(
    learner: ArrayLike,
    item: ArrayLike,
    score: ArrayLike,
    *,
    n_learners: int | None = None,
    n_items: int | None = None,
    items: Sequence[str] | None = None,
) -> Responses:
    """Responses from three columns of equal length: learner and item are numbers from 0.

    A learner may answer an item more than once; each answer counts.

    >>> packed = triplets([0, 1, 0], [0, 0, 2], [1, 0, 1])
    >>> packed.n_learners, packed.codes.tolist()
    (2, [1, 5, 0])
    """
    batch = np.asarray(learner), np.asarray(item), np.asarray(score)
    return gather([batch], n_learners=n_learners, n_items=n_items, items=items)


def gather(
    batches: Iterable[Batch],
    *,
    n_learners: int | None = None,
    n_items: int | None = None,
    items: Sequence[str] | None = None,
) -> Responses:
    """Responses from batches of (learner, item, score), read twice: once to count, once to put in place.

    The rows may come in any order; a learner may lie in several batches. Raises ValueError for an iterator that cannot
    be read a second time, for negative numbers and for items beyond `n_items`.
    """
    if iter(batches) is batches:
        raise ValueError("the batches are read twice: hand in a list or an object whose __iter__ begins anew")
    counts, highest = _count(batches, n_learners, n_items if items is None else len(items))
    categories = np.maximum(highest + 1, 2)
    first = np.concatenate([[0], np.cumsum(categories)])
    start = np.concatenate([[0], np.cumsum(counts)])
    codes = np.empty(start[-1], np.int32)
    place = start[:-1].copy()
    for learner, item, score in batches:
        _put(_int32(learner), _int32(item), _int32(score), first, place, codes)
    if (place != start[1:]).any():
        raise ValueError("the batches were not the same when they were read a second time")
    names = _names(items, len(categories))
    return Responses(start, codes, np.ones(len(counts)), None, names, categories, np.zeros(len(categories), np.int64))


def _count(batches: Iterable[Batch], n_learners: int | None, n_items: int | None) -> tuple[Ints, Ints]:
    """Responses of each learner and the highest score of each item."""
    counts, highest = np.zeros(n_learners or 0, np.int64), np.full(n_items or 0, -1, np.int64)
    for learner, item, score in batches:
        if not len(learner) == len(item) == len(score):
            raise ValueError("learner, item and score of a batch must have the same length")
        if len(learner) == 0:
            continue
        counts = _room(counts, learner, n_learners, "learner", 0)
        highest = _room(highest, item, n_items, "item", -1)
        if score.min() < 0 or score.max() >= MOST_CATEGORIES or not np.all(np.equal(np.mod(score, 1), 0)):
            raise ValueError(f"scores must be whole numbers from 0 to {MOST_CATEGORIES - 1}")
        _tally(_int32(learner), _int32(item), _int32(score), counts, highest)
    if not counts.any():
        raise ValueError("there are no responses")
    return counts, highest


def _room(held: Ints, numbers: NDArray[np.integer], most: int | None, what: str, fill: int) -> Ints:
    if not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"the column {what} must hold whole numbers from 0, not {numbers.dtype}")
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or (most is not None and high >= most):
        raise ValueError(
            f"{what} numbers run from 0 to {'the last' if most is None else most - 1}, not {low} to {high}"
        )
    if high < len(held):
        return held
    grown = np.full(max(high + 1, 0 if most is None else most), fill, np.int64)
    grown[: len(held)] = held
    return grown


def _int32(numbers: NDArray[np.integer]) -> NDArray[np.int32]:
    return np.ascontiguousarray(numbers, dtype=np.int32)


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _tally(
    learner: NDArray[np.int32], item: NDArray[np.int32], score: NDArray[np.int32], counts: Ints, highest: Ints
) -> None:
    for row in range(len(learner)):
        counts[learner[row]] += 1
        highest[item[row]] = max(highest[item[row]], score[row])


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _put(
    learner: NDArray[np.int32],
    item: NDArray[np.int32],
    score: NDArray[np.int32],
    first: Ints,
    place: Ints,
    codes: NDArray[np.int32],
) -> None:
    """A counting sort by learner; keeps the order of the rows within each."""
    for row in range(len(learner)):
        codes[place[learner[row]]] = first[item[row]] + score[row]
        place[learner[row]] += 1


def _whole(table: NDArray[np.generic]) -> NDArray[np.int8]:
    """Scores as small whole numbers, −1 for missing."""
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"responses must be a table of learners × items that is not empty, not of shape {table.shape}")
    if table.dtype.kind not in "biuf":
        raise ValueError(f"responses must be numbers (NaN for a missing answer), not {table.dtype}")
    missing = np.isnan(table) if table.dtype.kind == "f" else np.zeros((0, 0), bool)
    scores = np.where(missing, 0, table) if missing.any() else table
    small = scores.astype(np.int8, copy=False) if scores.dtype.kind == "b" else _as_int8(scores)
    if missing.any():
        small[missing] = -1
    return small


def _as_int8(scores: NDArray[np.generic]) -> NDArray[np.int8]:
    low, high = scores.min(), scores.max()
    if low < 0 or high >= MOST_CATEGORIES:
        raise ValueError(
            f"scores must be whole numbers from 0 to {MOST_CATEGORIES - 1} (NaN: missing), not {low} to {high}"
        )
    small = scores.astype(np.int8)
    if scores.dtype.kind == "f" and (small != scores).any():
        raise ValueError("scores must be whole numbers (NaN: missing)")
    return small


def _names(items: Sequence[str] | None, n: int) -> tuple[str, ...]:
    if items is None:
        return tuple(f"item{number}" for number in range(1, n + 1))
    if len(items) != n:
        raise ValueError(f"{len(items)} names for {n} items")
    return tuple(map(str, items))


def _range(table: NDArray[np.int8]) -> tuple[Ints, Ints]:
    """Lowest and highest score of each item; −1 for an item without answers."""
    high = table.max(axis=0).astype(np.int64)
    low = np.where(table < 0, MOST_CATEGORIES, table).min(axis=0).astype(np.int64)
    return np.where(high < 0, -1, low), high


def _inside(names: tuple[str, ...], seen_low: Ints, seen_high: Ints, lowest: Ints, categories: Ints) -> None:
    outside = (seen_high >= 0) & ((seen_low < lowest) | (seen_high >= lowest + categories))
    for item in np.flatnonzero(outside)[:1]:
        raise ValueError(
            f"{names[item]}: scores run from {seen_low[item]} to {seen_high[item]}, "
            f"but this model takes {lowest[item]} to {lowest[item] + categories[item] - 1}"
        )


def _distinct(table: NDArray[np.int8]) -> tuple[NDArray[np.int8], Floats, Ints | None]:
    """Equal rows once, with how often they occur, when there are few items."""
    if table.shape[1] > FEW_ITEMS:
        return table, np.ones(len(table)), None
    packed = np.ascontiguousarray(table).view(f"V{table.shape[1]}").ravel()
    _, where, row_of, counts = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return table[where], counts.astype(np.float64), row_of

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
    (3, 5, [0, 2, 1], [2.0, 1.0])
    """
    if isinstance(responses, Responses):
        return responses
    table = _numbers(np.asarray(responses))
    names = _names(items, table.shape[1])
    table, weights, row_of = _distinct(table)
    answers, seen_low, seen_high = _seen(table)
    low = seen_low if lowest is None else lowest
    many = seen_high - low + 1 if categories is None else categories
    _inside(names, seen_low, seen_high, low, many)
    first = np.concatenate([[0], np.cumsum(many)])[:-1]
    start = np.concatenate([[0], np.cumsum(answers)])
    codes = np.empty(start[-1], np.int32)
    _encode(table, first - low, codes)
    return Responses(start, codes, weights, row_of, names, many, low)


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


def _numbers(table: NDArray[np.generic]) -> Floats:
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"responses must be a table of learners × items that is not empty, not of shape {table.shape}")
    if table.dtype.kind == "O":  # None for a missing answer
        try:
            table = table.astype(np.float64)
        except (TypeError, ValueError) as problem:
            raise ValueError("responses must be numbers (NaN or None for a missing answer)") from problem
    if table.dtype.kind not in "biuf":
        raise ValueError(f"responses must be numbers (NaN for a missing answer), not {table.dtype}")
    return np.ascontiguousarray(table, dtype=np.float64)


def _seen(table: Floats) -> tuple[Ints, Ints, Ints]:
    """Answers of each learner, and the lowest and highest score of each item; −1 for an item without answers."""
    answers = np.zeros(len(table), np.int64)
    low, high = np.full(table.shape[1], MOST_CATEGORIES, np.int64), np.full(table.shape[1], -1, np.int64)
    wrong = _survey(table, answers, low, high)
    if wrong >= 0:
        row, item = divmod(wrong, table.shape[1])
        most = MOST_CATEGORIES - 1
        raise ValueError(f"scores must be whole numbers from 0 to {most} (NaN: missing), not {table[row, item]}")
    return answers, np.where(high < 0, -1, low), high


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _survey(table: Floats, answers: Ints, low: Ints, high: Ints) -> int:
    """Fills the three; returns the place of the first score that cannot be, or −1."""
    for row in range(table.shape[0]):
        for item in range(table.shape[1]):
            value = table[row, item]
            if np.isnan(value):
                continue
            if not 0 <= value < MOST_CATEGORIES or value != np.floor(value):
                return row * table.shape[1] + item
            score = int(value)
            answers[row] += 1
            low[item], high[item] = min(low[item], score), max(high[item], score)
    return -1


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _encode(table: Floats, offset: Ints, codes: NDArray[np.int32]) -> None:
    place = 0
    for row in range(table.shape[0]):
        for item in range(table.shape[1]):
            value = table[row, item]
            if not np.isnan(value):
                codes[place] = offset[item] + int(value)
                place += 1


def _names(items: Sequence[str] | None, n: int) -> tuple[str, ...]:
    if items is None:
        return tuple(f"item{number}" for number in range(1, n + 1))
    if len(items) != n:
        raise ValueError(f"{len(items)} names for {n} items")
    names = tuple(map(str, items))
    if len(set(names)) < n:
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"two items are named {twice!r}")
    return names


def _inside(names: tuple[str, ...], seen_low: Ints, seen_high: Ints, lowest: Ints, categories: Ints) -> None:
    outside = (seen_high >= 0) & ((seen_low < lowest) | (seen_high >= lowest + categories))
    for item in np.flatnonzero(outside)[:1]:
        raise ValueError(
            f"{names[item]}: scores run from {seen_low[item]} to {seen_high[item]}, "
            f"but this model takes {lowest[item]} to {lowest[item] + categories[item] - 1}"
        )


def _distinct(table: Floats) -> tuple[Floats, Floats, Ints | None]:
    """Equal rows once, with how often they occur, when there are few items."""
    if table.shape[1] > FEW_ITEMS:
        return table, np.ones(len(table)), None
    plain = np.where(np.isnan(table), -1.0, table)  # NaN are not equal to each other
    _, where, row_of, counts = np.unique(plain, axis=0, return_index=True, return_inverse=True, return_counts=True)
    return table[where], counts.astype(np.float64), row_of

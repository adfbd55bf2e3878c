"""Classes of learners (which skills they hold) and what an item makes of them.

A class is a row of zeros and ones over the skills. An item sees only part of it: DINA and DINO tell two groups of
classes apart, G-DINA one for each pattern of the skills that the item needs. Classes that fall into the same group at
every item cannot be told apart by any answer; the estimator works on these *patterns* (256 classes of the fraction
subtraction test are 58 patterns) and shares a pattern's probability equally among its classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MODELS = ("dina", "dino", "gdina")
MOST_SKILLS = 20  # a million classes
MOST_NEEDED = 8  # skills of one G-DINA item: 256 probabilities


def allowed_classes(skills: int, prerequisites: Sequence[tuple[int, int]] = ()) -> Bools:
    """All classes in which nobody holds a skill without its prerequisites: an array (classes, skills).

    `prerequisites` are pairs (before, after) of skill numbers (Leighton, Gierl & Hunka 2004, attribute hierarchy).
    Raises ValueError for an unknown skill, a circle, or more than 20 skills.

    >>> allowed_classes(3, [(0, 1), (1, 2)]).astype(int).tolist()
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    if not 1 <= skills <= MOST_SKILLS:
        raise ValueError(f"the number of skills must be between 1 and {MOST_SKILLS}, not {skills}")
    _check_prerequisites(skills, prerequisites)
    numbers = np.arange(2**skills)
    for before, after in prerequisites:
        holds_after, holds_before = (numbers >> after) & 1, (numbers >> before) & 1
        numbers = numbers[holds_after <= holds_before]
    return ((numbers[:, None] >> np.arange(skills)) & 1).astype(bool)


def _check_prerequisites(skills: int, prerequisites: Sequence[tuple[int, int]]) -> None:
    for pair in prerequisites:
        if not all(0 <= skill < skills for skill in pair):
            raise ValueError(f"prerequisite {pair} names a skill outside 0..{skills - 1}")
    left = set(range(skills))
    while left:
        free = left - {after for before, after in prerequisites if before in left}
        if not free:
            raise ValueError(f"the prerequisites go round in a circle through skills {sorted(left)}")
        left -= free


def checked_q(q_matrix: NDArray[np.generic]) -> Bools:
    """The Q-matrix (items, skills) as booleans. Raises ValueError when it is not 0/1 or an item needs no skill."""
    q = np.asarray(q_matrix, dtype=float)
    if q.ndim != 2 or not q.size:
        raise ValueError("the Q-matrix must be a table of items × skills")
    if not np.isin(q, (0.0, 1.0)).all():
        raise ValueError("the Q-matrix may hold only 0 and 1")
    for kind, needed in (("item", q.sum(1)), ("skill", q.sum(0))):
        if not needed.all():
            place = int(np.flatnonzero(needed == 0)[0]) + 1
            raise ValueError(f"{kind} {place} of the Q-matrix has no 1: nothing can be learnt about it")
    return q.astype(bool)


@dataclass(frozen=True)
class Design:
    """What a model, a Q-matrix and a set of classes make together.

    `columns` number the groups of all items, item after item; `item_of` and `group_of` say what a column is.
    """

    model: str
    q_matrix: Bools
    classes: Bools
    pattern_of: Ints = field(repr=False)  # (classes,)
    sizes: Ints = field(repr=False)  # (patterns,): how many classes share the pattern
    item_of: Ints = field(repr=False)  # (columns,)
    group_of: Ints = field(repr=False)  # (columns,): skills held among those needed, the first as the lowest bit
    columns: Ints = field(repr=False)  # (patterns, items): the column of a pattern at an item

    @property
    def first(self) -> Ints:
        """(items,): the column of each item's first group."""
        return np.asarray(np.searchsorted(self.item_of, np.arange(len(self.q_matrix))))

    def indicator(self) -> Floats:
        """(patterns, columns): 1 where the pattern belongs to the column."""
        held = np.zeros((len(self.columns), len(self.item_of)))
        np.put_along_axis(held, self.columns, 1.0, axis=1)
        return held

    def of_classes(self, patterns: Floats) -> Floats:
        """A probability of patterns, (…, patterns), shared equally among the classes of each: (…, classes)."""
        return np.asarray(patterns / self.sizes)[..., self.pattern_of]

    def skill_shares(self) -> Floats:
        """(patterns, skills): the share of a pattern's classes that hold the skill."""
        shares = np.zeros((len(self.sizes), self.classes.shape[1]))
        np.add.at(shares, self.pattern_of, self.classes.astype(float))
        return np.asarray(shares / self.sizes[:, None])


def design(model: str, q_matrix: NDArray[np.generic], classes: Bools) -> Design:
    """Works out the groups and patterns. Raises ValueError for an unknown model or a bad Q-matrix.

    >>> small = design("dina", np.array([[1, 1], [1, 0]]), allowed_classes(2))
    >>> len(small.classes), len(small.sizes), small.sizes.tolist()
    (4, 3, [2, 1, 1])
    """
    q = checked_q(q_matrix)
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}: one of {', '.join(MODELS)}")
    groups = np.column_stack([_groups(model, needed, classes) for needed in q])
    pattern_of, first = distinct(groups)
    item_of, group_of, columns = _number_columns(groups[first])
    sizes = np.bincount(pattern_of)
    return Design(model, q, classes, pattern_of, sizes, item_of, group_of, columns)


def _groups(model: str, needed: Bools, classes: Bools) -> Ints:
    held = classes[:, needed]
    if model == "dina":
        return np.asarray(held.all(axis=1), dtype=np.int64)
    if model == "dino":
        return np.asarray(held.any(axis=1), dtype=np.int64)
    if held.shape[1] > MOST_NEEDED:
        raise ValueError(f"a G-DINA item may need at most {MOST_NEEDED} skills, not {held.shape[1]}")
    return np.asarray(held @ (1 << np.arange(held.shape[1])))


def _number_columns(groups: Ints) -> tuple[Ints, Ints, Ints]:
    """Only groups that some class reaches get a column."""
    found = [np.unique(groups[:, item], return_inverse=True) for item in range(groups.shape[1])]
    counts = [len(values) for values, _ in found]
    starts = np.cumsum([0, *counts[:-1]])
    item_of = np.repeat(np.arange(len(counts)), counts)
    group_of = np.concatenate([values for values, _ in found])
    columns = np.column_stack([start + place for start, (_, place) in zip(starts, found, strict=True)])
    return item_of, group_of, columns


def distinct(rows: Ints) -> tuple[Ints, Ints]:
    """Which distinct row each row is, and where each distinct row stands first. Rows hold small numbers >= 0.

    The row is packed into one integer, and renumbered before it would overflow: far quicker than sorting rows.
    """
    code = np.zeros(len(rows), dtype=np.int64)
    span = 1
    for column in rows.T:
        width = int(column.max(initial=0)) + 1
        if span * width > 2**62:
            code = np.unique(code, return_inverse=True)[1]
            span = int(code.max(initial=0)) + 1
        code, span = code * width + column, span * width
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    return place, first

"""What adaptive practice may choose from, as arrays.

    choices = pool("math", "00010002000100030001")     # a class's path
    choices.items[choices.of_slot(17)]                 # item ids that practise the point of slot 17

In the pool is what is ready, hangs on at least one point, and is visible where the pupil stands. Bans and pins of a
teacher are `learning`'s. Every change of the bank calls `changed`; a process looks for that at most every two seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from uuid import UUID

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from yincai.core.ids import new_id
from yincai.knowledge.models import SUBJECT, Item, ItemPoint, ItemStatus, ItemVersion, PoolVersion
from yincai.knowledge.queries import graph

LOOK = 2.0  # seconds between looks at the version row


@dataclass(frozen=True, eq=False)
class Pool:
    """Arrays over the items, in order of id. `slots` is padded with -1; `grade`: when the last of its points is met."""

    items: NDArray[np.int64]
    versions: NDArray[np.int32]
    slots: NDArray[np.int16]
    difficulty: NDArray[np.float32]
    guess: NDArray[np.float32]
    grade: NDArray[np.int8]
    is_generator: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.items)

    def of_slot(self, slot: int) -> NDArray[np.int64]:
        """Positions of the items that practise a point."""
        return self._members.get(slot, _NONE)

    def own(self, at: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether answers, whose `first` points are known, are about what the items at these positions ask now. A depth
        of a generator may have been one item and be several since; a written item stays the same under other points."""
        return ~self.is_generator[at] | (self.slots[at, 0] == first)

    def position(self, item: int) -> int | None:
        """Where an item stands in the arrays, if it is in the pool."""
        at = int(np.searchsorted(self.items, item))
        return at if at < len(self.items) and self.items[at] == item else None

    @cached_property
    def _members(self) -> dict[int, NDArray[np.int64]]:
        rows, columns = np.nonzero(self.slots >= 0)
        found = self.slots[rows, columns]
        return {int(slot): rows[found == slot].astype(np.int64) for slot in np.unique(found)}


_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


@dataclass
class _Kept:
    """What this process has read: the whole pool, who owns each item, and the part shown at each set of owners."""

    token: UUID | None = None
    looked: float = -LOOK
    whole: Pool | None = None
    owners: tuple[str, ...] = ()
    owner: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    shown: dict[tuple[bool, ...], Pool] = field(default_factory=dict)


_kept: dict[str, _Kept] = {}


def pool(subject: str, place: str) -> Pool:
    """The pool for whoever stands at an organisation path; quick when nothing has changed."""
    token(subject)
    kept = _kept[subject]
    if kept.whole is None:
        _read(subject, kept)
    sees = tuple(place.startswith(owner) for owner in kept.owners)
    if sees not in kept.shown:
        chosen = np.array(sees, dtype=np.bool_)[kept.owner] if sees else np.empty(0, dtype=np.bool_)
        kept.shown[sees] = _part(kept.whole, chosen)  # type: ignore[arg-type]
    return kept.shown[sees]


def whole_pool(subject: str = SUBJECT) -> Pool:
    """Everything that is ready, whoever owns it: for work of the installation, never for a page."""
    token(subject)
    kept = _kept[subject]
    if kept.whole is None:
        _read(subject, kept)
    return kept.whole  # type: ignore[return-value]


def token(subject: str = SUBJECT) -> UUID | None:
    """Names the present state of the bank; what was read under another one is out of date."""
    kept = _kept.setdefault(subject, _Kept())
    now = time.monotonic()
    if now - kept.looked < LOOK:
        return kept.token
    found = PoolVersion.objects.filter(pk=subject).values_list("token", flat=True).first()
    if found != kept.token or found is None:
        kept = _kept[subject] = _Kept(token=found)
    kept.looked = now
    return kept.token


def changed(subject: str = SUBJECT) -> None:
    """Say that the bank has changed, inside the transaction that changes it; other processes see it within LOOK."""
    PoolVersion.objects.update_or_create(pk=subject, defaults={"token": new_id()})
    forget()


def forget() -> None:
    """Drop all that this process has read."""
    _kept.clear()


def _read(subject: str, kept: _Kept) -> None:
    tags = _tags(subject)
    ready = Item._base_manager.filter(subject=subject, status=ItemStatus.READY, pk__in=tags.keys()).order_by("pk")
    rows = list(ready.values_list("pk", "version", "difficulty", "grade", "generator", "place"))
    guesses = _guesses(subject)
    kept.owners = tuple(sorted({row[5] for row in rows}))
    kept.owner = np.array([kept.owners.index(row[5]) for row in rows], dtype=np.int32)
    slots = [tags[row[0]] for row in rows]
    kept.whole = Pool(
        items=np.array([row[0] for row in rows], dtype=np.int64),
        versions=np.array([row[1] for row in rows], dtype=np.int32),
        slots=_padded(slots),
        difficulty=np.array([row[2] for row in rows], dtype=np.float32),
        guess=np.array([guesses.get((row[0], row[1]), 0.0) for row in rows], dtype=np.float32),
        grade=np.array([_grade(subject, own, row[3]) for own, row in zip(slots, rows, strict=True)], dtype=np.int8),
        is_generator=np.array([bool(row[4]) for row in rows], dtype=np.bool_),
    )


def _tags(subject: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rows = ItemPoint.objects.filter(point__subject=subject, point__retired=False)
    for item, slot in rows.values_list("item", "point__slot").order_by("item", "point__slot"):
        found.setdefault(item, []).append(slot)
    return found


def _guesses(subject: str) -> dict[tuple[int, int], float]:
    rows = ItemVersion.objects.filter(item__subject=subject, item__status=ItemStatus.READY, number=F("item__version"))
    return {(item, number): guess for item, number, guess in rows.values_list("item", "number", "guess")}


def _padded(slots: Sequence[Sequence[int]]) -> NDArray[np.int16]:
    table = np.full((len(slots), max(map(len, slots), default=1)), -1, dtype=np.int16)
    for row, own in zip(table, slots, strict=True):
        row[: len(own)] = own
    return table


def _grade(subject: str, slots: Iterable[int], named: int | None) -> int:
    points = graph(subject).by_slot
    return max([points[slot].grade for slot in slots if slot in points] + [named or 0])


def _part(whole: Pool, chosen: NDArray[np.bool_]) -> Pool:
    if chosen.all():
        return whole
    return Pool(*(getattr(whole, each.name)[chosen] for each in fields(Pool)))

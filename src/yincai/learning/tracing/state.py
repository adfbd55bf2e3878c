"""What is known of a pupil in a subject: both heads in one packed state, which names the numbers it was folded with.

So a state is always read with its own numbers, and two sets never meet in one state. The mastery head is read by every
page; the prediction head is unpacked once, when somebody predicts or wants to know that the bytes are sound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from yincai.learning.tracing.numbers import Floats, Numbers
from yincai.learning.tracing.versions import NEWEST, numbers_in_use, numbers_of
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemBatch, Masteries, State

if TYPE_CHECKING:
    from yincai.measurement.tracing.default import State as TreesState  # at run time it would load the compiler

LAYOUT = 2  # a mastery head alone begins with its own layout, 1
TOP = struct.Struct("<BBI")  # layout, bytes of the set's name, bytes of the mastery head


@dataclass(frozen=True, eq=False)
class Traced:
    """`mastery`: the head that is shown. `trees`: the packed prediction head, empty before the first answer."""

    numbers: Numbers
    mastery: State
    trees: bytes = b""

    @classmethod
    def empty(cls, numbers: Numbers) -> Traced:
        return cls(numbers, State.empty(0, numbers.mastery))

    @classmethod
    def unpack(cls, packed: bytes, numbers: Numbers | None = None) -> Traced:
        """From `pack`; of no bytes the empty state. `numbers`: those that are expected, else those in use.

        Raises ValueError for bytes that are no state, or one of other numbers than expected.
        """
        if not packed:
            return cls.empty(numbers or numbers_in_use())
        name, top, end = _parts(packed)
        if numbers is not None and name != numbers.name:
            raise ValueError(f"a state of the numbers {name!r}, not {numbers.name!r}")
        own = numbers or numbers_of(name)
        return cls(own, State.unpack(packed[top:end], own.mastery), packed[end:])

    @cached_property
    def prediction(self) -> TreesState:
        """The prediction head, unpacked. Raises ValueError when its bytes are no state."""
        return self.numbers.trees.unpack(self.trees)

    def checked(self) -> Traced:
        """With both heads unpacked. Raises ValueError as `unpack` does, of the prediction head too."""
        if self.numbers.predicts:
            _ = self.prediction
        return self

    def pack(self) -> bytes:
        shown = self.mastery.pack()
        if not self.numbers.predicts:
            return shown
        name = self.numbers.name.encode()
        return TOP.pack(LAYOUT, len(name), len(shown)) + name + shown + self.trees

    def grown(self, slots: int) -> Traced:
        return Traced(self.numbers, self.mastery.grown(slots), self.trees)

    def masteries(self, time: float, slots: int = 0) -> Masteries:
        """What may be shown of each slot at `time` (seconds), of at least so many slots."""
        return tracing.masteries(self.mastery.grown(slots), time, parameters=self.numbers.mastery)

    def by_mastery(self, questions: ItemBatch, time: float) -> tuple[Floats, Floats]:
        """Chance and its standard error of each question by the mastery head alone; both (questions,)."""
        return tracing.predict(self.mastery, questions, time, self.numbers.mastery)

    def chances(self, slots: NDArray[np.integer], time: float, shown: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """As the two heads say it together. slots : (questions, k), padded with −1. shown : what `by_mastery` says."""
        if not self.numbers.predicts or not len(slots):
            return shown
        units = self.numbers.units_of(slots)
        return self.numbers.blended(units, self.numbers.trees.predict(self.prediction, units, time), shown)

    def differences(self, other: Traced) -> list[str]:
        """In words, where two states differ: counts and dates exactly, floats beyond 1e-6."""
        if self.numbers.name != other.numbers.name:
            return [f"numbers: {self.numbers.name} and {other.numbers.name}"]
        found = self.mastery.differences(other.mastery)
        if self.trees != other.trees:
            for name in ("head", "own"):
                one, two = getattr(self.prediction, name), getattr(other.prediction, name)
                if not np.allclose(one, two, rtol=1e-6, atol=1e-6):
                    found.append(f"prediction head: {name}")
        return found


def ready() -> None:
    """Load the compiler and the newest shipped set, and follow one answer: the first prediction takes a second else."""
    numbers = numbers_of(NEWEST)
    trees = numbers.trees
    state = trees.update(trees.start(), 0, 1.0, 0.0)
    trees.predict(trees.unpack(trees.pack(state)), np.zeros(1, np.int64), 0.0)


def name_in(packed: bytes) -> str:
    """Which numbers a packed state was folded with; "" of no bytes. Raises ValueError for bytes that are no state."""
    return _parts(packed)[0] if packed else ""


def _parts(packed: bytes) -> tuple[str, int, int]:
    """The name of the numbers, and where the mastery head begins and ends."""
    if packed[0] == tracing.LAYOUT:
        return "1", 0, len(packed)
    if packed[0] != LAYOUT or len(packed) < TOP.size:
        raise ValueError(f"not a packed state: layout {packed[0]}, {len(packed)} bytes")
    _, name, shown = TOP.unpack_from(packed)
    top = TOP.size + name
    if len(packed) < top + shown:
        raise ValueError(f"not a packed state: {len(packed)} bytes for a mastery head of {shown}")
    return packed[TOP.size : top].decode("ascii", "replace"), top, top + shown

"""Dice that fall alike everywhere.

splitmix64 (Steele, Lea, Flood 2014): the standard library promises the same `random` stream for one
method only, and a seed must give the same variant on every machine and Python version for years.

>>> dice = Dice(7)
>>> [dice.between(1, 6) for _ in range(5)]
[4, 1, 1, 4, 5]
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """Scrambles 64 bits; one to one."""
    z &= MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Dice:
    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & MASK

    def bits(self) -> int:
        self._state = z = (self._state + GOLDEN) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + self.bits() % (high - low + 1)

    def pick(self, things: Sequence[T]) -> T:
        return things[self.bits() % len(things)]

    def pair(self, things: Sequence[T]) -> tuple[T, T]:
        """Two different ones, in the order they fell."""
        first = self.bits() % len(things)
        second = (first + 1 + self.bits() % (len(things) - 1)) % len(things)
        return things[first], things[second]

    def sign(self) -> int:
        return 1 if self.bits() & 1 else -1

    def shuffled(self, things: Sequence[T]) -> list[T]:
        left = list(things)
        for last in range(len(left) - 1, 0, -1):
            swap = self.bits() % (last + 1)
            left[last], left[swap] = left[swap], left[last]
        return left

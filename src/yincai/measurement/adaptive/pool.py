"""The items that a test draws from, and what is asked of its content."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.uint8]
ALONE = -1  # an item that belongs to no set
MOST_CODE = 9999


def frozen(values: ArrayLike, dtype: Any, name: str, n: int) -> NDArray[Any]:
    """A read-only copy of a vector of length n."""
    held = np.array(values, dtype=dtype)
    if held.shape != (n,):
        raise ValueError(f"{name} must be a vector of {n} values, one for each item, not of shape {held.shape}")
    if held.dtype.kind == "f" and not np.isfinite(held).all():
        raise ValueError(f"{name} has values that are not finite")
    held.flags.writeable = False
    return held


@dataclass(frozen=True, eq=False)
class Pool:
    """n items with P(right | θ) = c + (1 − c) / (1 + exp(−a (θ − b))), so D = 1.

    `a` > 0 and `b` are on the logit scale, 0 ≤ `c` < 1; `se_a` and `se_b` their standard errors (absent: 0).
    `attributes` gives each item an integer code ≥ 0 under each name, `sets` the item set that it belongs to (−1: none),
    `enemies` the groups of item indices of which a test holds at most one, `exposure` the probability in [0, 1] with
    which an item may appear in a sitting at all (Sympson & Hetter's parameters; absent: always).

    >>> Pool(a=[1.0, 1.2], b=[-0.5, 0.5], c=[0.0, 0.2], attributes={"topic": [0, 1]})
    Pool(2 items, attributes topic)
    """

    a: Floats
    b: Floats
    c: Floats
    se_a: Floats | None = None
    se_b: Floats | None = None
    attributes: Mapping[str, Ints] = field(default_factory=dict)
    sets: Ints | None = None
    enemies: tuple[tuple[int, ...], ...] = ()
    exposure: Floats | None = None

    def __post_init__(self) -> None:
        n = np.size(self.a)
        held: dict[str, Any] = {name: frozen(getattr(self, name), np.float64, name, n) for name in "abc"}
        for name in ("se_a", "se_b", "exposure"):
            given = getattr(self, name)
            held[name] = None if given is None else frozen(given, np.float64, name, n)
        held["attributes"] = {name: frozen(codes, np.int32, name, n) for name, codes in self.attributes.items()}
        held["sets"] = None if self.sets is None else frozen(self.sets, np.int32, "sets", n)
        held["enemies"] = tuple(tuple(int(item) for item in group) for group in self.enemies)
        for name, value in held.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if self.n == 0:
            raise ValueError("a pool needs at least one item")
        if (self.a <= 0).any():
            raise ValueError("a must be positive: an item that falls with ability cannot be used")
        if (self.c < 0).any() or (self.c >= 1).any():
            raise ValueError("c must lie in [0, 1)")
        for name, errors in (("se_a", self.se_a), ("se_b", self.se_b)):
            if errors is not None and (errors < 0).any():
                raise ValueError(f"{name} must not be negative")
        for name, codes in self.attributes.items():
            if (codes < 0).any() or (codes > MOST_CODE).any():
                raise ValueError(f"codes of {name} must lie in 0 … {MOST_CODE}")
        if self.exposure is not None and ((self.exposure < 0).any() or (self.exposure > 1).any()):
            raise ValueError("exposure must lie in [0, 1]")
        if any(not 0 <= item < self.n for group in self.enemies for item in group):
            raise ValueError(f"enemies must be item indices in 0 … {self.n - 1}")

    @property
    def n(self) -> int:
        return len(self.a)

    @cached_property
    def fingerprint(self) -> int:
        """Of everything that a running sitting depends on, as 32 bits: a sitting goes on only with its own pool."""
        whole = 0
        for array in (self.a, self.b, self.c, self.se_a, self.se_b, self.sets):
            whole = zlib.crc32(b"" if array is None else array.tobytes(), zlib.crc32(b"|", whole))
        return whole

    @cached_property
    def members(self) -> tuple[Ints, ...]:
        """The items of each set in pool order; sets in the order of their ids."""
        if self.sets is None:
            return ()
        ids = np.unique(self.sets[self.sets != ALONE])
        return tuple(np.flatnonzero(self.sets == one).astype(np.int32) for one in ids)

    def __repr__(self) -> str:
        names = ", ".join(self.attributes)
        return f"Pool({self.n} items" + (f", attributes {names}" if names else "") + ")"


@dataclass(frozen=True)
class Constraint:
    """At least `least` and at most `most` items of the test have one of `codes` under `attribute`.

    `weight` > 0: how early the priority index follows it (1: as in Cheng & Chang); when not all can hold the heavier
    gives way last.

    >>> str(Constraint("topic", (2, 3), least=4, most=6))
    'topic in {2, 3}: 4 to 6'
    >>> str(Constraint("topic", (2,), least=4, name="fractions"))
    'fractions: at least 4'
    """

    attribute: str
    codes: tuple[int, ...]
    least: int = 0
    most: int | None = None
    weight: float = 0.5
    name: str = ""

    def __post_init__(self) -> None:
        if not self.codes:
            raise ValueError(f"the constraint on {self.attribute} names no code")
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise ValueError(f"{self}: needs 0 <= least <= most")
        if not self.weight > 0:
            raise ValueError(f"{self}: the weight must be positive")

    def holds_for(self, pool: Pool) -> NDArray[np.bool_]:
        """Which items of the pool count towards it."""
        if self.attribute not in pool.attributes:
            raise ValueError(f"the pool has no attribute {self.attribute!r}; it has {sorted(pool.attributes)}")
        return np.isin(pool.attributes[self.attribute], self.codes)

    @property
    def label(self) -> str:
        return self.name or f"{self.attribute} in {{{', '.join(map(str, self.codes))}}}"

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.label}: at least {self.least}"
        return f"{self.label}: {self.least} to {self.most}" if self.least else f"{self.label}: at most {self.most}"


def restricted(rates: ArrayLike, most: float) -> Floats:
    """Exposure parameters that bar what was seen too often (Revuelta & Ponsoda 1998, restricted method).

    `rates`: (n,) shares of past sittings that held the item. Returns (n,): 0 where the rate has reached `most`, else 1.

    >>> restricted([0.1, 0.3, 0.2], most=0.25).tolist()
    [1.0, 0.0, 1.0]
    """
    return np.where(np.asarray(rates, dtype=np.float64) >= most, 0.0, 1.0)

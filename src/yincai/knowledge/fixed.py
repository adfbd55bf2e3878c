"""定本: variants of a generator's item that are kept as questions of their own.

Practice draws any seed. A test needs questions that can come again: the same on two desks, on a printed form, in a
calibration. So each depth (each topic of it) has EACH fixed variants, numbered from 1; which seeds they are follows
from the generator at its version alone. They all differ in what the pupil reads.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from yincai.knowledge.generators import get

EACH = 12
TRIED = 400


@lru_cache(maxsize=512)
def fixed_seeds(generator: str, version: int, depth: int, topic: str = "") -> tuple[int, ...]:
    """The seeds of an item's fixed variants, in order: fewer than EACH where there are not so many questions."""
    maker, seen, found = get(generator, version), set(), list[int]()
    for turn in range(TRIED):
        seed = int.from_bytes(sha256(f"{generator}@{version} {depth} {turn}".encode()).digest()[:4], "big") >> 1
        made = maker.make(seed, depth)
        said = (made.stem, tuple(sorted(made.options)))
        if said not in seen and topic in ("", *made.points):
            seen.add(said)
            found.append(seed)
        if len(found) == EACH:
            break
    return tuple(found)

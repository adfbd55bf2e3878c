"""When are two items the same? After removing white space and folding full-width forms, and nothing else.

Not NFKC: that would make x² of x2, and ½ of 1⁄2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

# U+FF01–U+FF5E are ASCII in full width; U+3000, the full-width space, goes with the white space.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
BETWEEN = "\x1f"


def fold(text: str) -> str:
    return "".join(text.split()).translate(FULL_WIDTH)


@dataclass(frozen=True, slots=True)
class Digests:
    """Of the text; of text and options, in their order; of text, options and key."""

    text: str
    options: str
    whole: str


def digests(text: str, options: Sequence[str], key: str) -> Digests:
    parts = [fold(text), *map(fold, options)]
    return Digests(_digest(parts[:1]), _digest(parts), _digest([*parts, "", fold(key).upper()]))


def _digest(parts: Sequence[str]) -> str:
    return sha256(BETWEEN.join(parts).encode()).hexdigest()[:32]

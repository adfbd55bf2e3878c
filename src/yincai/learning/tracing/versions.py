"""Which sets of numbers there are, and which one new states begin with.

Shipped sets lie in files of this package, those fitted here in `ModelVersion` rows. Either never changes, so a process
reads a set once; rows are checked against their digest.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from yincai.learning.tracing.numbers import Numbers, digest_of
from yincai.measurement import tracing

if TYPE_CHECKING:
    from yincai.learning.models import ModelVersion

FOLDER = Path(__file__).parent
SUBJECT = "math"
FIRST = "1"  # the mastery head alone, as it was before there were two
SHIPPED = ("shipped-1",)
NEWEST = SHIPPED[-1]


class UnknownNumbers(ValueError):
    """No set of that name."""


def shipped_file(name: str) -> Path:
    return FOLDER / f"{name}.npz"


@lru_cache(maxsize=16)
def numbers_of(name: str) -> Numbers:
    """Raises UnknownNumbers; ValueError where a stored set is damaged."""
    if name == FIRST:
        return Numbers(FIRST, tracing.MODEL, tracing.PARAMETERS["1"])
    if name in SHIPPED:
        return Numbers.from_bytes(shipped_file(name).read_bytes())
    return _stored(name)


def _stored(name: str) -> Numbers:
    from yincai.learning.models import ModelVersion

    row = ModelVersion.objects.filter(name=name, digest__gt="").values_list("content", "digest").first()
    if row is None:
        raise UnknownNumbers(name)
    content = bytes(row[0])
    if digest_of(content) != row[1]:
        raise ValueError(f"数字“{name}”和保存时的校验值不符，请从备份恢复。")
    return Numbers.from_bytes(content)


def version_in_use() -> ModelVersion | None:
    """The row of the set that a person put into use; None where nobody did: then it is the newest that is shipped.

    None too for a set that was fitted here under a release with other features: it gives way to the shipped one until
    the installation is fitted anew. The states move, and nobody's practice stops.
    """
    from yincai.learning.models import ModelVersion, VersionState

    row = ModelVersion.objects.defer("content").filter(subject=SUBJECT, state=VersionState.IN_USE).first()
    return row if row and numbers_of(row.name).fits else None


def name_in_use() -> str:
    """What new states are folded with."""
    row = version_in_use()
    return row.name if row else NEWEST


def numbers_in_use() -> Numbers:
    return numbers_of(name_in_use())

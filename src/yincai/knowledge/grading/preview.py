"""What the keypad shows while a pupil types: the formula as understood, or where it stops being one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

from . import units
from .grade import understood
from .lex import Reading, Unreadable
from .parse import parse
from .rules import ALSO_CALLED, CHOICES, KINDS, AnswerSpec, Kind
from .show import to_latex, to_text

_ANY = Reading(relations=True, ratio=True)


@dataclass(frozen=True, slots=True)
class Preview:
    ok: bool
    latex: str = ""
    text: str = ""
    position: int | None = None
    message: str = ""

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


def preview(typed: str, spec: AnswerSpec | None = None, *, kind: str = "", unit: str = "") -> Preview:
    """How `typed` is read for an item of this kind. It never says anything about right or wrong.

    Where the item is not at hand, its kind and unit, which the page shows anyway, are enough.
    """
    reading = spec.reading() if spec else _reading(kind, unit)
    if not typed.strip() or (spec.kind if spec else kind) in CHOICES:
        return Preview(ok=True)
    try:
        tree = parse(typed, reading)
    except Unreadable as error:
        return Preview(ok=False, position=error.position, message=error.message)
    if not understood(tree):
        message = "这个式子没有意义，或数太大了：请检查除数、根号和指数。"
        return Preview(ok=False, latex=to_latex(tree), text=to_text(tree), message=message)
    return Preview(ok=True, latex=to_latex(tree), text=to_text(tree))


def _reading(kind: str, unit: str) -> Reading:
    kind = ALSO_CALLED.get(kind, kind)
    if kind not in KINDS:
        return _ANY
    return AnswerSpec(cast(Kind, kind), "", unit=unit if units.known(unit) else "").reading()

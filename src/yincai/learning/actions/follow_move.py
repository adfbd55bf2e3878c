"""A school that comes under another district keeps its sittings, and what came of them."""

from __future__ import annotations

from yincai.learning.models import Judgement, PlacementResult, Practice, Working
from yincai.registry.moves import move_rows


def follow_move(old: str, new: str) -> None:
    """Part of `registry`'s action, which leaves the audit row. A sitting that goes on: its next answer is of the new
    district."""
    for model in (Practice, PlacementResult, Judgement, Working):
        move_rows(model, "place", old, new)

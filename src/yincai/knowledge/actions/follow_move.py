"""A school keeps its items, and what was said about them, when it comes under another district."""

from __future__ import annotations

from yincai.knowledge import pool
from yincai.knowledge.models import Item, ItemFlag
from yincai.registry.moves import move_rows


def follow_move(old: str, new: str) -> None:
    """Part of `registry`'s action, which leaves the audit row."""
    move_rows(Item, "place", old, new)
    move_rows(ItemFlag, "place", old, new)
    pool.changed()

"""A school keeps its part in past monitorings when it comes under another district."""

from __future__ import annotations

from yincai.evaluation.models import Participant
from yincai.registry.moves import move_rows


def follow_move(old: str, new: str) -> None:
    """Part of `registry`'s action, which leaves the audit row. Their scores follow in the background (`records`)."""
    move_rows(Participant, "place", old, new)

"""Bringing a state up to its facts: one by one as they come, or anew from the first."""

from __future__ import annotations

from yincai.records import rows
from yincai.records.folds import FOLDS, Fact
from yincai.records.rows import StateRow
from yincai.records.versions import versions_of


def folded_up(row: StateRow, pupil: int, subject: str, newest: Fact | None = None) -> StateRow:
    """The locked row with all facts 1…number in its state. `newest`: the fact of that number, just written.

    A model that the code no longer knows leaves the row waiting: the switch to the next version folds it.
    """
    fold, versions = FOLDS[subject], versions_of(row.version)
    if not fold.knows(versions):
        return row._replace(waiting=True)
    if newest is not None and row.folded == row.number - 1:
        facts = [newest]
    else:
        facts = rows.facts_in_force(pupil, subject, row.folded, row.number)
    state = fold.fold(row.state if row.folded else b"", facts, versions)
    return row._replace(state=state, folded=row.number, waiting=False)

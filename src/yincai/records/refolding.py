"""Bringing a state up to its facts: one by one as they come, or anew from the first."""

from __future__ import annotations

from django.db import transaction

from yincai.core.scope import unscoped
from yincai.records import rows
from yincai.records.folds import FOLDS, Fact
from yincai.records.models import LearnerState, StateChange
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


def folded_anew(pupil: int, subject: str, version: int, number: int) -> bytes:
    """What the facts 1…number say under a version, from the first one on."""
    facts = rows.facts_in_force(pupil, subject, 0, number)
    return FOLDS[subject].fold(b"", facts, versions_of(version)) if facts else b""


@transaction.atomic
def refold(pupil: int, subject: str, *, anew: bool = False) -> bool:
    """Fold what a pupil's state is waiting for (or everything `anew`); returns whether the state changed."""
    row = rows.lock_state(pupil, subject)
    if row is None or not (row.waiting or anew):
        return False
    from_first = row._replace(folded=0)
    try:
        after = folded_up(from_first if anew else row, pupil, subject)
    except ValueError:  # its bytes are no state any more; the facts are all there
        after = folded_up(from_first, pupil, subject)
    if after == row:
        return False
    rows.save_state(after)
    if after.state != row.state:
        StateChange.objects.create(pupil=pupil, subject=subject)
    return after.state != row.state


def refold_waiting(limit: int = 10_000) -> int:
    """Refold the states that wait, each in a short transaction of its own. Returns how many were looked at.

    A state whose version is being left behind waits for the switch; it is not tried here.
    """
    with unscoped("states of everybody that wait for a refold"):
        waiting = LearnerState.objects.filter(waiting=True, subject__in=list(FOLDS)).order_by("id")
        found = list(waiting.values_list("pupil", "subject", "version")[:limit])
    able = [(pupil, subject) for pupil, subject, version in found if FOLDS[subject].knows(versions_of(version))]
    for pupil, subject in able:
        refold(pupil, subject)
    return len(able)

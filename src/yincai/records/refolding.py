"""Bringing a state up to its facts: one by one as they come, or anew from the first.

A state whose bytes are no state any more is made again from its facts where it is met: in the transaction of an answer,
or on the page that reads it. An audit row and the log say so, for a disk that damages one thing damages others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from yincai.core.action import action, touched
from yincai.core.actors import Actor, installation
from yincai.core.scope import unscoped
from yincai.records import rows
from yincai.records.folds import FOLDS, Damaged, Fact
from yincai.records.models import LearnerState, StateChange
from yincai.records.rows import StateRow
from yincai.records.versions import versions_of
from yincai.registry.policies import INSTALLATION

MENDED = "records.mend_state"  # the verb of the audit rows
_log = logging.getLogger(__name__)


def folded_up(row: StateRow, pupil: int, subject: str, newest: Fact | None = None) -> StateRow:
    """The locked row with all facts 1…number in its state. `newest`: the fact of that number, just written.

    A model that the code no longer knows leaves the row waiting: the switch to the next version folds it. Damaged bytes
    are left behind: the facts are all there.
    """
    fold, versions = FOLDS[subject], versions_of(row.version)
    if not fold.knows(versions):
        return row._replace(waiting=True)
    if newest is not None and row.folded == row.number - 1:
        facts = [newest]
    else:
        facts = rows.facts_in_force(pupil, subject, row.folded, row.number)
    if row.folded and not row.state:
        return _mended(row, pupil, subject, "no bytes", acting_user=installation())
    try:
        state = fold.fold(row.state if row.folded else b"", facts, versions)
    except ValueError as wrong:
        if not row.folded:
            raise  # it is no state's damage
        return _mended(row, pupil, subject, str(wrong), acting_user=installation())
    return row._replace(state=state, folded=row.number, waiting=False)


def read(states: QuerySet[LearnerState]) -> Iterator[tuple[int, str, int, Any]]:
    """Pupil, subject, version and state of each row that has one, as its fold opens it; those that are damaged are
    mended on the way."""
    for pupil, subject, row in _rows(states):
        try:
            state = _opened(row, subject)
        except Damaged:
            state = _opened(mend(pupil, subject), subject)
        if state is not None:
            yield pupil, subject, row.version, state


def _opened(row: StateRow | None, subject: str) -> Any:
    """None before the first fact, and of a subject without a fold."""
    if row is None or not row.folded or subject not in FOLDS:
        return None
    if not row.state:
        raise Damaged("no bytes")
    return FOLDS[subject].opened(row.state, versions_of(row.version))


def damage_of(row: StateRow, subject: str) -> str:
    """Why the bytes of a state cannot be read, in words; "" where they can, or where nobody knows how."""
    if subject in FOLDS and not FOLDS[subject].knows(versions_of(row.version)):
        return ""
    try:
        _opened(row, subject)
    except Damaged as wrong:
        return str(wrong)
    return ""


def damaged(states: QuerySet[LearnerState]) -> int:
    """How many of these states cannot be read. Some 60 µs each."""
    return sum(1 for _, subject, row in _rows(states) if damage_of(row, subject))


def _rows(states: QuerySet[LearnerState]) -> Iterator[tuple[int, str, StateRow]]:
    columns = ("pupil", "subject", "id", "version_id", "number", "folded", "waiting", "state")
    for pupil, subject, key, version, number, folded, waiting, state in states.values_list(*columns):
        packed = state.encode() if isinstance(state, str) else bytes(state)  # SQLite keeps text where a hand left it
        yield pupil, subject, StateRow(key, version, number, folded, waiting, packed)


@transaction.atomic
def mend(pupil: int, subject: str) -> StateRow | None:
    """For a reader that met damaged bytes: the state, made again from its facts unless another process just did."""
    row = rows.lock_state(pupil, subject)
    if row is not None and (wrong := damage_of(row, subject)):
        row = _mended(row, pupil, subject, wrong, acting_user=installation())
        rows.save_state(row)
    return row


@action(INSTALLATION, verb=MENDED)
def _mended(row: StateRow, pupil: int, subject: str, wrong: str, *, acting_user: Actor) -> StateRow:
    """The locked row with the state that its facts make; whoever locked it saves it."""
    _log.warning("the state %s (%s) was damaged (%s): it is made again from its facts", row.id, subject, wrong)
    touched(LearnerState(pk=row.id), wrong=wrong)
    StateChange.objects.create(pupil=pupil, subject=subject)
    state = folded_anew(pupil, subject, row.version, row.number)
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
    after = folded_up(row._replace(folded=0) if anew else row, pupil, subject)
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

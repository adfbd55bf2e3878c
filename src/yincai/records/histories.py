"""Whole histories, for pupils of whom nothing is stored yet (a simulated city). Where answers go on live, see bulk.py.

`prepare` makes one pupil's statements, facts and state ready, by the same fold as live answers; it touches no database,
so several processes can share the work. `store` writes them, in the transaction of whoever calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from yincai.core.scope import unscoped
from yincai.records import rows, statements
from yincai.records.folds import FOLDS, Versions
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.records.recording import ConsentMissing, Response, as_fact, fact_row, statement_row
from yincai.records.statements import Body
from yincai.records.versions import active, versions_of
from yincai.registry.models import Pseudonym

CHUNK = 500  # pupils asked for at once


class Ready(NamedTuple):
    """One pupil's answers in a subject, as the database wants them, and the state that they lead to."""

    pupil: int
    subject: str
    statements: list[list[Any]]
    facts: list[list[Any]]
    state: bytes


def prepare(
    pupil: int, name: UUID, subject: str, answers: Sequence[tuple[Body, Response]], versions: Versions
) -> Ready:
    """`name`: of the pupil's pseudonym. `answers` in the order in which they were given; each counts as stored when it
    was given. `versions`: of the states in use (`in_use`)."""
    said, facts, folding = [], [], []
    for number, (body, response) in enumerate(answers, start=1):
        if (response.pupil, response.subject, response.replaces) != (pupil, subject, None):
            raise ValueError(f"answer {number} is not a first answer of pupil {pupil} in {subject}")
        statement_id = statements.check(body)
        full = statements.placed(body, name, response.place, response.at)
        line = statement_row(statement_id, full, pupil, subject, number, response.place, response.at)
        said.append(rows.prepared(Statement, line))
        facts.append(rows.prepared(ResponseFact, fact_row(response, number, statement_id)))
        folding.append(as_fact(response, number))
    return Ready(pupil, subject, said, facts, FOLDS[subject].fold(b"", folding, versions))


def in_use(subject: str) -> Versions:
    """What `prepare` is to fold with."""
    return versions_of(active(subject).pk)


def store(ready: Iterable[Ready]) -> int:
    """Write what was prepared; returns how many answers. Refused, all of it, where a pupil's consent is missing."""
    every = [one for one in ready if one.facts]
    _refuse_without_consent([one.pupil for one in every])
    rows.insert_prepared(Statement, [line for one in every for line in one.statements])
    rows.insert_prepared(ResponseFact, [line for one in every for line in one.facts])
    rows.insert_many(LearnerState, [_state_row(one) for one in every])
    return sum(len(one.facts) for one in every)


def _refuse_without_consent(pupils: Sequence[int]) -> None:
    with unscoped("the consent of the pupils whose answers are loaded"):
        for start in range(0, len(pupils), CHUNK):
            some = pupils[start : start + CHUNK]
            if Pseudonym.objects.filter(number__in=some, keeps=True).count() != len(some):
                raise ConsentMissing


def _state_row(one: Ready) -> dict[str, Any]:
    return {
        "pupil": one.pupil,
        "subject": one.subject,
        "version_id": active(one.subject).pk,
        "number": len(one.facts),
        "folded": len(one.facts),
        "waiting": False,
        "state": one.state,
    }

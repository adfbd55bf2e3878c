"""Recording: a statement, the fact that follows from it and the pupil's new state, in one transaction.

    recorded = record(answered(id=…, …), Response(pupil=…, …), acting_user=actor)

The state row's lock gives the fact its number; facts fold by that number. The same statement again returns what is
stored; the same id with another content is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from yincai.core.action import ActionError, Conflict
from yincai.core.actors import Actor
from yincai.core.permissions import NotAllowed
from yincai.core.scope import unscoped
from yincai.records import rows, statements
from yincai.records.folds import FOLDS, Fact
from yincai.records.models import Statement
from yincai.records.refolding import folded_up, mend
from yincai.records.rows import PseudonymRow, StateRow
from yincai.records.statements import Body
from yincai.records.versions import active
from yincai.registry.models import Pseudonym


class ConsentMissing(ActionError):
    """The pupil's guardian has not agreed that practice is kept: nothing was stored."""

    def __init__(self) -> None:
        super().__init__("监护人还没有同意保存练习记录，这次作答不留存。监护人可在线同意，也可由学校录入纸质同意书。")


class ConflictingStatement(Conflict):
    """The id stands for another content already; nothing of it is revealed."""

    def __init__(self) -> None:
        super().__init__("这次提交的编号已用过，内容却不同，没有保存。请回到题目重新作答。")


@dataclass(frozen=True, slots=True)
class Response:
    """The typed side of an answer. `points`: slots; `at`: when it was given; `replaces`: the number of a fact that
    this one corrects."""

    pupil: int
    subject: str
    place: str
    item: int
    version: int
    points: tuple[int, ...]
    difficulty: float
    score: float
    duration_ms: int
    at: datetime
    guess: float = 0.0
    seed: int | None = None
    attempt: int = 1
    hints: int = 0
    source: str = "practice"
    cause: str = ""
    practice: UUID | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """`state`: the pupil's state now. `again`: it was stored before, and `statement` is what was stored then."""

    statement_id: UUID
    fact_id: int | None
    number: int | None
    state: bytes
    again: bool = False
    statement: Body = field(default_factory=dict)


def record(
    statement: Body, response: Response | None, *, acting_user: Actor, pupil: int | None = None, fold: bool = True
) -> Recorded:
    """Store a statement and, for an answer, its fact and the new state.

    `pupil`: whose statement it is where there is no response. `fold=False` accepts the fact without folding (bulk,
    late): it gets its number at once and the state waits for a refold.
    Raises ConsentMissing, ConflictingStatement, MalformedStatement, NotAllowed.
    """
    statement_id = statements.check(statement)
    number = response.pupil if response else pupil
    if number is None:
        raise ValueError("whose statement? give a response or pupil=")
    with transaction.atomic():
        who = who_keeps(number, acting_user)
        now = timezone.now()
        full = statements.placed(statement, who, response.place if response else acting_user.place, now)
        if response is None:
            return _store_alone(statement_id, full, number, acting_user.place, now)
        return _store_answer(statement_id, full, response, now, fold=fold)


def stored(statement_id: UUID, *, acting_user: Actor) -> Recorded | None:
    """What an id stands for already, so that a form sent twice need not be graded twice; None for a new id, and for
    one whose pupil the acting user may not record for."""
    with unscoped("the pupil's own statement, checked below"):
        row = Statement.objects.filter(pk=statement_id).values_list("pupil", "subject", "number", "body").first()
    if row is None or not _may_record(row[0], acting_user):
        return None
    state = rows.read_state(row[0], row[1])
    return Recorded(statement_id, None, row[2], state.state if state else b"", True, statements.unpack(row[3]))


def who_keeps(pupil: int, acting_user: Actor) -> UUID:
    """The pupil's pseudonym; refused without consent, and to whoever may not act for this pupil."""
    row = who_is(pupil, acting_user)
    if not row.keeps:
        raise ConsentMissing
    return row.name


def who_is(pupil: int, acting_user: Actor) -> PseudonymRow:
    """The pupil, for whoever may act for this one; with or without consent (something is taken back)."""
    row = rows.read_pseudonym(pupil)
    if row is None:
        raise NotAllowed("没有这名学生的学习身份，不能保存作答。")
    if row.person != acting_user.person and not _may_record(pupil, acting_user):
        raise NotAllowed("您现在的身份不能替这名学生保存作答。")
    return row


def _may_record(pupil: int, acting_user: Actor) -> bool:
    if acting_user.scope.everything:
        return True
    in_reach = Pseudonym._base_manager.filter(Pseudonym.in_scope(acting_user.scope), number=pupil)
    return in_reach.exists()


def _store_alone(statement_id: UUID, full: Body, pupil: int, place: str, now: datetime) -> Recorded:
    if not rows.insert_statement(statement_row(statement_id, full, pupil, "", None, place, now)):
        return _again(statement_id, full, b"")
    return Recorded(statement_id, None, None, b"")


def _store_answer(statement_id: UUID, full: Body, response: Response, now: datetime, *, fold: bool) -> Recorded:
    row = locked_state(response.pupil, response.subject)
    number = row.number + 1
    line = statement_row(statement_id, full, response.pupil, response.subject, number, response.place, now)
    if not rows.insert_statement(line):
        held = mend(response.pupil, response.subject)
        return _again(statement_id, full, held.state if held else b"")
    fact_id = rows.insert_fact(fact_row(response, number, statement_id))
    after = row._replace(number=number)
    if response.replaces is not None:
        after = _to_be_refolded(after, response.replaces)
    elif not fold or response.subject not in FOLDS:
        after = after._replace(waiting=True)
    else:
        after = folded_up(after, response.pupil, response.subject, as_fact(response, number))
    rows.save_state(after)
    return Recorded(statement_id, fact_id, number, after.state)


def locked_state(pupil: int, subject: str) -> StateRow:
    row = rows.lock_state(pupil, subject)
    if row is None:
        rows.make_state(pupil, subject, active(subject).pk)
        row = rows.lock_state(pupil, subject)
    if row is None:
        raise RuntimeError(f"the state of {pupil} in {subject} vanished under its lock")
    return row


def _to_be_refolded(row: StateRow, replaces: int) -> StateRow:
    """A replaced fact that is in the state already takes the whole state back to the beginning."""
    return row._replace(waiting=True, folded=0 if replaces <= row.folded else row.folded)


def _again(statement_id: UUID, full: Body, state: bytes) -> Recorded:
    """The statement is there: hand out what is stored, if it is the same."""
    with unscoped("the stored twin of a statement just given"):
        twin = Statement.objects.values_list("digest", "number", "body").get(pk=statement_id)
    if bytes(twin[0]) != statements.digest(full):
        raise ConflictingStatement
    return Recorded(statement_id, None, twin[1], state, True, statements.unpack(twin[2]))


def statement_row(
    statement_id: UUID, full: Body, pupil: int, subject: str, number: int | None, place: str, now: datetime
) -> dict[str, Any]:
    return {
        "id": statement_id,
        "digest": statements.digest(full),
        "pupil": pupil,
        "verb": statements.verb_name(full),
        "subject": subject,
        "number": number,
        "place": place,
        "stored_at": now,
        "body": statements.pack(full),
    }


def fact_row(response: Response, number: int, statement_id: UUID) -> dict[str, Any]:
    return {
        "pupil": response.pupil,
        "subject": response.subject,
        "number": number,
        "replaces": response.replaces,
        "statement": statement_id,
        "place": response.place,
        "item": response.item,
        "version": response.version,
        "seed": response.seed,
        "points": " ".join(map(str, response.points)),
        "difficulty": response.difficulty,
        "guess": response.guess,
        "score": response.score,
        "duration_ms": response.duration_ms,
        "attempt": response.attempt,
        "hints": response.hints,
        "source": response.source,
        "cause": response.cause,
        "practice": response.practice,
        "at": response.at,
    }


def as_fact(response: Response, number: int) -> Fact:
    """As it will be read back, to the last digit, so that live and rebuilt states agree."""
    return Fact(
        response.pupil,
        response.subject,
        number,
        response.place,
        response.item,
        response.version,
        response.seed,
        response.points,
        float(response.difficulty),
        float(response.guess),
        float(response.score),
        response.duration_ms,
        response.attempt,
        response.hints,
        response.source,
        response.cause,
        response.practice,
        response.at.astimezone(UTC),
    )

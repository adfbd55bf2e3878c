"""Many answers at once: past ones brought in, or a demo city's. The same rows as `record` writes, in the same order.

Answers come pupil by pupil, each pupil's in the order of their numbers. A batch is one short transaction, so that live
answers go on meanwhile. A run that was killed may be given the same answers again: what is there is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.records import rows, statements
from yincai.records.folds import FOLDS
from yincai.records.models import ResponseFact, Statement
from yincai.records.recording import (
    ConflictingStatement,
    Response,
    fact_row,
    locked_state,
    statement_row,
    who_keeps,
)
from yincai.records.refolding import folded_up
from yincai.records.statements import Body

Answer = tuple[Body, Response]
BATCH = 400  # answers a transaction: below 200 ms
ASK = 500  # ids asked for at once


def load(
    answers: Iterable[Answer], *, acting_user: Actor, fold: bool = True, progress: Callable[[int], None] | None = None
) -> int:
    """Store the answers; returns how many were new. `fold=False` leaves the states waiting for a refold.

    Raises what `record` raises; the batches before it stay.
    """
    stored = 0
    for batch in _batches(answers):
        with transaction.atomic():
            for (pupil, subject), some in groupby(batch, key=lambda answer: (answer[1].pupil, answer[1].subject)):
                stored += _load_pupil(pupil, subject, list(some), acting_user, fold=fold)
        if progress:
            progress(len(batch))
    return stored


def _batches(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    batch: list[Answer] = []
    for answer in answers:
        batch.append(answer)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _load_pupil(pupil: int, subject: str, answers: Sequence[Answer], acting_user: Actor, *, fold: bool) -> int:
    """One pupil's answers of one subject, under the state row's lock."""
    who, now = who_keeps(pupil, acting_user), timezone.now()
    row = locked_state(pupil, subject)
    number, lines, facts = row.number, [], []
    for statement_id, full, response in _new(answers, who):
        number += 1
        lines.append(statement_row(statement_id, full, pupil, subject, number, response.place, now))
        facts.append(fact_row(response, number, statement_id))
    if not lines:
        return 0
    rows.insert_many(Statement, lines)
    rows.insert_many(ResponseFact, facts)
    after = row._replace(number=number, waiting=True)
    rows.save_state(folded_up(after, pupil, subject) if fold and subject in FOLDS else after)
    return len(lines)


def _new(answers: Sequence[Answer], who: UUID) -> Iterator[tuple[UUID, Body, Response]]:
    """The answers that are not stored yet; one stored with another content is refused."""
    now = timezone.now()
    ids = [statements.check(statement) for statement, _ in answers]
    known: dict[UUID, bytes] = {}
    with unscoped("which of the answers given are there already"):
        for start in range(0, len(ids), ASK):
            found = Statement.objects.filter(pk__in=ids[start : start + ASK]).values_list("id", "digest")
            known.update((key, bytes(digest)) for key, digest in found)
    for statement_id, (statement, response) in zip(ids, answers, strict=True):
        full = statements.placed(statement, who, response.place, now)
        if statement_id not in known:
            known[statement_id] = statements.digest(full)
            yield statement_id, full, response
        elif known[statement_id] != statements.digest(full):
            raise ConflictingStatement

"""Scores on tests: a statement `scored` and its typed row, in one transaction.

    scored(Score(pupil=…, test="JC2026-M5", score=512.0, se=18.0, …), acting_user=actor)

The statement's id follows from what was scored, so that a table brought twice is kept once. Nothing is overwritten: a
score is mended by a statement `corrected`, taken back by a statement `voided`; each names the one whose place it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.records import rows, statements
from yincai.records.models import ScoreFact, Statement
from yincai.records.recording import ConflictingStatement, statement_row, who_is, who_keeps
from yincai.records.statements import CORRECTED, SCORED, SPACE, VOIDED, Body

TESTS = UUID("6f4a2c3e-0d5b-5c1e-9a64-1f2b7d9c8e30")  # the space of names from which ids of scores follow
BATCH = 400  # scores a transaction: below 200 ms
ASK = 500  # ids asked for at once


@dataclass(frozen=True, slots=True)
class Score:
    """A score as it is given. `pupil`: the pseudonym's number; `place`: the class at that time; `se`: the standard
    error of measurement, if the test states one."""

    pupil: int
    place: str
    subject: str
    test: str
    scale: str
    score: float
    at: datetime
    grade: int
    form: str = ""
    se: float | None = None
    source: str = ScoreFact.IMPORT


def scored(score: Score, *, acting_user: Actor, after: UUID | None = None) -> UUID:
    """Keep a score; the same again is kept once. `after`: the voided statement that stood here before.

    Raises ConsentMissing, NotAllowed, ConflictingStatement (another score stands for this pupil and test).
    """
    with transaction.atomic():
        who = who_keeps(score.pupil, acting_user)
        key = id_of(score, after)
        _store(score, key, _scored(score, key), who)
    return key


def corrected(wrong: ScoreFact, score: float, se: float | None, *, acting_user: Actor) -> UUID:
    """Put the right score in the place of one in force. Raises ConsentMissing, NotAllowed."""
    with transaction.atomic():
        who = who_keeps(wrong.pupil, acting_user)
        key = uuid5(wrong.statement, f"{score!r} {se!r}")
        right = _as_given(wrong, score, se)
        body = _scored(right, key) | {"verb": statements.verb(CORRECTED)}
        body["context"]["statement"] = statements.reference(wrong.statement)
        _store(right, key, body, who, replaces=wrong.statement)
    return key


def voided(wrong: ScoreFact, *, acting_user: Actor) -> UUID:
    """Take a score back; nothing stands in its place. Needs no consent: it adds nothing. Raises NotAllowed."""
    with transaction.atomic():
        who = who_is(wrong.pupil, acting_user).name
        key = uuid5(wrong.statement, VOIDED)
        body: Body = {
            "id": str(key),
            "verb": statements.verb(VOIDED),
            "object": statements.reference(wrong.statement),
            "context": {"platform": "Yincai"},
            "timestamp": statements.stamp(wrong.at),
            "version": statements.XAPI,
        }
        _store(_as_given(wrong, 0.0, None), key, body, who, replaces=wrong.statement, void=True)
    return key


def load(
    given: Iterable[Score],
    *,
    acting_user: Actor,
    progress: Callable[[int], None] | None = None,
    extensions: Body | None = None,
) -> int:
    """Keep many scores in short transactions; returns how many were new. What is there already is passed over.

    `extensions` go into each statement's context. Raises what `scored` raises; the batches before it stay.
    """
    stored = 0
    for batch in _batches(given):
        with transaction.atomic():
            stored += _load(batch, acting_user, extensions or {})
        if progress:
            progress(len(batch))
    return stored


def id_of(score: Score, after: UUID | None = None) -> UUID:
    """The id of the statement of a pupil's score on a test (and form), after the one that was taken back."""
    return uuid5(TESTS, f"{score.subject} {score.test} {score.form} {score.pupil} {after or ''}")


def newest_of(key: UUID) -> ScoreFact:
    """What stands in the place of a statement's score now: itself, its correction, or the voiding."""
    with unscoped("corrections of one score; who may add another is checked when it is stored"):
        row = ScoreFact.objects.get(statement=key)
        while (later := ScoreFact.objects.filter(replaces=row.statement).first()) is not None:
            row = later
    return row


def _batches(given: Iterable[Score]) -> Iterator[list[Score]]:
    batch: list[Score] = []
    for score in given:
        batch.append(score)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _load(batch: Sequence[Score], acting_user: Actor, extensions: Body) -> int:
    known = _known([id_of(score) for score in batch])
    lines, facts, now = [], [], timezone.now()
    for score in batch:
        key = id_of(score)
        body = _scored(score, key)
        body["context"]["extensions"] |= extensions
        full = statements.placed(body, who_keeps(score.pupil, acting_user), score.place, now)
        if key not in known:
            known[key] = statements.digest(full)
            lines.append(statement_row(key, full, score.pupil, score.subject, None, score.place, now))
            facts.append(_row(score, key))
        elif known[key] != statements.digest(full):
            raise ConflictingStatement
    rows.insert_many(Statement, lines)
    rows.insert_many(ScoreFact, facts)
    return len(lines)


def _known(keys: Sequence[UUID]) -> dict[UUID, bytes]:
    known: dict[UUID, bytes] = {}
    with unscoped("which of the scores given are there already"):
        for start in range(0, len(keys), ASK):
            found = Statement.objects.filter(pk__in=keys[start : start + ASK]).values_list("id", "digest")
            known.update((key, bytes(digest)) for key, digest in found)
    return known


def _store(score: Score, key: UUID, body: Body, who: UUID, *, replaces: UUID | None = None, void: bool = False) -> None:
    """Statement and row; the same again does nothing, the same id with another content is refused."""
    now = timezone.now()
    statements.check(body)
    full = statements.placed(body, who, score.place, now)
    line = statement_row(key, full, score.pupil, score.subject, None, score.place, now)
    if rows.insert_statement(line):
        rows.insert_many(ScoreFact, [_row(score, key, replaces=replaces, void=void)])
    elif _known([key])[key] != statements.digest(full):
        raise ConflictingStatement


def _scored(score: Score, key: UUID) -> Body:
    said: Body = {SPACE + "scale": score.scale}
    if score.se is not None:
        said[SPACE + "se"] = score.se
    about: Body = {SPACE + "form": score.form, SPACE + "grade": score.grade, SPACE + "source": score.source}
    return {
        "id": str(key),
        "verb": statements.verb(SCORED),
        "object": statements.test_activity(score.subject, score.test),
        "result": {"score": {"raw": score.score}, "completion": True, "extensions": said},
        "context": {"platform": "Yincai", "language": "zh-CN", "extensions": about},
        "timestamp": statements.stamp(score.at),
        "version": statements.XAPI,
    }


def _as_given(fact: ScoreFact, score: float, se: float | None) -> Score:
    return Score(
        pupil=fact.pupil,
        place=fact.place,
        subject=fact.subject,
        test=fact.test,
        scale=fact.scale,
        score=score,
        at=fact.at,
        grade=fact.grade,
        form=fact.form,
        se=se,
        source=fact.source,
    )


def _row(score: Score, key: UUID, *, replaces: UUID | None = None, void: bool = False) -> dict[str, Any]:
    return {
        "pupil": score.pupil,
        "place": score.place,
        "subject": score.subject,
        "test": score.test,
        "form": score.form,
        "scale": score.scale,
        "score": None if void else float(score.score),
        "se": score.se,
        "at": score.at,
        "grade": score.grade,
        "source": score.source,
        "statement": key,
        "replaces": replaces,
    }

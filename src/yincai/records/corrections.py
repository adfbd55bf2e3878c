"""Correcting a fact: a statement and a fact of their own, which take the place of the one that was wrong.

Nothing is overwritten. The state waits for a refold, in which the correction stands where the wrong fact stood; the
refolding task does it within a minute, the pupil's next answer at once.
"""

from __future__ import annotations

from uuid import uuid5

from django.db import transaction

from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.records import rows, statements
from yincai.records.models import ResponseFact
from yincai.records.recording import ConsentMissing, Recorded, Response, record
from yincai.records.statements import CORRECTED, Body


@transaction.atomic
def correct(
    fact: ResponseFact, *, score: float, acting_user: Actor, cause: str = "", version: int | None = None
) -> Recorded | None:
    """Give a fact its right score (and cause, and version of the item). None where nothing is to be mended: it stands
    so already, or the pupil's consent was withdrawn and nothing may be added.

    Raises NotAllowed where the acting user does not reach the pupil.
    """
    rows.lock_state(fact.pupil, fact.subject)
    wrong = newest_of(fact)
    right_version = wrong.version if version is None else version
    if (wrong.score, wrong.cause, wrong.version) == (score, cause, right_version):
        return None
    response = _response(wrong, score, cause, right_version)
    try:
        return record(_statement(wrong, response), response, acting_user=acting_user)
    except ConsentMissing:
        return None


def newest_of(fact: ResponseFact) -> ResponseFact:
    """The correction that stands for a fact now, or the fact itself."""
    with unscoped("corrections of one fact; record checks who may add another"):
        current = fact
        while True:
            later = ResponseFact.objects.filter(
                pupil=current.pupil, subject=current.subject, replaces=current.number
            ).first()
            if later is None:
                return current
            current = later


def _response(wrong: ResponseFact, score: float, cause: str, version: int) -> Response:
    return Response(
        pupil=wrong.pupil,
        subject=wrong.subject,
        place=wrong.place,
        item=wrong.item,
        version=version,
        seed=wrong.seed,
        points=wrong.slots,
        difficulty=wrong.difficulty,
        guess=wrong.guess,
        score=score,
        cause=cause,
        duration_ms=wrong.duration_ms,
        attempt=wrong.attempt,
        hints=wrong.hints,
        source=wrong.source,
        practice=wrong.practice,
        at=wrong.at,
        replaces=wrong.number,
    )


def _statement(wrong: ResponseFact, response: Response) -> Body:
    """Its id follows from what is corrected and how, so that a regrading run twice corrects once."""
    how = f"{response.version} {response.score} {response.cause}"
    result: Body = {"score": {"scaled": response.score}, "success": response.score >= 1.0}
    if response.cause:
        result["extensions"] = {statements.SPACE + "cause": response.cause}
    return {
        "id": str(uuid5(wrong.statement, how)),
        "verb": statements.verb(CORRECTED),
        "object": statements.item_activity(response.subject, response.item, response.version, response.seed),
        "result": result,
        "context": {
            "platform": "Yincai",
            "statement": {"objectType": "StatementRef", "id": str(wrong.statement)},
        },
        "timestamp": statements.stamp(wrong.at),
        "version": statements.XAPI,
    }

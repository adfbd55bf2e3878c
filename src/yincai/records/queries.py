"""Reads of facts, states and statements, bound to the scope of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from yincai.records import refolding, rows, statements
from yincai.records.folds import Fact
from yincai.records.models import LearnerState, PlaceMove, ResponseFact, ScoreFact, Statement

COLUMNS = [name.strip() for name in rows.FACT_COLUMNS.split(",")]
CHUNK = 500  # pupils or statements asked for at once: below SQLite's limit of variables
Key = TypeVar("Key")


def states_of(pupils: Iterable[int], subject: str) -> dict[int, Any]:
    """The states, as the subject's fold opens them, of those pupils that have one in the scope."""
    found: dict[int, Any] = {}
    for some in _chunks(pupils):
        states = LearnerState.objects.filter(subject=subject, pupil__in=some)
        found.update((pupil, state) for pupil, _, _, state in refolding.read(states))
    return found


def facts_of(pupils: Iterable[int], subject: str, since: datetime | None = None) -> list[Fact]:
    """The facts in force (a corrected one gives way to its correction), by pupil and number."""
    found: list[Fact] = []
    for some in _chunks(pupils):
        facts = in_force().filter(subject=subject, pupil__in=some)
        if since is not None:
            facts = facts.filter(at__gte=since)
        found.extend(map(rows.fact_of, facts.order_by("pupil", "number").values_list(*COLUMNS)))
    return found


def in_force() -> QuerySet[ResponseFact]:
    """Facts that no correction replaces."""
    correction = ResponseFact._base_manager.filter(
        pupil=OuterRef("pupil"), subject=OuterRef("subject"), replaces=OuterRef("number")
    )
    return ResponseFact.objects.filter(~Exists(correction))


def scores_in_force() -> QuerySet[ScoreFact]:
    """Scores on tests that were neither corrected nor voided since."""
    later = ScoreFact._base_manager.filter(replaces=OuterRef("statement"))
    return ScoreFact.objects.filter(~Exists(later), score__isnull=False)


def scores_under_way(tests: Iterable[str]) -> bool:
    """Whether scores on these still lie under the path of a school that has moved: they follow within minutes."""
    wanted = list(tests)
    for former in PlaceMove.objects.filter(done_at__isnull=True).values_list("former", flat=True):
        if ScoreFact._base_manager.filter(test__in=wanted, place__startswith=former).exists():
            return True
    return False


def present_paths(paths: Iterable[str], since: datetime) -> dict[str, str]:
    """Under which path each of these stands today that it had then."""
    now = {path: path for path in paths}
    for move in PlaceMove.objects.filter(at__gt=since).order_by("id"):
        for then, path in now.items():
            if path.startswith(move.former):
                now[then] = move.present + path[len(move.former) :]
    return now


def scores_on(test: str) -> dict[int, ScoreFact]:
    """The scores in force on a test, by pupil, as far as the scope reaches."""
    return {row.pupil: row for row in scores_in_force().filter(test=test).order_by("pupil", "id")}


def statement(statement_id: UUID) -> statements.Body | None:
    """A stored statement as it was given, if the scope reaches it."""
    body = Statement.objects.filter(pk=statement_id).values_list("body", flat=True).first()
    return statements.unpack(body) if body is not None else None


def said_in(statement_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What was answered, by statement; a correction says what the answer said that it corrects."""
    bodies = _bodies(statement_ids)
    meant = {key: _corrected(body) or key for key, body in bodies.items()}
    bodies |= _bodies(key for key in meant.values() if key not in bodies)
    said = {key: bodies[first].get("result", {}).get("response") for key, first in meant.items() if first in bodies}
    return {key: str(text) for key, text in said.items() if text is not None}


def _bodies(statement_ids: Iterable[UUID]) -> dict[UUID, statements.Body]:
    found: dict[UUID, statements.Body] = {}
    for some in _chunks(statement_ids):
        rows = Statement.objects.filter(pk__in=some).values_list("pk", "body")
        found.update((key, statements.unpack(body)) for key, body in rows)
    return found


def _corrected(body: statements.Body) -> UUID | None:
    referred = body.get("context", {}).get("statement")
    return UUID(referred["id"]) if referred else None


def _chunks(keys: Iterable[Key]) -> Iterable[list[Key]]:
    every = list(keys)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))

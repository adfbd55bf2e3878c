"""Where a sitting is kept: in the database with consent, otherwise only in the web session, gone at sign-out.

Both ways offer the same verbs, so that practice itself does not differ. `Unkept` writes no row of any kind: the state
is folded by the same fold and lies in the session, where nobody else reads it.
"""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.utils import timezone

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.learning.models import Assignment, HintUse, Practice
from yincai.records.folds import FOLDS, Fact
from yincai.records.queries import facts_of, state_of
from yincai.records.recording import ConflictingStatement, Response, record
from yincai.records.statements import Body

Session = MutableMapping[str, Any]
SESSION_KEY = "unkept_practice"
PARTS = ("states", "sittings", "hints", "seen")


class NoPractice(ActionError):
    """The sitting is not there (any more)."""

    def __init__(self) -> None:
        super().__init__("这次练习已经结束或不存在，请回到首页重新开始。")


class Given(NamedTuple):
    """One answer of a sitting: slots of its points, and the score."""

    points: tuple[int, ...]
    score: float


class Keeping(Protocol):
    """What practice needs to have kept."""

    pupil: int
    keeps: bool

    def begin(self, subject: str, unit: str, assignment: Assignment | None, place: str) -> Practice: ...

    def practice(self, practice_id: UUID) -> Practice: ...

    def save_practice(self, practice: Practice, *fields: str) -> None: ...

    def state(self, subject: str) -> bytes: ...

    def hints_used(self, form: UUID) -> int: ...

    def note_hint(self, form: UUID, level: int) -> None: ...

    def answered(self, statement: Body, response: Response) -> bytes:
        """Keep an answer; the state after it."""
        ...

    def given(self, practice: Practice) -> list[Given]:
        """The answers of a sitting so far, in order."""
        ...


class Kept:
    """With consent: rows, statements and facts."""

    keeps = True

    def __init__(self, pupil: int, actor: Actor) -> None:
        self.pupil = pupil
        self._actor = actor

    def begin(self, subject: str, unit: str, assignment: Assignment | None, place: str) -> Practice:
        return Practice.objects.create(pupil=self.pupil, subject=subject, unit=unit, assignment=assignment, place=place)

    def practice(self, practice_id: UUID) -> Practice:
        rows = Practice.objects.select_related("assignment")
        found = rows.filter(pk=practice_id, pupil=self.pupil, ended_at__isnull=True).first()
        if found is None:
            raise NoPractice
        return found

    def save_practice(self, practice: Practice, *fields: str) -> None:
        practice.save(update_fields=fields)

    def state(self, subject: str) -> bytes:
        return state_of(self.pupil, subject)

    def hints_used(self, form: UUID) -> int:
        return HintUse.objects.filter(form=form, pupil=self.pupil).count()

    def note_hint(self, form: UUID, level: int) -> None:
        HintUse.objects.get_or_create(form=form, level=level, defaults={"pupil": self.pupil})

    def answered(self, statement: Body, response: Response) -> bytes:
        return record(statement, response, acting_user=self._actor).state

    def given(self, practice: Practice) -> list[Given]:
        facts = facts_of([self.pupil], practice.subject, practice.started_at)
        return [Given(fact.points, fact.score) for fact in facts if fact.practice == practice.pk]


class Unkept:
    """Without consent: everything lies in the web session, answers included, and ends with it."""

    keeps = False

    def __init__(self, pupil: int, session: Session) -> None:
        self.pupil = pupil
        self._session = session
        self._all: dict[str, Any] = session.setdefault(
            SESSION_KEY, {"states": {}, "sittings": {}, "hints": {}, "seen": {}}
        )

    def begin(self, subject: str, unit: str, assignment: Assignment | None, place: str) -> Practice:
        practice = Practice(
            id=new_id(), pupil=self.pupil, subject=subject, unit=unit, assignment=assignment, place=place
        )
        self._all["sittings"] = {}  # one at a time: the session stays small
        self._all["hints"], self._all["seen"] = {}, {}
        self.save_practice(practice)
        return practice

    def practice(self, practice_id: UUID) -> Practice:
        found = self._all["sittings"].get(str(practice_id))
        if found is None or found["ended"]:
            raise NoPractice
        assignment = Assignment.objects.filter(pk=found["assignment"]).first() if found["assignment"] else None
        return Practice(
            id=practice_id,
            pupil=self.pupil,
            subject=found["subject"],
            unit=found["unit"],
            assignment=assignment,
            place=found["place"],
            started_at=datetime.fromisoformat(found["started"]),
            stretch_from=datetime.fromisoformat(found["stretch"]),
        )

    def save_practice(self, practice: Practice, *fields: str) -> None:
        self._all["sittings"][str(practice.pk)] = {
            "subject": practice.subject,
            "unit": practice.unit,
            "assignment": str(practice.assignment_id) if practice.assignment_id else None,
            "place": practice.place,
            "started": practice.started_at.isoformat(),
            "stretch": practice.stretch_from.isoformat(),
            "ended": practice.ended_at is not None,
        }
        self._changed()

    def state(self, subject: str) -> bytes:
        return base64.b64decode(self._all["states"].get(subject, ""))

    def hints_used(self, form: UUID) -> int:
        return len(self._all["hints"].get(str(form), []))

    def note_hint(self, form: UUID, level: int) -> None:
        used = self._all["hints"].setdefault(str(form), [])
        if level not in used:
            used.append(level)
        self._changed()

    def answered(self, statement: Body, response: Response) -> bytes:
        before = self.state(response.subject)
        form, said = str(statement["id"]), statement["result"]["response"]
        if form in self._all["seen"]:
            if self._all["seen"][form][0] != said:
                raise ConflictingStatement
            return before
        fold = FOLDS[response.subject]
        after = fold.fold(before, [_fact(response, len(self._all["seen"]) + 1)], fold.versions)
        self._all["states"][response.subject] = base64.b64encode(after).decode()
        self._all["seen"][form] = [said, list(response.points), response.score]
        self._changed()
        return after

    def given(self, practice: Practice) -> list[Given]:
        return [Given(tuple(points), score) for _, points, score in self._all["seen"].values()]

    def _changed(self) -> None:
        self._session[SESSION_KEY] = self._all


def _fact(response: Response, number: int) -> Fact:
    return Fact(
        response.pupil,
        response.subject,
        number,
        response.place,
        response.item,
        response.version,
        response.seed,
        response.points,
        response.difficulty,
        response.guess,
        response.score,
        response.duration_ms,
        response.attempt,
        response.hints,
        response.source,
        response.cause,
        response.practice,
        response.at,
    )


def minutes_since(moment: datetime) -> int:
    return int((timezone.now() - moment).total_seconds() // 60)

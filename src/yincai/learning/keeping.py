"""Where a sitting is kept: in the database with consent, otherwise only in the web session, gone at sign-out.

Both ways offer the same verbs, so that practice itself does not differ. `Unkept` writes no row of any kind: the state
is folded by the same fold and lies in the session, where nobody else reads it.
"""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from yincai.core.action import ActionError
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.knowledge.graph import load
from yincai.learning.forms import AnswerForm
from yincai.learning.models import Assignment, HintUse, Practice, Purpose, Working
from yincai.learning.rows import read_practice
from yincai.learning.states import traced_of
from yincai.learning.tracing.state import Traced, name_in
from yincai.learning.tracing.versions import numbers_of
from yincai.records.folds import FOLDS, Fact, Fold, Versions
from yincai.records.queries import facts_of, in_force
from yincai.records.recording import ConflictingStatement, Response, record, stored
from yincai.records.statements import Body, worked

Session = MutableMapping[str, Any]
SESSION_KEY = "unkept_practice"
WORKINGS = 30  # kept behind one answer; further ones are looked at all the same
AT_ONCE = 3  # sittings that a web session holds: one for each tab, and it stays small


class NoPractice(ActionError):
    """The sitting is not there (any more)."""

    def __init__(self) -> None:
        super().__init__("这次练习已经结束或不存在，请回到首页重新开始。")


class Given(NamedTuple):
    """One answer of a sitting: the item, slots of its points, the score, and the seed of a generator's variant."""

    item: int
    points: tuple[int, ...]
    score: float
    seed: int | None = None


class Keeping(Protocol):
    """What practice needs to have kept."""

    pupil: int
    keeps: bool

    def begin(
        self,
        subject: str,
        unit: str,
        assignment: Assignment | None,
        place: str,
        since: datetime,
        purpose: str = Purpose.PRACTICE,
    ) -> Practice: ...

    def last_for(self, subject: str, purpose: str) -> Practice | None:
        """The sitting begun last for a purpose, ended or not."""
        ...

    def last_stretch(self) -> datetime | None:
        """Since when the eyes had no rest in the sitting begun last."""
        ...

    def practice(self, practice_id: UUID) -> Practice:
        """A sitting that is going on; raises NoPractice."""
        ...

    def opened(self, form: AnswerForm) -> tuple[Practice, int]:
        """The sitting of a form, even an ended one, and the steps of help taken; raises NoPractice."""
        ...

    def save_practice(self, practice: Practice, *fields: str) -> None: ...

    def state(self, subject: str) -> Traced: ...

    def hints_used(self, form: UUID) -> int: ...

    def note_hint(self, form: UUID, level: int) -> None: ...

    def answered(self, statement: Body, response: Response) -> Traced:
        """Keep an answer; the state after it. Raises ConflictingStatement."""
        ...

    def worked(self, practice: Practice, form: UUID, lines: list[str], broken: int | None) -> None:
        """Keep the steps behind an answer: the same ones once, and no more than WORKINGS."""
        ...

    def said(self, form: UUID) -> str | None:
        """What was answered to a form; None when nothing was."""
        ...

    def given(self, practice: Practice) -> list[Given]:
        """The answers so far, in order: of the sitting, or of all sittings for the same set practice."""
        ...

    def done_of(self, items: tuple[int, ...]) -> set[int]:
        """Which of these items the pupil has answered before."""
        ...


class Kept:
    """With consent: rows, statements and facts."""

    keeps = True

    def __init__(self, pupil: int, actor: Actor) -> None:
        self.pupil = pupil
        self._actor = actor

    def begin(
        self,
        subject: str,
        unit: str,
        assignment: Assignment | None,
        place: str,
        since: datetime,
        purpose: str = Purpose.PRACTICE,
    ) -> Practice:
        return Practice.objects.create(
            pupil=self.pupil,
            subject=subject,
            unit=unit,
            assignment=assignment,
            place=place,
            stretch_from=since,
            purpose=purpose,
        )

    def last_for(self, subject: str, purpose: str) -> Practice | None:
        rows = Practice.objects.filter(pupil=self.pupil, subject=subject, purpose=purpose)
        return rows.order_by("-started_at").first()

    def last_stretch(self) -> datetime | None:
        rows = Practice.objects.filter(pupil=self.pupil).order_by("-started_at")
        return rows.values_list("stretch_from", flat=True).first()

    def practice(self, practice_id: UUID) -> Practice:
        rows = Practice.objects.select_related("assignment")
        found = rows.filter(pk=practice_id, pupil=self.pupil, ended_at__isnull=True).first()
        if found is None:
            raise NoPractice
        return found

    def opened(self, form: AnswerForm) -> tuple[Practice, int]:
        found = read_practice(form.practice, form.id, self.pupil)
        if found is None:
            raise NoPractice
        return found

    def save_practice(self, practice: Practice, *fields: str) -> None:
        practice.save(update_fields=fields)

    def state(self, subject: str) -> Traced:
        return traced_of(self.pupil, subject)

    def hints_used(self, form: UUID) -> int:
        return HintUse.objects.filter(form=form, pupil=self.pupil).count()

    def note_hint(self, form: UUID, level: int) -> None:
        HintUse.objects.get_or_create(form=form, level=level, defaults={"pupil": self.pupil})

    def answered(self, statement: Body, response: Response) -> Traced:
        return Traced.unpack(record(statement, response, acting_user=self._actor).state)

    def worked(self, practice: Practice, form: UUID, lines: list[str], broken: int | None) -> None:
        key, now = uuid5(form, "\n".join(lines)), timezone.now()
        with transaction.atomic():
            mine = Working.objects.filter(answer=form, pupil=self.pupil)
            if mine.filter(statement=key).exists() or mine.count() >= WORKINGS:
                return
            record(worked(id=key, answer=form, lines=lines, at=now), None, pupil=self.pupil, acting_user=self._actor)
            row = {"answer": form, "pupil": self.pupil, "subject": practice.subject, "place": practice.place}
            Working.objects.get_or_create(statement=key, defaults={**row, "lines": lines, "broken": broken, "at": now})

    def said(self, form: UUID) -> str | None:
        found = stored(form, acting_user=self._actor)
        return str(found.statement["result"]["response"]) if found else None

    def given(self, practice: Practice) -> list[Given]:
        since, sittings = practice.started_at, {practice.pk}
        if practice.assignment_id:
            mine = Practice.objects.filter(pupil=self.pupil, assignment=practice.assignment_id)
            started = dict(mine.values_list("pk", "started_at"))
            since, sittings = min(started.values(), default=since), {*started, practice.pk}
        facts = facts_of([self.pupil], practice.subject, since)
        return [Given(fact.item, fact.points, fact.score, fact.seed) for fact in facts if fact.practice in sittings]

    def done_of(self, items: tuple[int, ...]) -> set[int]:
        return set(in_force().filter(pupil=self.pupil, item__in=items).values_list("item", flat=True))


class Unkept:
    """Without consent: everything lies in the web session, answers included, and ends with it."""

    keeps = False

    def __init__(self, pupil: int, session: Session) -> None:
        self.pupil = pupil
        self._session = session
        self._all: dict[str, Any] = session.setdefault(
            SESSION_KEY, {"states": {}, "sittings": {}, "hints": {}, "seen": {}}
        )

    def begin(
        self,
        subject: str,
        unit: str,
        assignment: Assignment | None,
        place: str,
        since: datetime,
        purpose: str = Purpose.PRACTICE,
    ) -> Practice:
        practice = Practice(
            id=new_id(),
            pupil=self.pupil,
            subject=subject,
            unit=unit,
            assignment=assignment,
            place=place,
            purpose=purpose,
            stretch_from=since,
        )
        for old in list(self._all["sittings"])[: 1 - AT_ONCE]:
            self._forget(old)
        self.save_practice(practice)
        return practice

    def last_for(self, subject: str, purpose: str) -> Practice | None:
        held = self._all["sittings"].items()
        mine = [key for key, one in held if one["subject"] == subject and one.get("purpose") == purpose]
        return self._read(UUID(mine[-1])) if mine else None

    def _forget(self, practice: str) -> None:
        del self._all["sittings"][practice]
        for form in [form for form, seen in self._all["seen"].items() if seen[0] == practice]:
            del self._all["seen"][form]
            self._all["hints"].pop(form, None)

    def last_stretch(self) -> datetime | None:
        sittings = list(self._all["sittings"].values())
        return datetime.fromisoformat(sittings[-1]["stretch"]) if sittings else None

    def practice(self, practice_id: UUID) -> Practice:
        found = self._read(practice_id)
        if found.ended_at is not None:
            raise NoPractice
        return found

    def opened(self, form: AnswerForm) -> tuple[Practice, int]:
        return self._read(form.practice), self.hints_used(form.id)

    def _read(self, practice_id: UUID) -> Practice:
        found = self._all["sittings"].get(str(practice_id))
        if found is None:
            raise NoPractice
        assignment = Assignment.objects.filter(pk=found["assignment"]).first() if found["assignment"] else None
        return Practice(
            id=practice_id,
            pupil=self.pupil,
            subject=found["subject"],
            unit=found["unit"],
            assignment=assignment,
            place=found["place"],
            purpose=found.get("purpose", Purpose.PRACTICE),
            started_at=datetime.fromisoformat(found["started"]),
            stretch_from=datetime.fromisoformat(found["stretch"]),
            ended_at=datetime.fromisoformat(found["ended"]) if found["ended"] else None,
        )

    def save_practice(self, practice: Practice, *fields: str) -> None:
        self._all["sittings"][str(practice.pk)] = {
            "subject": practice.subject,
            "unit": practice.unit,
            "assignment": str(practice.assignment_id) if practice.assignment_id else None,
            "place": practice.place,
            "purpose": str(practice.purpose),
            "started": practice.started_at.isoformat(),
            "stretch": practice.stretch_from.isoformat(),
            "ended": practice.ended_at.isoformat() if practice.ended_at else "",
        }
        self._changed()

    def state(self, subject: str) -> Traced:
        return Traced.unpack(self._packed(subject))

    def _packed(self, subject: str) -> bytes:
        return base64.b64decode(self._all["states"].get(subject, ""))

    def hints_used(self, form: UUID) -> int:
        return len(self._all["hints"].get(str(form), []))

    def note_hint(self, form: UUID, level: int) -> None:
        used = self._all["hints"].setdefault(str(form), [])
        if level not in used:
            used.append(level)
        self._changed()

    def answered(self, statement: Body, response: Response) -> Traced:
        before = self._packed(response.subject)
        form, said = str(statement["id"]), statement["result"]["response"]
        seen = self._all["seen"]
        if form in seen:
            if seen[form][1] != said:
                raise ConflictingStatement
            return Traced.unpack(before)
        fold = FOLDS[response.subject]
        after = fold.fold(before, [_fact(response, len(seen) + 1)], _versions_of(before, fold))
        self._all["states"][response.subject] = base64.b64encode(after).decode()
        seen[form] = [
            str(response.practice), said, response.item, list(response.points), response.score, response.seed
        ]  # fmt: skip
        self._changed()
        return Traced.unpack(after)

    def worked(self, practice: Practice, form: UUID, lines: list[str], broken: int | None) -> None:
        """Not even the session needs it."""

    def said(self, form: UUID) -> str | None:
        seen = self._all["seen"].get(str(form))
        return str(seen[1]) if seen else None

    def given(self, practice: Practice) -> list[Given]:
        answers = [seen for seen in self._all["seen"].values() if seen[0] == str(practice.pk)]
        return [Given(seen[2], tuple(seen[3]), seen[4], *seen[5:]) for seen in answers]

    def done_of(self, items: tuple[int, ...]) -> set[int]:
        return {seen[2] for seen in self._all["seen"].values()} & set(items)

    def _changed(self) -> None:
        self._session[SESSION_KEY] = self._all


def _versions_of(state: bytes, fold: Fold) -> Versions:
    """A sitting goes on with the numbers that it began with, also after a switch; only the first answer asks which."""
    name = name_in(state)
    return Versions(numbers_of(name).model, name, str(load().version)) if name else fold.versions


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

"""A term of practice in one class: when its pupils sit down, what they are asked, and the statements that follow.

Pure but for the fold that `records` is given: several processes each take their share of the classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import exp
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from yincai.knowledge.generators import get
from yincai.knowledge.queries import graph
from yincai.learning.models import Practice, Purpose
from yincai.portal.demo.bank import SUBJECT, VARIANTS, Asked, Source, asked
from yincai.portal.demo.calendar import Calendar, mondays
from yincai.portal.demo.model import Mind, minds
from yincai.portal.demo.sizes import GRADES, PRACTISING, Size, grades_of
from yincai.records import histories, rows, statements
from yincai.records.folds import Versions
from yincai.records.recording import Response
from yincai.records.statements import Body

KEPT = 0.92  # share of pupils whose practice is kept
TARGET = 0.75  # success rate aimed at
QUESTIONS, LONGEST = 10, 15 * 60  # of a sitting; seconds after which the eyes rest
IN_CLASS = 0.8  # most weeks have a sitting at school: this share, where there is practice enough for it
PRESENT = 0.95
DONE = 0.925  # of what is planned: the week is not over yet, the eyes need a rest
STEP = 0.35  # of the running estimate by which the item is chosen
SYNTHETIC = statements.SPACE + "synthetic"


@dataclass(frozen=True)
class Term:
    """The weeks practised in, the moment now (with the city's time zone), how many answers a pupil gives about."""

    mondays: tuple[date, ...]
    now: datetime
    answers: float
    seed: int


def term_of(size: Size, year: Calendar, now: datetime, seed: int) -> Term:
    """As many answers from each pupil as make up what is wanted of all of them."""
    pupils = sum(
        school.pupils * school.classes * sum(grade in GRADES for grade in grades_of(school))
        for school in size.schools
        if school.kind in PRACTISING
    )
    weeks = tuple(mondays(year.term, now.date()))
    return Term(weeks, now, size.answers / max(pupils * KEPT, 1), seed)


@dataclass(frozen=True)
class ClassTask:
    """A class whose practice is to be simulated: the pupils whose practice is kept, by number and pseudonym's name."""

    number: int
    place: str
    grade: int
    level: float
    pupils: tuple[tuple[int, UUID], ...]


class Practised(NamedTuple):
    """What a class has practised, ready for the database."""

    ready: list[histories.Ready]
    sittings: list[list[Any]]


class Workshop:
    """What every class needs; made once in a process."""

    def __init__(self, term: Term, sources: list[Source], versions: Versions) -> None:
        self.term = term
        self.versions = versions
        self.items: dict[str, list[Source]] = {}  # of each generator
        for source in sources:
            self.items.setdefault(source.generator, []).append(source)

    def practise(self, task: ClassTask) -> Practised:
        plan = Plan(task, self)
        thinking = minds(len(task.pupils), task.grade, task.level, (self.term.seed, task.number))
        ready, sittings = [], []
        for (number, name), mind in zip(task.pupils, thinking, strict=True):
            pupil = Pupil(number, name, mind, plan, Random(f"{self.term.seed} {task.number} {number}"))  # noqa: S311
            answers = list(pupil.answers())
            ready.append(histories.prepare(number, name, SUBJECT, answers, self.versions))
            sittings += pupil.sittings
        return Practised(ready, sittings)


class Plan:
    """What the class is taught, week by week, and when it sits down together."""

    def __init__(self, task: ClassTask, shop: Workshop) -> None:
        self.task = task
        self.term = shop.term
        self.items = shop.items
        dice = Random(f"{shop.term.seed} class {task.number}")  # noqa: S311 - no secret
        by_grade = {code: sources[0].grade for code, sources in shop.items.items()}
        self.own = [code for code, grade in by_grade.items() if grade == task.grade]
        self.earlier = [code for code, grade in by_grade.items() if task.grade - 2 <= grade < task.grade] or self.own
        self.weekday, self.hour = dice.randrange(5), dice.choice((10.4, 14.1, 15.0))
        share = min(IN_CLASS, 0.7 * shop.term.answers / QUESTIONS / len(shop.term.mondays))
        self.together = [dice.random() < share for _ in shop.term.mondays]

    def topics(self, week: int, dice: Random, at_school: bool) -> str:
        """The generator to practise: mostly this week's, sometimes an earlier one of the year or the years before."""
        begun = self.own[: 1 + week * len(self.own) // len(self.term.mondays)]
        chance = dice.random()
        if chance < (0.65 if at_school else 0.45) or (chance < 0.8 and len(begun) == 1):
            return begun[-1]
        return dice.choice(begun[:-1] if chance < 0.8 else self.earlier)


class Pupil:
    """One pupil's term."""

    def __init__(self, number: int, name: UUID, mind: Mind, plan: Plan, dice: Random) -> None:
        self.number = number
        self.name = name
        self.mind = mind
        self.plan = plan
        self.dice = dice
        self.estimate: dict[str, float] = {}
        self.pace = dice.lognormvariate(0.0, 0.25)
        weeks = len(plan.term.mondays)
        together = sum(plan.together) * PRESENT * QUESTIONS
        self.at_home = max(0.0, (plan.term.answers / DONE - together) / QUESTIONS / weeks) * dice.lognormvariate(
            -0.06, 0.35
        )
        self.sittings: list[list[Any]] = []
        self._recent: list[tuple[int, int]] = []

    def answers(self) -> Iterator[tuple[Body, Response]]:
        """All answers of the term, in order."""
        for week, begins, at_school in self._times():
            yield from self._sitting(week, begins, at_school)

    def _times(self) -> list[tuple[int, datetime, bool]]:
        """When the pupil sits down: at school with the class, at home in the evening or at the weekend."""
        found = []
        for week, monday in enumerate(self.plan.term.mondays):
            if self.plan.together[week] and self.dice.random() < PRESENT:
                found.append((week, self._at(monday, self.plan.weekday, self.plan.hour), True))
            whole, part = divmod(self.at_home, 1.0)
            for _ in range(int(whole) + (self.dice.random() < part)):
                day = self.dice.choices(range(7), (4, 4, 4, 4, 3, 3, 3))[0]
                hour = self.dice.uniform(9.5, 20.0) if day > 4 else self.dice.uniform(18.3, 20.6)
                found.append((week, self._at(monday, day, hour), False))
        return sorted(one for one in found if one[1] + timedelta(seconds=LONGEST) < self.plan.term.now)

    def _at(self, monday: date, day: int, hour: float) -> datetime:
        moment = datetime.combine(monday + timedelta(days=day), time(), self.plan.term.now.tzinfo)
        seconds = int(hour * 3600) + self.dice.randrange(120)
        return (moment + timedelta(seconds=seconds, milliseconds=self.dice.randrange(1000))).astimezone(UTC)

    def _sitting(self, week: int, begins: datetime, at_school: bool) -> Iterator[tuple[Body, Response]]:
        sitting = self._id(begins)
        topic = self.plan.topics(week, self.dice, at_school)
        now = begins
        for _ in range(max(4, round(self.dice.gauss(QUESTIONS, 1.5 if at_school else 3.0)))):
            code = topic if self.dice.random() < 0.8 else self.dice.choice(self.plan.earlier)
            told, now = self._question(code, now, sitting)
            yield told
            if (now - begins).total_seconds() > LONGEST - 60:
                break
        self.sittings.append(self._sitting_row(sitting, topic, begins, now))

    def _sitting_row(self, sitting: UUID, topic: str, begins: datetime, ends: datetime) -> list[Any]:
        known = graph(SUBJECT)
        row = {
            "id": sitting,
            "pupil": self.number,
            "subject": SUBJECT,
            "unit": known[get(topic).points[0]].unit,
            "assignment_id": None,
            "place": self.plan.task.place,
            "purpose": Purpose.PRACTICE.value,
            "started_at": begins,
            "stretch_from": begins,
            "ended_at": ends,
        }
        return rows.prepared(Practice, row)

    def _question(self, code: str, now: datetime, sitting: UUID) -> tuple[tuple[Body, Response], datetime]:
        source, likely = self._item(code)
        question = self._fresh(source)
        hints = self._hints(likely)
        answer = self.mind.answer(question, now.timestamp() / 86400, hints)
        self.estimate[code] = self.estimate.get(code, 0.0) + STEP * (answer.score - likely)
        spent = self._spent(source, hints, answer.score)
        at = now + timedelta(milliseconds=spent)
        told = self._told(source, question, answer.typed, answer.score, answer.cause, hints, spent, at, sitting)
        return told, at + timedelta(milliseconds=self.dice.randrange(2000, 9000))

    def _item(self, code: str) -> tuple[Source, float]:
        """The item whose chance of success, as far as is known, lies nearest to the target."""
        known = self.estimate.get(code, 0.0)
        chances = [(source, 1.0 / (1.0 + exp(source.difficulty - known - 0.6))) for source in self.plan.items[code]]
        return min(chances, key=lambda one: abs(one[1] - TARGET) + 0.15 * self.dice.random())

    def _fresh(self, source: Source) -> Asked:
        """A variant that was not among the last ones."""
        while True:
            number = self.dice.randrange(VARIANTS)
            mark = (source.item, number)
            if mark not in self._recent:
                self._recent = [*self._recent[-30:], mark]
                return asked(source, number)

    def _hints(self, likely: float) -> int:
        if self.dice.random() > 0.05 + 0.3 * max(0.0, 0.7 - likely):
            return 0
        return self.dice.choices((1, 2, 3), (6, 3, 1))[0]

    def _spent(self, source: Source, hints: int, score: float) -> int:
        typical = 9.0 + 5.0 * source.depth + 1.2 * source.grade
        seconds = typical * self.pace * self.dice.lognormvariate(0.0, 0.45) * (1.0 if score else 1.15) + 14.0 * hints
        return int(1000 * min(max(seconds, 2.5), 240.0))

    def _told(
        self,
        source: Source,
        question: Asked,
        typed: str,
        score: float,
        cause: str,
        hints: int,
        spent: int,
        at: datetime,
        sitting: UUID,
    ) -> tuple[Body, Response]:
        body = statements.answered(
            id=self._id(at),
            subject=SUBJECT,
            item=source.item,
            version=source.version,
            seed=question.seed,
            typed=typed,
            score=score,
            success=score >= 1.0,
            at=at,
            duration_ms=spent,
            hints=hints,
            practice=sitting,
            cause=cause,
        )
        body["context"]["extensions"][SYNTHETIC] = True
        response = Response(
            pupil=self.number,
            subject=SUBJECT,
            place=self.plan.task.place,
            item=source.item,
            version=source.version,
            seed=question.seed,
            points=question.points,
            difficulty=question.difficulty,
            guess=question.guess,
            score=score,
            duration_ms=spent,
            hints=hints,
            cause=cause,
            practice=sitting,
            at=at,
        )
        return body, response

    def _id(self, at: datetime) -> UUID:
        """A UUIDv7 of that moment."""
        stamp, dice = int(at.timestamp() * 1000), self.dice.getrandbits(74)
        return UUID(int=stamp << 80 | 7 << 76 | dice >> 62 << 64 | 2 << 62 | dice & (1 << 62) - 1)

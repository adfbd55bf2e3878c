"""Which answers a report is about, and whose they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from yincai.learning.models import SUBJECTS, Assignment, Practice
from yincai.records.models import ResponseFact
from yincai.records.queries import in_force
from yincai.registry.models import Organisation
from yincai.registry.queries import Pupil, pupils_of

SUBJECT = "math"
SOURCES = {"": "全部练习", "assigned": "老师布置的", "practice": "自己练的", "placement": "摸底"}
SPANS = {7: "最近一周", 28: "最近四周", 120: "最近一学期"}
MOST = 20_000  # answers a report reads


@dataclass(frozen=True)
class Gathered:
    """`pupils`: whom the report is about and of whom something is kept, in school-number order; `unkept`: how many
    there are of whom nothing is kept. `facts` in the order in which they were given."""

    title: str
    room: Organisation
    pupils: tuple[Pupil, ...]
    unkept: int
    facts: tuple[ResponseFact, ...]
    subject: str = SUBJECT
    assignment: Assignment | None = None

    @cached_property
    def by_pupil(self) -> dict[int, list[ResponseFact]]:
        found: dict[int, list[ResponseFact]] = defaultdict(list)
        for fact in self.facts:
            found[fact.pupil].append(fact)
        return found

    @cached_property
    def numbers(self) -> dict[int, Pupil]:
        return {pupil.pseudonym.number: pupil for pupil in self.pupils}

    def people(self, numbers: set[int]) -> tuple[Pupil, ...]:
        """In school-number order, always."""
        return tuple(pupil for pupil in self.pupils if pupil.pseudonym.number in numbers)

    @property
    def last(self) -> datetime | None:
        return max((fact.at for fact in self.facts), default=None)


def of_assignment(row: Assignment) -> Gathered:
    """All answers to a practice that a teacher set, over all sittings."""
    every = pupils_of(row.school_class)
    meant = [pupil for pupil in every if not row.pupils or pupil.pseudonym.number in row.pupils]
    kept = tuple(pupil for pupil in meant if pupil.pseudonym.keeps)
    sittings = Practice.objects.filter(assignment=row, pupil__in=_numbers(kept)).values_list("pk", flat=True)
    facts = in_force().filter(subject=row.subject, pupil__in=_numbers(kept), practice__in=list(sittings))
    return Gathered(
        row.title, row.school_class, kept, len(meant) - len(kept), _read(facts), row.subject, assignment=row
    )


def of_class(room: Organisation, days: int, source: str = "") -> Gathered:
    """What a class answered in the last days, from one source or all."""
    every = pupils_of(room)
    kept = tuple(pupil for pupil in every if pupil.pseudonym.keeps)
    since = timezone.now() - timedelta(days=days)
    facts = in_force().filter(subject=SUBJECT, pupil__in=_numbers(kept), at__gte=since)
    if source:
        facts = facts.filter(source=source)
    title = f"{SPANS[days]}{SUBJECTS[SUBJECT]} · {SOURCES[source]}"
    return Gathered(title, room, kept, len(every) - len(kept), _read(facts))


def _numbers(pupils: tuple[Pupil, ...]) -> list[int]:
    return [pupil.pseudonym.number for pupil in pupils]


def _read(facts: QuerySet[ResponseFact]) -> tuple[ResponseFact, ...]:
    return tuple(facts.order_by("-at", "-pk")[:MOST])[::-1]

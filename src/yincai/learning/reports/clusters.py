"""Wrong answers gathered by their cause, and the pupils behind each, in school-number order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from yincai.core.figures import Figure
from yincai.knowledge.graph import Point
from yincai.knowledge.queries import graph
from yincai.learning.actions.practise import DONT_KNOW
from yincai.learning.attribution.causes import EXACT, STEP, TEACHER, Wrong, attribute
from yincai.learning.attribution.words import TEACHERS, is_careless, name_of, point_of, words_of
from yincai.learning.papers import SIGNS
from yincai.learning.reports.gather import Gathered
from yincai.measurement.intervals import wilson
from yincai.registry.queries import Pupil

NOTHING_WRITTEN = ("", DONT_KNOW, *(sign for _, sign in SIGNS.values()))
FIRST = 6  # clusters that stand open
NEWEST = 30  # to be judged one by one


@dataclass(frozen=True)
class Cluster:
    """`probability`: on average over its answers; `share` of the pupils who answered. `answers` open one by one."""

    cause: str
    name: str
    words: str
    point: Point | None
    people: tuple[Pupil, ...]
    answers: tuple[Wrong, ...]
    probability: float
    share: Figure
    practice_url: str

    @property
    def count(self) -> int:
        return len(self.answers)

    @property
    def careless(self) -> bool:
        return is_careless(self.cause)

    @property
    def how(self) -> str:
        """What the cause rests on."""
        judged = sum(wrong.named is not None and wrong.named.how == TEACHER for wrong in self.answers)
        steps = sum(wrong.named is not None and wrong.named.how == STEP for wrong in self.answers)
        exact = sum(wrong.named is not None and wrong.named.how == EXACT for wrong in self.answers)
        rest = self.count - judged - steps - exact
        said = [(judged, "老师判断"), (steps, "步骤里看到"), (exact, "完全吻合"), (rest, "按算式推算")]
        return "，".join(f"{word} {count} 次" for count, word in said if count)

    @property
    def by_pupil(self) -> list[tuple[Pupil, list[Wrong]]]:
        found: dict[int, list[Wrong]] = defaultdict(list)
        for wrong in self.answers:
            found[wrong.fact.pupil].append(wrong)
        return [(pupil, found[pupil.pseudonym.number]) for pupil in self.people]


@dataclass(frozen=True)
class Errors:
    """`unnamed`: wrong answers whose cause cannot be told (or not yet: `waiting`)."""

    clusters: tuple[Cluster, ...]
    unnamed: tuple[Wrong, ...]
    waiting: int
    wrong: int

    @property
    def first(self) -> tuple[Cluster, ...]:
        return self.clusters[:FIRST]

    @property
    def rest(self) -> tuple[Cluster, ...]:
        return self.clusters[FIRST:]

    @property
    def most_of_rest(self) -> int:
        return max((len(one.people) for one in self.rest), default=0)

    @property
    def written(self) -> list[Wrong]:
        """Of the unnamed those that one can look at and judge."""
        return [one for one in self.unnamed if one.typed not in NOTHING_WRITTEN]

    @property
    def newest(self) -> list[Wrong]:
        return sorted(self.written, key=lambda one: one.fact.at, reverse=True)[:NEWEST]

    @property
    def bare(self) -> int:
        """Answers of which only the mark is known, or that the pupil did not know."""
        return len(self.unnamed) - len(self.written)


def errors_of(gathered: Gathered, least: int) -> Errors:
    wrong = attribute(gathered.facts, gathered.subject)
    by_cause: dict[str, list[Wrong]] = defaultdict(list)
    for one in wrong:
        by_cause[one.cause].append(one)
    unnamed = by_cause.pop("", [])
    clusters = [_cluster(cause, some, gathered, least) for cause, some in by_cause.items()]
    clusters.sort(key=_place)
    return Errors(tuple(clusters), tuple(unnamed), sum(one.waits for one in unnamed), len(wrong))


def _place(one: Cluster) -> tuple[bool, bool, int, int, str]:
    """What can be taught comes first, most pupils before fewer; then what looks careless, then the teacher's own."""
    return one.cause in TEACHERS, one.careless, -len(one.people), -one.count, one.cause


def _cluster(cause: str, wrong: Sequence[Wrong], gathered: Gathered, least: int) -> Cluster:
    people = gathered.people({one.fact.pupil for one in wrong})
    answered = len(gathered.by_pupil)
    low, high = wilson(len(people), answered)
    named = [one.named.probability for one in wrong if one.named]
    enough = answered >= max(least, 1)
    point = None if cause in TEACHERS else point_of(cause, gathered.subject) or _shared_point(wrong, gathered.subject)
    address = reverse("learning-set", args=[gathered.room.pk])
    chosen = {"point": point.code, "pupils": [pupil.pseudonym.number for pupil in people]} if point else {}
    return Cluster(
        cause=cause,
        name=name_of(cause),
        words=words_of(cause),
        point=point,
        people=people,
        answers=tuple(wrong),
        probability=sum(named) / len(named),
        share=Figure(len(people) / answered, low, high, answered) if enough else Figure(None, n=answered),
        practice_url=f"{address}?{urlencode(chosen, doseq=True)}",
    )


def _shared_point(wrong: Sequence[Wrong], subject: str) -> Point | None:
    """Where a cause has no point of its own: the one that most of its answers practise."""
    known = graph(subject).by_slot
    slots = [slot for one in wrong for slot in one.fact.slots if slot in known]
    return known[max(sorted(set(slots)), key=slots.count)] if slots else None

"""Reads: how far a monitoring is, school by school; the runs and figures that the scope reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from yincai.core.actors import Actor
from yincai.evaluation.models import Appeal, GrowthRun, Monitoring, Participant, SchoolGrowth
from yincai.evaluation.policies import APPEAL_ANSWER, APPEALS_SEE, GROWTH_SEE
from yincai.evaluation.sample import school_path
from yincai.records.queries import scores_in_force
from yincai.registry.models import Organisation, OrganisationKind, Pseudonym


@dataclass(frozen=True)
class Turnout:
    """One school in a monitoring. `without`: no consent, nothing is kept; `missing`: drawn, with consent, no score."""

    school: Organisation
    drawn: int
    scored: int
    without: int

    @property
    def missing(self) -> int:
        return self.drawn - self.scored - self.without


def monitorings() -> QuerySet[Monitoring]:
    return Monitoring.objects.select_related("organisation", "before", "after")


def turnout(monitoring: Monitoring) -> list[Turnout]:
    """The schools of the scope in the order of their codes: counts only."""
    drawn = _by_school(Participant.objects.filter(monitoring=monitoring))
    kept = Pseudonym._base_manager.filter(keeps=True).values("number")
    scored = _by_school(scores_in_force().filter(test=monitoring.code, pupil__in=kept))
    without = _by_school(Participant.objects.filter(monitoring=monitoring).exclude(pupil__in=kept))
    schools = Organisation.objects.filter(path__in=drawn, kind=OrganisationKind.SCHOOL).order_by("code", "path")
    return [Turnout(one, drawn[one.path], scored[one.path], without[one.path]) for one in schools]


def _by_school(rows: QuerySet[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, count in rows.order_by().values_list("place").annotate(count=Count("pk")):
        found[school_path(place)] += count
    return found


def sum_of(rows: Iterable[Turnout]) -> dict[str, int]:
    every = list(rows)
    return {name: sum(getattr(row, name) for row in every) for name in ("drawn", "scored", "without", "missing")}


def latest_runs() -> list[GrowthRun]:
    """Of each monitoring the newest run, the newest monitoring first."""
    newest: dict[object, GrowthRun] = {}
    for run in GrowthRun.objects.select_related("monitoring__before", "monitoring__organisation").order_by("-at"):
        newest.setdefault(run.monitoring_id, run)
    return sorted(newest.values(), key=lambda run: (run.monitoring.on, -run.monitoring.grade), reverse=True)


def schools_of(run: GrowthRun, actor: Actor) -> list[SchoolGrowth]:
    """In the order of the schools' codes, never of a figure."""
    rows = GROWTH_SEE.filter(actor, SchoolGrowth.objects.filter(run=run))
    return list(rows.select_related("school", "run").order_by("school__code", "school__path"))


def appeals_for(actor: Actor) -> QuerySet[Appeal]:
    rows = APPEALS_SEE.filter(actor, Appeal.objects.all())
    return rows.select_related("growth__school", "growth__run__monitoring")


def appeals_waiting(actor: Actor) -> int:
    """For this officer to answer: a city's monitoring is not for the district to defend."""
    return int(APPEAL_ANSWER.filter(actor, Appeal.objects.filter(state=Appeal.OPEN)).count())

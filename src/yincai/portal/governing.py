"""The home of those who answer for schools: a head, a district officer, a city officer.

Everything on it is an indicator's figure; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from yincai.core.actors import Actor
from yincai.core.navigation import Link
from yincai.indicators.charts import Chart, Share, intervals, shares
from yincai.indicators.definitions import Indicator
from yincai.indicators.queries import Line, Reading, reading, several
from yincai.learning.indicators import ACTIVE_CLASSES, ACTIVE_SCHOOLS, COVERAGE, LEVELS, MASTERY
from yincai.portal.calendar import counted
from yincai.registry.models import OrganisationKind

MOST_NAMED = 6
MEASURES = {OrganisationKind.DISTRICT: "个区县", OrganisationKind.SCHOOL: "所学校", OrganisationKind.CLASS: "个班"}
UNITS = {OrganisationKind.DISTRICT: "各区县", OrganisationKind.SCHOOL: "各学校", OrganisationKind.CLASS: "各班"}


@dataclass(frozen=True)
class Attention:
    """An organisation that needs a look: what is the matter, and the page that shows it."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class GoverningHome:
    finding: str
    age: str
    readings: list[Reading]
    attention: list[Attention]
    waiting: list[Link]
    unnamed: int
    parts: str  # what the list is about: each school, to a head each class
    mastery: Reading
    levels: list[Share]
    chart: Chart | None
    begun: bool

    @property
    def things(self) -> int:
        return len(self.attention) + self.unnamed + sum(link.waiting for link in self.waiting)

    @property
    def units(self) -> str:
        kinds = {line.organisation.kind for line in self.mastery.lines}
        return UNITS.get(OrganisationKind(kinds.pop()), "各单位") if len(kinds) == 1 else "各单位"


def governing_home(actor: Actor, links: list[Link]) -> GoverningHome:
    """`links`: the rail's, some of which wait for a decision."""
    school = actor.role is not None and actor.role_name == "head"
    wanted = [ACTIVE_CLASSES, COVERAGE] if school else [ACTIVE_SCHOOLS, ACTIVE_CLASSES, COVERAGE]
    seen = several([*wanted, MASTERY], actor)
    mastery = seen[MASTERY.code]
    begun = bool(mastery.lines or (mastery.whole and mastery.whole.figures))
    idle = list(_idle(seen[ACTIVE_CLASSES.code], actor)) if begun else []
    figures = mastery.whole.figures if mastery.whole else ()
    return GoverningHome(
        finding=_finding(seen, idle) if begun else "还没有学生开始练习",
        age=mastery.age,
        readings=[seen[indicator.code] for indicator in wanted],
        attention=[_attention(line, school) for line in idle[:MOST_NAMED]],
        waiting=[link for link in links if link.waiting],
        parts="每个班" if school else "每所学校",
        unnamed=max(0, len(idle) - MOST_NAMED),
        mastery=mastery,
        levels=shares(figures, MASTERY.parts, LEVELS) if figures else [],
        chart=intervals([(line.organisation.name, line.figures[-1]) for line in mastery.lines]),
        begun=begun,
    )


def _idle(active: Reading, actor: Actor) -> Iterator[Line]:
    """The parts of one's own where no class has practised this week, down to the schools of a district."""
    for line in active.lines:
        if line.figure is not None and line.figure.value == 0:
            yield line
        elif line.organisation.kind == OrganisationKind.DISTRICT:
            yield from _idle(reading(ACTIVE_CLASSES, actor, line.organisation), actor)


def _finding(seen: dict[str, Reading], idle: list[Line]) -> str:
    coverage = seen[COVERAGE.code]
    if not idle:
        return coverage.finding
    if len(idle) == 1:
        return f"{idle[0].organisation.name}最近七天没有练习，其余都在进行"
    return f"{counted(len(idle))}{_kind_of(idle)}最近七天没有练习，其余都在进行"


def _kind_of(lines: list[Line]) -> str:
    kinds = {line.organisation.kind for line in lines}
    return MEASURES[OrganisationKind(kinds.pop())] if len(kinds) == 1 else "个单位"


def _attention(line: Line, school: bool) -> Attention:
    figure = line.figure
    note = f"最近七天 {figure.said}做过练习" if figure else ""
    return Attention(line.organisation.name, note, _address(ACTIVE_CLASSES, line, school))


def _address(indicator: Indicator, line: Line, school: bool) -> str:
    if school:
        return reverse("learning-class", args=[line.organisation.pk])
    return f"{reverse('indicators-indicator', args=[indicator.code])}?at={line.organisation.pk}"

"""Reads: the figures of an organisation and of those below it, as far as the actor's scope reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.exports import Cell, Column, Sheet
from yincai.core.figures import Figure
from yincai.indicators.definitions import Indicator
from yincai.indicators.population import SHOWN
from yincai.indicators.results import result
from yincai.indicators.suppression import parent_of
from yincai.registry.models import Organisation, OrganisationKind, in_force

BELOW = {
    OrganisationKind.CITY: (OrganisationKind.DISTRICT, OrganisationKind.SCHOOL),
    OrganisationKind.DISTRICT: (OrganisationKind.SCHOOL,),
    OrganisationKind.SCHOOL: (OrganisationKind.CLASS,),
}


@dataclass(frozen=True)
class Line:
    """One organisation's figures, one for each part; `figures` empty: it is no part of what is counted."""

    organisation: Organisation
    figures: tuple[Figure, ...]

    @property
    def is_class(self) -> bool:
        return self.organisation.kind == OrganisationKind.CLASS

    @property
    def figure(self) -> Figure | None:
        return self.figures[-1] if self.figures else None


@dataclass(frozen=True)
class Reading:
    """An indicator as an actor sees it: the whole (None where the scope is several parts), its parts, its age."""

    indicator: Indicator
    organisation: Organisation | None
    whole: Line | None
    lines: list[Line]
    uncounted: int
    as_of: datetime | None
    computed_at: datetime

    @property
    def finding(self) -> str:
        """The figure as a sentence; an honest one where there is none."""
        figures = self.whole.figures if self.whole else ()
        if not figures or any(figure.value is None for figure in figures):
            return f"{self.indicator.label}：{figures[0].said if figures else '请看各单位'}"
        return self.indicator.finding.format(*(figure.said for figure in figures), figure=figures[-1].said)

    @property
    def least(self) -> int:
        return self.indicator.least(self.organisation.path if self.organisation else "")

    @property
    def place_id(self) -> str:
        return str(self.organisation.pk) if self.organisation else ""

    @property
    def age(self) -> str:
        return age_of(self.as_of)


def age_of(as_of: datetime | None) -> str:
    """How old figures are, as the page says it."""
    if as_of is None:
        return "还没有练习记录"
    minutes = max(0, int((timezone.now() - as_of).total_seconds() // 60))
    ago = "不到 1 分钟前" if minutes < 1 else f"{minutes} 分钟前" if minutes < 120 else f"{minutes // 60} 小时前"
    at = timezone.localtime(as_of)
    return f"数据截至 {at.month} 月 {at.day} 日 {at:%H:%M}（{ago}）"


def home_of(actor: Actor) -> Organisation | None:
    """The organisation whose figures the role looks at first; None where it governs several parts."""
    if actor.role is None or not actor.scope.covers(actor.role.path):
        return None
    return Organisation.objects.filter(pk=actor.role.organisation, kind__in=SHOWN).first()


def reading(indicator: Indicator, actor: Actor, organisation: Organisation | None) -> Reading:
    """The table of one indicator at an organisation (None: at whatever the actor's scope holds)."""
    found = result(indicator)
    below = [Line(row, found.figures.get(row.path, ())) for row in _below(actor, organisation)]
    return Reading(
        indicator=indicator,
        organisation=organisation,
        whole=Line(organisation, found.figures.get(organisation.path, ())) if organisation else None,
        lines=[line for line in below if line.figures],
        uncounted=sum(not line.figures for line in below),
        as_of=found.as_of,
        computed_at=found.computed_at,
    )


def _below(actor: Actor, organisation: Organisation | None) -> list[Organisation]:
    """The next organisations with figures: districts of a city, schools of a district, classes of a school."""
    rows: QuerySet[Organisation] = Organisation.objects.filter(actor.scope.down("path"), in_force())
    if organisation is None:
        found = list(rows.filter(kind__in=SHOWN))
    else:
        kinds = BELOW.get(OrganisationKind(organisation.kind), ())
        found = list(rows.filter(Q(path__startswith=organisation.path), kind__in=kinds))
    paths = {row.path: row for row in found}
    return [row for row in found if parent_of(row.path, paths) is None]


def sheet_of(reading_: Reading) -> Sheet:
    """The table of an indicator as it leaves: value, bounds and n in columns of their own."""
    indicator = reading_.indicator
    counted = indicator.kind == "count"
    columns = [Column("单位")]
    for part in indicator.parts:
        name = part or indicator.label
        columns += [Column(name, "number")] if counted else _bounded(name)
    columns.append(Column("总数" if counted else f"n（{indicator.unit}）", "number"))
    lines = [*([reading_.whole] if reading_.whole and reading_.whole.figures else []), *reading_.lines]
    notes = [
        f"{indicator.question}总体：{indicator.population}",
        f"算法：{indicator.formula_words}",
        f"来源：{indicator.source}{reading_.age}。",
    ]
    return Sheet(indicator.label, columns, [_cells(line, counted) for line in lines], notes)


def _bounded(name: str) -> list[Column]:
    return [Column(name, "percent"), Column(f"{name} 下限", "percent"), Column(f"{name} 上限", "percent")]


def _cells(line: Line, counted: bool) -> list[Cell]:
    cells: list[Cell] = [line.organisation.name]
    for figure in line.figures:
        value: Cell = figure.said if figure.value is None else figure.value
        cells += [value] if counted else [value, figure.low, figure.high]
    return [*cells, line.figures[0].n]


def several(indicators: list[Indicator], actor: Actor) -> dict[str, Reading]:
    """Readings at the role's own organisation, by code: what a home shows."""
    place = home_of(actor)
    return {indicator.code: reading(indicator, actor, place) for indicator in indicators}

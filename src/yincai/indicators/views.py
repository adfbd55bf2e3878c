"""Pages: the indicators of one's own organisation; one indicator, down to its classes; the pupils behind a class."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from yincai.core.actors import Actor
from yincai.core.exports import Cell, Column, Sheet, export, wanted_format
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.indicators.actions.reveal import Revealed, reveal
from yincai.indicators.charts import intervals
from yincai.indicators.definitions import INDICATORS, Indicator, registered
from yincai.indicators.policies import REVEAL, SEE
from yincai.indicators.queries import home_of, reading, several, sheet_of
from yincai.registry.models import Organisation, OrganisationKind
from yincai.registry.queries import ancestors


@requires(SEE)
def figures(request: Request) -> HttpResponse:
    actor: Actor = request.actor
    readings = list(several(registered(), actor).values())
    return render(request, "indicators/figures.html", {"readings": readings, "place": home_of(actor)})


@requires(SEE)
def indicator(request: Request, code: str) -> HttpResponse:
    actor: Actor = request.actor
    found = _indicator(code)
    place = _place(request, actor)
    seen = reading(found, actor, place)
    if form := wanted_format(request):
        return export(sheet_of(seen), form, acting_user=actor)
    values = {
        "reading": seen,
        "indicator": found,
        "chart": intervals([(line.organisation.name, line.figures[-1]) for line in seen.lines]),
        "above": _above(place, actor),
        "may_reveal": found.of_people and REVEAL.held_by(actor),
    }
    return render(request, "indicators/indicator.html", values)


@requires(REVEAL)
def pupils(request: Request, code: str, school_class: UUID) -> HttpResponse:
    actor: Actor = request.actor
    found = _indicator(code)
    place = get_object_or_404(
        REVEAL.filter(actor, Organisation.objects.all()), pk=school_class, kind=OrganisationKind.CLASS
    )
    if not found.of_people:
        raise Http404
    revealed = reveal(found, place, acting_user=actor)
    sheet = _pupils_sheet(found, place, revealed)
    if form := wanted_format(request):
        return export(sheet, form, acting_user=actor)
    there = sum(one.values[0] is not None for one in revealed)
    finding = f"{place.name} {len(revealed)} 名学生，{there} 名有数据"
    return render(
        request, "indicators/pupils.html", {"indicator": found, "place": place, "sheet": sheet, "finding": finding}
    )


def _indicator(code: str) -> Indicator:
    if code not in INDICATORS:
        raise Http404
    return INDICATORS[code]


def _place(request: Request, actor: Actor) -> Organisation | None:
    """The organisation asked for, if the scope covers it; else the role's own."""
    asked = request.GET.get("at")
    if not asked:
        return home_of(actor)
    try:
        found: Organisation = get_object_or_404(Organisation.objects.all(), pk=UUID(asked))
    except ValueError:
        raise Http404 from None
    if not actor.scope.covers(found.path):
        raise Http404
    return found


def _above(place: Organisation | None, actor: Actor) -> list[Organisation]:
    """The way back up, as far as the scope reaches (grades have no figures of their own)."""
    if place is None:
        return []
    path = [one for one in ancestors(place) if one.kind != OrganisationKind.GRADE and actor.scope.covers(one.path)]
    return path[:0:-1]


def _pupils_sheet(found: Indicator, place: Organisation, revealed: list[Revealed]) -> Sheet:
    kind = "text" if found.kind == "proportion" else "percent"
    columns = [Column("学号", "number", sortable_here=True), Column("姓名")]
    columns += [Column(part or found.label, kind, sortable_here=False) for part in found.parts]
    rows: list[list[Cell]] = []
    for one in revealed:
        values: list[Cell] = list(one.values)
        if found.kind == "proportion":
            values = ["—" if value is None else found.row_words[int(value)] for value in one.values]
        rows.append([one.pupil.number, one.pupil.person.name, *values])
    return Sheet(f"{place.name} · {found.label}", columns, rows, [f"算法：{found.formula_words}"], pupils=True)

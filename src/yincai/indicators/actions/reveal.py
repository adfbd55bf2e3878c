"""Opening a class's figure to the pupils behind it: those who teach or head them, each time logged."""

from __future__ import annotations

from dataclasses import dataclass

from yincai.core.action import ActionError, action, noted
from yincai.core.actors import Actor
from yincai.indicators.definitions import Indicator
from yincai.indicators.policies import REVEAL
from yincai.indicators.results import rows_of
from yincai.registry.models import Organisation, OrganisationKind
from yincai.registry.queries import Pupil, pupils_of


@dataclass(frozen=True)
class Revealed:
    """A pupil and the value of each part; None where there is nothing of that pupil."""

    pupil: Pupil
    values: tuple[float | None, ...]


@action(REVEAL, verb="indicators.reveal")
def reveal(indicator: Indicator, school_class: Organisation, *, acting_user: Actor) -> list[Revealed]:
    """The pupils of a class with their values, in school-number order."""
    REVEAL.require(acting_user, school_class)
    if not indicator.of_people or school_class.kind != OrganisationKind.CLASS:
        raise ActionError("只有一个班的、关于学生的数字能打开到学生。")
    values: dict[str, dict[int, float]] = {}
    for row in rows_of(indicator, school_class.path).to_pylist():
        values.setdefault(row["key"], {})[row["part"]] = row["value"]
    pupils = pupils_of(school_class)
    noted("registry.Organisation", school_class.pk, indicator=indicator.code, pupils=[str(p.person.pk) for p in pupils])
    return [Revealed(pupil, _values(indicator, values.get(str(pupil.pseudonym.number), {}))) for pupil in pupils]


def _values(indicator: Indicator, found: dict[int, float]) -> tuple[float | None, ...]:
    if not found:
        return tuple(None for _ in indicator.parts)
    return tuple(found.get(number, 0.0) for number in range(len(indicator.parts)))

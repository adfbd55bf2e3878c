"""Indicators: one definition, and everything follows from it.

An **Indicator** is a question about many, with its formula. The formula takes the lake's tables (Ibis) and gives one
row for each thing counted, a pupil or a class or a school: where it belongs (`place`, the path of its class or
school), which one (`key`), and its `value`; with `parts`, one row for each part of each thing. The mechanism does the
rest, the same for all: it rolls the rows up along the tree, gives each organisation value, interval and n, withholds
what would speak of too few people (rule pi.minimum), and opens a number to the rows behind it for those who may see
them.

Packages above register their indicators in `apps.py`. No page adds up anything itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from yincai.core.rules import rule

if TYPE_CHECKING:
    import ibis

PEOPLE = "人"


@dataclass(frozen=True)
class Tables:
    """What a formula may use. `facts` and `mastery` as records.readers gives them (corrections done, newest rows).

    `roll`: the pupils of today: key (pseudonym number), place (the class's path), grade. `places`: the classes and
    schools of today: place, kind, grade (of a class), school (the path of the school it lies in).
    """

    facts: ibis.Table
    mastery: ibis.Table
    roll: ibis.Table
    places: ibis.Table


Formula = Callable[[Tables, date], "ibis.Table"]


@dataclass(frozen=True)
class Indicator:
    """`kind`: proportion (value 0 or 1), mean (value 0…1, shown as percent) or count (0 or 1: how many of n).

    `minimum_n`: where it needs more people than the rule asks. `row_words`: how one row of a proportion reads.
    `finding` says a figure as a sentence: {figure} for one value (of several parts the last), {0}, {1} … for the parts.
    """

    code: str
    label: str
    question: str
    finding: str
    population: str
    formula_words: str
    source: str
    formula: Formula
    kind: Literal["proportion", "mean", "count"] = "proportion"
    unit: str = PEOPLE
    parts: tuple[str, ...] = field(default=("",))
    minimum_n: int = 0
    row_words: tuple[str, str] = ("否", "是")
    order: int = 50

    @property
    def of_people(self) -> bool:
        return self.unit == PEOPLE

    def least(self, path: str) -> int:
        """How many people a figure of an organisation must at least stand for."""
        return max(self.minimum_n, int(rule("pi.minimum", path).value))


INDICATORS: dict[str, Indicator] = {}


def register(*indicators: Indicator) -> None:
    for indicator in indicators:
        if indicator.code in INDICATORS:
            raise ValueError(f"indicator {indicator.code} is registered twice")
        INDICATORS[indicator.code] = indicator


def registered() -> list[Indicator]:
    return sorted(INDICATORS.values(), key=lambda indicator: (indicator.order, indicator.code))

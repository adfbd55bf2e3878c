"""The parameters that hold now for the items of a pool: those of the calibration in use, else the prior.

A calibration that is put into use changes the pool's version, so whoever keeps a pool reads the new ones with it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from yincai.knowledge.fixed import EACH
from yincai.knowledge.models import SUBJECT, Calibration, CalibrationState, ItemParameters, ParameterSource
from yincai.knowledge.pool import Pool
from yincai.knowledge.priors import Parameters, prior_of
from yincai.knowledge.queries import graph

ENOUGH = 300  # items a stage should offer
ENOUGH_POINT = 6  # and a point
STAGES = {"小学 3–6 年级": (3, 6), "初中 7–8 年级": (7, 8)}


def calibration_in_use(subject: str = SUBJECT) -> Calibration | None:
    return Calibration.objects.filter(subject=subject, state=CalibrationState.IN_USE).first()


@lru_cache(maxsize=8)
def parameters_of(choices: Pool) -> Parameters:
    """Parameters of the items of a pool, in its order."""
    found, calibration = prior_of(choices), calibration_in_use()
    if calibration is None:
        return found
    rows = ItemParameters.objects.filter(calibration=calibration, source=ParameterSource.CALIBRATED)
    for item, version, a, b, c, se_a, se_b, n in rows.values_list(
        "item", "version", "a", "b", "c", "se_a", "se_b", "n"
    ):
        at = choices.position(item)
        if at is not None and choices.versions[at] == version:
            found.a[at], found.b[at], found.c[at] = a, b, c
            found.se_a[at], found.se_b[at], found.n[at] = se_a, se_b, n
    return found


@dataclass(frozen=True)
class Stock:
    """What a stage or a point has to test with: `written` items of the bank, `generated` ones, each of which has EACH
    fixed variants."""

    name: str
    written: int
    generated: int
    enough: int

    @property
    def total(self) -> int:
        return self.written + self.generated * EACH

    @property
    def few(self) -> bool:
        return self.total < self.enough


def stock_of_stages(choices: Pool) -> list[Stock]:
    return [
        _stock(name, choices, (choices.grade >= low) & (choices.grade <= high), ENOUGH)
        for name, (low, high) in STAGES.items()
    ]


def _stock(name: str, choices: Pool, those: np.ndarray, enough: int) -> Stock:
    generated = int((those & choices.is_generator).sum())
    return Stock(name, int(those.sum()) - generated, generated, enough)


@dataclass(frozen=True)
class ThinUnit:
    """Points of a unit that have too few questions, those with none apart."""

    label: str
    few: tuple[Stock, ...]
    none: tuple[str, ...]


def thin_units(choices: Pool, subject: str = SUBJECT) -> list[ThinUnit]:
    """Where the bank is thin, in teaching order."""
    known, found = graph(subject), defaultdict[str, list[Stock]](list)
    for point in known:
        those = (choices.slots == point.slot).any(axis=1)
        stock = _stock(point.name, choices, those, ENOUGH_POINT)
        if stock.few:
            found[point.unit].append(stock)
    units = sorted((known.units[code] for code in found), key=lambda unit: unit.when)
    return [
        ThinUnit(
            unit.label,
            tuple(one for one in found[unit.code] if one.total),
            tuple(one.name for one in found[unit.code] if not one.total),
        )
        for unit in units
    ]

"""Tests that draw from the bank are rehearsed under proposed parameters, before a person decides about these.

A package above registers how; what came out is kept with the calibration, so it has the calibration's version: how the
test would measure, how often a question would be seen, and the limits that keep a question from being seen too often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from yincai.knowledge.pool import Pool
from yincai.knowledge.priors import Parameters


@dataclass(frozen=True)
class Rehearsed:
    """One test with simulated pupils. `exposure`: the share of pupils who see the question that is seen most;
    `overlap`: the share of a test that two pupils have in common; `limits`: item → probability with which it may appear
    in a sitting (Sympson & Hetter's parameter), where that is below 1. `code` tells the tests apart, `name` in words.
    """

    code: str
    name: str
    questions: int
    length: float
    rmse: float
    bias: float
    exposure: float
    overlap: float
    limits: dict[int, float] = field(default_factory=dict)


Rehearsal = Callable[[Pool, Parameters], list[Rehearsed]]
REHEARSALS: list[Rehearsal] = []


def register_rehearsal(rehearsal: Rehearsal) -> None:
    if rehearsal not in REHEARSALS:
        REHEARSALS.append(rehearsal)


def rehearse_all(choices: Pool, parameters: Parameters) -> list[Rehearsed]:
    return [one for rehearsal in REHEARSALS for one in rehearsal(choices, parameters)]

"""Tests that draw from the bank are rehearsed with simulated pupils, before a person decides about new parameters, and
whenever the bank has changed.

A package above registers how. Under proposed parameters all that a person should know comes out, and is kept with the
calibration: how the test would measure, and how often a question would be seen. For the bank as it is, under the
parameters that hold now (before the first calibration the prior and its standard errors), only the limits that keep a
question from being seen too often; they are kept beside the version of the pool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max

from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.knowledge import pool
from yincai.knowledge.models import SUBJECT, Calibration, PoolVersion
from yincai.knowledge.parameters import parameters_of
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


@dataclass(frozen=True)
class Kept:
    """Of one test: `limits` as in `Rehearsed`, of the items with ids up to `up_to`; newer ones were not rehearsed."""

    limits: dict[int, float]
    up_to: int


Limits = dict[str, dict[int, float]]  # by the code of a test
Rehearsal = Callable[[Pool, Parameters], list[Rehearsed]]
Limiting = Callable[[Pool, Parameters], Limits]
REHEARSALS: list[tuple[Rehearsal, Limiting]] = []


def register_rehearsal(rehearsal: Rehearsal, limiting: Limiting) -> None:
    """`limiting` finds the limits alone, which takes less time."""
    if (rehearsal, limiting) not in REHEARSALS:
        REHEARSALS.append((rehearsal, limiting))


def rehearse_all(choices: Pool, parameters: Parameters) -> list[Rehearsed]:
    return [one for rehearsal, _ in REHEARSALS for one in rehearsal(choices, parameters)]


def limits_of(test: str, subject: str = SUBJECT) -> Kept:
    """How often items may appear in a test, by the last rehearsal."""
    row = PoolVersion.objects.filter(pk=subject).first()
    found = row.limits.get(test, {}) if row else {}
    return Kept({int(item): float(limit) for item, limit in found.items()}, row.up_to if row else 0)


def rehearse_pool(subject: str = SUBJECT) -> bool:
    """Find the limits anew if the bank or its parameters have changed since; whether they had.

    A change meanwhile is the next run's. The limits come into use with a new token, by which every process reads anew.
    """
    pool.forget()
    row = PoolVersion.objects.filter(pk=subject).first()
    if row is None or row.rehearsed == row.token:
        return False
    with unscoped("limits of exposure rest on the whole bank and no answers"):
        choices = pool.whole_pool(subject)
        parameters = parameters_of(choices)
        found = {code: own for _, limiting in REHEARSALS for code, own in limiting(choices, parameters).items()}
    _keep(subject, found, int(choices.items.max(initial=0)), row)
    return True


@transaction.atomic
def _keep(subject: str, limits: Limits, up_to: int, rehearsed: PoolVersion) -> None:
    row = PoolVersion.objects.select_for_update().get(pk=subject)
    same, row.token = row.token == rehearsed.token, new_id()
    row.limits, row.up_to = limits, up_to
    row.rehearsed = row.token if same else rehearsed.token
    row.save()
    pool.forget()


def use_limits(calibration: Calibration) -> None:
    """Those that a calibration was rehearsed with come into use with it; call `pool.changed` after."""
    newest = calibration.rows.aggregate(newest=Max("item"))["newest"] or 0
    limits: dict[str, Any] = {one["code"]: one["limits"] for one in calibration.tests}
    PoolVersion.objects.update_or_create(pk=calibration.subject, defaults={"limits": limits, "up_to": newest})

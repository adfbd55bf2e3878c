"""What the item parameters say of each answer beforehand, from the same pupil's other answers of that month.

For the audit of the parameters: are they right for every group of schools, and still right for each item. A pupil's
ability is taken anew each month, so that learning is not mistaken for items that became easier; the answer itself takes
no part (posterior prediction, leaving one out).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from yincai.indicators.auditing import FEWEST, look_at, month_of
from yincai.indicators.cards import Floats, Ints, Metric, Predicted
from yincai.knowledge.models import SUBJECT
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, whole_pool
from yincai.knowledge.priors import Parameters
from yincai.measurement.fairness import metrics_of

MOST = 60_000
LEAST = 3  # answers of a pupil in a month
GRID = np.linspace(-4.0, 4.0, 41)
ROUNDS = 30


@dataclass(frozen=True, eq=False)
class Given:
    """Columns of first answers without help to items of the pool: `at` is the item's place in it."""

    pupil: Ints
    place: NDArray[np.str_]
    at: Ints
    time: Floats
    right: Floats


def predictions(most: int) -> Predicted:
    """By the parameters in use."""
    choices = whole_pool(SUBJECT)
    return predicted(choices, parameters_of(choices), most)


def metrics_with(choices: Pool, parameters: Parameters, lake: Path | None = None) -> tuple[Metric, ...]:
    """What a calibration has to keep before it is put into use; none where answers are too few to tell."""
    rows = predicted(choices, parameters, MOST, lake)
    return metrics_of(look_at(rows).made) if len(rows.predicted) >= FEWEST else ()


def predicted(choices: Pool, parameters: Parameters, most: int, lake: Path | None = None) -> Predicted:
    given = read(choices, most, lake)
    months = month_of(given.time)
    person = np.unique(np.stack([given.pupil, months]), axis=1, return_inverse=True)[1].ravel()
    enough = np.bincount(person, minlength=1)[person] >= LEAST if len(person) else np.zeros(0, bool)
    kept = Given(*(getattr(given, name)[enough] for name in ("pupil", "place", "at", "time", "right")))
    person = np.unique(person[enough], return_inverse=True)[1]
    p = without_itself(person, parameters.chosen(kept.at), kept.right)
    return Predicted(kept.pupil, kept.place, choices.items[kept.at].astype(np.int64), kept.time, p, kept.right)


def without_itself(person: Ints, of: Parameters, right: Floats) -> Floats:
    """Probability of each answer (n,) given the same person's others; `of`: the parameters of its item, row by row."""
    if not len(person):
        return np.zeros(0)
    p = of.c[:, None] + (1 - of.c[:, None]) / (1 + np.exp(-of.a[:, None] * (GRID - of.b[:, None])))
    told = np.log(np.where(right[:, None] > 0.5, p, 1 - p))
    logs = np.zeros((int(person.max()) + 1, len(GRID)))
    np.add.at(logs, person, told)
    weights = _abilities(logs)
    others = logs[person] - told + np.log(weights)
    others = np.exp(others - others.max(axis=1, keepdims=True))
    return np.asarray((others * p).sum(axis=1) / others.sum(axis=1))


def _abilities(logs: Floats) -> Floats:
    """How abilities are spread over the grid: the normal that fits these answers best, by EM."""
    mean, variance = 0.0, 1.0
    for _ in range(ROUNDS):
        weights = np.exp(-((GRID - mean) ** 2) / (2 * variance))
        posterior = np.exp(logs - logs.max(axis=1, keepdims=True)) * weights
        posterior /= posterior.sum(axis=1, keepdims=True)
        share = posterior.mean(axis=0)
        mean = float(share @ GRID)
        variance = max(float(share @ (GRID - mean) ** 2), 0.05)
    weights = np.exp(-((GRID - mean) ** 2) / (2 * variance)) + 1e-12
    return np.asarray(weights / weights.sum())


def read(choices: Pool, most: int, lake: Path | None = None) -> Given:
    """The newest of such answers in the lake, to the present version of items and about what they ask now."""
    from yincai.records import readers

    connection = readers.connect()
    try:
        facts = readers.facts(connection, lake or Path(settings.LAKE))
        wanted = facts.filter(facts.subject == SUBJECT, facts.attempt == 1, facts.hints == 0)
        names = ("pupil", "place", "item", "version", "score", "at")
        rows = wanted.select(*names, first=wanted.points[0].fill_null(-1))
        table = rows.order_by(rows["at"].desc()).limit(most).to_pyarrow()
    finally:
        connection.disconnect()
    pupil, place, item, version, score, moment = (table[name].to_numpy() for name in names)
    at, there = places_of(choices, item.astype(np.int64), version)
    there &= choices.own(at, table["first"].to_numpy())
    return Given(
        pupil[there].astype(np.int64),
        place[there].astype(str),
        at[there],
        moment[there].astype("datetime64[s]").astype(np.float64),
        (score[there] >= 1.0).astype(np.float64),
    )


def places_of(choices: Pool, item: Ints, version: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The place of each item in the pool, and whether it stands there in this version."""
    if not len(choices) or not len(item):
        return np.zeros(len(item), np.int64), np.zeros(len(item), bool)
    at = np.minimum(np.searchsorted(choices.items, item), len(choices) - 1).astype(np.int64)
    return at, (choices.items[at] == item) & (choices.versions[at] == version)

"""Item parameters from the installation's own answers: the prior gives way as far as answers speak.

A three-parameter model whose guessing stays where the prior has it, with priors on ln a and b of each item: with few
answers an item's slope and place stay near the prior (nearly a 1PL), with many they follow the answers (2PL). The prior
also fixes the scale, so that abilities mean the same before and after; the pupils' mean and spread are estimated.

Read from the lake: first attempts without help, of each pupil the first answers to each item at its present version
(`Pool.own`: and about what it asks now).
An item needs FEWEST answers, else it keeps what it has. What speaks for a run: the log-likelihood of answers of pupils
who were left out of the fit, before and after, with the standard error of the difference over pupils.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from yincai.core.scope import unscoped
from yincai.knowledge.models import Calibration, CalibrationState, Item, ItemParameters, ParameterSource
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, whole_pool
from yincai.knowledge.predicting import metrics_with
from yincai.knowledge.priors import Parameters, prior_of
from yincai.knowledge.rehearsals import rehearse_all

if TYPE_CHECKING:
    from yincai.measurement import irt

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FEWEST = 100  # answers to an item
PUPILS = 200  # below this nothing is calibrated
ITEMS = 5
EACH = 3  # answers of one pupil to one item that count
MOST = 5_000_000  # answers, the newest
HELD_OUT = 5  # one pupil in so many is left out of the fit that is judged
STILL = 0.05  # standard deviation of logit c: guessing stays where it is
NO_GUESSING = -9.0  # logit of c of a written answer
DRIFTED = 3.0  # standard errors from which an item is shown as moved
BATCH = 500
Progress = Callable[[str], None]


class TooFew(Exception):
    """Not enough answers; says how many there are and how many are needed."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Columns: the pupil (numbers from 0), the place of the item in the pool, right or not."""

    pupil: Ints
    place: Ints
    right: Ints

    def __len__(self) -> int:
        return len(self.pupil)

    @property
    def pupils(self) -> int:
        return len(np.unique(self.pupil))

    def where(self, those: NDArray[np.bool_]) -> Answers:
        return Answers(self.pupil[those], self.place[those], self.right[those])


@dataclass(frozen=True)
class Evidence:
    """Mean log-likelihood of an answer of pupils who were left out, under what is in use and under the proposal."""

    pupils: int
    answers: int
    before: float
    after: float
    gain: float
    gain_se: float

    @property
    def better(self) -> bool:
        return self.gain > 1.645 * self.gain_se


@dataclass(frozen=True, eq=False)
class Found:
    places: Ints
    parameters: Parameters
    evidence: Evidence
    drift: Floats
    answers: int
    pupils: int


def read(choices: Pool, subject: str, lake: Path | None = None) -> Answers:
    """What counts of the answers in the lake."""
    from yincai.records import readers

    connection = readers.connect()
    try:
        facts = readers.facts(connection, lake or Path(settings.LAKE))
        wanted = facts.filter(facts.subject == subject, facts.attempt == 1, facts.hints == 0)
        first = wanted.points[0].fill_null(-1)
        rows = wanted.select("pupil", "number", "item", "version", "score", first=first)
        table = rows.order_by(rows.number.desc()).limit(MOST).to_pyarrow()
    finally:
        connection.disconnect()
    columns = {name: table[name].to_numpy() for name in ("pupil", "number", "item", "version", "score", "first")}
    return _kept(choices, columns)


def _kept(choices: Pool, columns: dict[str, Any]) -> Answers:
    if not len(choices):
        empty = np.zeros(0, np.int64)
        return Answers(empty, empty, empty)
    item = columns["item"].astype(np.int64)
    place = np.minimum(np.searchsorted(choices.items, item), len(choices) - 1)
    there = (choices.items[place] == item) & (choices.versions[place] == columns["version"])
    there &= choices.own(place, columns["first"])
    order = np.lexsort((columns["number"][there], place[there], columns["pupil"][there]))
    pupil, place = columns["pupil"][there][order].astype(np.int64), place[there][order]
    right = (columns["score"][there][order] >= 1.0).astype(np.int64)
    first = _turn(pupil, place) < EACH
    numbers = np.unique(pupil[first], return_inverse=True)[1].astype(np.int64)
    return Answers(numbers, place[first].astype(np.int64), right[first])


def _turn(pupil: Ints, place: Ints) -> Ints:
    """Which answer of this pupil to this item it is, from 0; the columns are sorted."""
    if not len(pupil):
        return pupil
    new = np.append(True, (np.diff(pupil) != 0) | (np.diff(place) != 0))
    starts = np.flatnonzero(new)
    return np.asarray(np.arange(len(pupil)) - np.repeat(starts, np.diff(np.append(starts, len(pupil)))))


def estimate(answers: Answers, prior: Parameters, now: Parameters, say: Progress = lambda _: None) -> Found:
    """Parameters of the items that have enough answers. `now`: what is in use. Raises TooFew."""
    counts = np.bincount(answers.place, minlength=len(prior))
    places = np.flatnonzero(counts >= FEWEST).astype(np.int64)
    used = answers.where(np.isin(answers.place, places))
    if len(places) < ITEMS or used.pupils < PUPILS:
        raise TooFew(
            f"作答还不够：要有 {PUPILS} 名学生、{ITEMS} 道题各 {FEWEST} 次独立作答；"
            f"现在 {answers.pupils} 名学生作过答，满 {FEWEST} 次的题有 {len(places)} 道。题目参数不变。"
        )
    say("留出一部分学生，看参数是不是更准")
    evidence = _evidence(used, places, prior, now)
    say("用全部作答估计参数")
    fit = _fit(used, places, prior)
    found = Parameters(fit.a, fit.b, np.where(prior.c[places] > 0, fit.c, 0.0), fit.se_a, fit.se_b, counts[places])
    drift = (found.b - now.b[places]) / np.sqrt(found.se_b**2 + now.se_b[places] ** 2)
    return Found(places, found, evidence, drift, len(used), used.pupils)


def _fit(answers: Answers, places: Ints, prior: Parameters) -> irt.Fit:
    from yincai.measurement import irt  # compiled code: not loaded by every command

    own = prior.chosen(places)
    floor = np.where(own.c > 0, np.log(np.maximum(own.c, 1e-6) / (1 - own.c)), NO_GUESSING)
    priors = irt.Priors(
        log_a=(np.log(own.a), own.se_a / own.a), b=(own.b, own.se_b), logit_c=(floor, np.full(len(places), STILL))
    )
    column = np.searchsorted(places, answers.place)
    packed = irt.triplets(answers.pupil, column, answers.right, n_items=len(places))
    return irt.fit(packed, "3pl", priors=priors, free_latent=True)


def _evidence(answers: Answers, places: Ints, prior: Parameters, now: Parameters) -> Evidence:
    out = answers.pupil % HELD_OUT == 0
    fit = _fit(answers.where(~out), places, prior)
    held = answers.where(out)
    column = np.searchsorted(places, held.place)
    old = now.chosen(places)
    centre = (fit.latent.mean, fit.latent.variance)
    after = _marginal(held, column, fit.a, fit.b, np.where(old.c > 0, fit.c, 0.0), centre)
    before = _marginal(held, column, old.a, old.b, old.c, _latent(answers.where(~out), places, old))
    n, gains = len(held), after - before
    spread = float(gains.std(ddof=1) * np.sqrt(len(gains))) / n
    return Evidence(len(gains), n, float(before.sum()) / n, float(after.sum()) / n, float(gains.sum()) / n, spread)


def _latent(answers: Answers, places: Ints, old: Parameters) -> tuple[float, float]:
    """Mean and variance of the pupils under the parameters in use, so that both are judged at their best."""
    from yincai.measurement import irt

    names = [str(place) for place in places]
    fixed = {
        name: irt.Item(float(a), float(b), float(c)) for name, a, b, c in zip(names, old.a, old.b, old.c, strict=True)
    }
    column = np.searchsorted(places, answers.place)
    packed = irt.triplets(answers.pupil, column, answers.right, n_items=len(places), items=names)
    found = irt.fit(packed, "3pl", anchors=fixed, standard_errors=False)
    return found.latent.mean, found.latent.variance


def _marginal(
    held: Answers, column: Ints, a: Floats, b: Floats, c: Floats, centre: tuple[float, float], nodes: int = 61
) -> Floats:
    """Log-likelihood of each pupil's answers, the ability integrated out."""
    grid = np.linspace(-5.0, 5.0, nodes)
    weights = np.exp(-(grid**2) / 2)
    theta = centre[0] + np.sqrt(centre[1]) * grid
    p = np.clip(c[:, None] + (1 - c[:, None]) / (1 + np.exp(-a[:, None] * (theta - b[:, None]))), 1e-9, 1 - 1e-9)
    told = np.stack([np.log(1 - p), np.log(p)])
    people, row = np.unique(held.pupil, return_inverse=True)
    logs = np.zeros((len(people), nodes))
    np.add.at(logs, row, told[held.right, column])
    top = logs.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - top) @ (weights / weights.sum())) + top[:, 0])


def run(row: Calibration, say: Progress = lambda _: None, lake: Path | None = None) -> Calibration:
    """Fill a calibration that was begun: proposed, dropped where it predicts no better, or failed for want of answers.

    Begins anew when its worker died: rows are written last, in one go for each part.
    """
    with unscoped("item parameters rest on everybody's answers, without names"):
        choices = whole_pool(row.subject)
        prior, now = prior_of(choices), parameters_of(choices)
        try:
            found = estimate(read(choices, row.subject, lake), prior, now, say)
        except TooFew as few:
            row.state, row.message = CalibrationState.FAILED, str(few)
            row.save(update_fields=["state", "message"])
            return row
        after = _with(now, found)
        say("用这些参数预演摸底")
        row.tests = [vars(one) for one in rehearse_all(choices, after)]
        say("看对每一组人是不是都准")
        _write(row, choices, found, now, [vars(one) for one in metrics_with(choices, after, lake)])
    return row


def _with(now: Parameters, found: Found) -> Parameters:
    """The parameters of the whole pool as they would be."""
    after = now.chosen(np.arange(len(now)))
    for each in fields(Parameters):
        getattr(after, each.name)[found.places] = getattr(found.parameters, each.name)
    return after


def _write(row: Calibration, choices: Pool, found: Found, now: Parameters, metrics: list[dict[str, Any]]) -> None:
    """`metrics`: what it must keep for each group to be put into use (`predicting.metrics_with`)."""
    depths = dict(Item.objects.exclude(generator="").values_list("pk", "depth"))
    place_of = {int(place): turn for turn, place in enumerate(found.places)}
    rows = [_parameters(row, choices, depths, place, found, place_of.get(place), now) for place in range(len(choices))]
    ItemParameters.objects.filter(calibration=row).delete()
    ItemParameters.objects.bulk_create(rows, batch_size=BATCH)
    evidence = found.evidence
    moved = int((np.abs(found.drift) > DRIFTED).sum())
    row.evidence = {**vars(evidence), "moved": moved, "metrics": metrics}
    row.facts, row.pupils, row.items = found.answers, found.pupils, len(found.places)
    row.state = CalibrationState.PROPOSED if evidence.better else CalibrationState.DROPPED
    if not evidence.better:
        row.message = "对没有参加估计的学生，新参数没有比在用的更准，所以不提议采用。"
    row.save()


def _parameters(
    row: Calibration, choices: Pool, depths: dict[int, int], place: int, found: Found, at: int | None, now: Parameters
) -> ItemParameters:
    one, turn = (now, place) if at is None else (found.parameters, at)
    item = int(choices.items[place])
    calibrated = at is not None or now.n[place] > 0  # with too few new answers an older calibration stays
    return ItemParameters(
        calibration=row,
        item_id=item,
        version=int(choices.versions[place]),
        depth=depths.get(item),
        a=float(one.a[turn]),
        b=float(one.b[turn]),
        c=float(one.c[turn]),
        se_a=float(one.se_a[turn]),
        se_b=float(one.se_b[turn]),
        source=ParameterSource.CALIBRATED if calibrated else ParameterSource.PRIOR,
        n=int(one.n[turn]),
        drift=None if at is None else float(found.drift[at]),
    )

"""Bayesian knowledge tracing with forgetting and individual starts, fitted by EM for each skill.

A skill is known or not. Known with the chance `prior[kind]` at a learner's first answer there, it is learned with the
chance `learn` and lost with `forget` between two answers; an unknown one is guessed rightly with `guess`, a known one
slips with `slip`. The kind of a start is the learner's own: weak, middling or strong by the answers to other skills
before. A set of skills counts as a skill. What is predicted is put on the curve of `recalibration`, learnt from
learners left out.

Sources: Corbett & Anderson (1995), Knowledge tracing, UMUAI 4, 253–278; Pardos & Heffernan (2010), Modeling
individualization in a Bayesian networks implementation of knowledge tracing, UMAP, for starts of a learner's own; the
EM is Baum's; standard errors from the products of the sequences' scores (Meilijson 1989).

>>> chance = np.random.default_rng(1)
>>> learned = np.cumsum(chance.random((60, 12)) < 0.15, axis=1) > 0
>>> right = chance.random((60, 12)) < np.where(learned, 0.9, 0.2)
>>> log = Log.of(np.repeat(np.arange(60), 12), np.full(720, 1), right.ravel().astype(float))
>>> fitted = fit(log)
>>> state = fitted.start()
>>> for _ in range(3):
...     state = fitted.update(state, 0, 1.0, 0.0)
>>> p, se = fitted.predict(state, np.array([0]), 0.0)
>>> bool(p[0] > 0.7)
True
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.log import Catalogue, Log, Whole
from yincai.measurement.tracing.recalibration import Curve, out_of_fold

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
Bytes = NDArray[np.uint8]
KINDS = 3
EDGE = 0.08  # mean residual, pulled to 0 by three answers, from which a learner starts as strong (or weak)
PULL = 3.0
MOST_GUESS, MOST_SLIP = 0.5, 0.4
LEARN, FORGET, GUESS, SLIP = KINDS, KINDS + 1, KINDS + 2, KINDS + 3
PLACES = KINDS + 4
TRIES = np.array([[0.15, 0.02, 0.2, 0.1], [0.05, 0.01, 0.3, 0.2], [0.35, 0.05, 0.1, 0.05]])
RACE = 12  # rounds that every start is given before the best goes on alone
PSEUDO = 1.0  # answers' worth of the middle of the road in each parameter, so that none ends at 0 or 1


@dataclass(frozen=True)
class Settings:
    starts: int = 3  # EM from so many places; the most likely after a few rounds goes on to the end
    rounds: int = 120
    tolerance: float = 5e-4  # of the largest step of a parameter


@dataclass(frozen=True, eq=False)
class State:
    """known : (skills,) chance that the skill is known now, −1 where nothing was answered. residual, n : over all."""

    known: Single
    residual: float
    n: float


@dataclass(frozen=True, eq=False)
class Bkt:
    """parameters, errors : (skills + 1, 7): prior by kind (3), learn, forget, guess, slip; the last row is for a skill
    never seen. mean : (skills + 1,) share right. curve : what the probability of a right answer is put on."""

    catalogue: Catalogue
    parameters: Floats
    errors: Floats
    mean: Floats
    log_likelihood: float
    curve: Curve = field(default_factory=Curve)

    def __str__(self) -> str:
        names = ("prior weak", "prior middling", "prior strong", "learn", "forget", "guess", "slip")
        middle = np.median(self.parameters[:-1], axis=0)
        figures = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, middle, strict=True))
        skills = len(self.parameters) - 1
        return f"BKT of {skills} skills, log-likelihood {self.log_likelihood:.1f}; medians: {figures}"

    def predict_log(self, log: Log) -> Floats:
        unit = self._rows(log)
        y = (log.correct >= 0.5).astype(np.uint8)
        return self.curve.of(followed(log.starts, unit, y, self.parameters, self.mean))

    def _rows(self, log: Log) -> Whole:
        unit = self.catalogue.unit_rows(log)
        return np.where(unit < 0, len(self.mean) - 1, unit)

    def start(self) -> State:
        return State(np.full(len(self.mean), -1.0, np.float32), 0.0, 0.0)

    def update(self, state: State, unit: int, outcome: float, time: float) -> State:
        known = state.known.copy()
        before = self._known(state, unit)
        known[unit] = stepped(before, int(outcome >= 0.5), *self.parameters[unit, LEARN:])
        return State(known, state.residual + float(outcome >= 0.5) - self.mean[unit], state.n + 1.0)

    def predict(self, state: State, units: Whole, time: float) -> tuple[Floats, Floats]:
        known = np.array([self._known(state, unit) for unit in units])
        guess, slip = self.parameters[units, GUESS], self.parameters[units, SLIP]
        spread = (1.0 - slip - guess) * np.sqrt(known * (1.0 - known))
        return self.curve.with_error(known * (1.0 - slip) + (1.0 - known) * guess, spread)

    def _known(self, state: State, unit: int) -> float:
        if state.known[unit] >= 0:
            return float(state.known[unit])
        return float(self.parameters[unit, kind_of(state.residual, state.n)])

    @cached_property
    def skills(self) -> tuple[str, ...]:
        return self.catalogue.units


def fit(log: Log, settings: Settings = Settings()) -> Bkt:
    """Maximum a posteriori for each skill, with a pinch of the middle of the road; no row is needed for each skill.

    Then the curve from learners left out in turn: without them EM goes on from the whole log's estimate.
    """
    catalogue = Catalogue.of(log)
    tries = np.hstack([np.full((settings.starts, KINDS), 0.4), TRIES[: settings.starts]])
    found = estimated(log, catalogue, np.broadcast_to(tries, (len(catalogue.units), *tries.shape)), settings)
    warm = found.parameters[:-1, None, :]
    curve = out_of_fold(
        log, lambda seen, held: estimated(seen, catalogue, warm, settings, errors=False).predict_log(held)
    )
    return replace(found, curve=curve)


def estimated(log: Log, catalogue: Catalogue, tries: Floats, settings: Settings, errors: bool = True) -> Bkt:
    """EM from `tries` (skills, starts, PLACES), without a curve; NaN for standard errors that are not asked for."""
    unit, units = catalogue.unit_rows(log), len(catalogue.units)
    y = (log.correct >= 0.5).astype(np.uint8)
    size = np.bincount(unit, minlength=units)
    mean = (np.bincount(unit, y, units) + 1.0) / (size + 2.0)
    kind = kinds(log.starts, unit, y, mean)
    order = np.lexsort((log.learner, unit))
    heads = np.flatnonzero(_changes(unit[order]) | _changes(log.learner[order]))
    bounds = np.append(heads, log.n).astype(np.int64)
    skill_bounds = np.searchsorted(unit[order][heads], np.arange(units + 1)).astype(np.int64)
    parameters, information, likelihood = fitted_all(
        y[order],
        bounds,
        kind[order][heads],
        skill_bounds,
        np.ascontiguousarray(tries),
        min(RACE, settings.rounds),
        settings.rounds,
        settings.tolerance,
        errors,
    )
    whole = (y.sum() + 1.0) / (log.n + 2.0)
    shared = np.median(parameters, axis=0) if units else np.array([0.5] * KINDS + [0.1, 0.02, 0.2, 0.1])
    return Bkt(
        catalogue,
        np.vstack([parameters, shared]),
        np.vstack([_errors(information, errors), np.full(PLACES, np.nan)]),
        np.append(mean, whole),
        float(likelihood.sum()),
    )


def _errors(information: Floats, asked: bool) -> Floats:
    if not asked:
        return np.full(information.shape[:2], np.nan)
    covariance = np.linalg.inv(information + 1e-6 * np.eye(PLACES))
    return np.asarray(np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)))


def _changes(column: Whole) -> NDArray[np.bool_]:
    return np.concatenate(([True], column[1:] != column[:-1])) if len(column) else np.zeros(0, bool)


@compiled
def kind_of(residual: float, n: float) -> int:
    """0 weak, 1 middling, 2 strong."""
    shown = residual / (n + PULL)
    return 0 if shown < -EDGE else (2 if shown > EDGE else 1)


@compiled
def kinds(starts: Whole, unit: Whole, y: Bytes, mean: Floats) -> Bytes:
    """How a learner stands before each row, by all earlier answers."""
    found = np.empty(len(unit), np.uint8)
    for learner in range(len(starts) - 1):
        residual, n = 0.0, 0.0
        for row in range(starts[learner], starts[learner + 1]):
            found[row] = kind_of(residual, n)
            residual += y[row] - mean[unit[row]]
            n += 1.0
    return found


@compiled
def stepped(known: float, right: int, learn: float, forget: float, guess: float, slip: float) -> float:
    """Chance that the skill is known at the next answer."""
    as_known = known * (1.0 - slip if right else slip)
    as_unknown = (1.0 - known) * (guess if right else 1.0 - guess)
    after = as_known / (as_known + as_unknown)
    return after * (1.0 - forget) + (1.0 - after) * learn


@compiled
def followed(starts: Whole, unit: Whole, y: Bytes, parameters: Floats, mean: Floats) -> Floats:
    p = np.empty(len(unit))
    known = np.empty(len(mean))
    for learner in range(len(starts) - 1):
        known[:] = -1.0
        residual, n = 0.0, 0.0
        for row in range(starts[learner], starts[learner + 1]):
            here = unit[row]
            learn, forget, guess, slip = parameters[here, LEARN:]
            before = known[here] if known[here] >= 0 else parameters[here, kind_of(residual, n)]
            p[row] = before * (1.0 - slip) + (1.0 - before) * guess
            known[here] = stepped(before, y[row], learn, forget, guess, slip)
            residual += y[row] - mean[here]
            n += 1.0
    return p


@compiled
def expected(
    y: Bytes, begin: int, end: int, prior: float, p: Floats, before: Floats, after: Floats, sums: Floats
) -> float:
    """Forward and backward over one sequence: log-likelihood; into `sums` the expected counts: known at first, unknown,
    learned, known, lost, right and wrong while unknown, right and wrong while known (the sequence's own, not added)."""
    learn, forget, guess, slip = p[LEARN], p[FORGET], p[GUESS], p[SLIP]
    known, product, likelihood = prior, 1.0, 0.0
    length = end - begin
    for t in range(length):
        right = y[begin + t] == 1
        before[t] = known
        as_known = known * (1.0 - slip if right else slip)
        chance = as_known + (1.0 - known) * (guess if right else 1.0 - guess)
        product *= chance
        if product < 1e-200:
            likelihood += np.log(product)
            product = 1.0
        after[t] = as_known / chance
        known = after[t] * (1.0 - forget - learn) + learn
    likelihood += np.log(product)
    sums[:] = 0.0
    smooth = after[length - 1]
    for t in range(length - 1, -1, -1):
        if t < length - 1:
            up, down = smooth / before[t + 1], (1.0 - smooth) / (1.0 - before[t + 1])
            learned, lost = (1.0 - after[t]) * learn * up, after[t] * forget * down
            smooth = after[t] * (1.0 - forget) * up + lost
            sums[1] += 1.0 - smooth
            sums[2] += learned
            sums[3] += smooth
            sums[4] += lost
        if y[begin + t] == 1:
            sums[5] += 1.0 - smooth
            sums[7] += smooth
        else:
            sums[6] += 1.0 - smooth
            sums[8] += smooth
    sums[0] = smooth
    return likelihood


@compiled
def gathered(
    y: Bytes, bounds: Whole, kind: Bytes, first: int, last: int, p: Floats, room: Floats, totals: Floats
) -> float:
    """Expected counts of a skill's sequences: totals (KINDS, 2) of starts, then the eight of `expected`."""
    sums = np.empty(9)
    totals[:] = 0.0
    likelihood = 0.0
    for sequence in range(first, last):
        of = kind[sequence]
        likelihood += expected(y, bounds[sequence], bounds[sequence + 1], p[of], p, room[0], room[1], sums)
        totals[2 * of] += sums[0]
        totals[2 * of + 1] += 1.0
        for place in range(8):
            totals[2 * KINDS + place] += sums[1 + place]
    return likelihood


@compiled
def maximised(totals: Floats, p: Floats) -> float:
    """The M-step in place; the largest step."""
    new = np.empty(PLACES)
    shared, starts = 0.0, 0.0
    for of in range(KINDS):
        shared += totals[2 * of]
        starts += totals[2 * of + 1]
    middle = (shared + 0.5 * PSEUDO) / (starts + PSEUDO)
    for of in range(KINDS):
        new[of] = (totals[2 * of] + 2.0 * PSEUDO * middle) / (totals[2 * of + 1] + 2.0 * PSEUDO)
    c = totals[2 * KINDS :]
    new[LEARN] = (c[1] + 0.1 * PSEUDO) / (c[0] + PSEUDO)
    new[FORGET] = (c[3] + 0.02 * PSEUDO) / (c[2] + PSEUDO)
    new[GUESS] = min((c[4] + 0.2 * PSEUDO) / (c[4] + c[5] + PSEUDO), MOST_GUESS)
    new[SLIP] = min((c[7] + 0.1 * PSEUDO) / (c[6] + c[7] + PSEUDO), MOST_SLIP)
    step = 0.0
    for place in range(PLACES):
        step = max(step, abs(new[place] - p[place]))
        p[place] = new[place]
    return step


@compiled
def climbed(
    y: Bytes, bounds: Whole, kind: Bytes, first: int, last: int, p: Floats, room: Floats, totals: Floats,
    rounds: int, tolerance: float,
) -> float:  # fmt: skip
    """EM in place from p; the log-likelihood before the last step."""
    likelihood = -np.inf
    for _ in range(rounds):
        likelihood = gathered(y, bounds, kind, first, last, p, room, totals)
        if maximised(totals, p) < tolerance:
            break
    return likelihood


@compiled
def fitted_all(
    y: Bytes, bounds: Whole, kind: Bytes, skill_bounds: Whole, tries: Floats, race: int, rounds: int, tolerance: float,
    errors: bool,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Parameters, information and log-likelihood of every skill."""
    skills = len(skill_bounds) - 1
    parameters, information = np.empty((skills, PLACES)), np.zeros((skills, PLACES, PLACES))
    likelihoods = np.zeros(skills)
    longest = 1
    for sequence in range(len(bounds) - 1):
        longest = max(longest, bounds[sequence + 1] - bounds[sequence])
    room, totals = np.empty((2, longest)), np.empty(2 * KINDS + 8)
    for skill in range(skills):
        first, last = skill_bounds[skill], skill_bounds[skill + 1]
        best = -np.inf
        for number in range(tries.shape[1]):
            p = tries[skill, number].copy()
            likelihood = climbed(y, bounds, kind, first, last, p, room, totals, race, tolerance)
            if likelihood > best:
                best = likelihood
                parameters[skill] = p
        likelihoods[skill] = climbed(
            y, bounds, kind, first, last, parameters[skill], room, totals, rounds - race, tolerance
        )
        if errors:
            inform(y, bounds, kind, first, last, parameters[skill], room, information[skill])
    return parameters, information, likelihoods


@compiled
def inform(
    y: Bytes, bounds: Whole, kind: Bytes, first: int, last: int, p: Floats, room: Floats, information: Floats
) -> None:
    """Adds the products of the sequences' scores, (PLACES, PLACES)."""
    s, score = np.empty(9), np.zeros(PLACES)
    for sequence in range(first, last):
        of = kind[sequence]
        expected(y, bounds[sequence], bounds[sequence + 1], p[of], p, room[0], room[1], s)
        score[:] = 0.0
        score[of] = s[0] / p[of] - (1.0 - s[0]) / (1.0 - p[of])
        score[LEARN] = s[2] / p[LEARN] - (s[1] - s[2]) / (1.0 - p[LEARN])
        score[FORGET] = s[4] / p[FORGET] - (s[3] - s[4]) / (1.0 - p[FORGET])
        score[GUESS] = s[5] / p[GUESS] - s[6] / (1.0 - p[GUESS])
        score[SLIP] = s[8] / p[SLIP] - s[7] / (1.0 - p[SLIP])
        for i in range(PLACES):
            for j in range(PLACES):
                information[i, j] += score[i] * score[j]

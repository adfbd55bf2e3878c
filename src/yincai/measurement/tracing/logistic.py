"""A logistic regression over counts and recency: what the learner did lately and on this unit, and how long ago.

    logit p = easiness of the unit + weights · x,   x as in NAMES, read from the state alone

What is predicted is p on the curve of `recalibration`, learnt from learners left out.

Sources: Gervet et al. (2020), When is deep learning the best approach to knowledge tracing?, JEDM 12(3), for the
counts; Choffin et al. (2019), DAS3H, EDM, for the windows of time;
Galyardt & Goldin (2015), Move your lamp post, JEDM 7(2), for recency weighting.

>>> log = Log.of(["a"] * 4 + ["b"] * 4, ["x", "y"] * 4, [1, 0, 1, 0, 1, 0, 0, 1])
>>> fitted = fit(log)
>>> state = fitted.update(fitted.start(), 0, 1.0, 0.0)
>>> p, se = fitted.predict(state, np.array([0, 1]), 60.0)
>>> bool(0 < p[1] < p[0] < 1)
True
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.log import Catalogue, Log, Whole
from yincai.measurement.tracing.recalibration import Curve, out_of_fold

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
NAMES = (
    "rights",
    "wrongs",
    "rights here",
    "wrongs here",
    "lately 0.6",
    "lately 0.85",
    "lately 0.96",
    "here lately",
    "last was right",
    "answers since here",
    "days since here",
    "hours since any",
    "first here",
)
WIDTH = len(NAMES)
RATES = np.array([0.6, 0.85, 0.96], np.float32)
RIGHTS, WRONGS, NEWEST, LAST, SUMS = 0, 1, 2, 3, 4
HEAD = 4 + 2 * len(RATES)
N_RIGHT, N_WRONG, FADING, STEP, WHEN = range(5)
OWN = 5
RIDGE = 2.0
ROUNDS, TOLERANCE = 15, 1e-5


@dataclass(frozen=True, eq=False)
class State:
    """head : (HEAD,), own : (units + 1, OWN), single precision; origin : seconds of the first answer."""

    head: Single
    own: Single
    origin: float


@dataclass(frozen=True, eq=False)
class Logistic:
    """easiness : (units + 1,) in logits, the last for a unit never seen; weights : (WIDTH,); covariance : of weights;
    doubt : (units + 1,) variance of the easiness; mean : (units + 1,) share right; curve : what p is put on."""

    catalogue: Catalogue
    easiness: Floats
    weights: Floats
    covariance: Floats
    doubt: Floats
    mean: Floats
    curve: Curve = field(default_factory=Curve)

    def predict_log(self, log: Log) -> Floats:
        unit = self.catalogue.unit_rows(log)
        unit = np.where(unit < 0, len(self.mean) - 1, unit)
        x = described(log.starts, unit, log.correct, _times(log), self.mean)
        return self.curve.of(1.0 / (1.0 + np.exp(-(self.easiness[unit] + x @ self.weights))))

    def start(self) -> State:
        return State(np.zeros(HEAD, np.float32), np.zeros((len(self.mean), OWN), np.float32), 0.0)

    def update(self, state: State, unit: int, outcome: float, time: float) -> State:
        head, own = state.head.copy(), state.own.copy()
        origin = state.origin if head[RIGHTS] + head[WRONGS] > 0 else time
        observe(head, own, unit, outcome, self.mean[unit], time - origin)
        return State(head, own, origin)

    def predict(self, state: State, units: Whole, time: float) -> tuple[Floats, Floats]:
        origin = state.origin if state.head[RIGHTS] + state.head[WRONGS] > 0 else time
        x = np.empty((len(units), WIDTH))
        for row, unit in enumerate(units):
            describe(state.head, state.own, int(unit), time - origin, x[row])
        p = 1.0 / (1.0 + np.exp(-(self.easiness[units] + x @ self.weights)))
        variance = np.einsum("ij,jk,ik->i", x, self.covariance, x) + self.doubt[units]
        return self.curve.with_error(p, p * (1.0 - p) * np.sqrt(variance))


def _times(log: Log) -> Floats:
    """Seconds since the learner's first answer."""
    if log.time is None:
        return np.zeros(log.n)
    return np.asarray(log.time - log.time[log.starts[log.learner]])


def fit(log: Log) -> Logistic:
    """Ridge-penalised maximum likelihood by Newton's method, then the curve from learners left out in turn."""
    catalogue = Catalogue.of(log)
    curve = out_of_fold(log, lambda seen, held: estimated(seen, catalogue).predict_log(held))
    return replace(estimated(log, catalogue), curve=curve)


def estimated(log: Log, catalogue: Catalogue) -> Logistic:
    """The regression alone, without a curve."""
    unit, units = catalogue.unit_rows(log), len(catalogue.units)
    size = np.bincount(unit, minlength=units)
    whole = (log.correct.sum() + 1.0) / (log.n + 2.0)
    mean = np.append((np.bincount(unit, log.correct, units) + 5.0 * whole) / (size + 5.0), whole)
    x = described(log.starts, unit, log.correct, _times(log), mean)
    easiness, weights = np.zeros(units), np.zeros(WIDTH)
    middle = float(np.log(whole / (1.0 - whole)))
    for _ in range(ROUNDS):
        step_easiness, step_weights, covariance, doubt = newton(easiness, weights, middle, unit, x, log.correct, RIDGE)
        easiness, weights = easiness - step_easiness, weights - step_weights
        if max(np.abs(step_easiness).max(initial=0.0), np.abs(step_weights).max()) < TOLERANCE:
            break
    return Logistic(
        catalogue, np.append(middle + easiness, middle), weights, covariance, np.append(doubt, 1.0 / RIDGE), mean
    )


@compiled
def describe(head: Single, own: Single, unit: int, time: float, out: Floats) -> None:
    """x of one coming answer, from the state alone. time : seconds since the first answer."""
    mine = own[unit]
    answers = head[RIGHTS] + head[WRONGS]
    out[0], out[1] = np.log1p(head[RIGHTS]), np.log1p(head[WRONGS])
    out[2], out[3] = np.log1p(mine[N_RIGHT]), np.log1p(mine[N_WRONG])
    for rate in range(len(RATES)):
        out[4 + rate] = head[SUMS + rate] / (head[SUMS + len(RATES) + rate] + 1.0)
    out[7], out[8] = mine[FADING], head[LAST]
    seen = mine[N_RIGHT] + mine[N_WRONG] > 0
    moment = max(time, float(head[NEWEST]))
    out[9] = np.log1p(answers - mine[STEP]) if seen else 0.0
    out[10] = np.log1p((moment - mine[WHEN]) / 86400.0) if seen else 0.0
    out[11] = np.log1p((moment - head[NEWEST]) / 3600.0) if answers > 0 else 0.0
    out[12] = 0.0 if seen else 1.0


@compiled
def observe(head: Single, own: Single, unit: int, outcome: float, mean: float, time: float) -> None:
    """The state after one answer, in place."""
    moment = max(time, float(head[NEWEST]))
    residual = np.float32(outcome - mean)
    mine = own[unit]
    for rate in range(len(RATES)):
        head[SUMS + rate] = RATES[rate] * head[SUMS + rate] + residual
        head[SUMS + len(RATES) + rate] = RATES[rate] * head[SUMS + len(RATES) + rate] + np.float32(1.0)
    mine[FADING] = np.float32(0.6) * mine[FADING] + np.float32(0.4) * residual
    mine[N_RIGHT] += np.float32(outcome)
    mine[N_WRONG] += np.float32(1.0 - outcome)
    head[RIGHTS] += np.float32(outcome)
    head[WRONGS] += np.float32(1.0 - outcome)
    head[LAST] = np.float32(2.0 * outcome - 1.0)
    head[NEWEST] = moment
    mine[STEP], mine[WHEN] = head[RIGHTS] + head[WRONGS], moment


@compiled
def described(starts: Whole, unit: Whole, y: Floats, time: Floats, mean: Floats) -> Floats:
    """x of every row, (n, WIDTH)."""
    x = np.empty((len(unit), WIDTH))
    head, own = np.empty(HEAD, np.float32), np.empty((len(mean), OWN), np.float32)
    for learner in range(len(starts) - 1):
        head[:], own[:] = 0.0, 0.0
        for row in range(starts[learner], starts[learner + 1]):
            describe(head, own, unit[row], time[row], x[row])
            observe(head, own, unit[row], y[row], mean[unit[row]], time[row])
    return x


def newton(
    easiness: Floats, weights: Floats, middle: float, unit: Whole, x: Floats, y: Floats, ridge: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """One step: of the easiness, of the weights; then covariance of the weights and variance of each easiness.

    The Hessian's block of units is diagonal and is eliminated (Schur complement).
    """
    slope_units, slope, own, cross, dense = slopes(easiness, weights, middle, unit, x, y, ridge)
    scaled = cross / own[:, None]
    covariance = np.asarray(np.linalg.inv(dense - scaled.T @ cross), np.float64)
    step = covariance @ (slope - scaled.T @ slope_units)
    return (slope_units - cross @ step) / own, step, covariance, 1.0 / own


@compiled
def slopes(
    easiness: Floats, weights: Floats, middle: float, unit: Whole, x: Floats, y: Floats, ridge: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Gradient of the easiness and of the weights; Hessian of the easiness (diagonal), across, of the weights."""
    units, width = len(easiness), len(weights)
    slope_units, slope = ridge * easiness, ridge * weights
    own, cross, dense = np.full(units, ridge), np.zeros((units, width)), ridge * np.eye(width)
    for row in range(len(y)):
        here, seen = unit[row], x[row]
        logit = middle + easiness[here]
        for i in range(width):
            logit += weights[i] * seen[i]
        p = 1.0 / (1.0 + np.exp(-logit))
        hessian, miss = p * (1.0 - p), p - y[row]
        slope_units[here] += miss
        own[here] += hessian
        for i in range(width):
            slope[i] += miss * seen[i]
            cross[here, i] += hessian * seen[i]
            for j in range(i + 1):
                dense[i, j] += hessian * seen[i] * seen[j]
    for i in range(width):
        for j in range(i):
            dense[j, i] = dense[i, j]
    return slope_units, slope, own, cross, dense

"""Probabilities set right by what they were worth for learners whom the fit had not seen.

    logit p' = logit p + offset(logit p),   the offset linear between KNOTS and level beyond them

The offsets are fitted by penalised maximum likelihood to predictions out of fold: the model is fitted anew without a
fifth of the learners and predicts them. A pull towards 0 leaves the probabilities of a short log as they are. The curve
never falls, so it changes no order between two predictions of one model.

Sources: Platt (1999), Probabilistic outputs for support vector machines, for the sigmoid and for fitting it out of
sample; Lucena (2018), Spline-based probability calibration, arXiv:1809.07751, for a curve instead of a line.

>>> chance = np.random.default_rng(0)
>>> truth = 1 / (1 + np.exp(-chance.normal(1, 1, 20_000)))
>>> too_sure = 1 / (1 + np.exp(-1.6 * np.log(truth / (1 - truth))))
>>> curve = learned(too_sure, (chance.random(20_000) < truth).astype(float))
>>> curve.of(np.array([0.05, 0.5, 0.95])).round(1).tolist()
[0.1, 0.5, 0.9]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.log import Log, Whole

Floats = NDArray[np.float64]
KNOTS = np.arange(-3.0, 5.0)
PULL = 20.0  # ridge on each offset
STEEPEST_FALL = 0.9  # of the offset from one knot to the next, less than the distance, so that the curve rises
LEAST = 1e-9
FOLDS, ENOUGH = 5, 50_000  # of a long log fewer folds are left out: as many as hold ENOUGH rows
ROUNDS, TOLERANCE = 30, 1e-9


@dataclass(frozen=True, eq=False)
class Curve:
    """offsets : (KNOTS,) in logits; zeros change nothing."""

    offsets: Floats = field(default_factory=lambda: np.zeros(len(KNOTS)))

    def of(self, p: Floats) -> Floats:
        """The probabilities set right, of any shape."""
        z = _logit(p)
        return np.asarray(1.0 / (1.0 + np.exp(-(z + np.interp(z, KNOTS, self.offsets)))))

    def with_error(self, p: Floats, se: Floats) -> tuple[Floats, Floats]:
        """Both set right; the error by the curve's slope at p (delta method)."""
        z, after = _logit(p), self.of(p)
        place = np.clip(np.searchsorted(KNOTS, z) - 1, 0, len(KNOTS) - 2)
        inside = (z > KNOTS[0]) & (z < KNOTS[-1])
        slope = 1.0 + np.where(inside, np.diff(self.offsets)[place] / np.diff(KNOTS)[place], 0.0)
        before = np.clip(p, LEAST, 1.0 - LEAST)
        return after, se * slope * after * (1.0 - after) / (before * (1.0 - before))


def learned(p: Floats, y: Floats) -> Curve:
    """The curve from predictions p of answers y that the model had not seen; both (n,)."""
    z = _logit(p)
    inside = np.clip(z, KNOTS[0], KNOTS[-1])
    x = np.maximum(0.0, 1.0 - np.abs(inside[:, None] - KNOTS))
    offsets = np.zeros(len(KNOTS))
    for _ in range(ROUNDS):
        now = 1.0 / (1.0 + np.exp(-(z + x @ offsets)))
        bend = (x * (now * (1.0 - now))[:, None]).T @ x + PULL * np.eye(len(KNOTS))
        step = np.linalg.solve(bend, x.T @ (now - y) + PULL * offsets)
        offsets = offsets - step
        if np.abs(step).max() < TOLERANCE:
            break
    falls = max(float(-np.diff(offsets).min()), STEEPEST_FALL)
    return Curve(offsets * STEEPEST_FALL / falls)


def out_of_fold(log: Log, predicted: Callable[[Log, Log], Floats]) -> Curve:
    """The curve of a model whose `predicted(seen, held)` fits to `seen` and predicts the rows of `held`.

    No curve (zeros) where there is nobody to leave out.
    """
    if log.learners < 2:
        return Curve()
    fold = even_folds(log)
    folds = min(FOLDS, log.learners)
    left_out = min(folds, -(-ENOUGH * folds // log.n))
    p, y = [], []
    for number in range(left_out):
        held = log.of_learners(fold == number)
        p.append(predicted(log.of_learners(fold != number), held))
        y.append(held.correct)
    return learned(np.concatenate(p), np.concatenate(y))


def even_folds(log: Log) -> Whole:
    """(learners,) folds alike in length and success, the same in whatever order the learners stand."""
    row = np.arange(log.n)
    place = row - log.starts[log.learner]
    length, rights = np.diff(log.starts), np.bincount(log.learner, log.correct, log.learners)
    pattern = np.bincount(log.learner, log.correct * np.sqrt(place + 2.0), log.learners)
    rank = np.empty(log.learners, np.int64)
    rank[np.lexsort((pattern, rights, length))] = np.arange(log.learners)
    return rank % FOLDS


def _logit(p: Floats) -> Floats:
    kept = np.clip(p, LEAST, 1.0 - LEAST)
    return np.asarray(np.log(kept / (1.0 - kept)))

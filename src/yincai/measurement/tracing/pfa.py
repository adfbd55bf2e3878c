"""Performance factors analysis: a logistic regression on how often each skill was answered rightly and wrongly before.

    logit p = sum over the skills of the item of  easiness + gain · rights so far + loss · wrongs so far

Source: Pavlik, Cen & Koedinger (2009), Performance factors analysis, AIED. A ridge keeps rare skills near 0.

>>> log = Log.of(["a"] * 4 + ["b"] * 4, ["x", "y"] * 4, [1, 0, 1, 0, 1, 0, 0, 1])
>>> fitted = fit(log)
>>> state = fitted.update(fitted.start(), 0, 1.0, 0.0)
>>> fitted.predict(state, np.array([0, 1]), 0.0)[0].round(2).tolist()
[0.7, 0.26]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.log import Catalogue, Log, Whole

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
EASINESS, GAIN, LOSS = range(3)
MOST = 60.0  # counts stop here, or one long sequence outweighs all
RIDGE = np.array([0.1, 2.0, 2.0])


@dataclass(frozen=True, eq=False)
class Pfa:
    """weights : (skills + 1, 3) easiness, gain, loss; the last row is for a skill never seen. covariance : (skills + 1,
    3, 3) of a skill's weights. parts : (units + 1, k) skills of each unit, padded with −1."""

    catalogue: Catalogue
    skills: tuple[str, ...]
    weights: Floats
    covariance: Floats
    parts: Whole

    def predict_log(self, log: Log) -> Floats:
        skill = self.catalogue.skill_rows(log)
        unit = np.where(skill < 0, len(self.parts) - 1, skill)
        return followed(log.starts, unit, self.parts, log.correct, self.weights)

    def start(self) -> Single:
        """(skills + 1, 2) rights and wrongs."""
        return np.zeros((len(self.weights), 2), np.float32)

    def update(self, state: Single, unit: int, outcome: float, time: float) -> Single:
        after = state.copy()
        for part in self.parts[unit]:
            if part >= 0:
                after[part] = np.minimum(after[part] + (outcome, 1.0 - outcome), MOST)
        return after

    def predict(self, state: Single, units: Whole, time: float) -> tuple[Floats, Floats]:
        parts = self.parts[units]
        held = parts >= 0
        x = np.concatenate([np.ones((*parts.shape, 1)), state[parts]], axis=2) * held[:, :, None]
        p = 1.0 / (1.0 + np.exp(-np.einsum("ijk,ijk->i", x, self.weights[parts])))
        variance = np.einsum("ijk,ijkl,ijl->i", x, self.covariance[parts], x)
        return p, p * (1.0 - p) * np.sqrt(variance)


def fit(log: Log) -> Pfa:
    """Ridge-penalised maximum likelihood by L-BFGS. The units of PFA are the sets of skills."""
    catalogue = Catalogue(log.items, log.skills, by_item=False)
    names = sorted({part for name in log.skills for part in name.split(";")})
    number = {name: place for place, name in enumerate(names)}
    width = max((name.count(";") + 1 for name in log.skills), default=1)
    parts = np.full((len(log.skills) + 1, width), -1, np.int64)
    for row, name in enumerate(log.skills):
        parts[row, : name.count(";") + 1] = [number[part] for part in name.split(";")]
    parts[-1, 0] = len(names)
    counts = counted(log.starts, log.skill, parts, log.correct, len(names) + 1)
    which = parts[log.skill]
    weights = np.zeros((len(names) + 1, 3))
    if log.n:
        done = minimize(
            lambda w: loss(w.reshape(-1, 3), which, counts, log.correct, RIDGE),
            weights.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 300},
        )
        weights = done.x.reshape(-1, 3)
    weights[-1] = np.mean(weights[:-1], axis=0) if names else 0.0
    return Pfa(
        catalogue,
        tuple(names),
        weights,
        np.asarray(np.linalg.inv(curvature(weights, which, counts, RIDGE)), np.float64),
        parts,
    )


@compiled
def counted(starts: Whole, unit: Whole, parts: Whole, y: Floats, skills: int) -> Single:
    """Rights and wrongs of each row's skills before it, (n, k, 2)."""
    found = np.zeros((len(unit), parts.shape[1], 2), np.float32)
    so_far = np.zeros((skills, 2))
    for learner in range(len(starts) - 1):
        so_far[:] = 0.0
        for row in range(starts[learner], starts[learner + 1]):
            for place, part in enumerate(parts[unit[row]]):
                if part >= 0:
                    found[row, place] = so_far[part]
                    so_far[part, 0] = min(so_far[part, 0] + y[row], MOST)
                    so_far[part, 1] = min(so_far[part, 1] + 1.0 - y[row], MOST)
    return found


@compiled
def followed(starts: Whole, unit: Whole, parts: Whole, y: Floats, weights: Floats) -> Floats:
    counts = counted(starts, unit, parts, y, len(weights))
    p = np.empty(len(unit))
    for row in range(len(unit)):
        p[row] = 1.0 / (1.0 + np.exp(-margin(weights, parts[unit[row]], counts[row])))
    return p


@compiled
def margin(weights: Floats, parts: Whole, counts: Single) -> float:
    total = 0.0
    for place, part in enumerate(parts):
        if part >= 0:
            w = weights[part]
            total += w[EASINESS] + w[GAIN] * counts[place, 0] + w[LOSS] * counts[place, 1]
    return total


@compiled
def loss(weights: Floats, which: Whole, counts: Single, y: Floats, ridge: Floats) -> tuple[float, Floats]:
    """Penalised negative log-likelihood and its gradient, raveled."""
    gradient = weights * ridge
    total = 0.5 * np.sum(weights * gradient)
    for row in range(len(y)):
        x = margin(weights, which[row], counts[row])
        total += np.log1p(np.exp(-abs(x))) + max(x, 0.0) - y[row] * x
        slope = 1.0 / (1.0 + np.exp(-x)) - y[row]
        for place, part in enumerate(which[row]):
            if part >= 0:
                gradient[part, EASINESS] += slope
                gradient[part, GAIN] += slope * counts[row, place, 0]
                gradient[part, LOSS] += slope * counts[row, place, 1]
    return total, gradient.ravel()


@compiled
def curvature(weights: Floats, which: Whole, counts: Single, ridge: Floats) -> Floats:
    """Hessian by skill, (skills, 3, 3); exact where a row has one skill."""
    found = np.zeros((len(weights), 3, 3))
    x = np.ones(3)
    for skill in range(len(weights)):
        for i in range(3):
            found[skill, i, i] = ridge[i]
    for row in range(len(which)):
        p = 1.0 / (1.0 + np.exp(-margin(weights, which[row], counts[row])))
        for place, part in enumerate(which[row]):
            if part >= 0:
                x[1], x[2] = counts[row, place, 0], counts[row, place, 1]
                for i in range(3):
                    for j in range(3):
                        found[part, i, j] += p * (1.0 - p) * x[i] * x[j]
    return found

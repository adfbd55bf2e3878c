"""The cause of a wrong step in algebra: a classifier over its traits that a teacher's corrections train further.

Multinomial logistic regression with a normal prior on each weight (MAP, L-BFGS). What is learnt is a mean and a
precision for each weight: a correction moves weights that little is known about, and hardly those that thousands of
steps have settled (Laplace approximation with a diagonal; Spiegelhalter & Lauritzen 1990, Chapelle & Li 2011). So
corrections need none of the first training data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from yincai.measurement.errors.traits import Step, before, traits

Floats = NDArray[np.float64]

PRIOR_PRECISION = 0.5
SEEN = 3  # a trait must occur in as many steps to be used
MOST_ITERATIONS = 100
CORRECTION = 3.0  # a teacher's correction counts as much as this many training steps


@dataclass(frozen=True)
class StepModel:
    labels: tuple[str, ...]
    places: dict[str, int] = field(repr=False)  # trait → row
    weights: Floats = field(repr=False)  # (traits, labels)
    precision: Floats = field(repr=False)  # (traits, labels)
    steps: int  # how many it learnt from

    def __str__(self) -> str:
        return f"error model: {len(self.labels)} causes, {len(self.places)} traits, from {self.steps} steps"


@dataclass(frozen=True)
class Attribution:
    """`probabilities` of all causes; `evidence` are the traits that spoke most for the first one."""

    label: str
    probability: float
    probabilities: dict[str, float] = field(repr=False)
    evidence: tuple[str, ...]


def fit(steps: Sequence[Step], labels: Sequence[str]) -> StepModel:
    """Learns causes from labelled steps. Raises ValueError for no steps, or another number of labels.

    A step whose step before is known is also learnt with that left out, at half the weight each: so the model judges
    steps of either kind.

    >>> model = fit([Step("x+3=5", "ADD_SIDE", "3", "x+3+3=5+3"), Step("2x=4", "MUL_SIDE", "2", "2x*2=4*2")] * 3,
    ...             ["adds instead of subtracting", "multiplies instead of dividing"] * 3)
    >>> predict(model, [Step("x+7=9", "ADD_SIDE", "7", "x+7+7=9+7")])[0].label
    'adds instead of subtracting'
    """
    if not steps or len(steps) != len(labels):
        raise ValueError(f"there must be a label for each step, and at least one: {len(steps)} and {len(labels)}")
    names = tuple(sorted(set(labels)))
    found, places_of, weight = _doubled(steps)
    counts = Counter(trait for each in found for trait in each)
    used = sorted(trait for trait, count in counts.items() if count >= min(SEEN, len(steps)))
    places = {trait: row for row, trait in enumerate(used)}
    target = np.array([names.index(labels[place]) for place in places_of])
    shape = (len(places), len(names))
    prior = StepModel(names, places, np.zeros(shape), np.full(shape, PRIOR_PRECISION), len(steps))
    return _learnt(prior, _matrix(found, places), target, np.array(weight))


def _doubled(steps: Sequence[Step]) -> tuple[list[frozenset[str]], list[int], list[float]]:
    """Traits of each step, and of a copy without its step before; which step they are of; and the weights."""
    found, places, weights = [], [], []
    for place, step in enumerate(steps):
        whole = traits(step)
        copies = [whole] if step.before is None else [whole, whole - {before(step)}]
        found += copies
        places += [place] * len(copies)
        weights += [1 / len(copies)] * len(copies)
    return found, places, weights


def updated(model: StepModel, steps: Sequence[Step], labels: Sequence[str]) -> StepModel:
    """The model after a teacher's corrections, which may bring new traits and new causes.

    Raises ValueError when the labels are not as many as the steps. No correction: the same model.
    """
    if len(steps) != len(labels):
        raise ValueError(f"there must be a label for each step: {len(steps)} and {len(labels)}")
    if not steps:
        return model
    found = [traits(step) for step in steps]
    wider = _widened(model, sorted({trait for each in found for trait in each}), sorted(set(labels)))
    target = np.array([wider.labels.index(label) for label in labels])
    learnt = _learnt(wider, _matrix(found, wider.places), target, np.full(len(steps), CORRECTION))
    return replace(learnt, steps=model.steps + len(steps))


def _widened(model: StepModel, new_traits: list[str], labels: list[str]) -> StepModel:
    """Rows and columns for what is new: weight zero, the prior's precision."""
    names = (*model.labels, *(label for label in labels if label not in model.labels))
    places = dict(model.places)
    for trait in new_traits:
        places.setdefault(trait, len(places))
    rows, columns = model.weights.shape
    weights = np.zeros((len(places), len(names)))
    precision = np.full(weights.shape, PRIOR_PRECISION)
    weights[:rows, :columns], precision[:rows, :columns] = model.weights, model.precision
    return StepModel(names, places, weights, precision, model.steps)


def _learnt(prior: StepModel, table: sparse.csr_matrix, target: NDArray[np.intp], weight: Floats) -> StepModel:
    """The most probable weights given the prior, and how firmly they stand after these steps."""
    shape, rows = prior.weights.shape, np.arange(len(target))
    turned = table.T.tocsr()

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        off = weights - prior.weights
        chance = _softmax(table @ weights)
        value = -float(weight @ np.log(np.maximum(chance[rows, target], 1e-300)))
        chance[rows, target] -= 1
        slope = turned @ (chance * weight[:, None]) + prior.precision * off
        return value + float((prior.precision * off * off).sum()) / 2, slope.ravel()

    best = minimize(loss, prior.weights.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MOST_ITERATIONS})
    weights = np.asarray(best.x).reshape(shape)
    chance = _softmax(table @ weights)
    firmer = turned @ (chance * (1 - chance) * weight[:, None])
    return replace(prior, weights=weights, precision=np.asarray(prior.precision + firmer))


def predict(model: StepModel, steps: Sequence[Step]) -> list[Attribution]:
    """The cause of each step with its probability and the traits that spoke for it."""
    if not steps:
        return []
    found = [traits(step) for step in steps]
    chances = _softmax(_matrix(found, model.places) @ model.weights)
    return [_attribution(model, row, each) for row, each in zip(chances, found, strict=True)]


def _attribution(model: StepModel, chances: Floats, found: frozenset[str]) -> Attribution:
    best = int(chances.argmax())
    named = dict(zip(model.labels, chances.tolist(), strict=True))
    return Attribution(model.labels[best], float(chances[best]), named, _evidence(model, found, best))


def _evidence(model: StepModel, found: frozenset[str], label: int, most: int = 3) -> tuple[str, ...]:
    """The traits in words (no runs of tokens) that raise this cause most above the mean of all."""
    gains = {
        trait: float(model.weights[place, label] - model.weights[place].mean())
        for trait in found
        if (place := model.places.get(trait)) is not None and ": run " not in trait
    }
    ordered = sorted(gains, key=lambda trait: (-gains[trait], trait))
    return tuple(trait for trait in ordered[:most] if gains[trait] > 0)


def _matrix(found: Sequence[frozenset[str]], places: dict[str, int]) -> sparse.csr_matrix:
    rows = [sorted(places[trait] for trait in each if trait in places) for each in found]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    return sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(found), len(places)))


def _softmax(scores: Floats) -> Floats:
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Accuracy:
    share: float
    by_label: dict[str, tuple[int, float]]  # label → how many, share told rightly


def accuracy(predicted: Sequence[str], labels: Sequence[str]) -> Accuracy:
    """How many labels are told rightly, over all and for each. Raises ValueError when there are none."""
    if not labels or len(predicted) != len(labels):
        raise ValueError("there must be a prediction for each label, and at least one")
    hits: dict[str, list[bool]] = {}
    for told, label in zip(predicted, labels, strict=True):
        hits.setdefault(label, []).append(told == label)
    by_label = {label: (len(each), sum(each) / len(each)) for label, each in sorted(hits.items())}
    return Accuracy(sum(map(sum, hits.values())) / len(labels), by_label)


def cross_validated(steps: Sequence[Step], labels: Sequence[str], folds: int = 5, seed: int = 0) -> list[Attribution]:
    """Each step judged by a model that saw no equal step (same equation, action, input, result).

    Raises ValueError for fewer distinct steps than folds.
    """
    groups: dict[tuple[str, ...], int] = {}
    group = [groups.setdefault((s.equation, s.action, s.entered, s.result), len(groups)) for s in steps]
    if not 2 <= folds <= len(groups):
        raise ValueError(f"{folds} folds of {len(groups)} distinct steps cannot be made")
    fold = np.random.default_rng(seed).permutation(len(groups))[group] % folds
    told: dict[int, Attribution] = {}
    for out in range(folds):
        inside, outside = np.flatnonzero(fold != out).tolist(), np.flatnonzero(fold == out).tolist()
        model = fit([steps[place] for place in inside], [labels[place] for place in inside])
        judged = predict(model, [steps[place] for place in outside])
        told.update(zip(outside, judged, strict=True))
    return [told[place] for place in range(len(steps))]

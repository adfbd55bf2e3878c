"""A fitted set of features, and the passes over a whole log that make them, learner by learner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import contexts, factors, features, slopes
from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.contexts import KINDS, Flags, Keys, look_up
from yincai.measurement.tracing.features import (
    FEATURES,
    NEAR,
    PLAIN,
    describe,
    describe_plain,
    keys_now,
    kin_of,
    logit,
    observe,
)
from yincai.measurement.tracing.log import Catalogue, Log

Single = NDArray[np.float32]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
FOLDS = 6
PULL = 5.0  # answers' worth of the mean over all units that a unit's own mean is pulled by
CONTEXT = 3  # a surprise is counted from the mean after the last three answers


class Known(NamedTuple):
    """What is learned about units, as the compiled passes take it. base : (units + 1,) means, the last for a unit never
    seen. loading : (units + 1, RANK). kin : (units + 1, units + 1) or (1, 1). slope : (units + 1, PLAIN + 1). The rest
    is the table of contexts."""

    base: Single
    loading: Single
    kin: Single
    slope: Single
    key: Keys
    mean: Single
    size: Single
    excess: Single


class Logs(NamedTuple):
    """Logarithms of what is known, taken once and not for every candidate. middle : (units + 1,) logits of the means.
    context : (slots, 3), of each slot of the table the logit of the mean, the excess, log(1 + count), side by side as
    they are read."""

    middle: Floats
    context: Single


class Sight(NamedTuple):
    """Room for what is seen of the contexts of one row, each (KINDS,)."""

    keys: Keys
    slot: Whole
    itself: Flags
    means: Single
    excess: Single
    counts: Single


@dataclass(frozen=True, eq=False)
class Lens:
    """All that is learned before any tree."""

    catalogue: Catalogue
    known: Known

    @property
    def units(self) -> int:
        """Units, and one more for those never seen."""
        return len(self.known.base)

    @cached_property
    def logs(self) -> Logs:
        return logs_of(self.known)

    def matrix(self, log: Log) -> Single:
        """Features of every row, (FEATURES, n), each from the learner's rows before it."""
        unit = self.catalogue.unit_rows(log)
        unit = np.where(unit < 0, self.units - 1, unit)
        item = self.catalogue.item_rows(log)
        return described(log.starts, unit, item, log.correct.astype(np.float32), times(log), self.known, self.logs)


def times(log: Log) -> NDArray[np.float64]:
    """Seconds, zeros where the log has none."""
    return np.zeros(log.n) if log.time is None else log.time


def fit(log: Log, seed: int = 0) -> tuple[Lens, Single]:
    """The lens of a log, and the features of its own rows, each seen through the other folds of learners."""
    catalogue = Catalogue.of(log)
    unit, units = catalogue.unit_rows(log), len(catalogue.units)
    y = log.correct.astype(np.float32)
    fold = np.random.default_rng(seed).permutation(log.learners)[log.learner] % FOLDS
    bases = unit_means(unit, y, fold, units)
    learned = [_learned(log.learner, unit, y, fold != part, bases[part], units) for part in range(FOLDS + 1)]
    loadings, kins = (np.stack(each) for each in zip(*learned, strict=True))
    excess, own = _without_contexts(log, unit, y, fold, bases, loadings, kins)
    keys = keyed(log.starts, unit, catalogue.item_rows(log), y, units)
    mean, beyond, count, table = contexts.fit(keys, y, excess, fold, bases[fold, unit], bases[FOLDS, unit])
    x = described_by_fold(log.starts, unit, y, times(log), fold, bases, loadings, kins, own, mean, beyond, count)
    known = Known(
        bases[FOLDS], loadings[FOLDS], kins[FOLDS], own[FOLDS], table.key, table.mean, table.count, table.excess
    )
    return Lens(catalogue, known), x


def _without_contexts(
    log: Log, unit: Whole, y: Single, fold: Whole, bases: Single, loadings: Single, kins: Single
) -> tuple[Single, Single]:
    """Excess of each row as it looks without each fold and with all, (n, FOLDS + 1), and slopes of the units likewise,
    (FOLDS + 1, units + 1, PLAIN + 1)."""
    n, units = log.n, bases.shape[1] - 1
    excess, own = np.empty((n, FOLDS + 1), np.float32), np.empty((FOLDS + 1, units + 1, PLAIN + 1), np.float32)
    apart = plain(log.starts, unit, y, times(log), fold, bases, loadings, kins)
    shared = slopes.shared(apart, y)
    for part in range(FOLDS + 1):
        same = np.full(n, part)
        z = plain(log.starts, unit, y, times(log), same, bases, loadings, kins)
        excess[:, part] = y - shared.expected(z)
        own[part] = slopes.of_units(z, unit, excess[:, part], fold != part, units, shared)
    return excess, own


def unit_means(unit: Whole, y: Single, fold: Whole, units: int) -> Single:
    """(FOLDS + 1, units + 1): means without each fold, and in the last row with all; last column: an unknown unit."""
    place = fold * units + unit
    right = np.bincount(place, y, FOLDS * units).reshape(FOLDS, units)
    size = np.bincount(place, minlength=FOLDS * units).reshape(FOLDS, units)
    rights = np.vstack([right.sum(0) - right, right.sum(0)])
    sizes = np.vstack([size.sum(0) - size, size.sum(0)])
    over_all = (rights.sum(1) + 1.0) / (sizes.sum(1) + 2.0)
    means = (rights + PULL * over_all[:, None]) / (sizes + PULL)
    return np.hstack([means, over_all[:, None]]).astype(np.float32)


def _learned(
    learner: Whole, unit: Whole, y: Single, used: NDArray[np.bool_], base: Single, units: int
) -> tuple[Single, Single]:
    """Loadings and kinship from the rows of some learners."""
    rows = np.flatnonzero(used)
    residual, spread = y[rows] - base[unit[rows]], np.maximum(base * (1.0 - base), 0.02)
    found = factors.fit(learner[rows], unit[rows], residual, spread[:units], units)
    loading = np.vstack([found, np.zeros((1, factors.RANK), np.float32)])
    return loading, factors.kinship(learner[rows], unit[rows], residual, units)


@compiled
def logs_of(known: Known) -> Logs:
    middle, context = np.empty(len(known.base)), np.zeros((len(known.key), 3), np.float32)
    for unit in range(len(middle)):
        middle[unit] = logit(known.base[unit])
    for slot in range(len(context)):
        if known.key[slot] != np.uint64(0):
            context[slot, 0], context[slot, 1] = logit(known.mean[slot]), known.excess[slot]
            context[slot, 2] = np.log1p(known.size[slot])
    return Logs(middle, context)


@compiled
def room() -> Sight:
    keys, slot, itself = np.empty(KINDS, np.uint64), np.empty(KINDS, np.int64), np.empty(KINDS, np.bool_)
    return Sight(
        keys, slot, itself, np.empty(KINDS, np.float32), np.empty(KINDS, np.float32), np.empty(KINDS, np.float32)
    )


@compiled
def look(head: Single, own: Single, unit: int, item: int, known: Known, logs: Logs, sight: Sight) -> None:
    """What is known of the contexts of a coming answer, into `sight`."""
    keys_now(head, own, unit, item, sight.keys)
    look_up(known.key, sight.keys, sight.slot, sight.itself)
    for kind in range(KINDS):
        slot = sight.slot[kind]
        sight.means[kind] = logs.context[slot, 0] if slot >= 0 else logs.middle[unit]
        sight.excess[kind] = logs.context[slot, 1] if slot >= 0 else 0.0
        sight.counts[kind] = logs.context[slot, 2] if sight.itself[kind] else 0.0


@compiled
def in_context(known: Known, unit: int, sight: Sight) -> np.float32:
    """The mean from which a surprise is counted."""
    slot = sight.slot[CONTEXT]
    return known.mean[slot] if slot >= 0 else known.base[unit]


@compiled
def keyed(starts: Whole, unit: Whole, item: Whole, y: Single, units: int) -> Keys:
    """Names of the contexts of every row, (n, KINDS)."""
    keys = np.empty((len(unit), KINDS), np.uint64)
    head, own = np.zeros(features.HEAD, np.float32), np.zeros((units + 1, features.OWN), np.float32)
    loading, half = np.zeros((units + 1, features.RANK), np.float32), np.float32(0.5)
    for learner in range(len(starts) - 1):
        features.clear(head, own)
        for row in range(starts[learner], starts[learner + 1]):
            keys_now(head, own, unit[row], item[row], keys[row])
            observe(head, own, loading, unit[row], y[row], half, half, 0.0)
    return keys


@compiled
def plain(
    starts: Whole, unit: Whole, y: Single, time: NDArray[np.float64], fold: Whole, bases: Single, loadings: Single,
    kins: Single,
) -> Single:  # fmt: skip
    """Features that no context enters, (n, PLAIN), of each row as seen with what was learned without fold[row]."""
    z = np.empty((len(unit), PLAIN), np.float32)
    head, own = np.zeros(features.HEAD, np.float32), np.zeros((bases.shape[1], features.OWN), np.float32)
    near = np.empty(NEAR, np.float32)
    for learner in range(len(starts) - 1):
        features.clear(head, own)
        for row in range(starts[learner], starts[learner + 1]):
            here, loading = unit[row], loadings[fold[row]]
            base = bases[fold[row], here]
            kin_of(head, kins[fold[row]], here, near)
            describe_plain(head, own, loading, near, here, base, logit(base), time[row], z[row])
            observe(head, own, loading, here, y[row], base, base, time[row])
    return z


@compiled
def described_by_fold(
    starts: Whole, unit: Whole, y: Single, time: NDArray[np.float64], fold: Whole, bases: Single, loadings: Single,
    kins: Single, slope: Single, mean: Single, excess: Single, count: Single,
) -> Single:  # fmt: skip
    """Features of the rows of a fit: each learner sees what was learned from the folds without itself."""
    x = np.empty((FEATURES, len(unit)), np.float32)
    head, own = np.zeros(features.HEAD, np.float32), np.zeros((bases.shape[1], features.OWN), np.float32)
    out, near = np.empty(FEATURES, np.float32), np.empty(NEAR, np.float32)
    means, counts = np.empty(KINDS, np.float32), np.empty(KINDS, np.float32)
    for learner in range(len(starts) - 1):
        features.clear(head, own)
        for row in range(starts[learner], starts[learner + 1]):
            part, here = fold[row], unit[row]
            base = bases[part, here]
            kin_of(head, kins[part], here, near)
            for kind in range(KINDS):
                means[kind], counts[kind] = logit(mean[row, kind]), np.log1p(count[row, kind])
            describe(
                head, own, loadings[part], near, slope[part], here, base, logit(base), means, excess[row], counts,
                time[row], out,
            )  # fmt: skip
            x[:, row] = out
            observe(head, own, loadings[part], here, y[row], base, mean[row, CONTEXT], time[row])
    return x


@compiled
def described(
    starts: Whole, unit: Whole, item: Whole, y: Single, time: NDArray[np.float64], known: Known, logs: Logs
) -> Single:
    """Features of the rows of another log."""
    x = np.empty((FEATURES, len(unit)), np.float32)
    head, own = np.zeros(features.HEAD, np.float32), np.zeros((len(known.base), features.OWN), np.float32)
    out, near, sight = np.empty(FEATURES, np.float32), np.empty(NEAR, np.float32), room()
    for learner in range(len(starts) - 1):
        features.clear(head, own)
        for row in range(starts[learner], starts[learner + 1]):
            here = unit[row]
            base = known.base[here]
            look(head, own, here, item[row], known, logs, sight)
            kin_of(head, known.kin, here, near)
            describe(
                head, own, known.loading, near, known.slope, here, base, logs.middle[here], sight.means, sight.excess,
                sight.counts, time[row], out,
            )  # fmt: skip
            x[:, row] = out
            observe(head, own, known.loading, here, y[row], base, in_context(known, here, sight), time[row])
    return x

"""Scoring tracing models on a log: folds by learner, an audit for features that read the future, repeated answers.

>>> chance = np.random.default_rng(0)
>>> log = Log.of(np.repeat(np.arange(40), 30), np.tile(np.arange(6), 200), (chance.random(1200) < 0.6).astype(float))
>>> from yincai.measurement.tracing import pfa
>>> report = evaluate(log, {"pfa": pfa.fit}, clock=lambda: 0.0)["pfa"]
>>> report.n_scored, report.n_audited, abs(report.auc - 0.5) < 0.1
(1200, 1200, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import metrics
from yincai.measurement.tracing.log import Fit, Fitted, Log

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]
FOLDS = 5
LOOKED_AT = 300  # learners of a log that the audit changes the future of
SURE = 1e-4  # chance at which two skills would agree that often by luck


class ReadsTheFuture(ValueError):
    """A model's prediction moved when only what came later was changed."""


@dataclass(frozen=True)
class Report:
    """`auc` over all rows; `auc_audited` without rows that repeat an answer, None where that can't be told.
    cpu_seconds_fit : of one fit, the largest over the folds."""

    auc: float
    auc_audited: float | None
    accuracy: float
    rmse: float
    log_loss: float
    ece: float
    cpu_seconds_fit: float
    n_scored: int
    n_audited: int | None


def evaluate(
    log: Log, models: Mapping[str, Fit], clock: Callable[[], float], train: Log | None = None, seed: int = 0
) -> dict[str, Report]:
    """A report for each model: fitted on `train` and scored on `log`, or by 5 folds of the log's learners.

    clock : CPU seconds, handed in. Raises ReadsTheFuture, and ValueError for a log without rows or with one learner
    and nothing to train on.
    """
    if not log.n:
        raise ValueError("the log holds no answers")
    repeated = repeats(log)
    return {
        name: _report(log, *_predicted(name, log, fit, clock, train, seed), repeated) for name, fit in models.items()
    }


def _report(log: Log, p: Floats, seconds: float, repeated: Marks | None) -> Report:
    y = log.correct
    kept = None if repeated is None else ~repeated
    return Report(
        auc=metrics.auc(y, p),
        auc_audited=None if kept is None else metrics.auc(y[kept], p[kept]),
        accuracy=metrics.accuracy(y, p),
        rmse=metrics.rmse(y, p),
        log_loss=metrics.log_loss(y, p),
        ece=metrics.calibration_error(y, p),
        cpu_seconds_fit=seconds,
        n_scored=log.n,
        n_audited=None if kept is None else int(kept.sum()),
    )


def _predicted(
    name: str, log: Log, fit: Fit, clock: Callable[[], float], train: Log | None, seed: int
) -> tuple[Floats, float]:
    """Probability of each row by a model that never saw its learner, and CPU seconds of the longest fit."""
    p, longest = np.empty(log.n), 0.0
    for chosen in _parts(log, train, seed):
        seen = log.of_learners(~chosen) if train is None else train
        part = log.of_learners(chosen)
        began = clock()
        fitted = fit(seen)
        longest = max(longest, clock() - began)
        p[chosen[log.learner]] = fitted.predict_log(part)
        audit(name, fitted, part, seed)
    if not (np.isfinite(p) & (p >= 0) & (p <= 1)).all():
        raise ValueError(f"{name}: a prediction is no probability")
    return p, longest


def _parts(log: Log, train: Log | None, seed: int) -> list[Marks]:
    if train is not None:
        return [np.ones(log.learners, bool)]
    if log.learners < 2:
        raise ValueError("one learner alone cannot be split into folds: give a training file")
    folds = min(FOLDS, log.learners)
    fold = np.random.default_rng(seed).permutation(log.learners) % folds
    return [fold == number for number in range(folds)]


def audit(name: str, fitted: Fitted, log: Log, seed: int = 0) -> None:
    """Change all that comes after a random cut in each learner's answers: predictions up to it must not move at all.

    Raises ReadsTheFuture.
    """
    chance = np.random.default_rng(seed)
    looked = np.zeros(log.learners, bool)
    looked[chance.permutation(log.learners)[:LOOKED_AT]] = True
    part = log.of_learners(looked)
    changed, later = future_changed(part, chance)
    before, after = fitted.predict_log(part)[~later], fitted.predict_log(changed)[~later]
    moved = int((before != after).sum())
    if moved:
        raise ReadsTheFuture(f"{name}: {moved} of {len(before)} predictions moved when only later answers were changed")


def future_changed(log: Log, chance: np.random.Generator) -> tuple[Log, Marks]:
    """The log with another future from a random cut of each learner on, and the rows after the cut.

    Outcomes are flipped from the cut's own row on, for a row must not know its outcome; items and skills are shuffled,
    and times stretched, after it.
    """
    length = np.diff(log.starts)
    cut = log.starts[:-1] + (chance.random(log.learners) * length).astype(np.int64)
    row = np.arange(log.n)
    later, from_cut = row > cut[log.learner], row >= cut[log.learner]
    order = row.copy()
    order[later] = chance.permutation(row[later])
    time = log.time
    if time is not None:
        time = np.where(later, time + 3600.0 * (row - cut[log.learner]), time)
    duration = log.duration
    if duration is not None:
        duration = np.where(from_cut, duration + 7.0, duration)
    correct = np.where(from_cut, 1.0 - log.correct, log.correct)
    changed = replace(log, item=log.item[order], skill=log.skill[order], correct=correct, time=time, duration=duration)
    return changed, later


def repeats(log: Log) -> Marks | None:
    """Rows that repeat the answer of the row before them; None where it can't be told.

    With items: the same learner, item and time. With skills only: the second of two skills that, whenever they follow
    each other, agree, and too often for luck. With items but no times it can't be told.
    """
    same = np.zeros(log.n, bool)
    same[1:] = log.learner[1:] == log.learner[:-1]
    if not log.only_skill:
        if log.time is None:
            return None
        same[1:] &= (log.item[1:] == log.item[:-1]) & (log.time[1:] == log.time[:-1])
        return same
    return same & _always_agreeing(log, same)


def _always_agreeing(log: Log, follows: Marks) -> Marks:
    """Rows whose skill differs from the one before and never disagreed with it in the log."""
    rows = np.flatnonzero(follows)
    rows = rows[log.skill[rows] != log.skill[rows - 1]]
    if not len(rows):
        return np.zeros(log.n, bool)
    pair = log.skill[rows - 1] * len(log.skills) + log.skill[rows]
    _, which = np.unique(pair, return_inverse=True)
    agree = log.correct[rows] == log.correct[rows - 1]
    often, agreed = np.bincount(which), np.bincount(which, agree)
    hit = np.bincount(log.skill, log.correct, len(log.skills)) / np.maximum(np.bincount(log.skill), 1)
    one, other = hit[log.skill[rows - 1]], hit[log.skill[rows]]
    by_luck = one * other + (1.0 - one) * (1.0 - other)
    by_ability = 0.5 * (1.0 + by_luck)  # neighbours of one learner agree more than strangers do: halfway to always
    surprising = often[which] * np.log(by_ability) < np.log(SURE)
    found = np.zeros(log.n, bool)
    found[rows] = (agreed == often)[which] & surprising
    return found

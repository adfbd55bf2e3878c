"""Gradient boosting by scikit-learn over the same past-only features as the default: what the default is held against.

Needs the extra `boosting` (scikit-learn), which is imported nowhere else. Source: Friedman (2001), Greedy function
approximation, Annals of Statistics 29, 1189–1232; scikit-learn's HistGradientBoostingClassifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import passes
from yincai.measurement.tracing.default import ABILITY_SD, UNIT_MEAN, Default, State
from yincai.measurement.tracing.log import Catalogue, Log, Whole
from yincai.measurement.tracing.passes import Lens
from yincai.measurement.tracing.trees import Forest

Floats = NDArray[np.float64]
MISSING = "gradient boosting needs scikit-learn: pip install 'yincai[boosting]'"


@dataclass(frozen=True)
class Settings:
    rounds: int = 300
    rate: float = 0.04
    leaves: int = 24
    most: int = 300_000  # rows, of learners drawn by chance, that grow trees
    bag: int = 3  # boosters, where there are few rows
    shared: int = 450_000  # rows of all boosters together
    seed: int = 0


class MissingExtra(ImportError):
    """scikit-learn is not installed."""


@dataclass(frozen=True, eq=False)
class Boosting:
    """boosters : their margins are averaged; none where the log held one outcome alone."""

    lens: Lens
    boosters: tuple[Any, ...]

    @property
    def catalogue(self) -> Catalogue:
        return self.lens.catalogue

    def predict_log(self, log: Log) -> Floats:
        return self._chances(self.lens.matrix(log))

    def start(self) -> State:
        return self._follower.start()

    def update(self, state: State, unit: int, outcome: float, time: float) -> State:
        return self._follower.update(state, unit, outcome, time)

    def predict(self, state: State, units: Whole, time: float) -> tuple[Floats, Floats]:
        x = self._follower.features_of(state, units, time)
        p = self._chances(x)
        return p, x[ABILITY_SD].astype(np.float64)

    @property
    def _follower(self) -> Default:
        """The same state and features, with no tree."""
        none = Forest(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32), np.zeros((0, 2), np.float32))
        return Default(self.lens, none)

    def _chances(self, x: NDArray[np.float32]) -> Floats:
        if not x.shape[1]:
            return np.zeros(0)
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1):
            margins = [booster.decision_function(x.T) for booster in self.boosters] or [x[UNIT_MEAN]]
        return np.asarray(1.0 / (1.0 + np.exp(-np.mean(margins, axis=0))), np.float64)


def fit(log: Log, settings: Settings = Settings()) -> Boosting:
    """Raises MissingExtra without scikit-learn."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits
    except ImportError as problem:
        raise MissingExtra(MISSING) from problem
    lens, x = passes.fit(log, settings.seed)
    rows = _some(log, settings)
    x, right = x[:, rows].T, log.correct[rows] >= 0.5
    boosters: list[Any] = []
    if right.all() or not right.any():
        return Boosting(lens, ())  # nothing to tell apart: the units' means
    with threadpool_limits(1):  # threads that wait for each other burn more than they save
        for number in range(min(settings.bag, max(1, settings.shared // max(len(rows), 1)))):
            booster = HistGradientBoostingClassifier(
                max_iter=settings.rounds,
                learning_rate=settings.rate,
                max_leaf_nodes=settings.leaves,
                min_samples_leaf=min(100, max(1, log.n // 50)),
                l2_regularization=20.0,
                max_features=0.2,
                early_stopping=False,
                random_state=settings.seed + number,
            )
            boosters.append(booster.fit(x, right))
    return Boosting(lens, tuple(boosters))


def _some(log: Log, settings: Settings) -> Whole:
    """Rows of learners drawn by chance, `most` at the most."""
    if log.n <= settings.most:
        return np.arange(log.n)
    chance = np.random.default_rng(settings.seed)
    return np.flatnonzero((chance.random(log.learners) < settings.most / log.n)[log.learner])

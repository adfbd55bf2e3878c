"""Intervals and words for mastery: from what to what, how sure, and why a point is "growing".

The probability on the typical item (that of median difficulty) moves with the ability alone, so its quantiles are the
ability's, mapped.

>>> from yincai.measurement.tracing import ItemInfo, State, masteries, update
>>> state = update(State.empty(1), ItemInfo((0,), 0.0), 1.0, 0.0)
>>> low, high = typical_interval(masteries(state, 0.0), 0.8)
>>> low.round(2).tolist(), high.round(2).tolist()
([0.31], [0.9])
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from yincai.measurement.tracing.gauss import STEEPEST, Floats, Masteries


def typical_interval(shown: Masteries, level: float = 0.8, difficulty: Floats | float = 0.0) -> tuple[Floats, Floats]:
    """Equal-tailed interval of the probability of success on the typical item of each point; both (slots,).

    level : in 0…1. difficulty : logits of the typical item, of each point or for all.
    Raises ValueError for a level outside 0…1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level {level} must lie in 0…1")
    reach = NormalDist().inv_cdf(0.5 + level / 2.0) * np.sqrt(shown.variance)
    return _chance(shown.mean - difficulty - reach), _chance(shown.mean - difficulty + reach)


def sureness(shown: Masteries, threshold: float = 0.8, difficulty: Floats | float = 0.0) -> Floats:
    """Probability that success on the typical item is at least `threshold`; (slots,). Raises ValueError for a threshold
    outside 0…1."""
    if not 0.0 < threshold < 1.0:
        raise ValueError(f"threshold {threshold} must lie in 0…1")
    bar = np.log(threshold / (1.0 - threshold))
    above = (shown.mean - difficulty - bar) / np.sqrt(np.maximum(shown.variance, 1e-12))
    return np.array([NormalDist().cdf(each) for each in above])


def _chance(ability: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(ability, -STEEPEST, STEEPEST))))

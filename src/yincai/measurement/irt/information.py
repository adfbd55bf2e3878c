"""Information, reliability, and abilities by sum score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from yincai.measurement.irt.curves import curve_tables
from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats

NODES = 121


def item_information(items: Bank, theta: ArrayLike) -> Floats:
    """Fisher's information about θ of each item (θ × items): Σ P'²/P over the categories.

    >>> from yincai.measurement.irt.items import Item, bank
    >>> item_information(bank("2pl", [Item(2.0, 0.0)]), [0.0, 1.0]).round(2).tolist()
    [[1.0], [0.42]]
    """
    at = np.atleast_1d(np.asarray(theta, float))
    p, dp, _, _ = curve_tables(items.model.family, items.xi, items.first, at)
    return np.asarray(np.add.reduceat(dp * dp / p, items.first[:-1]).T)


def test_information(items: Bank, theta: ArrayLike) -> Floats:
    """Of all items together (θ); the standard error of a maximum likelihood ability is its inverse root.

    >>> from yincai.measurement.irt.items import Item, bank
    >>> test_information(bank("2pl", [Item(2.0, 0.0), Item(1.0, 0.0)]), 0.0).tolist()
    [1.25]
    """
    return np.asarray(item_information(items, theta).sum(axis=1))


test_information.__test__ = False  # type: ignore[attr-defined]  # a name of the field, not a test


def marginal_reliability(items: Bank, nodes: int = NODES) -> float:
    """Share of true variance in the abilities of a learner drawn from the latent distribution: E[I / (I + 1/σ²)]
    (Green, Bock, Humphreys, Linn & Reckase 1984). Between 0 and 1, no unit.

    >>> from yincai.measurement.irt.items import Item, bank
    >>> [round(marginal_reliability(bank("2pl", [Item(1.5, 0.0)] * many)), 2) for many in (5, 20)]
    [0.63, 0.86]
    """
    over = grid(nodes)
    information = test_information(items, items.mean + np.sqrt(items.variance) * over.nodes)
    return float(np.exp(over.log_weights[:nodes]) @ (information / (information + 1 / items.variance)))


@dataclass(frozen=True)
class SumScores:
    """For each sum score: its expected share, and EAP and posterior deviation of those who have it."""

    score: Floats
    share: Floats
    theta: Floats
    se: Floats

    def __str__(self) -> str:
        rows = zip(self.score, self.share, self.theta, self.se, strict=True)
        return "\n".join(
            ["sum   share   EAP     se", *(f"{s:3.0f}  {p:6.4f}  {t:6.3f}  {e:.3f}" for s, p, t, e in rows)]
        )


def sum_score_likelihood(items: Bank, theta: ArrayLike) -> Floats:
    """P(sum of category numbers = s | θ) (sums × θ), by the recursion of Lord & Wingersky (1984).

    >>> from yincai.measurement.irt.items import Item, bank
    >>> sum_score_likelihood(bank("rasch", [Item(1.0, 0.0), Item(1.0, 0.0)]), 0.0).ravel().tolist()
    [0.25, 0.5, 0.25]
    """
    at = np.atleast_1d(np.asarray(theta, float))
    p = curve_tables(items.model.family, items.xi, items.first, at)[0]
    held = np.ones((1, len(at)))
    for begin, many in zip(items.first, items.categories, strict=False):
        wider = np.zeros((len(held) + many - 1, len(at)))
        for k in range(many):
            wider[k : k + len(held)] += held * p[begin + k]
        held = wider
    return held


def eapsum(items: Bank, nodes: int = NODES) -> SumScores:
    """EAP for each sum score of all items (Thissen, Pommerich, Billeaud & Williams 1995).

    >>> from yincai.measurement.irt.items import Item, bank
    >>> print(eapsum(bank("rasch", [Item(1.0, 0.0)])))
    sum   share   EAP     se
      0  0.5000  -0.413  0.911
      1  0.5000   0.413  0.911
    """
    over = grid(nodes)
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    joint: Floats = sum_score_likelihood(items, theta) * np.exp(over.log_weights[:nodes])
    share: Floats = joint.sum(axis=1)
    mean: Floats = joint @ theta / share
    spread: Floats = (joint * (theta - mean[:, None]) ** 2).sum(axis=1) / share
    score: Floats = np.arange(len(share), dtype=np.float64) + float(items.lowest.sum())
    return SumScores(score, share, mean, np.sqrt(spread))

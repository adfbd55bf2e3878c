"""Do learners answer as the model expects of someone with their ability: l_z, l_z* and infit, outfit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from yincai.measurement.irt import residuals
from yincai.measurement.irt.item_fit import row_abilities
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.residuals import MeanSquares, mean_squares, residual_sums
from yincai.measurement.irt.responses import Floats, Responses
from yincai.measurement.irt.result import Fit

FEWEST = 2  # answers


@dataclass(frozen=True)
class PersonFit:
    """For each learner the ability at which the answers were judged, and how they fit it.

    `lz` and `lz_star`: standardised log-likelihood; far below zero means unexpected answers (guessing, copying, gaps).
    NaN for less than two answers; `lz_star` also where the answers leave no freedom.
    """

    theta: Floats
    lz: Floats
    lz_star: Floats
    squares: MeanSquares

    def __str__(self) -> str:
        seen = self.lz_star[np.isfinite(self.lz_star)]
        low = int((seen < -1.645).sum())
        return f"person fit of {len(self.theta)} learners: {low} of {len(seen)} with lz* below -1.645 (expected: 5 %)"


def person_fit(found: Fit | Bank, responses: ArrayLike | Responses) -> PersonFit:
    """Person fit at Warm's abilities.

    l_z (Drasgow, Levine & Williams 1985) takes the estimated ability for the true one and so varies too little;
    l_z* (Snijders 2001; for Warm's estimate Magis, Raîche & Béland 2012; several categories Sinharay 2016) corrects
    mean and variance for the estimation and is about standard normal from some twenty answers on. Its left tail stays
    longer than the normal's. Infit and outfit: see `MeanSquares`.

    Raises ValueError when the responses do not fit the items.

    >>> from yincai.measurement.irt import Item, bank
    >>> items = bank("rasch", [Item(1.0, b) for b in (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)])
    >>> person_fit(items, [[1, 1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1, 1]]).lz_star.round(1).tolist()
    [1.4, -5.7]
    """
    items = found.bank if isinstance(found, Fit) else found
    data = items.pack(responses)
    theta = row_abilities(items, data)
    sums = residual_sums(items, data, theta)[1]
    lz, star = _standardised(sums)
    squares = mean_squares(data.people(sums))
    return PersonFit(data.people(theta), data.people(lz), data.people(star), squares)


def _standardised(sums: Floats) -> tuple[Floats, Floats]:
    """l_z and l_z*. With r = P'/P and c = Σ P' log P / I, the weights log P − c·r are uncorrelated with the score;
    what remains of c·r sums to −c·J/2I, because Warm's estimate solves Σ r + J/2I = 0."""
    off = sums[:, residuals.LOG] - sums[:, residuals.MEAN_LOG]
    variance, information = sums[:, residuals.VAR_LOG], sums[:, residuals.INFORMATION]
    with np.errstate(divide="ignore", invalid="ignore"):
        c = sums[:, residuals.LOG_SCORE] / information
        left = variance - c * sums[:, residuals.LOG_SCORE]
        left = np.where(left > 1e-9 * variance, left, np.nan)
        lz = off / np.sqrt(variance)
        star = (off + c * sums[:, residuals.WARM] / (2 * information)) / np.sqrt(left)
    few = sums[:, residuals.N] < FEWEST
    lz[few] = star[few] = np.nan
    return lz, star

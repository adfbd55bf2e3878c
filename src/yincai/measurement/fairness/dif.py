"""Is one item harder for a group than the same pupils' other items say: differential item functioning.

Mantel & Haenszel (1959) with rows matched on the prediction, in up to ten strata of equal size within the item. Effects
on ETS's delta scale, −2.35 · ln(odds ratio): negative where the item is harder for the focal group. Errors by Robins,
Breslow & Greenland (1986, Biometrics 42, 311–323). Classes by Zieky (1993): A negligible (|delta| < 1 or not different
from 0), C large (|delta| ≥ 1.5 and significantly above 1), B between.

The match is the prediction, so what the model gets wrong for the whole group shows in each of its items; see
`differential` first.

>>> chance = np.random.default_rng(2)
>>> p, focal = chance.uniform(0.3, 0.9, 3000), chance.random(3000) < 0.5
>>> y = chance.random(3000) < np.where(focal, p * 0.6, p)
>>> told = mantel_haenszel(p, y.astype(float), focal)
>>> told is not None and (told.delta.value < -1.5, told.size)
(True, 'C')
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.fairness.calibration import check
from yincai.measurement.fairness.estimates import Estimate, Floats, Whole

STRATA = 10
DELTA = -2.35


@dataclass(frozen=True)
class ItemDif:
    """`delta` on ETS's scale; `n_focal` and `n_reference` rows."""

    n_focal: int
    n_reference: int
    odds_ratio: float
    delta: Estimate

    @property
    def size(self) -> str:
        """A, B or C at the 5 % level."""
        return size_of(self.delta, 0.05)


def size_of(delta: Estimate, level: float) -> str:
    """ETS's class; `level` is that of its tests, smaller where many items are looked at together."""
    far = abs(delta.value)
    if far < 1.0 or not delta.p_value() < level:
        return "A"
    above_one = Estimate(far, delta.se).interval(1.0 - 2.0 * level)[0] > 1.0
    return "C" if far >= 1.5 and above_one else "B"


def mantel_haenszel(
    predicted: Floats, observed: Floats, focal: NDArray[np.bool_], strata: int = STRATA
) -> ItemDif | None:
    """One item. focal : (n,) whether the row is of the focal group. None when no stratum holds both groups with both
    outcomes. Raises ValueError as `check`."""
    check(predicted, observed)
    if focal.shape != predicted.shape or strata < 1:
        raise ValueError(f"{focal.shape} memberships for {predicted.shape} predictions, {strata} strata")
    table = _tables(_strata(predicted, strata), observed >= 0.5, focal)
    total = table.sum(axis=(1, 2))
    table, total = table[total > 0], total[total > 0]
    with_right, with_wrong = table[:, 0, 1] * table[:, 1, 0] / total, table[:, 0, 0] * table[:, 1, 1] / total
    r, s = with_right.sum(), with_wrong.sum()
    if r == 0.0 or s == 0.0:
        return None
    p = (table[:, 0, 1] + table[:, 1, 0]) / total
    q = 1.0 - p
    variance = (
        (p * with_right).sum() / (2 * r * r)
        + (p * with_wrong + q * with_right).sum() / (2 * r * s)
        + (q * with_wrong).sum() / (2 * s * s)
    )
    ratio = float(s / r)  # odds of the focal group over those of the reference
    delta = Estimate(-DELTA * float(np.log(ratio)), -DELTA * float(np.sqrt(variance)))
    return ItemDif(int(focal.sum()), int((~focal).sum()), ratio, delta)


def _strata(predicted: Floats, strata: int) -> Whole:
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, strata + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, predicted, side="right"), np.int64)


def _tables(stratum: Whole, right: NDArray[np.bool_], focal: NDArray[np.bool_]) -> Floats:
    """Counts (strata, reference or focal, wrong or right)."""
    cells = stratum * 4 + focal * 2 + right
    count = int(stratum.max()) + 1
    return np.bincount(cells, minlength=4 * count).reshape(count, 2, 2).astype(float)

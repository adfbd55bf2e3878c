"""Answers beside what the model expects of them, summed over items and learners: the ground of every fit statistic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from yincai.measurement.irt.curves import curves
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.threads import by_responses

N, SQUARES, RESIDUALS, VARIANCE, KURTOSIS, EXCESS = range(6)
LOG, MEAN_LOG, VAR_LOG, LOG_SCORE, INFORMATION, SCORE, WARM = range(6, 13)
ITEM_SUMS, PERSON_SUMS = 6, 13


@dataclass(frozen=True)
class MeanSquares:
    """Infit and outfit (1 is expected, above is noisy, below too regular) with their z, and the number of answers.

    Wright & Masters (1982), Rating Scale Analysis, ch. 5: with residual r, variance W and fourth moment C of an answer,
    outfit = mean r²/W, infit = Σr² / ΣW; z by the cube root of Wilson & Hilferty (1931).
    """

    n: Ints
    infit: Floats
    z_infit: Floats
    outfit: Floats
    z_outfit: Floats


def mean_squares(sums: Floats) -> MeanSquares:
    """From sums of `residual_sums` (rows × at least ITEM_SUMS); NaN where there is no answer."""
    n = sums[:, N]
    with np.errstate(divide="ignore", invalid="ignore"):
        outfit, infit = sums[:, SQUARES] / n, sums[:, RESIDUALS] / sums[:, VARIANCE]
        of_outfit = np.sqrt(np.maximum(sums[:, KURTOSIS] / n**2 - 1 / n, 0.0))
        of_infit = np.sqrt(np.maximum(sums[:, EXCESS], 0.0)) / sums[:, VARIANCE]
        z_infit, z_outfit = _cube_root(infit, of_infit), _cube_root(outfit, of_outfit)
    return MeanSquares(np.rint(n).astype(np.int64), infit, z_infit, outfit, z_outfit)


def _cube_root(mean_square: Floats, deviation: Floats) -> Floats:
    return np.asarray((np.cbrt(mean_square) - 1) * 3 / deviation + deviation / 3)


def residual_sums(items: Bank, data: Responses, theta: Floats) -> tuple[Floats, Floats]:
    """Sums over the answers of each item (items × ITEM_SUMS) and of each row (rows × PERSON_SUMS).

    `theta` (rows) are the abilities at which the answers are judged; rows where it is NaN have no part.
    """
    owner = np.repeat(np.arange(len(items)), items.categories)
    of_person = np.zeros((data.n_rows, PERSON_SUMS))

    def part(begin: int, end: int) -> Floats:
        of_item = np.zeros((len(items), ITEM_SUMS))
        _residuals(
            data.start, data.codes, data.weights, begin, end, items.model.family, items.xi, items.first, owner,
            theta, of_item, of_person,
        )  # fmt: skip
        return of_item

    return np.asarray(sum(by_responses(part, data))), of_person


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _residuals(
    start: Ints, codes: NDArray[np.int32], weights: Floats, begin: int, end: int,
    family: int, xi: Floats, first: Ints, owner: Ints, theta: Floats, of_item: Floats, of_person: Floats,
) -> None:  # fmt: skip
    most = np.max(np.diff(first))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, xi.shape[1]))
    one = np.empty(13)
    for n in range(begin, end):
        if np.isnan(theta[n]):
            continue
        for place in range(start[n], start[n + 1]):
            item = owner[codes[place]]
            m = first[item + 1] - first[item] - 1
            if m < 1:
                continue
            curves(family, xi[item], m, theta[n], p, dp, ddp, grad)
            _judge(codes[place] - first[item], m, p, dp, ddp, one)
            for s in range(13):
                of_person[n, s] += one[s]
                if s < 6:
                    of_item[item, s] += weights[n] * one[s]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _judge(k: int, m: int, p: Floats, dp: Floats, ddp: Floats, out: Floats) -> None:
    """What one answer k adds to each of the sums."""
    mean, variance, fourth, mean_log, square_log = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(m + 1):
        mean += c * p[c]
        mean_log += p[c] * np.log(p[c])
    for c in range(m + 1):
        variance += p[c] * (c - mean) ** 2
        fourth += p[c] * (c - mean) ** 4
        square_log += p[c] * (np.log(p[c]) - mean_log) ** 2
    variance = max(variance, 1e-12)
    out[0], out[1], out[2], out[3] = 1.0, (k - mean) ** 2 / variance, (k - mean) ** 2, variance
    out[4], out[5] = fourth / variance**2, fourth - variance**2
    out[6], out[7], out[8] = np.log(p[k]), mean_log, square_log
    out[9], out[10], out[11], out[12] = 0.0, 0.0, dp[k] / p[k], 0.0
    for c in range(m + 1):
        out[9] += dp[c] * np.log(p[c])
        out[10] += dp[c] * dp[c] / p[c]
        out[12] += dp[c] * ddp[c] / p[c]

"""Abilities of learners on the scale of a bank, with standard errors.

EAP, the posterior mean (Bock & Mislevy 1982), on the nodes; MAP, the posterior mode (Samejima 1969); WLE, Warm's (1989)
weighted likelihood estimate, which has no prior and is finite for all right and all wrong, with the correction
J / 2I, J = Σ P'P''/P, for every model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from yincai.measurement.irt.curves import curves
from yincai.measurement.irt.expectation import Windows, grid, posterior, table_of, windows
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.threads import by_responses

METHODS = ("eap", "map", "wle")
NODES = 121
FARTHEST = 12.0  # MAP and WLE are looked for within ±, in latent deviations
ROUNDS = 100


@dataclass(frozen=True)
class Scores:
    """`theta` and `se` of each learner (learners); `n` answers of each. For EAP `se` is the posterior deviation.

    Without answers EAP and MAP are the prior's, WLE is NaN.
    """

    method: str
    theta: Floats
    se: Floats
    n: Ints

    def __str__(self) -> str:
        told = zip(self.theta[:5], self.se[:5], strict=True)
        head = ", ".join(f"{theta:.2f} ± {se:.2f}" for theta, se in told)
        return f"{self.method} of {len(self.theta)} learners: {head}{', …' if len(self.theta) > 5 else ''}"

    @property
    def reliability(self) -> float:
        """Empirical reliability: the variance of the estimates in that of estimates and errors, of who has any."""
        told = np.isfinite(self.theta)
        spread = float(np.var(self.theta[told], ddof=1)) if told.sum() > 1 else np.nan
        return spread / (spread + float(np.mean(self.se[told] ** 2)))


def scores(items: Bank, responses: ArrayLike | Responses, method: str = "eap", *, nodes: int = NODES) -> Scores:
    """Score learners (array learners × items with NaN for missing, or `Responses`) against known items.

    Raises ValueError for an unknown method and for scores that the items do not have.

    >>> from yincai.measurement.irt.items import Item, bank
    >>> known = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 1.0)])
    >>> print(scores(known, [[1, 1, 0], [0, 0, 0]], "eap"))
    eap of 2 learners: 0.45 ± 0.77, -1.00 ± 0.78
    >>> print(scores(known, [[1, 1, 1], [float("nan"), 0, 0]], "wle"))
    wle of 2 learners: 1.92 ± 1.82, -0.97 ± 1.51
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    data = items.pack(responses)
    theta, se = _eap(items, data, nodes) if method == "eap" else _roots(items, data, method == "wle")
    answers = data.people(np.diff(data.start).astype(float)).astype(np.int64)
    return Scores(method, data.people(theta), data.people(se), answers)


def _eap(items: Bank, data: Responses, nodes: int) -> tuple[Floats, Floats]:
    over = grid(nodes)
    near = windows(data, over)
    at = np.zeros(over.width)
    at[:nodes] = items.mean + np.sqrt(items.variance) * over.nodes
    table = table_of(items, over)
    theta, se = np.empty(data.n_rows), np.empty(data.n_rows)

    def part(begin: int, end: int) -> None:
        _moments(data.start, data.codes, begin, end, table, over.log_weights, near, at, theta, se)

    by_responses(part, data)
    return theta, se


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _moments(
    start: Ints, codes: NDArray[np.int32], begin: int, end: int,
    table: Floats, log_weights: Floats, near: Windows, at: Floats, theta: Floats, se: Floats,
) -> None:  # fmt: skip
    w = np.empty(len(log_weights))
    for n in range(begin, end):
        _, lo, hi = posterior(codes[start[n] : start[n + 1]], table, log_weights, near[n], w)
        mean, square = 0.0, 0.0
        for q in range(lo, hi):
            mean += w[q] * at[q]
        for q in range(lo, hi):
            square += w[q] * (at[q] - mean) ** 2
        theta[n], se[n] = mean, np.sqrt(square)


def plausible_values(
    items: Bank, responses: ArrayLike | Responses, draws: int = 5, *, rng: np.random.Generator, nodes: int = NODES
) -> Floats:
    """Draws from each learner's posterior (learners × draws; Mislevy 1991): for figures of groups, never of a learner.

    EAP scores lie closer together than the learners, so spreads and shares of a group come out wrong; those of these
    values do not. A figure is computed from each column, and the mean of all is told (Rubin 1987). The prior is that of
    `items`: groups that differ want their own each, `dataclasses.replace(bank, mean=…, variance=…)`, or they are drawn
    towards each other.

    Raises ValueError as `scores`, and for less than one draw.

    >>> from yincai.measurement.irt.items import Item, bank
    >>> known = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 1.0)])
    >>> drawn = plausible_values(known, [[1, 1, 0], [0, 0, 0]], 2000, rng=np.random.default_rng(1))
    >>> drawn.mean(axis=1).round(1).tolist(), drawn.std(axis=1).round(1).tolist()
    ([0.5, -1.0], [0.8, 0.8])
    """
    if draws < 1:
        raise ValueError(f"at least one draw is needed, not {draws}")
    data = items.pack(responses)
    over = grid(nodes)
    at = np.zeros(over.width)
    at[:nodes] = items.mean + np.sqrt(items.variance) * over.nodes
    rows = data.people(np.arange(data.n_rows, dtype=float)).astype(np.int64)
    values = np.asarray(rng.random((len(rows), draws)))
    _draw(
        data.start, data.codes, rows, table_of(items, over), over.log_weights, windows(data, over), at,
        float(at[1] - at[0]), values,
    )  # fmt: skip
    return values


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _draw(
    start: Ints, codes: NDArray[np.int32], rows: Ints, table: Floats, log_weights: Floats, near: Windows,
    at: Floats, step: float, values: Floats,
) -> None:  # fmt: skip
    """Uniform numbers become abilities: the node by the inverse of the distribution, evenly within its step."""
    w = np.empty(len(log_weights))
    for i in range(len(rows)):
        n = rows[i]
        _, lo, hi = posterior(codes[start[n] : start[n + 1]], table, log_weights, near[n], w)
        for k in range(values.shape[1]):
            left, q = values[i, k], lo
            while q < hi - 1 and left > w[q]:
                left -= w[q]
                q += 1
            values[i, k] = at[q] + (min(left / w[q], 1.0) - 0.5) * step


def _roots(items: Bank, data: Responses, warm: bool) -> tuple[Floats, Floats]:
    theta, se = np.empty(data.n_rows), np.empty(data.n_rows)
    owner = np.repeat(np.arange(len(items)), items.categories)
    precision = 0.0 if warm else 1 / items.variance

    def part(begin: int, end: int) -> None:
        _solve(
            data.start, data.codes, begin, end, items.model.family, items.xi, items.first, owner,
            items.mean, np.sqrt(items.variance), precision, theta, se,
        )  # fmt: skip

    by_responses(part, data)
    return theta, se


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _slope(
    own: NDArray[np.int32], family: int, xi: Floats, first: Ints, owner: Ints, at: float,
    p: Floats, dp: Floats, ddp: Floats, grad: Floats,
) -> tuple[float, float, float]:  # fmt: skip
    """Derivative of the log-likelihood at θ, test information, and Warm's J, over the items answered."""
    score, information, bias = 0.0, 0.0, 0.0
    for j in range(len(own)):
        item = owner[own[j]]
        m = first[item + 1] - first[item] - 1
        if m < 1:
            continue
        curves(family, xi[item], m, at, p, dp, ddp, grad)
        answered = own[j] - first[item]
        score += dp[answered] / p[answered]
        for k in range(m + 1):
            information += dp[k] * dp[k] / p[k]
            bias += dp[k] * ddp[k] / p[k]
    return score, information, bias


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _solve(
    start: Ints, codes: NDArray[np.int32], begin: int, end: int,
    family: int, xi: Floats, first: Ints, owner: Ints,
    mean: float, deviation: float, precision: float, theta: Floats, se: Floats,
) -> None:  # fmt: skip
    """Fisher's scoring within a bracket, bisected where a step would leave it."""
    most = np.max(np.diff(first))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, xi.shape[1]))
    for n in range(begin, end):
        own = codes[start[n] : start[n + 1]]
        lo, hi, at = mean - FARTHEST * deviation, mean + FARTHEST * deviation, mean
        information = 0.0
        for _ in range(ROUNDS):
            score, information, bias = _slope(own, family, xi, first, owner, at, p, dp, ddp, grad)
            if precision > 0:
                score -= precision * (at - mean)
                information += precision
            elif information > 0:
                score += bias / (2 * information)
            if score > 0:
                lo = at
            else:
                hi = at
            step = score / information if information > 0 else 0.0
            new = at + step
            if not lo < new < hi:
                new = (lo + hi) / 2
            if abs(new - at) < 1e-9 * deviation or hi - lo < 1e-9 * deviation:
                break
            at = new
        none = information <= 0.0
        theta[n] = np.nan if none else at
        se[n] = np.nan if none else 1 / np.sqrt(information)

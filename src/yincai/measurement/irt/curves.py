"""Category response curves of every model, with their derivatives: the one place where the formulas stand.

An item's parameters lie in one row `xi`: the slope a, the intercepts d_1 … d_m, and the logit g of the guessing floor.
With z_k = a·θ + d_k and the logistic function s (D = 1):

    BINARY   P(1) = c + (1 − c)·s(z_1),  c = s(g)                        Rasch (a fixed), 2PL (c = 0), 3PL
    GRADED   P(≥ k) = s(z_k), d_1 > d_2 > …                              Samejima (1969)
    PARTIAL  P(k) ∝ exp(z_1 + … + z_k)                                   Masters (1982), Muraki (1992) with a free slope

Difficulties are b_k = −d_k / a.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numba import njit

from yincai.measurement.irt.responses import Floats, Ints

BINARY, GRADED, PARTIAL = range(3)
SMALLEST = 1e-300


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def logistic(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + exp(-min(x, 700.0)))
    small = exp(max(x, -700.0))
    return small / (1.0 + small)


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def curves(family: int, xi: Floats, m: int, theta: float, p: Floats, dp: Floats, ddp: Floats, grad: Floats) -> None:
    """Fill, for the categories 0 … m: probability p, its derivatives dp and ddp by θ, and grad = ∂ log p / ∂ xi."""
    grad[: m + 1] = 0.0
    if family == BINARY:
        _binary(xi, theta, p, dp, ddp, grad)
    elif family == GRADED:
        _graded(xi, m, theta, p, dp, ddp, grad)
    else:
        _partial(xi, m, theta, p, dp, ddp, grad)


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _binary(xi: Floats, theta: float, p: Floats, dp: Floats, ddp: Floats, grad: Floats) -> None:
    a, c = xi[0], logistic(xi[-1]) if xi[-1] > -700.0 else 0.0
    z = a * theta + xi[1]
    tail = exp(max(-abs(z), -700.0))  # one exponential for both sides: this is the M-step's innermost line
    near = 1.0 / (1.0 + tail)
    right, wrong = (near, tail * near) if z >= 0 else (tail * near, near)
    p[1] = max(c + (1.0 - c) * right, SMALLEST)
    p[0] = max((1.0 - c) * wrong, SMALLEST)
    dp[1] = a * (1.0 - c) * right * wrong
    ddp[1] = a * dp[1] * (wrong - right)
    dp[0], ddp[0] = -dp[1], -ddp[1]
    by_z = (1.0 - c) * right * wrong / p[1]
    grad[1, 0], grad[1, 1], grad[1, -1] = theta * by_z, by_z, c * (1.0 - c) * wrong / p[1]
    grad[0, 0], grad[0, 1], grad[0, -1] = -theta * right, -right, -c


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _graded(xi: Floats, m: int, theta: float, p: Floats, dp: Floats, ddp: Floats, grad: Floats) -> None:
    """The difference of two logistics as a product, which loses no digits in the tails."""
    a = xi[0]
    above, below, w_above = 1.0, 0.0, 0.0  # s(z_k), 1 − s(z_k), their product
    for k in range(m + 1):
        if k < m:
            z = a * theta + xi[k + 1]
            s_next, t_next = logistic(z), logistic(-z)
        else:
            s_next, t_next = 0.0, 1.0
        w_next = s_next * t_next
        gap = 1.0 if k == 0 or k == m else 1.0 - exp(min(xi[k + 1] - xi[k], 0.0))
        p[k] = max(above * t_next * gap, SMALLEST)
        dp[k] = a * (w_above - w_next)
        ddp[k] = a * a * (w_above * (below - above) - w_next * (t_next - s_next))
        grad[k, 0] = theta * (w_above - w_next) / p[k]
        if k > 0:
            grad[k, k] = w_above / p[k]
        if k < m:
            grad[k, k + 1] = -w_next / p[k]
        above, below, w_above = s_next, t_next, w_next


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _partial(xi: Floats, m: int, theta: float, p: Floats, dp: Floats, ddp: Floats, grad: Floats) -> None:
    a, total, highest, mean, square = xi[0], 0.0, 0.0, 0.0, 0.0
    p[0] = 0.0
    for k in range(1, m + 1):
        p[k] = p[k - 1] + a * theta + xi[k]
        highest = max(highest, p[k])
    for k in range(m + 1):
        p[k] = exp(max(p[k] - highest, -690.0))
        total += p[k]
    for k in range(m + 1):
        p[k] /= total
        mean += k * p[k]
        square += k * k * p[k]
    variance = square - mean * mean
    for k in range(m + 1):
        dp[k] = a * p[k] * (k - mean)
        ddp[k] = a * a * p[k] * ((k - mean) ** 2 - variance)
        grad[k, 0] = theta * (k - mean)
    reach = 0.0
    for j in range(m, 0, -1):  # P(≥ j)
        reach += p[j]
        for k in range(m + 1):
            grad[k, j] = (1.0 if k >= j else 0.0) - reach


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def log_table(family: int, xi: Floats, first: Ints, theta: Floats, width: int) -> Floats:
    """log P of each code (rows) at each node (columns, filled with zeros up to `width`)."""
    table = np.zeros((first[-1], width))
    most = np.max(np.diff(first))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, xi.shape[1]))
    for item in range(len(xi)):
        m = first[item + 1] - first[item] - 1
        if m < 1:
            continue
        for q in range(len(theta)):
            curves(family, xi[item], m, theta[q], p, dp, ddp, grad)
            for k in range(m + 1):
                table[first[item] + k, q] = log(p[k])
    return table


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def curve_tables(family: int, xi: Floats, first: Ints, theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """P, P' and P'' by θ of each code at each θ (codes × θ), and ∂ log P / ∂ xi (codes × parameters × θ)."""
    n, most = len(theta), np.max(np.diff(first))
    p_all, dp_all, ddp_all = np.ones((first[-1], n)), np.zeros((first[-1], n)), np.zeros((first[-1], n))
    grad_all = np.zeros((first[-1], xi.shape[1], n))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, xi.shape[1]))
    for item in range(len(xi)):
        m = first[item + 1] - first[item] - 1
        if m < 1:
            continue
        for q in range(n):
            curves(family, xi[item], m, theta[q], p, dp, ddp, grad)
            for k in range(m + 1):
                code = first[item] + k
                p_all[code, q], dp_all[code, q], ddp_all[code, q] = p[k], dp[k], ddp[k]
                grad_all[code, :, q] = grad[k]
    return p_all, dp_all, ddp_all, grad_all

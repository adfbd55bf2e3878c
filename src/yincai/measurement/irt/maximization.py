"""The M-step: each item by itself, a few damped steps with Fisher's information on its expected counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from yincai.measurement.irt.curves import curves
from yincai.measurement.irt.responses import Floats, Ints
from yincai.measurement.irt.threads import by_range

STEPS = 2
MANY, SHORTEST = 12, 1e-7  # with a floor or priors Fisher's steps are not Newton's, and would disturb the extrapolation
HALVINGS = 12
SHORT = 1e-3  # a Newton step after which a second would change nothing that the next E-step does not
FEWEST_ITEMS = 200  # for a second thread
LONGEST = 2.0  # of one Newton step, in any parameter
STEEPEST = 20.0  # slopes stay within ±, flagged when they end there
FARTHEST = 60.0  # and so do intercepts
IMPOSSIBLE = -1e300


@dataclass(frozen=True)
class Priors:
    """Normal priors as (mean, standard deviation), for all items or an array for each: on ln a, on b, on logit c.

    The mode of the posterior in these coordinates is taken. Where there is none, the data speak alone.
    """

    log_a: tuple[ArrayLike, ArrayLike] | None = None
    b: tuple[ArrayLike, ArrayLike] | None = None
    logit_c: tuple[ArrayLike, ArrayLike] | None = None

    def rows(self, n: int) -> Floats:
        """One row for each item: mean and precision of ln a, b, logit c (items × 6)."""
        out = np.zeros((n, 6))
        for place, prior in enumerate((self.log_a, self.b, self.logit_c)):
            if prior is None:
                continue
            mean, deviation = (np.broadcast_to(np.asarray(each, float), n) for each in prior)
            if not (np.isfinite(mean).all() and (deviation > 0).all()):
                raise ValueError("a prior needs finite means and positive standard deviations")
            out[:, 2 * place], out[:, 2 * place + 1] = mean, deviation**-2.0
        return out


def maximise(
    family: int, xi: Floats, free: NDArray[np.bool_], first: Ints, theta: Floats, counts: Floats, priors: Floats
) -> Floats:
    """Item parameters (items × parameters) after the step. `counts` (codes × nodes) as the E-step gives them."""
    after = xi.copy()

    def part(begin: int, end: int) -> None:
        _maximise(begin, end, family, after, free, first, theta, counts, priors)

    by_range(part, len(xi), FEWEST_ITEMS)
    return after


def penalties(family: int, xi: Floats, first: Ints, priors: Floats) -> float:
    """Log prior density of all items, up to a constant."""
    steps = np.diff(first) - 1
    return float(sum(_penalty(xi[item], steps[item], priors[item]) for item in np.flatnonzero(priors.any(axis=1))))


def item_gradients(family: int, xi: Floats, first: Ints, theta: Floats, counts: Floats, priors: Floats) -> Floats:
    """Gradient of each item's expected complete log-likelihood and prior (items × parameters)."""
    out = np.zeros_like(xi)
    _gradients(family, xi, first, theta, counts, priors, out)
    return out


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _penalty(xi: Floats, m: int, prior: Floats) -> float:
    value = 0.0
    if prior[1] > 0:
        if xi[0] <= 0:
            return IMPOSSIBLE
        value -= prior[1] * (np.log(xi[0]) - prior[0]) ** 2 / 2
    if prior[3] > 0:
        for k in range(1, m + 1):
            value -= prior[3] * (-xi[k] / xi[0] - prior[2]) ** 2 / 2
    if prior[5] > 0:
        value -= prior[5] * (xi[-1] - prior[4]) ** 2 / 2
    return value


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _add_penalty(xi: Floats, m: int, prior: Floats, gradient: Floats, information: Floats) -> None:
    """Gradient, and the Gauss–Newton part of the information, of the log prior."""
    a = xi[0]
    if prior[1] > 0:
        gradient[0] -= prior[1] * (np.log(a) - prior[0]) / a
        information[0, 0] += prior[1] / (a * a)
    if prior[3] > 0:
        for k in range(1, m + 1):
            b = -xi[k] / a
            by_a, by_d = -b / a, -1.0 / a
            gradient[0] -= prior[3] * (b - prior[2]) * by_a
            gradient[k] -= prior[3] * (b - prior[2]) * by_d
            information[0, 0] += prior[3] * by_a * by_a
            information[k, k] += prior[3] * by_d * by_d
            information[0, k] += prior[3] * by_a * by_d
            information[k, 0] += prior[3] * by_a * by_d
    if prior[5] > 0:
        gradient[-1] -= prior[5] * (xi[-1] - prior[4])
        information[-1, -1] += prior[5]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _objective(
    family: int, xi: Floats, m: int, theta: Floats, counts: Floats, prior: Floats,
    p: Floats, dp: Floats, ddp: Floats, grad: Floats, gradient: Floats, information: Floats,
) -> float:  # fmt: skip
    """An item's expected log-likelihood and log prior, with gradient and Fisher's information."""
    gradient[:] = 0.0
    information[:] = 0.0
    value = _penalty(xi, m, prior)
    if value == IMPOSSIBLE:
        return value
    _add_penalty(xi, m, prior, gradient, information)
    size = len(xi)
    for q in range(len(theta)):
        n = 0.0
        for k in range(m + 1):
            n += counts[k, q]
        if n < 1e-12:
            continue
        curves(family, xi, m, theta[q], p, dp, ddp, grad)
        for k in range(m + 1):
            value += counts[k, q] * np.log(p[k])
            for i in range(size):
                gradient[i] += counts[k, q] * grad[k, i]
                for j in range(i + 1):
                    information[i, j] += n * p[k] * grad[k, i] * grad[k, j]
    for i in range(size):
        for j in range(i):
            information[j, i] = information[i, j]
    return value


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _solve(matrix: Floats, vector: Floats, free: NDArray[np.bool_], out: Floats) -> None:
    """out = matrix⁻¹ vector over the free entries, by Cholesky; a small ridge where there is no information."""
    n = len(vector)
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j] if free[i] and free[j] else 0.0
            if i == j:
                total = total * (1.0 + 1e-10) + 1e-10 if free[i] else 1.0
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(total, 1e-12)) if i == j else total / lower[j, j]
    for i in range(n):
        total = vector[i] if free[i] else 0.0
        for k in range(i):
            total -= lower[i, k] * out[k]
        out[i] = total / lower[i, i]
    for i in range(n - 1, -1, -1):
        total = out[i]
        for k in range(i + 1, n):
            total -= lower[k, i] * out[k]
        out[i] = total / lower[i, i]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _try(family: int, xi: Floats, m: int, step: Floats, share: float, out: Floats) -> bool:
    """out = xi + share · step within the bounds; whether it is a possible item."""
    for i in range(len(xi)):
        bound = STEEPEST if i == 0 else FARTHEST
        out[i] = xi[i] if step[i] == 0.0 else min(max(xi[i] + share * step[i], -bound), bound)
    if family == 1:
        for k in range(2, m + 1):
            if out[k] >= out[k - 1]:
                return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _movable(xi: Floats, gradient: Floats, free: NDArray[np.bool_], out: NDArray[np.bool_]) -> None:
    """The free parameters but for those that stand at a bound and would leave it."""
    for i in range(len(xi)):
        bound = STEEPEST if i == 0 else FARTHEST
        out[i] = free[i] and not (abs(xi[i]) >= bound and xi[i] * gradient[i] > 0)


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _maximise(
    begin: int,
    end: int,
    family: int,
    xi: Floats,
    free: NDArray[np.bool_],
    first: Ints,
    theta: Floats,
    counts: Floats,
    priors: Floats,
) -> None:
    size, most = xi.shape[1], np.max(np.diff(first))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, size))
    gradient, new_gradient = np.empty(size), np.empty(size)
    information, new_information = np.empty((size, size)), np.empty((size, size))
    step, candidate, movable = np.empty(size), np.empty(size), np.empty(size, np.bool_)
    for item in range(begin, end):
        m = first[item + 1] - first[item] - 1
        if m < 1 or not free[item].any():
            continue
        own, prior = counts[first[item] : first[item + 1]], priors[item]
        value = _objective(family, xi[item], m, theta, own, prior, p, dp, ddp, grad, gradient, information)
        steps, short = (MANY, SHORTEST) if free[item, -1] or prior.any() else (STEPS, SHORT)
        for _ in range(steps):
            _movable(xi[item], gradient, free[item], movable)
            _solve(information, gradient, movable, step)
            longest = np.max(np.abs(step))
            if longest > LONGEST:
                step *= LONGEST / longest
            share, better = 1.0, False
            for _ in range(HALVINGS):
                if _try(family, xi[item], m, step, share, candidate):
                    new = _objective(
                        family, candidate, m, theta, own, prior, p, dp, ddp, grad, new_gradient, new_information
                    )
                    if new >= value:
                        better = True
                        break
                share /= 2
            if not better:
                break
            xi[item] = candidate
            gradient[:] = new_gradient
            information[:] = new_information
            value = new
            if longest < short:
                break


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _gradients(
    family: int, xi: Floats, first: Ints, theta: Floats, counts: Floats, priors: Floats, out: Floats
) -> None:
    size, most = xi.shape[1], np.max(np.diff(first))
    p, dp, ddp, grad = np.empty(most), np.empty(most), np.empty(most), np.empty((most, size))
    information = np.empty((size, size))
    for item in range(len(xi)):
        m = first[item + 1] - first[item] - 1
        if m >= 1:
            own = counts[first[item] : first[item + 1]]
            _objective(family, xi[item], m, theta, own, priors[item], p, dp, ddp, grad, out[item], information)

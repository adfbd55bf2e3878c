"""The kernels of the quantile regression: simplex steps on a vertex, the rows near a fit, smoothed Newton steps.

All take whitened rows `a` (rows, columns), C order. `outside` is the sum of ψ x over the rows that are not handed in,
ψ = τ − 1[residual < 0].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
OPTIMAL, UNBOUNDED, TOO_LONG = 0, 1, 2
SLACK = 1e-8  # of a dual against its bounds, while stepping
NEGLIGIBLE = 1e-9  # a rate so small is a row that stands still
REORDER = {"reassoc", "contract"}  # sums in any order, so that they run in vectors; NaN and signs stay as they are
FREE = -1  # a place of the basis that no row has taken yet


@njit(cache=True, nogil=True, fastmath=REORDER)
def _sift(times: Any, rows: Any, root: int, count: int) -> None:
    while True:
        child = 2 * root + 1
        if child >= count:
            return
        if child + 1 < count and times[child + 1] < times[child]:
            child += 1
        if times[root] <= times[child]:
            return
        times[root], times[child] = times[child], times[root]
        rows[root], rows[child] = rows[child], rows[root]
        root = child


@njit(cache=True, nogil=True, fastmath=REORDER)
def _residuals(a: Any, y: Any, beta: Any, out: Any) -> None:
    for i in range(a.shape[0]):
        fitted = 0.0
        for k in range(a.shape[1]):
            fitted += a[i, k] * beta[k]
        out[i] = y[i] - fitted


@njit(cache=True, nogil=True, fastmath=REORDER)
def _leaving(inverse: Any, gradient: Any, basis: Any, tau: float) -> Any:
    """The place whose dual breaks its bounds most for a unit of way: (place, direction, slope); place −1 if none.

    A free place must be taken in any case, also where nothing is won (n τ whole: a flat stretch between two rows).
    """
    best, place, sign, slope = -1.0, -1, 1.0, 0.0
    p = inverse.shape[0]
    for j in range(p):
        dual, length = 0.0, 0.0
        for k in range(p):
            dual -= inverse[k, j] * gradient[k]
            length += inverse[k, j] * inverse[k, j]
        low, high = (0.0, 0.0) if basis[j] == FREE else (tau - 1.0, tau)
        over = max(dual - high, low - dual)
        if (over > SLACK or basis[j] == FREE) and over / np.sqrt(length) > best:
            best, place, slope = over / np.sqrt(length), j, -over
            sign = -1.0 if dual > high else 1.0
    return place, sign, slope


@njit(cache=True, nogil=True, fastmath=REORDER)
def _swap(inverse: Any, row: Any, place: int) -> None:
    """The inverse of the basis when `row` takes the place."""
    p = inverse.shape[0]
    weights = np.zeros(p)
    for k in range(p):
        for j in range(p):
            weights[j] += row[k] * inverse[k, j]
    for k in range(p):
        inverse[k, place] /= weights[place]
        for j in range(p):
            if j != place:
                inverse[k, j] -= weights[j] * inverse[k, place]


@njit(cache=True, nogil=True, fastmath=REORDER)
def _crossings(a: Any, way: Any, residuals: Any, below: Any, held: Any, rates: Any, times: Any, rows: Any) -> int:
    """A heap of the times at which rows are crossed on the way, soonest on top; how many."""
    count = 0
    for i in range(a.shape[0]):
        rate = 0.0
        for k in range(a.shape[1]):
            rate += a[i, k] * way[k]
        rates[i] = rate
        if not held[i] and abs(rate) > NEGLIGIBLE and below[i] == (rate < 0):
            times[count], rows[count] = max(residuals[i] / rate, 0.0), i
            count += 1
    for root in range(count // 2 - 1, -1, -1):
        _sift(times, rows, root, count)
    return count


@njit(cache=True, nogil=True, fastmath=REORDER)
def _gradient(a: Any, below: Any, held: Any, outside: Any, tau: float) -> Any:
    gradient = outside.copy()
    for i in range(a.shape[0]):
        if not held[i]:
            psi = tau - 1.0 if below[i] else tau
            for k in range(a.shape[1]):
                gradient[k] += psi * a[i, k]
    return gradient


@njit(cache=True, nogil=True, fastmath=REORDER)
def descend(a: Any, y: Any, outside: Any, tau: float, start: Any, most: int) -> Any:
    """Simplex with long steps from any point `start`: (basis, status); basis holds the rows with residual 0.

    The basis begins with free places (a coordinate held, its dual must be 0), which rows take one after another.
    """
    m, p = a.shape
    residuals, rates = np.empty(m), np.empty(m)
    times, rows = np.empty(m), np.empty(m, np.int64)
    basis, inverse = np.full(p, FREE), np.eye(p)
    held = np.zeros(m, np.bool_)
    _residuals(a, y, start, residuals)
    below = residuals < 0
    gradient = _gradient(a, below, held, outside, tau)
    for _ in range(most):
        place, sign, slope = _leaving(inverse, gradient, basis, tau)
        if place < 0:
            return basis, OPTIMAL
        count = _crossings(a, sign * inverse[:, place], residuals, below, held, rates, times, rows)
        if count == 0 and basis[place] == FREE and slope > -SLACK:
            count = _crossings(a, -sign * inverse[:, place], residuals, below, held, rates, times, rows)
        entering, time = -1, 0.0
        while count > 0:
            entering, time = rows[0], times[0]
            slope += abs(rates[entering])
            turn = 1.0 if below[entering] else -1.0
            if slope >= 0:
                break
            below[entering] = not below[entering]
            gradient += turn * a[entering]
            count -= 1
            times[0], rows[0] = times[count], rows[count]
            _sift(times, rows, 0, count)
        if slope < 0:
            return basis, UNBOUNDED
        for i in range(m):
            residuals[i] -= time * rates[i]
        gradient -= (tau - 1.0 if below[entering] else tau) * a[entering]
        left = basis[place]
        if left != FREE:
            held[left], below[left] = False, sign > 0
            gradient += (tau - 1.0 if below[left] else tau) * a[left]
        basis[place], held[entering], residuals[entering] = entering, True, 0.0
        _swap(inverse, a[entering], place)
    return basis, TOO_LONG


@njit(cache=True, nogil=True, fastmath=REORDER)
def near_rows(a: Any, y: Any, size: Any, beta: Any, width: float) -> Any:
    """Rows whose residual is within width × size, the sum of the rows below them, and which rows lie below."""
    m, p = a.shape
    inside, count = np.empty(m, np.int64), 0
    below, signs = np.zeros(p), np.empty(m, np.bool_)
    for i in range(m):
        fitted = 0.0
        for k in range(p):
            fitted += a[i, k] * beta[k]
        residual = y[i] - fitted
        signs[i] = residual < 0
        if abs(residual) < width * size[i]:
            inside[count] = i
            count += 1
        elif signs[i]:
            for k in range(p):
                below[k] += a[i, k]
    return inside[:count].copy(), below, signs


@njit(cache=True, nogil=True, fastmath=REORDER)
def sum_of(a: Any, chosen: Any) -> Any:
    total = np.zeros(a.shape[1])
    for i in range(a.shape[0]):
        if chosen[i]:
            for k in range(a.shape[1]):
                total[k] += a[i, k]
    return total


@njit(cache=True, nogil=True, fastmath=REORDER)
def turned(a: Any, y: Any, beta: Any, signs: Any) -> Any:
    """Rows that lie on the other side of the fit than `signs` (below?) says."""
    m, p = a.shape
    found, count = np.empty(m, np.int64), 0
    for i in range(m):
        fitted = 0.0
        for k in range(p):
            fitted += a[i, k] * beta[k]
        if (y[i] - fitted < 0) != signs[i]:
            found[count] = i
            count += 1
    return found[:count].copy()


@njit(cache=True, nogil=True, fastmath=REORDER)
def bends(a: Any, y: Any, size: Any, outside: Any, beta: Any, tau: float, width: float) -> Any:
    """Gradient, and lower triangle of the curvature, of the sum smoothed within width × size of each residual."""
    m, p = a.shape
    gradient, curve = outside.copy(), np.zeros((p, p))
    for i in range(m):
        fitted = 0.0
        for k in range(p):
            fitted += a[i, k] * beta[k]
        share = (y[i] - fitted) / (width * size[i])
        weight = 0.5 * max(-1.0, min(1.0, share)) + tau - 0.5
        for k in range(p):
            gradient[k] += weight * a[i, k]
        if abs(share) < 1:
            bend = 0.5 / (width * size[i])
            for k in range(p):
                for j in range(k + 1):
                    curve[k, j] += bend * a[i, k] * a[i, j]
    return gradient, curve

"""Linear quantile regression, exact, for many quantiles of many rows.

For each τ the sum of ρ_τ(y − xβ), ρ_τ(r) = r (τ − 1[r < 0]), is minimised. A few thousand rows are solved by a simplex
method with long steps (Barrodale and Roberts 1973; Koenker and d'Orey 1987): it stands on a vertex, where p rows have
the residual 0, leaves the row whose dual is outside [τ − 1, τ] by the steepest edge, and walks through all rows whose
crossing still lowers the sum. Many rows are solved in a band (Portnoy and Koenker 1997): rows far above or far below a
first solution keep their sign, so their sum is one vector; the simplex sees only the rows near it. Here the first
solution is that of the quantile before, moved on along the normal scale, and brought nearer by Newton steps on a
smoothed sum (Fernandes, Guerre and Horta 2021), so that a thousand rows suffice. The result is accepted only when the
optimality condition holds over **all** rows; else the band is widened, at last to all rows: it is exact, not nearly.

Scores are whole numbers, so that thousands of rows tie. They are moved by less than 1e-6 (the golden-ratio sequence,
no random numbers) to find the vertex, and the vertex is then computed from the scores as they are.

Koenker (2005), Quantile Regression, Cambridge University Press, chapters 3 and 6; Portnoy and Koenker (1997), The
Gaussian hare and the Laplacian tortoise, Statistical Science 12, 279–300; Fernandes, Guerre and Horta (2021), Smoothing
quantile regressions, Journal of Business & Economic Statistics 39, 338–357; standard errors after Hendricks and Koenker
(1992), Hierarchical spline models for conditional quantiles, JASA 87, 58–68.

>>> x = np.column_stack([np.ones(5), [0.0, 1.0, 2.0, 3.0, 4.0]])
>>> fit(x, np.array([0.0, 1.0, 2.0, 3.0, 40.0]), [0.5]).coefficients.round(6).tolist()
[[0.0, 1.0]]
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from yincai.measurement.growth._simplex import OPTIMAL, UNBOUNDED, bends, descend, near_rows, sum_of, turned

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
DIRECT = 12_000  # rows that are solved without a band
JITTER = 1e-6
GOLDEN = (5**0.5 - 1) / 2
RANK = 1e-12  # directions with a smaller share of the largest variance count as none
MOST_STEPS = 20_000
NARROWEST, WIDEST = 0.008, 0.4  # shares of the rows that a band takes
SPREAD = 15.0  # the first band, in standard deviations of the way from one percentile to the next
MOST_BANDS = 4
KERNEL = 40  # rows for a column, that the simplex sees
NEWTON_STEPS = 6
SETTLED = 0.02  # of the width: a shorter step ends them


class NotSolved(ArithmeticError):
    """No optimal vertex was found: the numbers are beyond double precision."""


@dataclass(frozen=True)
class QuantileFit:
    """Coefficients (quantiles, columns), one row for each of `taus`; `rank` of the design."""

    taus: Floats
    coefficients: Floats
    rank: int
    n: int

    def predict(self, x: Floats) -> Floats:
        """Predicted quantiles, shape (rows, quantiles), in the order of `taus` (they can cross)."""
        return np.asarray(x @ self.coefficients.T)

    def __str__(self) -> str:
        return f"quantile regression: {len(self.taus)} quantiles, {self.n} rows, rank {self.rank}"


@dataclass(frozen=True)
class _Whole:
    """All rows in coordinates where the columns are uncorrelated: `x` = design @ back.T, mean square 1 a column."""

    x: Floats
    y: Floats
    moved: Floats  # y without ties
    size: Floats  # square root of each row's leverage: how far its prediction moves
    back: Floats
    total: Floats


def fit(x: Floats, y: Floats, taus: Sequence[float] | Floats, threads: int = 2) -> QuantileFit:
    """Exact quantile regressions of `y` (n,) on the columns of `x` (n, p; bring your own intercept) at `taus` (0–1).

    A design that is not of full rank is solved in its row space (the coefficients of least norm in scaled columns).
    Raises ValueError for shapes that do not fit, numbers that are not finite, no rows, and quantiles outside (0, 1).
    Cost: two passes over the rows for each quantile above 12,000 rows; memory twice the design.
    """
    x, y, wanted = _checked(x, y, taus)
    rows = _whiten(x, y)
    if len(y) <= DIRECT or len(y) < 100 * rows.x.shape[1]:
        found = _chain(rows, wanted, np.argsort(wanted), everything=True)
    else:
        order = np.argsort(wanted)
        middle = len(order) // 2
        halves = [order[middle:], order[:middle][::-1]]
        with ThreadPoolExecutor(max(1, threads)) as pool:
            parts = list(pool.map(lambda half: _chain(rows, wanted, half, everything=False), halves))
        found = parts[0] + parts[1]
    return QuantileFit(wanted, found @ rows.back.T, rows.x.shape[1], len(y))


def standard_errors(x: Floats, y: Floats, fitted: QuantileFit) -> Floats:
    """Standard errors of the coefficients (quantiles, columns), rows independent and not identically spread.

    Sandwich τ(1 − τ) H⁻¹ J H⁻¹, where H = Σ f_i x_i x_i' takes the density at each row's quantile from the share of
    residuals within a Hall–Sheather width (Powell's kernel).
    """
    x, y, taus = _checked(x, y, fitted.taus)
    square = x.T @ x
    errors = np.empty_like(fitted.coefficients)
    for k, tau in enumerate(taus):
        residuals = y - x @ fitted.coefficients[k]
        near = np.abs(residuals) < _powell_width(residuals, float(tau))
        width = max(_powell_width(residuals, float(tau)), 1e-12)
        inverse = np.linalg.pinv((x[near].T @ x[near]) / (2 * width))
        errors[k] = np.sqrt(tau * (1 - tau) * np.diag(inverse @ square @ inverse))
    return errors


def _powell_width(residuals: Floats, tau: float) -> float:
    z = float(ndtri(tau))
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    hall = len(residuals) ** (-1 / 3) * ndtri(0.975) ** (2 / 3) * (1.5 * density**2 / (2 * z * z + 1)) ** (1 / 3)
    hall = min(hall, 0.95 * min(tau, 1 - tau))
    quartiles = np.quantile(residuals, [0.25, 0.75])
    spread = min(float(np.std(residuals)), float(quartiles[1] - quartiles[0]) / 1.34) or float(np.std(residuals))
    return spread * float(ndtri(tau + hall) - ndtri(tau - hall))


def _checked(x: Floats, y: Floats, taus: Sequence[float] | Floats) -> tuple[Floats, Floats, Floats]:
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    wanted = np.asarray(taus, dtype=np.float64)
    if x.ndim != 2 or y.shape != (x.shape[0],) or wanted.ndim != 1:
        raise ValueError(f"x must be (n, p), y (n,) and taus a list, not {x.shape}, {y.shape}, {wanted.shape}")
    if x.size == 0 or wanted.size == 0:
        raise ValueError("a quantile regression needs at least one row, one column and one quantile")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must be finite; leave rows with missing values out before")
    if not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError("quantiles must lie between 0 and 1")
    return x, y, wanted


def _whiten(x: Floats, y: Floats) -> _Whole:
    scale = np.sqrt(np.einsum("ij,ij->j", x, x) / len(y))
    scale = np.where(scale > 0, scale, 1.0)
    square = (x.T @ x) / np.outer(scale, scale) / len(y)
    values, vectors = np.linalg.eigh(square)
    kept = values > RANK * values[-1]
    if not kept.any():
        raise ValueError("all columns are zero")
    back = np.ascontiguousarray(vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None])
    white = np.ascontiguousarray(x @ back)
    size = np.sqrt(np.einsum("ij,ij->i", white, white))
    moved = y + JITTER * ((np.arange(1, len(y) + 1) * GOLDEN) % 1.0 - 0.5)
    return _Whole(white, y, moved, np.maximum(size, 1e-3), back, white.sum(axis=0))


def _chain(rows: _Whole, taus: Floats, order: NDArray[np.intp], everything: bool) -> Floats:
    """Coefficients for taus[order], each started from the ones before; zero rows for the others."""
    found = np.zeros((len(taus), rows.x.shape[1]))
    done: list[tuple[float, Floats]] = []
    for k in order:
        z = float(ndtri(taus[k]))
        start = _moved_on(rows, done, float(taus[k])) if done else _started(rows, float(taus[k]), everything)
        vertex = (
            _all_rows(rows, float(taus[k]), start) if everything else _in_band(rows, float(taus[k]), start, not done)
        )
        done = [*done[-1:], (z, vertex)]
        found[k] = vertex
    return found


def _started(rows: _Whole, tau: float, everything: bool) -> Floats:
    """Least squares, moved to the quantile of the residuals; for many rows the solution of a sample of them."""
    if everything:
        return np.asarray(rows.x.T @ rows.y / len(rows.y))
    step = max(1, len(rows.y) // 4000)
    part = _Whole(
        np.ascontiguousarray(rows.x[::step]), rows.y[::step], rows.moved[::step], rows.size, rows.back, rows.total
    )
    return _all_rows(part, tau, _started(part, tau, everything=True))


def _moved_on(rows: _Whole, done: list[tuple[float, Floats]], tau: float) -> Floats:
    """Straight on from the last two solutions on the normal scale of τ; from a single one, by a shift of all rows."""
    z, (last_z, last), (before_z, before) = float(ndtri(tau)), done[-1], done[0]
    if before_z == last_z:
        step = max(1, len(rows.y) // 20_000)
        shift = np.quantile(rows.moved[::step] - rows.x[::step] @ last, tau)
        return np.asarray(last + shift * rows.total / len(rows.y))
    return np.asarray(last + (last - before) * (z - last_z) / (last_z - before_z))


def _all_rows(rows: _Whole, tau: float, start: Floats) -> Floats:
    none = np.zeros(len(start))
    basis, status = descend(rows.x, rows.moved, none, tau, start, MOST_STEPS)
    if status != OPTIMAL:
        raise NotSolved(f"quantile {tau}: no optimal vertex after {MOST_STEPS} steps")
    return _vertex(rows, basis)


def _in_band(rows: _Whole, tau: float, start: Floats, first: bool) -> Floats:
    """Newton's steps on the smoothed sum of the rows near `start`, then simplex steps until every row agrees.

    By Cauchy and Schwarz a row's residual ÷ size changes by no more than the length of the way; the steps stay in a
    ball of the band's width, so that the rows outside keep their sign. When they want to leave it, the band moves on.
    """
    n, columns = rows.x.shape
    share = (5.0 if first else 1.0) * max(NARROWEST, SPREAD * (0.02 * columns / n) ** 0.5)
    point = start
    for _ in range(MOST_BANDS):
        width = _width(rows, point, min(WIDEST, share))
        inside, below, signs = near_rows(rows.x, rows.moved, rows.size, point, width)
        reached = _smoothed(rows, inside, below, tau, point, width)
        stays = float(np.linalg.norm(reached - point)) < 0.999 * width
        if stays:
            break
        point, share = reached, 1.5 * share
    return _settled(rows, tau, reached if stays else point, inside, signs)


def _smoothed(rows: _Whole, inside: Integers, below: Floats, tau: float, start: Floats, width: float) -> Floats:
    """The sum smoothed more and more narrowly, until a few dozen rows for a column bend it.

    Ends on the surface of the ball with radius `width` around `start` when the steps want to leave it.
    """
    near, y, size = rows.x[inside], rows.moved[inside], rows.size[inside]
    outside = tau * (rows.total - near.sum(axis=0)) - below
    point, within = start, width
    count, wanted = len(y), min(len(y), KERNEL * near.shape[1])
    while True:
        for _ in range(NEWTON_STEPS):
            gradient, curve = bends(near, y, size, outside, point, tau, within)
            step = np.linalg.solve(curve + np.tril(curve, -1).T + 1e-9 * np.eye(len(curve)), gradient)
            point = point + step
            way = float(np.linalg.norm(point - start))
            if way >= width:
                return np.asarray(start + (point - start) * (width / way))
            if float(np.linalg.norm(step)) < SETTLED * within:
                break
        if count == wanted:
            return point
        count = max(wanted, count // 3)
        within = float(np.partition(np.abs(y - near @ point) / size, count - 1)[count - 1])


def _settled(rows: _Whole, tau: float, point: Floats, inside: Integers, signs: NDArray[np.bool_]) -> Floats:
    """The optimal vertex: rows that end on the other side than was taken for granted join the simplex, until none does.

    `signs` says which rows lie below; of those in `inside` it is taken from `point`.
    """
    residuals = rows.moved[inside] - rows.x[inside] @ point
    signs[inside] = residuals < 0
    nearest = inside[np.argsort(np.abs(residuals) / rows.size[inside])]
    free = nearest[: KERNEL * rows.x.shape[1]]
    whole = (tau * rows.total) - sum_of(rows.x, signs)
    while True:
        a = rows.x[free]
        outside = whole - np.where(signs[free], tau - 1.0, tau) @ a
        basis, status = descend(a, rows.moved[free], outside, tau, point, MOST_STEPS)
        if status == UNBOUNDED and len(free) < len(nearest):
            free = np.union1d(free, nearest[: 3 * len(free)])
            continue
        if status != OPTIMAL:
            return _all_rows(rows, tau, point)
        point = np.linalg.solve(a[basis], rows.moved[free[basis]])
        wrong = np.setdiff1d(turned(rows.x, rows.moved, point, signs), free)
        if len(wrong) == 0:
            return _vertex(rows, free[basis])
        free = np.concatenate([free, wrong])


def _width(rows: _Whole, point: Floats, share: float) -> float:
    """Within which residual ÷ size the wanted share of the rows lies, from a sample of them."""
    step = max(1, len(rows.y) // 20_000)
    sample = np.abs(rows.moved[::step] - rows.x[::step] @ point) / rows.size[::step]
    return float(np.quantile(sample, share))


def _vertex(rows: _Whole, basis: Integers) -> Floats:
    """The fit through the rows of the basis, from their scores as they are."""
    return np.asarray(np.linalg.solve(rows.x[basis], rows.y[basis]))

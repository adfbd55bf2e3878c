"""Linear mixed models: random intercepts and slopes of nested and crossed factors, by maximum likelihood or REML.

y = Xβ + Σ_k Z_k b_k + e, the b of each level of factor k from N(0, σ² T_k T_k'), e from N(0, σ²). The deviance is
profiled over β and σ² (Bates, Mächler, Bolker and Walker 2015, Fitting linear mixed-effects models using lme4, Journal
of Statistical Software 67 (1)) and minimised over the lower triangles T. Rows are summed once by level; after that no
step costs more the more pupils there are. The factor with the most levels is eliminated (its block of the normal
equations is block-diagonal), and what remains of the other factors is a dense Cholesky factorisation: for students ×
instructors × departments of about 1,140 rows. Standard errors of the effects are those of lme4 (`condVar`): the spread
of the true effect around the shown one, the variances taken as known.

>>> school = np.repeat(np.arange(4), 5)
>>> y = np.array([0.1, 0.2, 0.3, 0.2, 0.2, 1.0, 1.2, 1.1, 0.9, 1.1, 0.4, 0.5, 0.3, 0.6, 0.4, 0.8, 0.7, 0.9, 0.6, 0.8])
>>> print(fit(y, np.ones((20, 1)), [RandomTerm.intercept("school", school)]))
mixed model (ML): 20 rows, log-likelihood 8.98
  fixed      x0                     0.6150  se 0.1624
  variance   school x0              0.1033
  variance   Residual               0.0110
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from yincai.measurement.growth._sums import Sums, spread_of, sums_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_DENSE = 12_000  # levels × columns of all factors but the largest; beyond, the dense matrix would not fit
GRADIENT = 2e-4  # in those units; the log-likelihood is then within about its square of the best
LEAST_SHARE = 1e-10
LEAST_SPREAD = 1e-6  # of T's diagonal, that T can be inverted; a fit that ends there has a variance of 0
EDGE = 1e-3
MOST_LOG = 12.0
SMALL = 0.05  # of T: a diagonal below is tried as none at all


@dataclass(frozen=True)
class RandomTerm:
    """Effects of a factor: `group` (n,) level numbers 0 … levels − 1, `z` (n, q) what they multiply, `names` of its
    columns."""

    factor: str
    group: Integers
    z: Floats
    names: tuple[str, ...]
    levels: int

    @classmethod
    def intercept(cls, factor: str, group: Integers, name: str = "x0") -> RandomTerm:
        group = np.asarray(group, dtype=np.int64)
        return cls(factor, group, np.ones((len(group), 1)), (name,), int(group.max(initial=-1)) + 1)


@dataclass(frozen=True)
class Effects:
    """Predicted effects of one factor: `effect` and `se` (levels, q), `covariance` (levels, q, q)."""

    factor: str
    names: tuple[str, ...]
    effect: Floats
    se: Floats
    covariance: Floats


@dataclass(frozen=True)
class MixedFit:
    """`beta` (p,) with `covariance` (p, p); `variances`: of each random term (q, q); `residual` variance σ²."""

    log_likelihood: float
    reml: bool
    n: int
    names: tuple[str, ...]
    beta: Floats
    covariance: Floats
    variances: tuple[Floats, ...]
    residual: float
    effects: tuple[Effects, ...]
    converged: bool
    evaluations: int

    @property
    def se(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def __str__(self) -> str:
        lines = [
            f"mixed model ({'REML' if self.reml else 'ML'}): {self.n} rows, log-likelihood {self.log_likelihood:.2f}"
            + ("" if self.converged else "; NOT converged")
        ]
        for name, value, se in zip(self.names, self.beta, self.se, strict=True):
            lines.append(f"  fixed      {name:<20} {value:8.4f}  se {se:.4f}")
        for each, variance in zip(self.effects, self.variances, strict=True):
            for i, name in enumerate(each.names):
                lines.append(f"  variance   {each.factor + ' ' + name:<20} {variance[i, i]:8.4f}")
                for j in range(i):
                    both = np.sqrt(variance[i, i] * variance[j, j])
                    told = f"{variance[i, j] / both:8.4f}" if both > 0 else "       –"
                    lines.append(f"  correlation {each.factor + ' ' + each.names[j] + ', ' + name:<19} {told}")
        lines.append(f"  variance   {'Residual':<20} {self.residual:8.4f}")
        return "\n".join(lines)


def fit(
    y: Floats,
    x: Floats,
    terms: Sequence[RandomTerm],
    reml: bool = False,
    names: Sequence[str] | None = None,
    positive: bool = False,
) -> MixedFit:
    """Fit `y` (n,) on `x` (n, p, with its own intercept column) and the random `terms`.

    `positive`: for intervals of the effects. Few groups that differ little are often estimated not to differ at all,
    and then all effects are said to be exactly zero. So the likelihood is multiplied by the squares of T's diagonals,
    which keeps spreads from zero and hardly moves those of many groups (Morris and Tang 2011, Estimating random effects
    via adjustment for density maximization, Statistical Science 26, 271–287). `log_likelihood` stays the model's.

    Raises ValueError for shapes, numbers that are not finite, an `x` without full rank, no residual degrees of
    freedom, as many effects as rows, and a model whose smaller factors have more than 12,000 effects together.
    """
    y, x = np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64)
    _check(y, x, terms)
    sums = sums_of(y, x, terms, MOST_DENSE)
    shape = _Shape.of(terms)
    tries = [_minimised(sums, shape, 0.4, reml, positive)]
    if _at_an_edge(sums, shape.theta(tries[0].x)):
        tries.append(_minimised(sums, shape, 1.2, reml, positive))
    found = min(tries, key=lambda each: float(each.fun))
    theta = shape.theta(found.x)
    theta = theta if positive else _without_idle(sums, shape, theta, reml)
    return _result(sums, theta, reml, tuple(names or (f"x{j}" for j in range(x.shape[1]))), terms, found)


@dataclass(frozen=True)
class _Shape:
    """How the search sees theta: logarithms of T's diagonals, in units in which the deviance bends by about one."""

    diagonal: NDArray[np.bool_]
    unit: Floats

    @classmethod
    def of(cls, terms: Sequence[RandomTerm]) -> _Shape:
        diagonal = np.concatenate([np.eye(len(t.names), dtype=bool)[np.tril_indices(len(t.names))] for t in terms])
        units = [np.full(len(t.names) * (len(t.names) + 1) // 2, (2.0 * t.levels) ** -0.5) for t in terms]
        return cls(diagonal, np.concatenate(units) * np.where(diagonal, 1.0, 0.4))

    def theta(self, seen: Floats) -> Floats:
        return np.asarray(np.where(self.diagonal, np.exp(np.minimum(seen * self.unit, MOST_LOG)), seen * self.unit))

    def seen(self, spread: float) -> Floats:
        return np.asarray(np.where(self.diagonal, np.log(spread), 0.0) / self.unit)


def _minimised(sums: Sums, shape: _Shape, spread: float, reml: bool, positive: bool) -> Any:
    away = 4.0 * positive * shape.diagonal * shape.unit  # −2 log of the squares of T's diagonals

    def deviance(seen: Floats) -> tuple[float, Floats]:
        theta = shape.theta(seen)
        value, slope = _deviance(sums, theta, reml)
        return value - float(away @ seen), slope * shape.unit * np.where(shape.diagonal, theta, 1.0) - away

    bounds = [
        (np.log(LEAST_SPREAD) / unit, MOST_LOG / unit) if ends else (None, None)
        for unit, ends in zip(shape.unit, shape.diagonal, strict=True)
    ]
    limits = {"ftol": 1e-13, "gtol": GRADIENT, "maxiter": 300}
    return minimize(deviance, shape.seen(spread), jac=True, method="L-BFGS-B", bounds=bounds, options=limits)


def _without_idle(sums: Sums, shape: _Shape, theta: Floats, reml: bool) -> Floats:
    """Small spreads become none where that is as likely: on a logarithm the search only creeps towards zero."""
    for k in np.flatnonzero(shape.diagonal & (theta < SMALL)):
        without = theta.copy()
        without[k] = LEAST_SPREAD
        if _deviance(sums, without, reml)[0] <= _deviance(sums, theta, reml)[0]:
            theta = without
    return theta


def _at_an_edge(sums: Sums, theta: Floats) -> bool:
    """Whether a variance ended at zero, where a search can have been caught."""
    return any(bool((np.abs(np.diag(each)) < EDGE).any()) for each in _triangles(sums, theta))


def _check(y: Floats, x: Floats, terms: Sequence[RandomTerm]) -> None:
    n = len(y)
    if y.ndim != 1 or x.ndim != 2 or len(x) != n or n == 0 or not terms:
        raise ValueError(
            f"y must be (n,), x (n, p) and at least one random term, not {y.shape}, {x.shape}, {len(terms)}"
        )
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("y and x must be finite; leave rows with missing values out before, and count them")
    if n <= x.shape[1]:
        raise ValueError(f"{n} rows cannot carry {x.shape[1]} fixed effects")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the fixed columns depend on each other; leave one out")
    residue = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    if residue @ residue <= LEAST_SHARE * max(1e-300, float(y @ y)):
        raise ValueError("nothing is left to explain: the fixed columns give y exactly (or all y are equal)")
    for term in terms:
        if term.group.shape != (n,) or term.z.shape != (n, len(term.names)) or not np.isfinite(term.z).all():
            raise ValueError(f"random term {term.factor}: group (n,) and finite z (n, {len(term.names)}) are wanted")
        if term.group.min() < 0 or term.group.max() >= term.levels:
            raise ValueError(f"random term {term.factor}: level numbers must lie in 0 … {term.levels - 1}")
        if len(np.unique(term.group)) * len(term.names) >= n:
            raise ValueError(
                f"random term {term.factor}: as many effects as rows, they cannot be told from the residual"
            )


def _triangles(sums: Sums, theta: Floats) -> list[Floats]:
    """The lower triangles T, row by row from theta."""
    found, at = [], 0
    for q in sums.widths:
        triangle = np.zeros((q, q))
        count = q * (q + 1) // 2
        triangle[np.tril_indices(q)] = theta[at : at + count]
        found.append(triangle)
        at += count
    return found


@dataclass(frozen=True)
class _Factored:
    """The normal equations at one theta: `gain` (L, q, q) = T(T'AT + I)⁻¹T' of the eliminated factor, `low` the
    Cholesky factor of the others, `solved` its right-hand sides, `rest` what is left of [X y]'[X y], `log_det` of the
    whole."""

    triangles: list[Floats]
    gain: Floats
    low: Floats
    solved: Floats
    rest: Floats
    log_det: float


def _factored(sums: Sums, theta: Floats) -> _Factored:
    triangles = _triangles(sums, theta)
    first = triangles[sums.eliminated]
    inner = first.T @ sums.zz @ first + np.eye(len(first))
    if len(first) == 1:
        gain, log_det = first[0, 0] ** 2 / inner, float(np.log(inner).sum())
    else:
        gain, log_det = first @ np.linalg.inv(inner) @ first.T, float(np.linalg.slogdet(inner)[1].sum())
    rest = sums.xyxy - np.tensordot(sums.zxy, gain @ sums.zxy, axes=((0, 1), (0, 1)))
    if sums.dense == 0:
        return _Factored(triangles, gain, np.zeros((0, 0)), np.zeros((0, len(rest))), rest, log_det)
    core, right = sums.remainder(gain)
    scaled = sums.across(np.ascontiguousarray(sums.across(core, triangles).T), triangles)
    scaled[np.diag_indices(sums.dense)] += 1.0
    low = cholesky(scaled, lower=True, overwrite_a=True, check_finite=False)
    solved = solve_triangular(low, sums.across(right, triangles), lower=True, check_finite=False)
    log_det += 2 * float(np.log(np.diag(low)).sum())
    return _Factored(triangles, gain, low, solved, rest - solved.T @ solved, log_det)


def _fixed(rest: Floats) -> tuple[Floats, Floats, float]:
    """(Cholesky factor of X'V⁻¹X, β, what remains of y'V⁻¹y)."""
    low = cholesky(rest[:-1, :-1], lower=True)
    beta = cho_solve((low, True), rest[:-1, -1])
    return low, beta, float(rest[-1, -1] - rest[:-1, -1] @ beta)


def _deviance(sums: Sums, theta: Floats, reml: bool) -> tuple[float, Floats]:
    """The profiled deviance and its gradient in theta."""
    at = _factored(sums, theta)
    low, beta, left = _fixed(at.rest)
    p = len(beta)
    freedom = sums.n - (p if reml else 0)
    left = max(left, 1e-300)
    value = at.log_det + freedom * (1 + float(np.log(2 * np.pi * left / freedom)))
    if reml:
        value += 2 * float(np.log(np.diag(low)).sum())
    weights = np.column_stack([np.append(-beta, 1.0), np.eye(p + 1, p)])
    slopes: list[float] = []
    solved = _solved(sums, at, weights)
    for triangle, (effect, rest), variance in zip(at.triangles, solved, _spreads(sums, at), strict=True):
        inverse = np.linalg.inv(triangle)
        slope = 2 * (len(effect) * inverse - inverse @ variance.sum(axis=0) @ inverse.T @ inverse).T
        u = effect[:, :, 0] @ inverse.T
        slope -= 2 * freedom / left * rest[:, :, 0].T @ u
        if reml:
            fixed = cho_solve((low, True), np.moveaxis(rest[:, :, 1:], 2, 0).reshape(p, -1)).reshape(p, len(rest), -1)
            slope -= 2 * np.einsum("lic,clk->ik", rest[:, :, 1:], fixed) @ triangle
        slopes += slope[np.tril_indices(len(triangle))].tolist()
    return value, np.array(slopes)


def _solved(sums: Sums, at: _Factored, weights: Floats) -> list[tuple[Floats, Floats]]:
    """Of each term (b, Z'(v − Zb)), each (levels, q, c), where the c columns of v are [X y] @ weights."""
    own = sums.zxy @ weights
    columns = weights.shape[1]
    if sums.dense == 0:
        effect = at.gain @ own
        return [(effect, own - sums.zz @ effect)]
    u = solve_triangular(at.low, at.solved @ weights, lower=True, trans="T", check_finite=False)
    dense = sums.back(u, at.triangles)
    right = sums.xy @ weights - sums.own @ dense
    levels = np.repeat(np.arange(len(own)), np.diff(sums.start))
    by_level = csr_matrix((np.ones(len(levels)), sums.index, sums.start), shape=(len(own), sums.dense))
    for j in range(own.shape[1]):
        by_level.data = sums.cross[:, j]
        own[:, j] -= by_level @ dense
    effect = at.gain @ own
    for j in range(own.shape[1]):
        by_level.data = sums.cross[:, j]
        right -= by_level.T @ effect[:, j]
    found = [(effect, own - sums.zz @ effect)] * len(sums.widths)
    for place in sums.places:
        shape = (place.levels, place.width, columns)
        found[place.term] = (dense[place.slice].reshape(shape), right[place.slice].reshape(shape))
    return found


def _spreads(sums: Sums, at: _Factored) -> list[Floats]:
    """Of each term the conditional variances of its effects ÷ σ², (levels, q, q)."""
    spread = np.zeros_like(at.gain)
    if sums.dense == 0:
        return [at.gain]
    inverse = np.tril(dpotri(at.low, lower=1)[0])
    inverse += np.tril(inverse, -1).T
    inverse = sums.back(np.ascontiguousarray(sums.back(inverse, at.triangles).T), at.triangles)
    spread_of(sums.start, sums.index, sums.cross, inverse, spread)
    found = [at.gain + at.gain @ spread @ at.gain] * len(sums.widths)
    for place in sums.places:
        square = inverse[place.slice, place.slice].reshape(place.levels, place.width, place.levels, place.width)
        found[place.term] = np.einsum("iqir->iqr", square)
    return found


def _result(
    sums: Sums, theta: Floats, reml: bool, names: tuple[str, ...], terms: Sequence[RandomTerm], found: Any
) -> MixedFit:
    at = _factored(sums, theta)
    low, beta, left = _fixed(at.rest)
    sigma2 = left / (sums.n - (len(beta) if reml else 0))
    return MixedFit(
        log_likelihood=-_deviance(sums, theta, reml)[0] / 2,
        reml=reml,
        n=sums.n,
        names=names,
        beta=beta,
        covariance=sigma2 * cho_solve((low, True), np.eye(len(beta))),
        variances=tuple(sigma2 * triangle @ triangle.T for triangle in at.triangles),
        residual=sigma2,
        effects=tuple(_effects(sums, at, beta, sigma2, terms)),
        converged=bool(found.success),
        evaluations=int(found.nfev),
    )


def _effects(sums: Sums, at: _Factored, beta: Floats, sigma2: float, terms: Sequence[RandomTerm]) -> list[Effects]:
    """Conditional means and variances of the effects, the variances taken as known."""
    found = []
    solved = _solved(sums, at, np.append(-beta, 1.0)[:, None])
    for term, (effect, _), variance in zip(terms, solved, _spreads(sums, at), strict=True):
        covariance = sigma2 * variance
        se = np.sqrt(np.maximum(np.einsum("iqq->iq", covariance), 0.0))
        found.append(Effects(term.factor, term.names, effect[:, :, 0], se, covariance))
    return found

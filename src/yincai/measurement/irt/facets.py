"""Many-facet Rasch: learners' answers to items, marked by raters who differ in severity.

log P(k) / P(k − 1) = θ_n − δ_i − α_j − τ_k (Linacre 1989), with thresholds τ common to all items (rating scale,
Andrich 1978) or each item's own (partial credit, Masters 1982). Estimated by marginal maximum likelihood: the abilities
are N(0, σ²) and integrated out, so the inconsistency of joint maximum likelihood, and the need to correct it, does not
arise. Severities sum to zero, and so do the thresholds of a scale.

Every pair of item and rater that occurs is an item of the partial credit model whose steps are sums of the facets'
parameters; abilities and fit are those of the rest of the package. The M-step is a Newton step in δ, α, τ
together. Standard errors come from the observed information (Louis 1982) as in `errors`, two terms of its series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from yincai.measurement.irt import scoring
from yincai.measurement.irt.expectation import Grid, Windows, grid, windows
from yincai.measurement.irt.extrapolation import climb
from yincai.measurement.irt.facets_em import (
    Posterior,
    Ratings,
    Steps,
    expect,
    lost_information,
    pair_sums,
    steps_at,
)
from yincai.measurement.irt.items import NO_FLOOR, Bank, model_named
from yincai.measurement.irt.residuals import MeanSquares, mean_squares, residual_sums
from yincai.measurement.irt.responses import Floats, Ints, Responses, triplets

NODES, TOLERANCE, PASSES = 61, 1e-4, 500
MOST_PARAMETERS, MOST_PAIRS = 4000, 200_000
LONGEST = 1.0


@dataclass(frozen=True)
class Facets:
    """Severity of raters, difficulty of items and thresholds (one row for all items, or one each) in logits with
    standard errors, abilities (EAP) with posterior deviations, and infit and outfit of each.

    `connected`: whether every two learners are linked by raters or items they share. If not, the comparison of the
    parts rests on learners having come to them by chance.
    """

    items: tuple[str, ...]
    raters: tuple[str, ...]
    difficulty: Floats
    se_difficulty: Floats
    severity: Floats
    se_severity: Floats
    thresholds: Floats
    se_thresholds: Floats
    variance: float
    theta: Floats
    se_theta: Floats
    item_fit: MeanSquares
    rater_fit: MeanSquares
    person_fit: MeanSquares
    log_likelihood: float
    converged: bool
    passes: int
    connected: bool

    def __str__(self) -> str:
        rows = [f"{'rater':<10} severity     se  infit  outfit"]
        for j, name in enumerate(self.raters[:12]):
            fit = f"{self.rater_fit.infit[j]:6.2f} {self.rater_fit.outfit[j]:7.2f}"
            rows.append(f"{name:<10} {self.severity[j]:8.3f} {self.se_severity[j]:6.3f} {fit}")
        state = "converged" if self.converged else "NOT converged"
        if not self.connected:
            state += "; not connected: severities of different parts compare only if learners came there by chance"
        return "\n".join(
            [f"many-facet Rasch, {len(self.theta)} learners, variance {self.variance:.3f}; {state}", *rows]
        )


def fit_facets(
    person: ArrayLike,
    item: ArrayLike,
    rater: ArrayLike,
    score: ArrayLike,
    *,
    scale: str = "rating",
    items: Sequence[str] | None = None,
    raters: Sequence[str] | None = None,
    nodes: int = NODES,
    tolerance: float = TOLERANCE,
) -> Facets:
    """Calibrate from one row for each rating: numbers from 0 of learner, item and rater, and whole scores from 0.

    `scale`: "rating" (all items have the same scale and thresholds) or "partial" (each its own thresholds).
    Raises ValueError for columns of unequal length, an unknown scale, an item, rater or category that never occurs
    (with "partial": at an item), and an item or rater with nothing but the lowest or highest score: no finite measure
    belongs to it, and, as severities sum to zero, it would move all others. Leave its ratings out.

    >>> rng = np.random.default_rng(1)
    >>> person, item, rater = (each.ravel() for each in np.meshgrid(range(400), range(3), range(4), indexing="ij"))
    >>> severity = np.array([-0.6, -0.2, 0.2, 0.6])
    >>> at = rng.normal(size=400)[person] - severity[rater]
    >>> score = (at[:, None] + rng.logistic(size=(len(at), 1)) > [0.0]).sum(axis=1)
    >>> bool(np.all(abs(fit_facets(person, item, rater, score).severity - severity) < 0.25))
    True
    """
    rows = [np.asarray(each) for each in (person, item, rater, score)]
    design = _design(rows, scale, items, raters)
    start = _start(design, rows[3])
    over = grid(nodes)
    problem = Problem(design, Ratings.of(design.data, design.steps), over, windows(design.data, over))
    reached = climb(problem, np.append(start, 0.0), tolerance, PASSES)
    beta, deviation = reached.after[:-1], float(np.exp(reached.after[-1]))
    covariance = _covariance(problem, beta, deviation)
    bank = design.bank(beta, deviation)
    return _result(design, rows, bank, beta, covariance, reached.objective, reached.converged, reached.passes)


@dataclass(frozen=True)
class Design:
    """`pair_item`, `pair_rater` (pairs); `x` (pairs · steps × parameters) gives each pair's step intercepts."""

    data: Responses
    items: tuple[str, ...]
    raters: tuple[str, ...]
    pair_item: Ints
    pair_rater: Ints
    steps: int
    sets: int  # of thresholds
    x: sparse.csr_matrix
    back: sparse.csr_matrix  # parameters (all δ, α, τ) × free ones: the sums are zero

    @property
    def columns(self) -> Ints:
        """Where each pair's item, rater and first threshold are among the parameters (3 × pairs)."""
        first = len(self.items) + len(self.raters)
        scale = self.pair_item if self.sets > 1 else np.zeros_like(self.pair_item)
        return np.stack([self.pair_item, len(self.items) + self.pair_rater, first + scale * self.steps])

    def intercepts(self, free: Floats) -> Floats:
        """Of each pair's steps (pairs × steps)."""
        return np.asarray((self.x @ free).reshape(-1, self.steps))

    def folded(self, information: Floats) -> Floats:
        """Of the pairs' steps (pairs × steps × steps), for the free parameters."""
        blocks = sparse.bsr_matrix((information, np.arange(len(information)), np.arange(len(information) + 1)))
        return np.asarray((self.x.T @ (blocks @ self.x)).toarray())

    def bank(self, free: Floats, deviation: float) -> Bank:
        xi = np.zeros((len(self.pair_item), self.steps + 2))
        xi[:, 0], xi[:, -1] = 1.0, NO_FLOOR
        xi[:, 1:-1] = self.intercepts(free)
        return Bank(model_named("pcm"), self.data.items, xi, self.data.categories, self.data.lowest, 0.0, deviation**2)


def _design(
    rows: list[NDArray[np.generic]], scale: str, items: Sequence[str] | None, raters: Sequence[str] | None
) -> Design:
    person, item, rater, score = rows
    _check_rows(rows, scale)
    n_items, n_raters, steps = int(item.max()) + 1, int(rater.max()) + 1, int(score.max())
    names = tuple(items or (f"item{n + 1}" for n in range(n_items)))
    judges = tuple(raters or (f"rater{n + 1}" for n in range(n_raters)))
    if len(names) != n_items or len(judges) != n_raters:
        raise ValueError(f"{len(names)} names for {n_items} items, {len(judges)} for {n_raters} raters")
    _refuse_without_measure(names, item, score, every=scale == "partial")
    _refuse_without_measure(judges, rater, score, every=False)
    of_row = item.astype(np.int64) * n_raters + rater.astype(np.int64)
    occurs = np.bincount(of_row, minlength=n_items * n_raters) > 0
    pairs, of_row = np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[of_row]
    sets = 1 if scale == "rating" else n_items
    n_free = n_items + n_raters - 1 + sets * (steps - 1)
    if n_free > MOST_PARAMETERS or len(pairs) > MOST_PAIRS:
        raise ValueError(f"at most {MOST_PARAMETERS} parameters and {MOST_PAIRS} pairs of item and rater, please")
    packed = triplets(person, of_row, score.astype(np.int64), n_items=len(pairs))
    data = _same_scale(packed, steps)
    pair_item, pair_rater = np.divmod(pairs, n_raters)
    back = _sums_to_zero(n_items, n_raters, sets, steps)
    x = _steps_by_facets(pair_item, pair_rater, n_items, n_raters, sets, steps) @ back
    return Design(data, names, judges, pair_item, pair_rater, steps, sets, x.tocsr(), back)


def _check_rows(rows: list[NDArray[np.generic]], scale: str) -> None:
    person, item, rater, score = rows
    if len({len(each) for each in rows}) != 1 or len(person) == 0 or any(each.ndim != 1 for each in rows):
        raise ValueError("person, item, rater and score must be columns of equal length, not empty")
    if scale not in ("rating", "partial"):
        raise ValueError(f"the scale is 'rating' or 'partial', not {scale!r}")
    if any(each.dtype.kind not in "iub" or each.min() < 0 for each in rows):
        raise ValueError("person, item, rater and score must be whole numbers from 0")
    for what, column in (("item", item), ("rater", rater), ("score", score)):
        if (np.bincount(column.astype(np.int64)) == 0).any():
            raise ValueError(f"every {what} from 0 to the highest must occur")
    if int(score.max()) < 1:
        raise ValueError("all scores are 0")


def _refuse_without_measure(
    names: Sequence[str], level: NDArray[np.generic], score: NDArray[np.generic], every: bool
) -> None:
    """`every`: all scores must occur at each level, because it has thresholds of its own."""
    steps = int(score.max())
    counts = np.zeros((len(names), steps + 1), np.int64)
    np.add.at(counts, (level.astype(np.int64), score.astype(np.int64)), 1)
    for name, seen in zip(names, counts > 0, strict=True):
        if not seen[1:].any() or not seen[:-1].any():
            raise ValueError(f"{name}: every score is {0 if seen[0] else steps}; leave its ratings out")
        if every and not seen.all():
            raise ValueError(f"{name}: nobody has the score {int(np.flatnonzero(~seen)[0])}; join categories")


def _same_scale(data: Responses, steps: int) -> Responses:
    """Every pair with all categories."""
    item_of = np.repeat(np.arange(len(data.items)), data.categories)
    codes = item_of * (steps + 1) + np.arange(len(item_of)) - data.first[item_of]
    many = np.full(len(data.items), steps + 1, np.int64)
    return replace(data, codes=codes.astype(np.int32)[data.codes], categories=many)


def _sums_to_zero(n_items: int, n_raters: int, sets: int, steps: int) -> sparse.csr_matrix:
    """Items freely, raters and each set of thresholds with the last one minus the sum of the others."""

    def effect(n: int) -> Floats:
        return np.vstack([np.eye(n - 1), -np.ones((1, n - 1))])

    blocks = [np.eye(n_items), effect(n_raters), *([effect(steps)] * sets)]
    return sparse.block_diag([sparse.csr_matrix(each) for each in blocks]).tocsr()


def _steps_by_facets(
    pair_item: Ints, pair_rater: Ints, n_items: int, n_raters: int, sets: int, steps: int
) -> sparse.csr_matrix:
    """d_k = −δ − α − τ_k of each pair."""
    pairs, k = len(pair_item), np.arange(steps)
    item, rater = np.repeat(pair_item, steps), np.repeat(pair_rater, steps)
    which = n_items + n_raters + np.where(sets > 1, item, 0) * steps + np.tile(k, pairs)
    column = np.concatenate([item, n_items + rater, which])
    row = np.tile(np.arange(pairs * steps), 3)
    shape = (pairs * steps, n_items + n_raters + sets * steps)
    return sparse.csr_matrix((-np.ones(len(row)), (row, column)), shape=shape)


def _start(design: Design, score: NDArray[np.generic]) -> Floats:
    """Thresholds by the shares of the scores; all else equal."""
    counts = np.bincount(score.astype(np.int64), minlength=design.steps + 1) + 0.5
    d = np.log(counts[1:] / counts[:-1])
    wanted = np.tile(d, len(design.pair_item))
    normal = (design.x.T @ design.x).toarray()
    return np.asarray(np.linalg.lstsq(normal, design.x.T @ wanted, rcond=1e-10)[0])


@dataclass(frozen=True)
class Problem:
    """EM of the facets. A state is the free parameters and the log of the latent deviation; the latent mean is absorbed
    by the items (parameter expansion)."""

    design: Design
    ratings: Ratings
    over: Grid
    near: Windows

    def step(self, at: Floats) -> tuple[Floats, float]:
        deviation = float(np.exp(at[-1]))
        theta = deviation * self.over.nodes
        found, steps = self.expected(at[:-1], deviation)
        gradient, information = pair_sums(self.ratings, found.counts, steps)
        curvature = self.design.folded(information)
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(curvature)), self.design.x.T @ gradient.ravel())
        step *= min(1.0, LONGEST / np.abs(step).max(initial=1e-300))
        mass = found.mass[: len(theta)] / found.mass.sum()
        mean = float(mass @ theta)
        spread = np.sqrt(mass @ (theta - mean) ** 2)
        beta = at[:-1] + step
        beta[: len(self.design.items)] -= mean
        return np.append(beta, np.log(np.clip(spread, 0.02, 20.0))), found.log_likelihood

    def expected(self, beta: Floats, deviation: float) -> tuple[Posterior, Steps]:
        d = self.design.intercepts(beta)
        steps = steps_at(d, deviation * self.over.nodes, self.over.width)
        return expect(self.ratings, d, steps, deviation, self.over, self.near), steps

    def vector(self, at: Floats) -> Floats:
        return at

    def ahead(self, after: Floats, vector: Floats) -> Floats:
        return vector if np.abs(vector).max() < 30 and vector[-1] < 3 else after

    def distance(self, one: Floats, other: Floats) -> float:
        return float(np.abs(one - other).max())


def _covariance(problem: Problem, beta: Floats, deviation: float) -> Floats:
    """Of the free parameters: complete information less what the unknown abilities cost."""
    design, ratings = problem.design, problem.ratings
    found, steps = problem.expected(beta, deviation)
    size = len(beta)
    information = np.zeros((size + 1, size + 1))
    information[:size, :size] = design.folded(pair_sums(ratings, found.counts, steps)[1])
    information[size, size] = 2 * found.mass.sum()  # of the log deviation; mean of 3t² − 1 at the maximum
    columns, facets = design.columns, design.back.shape[0]
    lost = lost_information(ratings, steps, deviation, problem.over, problem.near, columns, facets)
    back = sparse.block_diag([design.back, [[1.0]]]).tocsr()
    information -= back.T @ (back.T @ lost.T).T
    return np.asarray(np.linalg.inv(information)[:size, :size])


def _result(
    design: Design, rows: list[NDArray[np.generic]], bank: Bank, free: Floats, covariance: Floats,
    value: float, converged: bool, passes: int,
) -> Facets:  # fmt: skip
    all_ = design.back @ free
    errors = np.sqrt(np.asarray(design.back.multiply(design.back @ covariance).sum(axis=1)).ravel())
    n, m = len(design.items), len(design.raters)
    cut = [slice(0, n), slice(n, n + m), slice(n + m, None)]
    shape = (design.sets, design.steps)
    abilities = scoring.scores(bank, design.data, "eap")
    warm = scoring.scores(bank, design.data, "wle").theta
    of_pair, of_person = residual_sums(bank, design.data, warm)
    by_item, by_rater = np.zeros((n, of_pair.shape[1])), np.zeros((m, of_pair.shape[1]))
    np.add.at(by_item, design.pair_item, of_pair)
    np.add.at(by_rater, design.pair_rater, of_pair)
    return Facets(
        design.items, design.raters, all_[cut[0]], errors[cut[0]], all_[cut[1]], errors[cut[1]],
        all_[cut[2]].reshape(shape), errors[cut[2]].reshape(shape), bank.variance, abilities.theta, abilities.se,
        mean_squares(by_item), mean_squares(by_rater), mean_squares(of_person),
        value, converged, passes, _connected(rows[0], rows[2]),
    )  # fmt: skip


def _connected(person: NDArray[np.generic], rater: NDArray[np.generic]) -> bool:
    """Learners and raters as a graph with one part."""
    learners = int(np.max(person)) + 1
    size = learners + int(np.max(rater)) + 1
    edges = sparse.coo_matrix((np.ones(len(person)), (person, learners + np.asarray(rater))), shape=(size, size))
    _, labels = connected_components(edges, directed=False)
    return bool(len(np.unique(labels[np.unique(np.asarray(person))])) == 1)

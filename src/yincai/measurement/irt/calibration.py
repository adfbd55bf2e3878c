"""`fit` and `fit_streamed`: from responses to calibrated items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from yincai.measurement.irt import curves
from yincai.measurement.irt import items as banks
from yincai.measurement.irt.em import Checkpoint, Outcome, Problem, Progress, climb
from yincai.measurement.irt.errors import FLAT, LARGE, Errors, item_errors, long_test_errors, no_errors, observed_errors
from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.items import NO_FLOOR, Bank, Item, Model, model_named, recoded
from yincai.measurement.irt.maximization import FARTHEST, STEEPEST, Priors
from yincai.measurement.irt.responses import Batch, Floats, Ints, Responses, gather, pack
from yincai.measurement.irt.result import Fit, Latent

NODES, FEWER_NODES = 121, 61
SHORT_RECORD = 200  # answers up to which a posterior (deviation .15) is wide enough for steps of .2
RECORD = 1200  # answers of one learner beyond which the nodes must lie closer
FLOOR = (-1.4, 1.0)  # the prior of logit c where none is given: c around .2, from .08 to .4 within a deviation
WEAK_LOG_A, WEAK_B = (0.0, 0.5), (0.0, 2.0)  # for items that all answer alike
TOLERANCE = 1e-4
PASSES = 3000
MOST_SCORES = 100_000_000  # of a long test, learners × parameters whose scores are held, 8 bytes each


def fit(
    responses: ArrayLike | Responses,
    model: str = "2pl",
    *,
    items: Sequence[str] | None = None,
    priors: Priors | None = None,
    anchors: Mapping[str, Item] | None = None,
    free_latent: bool | None = None,
    nodes: int | None = None,
    tolerance: float = TOLERANCE,
    max_passes: int = PASSES,
    standard_errors: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> Fit:
    """Calibrate items by marginal maximum likelihood (Bock & Aitkin 1981).

    `responses`: an array learners × items of whole scores, NaN where an answer is missing, or `Responses` from
    `irt.triplets`. `model`: rasch, 2pl, 3pl, grm (graded response), pcm (partial credit), gpcm. D = 1. The learners are
    N(0, 1); for rasch and pcm, whose slope is 1, N(0, variance). `anchors` fixes items by name; then, or with
    `free_latent`, latent mean and variance are estimated. `priors` give posterior modes. `nodes` cover ±6 latent
    deviations (default 121, more for records of thousands of answers). The fit has come to rest when no parameter is
    further than `tolerance` from where EM is heading.

    An item that all answered alike has no finite estimate: it gets the weak prior ln a ~ N(0, .5²), b ~ N(0, 2²) and
    a flag, and has no part in the other items' estimates and the log-likelihood (unless `priors` hold it). An item
    without answers is NaN and flagged. Raises ValueError for less than two learners or too few items,
    and for scores that the model cannot take.

    Standard errors come from the observed information (Louis 1982); see `irt.errors`.

    >>> rng = np.random.default_rng(7)
    >>> true = banks.bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0)])
    >>> found = fit(banks.simulate(true, rng.normal(size=20_000), rng))
    >>> found.converged, bool(np.all(np.abs(found.a - true.a) < 3 * found.se_a))
    (True, True)
    >>> print(found)  # doctest: +ELLIPSIS
    2pl: 20000 learners, 4 items, 80000 responses; log-likelihood -49839.5407; converged after ... passes
    latent mean 0, variance 1
    item           a     se       b     se
    item1      0.960  0.036  -1.056  0.034
    item2      1.493  0.060   0.018  0.013
    item3      0.828  0.030   0.496  0.024
    item4      1.157  0.042   1.025  0.030
    """
    kind = model_named(model)
    data = _as_responses(responses, kind, items, anchors or {})
    problem, start = _problem(data, kind, priors, anchors or {}, free_latent, nodes or _enough_nodes(data))
    out = climb(problem, start, tolerance=tolerance, most=max_passes, progress=progress)
    return _result(problem, out, _errors(problem, out) if standard_errors else no_errors(out.items), anchors or {})


def fit_streamed(
    batches: Iterable[Batch],
    model: str = "2pl",
    *,
    n_items: int | None = None,
    n_learners: int | None = None,
    items: Sequence[str] | None = None,
    priors: Priors | None = None,
    anchors: Mapping[str, Item] | None = None,
    free_latent: bool | None = None,
    nodes: int | None = None,
    tolerance: float = 1e-3,
    max_passes: int = 200,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Fit:
    """The same for a city: `batches` of (learner, item, score), three integer arrays each, numbers from 0.

    The batches are read twice and need no order; what is kept is 4 bytes a response and 28 a learner. `checkpoint`
    (an object with load and save) is written after each pass; a fit that was stopped goes on from there with the same
    call. Standard errors are item by item: latent traits are integrated out, the other items taken as known.

    >>> rng = np.random.default_rng(3)
    >>> true = banks.bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0)])
    >>> table = banks.simulate(true, rng.normal(size=5_000), rng)
    >>> learner, item = np.indices(table.shape).reshape(2, -1)
    >>> streamed = fit_streamed([(learner, item, table.ravel().astype(int))], tolerance=1e-4)
    >>> bool(np.allclose(streamed.b, fit(table).b, atol=1e-3))
    True
    """
    kind = model_named(model)
    data = gather(batches, n_learners=n_learners, n_items=n_items, items=items)
    data = _fitting(data, kind, anchors or {})
    problem, start = _problem(
        data, kind, priors, anchors or {}, free_latent, nodes or _enough_nodes(data, fewest=FEWER_NODES)
    )
    out = climb(problem, start, tolerance=tolerance, most=max_passes, progress=progress, checkpoint=checkpoint)
    return _result(problem, out, item_errors(problem, out), anchors or {})


def _errors(problem: Problem, out: Outcome) -> Errors:
    """By what the size allows; a slope or intercept that ended at its bound is taken as fixed and has none."""
    bound = np.full(out.items.xi.shape[1], FARTHEST)
    bound[0], bound[-1] = STEEPEST, np.inf
    problem = replace(problem, free=problem.free & (np.abs(out.items.xi) < bound * (1 - 1e-9)))
    parameters, rows = int(problem.free.sum()), problem.responses.n_rows
    if parameters <= LARGE:
        return observed_errors(problem, out)
    return long_test_errors(problem, out) if parameters * rows <= MOST_SCORES else item_errors(problem, out)


def _enough_nodes(data: Responses, fewest: int = NODES) -> int:
    """The posterior of a learner narrows with the root of the answers; steps must follow."""
    longest = int(np.diff(data.start).max(initial=0))
    if longest <= SHORT_RECORD:
        return fewest
    return NODES if longest <= RECORD else 1 + (NODES - 1) * int(np.ceil(np.sqrt(longest / RECORD)))


def _as_responses(
    responses: ArrayLike | Responses, model: Model, items: Sequence[str] | None, anchors: Mapping[str, Item]
) -> Responses:
    if isinstance(responses, Responses):
        return _fitting(responses, model, anchors)
    if not model.binary:
        return _fitting(pack(responses, items), model, anchors)
    n = np.asarray(responses).shape[-1] if np.ndim(responses) == 2 else 0
    return _fitting(pack(responses, items, categories=np.full(n, 2), lowest=np.zeros(n, np.int64)), model, anchors)


def _fitting(data: Responses, model: Model, anchors: Mapping[str, Item]) -> Responses:
    """The categories that the model and the anchors ask for."""
    for name in set(anchors) - set(data.items):
        raise ValueError(f"the anchor {name!r} is not among the items")
    n = len(data.items)
    if model.binary:
        categories, lowest = np.full(n, 2), np.zeros(n, np.int64)
    else:
        categories, lowest = _observed_categories(data)
    for name, item in anchors.items():
        place = data.items.index(name)
        categories[place], lowest[place] = np.size(item.b) + 1, item.lowest
    return recoded(data, categories, lowest)


def _observed_categories(data: Responses) -> tuple[Ints, Ints]:
    """From the lowest to the highest score that occurs; ValueError for a hole between them."""
    counts, first = code_counts(data), data.first
    categories, lowest = np.ones(len(data.items), np.int64), data.lowest.copy()
    for item, name in enumerate(data.items):
        seen = np.flatnonzero(counts[first[item] : first[item + 1]])
        if len(seen) == 0:
            continue
        lowest[item], categories[item] = data.lowest[item] + seen[0], seen[-1] - seen[0] + 1
        if len(seen) < categories[item]:
            hole = lowest[item] + np.setdiff1d(np.arange(seen[0], seen[-1]), seen)[0] - seen[0]
            raise ValueError(f"{name}: nobody has the score {hole}, but lower and higher ones occur; join categories")
    return categories, lowest


def code_counts(data: Responses) -> Floats:
    """How often each code occurs."""
    counts = np.zeros(data.first[-1])
    _count_codes(data.start, data.codes, data.weights, counts)
    return counts


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _count_codes(start: Ints, codes: NDArray[np.int32], weights: Floats, counts: Floats) -> None:
    for n in range(len(weights)):
        for j in range(start[n], start[n + 1]):
            counts[codes[j]] += weights[n]


def _problem(
    data: Responses,
    model: Model,
    priors: Priors | None,
    anchors: Mapping[str, Item],
    free_latent: bool | None,
    nodes: int,
) -> tuple[Problem, Bank]:
    asked = priors or Priors()
    moving = bool(anchors) if free_latent is None else free_latent
    if moving and not anchors and asked.b is None:
        raise ValueError("a free latent mean needs anchors or a prior on b, or the scale can slide")
    _enough(data, model, bool(anchors) or asked.b is not None)
    seen = code_counts(data)
    if model.floor and asked.logit_c is None:
        asked = replace(asked, logit_c=FLOOR)
    rows = asked.rows(len(data.items))
    alike = _alike(data, seen)
    for place, weak in ((0, WEAK_LOG_A), (2, WEAK_B)):
        unheld = alike & (rows[:, place + 1] == 0)
        rows[unheld, place], rows[unheld, place + 1] = weak[0], weak[1] ** -2
    if not model.slope:
        rows[:, :2] = 0.0
    rows[:, 4:] *= model.floor
    start = _start(data, model, seen)
    free = _free(start, data, seen, asked)
    for name, item in anchors.items():
        place = data.items.index(name)
        known = banks.bank(model.name, [item]).xi[0]
        start.xi[place] = 0.0
        start.xi[place, 0], start.xi[place, 1 : len(known) - 1], start.xi[place, -1] = known[0], known[1:-1], known[-1]
        free[place], rows[place] = False, 0.0
    return Problem(data, seen, _muted(start, alike, free, asked), grid(nodes), free, rows, moving), start


def _muted(start: Bank, alike: NDArray[np.bool_], free: NDArray[np.bool_], asked: Priors) -> NDArray[np.bool_]:
    """Items that only the weak prior holds."""
    held = asked.b is not None and (asked.log_a is not None or not start.model.slope)
    return np.asarray(alike & free.any(axis=1) & (not held))


def _enough(data: Responses, model: Model, held: bool) -> None:
    if data.n_learners < 2:
        raise ValueError("a calibration needs at least two learners with answers; score one with known items instead")
    needed = 1 if held else 3 if model.slope else 2
    if len(data.items) < needed:
        raise ValueError(f"{model.name} needs at least {needed} items, not {len(data.items)}")


def _alike(data: Responses, seen: Floats) -> NDArray[np.bool_]:
    """Items whose answers all have the same score (those without answers included)."""
    return np.asarray(np.add.reduceat(seen > 0, data.first[:-1], dtype=np.int64) <= 1)


def _free(start: Bank, data: Responses, seen: Floats, asked: Priors) -> NDArray[np.bool_]:
    """Items without answers are estimated only when a prior says where they lie."""
    free = np.zeros(start.xi.shape, bool)
    free[:, 0] = start.model.slope
    free[:, 1:-1] = start.steps
    free[:, -1] = start.model.floor
    silent = np.add.reduceat(seen, data.first[:-1]) == 0
    free[(silent & (asked.b is None)) | (start.categories < 2)] = False
    return free


def _start(data: Responses, model: Model, seen: Floats) -> Bank:
    """Slopes 1; intercepts from the shares of the categories, a little spread as the latent variance asks."""
    counts, first = seen + 0.25, data.first
    xi = np.zeros((len(data.items), max(int(data.categories.max()) - 1, 1) + 2))
    xi[:, 0], xi[:, -1] = 1.0, FLOOR[0] if model.floor else NO_FLOOR
    for item in range(len(xi)):
        own = counts[first[item] : first[item + 1]]
        if len(own) > 1:
            xi[item, 1 : len(own)] = _intercepts(own, model)
    return Bank(model, data.items, xi, data.categories, data.lowest)


def _intercepts(counts: Floats, model: Model) -> Floats:
    if model.family == curves.PARTIAL:
        return np.log(counts[1:] / counts[:-1])
    above = np.cumsum(counts[::-1])[::-1][1:] / counts.sum()
    if model.floor:
        above = np.maximum(above - 0.15, 0.05 * above) / 0.85
    return np.asarray(1.2 * np.log(above / (1 - above)))


def _result(problem: Problem, out: Outcome, errors: Errors, anchors: Mapping[str, Item]) -> Fit:
    items = _silenced(problem, out.items, anchors)
    latent = Latent(items.mean, items.variance, errors.se_mean, errors.se_variance)
    return Fit(
        bank=items,
        latent=latent,
        se_a=errors.se_a,
        se_b=errors.se_b,
        se_c=errors.se_c,
        covariances=errors.covariances,
        shared=errors.shared,
        flags=_flags(problem, items),
        log_likelihood=out.expected.log_likelihood,
        converged=out.converged,
        passes=out.passes,
        n_learners=problem.responses.n_learners,
        n_responses=problem.responses.n_responses,
        n_parameters=_parameters(problem, items),
        nodes=len(problem.over.nodes),
    )


def _silenced(problem: Problem, items: Bank, anchors: Mapping[str, Item]) -> Bank:
    """An item without answers, prior or anchor says nothing: slope 0."""
    silent = ~problem.free.any(axis=1) & ~np.isin(items.names, list(anchors))
    xi = items.xi.copy()
    xi[silent, :-1], xi[silent, -1] = 0.0, NO_FLOOR
    return replace(items, xi=xi)


def _parameters(problem: Problem, items: Bank) -> int:
    latent = 2 if problem.moving else 0 if items.model.slope else 1
    return int(problem.free.sum()) + latent


def _flags(problem: Problem, items: Bank) -> dict[str, str]:
    """What is unusual about an item, by its name."""
    flags = {}
    for number, name in enumerate(items.names):
        own = problem.seen[items.first[number] : items.first[number + 1]]
        flag = _flag(own, items.xi[number])
        if flag and (problem.free[number].any() or not own.any()):
            flags[name] = flag
    return flags


def _flag(own: Floats, xi: Floats) -> str:
    if not own.any():
        return "no answers"
    if (own > 0).sum() == 1:
        return "all right" if own[-1] > 0 else "all wrong"
    if abs(xi[0]) >= STEEPEST or np.abs(xi[1:-1]).max() >= FARTHEST:
        return "at the bound"
    if 0 < abs(xi[0]) < FLAT:
        return "no slope"
    return "negative slope" if xi[0] < 0 else ""

"""The estimator: simulations recover the truth, exact oracles, and what must not matter does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tests.measurement.irt.numbers import drawn
from yincai.measurement import irt
from yincai.measurement.irt import calibration, em, errors
from yincai.measurement.irt.items import model_named

NAN = float("nan")


def z(found: np.ndarray, true: np.ndarray, se: np.ndarray) -> np.ndarray:
    return ((found - true) / se).ravel()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "steps", "c"),
    [("rasch", 1, 0.0), ("2pl", 1, 0.0), ("3pl", 1, 0.2), ("grm", 3, 0.0), ("pcm", 3, 0.0), ("gpcm", 2, 0.0)],
)
def test_recovers_the_truth_within_its_standard_errors(model: str, steps: int, c: float) -> None:
    true, scores = drawn(model, 4000, 20, seed=11, steps=steps, c=c)
    found = irt.fit(scores, model)
    assert found.converged
    pulls = [z(found.b, true.b, found.se_b)]
    if true.model.slope:
        pulls.append(z(found.a, true.a, found.se_a))
    for pull in pulls:
        assert 0.5 < np.sqrt(np.mean(pull**2)) < 1.5
        assert np.abs(pull).max() < 4.5
    if not true.model.slope:
        assert abs(found.latent.variance - 1) < 4 * found.latent.se_variance


def log_likelihood(xi: np.ndarray, scores: np.ndarray, variance: float = 1.0) -> float:
    """Written out, by Gauss–Hermite quadrature: nothing of ours in it. xi: a and d for each item."""
    t, w = np.polynomial.hermite_e.hermegauss(61)
    a, d = xi.reshape(2, -1)
    p = 1 / (1 + np.exp(-(np.outer(t * np.sqrt(variance), a) + d)))
    like = np.exp(scores @ np.log(p).T + (1 - scores) @ np.log(1 - p).T)
    return float(np.log(like @ (w / w.sum())).sum())


def test_is_the_maximum_with_the_observed_information_of_an_independent_likelihood() -> None:
    _, scores = drawn("2pl", 400, 5, seed=3)
    found = irt.fit(scores, tolerance=1e-7)
    start = np.concatenate([found.a, -found.a * found.b])
    assert found.log_likelihood == pytest.approx(log_likelihood(start, scores), abs=1e-4)
    best = minimize(lambda xi: -log_likelihood(xi, scores), start, method="BFGS", options={"gtol": 1e-4})
    assert -best.fun == pytest.approx(found.log_likelihood, abs=1e-4)
    assert np.abs(best.x - start).max() < 2e-3
    h, size = 1e-3, len(start)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            e, f = np.eye(size)[i] * h, np.eye(size)[j] * h
            four = [log_likelihood(start + s * e + t * f, scores) * s * t for s in (1, -1) for t in (1, -1)]
            hessian[i, j] = sum(four) / (4 * h * h)
    covariance = np.linalg.inv(-hessian)
    assert found.se_a == pytest.approx(np.sqrt(np.diag(covariance)[:5]), rel=2e-3)
    a, b, of_a, of_d = found.a, found.b, np.diag(covariance)[:5], np.diag(covariance)[5:]
    both = np.diag(covariance[:5, 5:])
    var_b = of_d / a**2 + of_a * (b / a) ** 2 + 2 * both * b / a**2
    assert found.se_b == pytest.approx(np.sqrt(var_b), rel=2e-3)


def test_rasch_variance_has_its_standard_error() -> None:
    _, scores = drawn("rasch", 500, 6, seed=4)
    found = irt.fit(scores, "rasch", tolerance=1e-8)

    def profile(variance: float) -> float:
        def negative(d: np.ndarray) -> float:
            return -log_likelihood(np.concatenate([np.ones(6), d]), scores, variance)

        return float(-minimize(negative, -found.b, method="BFGS").fun)

    h, at = 0.02, found.latent.variance
    curvature = (profile(at + h) - 2 * profile(at) + profile(at - h)) / h**2
    assert found.latent.se_variance == pytest.approx(np.sqrt(-1 / curvature), rel=0.02)


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["rasch", "2pl", "grm"]))
def test_order_of_learners_and_items_does_not_matter(random: object, model: str) -> None:
    _, scores = drawn(model, 300, 6, seed=5, steps=2 if model == "grm" else 1)
    rng = np.random.default_rng(random.randint(0, 10**6))  # type: ignore[attr-defined]
    rows, columns = rng.permutation(300), rng.permutation(6)
    one, other = irt.fit(scores, model), irt.fit(scores[rows][:, columns], model)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-4)
    assert other.b == pytest.approx(one.b[columns], abs=1e-3)
    assert other.scores(scores[rows][:, columns]).theta == pytest.approx(one.scores(scores).theta[rows], abs=1e-3)


def test_relabelling_right_and_wrong_turns_the_scale_over() -> None:
    _, scores = drawn("2pl", 500, 8, seed=6)
    one, other = irt.fit(scores), irt.fit(1 - scores)
    assert other.a == pytest.approx(one.a, abs=2e-3)
    assert other.b == pytest.approx(-one.b, abs=2e-3)


def test_missing_at_random_does_not_bias() -> None:
    true, scores = drawn("2pl", 2500, 15, seed=7)
    scores[np.random.default_rng(1).random(scores.shape) < 0.3] = NAN
    found = irt.fit(scores)
    assert np.sqrt(np.mean(z(found.a, true.a, found.se_a) ** 2)) < 1.5
    assert np.sqrt(np.mean(z(found.b, true.b, found.se_b) ** 2)) < 1.5


def test_dense_sparse_and_streamed_agree() -> None:
    _, scores = drawn("2pl", 800, 25, seed=8)
    scores[np.random.default_rng(2).random(scores.shape) < 0.2] = NAN
    learner, item = np.nonzero(~np.isnan(scores))
    score = scores[learner, item].astype(np.int64)
    mixed = np.random.default_rng(3).permutation(len(score))
    dense = irt.fit(scores)
    sparse = irt.fit(irt.triplets(learner[mixed], item[mixed], score[mixed]))
    halves = [(learner[mixed][part::2], item[mixed][part::2], score[mixed][part::2]) for part in (0, 1)]
    streamed = irt.fit_streamed(halves, tolerance=1e-5)
    assert sparse.log_likelihood == pytest.approx(dense.log_likelihood, abs=1e-4)
    assert sparse.se_b == pytest.approx(dense.se_b, rel=1e-3)
    assert streamed.b == pytest.approx(dense.b, abs=2e-3)
    assert streamed.se_a == pytest.approx(dense.se_a, rel=0.2)  # item by item


def test_anchors_bring_the_scale() -> None:
    true, _ = drawn("2pl", 1, 12, seed=9)
    rng = np.random.default_rng(10)
    scores = irt.simulate(true, rng.normal(0.7, 1.3, 6000), rng)
    anchors = {name: true.item(name) for name in true.names[:6]}
    found = irt.fit(scores, anchors=anchors)
    assert found.a[:6] == pytest.approx(true.a[:6])
    assert np.isnan(found.se_a[:6]).all()
    assert abs(found.latent.mean - 0.7) < 4 * found.latent.se_mean
    assert abs(found.latent.variance - 1.69) < 4 * found.latent.se_variance
    assert np.abs(z(found.b, true.b, found.se_b)[6:]).max() < 4
    with pytest.raises(ValueError, match="anchor"):
        irt.fit(scores, anchors={"nobody": irt.Item(1.0, 0.0)})


def test_a_prior_pulls_and_a_flat_one_does_not() -> None:
    _, scores = drawn("2pl", 200, 10, seed=12)
    plain = irt.fit(scores)
    flat = irt.fit(scores, priors=irt.Priors(b=(0.0, 1e4), log_a=(0.0, 1e4)))
    tight = irt.fit(scores, priors=irt.Priors(b=(0.0, 0.2), log_a=(0.0, 0.1)))
    assert flat.b == pytest.approx(plain.b, abs=0.01)
    assert np.abs(tight.b).max() < np.abs(plain.b).max()
    assert (tight.se_b < plain.se_b).all()
    by_item = irt.fit(scores, priors=irt.Priors(b=(np.linspace(-1, 1, 10), 0.01)))
    assert by_item.b == pytest.approx(np.linspace(-1, 1, 10), abs=0.05)


@pytest.mark.parametrize("model", ["rasch", "2pl", "3pl"])
def test_items_all_right_all_wrong_and_empty(model: str) -> None:
    _, scores = drawn(model, 1000, 10, seed=13)
    scores[:, 0], scores[:, 1], scores[:, 2] = 1.0, 0.0, NAN
    found = irt.fit(scores, model)
    assert found.flags == {"item1": "all right", "item2": "all wrong", "item3": "no answers"}
    assert found.b[0] < -2 < 2 < found.b[1]
    assert np.isnan(found.b[2])
    assert np.isfinite(np.delete(found.b, 2)).all()
    assert np.isfinite(np.delete(found.se_b, 2)).all()
    assert np.isfinite(found.scores(scores).theta).all()
    assert found.marginal_reliability > 0


def test_graded_items_with_one_category_say_nothing() -> None:
    _, scores = drawn("grm", 1000, 6, seed=14, steps=2)
    scores[:, 0] = 1
    found = irt.fit(scores, "grm")
    assert np.isnan(found.a[0])
    assert np.isnan(found.b[0]).all()
    assert np.isfinite(found.b[1:]).all()
    shifted = irt.fit(scores[:, 1:] + 1, "grm")
    assert shifted.b == pytest.approx(found.b[1:], rel=2e-3, abs=2e-3)


def test_what_cannot_be_calibrated_says_why() -> None:
    _, scores = drawn("2pl", 50, 5, seed=15)
    for broken, reason in [
        (scores[:1], "two learners"),
        (scores[:, :2], "at least 3 items"),
        (scores[:0], "empty"),
        (scores[0], "table"),
        (scores + 0.5, "whole numbers"),
        (scores * 2, "scores run from 0 to 2"),
        (np.full((5, 5), NAN), "two learners"),
        (scores.astype(str), "numbers"),
    ]:
        with pytest.raises(ValueError, match=reason):
            irt.fit(broken)
    with pytest.raises(ValueError, match="nobody has the score 1"):
        irt.fit(scores * 2, "grm")
    with pytest.raises(ValueError, match="no model"):
        irt.fit(scores, "4pl")
    with pytest.raises(ValueError, match="slide"):
        irt.fit(scores, free_latent=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 12), st.integers(3, 6), st.integers(0, 10**6), st.sampled_from(["rasch", "2pl"]))
def test_tiny_tables_end_finite(learners: int, items: int, seed: int, model: str) -> None:
    scores = np.random.default_rng(seed).integers(0, 2, (learners, items)).astype(float)
    found = irt.fit(scores, model, max_passes=100)
    assert np.isfinite(found.log_likelihood)
    assert np.isfinite(found.a).all()
    assert np.isfinite(found.scores(scores).theta).all()


@pytest.mark.parametrize(("model", "steps"), [("2pl", 1), ("grm", 2)])
def test_a_slope_without_end_stops_at_its_bound(model: str, steps: int) -> None:
    """An item that was asked twice: the two would be one with a slope that grows for ever."""
    _, scores = drawn(model, 500, 8, seed=5, steps=steps)
    scores[:, 1] = scores[:, 0]
    found = irt.fit(scores, model)
    assert found.converged
    assert found.passes < 60
    assert found.a[:2] == pytest.approx(20)
    assert found.flags == {"item1": "at the bound", "item2": "at the bound"}
    assert np.isnan(found.se_a[:2]).all()
    assert np.isfinite(found.se_b).all()
    assert found.a[2:].max() < 2


@pytest.mark.parametrize("seed", [1, 3])
def test_three_parameters_on_few_answers_come_to_rest(seed: int) -> None:
    _, scores = drawn("3pl", 150, 10, seed=seed, c=0.2)
    found = irt.fit(scores, "3pl", standard_errors=False)
    assert found.converged
    assert found.passes < 200
    assert np.abs(found.a).max() <= 20


def test_learners_without_answers_change_nothing() -> None:
    _, scores = drawn("2pl", 200, 6, seed=16)
    more = np.vstack([scores, np.full((50, 6), NAN)])
    one, other = irt.fit(scores), irt.fit(more)
    assert other.b == pytest.approx(one.b, abs=1e-6)
    assert other.n_learners == 200
    assert other.scores(more).theta[-1] == pytest.approx(0.0, abs=1e-9)


class Memory:
    def __init__(self) -> None:
        self.held: dict[str, np.ndarray] | None = None

    def load(self) -> dict[str, np.ndarray] | None:
        return self.held

    def save(self, state: dict[str, np.ndarray]) -> None:
        self.held = state


class Stopped(Exception):
    pass


def test_a_stopped_fit_goes_on_from_its_checkpoint() -> None:
    _, scores = drawn("2pl", 500, 10, seed=17)
    learner, item = np.indices(scores.shape).reshape(2, -1)
    batches = [(learner, item, scores.ravel().astype(np.int64))]
    whole = irt.fit_streamed(batches, tolerance=1e-6)
    memory, told = Memory(), []

    def stop(progress: irt.Progress) -> None:
        told.append(progress)
        if progress.passes == 6:
            raise Stopped

    with pytest.raises(Stopped):
        irt.fit_streamed(batches, tolerance=1e-6, checkpoint=memory, progress=stop)
    resumed = irt.fit_streamed(batches, tolerance=1e-6, checkpoint=memory, progress=told.append)
    assert [each.passes for each in told[:6]] == [1, 2, 3, 4, 5, 6]
    assert told[6].passes == 6  # the pass that was stopped is done again
    assert resumed.b == pytest.approx(whole.b, abs=1e-5)
    with pytest.raises(ValueError, match="another fit"):
        irt.fit_streamed(batches, "rasch", checkpoint=memory)


def test_batches_are_checked() -> None:
    one = np.zeros(1, np.int64)
    broken: list[tuple[Any, str]] = [
        (iter([(one, one, one)]), "read twice"),
        ([(one - 1, one, one)], "learner numbers"),
        ([(one, one + 9, one)], "item numbers"),
        ([(one, one, one - 1)], "scores"),
        ([(one, one, one[:0])], "same length"),
        ([(one + 0.5, one, one)], "whole numbers"),
        ([], "no responses"),
    ]
    for batches, reason in broken:
        with pytest.raises(ValueError, match=reason):
            irt.fit_streamed(batches, n_items=3)


@pytest.mark.parametrize("model", ["2pl", "3pl", "grm"])
def test_scores_of_all_codes_at_once_are_those_of_each_code(model: str) -> None:
    """Learners with few answers take one way, those with many the other: alone and beside each other they agree."""
    _, scores = drawn(model, 60, 24, seed=21, steps=3 if model == "grm" else 1, c=0.2 if model == "3pl" else 0.0)
    problem, start = calibration._problem(irt.pack(scores), model_named(model), None, {}, None, 61)
    out = em.climb(problem, start, tolerance=1e-3, most=30)
    across = errors._estimated(problem, out.items).reshape(-1, problem.over.width)
    weights = np.random.default_rng(5).normal(size=(4, problem.over.width))
    for lo, hi in ((3, 3), (3, 4), (10, 17), (0, 61)):
        sums = np.empty((4, len(across)))
        errors._all_dots(weights, np.ascontiguousarray(across.T), lo, hi, sums)
        alone = [errors._four_dots(weights, across.ravel(), row, lo, hi) for row in range(len(across))]
        assert sums == pytest.approx(np.array(alone).T, rel=1e-9, abs=1e-12)


@pytest.mark.slow
def test_the_short_way_to_the_errors_of_a_long_test() -> None:
    """Without the full matrix, as with it."""
    _, scores = drawn("2pl", 2500, 510, seed=18)
    scores[np.random.default_rng(4).random(scores.shape) < 0.3] = NAN
    data = irt.pack(scores)
    short = irt.fit(data)
    model = short.bank.model
    problem, start = calibration._problem(calibration._fitting(data, model, {}), model, None, {}, None, 121)
    out = em.climb(problem, start, tolerance=1e-4, most=100)
    full = errors.observed_errors(problem, out)
    assert short.n_parameters > errors.LARGE
    assert short.se_a == pytest.approx(full.se_a, rel=2e-3)
    assert short.se_b == pytest.approx(full.se_b, rel=2e-3)


@pytest.mark.slow
def test_slopes_are_as_good_as_with_known_abilities() -> None:
    """RMSE(a) over 5 seeds, against the standard error when the abilities are known."""
    squares, known = [], []
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)
        made = [
            irt.Item(float(a), float(b))
            for a, b in zip(rng.lognormal(0, 0.3, 1000), rng.normal(size=1000), strict=True)
        ]
        true, theta = irt.bank("2pl", made), rng.normal(size=10_000)
        found = irt.fit(irt.simulate(true, theta, rng), standard_errors=False)
        squares.append((found.a - true.a) ** 2)
        p = true.probabilities(theta)[:, :, 1]
        w = p * (1 - p)
        aa, ad, dd = (theta[:, None] ** 2 * w).sum(0), (theta[:, None] * w).sum(0), w.sum(0)
        known.append(dd / (aa * dd - ad**2))
    ratio = float(np.sqrt(np.mean(squares) / np.mean(known)))
    assert ratio <= 1.08

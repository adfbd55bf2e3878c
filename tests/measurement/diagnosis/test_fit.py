"""Fitting: against a likelihood written out by hand, against the truth of simulations, and under change of order."""

from __future__ import annotations

import doctest
import importlib
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from tests.measurement.diagnosis.simulated import SHARES, Q, additive, dina
from yincai.measurement import diagnosis
from yincai.measurement.diagnosis import em
from yincai.measurement.diagnosis.classes import Design, Floats, design
from yincai.measurement.diagnosis.em import Answers, State, answers_of, expect, gradient, kernel
from yincai.measurement.diagnosis.information import covariance

PARTS = ("classes", "fitting", "scoring", "q_validation")


@pytest.mark.parametrize("part", PARTS)
def test_examples_in_the_docstrings(part: str) -> None:
    found = doctest.testmod(importlib.import_module(f"yincai.measurement.diagnosis.{part}"))
    assert found.attempted
    assert not found.failed


def by_hand(responses: Floats, classes: Floats, success: Floats) -> float:
    """Log-likelihood with loops: `classes` are probabilities, `success` (classes, items)."""
    total = 0.0
    for answers in responses:
        likelihood = 0.0
        for probability, row in zip(classes, success, strict=True):
            each = [p if y == 1 else 1 - p for y, p in zip(answers, row, strict=True) if not np.isnan(y)]
            likelihood += probability * np.prod(each)
        total += np.log(likelihood)
    return float(total)


def success_by_hand(model: str, found: diagnosis.Diagnosis, classes: list[tuple[int, ...]], q: Floats) -> Floats:
    table = np.zeros((len(classes), len(q)))
    for (row, held), item in product(enumerate(classes), range(len(q))):
        mine = [held[skill] for skill in np.flatnonzero(q[item])]
        group = {"dina": all(mine), "dino": any(mine), "gdina": sum(bit << n for n, bit in enumerate(mine))}[model]
        table[row, item] = found.success[item][int(group)]
    return table


@pytest.mark.parametrize("model", diagnosis.MODELS)
def test_log_likelihood_is_the_one_written_out(model: str) -> None:
    responses = dina(3, learners=80, missing=0.2).responses
    found = diagnosis.fit(responses, Q, model)
    classes = [tuple(int(bit) for bit in row) for row in found.design.classes]
    expected = by_hand(responses, found.class_probability, success_by_hand(model, found, classes, Q))
    assert found.log_likelihood == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("model", diagnosis.MODELS)
def test_every_em_step_raises_the_likelihood(model: str) -> None:
    answers = answers_of(dina(5, learners=100).responses, len(Q))
    plan = design(model, Q, diagnosis.allowed_classes(3))
    kern = kernel(plan)
    share = plan.group_of / np.maximum(1, plan.group_of.max())
    state = State(0.3 + 0.4 * share, plan.sizes / plan.sizes.sum())
    seen = []
    for _ in range(30):
        found = expect(answers, kern, state)
        seen.append(found.log_likelihood)
        state = em.maximise(answers, kern, state, found)
    assert (np.diff(seen) > -1e-9).all()


@pytest.mark.parametrize("model", ["dina", "gdina"])
def test_simulated_truth_comes_back(model: str) -> None:
    truth = dina(1, learners=6000, missing=0.1)
    found = diagnosis.fit(truth.responses, Q, model)
    assert np.abs(found.guess - 0.2).max() < 0.05
    assert np.abs(found.slip - 0.15).max() < 0.05
    assert np.abs(found.skill_probability - SHARES).max() < 0.03
    assert found.converged
    assert found.skill_determined.all()


def test_dino_is_dina_of_the_opposites() -> None:
    """Who lacks a skill where DINO needs one, lacks all: both models mirror each other (Köhn & Chiu 2016)."""
    responses = dina(2).responses
    dino = diagnosis.fit(responses, Q, "dino", tolerance=1e-8)
    mirrored = diagnosis.fit(1 - responses, Q, "dina", tolerance=1e-8)
    assert dino.log_likelihood == pytest.approx(mirrored.log_likelihood, abs=1e-3)
    assert dino.guess == pytest.approx(mirrored.slip, abs=2e-3)
    assert dino.skill_probability == pytest.approx(1 - mirrored.skill_probability, abs=2e-3)


def test_gdina_delta_of_an_additive_truth() -> None:
    found = diagnosis.fit(additive(4).responses, Q, "gdina")
    assert found.terms(3) == ((), (0,), (1,), (0, 1))
    off = (found.delta(3) - [0.15, 0.35, 0.35, 0.0]) / found.delta_se(3)
    assert np.abs(off).max() < 4
    assert found.delta(3).sum() == pytest.approx(found.success[3][-1])


def test_delta_is_only_of_gdina() -> None:
    with pytest.raises(ValueError, match="guess and slip"):
        diagnosis.fit(dina(1).responses, Q).delta(0)


def test_standard_errors_are_the_curvature_of_the_log_likelihood() -> None:
    """The analytic information against second differences of the likelihood, with the patterns' sum kept."""
    answers = answers_of(dina(8, learners=300, missing=0.1).responses, len(Q))
    plan = design("dina", Q, diagnosis.allowed_classes(3))
    found = diagnosis.fit(dina(8, learners=300, missing=0.1).responses, Q, tolerance=1e-10)
    information = -_second_differences(answers, plan, found.state)
    numeric = np.sqrt(np.diag(np.linalg.inv(information)))[: len(plan.item_of)]
    analytic = np.sqrt(np.diag(covariance(answers, kernel(plan), found.state).success))
    assert analytic == pytest.approx(numeric, rel=2e-3)


def _second_differences(answers: Answers, plan: Design, state: State) -> Floats:
    kern, columns = kernel(plan), len(plan.item_of)

    def likelihood(point: Floats) -> float:
        patterns = np.append(point[columns:], 1 - point[columns:].sum())
        return expect(answers, kern, State(point[:columns], patterns)).log_likelihood

    def slope(point: Floats) -> Floats:
        return np.array(
            [(likelihood(point + step) - likelihood(point - step)) / 2e-4 for step in 1e-4 * np.eye(len(point))]
        )

    return np.asarray(approx_fprime(np.append(state.success, state.patterns[:-1]), slope, 1e-4))


@pytest.mark.slow
def test_standard_errors_are_the_spread_of_repeated_samples() -> None:
    fits = [diagnosis.fit(dina(seed, missing=0.1).responses, Q) for seed in range(150)]
    for value, error in (("guess", "guess_se"), ("slip", "slip_se"), ("skill_probability", "skill_se")):
        spread = np.std([getattr(each, value) for each in fits], axis=0)
        told = np.mean([getattr(each, error) for each in fits], axis=0)
        assert np.abs(told / spread - 1).max() < 0.25
        assert np.abs((told / spread).mean() - 1) < 0.08


def test_at_the_end_no_resting_pattern_would_raise_the_likelihood() -> None:
    rng = np.random.default_rng(5)
    q = np.eye(11)[np.arange(22) % 11]
    q[np.arange(22), rng.integers(0, 11, 22)] = 1
    able = ((rng.normal(size=(150, 1)) + rng.normal(size=(150, 11)) > 0)[:, None, :] >= q).all(axis=2)
    responses = (rng.random(able.shape) < np.where(able, 0.85, 0.2)).astype(float)
    found = diagnosis.fit(responses, q, standard_errors=False)
    assert len(found.design.sizes) > em.REST_FROM
    answers, kern = answers_of(responses, len(q)), kernel(found.design)
    resting = found.state.patterns < em.RESTING
    assert resting.mean() > 0.5
    assert gradient(answers, kern, found.state)[resting].max() < em.RAISES
    plain = em.squarem(answers, kern, found.state, 1e-5, 3000)
    assert plain.log_likelihood - found.log_likelihood < 0.05


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_order_of_learners_items_and_skills_does_not_matter(chance: object) -> None:
    responses = dina(6, learners=200).responses
    plain = diagnosis.fit(responses, Q, standard_errors=False, tolerance=1e-8)
    rng = np.random.default_rng(chance.randint(0, 10**6))  # type: ignore[attr-defined]
    learners, items, skills = (rng.permutation(size) for size in (*responses.shape, 3))
    moved = diagnosis.fit(responses[learners][:, items], Q[items][:, skills], standard_errors=False, tolerance=1e-8)
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-4)
    assert moved.guess == pytest.approx(plain.guess[items], abs=1e-3)
    assert moved.skill_probability == pytest.approx(plain.skill_probability[skills], abs=1e-3)


def test_answers_missing_at_random_leave_the_estimates_where_they_are() -> None:
    whole, holes = dina(9, learners=4000).responses, dina(9, learners=4000).responses
    holes[np.random.default_rng(0).random(holes.shape) < 0.3] = np.nan
    full, thin = diagnosis.fit(whole, Q), diagnosis.fit(holes, Q)
    assert np.abs((full.guess - thin.guess) / thin.guess_se).max() < 3.5
    assert (thin.guess_se > full.guess_se).mean() > 0.8


@pytest.mark.parametrize("model", diagnosis.MODELS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_and_all_wrong_end_on_the_bound(model: str, value: float) -> None:
    found = diagnosis.fit(np.full((20, len(Q)), value), Q, model)
    assert found.log_likelihood == pytest.approx(0, abs=1e-3)
    assert np.isfinite(found.skill_probability).all()
    assert str(found)


def test_one_learner_and_one_item() -> None:
    assert np.isfinite(diagnosis.fit([[1.0] * len(Q)], Q).log_likelihood)
    one = diagnosis.fit([[1.0], [0.0], [1.0], [1.0]], [[1]])
    assert one.log_likelihood == pytest.approx(3 * np.log(0.75) + np.log(0.25), abs=1e-5)


@pytest.mark.parametrize(
    ("responses", "q", "message"),
    [
        (np.zeros((0, 2)), np.eye(2), "no learners"),
        ([[0, 1, 1]], np.eye(2), "2 items"),
        ([[0, 2]], np.eye(2), "0, 1 or missing"),
        ([[0, np.nan]], np.eye(2), "item 2"),
        ([[0, 1]], [[1, 0], [0, 0]], "item 2"),
        ([[0, 1]], [[1, 0], [1, 0]], "skill 2"),
        ([[0, 1]], [[1, 0], [3, 1]], "only 0 and 1"),
        ([[0, 1]], [1, 0], "items × skills"),
    ],
)
def test_tables_that_do_not_fit_are_refused(responses: object, q: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        diagnosis.fit(responses, q)  # type: ignore[arg-type]


def test_unknown_model_and_no_starts_are_refused() -> None:
    with pytest.raises(ValueError, match="rasch"):
        diagnosis.fit([[0, 1]], np.eye(2), "rasch")
    with pytest.raises(ValueError, match="start"):
        diagnosis.fit([[0, 1]], np.eye(2), starts=0)


def test_starts_tell_how_many_agree() -> None:
    found = diagnosis.fit(dina(1).responses, Q, starts=4, standard_errors=False)
    assert len(found.starts.log_likelihoods) == 4
    assert found.starts.agreeing == 4
    assert "4 within" in str(found)
    assert diagnosis.Starts((-10.0, -12.0, -10.001)).maxima == 2
    assert diagnosis.Starts((-10.0, -12.0, -10.001)).agreeing == 2


class TestHierarchy:
    def test_classes_respect_it(self) -> None:
        classes = diagnosis.allowed_classes(4, [(0, 1), (0, 2), (1, 3)])
        assert len(classes) == 7
        assert (classes[:, 1] <= classes[:, 0]).all()
        assert (classes[:, 3] <= classes[:, 1]).all()

    @given(st.integers(1, 6))
    def test_a_chain_has_one_class_more_than_skills(self, skills: int) -> None:
        chain = [(skill, skill + 1) for skill in range(skills - 1)]
        assert len(diagnosis.allowed_classes(skills, chain)) == skills + 1

    def test_a_circle_and_an_unknown_skill_are_refused(self) -> None:
        with pytest.raises(ValueError, match="circle"):
            diagnosis.allowed_classes(3, [(0, 1), (1, 2), (2, 0)])
        with pytest.raises(ValueError, match="outside"):
            diagnosis.allowed_classes(3, [(0, 3)])
        with pytest.raises(ValueError, match="between"):
            diagnosis.allowed_classes(21)

    def test_fit_gives_nothing_to_forbidden_classes_and_recovers_the_truth(self) -> None:
        rng = np.random.default_rng(3)
        level = rng.choice(4, 3000, p=[0.2, 0.3, 0.3, 0.2])
        holds = level[:, None] > np.arange(3)
        able = (holds[:, None, :] >= Q).all(axis=2)
        responses = (rng.random(able.shape) < np.where(able, 0.9, 0.2)).astype(float)
        found = diagnosis.fit(responses, Q, "gdina", prerequisites=[(0, 1), (1, 2)])
        assert found.class_probability == pytest.approx([0.2, 0.3, 0.3, 0.2], abs=0.04)
        assert np.isnan(found.success[3][2])  # skill 2 without skill 1: nobody
        assert np.isnan(found.delta(3)[2])
        assert np.isfinite(found.delta(3)[:2]).all()


def test_a_search_keeps_what_is_best_and_says_what_it_gained() -> None:
    told = additive(2, learners=500)
    plain = diagnosis.fit(told.responses, Q, "gdina", standard_errors=False)
    found = diagnosis.fit(told.responses, Q, "gdina", search=True, standard_errors=False)
    assert found.log_likelihood >= plain.log_likelihood - 1e-6
    assert found.starts.searched >= 12
    assert found.log_likelihood == pytest.approx(plain.log_likelihood + found.starts.gained, abs=1e-6)
    assert "steps of search" in str(found) and "not looked for" not in str(found)
    again = diagnosis.fit(told.responses, Q, "gdina", search=True, standard_errors=False)
    assert again.log_likelihood == found.log_likelihood
    assert plain.starts.searched == 0

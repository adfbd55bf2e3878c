"""What must not matter does not, for every model, the scores and the check of the Q-matrix. The rest: test_fit.py,
test_scoring.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.diagnosis.simulated import Q, dina
from yincai.measurement import diagnosis

FEW = settings(max_examples=4, deadline=None)
SEEDS = st.integers(0, 10_000)
MODELS = pytest.mark.parametrize("model", diagnosis.MODELS)


def fitted(responses: np.ndarray, q: np.ndarray = Q, model: str = "gdina") -> diagnosis.Diagnosis:
    return diagnosis.fit(responses, q, model, standard_errors=False, tolerance=1e-8)


@MODELS
@FEW
@given(seed=SEEDS)
def test_no_order_matters_to_a_model(model: str, seed: int) -> None:
    responses = dina(6, learners=150, missing=0.1).responses
    rng = np.random.default_rng(seed)
    learners, items, skills = (rng.permutation(size) for size in (*responses.shape, 3))
    one, other = fitted(responses, model=model), fitted(responses[learners][:, items], Q[items][:, skills], model)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-3)
    assert other.skill_probability == pytest.approx(one.skill_probability[skills], abs=5e-3)
    told, again = (diagnosis.score(each, table).skills for each, table in (
        (one, responses), (other, responses[learners][:, items])
    ))  # fmt: skip
    assert again == pytest.approx(told[learners][:, skills], abs=0.02)


@FEW
@given(seed=SEEDS)
def test_no_order_matters_to_the_check_of_the_q_matrix(seed: int) -> None:
    responses = dina(7, learners=600).responses
    rng = np.random.default_rng(seed)
    items, skills = rng.permutation(len(Q)), rng.permutation(3)
    one = diagnosis.validate_q(fitted(responses), responses)
    moved = responses[:, items]
    other = diagnosis.validate_q(fitted(moved, Q[items][:, skills]), moved)
    for verdict in other:
        before = one[items[verdict.item]]
        assert {skills[k] for k in verdict.skills} == set(before.skills)
        assert verdict.pvaf == pytest.approx(before.pvaf, abs=5e-3)
        assert {skills[k] for k in verdict.suggested} == set(before.suggested)


def test_right_and_wrong_swapped_turn_gdina_over() -> None:
    """The opposite of a skill is a skill: G-DINA of the opposite answers has the opposite classes."""
    responses = dina(8, learners=400).responses
    one, other = fitted(responses), fitted(1 - responses)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=0.01)


@MODELS
def test_answers_missing_at_random_leave_the_skills_where_they_are(model: str) -> None:
    whole = dina(9, learners=1500).responses
    holed = whole.copy()
    holed[np.random.default_rng(0).random(whole.shape) < 0.25] = np.nan
    full, thin = (diagnosis.fit(each, Q, model) for each in (whole, holed))
    assert np.abs((full.skill_probability - thin.skill_probability) / thin.skill_se).max() < 3.5
    assert (thin.skill_se > full.skill_se).all()
    assert np.abs(diagnosis.score(full, holed).skills - diagnosis.score(thin, holed).skills).mean() < 0.05


@MODELS
def test_extreme_pupils_and_one_alone(model: str) -> None:
    found = fitted(dina(10, learners=300).responses, model=model)
    ends = diagnosis.score(found, np.array([np.ones(len(Q)), np.zeros(len(Q))])).skills
    assert (ends[0] > ends[1]).all()
    alone = fitted(np.array([[1.0, 0.0, 1.0] * 5]), model=model)
    assert np.isfinite(alone.log_likelihood)
    assert np.isfinite(alone.skill_probability).all()
    assert diagnosis.score(alone, np.full((2, len(Q)), np.nan)).skills[1] == pytest.approx(alone.skill_probability)


@MODELS
def test_nobody_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="no learners"):
        fitted(np.zeros((0, len(Q))), model=model)


def test_the_check_of_the_q_matrix_ends_where_all_is_right_or_wrong() -> None:
    for value in (0.0, 1.0):
        responses = np.full((30, len(Q)), value)
        verdicts = diagnosis.validate_q(fitted(responses), responses)
        assert [each.item for each in verdicts] == list(range(len(Q)))
        assert all(0 <= each.pvaf <= 1 for each in verdicts)

"""Scoring pupils and doubting the Q-matrix."""

from __future__ import annotations

import numpy as np
import pytest

from tests.measurement.diagnosis.simulated import Q, additive, dina
from yincai.measurement import diagnosis


@pytest.fixture(scope="module")
def model() -> diagnosis.Diagnosis:
    return diagnosis.fit(dina(1, learners=2000).responses, Q)


def test_posterior_is_bayes_by_hand(model: diagnosis.Diagnosis) -> None:
    answers = dina(20, learners=5, missing=0.3).responses
    classes = model.design.classes
    able = (classes[:, None, :] >= Q).all(axis=2)
    success = np.where(able, 1 - model.slip, model.guess)
    for row, posterior in zip(answers, diagnosis.class_posterior(model, answers), strict=True):
        each = np.where(np.isnan(row), 1.0, np.where(row == 1, success, 1 - success))
        expected = model.class_probability * each.prod(axis=1)
        assert posterior == pytest.approx(expected / expected.sum(), abs=1e-9)


def test_new_pupils_are_told_as_rightly_as_expected(model: diagnosis.Diagnosis) -> None:
    truth = dina(21, learners=3000)
    scores = diagnosis.score(model, truth.responses)
    hit = ((scores.skills > 0.5) == truth.holds).mean(axis=0)
    assert hit == pytest.approx(scores.expected_accuracy, abs=0.02)
    assert hit.min() > 0.85


def test_posteriors_of_new_pupils_are_calibrated(model: diagnosis.Diagnosis) -> None:
    truth = dina(22, learners=4000)
    told, held = diagnosis.score(model, truth.responses).skills.ravel(), truth.holds.ravel()
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        some = (told >= low) & (told < high)
        assert held[some].mean() == pytest.approx(told[some].mean(), abs=0.05)


def test_alone_or_in_a_crowd_is_the_same(model: diagnosis.Diagnosis) -> None:
    many = dina(23, learners=50).responses
    together = diagnosis.score(model, many)
    alone = diagnosis.score(model, many[17:18])
    assert alone.skills[0] == pytest.approx(together.skills[17])
    assert (alone.likely[0] == together.likely[17]).all()
    assert alone.certainty[0] == pytest.approx(together.certainty[17])


def test_nobody_and_somebody_without_answers(model: diagnosis.Diagnosis) -> None:
    assert diagnosis.score(model, np.zeros((0, len(Q)))).skills.shape == (0, 3)
    assert diagnosis.class_posterior(model, np.zeros((0, len(Q)))).shape == (0, 8)
    blank = diagnosis.score(model, np.full((1, len(Q)), np.nan))
    assert blank.skills[0] == pytest.approx(model.skill_probability)


def test_a_right_answer_never_lowers_a_skill(model: diagnosis.Diagnosis) -> None:
    for answers in dina(24, learners=20).responses:
        base = np.where(np.arange(len(Q)) == 3, np.nan, answers)
        right, wrong = (np.where(np.arange(len(Q)) == 3, value, base) for value in (1.0, 0.0))
        scores = diagnosis.score(model, [right, wrong]).skills
        assert (scores[0, :2] >= scores[1, :2] - 1e-12).all()


def test_classes_that_no_answer_tells_apart_share_alike() -> None:
    q = np.array([[1, 1], [1, 0]] * 3)  # skill 2 shows only in those who hold skill 1
    rng = np.random.default_rng(0)
    able = ((rng.random((400, 1, 2)) < 0.5) >= q).all(axis=2)
    found = diagnosis.fit((rng.random(able.shape) < np.where(able, 0.9, 0.1)).astype(float), q)
    assert found.skill_determined.tolist() == [True, False]
    none, only_second = found.class_probability[0], found.class_probability[2]
    assert none == pytest.approx(only_second)


class TestQMatrix:
    def test_a_right_one_is_left_alone(self) -> None:
        responses = additive(1).responses
        verdicts = diagnosis.validate_q(diagnosis.fit(responses, Q, "gdina", standard_errors=False), responses)
        assert sum(each.agrees for each in verdicts) >= len(Q) - 1

    def test_a_missing_and_a_needless_skill_are_found(self) -> None:
        responses = additive(2).responses
        wrong = Q.copy()
        wrong[3] = [1, 0, 0]  # truly needs skills 0 and 1
        wrong[5] = [1, 0, 1]  # truly needs skill 0 alone
        verdicts = diagnosis.validate_q(diagnosis.fit(responses, wrong, "gdina", standard_errors=False), responses)
        assert verdicts[3].suggested == (0, 1)
        assert verdicts[5].suggested == (0,)
        assert not verdicts[3].agrees
        assert verdicts[3].pvaf < 0.95 <= verdicts[3].suggested_pvaf

    def test_all_skills_explain_all(self) -> None:
        responses = additive(3, learners=500).responses
        model = diagnosis.fit(responses, Q, "gdina", standard_errors=False)
        for each in diagnosis.validate_q(model, responses, epsilon=1.0):
            assert each.suggested_pvaf == pytest.approx(1.0)

    def test_another_model_or_epsilon_is_refused(self, model: diagnosis.Diagnosis) -> None:
        with pytest.raises(ValueError, match="gdina"):
            diagnosis.validate_q(model, np.zeros((1, len(Q))))
        responses = additive(3, learners=100).responses
        with pytest.raises(ValueError, match="epsilon"):
            diagnosis.validate_q(diagnosis.fit(responses, Q, "gdina", standard_errors=False), responses, epsilon=0)

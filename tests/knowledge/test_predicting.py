"""What item parameters say of an answer beforehand: right where they are, and found out where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.indicators import auditing
from yincai.indicators.cards import MODELS
from yincai.knowledge import predicting
from yincai.knowledge.actions.calibrate import decide_calibration
from yincai.knowledge.models import Calibration, CalibrationState
from yincai.knowledge.pool import Pool, whole_pool
from yincai.knowledge.predicting import Given, metrics_with, places_of, predicted, predictions, without_itself
from yincai.knowledge.priors import Parameters, prior, prior_of


def answered(of: Parameters, at: Any, person: Any, seed: int, harder: Any = 0.0) -> Any:
    chance = np.random.default_rng(seed)
    theta = chance.normal(0.0, 1.0, int(person.max()) + 1)[person]
    one = of.chosen(at)
    p = one.c + (1 - one.c) / (1 + np.exp(-one.a * (theta - one.b - harder)))
    return (chance.random(len(p)) < p).astype(float)


def test_predictions_leave_the_answer_itself_out_and_are_right_on_average() -> None:
    chance = np.random.default_rng(2)
    of = prior(chance.normal(0, 0.8, 20), np.zeros(20), np.full(20, 6), np.ones(20, bool))
    person, at = np.repeat(np.arange(300), 10), np.tile(np.arange(20), 150)
    right = answered(of, at, person, 1)
    p = without_itself(person, of.chosen(at), right)
    assert abs(p.mean() - right.mean()) < 0.02
    changed = right.copy()
    changed[7] = 1 - changed[7]
    again = without_itself(person, of.chosen(at), changed)
    assert again[7] == pytest.approx(p[7], abs=0.005), "but for the spread of all"
    assert abs(again[8] - p[8]) > 0.01
    order = chance.permutation(len(at))
    assert np.allclose(without_itself(person[order], of.chosen(at[order]), right[order]), p[order])
    assert len(without_itself(person[:0], of.chosen(at[:0]), right[:0])) == 0


@pytest.mark.parametrize("every", [0.0, 1.0])
def test_all_right_and_all_wrong_stay_numbers(every: float) -> None:
    of = prior(np.zeros(5), np.zeros(5), np.full(5, 6), np.ones(5, bool))
    p = without_itself(np.zeros(5, np.int64), of, np.full(5, every))
    assert np.isfinite(p).all() and (p > 0).all() and (p < 1).all()


def test_only_the_version_in_the_pool_counts() -> None:
    choices = Pool(
        np.array([7, 9]), np.array([1, 2], np.int32), np.zeros((2, 1), np.int16), np.zeros(2, np.float32),
        np.zeros(2, np.float32), np.full(2, 5, np.int8), np.ones(2, bool),
    )  # fmt: skip
    at, there = places_of(choices, np.array([7, 9, 9, 8, 11]), np.array([1, 1, 2, 1, 1]))
    assert there.tolist() == [True, False, True, False, False] and at[there].tolist() == [0, 1]
    assert places_of(choices, np.zeros(0, np.int64), np.zeros(0))[0].tolist() == []


@pytest.fixture
def asked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Simulated answers of 120 pupils of two schools in two months; `harder`: how much for the second."""

    def made(harder: float) -> Pool:
        with unscoped("test"):
            choices = whole_pool("math")
            of = prior_of(choices)
        pupil = np.repeat(np.arange(120), 40)
        at = np.random.default_rng(3).integers(0, 10, len(pupil))
        time = np.tile(np.repeat(np.array(["2026-10-08", "2026-11-08"], "datetime64[s]").astype(float), 20), 120)
        place = np.where(pupil < 60, cast.class51.path, cast.class71.path)
        month = pupil * 2 + (time > time.min())
        lean = np.where(pupil < 60, 0.0, harder * np.where(at % 2, 1.0, -1.0))
        right = answered(of, at, month, 4, lean)
        monkeypatch.setattr(predicting, "read", lambda *_: Given(pupil, place, at, time, right))
        return choices

    return made


def test_a_fair_calibration_keeps_its_bounds(cast: Cast, asked: Any) -> None:
    choices = asked(0.0)
    with acting(cast.system):
        metrics = metrics_with(choices, prior_of(choices))
        rows = predictions(1000)
    assert len(metrics) > 6 and not [one.label for one in metrics if one.fails]
    assert len(rows.predicted) == 4800 and set(rows.item) <= set(choices.items)
    few = Given(*(part[:30] for part in vars(predicting.read(choices, 1)).values()))
    assert len(predicted(choices, prior_of(choices), 10).predicted) == 4800 and len(few.at) == 30


def test_a_calibration_unfair_to_a_group_is_not_put_into_use(cast: Cast, asked: Any) -> None:
    choices, officer = asked(2.2), cast.actor(cast.qian)
    with acting(officer):
        metrics = [vars(metric) for metric in metrics_with(choices, prior_of(choices))]
    row = Calibration.objects.create(
        made_by=officer.account.pk,
        state=CalibrationState.PROPOSED,
        evidence={"gain": 0.02, "gain_se": 0.004, "answers": 900, "metrics": metrics},
    )
    with acting(officer), pytest.raises(ActionError, match="没有达到模型说明里的界限，不能启用：不公平的题，"):
        decide_calibration(row, True, "更准", acting_user=officer)
    row.refresh_from_db()
    assert row.state == CalibrationState.PROPOSED
    client = cast.client(cast.qian)
    page = client.get(f"/bank/parameters/{row.pk}").content.decode()
    assert "这一版不能采用" in page and 'value="yes"' not in page
    reply = client.post(f"/bank/parameters/{row.pk}/decide", {"use": "yes", "why": "更准"})
    assert reply.status_code == 400 and "不公平的题" in reply.content.decode() and "更准" in reply.content.decode()
    decide_calibration(row, False, "对初中不公平", acting_user=officer)
    row.refresh_from_db()
    assert row.state == CalibrationState.DROPPED


def test_a_calibration_that_predicts_worse_is_not_put_into_use(cast: Cast) -> None:
    officer = cast.actor(cast.qian)
    row = Calibration.objects.create(
        made_by=officer.account.pk, state=CalibrationState.PROPOSED, evidence={"gain": -0.02, "gain_se": 0.004}
    )
    with acting(officer), pytest.raises(ActionError, match=r"对数似然的改善是 −0\.020"):
        decide_calibration(row, True, "试试", acting_user=officer)


def test_the_weekly_look_at_items_finds_those_that_are_unfair(cast: Cast, asked: Any) -> None:
    asked(2.2)
    with acting(cast.system):
        row = auditing.audit_model(MODELS["items"], acting_user=cast.system)
    assert any("同等水平下题目 “" in one for one in row.findings) and row.failing, (row.findings, row.failing)
    page = cast.client(cast.qian).get("/models/items/items").content.decode()
    assert "道题明显" in page and "办学类型：" in page and "/bank/" in page

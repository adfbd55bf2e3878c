"""Calibration: it finds what simulated answers hold, says what speaks for it, and a named person switches it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cast import Cast
from yincai.core.action import ActionError
from yincai.core.actors import acting
from yincai.core.models import AuditRow
from yincai.core.permissions import NotAllowed
from yincai.core.scope import unscoped
from yincai.knowledge import calibration
from yincai.knowledge.actions.calibrate import begin_calibration, decide_calibration
from yincai.knowledge.calibration import Answers, TooFew, estimate
from yincai.knowledge.models import Calibration
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, whole_pool
from yincai.knowledge.priors import Parameters, prior, prior_of

slow = pytest.mark.slow  # fits a city of answers; the browser test of placement decides about a calibration too


def drawn(
    rng: np.random.Generator, a: Any, b: Any, c: Any, pupils: int, each: int, items: int | None = None
) -> Answers:
    """Answers of pupils N(−0.3, 1) to `each` items drawn for each."""
    n = items or len(a)
    theta = rng.normal(-0.3, 1.0, pupils)
    place = np.concatenate([rng.choice(n, each, replace=False) for _ in range(pupils)])
    pupil = np.repeat(np.arange(pupils), each)
    p = c[place] + (1 - c[place]) / (1 + np.exp(-a[place] * (theta[pupil] - b[place])))
    return Answers(pupil, place.astype(np.int64), (rng.random(len(p)) < p).astype(np.int64))


def a_bank(rng: np.random.Generator, n: int) -> tuple[Parameters, Any, Any]:
    """A prior, and true values drawn from it."""
    held = prior(rng.normal(0, 0.6, n), np.where(np.arange(n) % 3 == 0, 0.25, 0.0), np.full(n, 6), np.ones(n, bool))
    return held, held.a * np.exp(rng.normal(0, 0.35, n)), held.b + rng.normal(0, 0.5, n)


@slow
def test_it_recovers_what_was_simulated_and_predicts_better_than_the_prior() -> None:
    rng = np.random.default_rng(11)
    held, a, b = a_bank(rng, 30)
    found = estimate(drawn(rng, a, b, held.c, 1200, 15), held, held)
    assert len(found.places) == 30
    fitted = found.parameters
    assert np.sqrt(np.mean((fitted.b - b) ** 2)) < 0.2 < np.sqrt(np.mean((held.b - b) ** 2))
    assert np.mean(np.abs(fitted.b - b) < 1.96 * fitted.se_b) > 0.8
    assert (fitted.se_b < held.se_b).all()
    assert found.evidence.better and found.evidence.gain > 0


@slow
def test_where_the_prior_is_the_truth_nothing_is_proposed() -> None:
    rng = np.random.default_rng(3)
    held, _, _ = a_bank(rng, 12)
    found = estimate(drawn(rng, held.a, held.b, held.c, 900, 12), held, held)
    assert found.evidence.gain < 0.003
    assert np.abs(found.drift).max() < calibration.DRIFTED


def test_too_few_answers_say_how_many_are_needed() -> None:
    rng = np.random.default_rng(3)
    held, a, b = a_bank(rng, 12)
    with pytest.raises(TooFew, match="200 名学生"):
        estimate(drawn(rng, a, b, held.c, 60, 5), held, held)


def two_items(**fields: Any) -> Pool:
    return Pool(
        items=np.array([7, 9]),
        versions=np.array([1, 2], np.int32),
        slots=np.array([[30], [40]], np.int16),
        difficulty=np.zeros(2, np.float32),
        guess=np.zeros(2, np.float32),
        grade=np.full(2, 5, np.int8),
        **{"is_generator": np.ones(2, bool)} | fields,
    )


def test_only_the_first_answers_to_the_present_version_count() -> None:
    columns = {
        "pupil": np.array([1] * 5 + [2, 2, 3]),
        "number": np.array([5, 4, 3, 2, 1, 1, 2, 1]),
        "item": np.array([7, 7, 7, 7, 7, 9, 9, 8]),
        "version": np.array([1, 1, 1, 1, 1, 1, 2, 1]),
        "score": np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5, 1.0]),
        "first": np.array([30, 30, 30, 30, 30, 40, 40, 30]),
    }
    kept = calibration._kept(two_items(), columns)
    assert kept.place.tolist() == [0, 0, 0, 1] and kept.right.tolist() == [1, 1, 0, 0] and kept.pupils == 2


def test_an_answer_about_what_a_generators_item_no_longer_asks_says_nothing_of_it() -> None:
    columns = {
        "pupil": np.arange(4),
        "number": np.ones(4, int),
        "item": np.array([7, 7, 9, 9]),
        "version": np.array([1, 1, 2, 2]),
        "score": np.array([1.0, 0.0, 1.0, 0.0]),
        "first": np.array([30, 40, 30, -1]),
    }
    kept = calibration._kept(two_items(is_generator=np.array([True, False])), columns)
    assert kept.place.tolist() == [0, 1, 1], "a written item is the same, whatever points it hangs on"


@pytest.fixture
def proposed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Calibration:
    """A run over simulated answers to the shipped generators."""
    with unscoped("test"):
        choices = whole_pool("math")
        held = prior_of(choices)
    rng = np.random.default_rng(5)
    b = held.b + rng.normal(0.3, 0.5, len(held))
    answers = drawn(rng, held.a, b, held.c, 800, 12)
    monkeypatch.setattr(calibration, "read", lambda *_: answers)
    with acting(cast.actor(cast.qian)):
        return calibration.run(begin_calibration(acting_user=cast.actor(cast.qian), at_once=True))


@slow
def test_a_named_person_switches_and_selection_follows(cast: Cast, proposed: Calibration) -> None:
    assert proposed.state == "proposed" and proposed.evidence["gain"] > 0
    actor = cast.actor(cast.qian)
    with pytest.raises(NotAllowed):
        decide_calibration(proposed, True, "好", acting_user=cast.actor(cast.wang))
    client = cast.client(cast.qian)
    assert "新参数更准" in client.get(f"/bank/parameters/{proposed.pk}").content.decode()
    reply = client.post(f"/bank/parameters/{proposed.pk}/decide", {"use": "yes", "why": " "})
    assert reply.status_code == 400 and "为什么" in reply.content.decode()
    with acting(actor):
        decide_calibration(proposed, True, "留出的学生上更准", acting_user=actor)
    with unscoped("test"):
        found = parameters_of(whole_pool("math"))
        assert (found.n > 0).any() and AuditRow.objects.filter(verb="knowledge.decide_calibration").exists()
        assert proposed.rows.filter(source="calibrated", since__isnull=False).exists()
    page = client.get(f"/bank/parameters/{proposed.pk}").content.decode()
    assert "用在摸底里会怎样" in page and "摸底，五年级下" in page
    page = client.get("/bank/parameters/").content.decode()
    assert f"在用的是第 {proposed.pk} 次校准" in page
    with acting(actor), pytest.raises(ActionError, match="不等着决定"):
        decide_calibration(proposed, True, "再来", acting_user=actor)


@slow
def test_a_run_that_waits_is_decided_first(cast: Cast, proposed: Calibration) -> None:
    with pytest.raises(ActionError, match="先采用或不采用"):
        begin_calibration(acting_user=cast.actor(cast.qian))
    decide_calibration(proposed, False, "先不换", acting_user=cast.actor(cast.qian))
    with unscoped("test"):
        assert (parameters_of(whole_pool("math")).n == 0).all()


@slow
def test_without_answers_a_run_says_so(cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.LAKE = tmp_path
    with acting(cast.actor(cast.qian)):
        row = calibration.run(begin_calibration(acting_user=cast.actor(cast.qian), at_once=True))
    assert row.state == "failed" and "作答还不够" in row.message


def test_the_page_of_parameters(cast: Cast) -> None:
    page = cast.client(cast.wang).get("/bank/parameters/").content.decode()
    assert "每个学段都有够用的题" in page and "± 0.50" in page and "用本地作答重算" not in page
    assert "还没有题" in page  # points that nothing practises yet
    assert cast.client(cast.wang).get("/bank/parameters/?as=csv")["Content-Type"].startswith("text/csv")

"""How often a question of the placement is seen: variants of a depth share it out, written items are limited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.cast import Cast
from tests.learning.desk import write_item
from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.knowledge import rehearsals
from yincai.knowledge.models import Calibration
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, changed, whole_pool
from yincai.knowledge.priors import Parameters
from yincai.learning import exposure, placing
from yincai.learning.exposure import rehearsed
from yincai.learning.placing import bench, code_of, made, next_question
from yincai.measurement import adaptive

POINT = "m5.frac.add-unlike"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "PUPILS", 150)
    monkeypatch.setattr(exposure, "ROUNDS", 4)


@pytest.fixture
def bank(cast: Cast) -> tuple[Pool, Parameters, set[int]]:
    """The shipped generators, and eight written items that tell more than anything else."""
    written = {write_item(f"s{turn}", point=POINT, kind="number", key="5/6").pk for turn in range(8)}
    with unscoped("test"):
        choices = whole_pool()
        known = parameters_of(choices)
    sharp = np.isin(choices.items, list(written))
    return choices, replace(known, a=np.where(sharp, 2.0, known.a), se_b=np.where(sharp, 0.1, known.se_b)), written


def test_the_variants_of_a_depth_share_its_exposure_and_need_no_limit(cast: Cast, few: None) -> None:
    with unscoped("test"):
        choices = whole_pool()
        test = made(choices, parameters_of(choices), 5, "下")
    assert test
    found = exposure._rehearsed(test, "摸底，五年级下", code_of(5, "下"))
    assert found.limits == {} and found.questions == sum(len(entry.seeds) for entry in test.entries)
    assert found.exposure < exposure.MOST and found.overlap < 0.1
    assert placing.SHORTEST <= found.length <= placing.LONGEST and found.rmse < 0.65 and abs(found.bias) < 0.2


def test_a_written_item_that_all_would_see_is_limited(bank: tuple[Pool, Parameters, set[int]], few: None) -> None:
    choices, parameters, written = bank
    with unscoped("test"):
        test = made(choices, parameters, 5, "下")
    assert test
    free = adaptive.simulate(test.plan, [test.plan.rules.mean] * 100, np.random.default_rng(1))
    assert free.exposure[[test.at[item, None] for item in written]].max() > 0.5
    found = exposure._rehearsed(test, "摸底，五年级下", code_of(5, "下"))
    least = exposure.ROOM * test.plan.rules.length / len(test.entries)
    assert set(found.limits) <= written and found.limits
    assert found.exposure < max(exposure.MOST, least) + 3 * np.sqrt(0.25 / exposure.PUPILS)


def test_the_limits_come_with_the_calibration_in_use(bank: tuple[Pool, Parameters, set[int]]) -> None:
    choices, _, written = bank
    one = min(written)
    kept = {"code": code_of(5, "下"), "limits": {str(one): 0.0}}
    with unscoped("test"):
        assert not len(bench(choices, 5, "下").plan.exposure)  # type: ignore[union-attr]
        Calibration.objects.create(made_by=new_id(), state="in_use", tests=[kept])
        changed()
        test = bench(whole_pool(), 5, "下")
    assert test and test.plan.exposure[test.at[one, None]] == 0.0
    assert all(next_question(test, [], new_id())[0].item != one for _ in range(20))  # type: ignore[union-attr]


def test_every_test_of_the_bank_is_rehearsed_for_a_calibration(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "PUPILS", 2)
    assert rehearsed in rehearsals.REHEARSALS
    with unscoped("test"):
        choices = whole_pool()
        found = rehearsals.rehearse_all(choices, parameters_of(choices))
    assert {one.code for one in found} == {code_of(grade, half) for grade in range(3, 9) for half in "上下"}
    assert found[0].name == "摸底，三年级上"

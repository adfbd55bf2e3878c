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
from yincai.knowledge.models import Calibration, ItemParameters
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.pool import Pool, changed, whole_pool
from yincai.knowledge.priors import Parameters
from yincai.learning import exposure, limits, placing
from yincai.learning.exposure import limited, rehearsed
from yincai.learning.limits import MOST, ROOM
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
    assert found.exposure < MOST and found.overlap < 0.1
    assert placing.SHORTEST <= found.length <= placing.LONGEST and found.rmse < 0.65 and abs(found.bias) < 0.2


def test_a_written_item_that_all_would_see_is_limited(bank: tuple[Pool, Parameters, set[int]], few: None) -> None:
    choices, parameters, written = bank
    with unscoped("test"):
        test = made(choices, parameters, 5, "下")
    assert test
    free = adaptive.simulate(test.plan, [test.plan.rules.mean] * 100, np.random.default_rng(1))
    assert free.exposure[[test.at[item, None] for item in written]].max() > 0.5
    found = exposure._rehearsed(test, "摸底，五年级下", code_of(5, "下"))
    least = ROOM * test.plan.rules.length / len(test.entries)
    assert set(found.limits) <= written and found.limits
    assert found.exposure < max(MOST, least) + 3 * np.sqrt(0.25 / exposure.PUPILS)


def test_the_limits_of_a_calibration_come_into_use_with_it(bank: tuple[Pool, Parameters, set[int]]) -> None:
    _, _, written = bank
    first, newest = min(written), max(written)
    kept = {"code": code_of(5, "下"), "limits": {str(first): 0.0}}
    with unscoped("test"):
        row = Calibration.objects.create(made_by=new_id(), tests=[kept])
        ItemParameters.objects.create(
            calibration=row, item_id=newest, version=1, a=1, b=0, c=0, se_a=0.3, se_b=0.8, source="prior"
        )
        rehearsals.use_limits(row)
        changed()
        test = bench(whole_pool(), 5, "下")
    assert test and test.plan.exposure[test.at[first, None]] == 0.0
    assert test.plan.exposure[test.at[newest, None]] == 1.0
    assert all(next_question(test, [], new_id())[0].item != first for _ in range(20))  # type: ignore[union-attr]


def test_before_any_rehearsal_a_written_item_may_appear_in_so_many_sittings_as_it_may_at_most(
    bank: tuple[Pool, Parameters, set[int]],
) -> None:
    choices, _, written = bank
    with unscoped("test"):
        test = bench(choices, 5, "下")
    assert test
    least = ROOM * test.plan.rules.length / len(test.entries)
    may = {entry.item: k for entry, k in zip(test.entries, test.plan.exposure, strict=True)}
    assert {may[item] for item in written} == {max(MOST, least)}
    assert {may[item] for item in may.keys() - written} == {1.0}


def test_a_changed_bank_is_rehearsed_once_under_the_prior_and_its_standard_errors(
    bank: tuple[Pool, Parameters, set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, written = bank
    monkeypatch.setattr(exposure, "PUPILS", 40)
    monkeypatch.setattr(exposure, "ROUNDS", 2)
    monkeypatch.setattr(exposure, "grades", lambda subject: {5})
    monkeypatch.setattr(limits, "MOST", 0.12)
    monkeypatch.setattr(limits, "ROOM", 0.0)
    assert rehearsals.rehearse_pool() and not rehearsals.rehearse_pool()
    first, second = (rehearsals.limits_of(code_of(5, half)) for half in "上下")
    assert first.up_to == second.up_to == max(written)
    assert second.limits and not written & first.limits.keys(), "their point is met in the second half"
    with unscoped("test"):
        test = bench(whole_pool(), 5, "下")
    assert test
    assert {entry.item: k for entry, k in zip(test.entries, _may(test), strict=True) if k < 1} == second.limits
    changed()
    assert rehearsals.rehearse_pool() and rehearsals.limits_of(code_of(5, "下")) == second


def _may(test: placing.Bench) -> list[float]:
    return test.plan.exposure.tolist() or [1.0] * len(test.entries)


def test_a_bank_that_changes_meanwhile_is_rehearsed_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(choices: Pool, parameters: Parameters) -> rehearsals.Limits:
        changed()
        return {"some-test": {1: 0.5}}

    monkeypatch.setattr(rehearsals, "REHEARSALS", [(rehearsed, busy)])
    assert rehearsals.rehearse_pool() and rehearsals.rehearse_pool()
    assert rehearsals.limits_of("some-test").limits == {1: 0.5}


def test_every_test_of_the_bank_is_rehearsed_for_a_calibration(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "PUPILS", 2)
    assert (rehearsed, limited) in rehearsals.REHEARSALS
    with unscoped("test"):
        choices = whole_pool()
        found = rehearsals.rehearse_all(choices, parameters_of(choices))
    assert {one.code for one in found} == {code_of(grade, half) for grade in range(3, 9) for half in "上下"}
    assert found[0].name == "摸底，三年级上"

"""Sittings: a value that packs into bytes, goes on anywhere, and stops when it should."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.adaptive import made
from yincai.measurement import adaptive

POOL = made.pool(120)
PLAN = adaptive.plan(POOL, adaptive.Rules(length=12))


@pytest.mark.parametrize("name", ["pool", "rules", "ability", "plan", "sitting", "forms", "simulation"])
def test_the_examples_in_the_text_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"yincai.measurement.adaptive.{name}"))
    assert found.attempted and not found.failed


@given(st.lists(st.integers(0, 1), max_size=12), st.integers(0, 2**64 - 1), st.floats(0, 1e6))
@settings(max_examples=40, deadline=None)
def test_bytes_and_back(scores: list[int], seed: int, seconds: float) -> None:
    sitting = adaptive.begin(PLAN, seed=seed)
    for item, score in enumerate(scores):
        sitting = adaptive.answer(PLAN, sitting, item * 7, score, seconds)
    again = adaptive.Sitting.unpack(sitting.pack())
    assert again == sitting and hash(again) == hash(sitting)
    assert adaptive.result(PLAN, again) == adaptive.result(PLAN, sitting)
    assert len(sitting.pack()) == 25 + 5 * len(scores) + 8 * 61


@pytest.mark.parametrize(
    "broken", [b"", b"\x01", b"\x02" + adaptive.begin(PLAN).pack()[1:], adaptive.begin(PLAN).pack()[:-1]]
)
def test_other_bytes_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not a sitting"):
        adaptive.Sitting.unpack(broken)


def test_an_interrupted_sitting_goes_on_as_if_nothing_had_been() -> None:
    straight = made.sat(PLAN, 0.4, rng=np.random.default_rng(3))
    rng, sitting = np.random.default_rng(3), adaptive.begin(PLAN, seed=0)
    while not adaptive.done(PLAN, sitting):
        sitting = adaptive.Sitting.unpack(sitting.pack())
        choice = adaptive.next_item(PLAN, sitting, rng)
        right = rng.random() < adaptive.simulation.probability(POOL, 0.4, choice.item)
        sitting = adaptive.answer(PLAN, sitting, choice.item, int(right))
    assert sitting == straight


def test_the_result_is_the_estimate_of_the_whole_vector() -> None:
    for estimator, alone in (("eap", adaptive.eap), ("wle", adaptive.wle), ("mle", adaptive.mle)):
        plan = adaptive.plan(POOL, adaptive.Rules(length=12, estimator=estimator))  # type: ignore[arg-type]
        sitting = made.sat(plan, 0.2, seed=4)
        asked = sitting.asked
        part = adaptive.Pool(POOL.a[asked], POOL.b[asked], POOL.c[asked])
        found = adaptive.result(plan, sitting)
        assert (found.ability, found.se) == pytest.approx(alone(part, sitting.scores), abs=1e-6)
        assert found.n == 12


@pytest.mark.parametrize("estimator", ["eap", "wle", "mle"])
@pytest.mark.parametrize("score", [0, 1])
def test_all_alike_stays_finite_and_rises_or_falls(estimator: str, score: int) -> None:
    plan, rng = adaptive.plan(POOL, adaptive.Rules(length=12, estimator=estimator)), np.random.default_rng(0)  # type: ignore[arg-type]
    sitting, path = adaptive.begin(plan), [0.0]
    while not adaptive.done(plan, sitting):
        sitting = adaptive.answer(plan, sitting, adaptive.next_item(plan, sitting, rng).item, score)
        path.append(adaptive.result(plan, sitting).ability)
    steps = np.diff(path) * (1 if score else -1)
    assert np.isfinite(path).all() and (steps > -0.05).all() and steps.sum() > 1.0


def test_before_any_answer_the_result_is_the_prior() -> None:
    found = adaptive.result(PLAN, adaptive.begin(PLAN, mean=0.5, sd=0.7))
    assert (found.ability, found.se, found.n) == (pytest.approx(0.5, abs=1e-6), pytest.approx(0.7, abs=1e-4), 0)
    assert found.interval == pytest.approx((0.5 - 1.645 * 0.7, 0.5 + 1.645 * 0.7), abs=0.01)


def ended(rules: adaptive.Rules, theta: float = 0.0, seconds: float = 10.0) -> tuple[str, adaptive.Sitting]:
    plan, rng = adaptive.plan(POOL, rules), np.random.default_rng(2)
    sitting = adaptive.begin(plan)
    while (why := adaptive.done(plan, sitting)) is None:
        item = adaptive.next_item(plan, sitting, rng).item
        right = rng.random() < adaptive.simulation.probability(POOL, theta, item)
        sitting = adaptive.answer(plan, sitting, item, int(right), seconds)
    return why, sitting


def test_each_stop_says_why() -> None:
    assert ended(adaptive.Rules(length=8))[0] == "length"
    why, sitting = ended(adaptive.Rules(length=100, seconds=65))
    assert (why, len(sitting.asked)) == ("seconds", 7)
    why, sitting = ended(adaptive.Rules(length=100, precision=0.4))
    plan = adaptive.plan(POOL, adaptive.Rules(length=100))
    assert why == "precision" and adaptive.result(plan, sitting).se <= 0.4
    why, sitting = ended(adaptive.Rules(length=100, cuts=(0.0,), classify=True), theta=1.5)
    low, high = adaptive.result(plan, sitting).interval
    assert why == "classified" and (low > 0 or high < 0)
    assert len(ended(adaptive.Rules(length=100, precision=2.0, least_items=9))[1].asked) == 9
    assert (
        adaptive.done(adaptive.plan(POOL, adaptive.Rules(length=9, seconds=60)), adaptive.begin(PLAN), seconds=61)
        == "seconds"
    )


def test_precision_waits_for_the_minima_and_the_end_of_a_set() -> None:
    late = adaptive.Constraint("topic", (3,), least=4)
    plan = adaptive.plan(POOL, adaptive.Rules(length=30, precision=0.6, constraints=(late,)))
    assert made.counts(plan, made.sat(plan))[0] >= 4
    sets = np.repeat(np.arange(24), 5)
    pool = made.pool(120, sets=sets)
    whole = adaptive.plan(pool, adaptive.Rules(length=40, precision=0.6))
    assert len(made.sat(whole).asked) % 5 == 0


def test_what_cannot_be_is_refused() -> None:
    sitting = adaptive.answer(PLAN, adaptive.begin(PLAN), 3, 1)
    for item, score, seconds in ((3, 1, 0), (4, 2, 0), (120, 1, 0), (-1, 1, 0), (5, 1, -1)):
        with pytest.raises(ValueError):
            adaptive.answer(PLAN, sitting, item, score, seconds)
    other = adaptive.plan(made.pool(120, seed=9), PLAN.rules)
    with pytest.raises(ValueError, match="another pool"):
        adaptive.next_item(other, sitting, np.random.default_rng(0))
    with pytest.raises(ValueError, match="grid"):
        adaptive.begin(PLAN, mean=9.0)


@pytest.mark.parametrize(
    "broken",
    [
        {"length": 0}, {"length": 5, "least_items": 6}, {"length": 5, "precision": 0},
        {"length": 5, "cuts": (1.0, 0.0)},
        {"length": 5, "classify": True}, {"length": 5, "seconds": 0}, {"length": 5, "confidence": 1.0},
        {"length": 5, "randomesque": 0}, {"length": 5, "nodes": 3}, {"length": 5, "balance": "x"},
        {"length": 5, "constraints": (adaptive.Constraint("topic", (0,), 6),)},
        {"length": 5, "constraints": (adaptive.Constraint("topic", (0,)), adaptive.Constraint("topic", (0, 1)))},
    ],
)  # fmt: skip
def test_broken_rules_are_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        adaptive.Rules(**broken)  # type: ignore[arg-type]


def test_broken_pools_and_plans_are_refused() -> None:
    good = {"a": [1.0, 1.0], "b": [0.0, 0.0], "c": [0.0, 0.0]}
    for broken in (
        {"a": []}, {"a": [0.0, 1.0]}, {"c": [1.0, 0.0]}, {"b": [np.nan, 0.0]}, {"b": [0.0]}, {"se_b": [-1.0, 0.0]},
        {"attributes": {"x": [-1, 0]}}, {"exposure": [2.0, 0.0]}, {"enemies": ((0, 2),)}, {"sets": [0]},
    ):  # fmt: skip
        with pytest.raises(ValueError):
            adaptive.Pool(**{**good, **broken})
    for rules in (
        adaptive.Rules(length=3),
        adaptive.Rules(length=2, constraints=(adaptive.Constraint("x", (0,)),)),
    ):
        with pytest.raises(ValueError):
            adaptive.plan(adaptive.Pool(**good), rules)
    short = adaptive.Constraint("topic", (0,), least=100)
    with pytest.raises(ValueError, match="the pool holds only"):
        adaptive.plan(POOL, adaptive.Rules(length=110, constraints=(short,)))


def test_a_pool_of_one_item() -> None:
    plan = adaptive.plan(adaptive.Pool([1.0], [0.0], [0.0]), adaptive.Rules(length=1))
    sitting = made.sat(plan)
    assert sitting.asked.tolist() == [0] and adaptive.done(plan, sitting) == "length"

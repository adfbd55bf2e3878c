"""Sets of numbers of tracing: how one is fitted, kept, read and judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tools.tracing_numbers import compared
from tools.tracing_numbers import simulated as new_pupils
from yincai.knowledge.graph import load
from yincai.learning.tracing import fitting, parts, shipped, simulated
from yincai.learning.tracing.fitting import Answers, compare, fit, said, slimmed
from yincai.learning.tracing.numbers import MODEL, TREES, Numbers, Weights
from yincai.learning.tracing.shipped import Recipe, answers_of
from yincai.learning.tracing.versions import NEWEST, SHIPPED, numbers_of, shipped_file
from yincai.measurement import tracing
from yincai.measurement.tracing import default, trees

FEW = Recipe(pupils=90, held_out=40, seed=5)


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of(simulated.practise(load(), FEW.pupils, FEW.seed))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Few trees: what is tested is what is done with them."""
    with pytest.MonkeyPatch.context() as patch:
        real, settings = default.fit, trees.Settings(trees=12, depth=3)
        patch.setattr(default, "fit", lambda log: real(log, settings))
        yield


@pytest.fixture(scope="module")
def fitted(answers: Answers, quick: None) -> Numbers:
    return fit(answers, "x", {})


def test_the_names_of_the_models_are_those_of_measurement() -> None:
    assert (default.MODEL, f"{tracing.MODEL}+{default.MODEL}") == (TREES, MODEL)
    assert {numbers_of(name).model for name in SHIPPED} == {MODEL}


def test_a_set_goes_through_its_file_and_says_the_same(answers: Answers, fitted: Numbers) -> None:
    again = Numbers.from_bytes(fitted.to_bytes())
    some = answers.where(answers.pupil < 5)
    assert again.weights == fitted.weights and again.mastery == fitted.mastery and again.told == fitted.told
    assert np.array_equal(said(again, some), said(fitted, some))
    assert again.to_bytes() == fitted.to_bytes()


def test_the_same_seed_makes_the_same_set_and_another_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, other = (shipped.make("x", replace(FEW, pupils=40, held_out=12, seed=seed)) for seed in (3, 3, 4))
    assert one.to_bytes() == two.to_bytes() != other.to_bytes()
    assert {metric["label"] for metric in one.told["metrics"]} >= {"校准误差（ECE）", "区间可信"}


@pytest.mark.slow
def test_the_shipped_set_is_what_its_recipe_makes() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(default, "fit", lambda log: real_fit(log))
        assert compared(shipped.make(NEWEST, Recipe()), numbers_of(NEWEST), new_pupils()) == 0


def test_sets_are_compared_by_their_parts_and_by_what_they_say(
    answers: Answers, fitted: Numbers, capsys: pytest.CaptureFixture[str]
) -> None:
    """The features that are asked may differ where rounding chose between two that tell the same; here, where a
    question has only one answer."""

    def but(**parts: np.ndarray) -> Numbers:
        return replace(fitted, held={**fitted.held, **{f"default.forest.{name}": part for name, part in parts.items()}})

    some = answers.where(answers.pupil < 5)
    asked, above, leaf = (fitted.held[f"default.forest.{name}"] for name in ("feature", "above", "leaf"))
    never, other = above.copy(), asked.copy()
    never[0, 0], other[0, 0] = np.inf, asked[0, 0] + 1
    assert compared(but(above=never, feature=other), but(above=never), some) == 0
    assert compared(but(feature=np.roll(asked, 1, axis=0)), fitted, some) == 1
    assert compared(but(leaf=leaf + 0.01), fitted, some) == 1
    said_each = [line.removeprefix("differing parts: ") for line in capsys.readouterr().out.splitlines()]
    assert said_each == ["none", "what they say", "default.forest.leaf"]


real_fit = default.fit


def test_the_shipped_set_is_small_and_keeps_its_bounds() -> None:
    from yincai.measurement.fairness import Metric, failures

    told = numbers_of(NEWEST).told
    metrics = {metric["label"]: Metric(**metric) for metric in told["metrics"]}
    assert shipped_file(NEWEST).stat().st_size < 1_000_000
    assert failures(metrics.values()) == []
    covered = metrics["区间可信"]
    assert covered.low is not None and covered.high is not None and 0.76 <= covered.low < covered.high <= 0.84
    assert told["beside_mastery"]["gain"] > 1.96 * told["beside_mastery"]["gain_se"] > 0


def test_leaving_out_no_context_changes_nothing_but_precision(answers: Answers) -> None:
    log = fitting._log(answers)
    whole = default.fit(log)
    assert np.abs(slimmed(whole, 0).predict_log(log) - whole.predict_log(log)).max() < 0.01
    small = slimmed(whole, 20)
    assert len(small.lens.known.key) < len(whole.lens.known.key) / 4
    assert np.abs(small.predict_log(log) - whole.predict_log(log)).mean() < 0.02


def test_a_set_fitted_to_other_features_is_refused(fitted: Numbers) -> None:
    other = replace(fitted, told={**fitted.told, "features": ["x"]})
    with pytest.raises(ValueError, match="另一组特征"):
        _ = other.trees


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x93NUMPY"])
def test_bytes_that_are_no_set_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a file of tracing numbers"):
        Numbers.from_bytes(content)


def test_only_arrays_numbers_and_names_go_into_a_file() -> None:
    with pytest.raises(TypeError, match="no array, number or name"):
        parts.taken_apart({"a": 1}, "x")


def test_the_point_taught_last_is_what_an_answer_counts_for(fitted: Numbers) -> None:
    units = fitted.trees.catalogue.units
    assert units[fitted.unit_of((0, 5))] == "5"
    assert fitted.unit_of(()) == fitted.unit_of((4000,)) == -1
    assert fitted.units_of(np.array([[0, 5], [5, -1], [-1, -1], [4000, 0]])).tolist() == [
        fitted.unit_of(points) for points in ((0, 5), (5,), (), (4000,))
    ]


def test_where_the_trees_know_nothing_the_mastery_head_speaks_alone() -> None:
    numbers = replace(numbers_of(NEWEST), weights=Weights(0.3, 0.5, 0.5))
    heads: Any = (np.array([0.5, 0.5]), np.array([0.1, 0.1])), (np.array([0.9, 0.9]), np.array([0.05, 0.05]))
    p, se = numbers.blended(np.array([3, -1]), *heads)
    assert p[1] == 0.9 and se[1] == 0.05 and 0.5 < p[0] < 0.9 and se[0] > 0


def test_a_right_answer_never_lowers_what_is_shown() -> None:
    """Time held equal: the mastery head is monotone in the evidence, whatever the prediction head thinks."""
    dice, numbers = np.random.default_rng(3), numbers_of(NEWEST).mastery
    state = tracing.State.empty(3, numbers)
    for _ in range(200):
        item = tracing.ItemInfo((int(dice.integers(3)),), float(dice.normal()), 0.25 * float(dice.random() < 0.3))
        before = tracing.masteries(state, 0.0, parameters=numbers).value
        right = tracing.update(state, item, 1.0, 0.0, numbers)
        assert (tracing.masteries(right, 0.0, parameters=numbers).value >= before - 1e-6).all()
        state = right if dice.random() < 0.6 else tracing.update(state, item, 0.0, 0.0, numbers)


def test_a_better_set_has_an_interval_above_nothing(answers: Answers) -> None:
    truth = np.full(len(answers), answers.score.mean())
    worse = np.full(len(answers), 0.3)
    assert compare(answers, worse, truth).better
    same = compare(answers, truth, truth)
    assert not same.better and same.gain == same.gain_se == 0.0
    assert not compare(answers, truth, worse).better
    with pytest.raises(ValueError, match="no answer counts"):
        compare(replace(answers, scored=np.zeros(len(answers), bool)), truth, truth)


def test_the_simulated_pupils_are_those_of_the_demo_city() -> None:
    from yincai.portal.demo import model

    names = ("LEVEL", "PUPIL_SPREAD", "POINT_SPREAD", "ALONG", "YEAR", "GAIN", "MOST_GAIN", "HALF_LIFE", "SLIP_MOST")
    assert [getattr(simulated, name) for name in names] == [getattr(model, name) for name in names]


def test_reading_a_state_loads_no_compiler() -> None:
    """Every process imports it, and most of them never predict."""
    code = "import sys, yincai.learning.tracing.state; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Every model behind the one interface: past only, online as on the log, extremes; and what each recovers."""

from __future__ import annotations

import builtins
import doctest
import importlib
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.measurement.tracing import bkt, boosting, default, evaluate, features, logistic, pfa, trees
from yincai.measurement.tracing.log import Fitted, Log

QUICK = trees.Settings(trees=15, depth=3)
FITS = {
    "bkt": bkt.fit,
    "pfa": pfa.fit,
    "logistic": logistic.fit,
    "boosting": lambda log: boosting.fit(log, boosting.Settings(rounds=20, rate=0.1, bag=1)),
    "default": lambda log: default.fit(log, QUICK),
}
every = pytest.mark.parametrize("name", list(FITS))


def simulated(learners: int, answers: int, units: int, seed: int = 0, times: bool = True) -> Log:
    """Learners of different ability who learn; units of different difficulty in runs of three."""
    chance = np.random.default_rng(seed)
    who = np.repeat(np.arange(learners), answers)
    unit = chance.integers(0, units, (learners, -(-answers // 3))).repeat(3, axis=1)[:, :answers].ravel()
    x = chance.normal(0, 1, learners)[who] - np.linspace(-1.5, 1.5, units)[unit]
    x += 0.02 * np.tile(np.arange(answers), learners)
    right = (chance.random(len(x)) < 1 / (1 + np.exp(-x))).astype(float)
    time = np.cumsum(chance.exponential(900, len(x))) if times else None
    return Log.of(who, unit, right, time=time)


@cache
def fitted(name: str) -> Fitted:
    return FITS[name](simulated(80, 30, 8))


@pytest.mark.parametrize(
    "module",
    ["bkt", "default", "evaluate", "gauss", "intervals", "log", "logistic", "metrics", "pfa", "prerequisites"],
)
def test_the_running_examples(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"yincai.measurement.tracing.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


@every
def test_online_is_as_on_the_log(name: str) -> None:
    model, log = fitted(name), simulated(3, 20, 8, seed=5)
    on_log = model.predict_log(log)
    rows = model.catalogue.unit_rows(log)
    for learner in range(log.learners):
        state = model.start()
        for row in range(log.starts[learner], log.starts[learner + 1]):
            p, se = model.predict(state, rows[row : row + 1], log.time[row])
            assert p[0] == pytest.approx(on_log[row], abs=2e-5)
            assert 0 <= se[0] < 1
            state = model.update(state, int(rows[row]), float(log.correct[row]), float(log.time[row]))


@every
def test_no_prediction_reads_the_future(name: str) -> None:
    for seed in range(3):
        evaluate.audit(name, fitted(name), simulated(30, 25, 8, seed=seed), seed)


@every
def test_an_update_leaves_the_state_as_it_was(name: str) -> None:
    model = fitted(name)
    before = model.update(model.start(), 2, 1.0, 10.0)
    units = np.arange(8)
    first = model.predict(before, units, 20.0)[0]
    model.update(before, 2, 0.0, 15.0)
    assert (model.predict(before, units, 20.0)[0] == first).all()


@every
def test_the_order_of_learners_and_the_names_of_units_do_not_matter(name: str) -> None:
    log = simulated(12, 20, 8, seed=9)
    p = fitted(name).predict_log(log)
    turned = Log.of(11 - log.learner, np.array(log.items)[log.item], log.correct, time=log.time)
    again = fitted(name).predict_log(turned)
    for learner in range(12):
        one = slice(log.starts[learner], log.starts[learner + 1])
        other = slice(turned.starts[11 - learner], turned.starts[12 - learner])
        assert again[other] == pytest.approx(p[one])


@every
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_all_right_and_all_wrong(name: str, outcome: float) -> None:
    log = simulated(6, 12, 3)
    alike = replace(log, correct=np.full(log.n, outcome))
    p = FITS[name](alike).predict_log(alike)
    assert ((p >= 0) & (p <= 1)).all()
    assert np.abs(p - outcome).mean() < 0.3


@every
def test_a_unit_never_seen_and_one_learner_alone(name: str) -> None:
    model = fitted(name)
    strange = Log.of(["z"] * 4, ["1", "nobody", "2", "nobody"], [1, 0, 1, 1])
    p = model.predict_log(strange)
    assert ((p > 0) & (p < 1)).all()
    state = model.update(model.start(), -1, 1.0, 0.0)
    assert np.isfinite(model.predict(state, np.array([-1, 0]), 1.0)[0]).all()
    alone = FITS[name](simulated(1, 30, 3))
    assert np.isfinite(alone.predict_log(simulated(2, 10, 3))).all()


@every
def test_an_empty_log_is_predicted_and_fitted(name: str) -> None:
    nobody = simulated(2, 5, 3).of_learners(np.zeros(2, bool))
    assert len(fitted(name).predict_log(nobody)) == 0
    p = FITS[name](nobody).predict_log(simulated(2, 5, 3))
    assert ((p > 0.1) & (p < 0.9)).all()


@every
def test_fitting_knows_neither_the_order_of_learners_nor_the_names_of_units(name: str) -> None:
    """The counting models are the same to rounding; trees start from other random numbers and agree in the mean."""
    log = simulated(60, 24, 6, seed=4)
    again = Log.of(log.learners - 1 - log.learner, 5 - log.item, log.correct, time=log.time)
    here = FITS[name](log).predict_log(log)
    there = FITS[name](again).predict_log(again)
    there = np.concatenate([there[a:b] for a, b in pairwise(again.starts)][::-1])
    if name in ("boosting", "default"):
        assert np.abs(here - there).mean() < 0.05
        assert np.corrcoef(here, there)[0, 1] > 0.85
    else:
        assert there == pytest.approx(here, abs=2e-3)


@every
def test_without_times_and_with_answers_half_right(name: str) -> None:
    log = simulated(30, 12, 4, times=False)
    halves = replace(log, correct=np.where(np.arange(log.n) % 5 == 0, 0.5, log.correct))
    p = FITS[name](halves).predict_log(halves)
    assert ((p > 0) & (p < 1)).all()
    evaluate.audit(name, FITS[name](halves), halves)


@every
def test_each_beats_the_units_share(name: str) -> None:
    log = simulated(80, 30, 8, seed=3)
    scored = evaluate.metrics.auc(log.correct, fitted(name).predict_log(log))
    shares = np.bincount(log.item, log.correct) / np.bincount(log.item)
    assert scored > evaluate.metrics.auc(log.correct, shares[log.item]) + 0.02


def test_bkt_recovers_its_parameters_within_their_errors() -> None:
    chance = np.random.default_rng(4)
    truth = {"learn": 0.12, "forget": 0.03, "guess": 0.2, "slip": 0.1}
    learners, answers = 1500, 20
    known = chance.random(learners) < 0.3
    right = np.empty((learners, answers))
    for nth in range(answers):
        right[:, nth] = chance.random(learners) < np.where(known, 1 - truth["slip"], truth["guess"])
        known = np.where(known, chance.random(learners) >= truth["forget"], chance.random(learners) < truth["learn"])
    log = Log.of(np.repeat(np.arange(learners), answers), np.zeros(learners * answers, int), right.ravel())
    found = bkt.fit(log, bkt.Settings(rounds=500, tolerance=1e-6))
    for place, value in zip(range(bkt.LEARN, bkt.PLACES), truth.values(), strict=True):
        assert abs(found.parameters[0, place] - value) < 3.5 * found.errors[0, place] + 0.002
        assert found.errors[0, place] < 0.03


def test_bkt_forward_is_bayes_by_hand() -> None:
    after = 0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.2)
    assert bkt.stepped(0.3, 1, 0.1, 0.05, 0.2, 0.1) == pytest.approx(after * 0.95 + (1 - after) * 0.1)


def test_bkt_likelihood_is_that_of_all_paths() -> None:
    """Brute force over the hidden paths of a sequence of five."""
    y = np.array([1, 0, 1, 1, 0], np.uint8)
    p = np.array([0.4, 0.4, 0.4, 0.2, 0.1, 0.25, 0.15])
    total = 0.0
    for path in range(32):
        bits = [(path >> place) & 1 for place in range(5)]
        chance = 0.4 if bits[0] else 0.6
        for before, after in pairwise(bits):
            chance *= (0.9 if after else 0.1) if before else (0.2 if after else 0.8)
        for bit, right in zip(bits, y, strict=True):
            chance *= (0.85 if right else 0.15) if bit else (0.25 if right else 0.75)
        total += chance
    found = bkt.expected(y, 0, 5, 0.4, p, np.empty(5), np.empty(5), np.empty(9))
    assert found == pytest.approx(np.log(total))


def test_logistic_and_pfa_are_at_the_maximum() -> None:
    """The gradient vanishes: a small step in any weight does not raise the penalised likelihood."""
    log = simulated(60, 30, 5)
    found = pfa.fit(log)
    counts = pfa.counted(log.starts, log.skill, found.parts, log.correct, len(found.weights))
    weights = found.weights.copy()
    weights[-1] = 0.0
    _, slope = pfa.loss(weights, found.parts[log.skill], counts, log.correct, pfa.RIDGE)
    assert np.abs(slope).max() < 0.05
    model = logistic.fit(log)
    unit = model.catalogue.unit_rows(log)
    x = logistic.described(log.starts, unit, log.correct, log.time - log.time[log.starts[log.learner]], model.mean)
    middle = model.easiness[-1]
    step = logistic.newton(model.easiness[:-1] - middle, model.weights, middle, unit, x, log.correct, logistic.RIDGE)
    assert np.abs(step[1]).max() < 1e-4


def test_a_set_of_skills_adds_up_in_pfa() -> None:
    log = Log.of(["a"] * 6, list("xyzxyz"), [1, 0, 1, 1, 0, 1], skill=["p", "q", "p;q", "p", "q", "p;q"])
    found = pfa.fit(log)
    state = found.update(found.start(), log.skills.index("p;q"), 1.0, 0.0)
    assert found.skills == ("p", "q")
    assert state[:2, 0].tolist() == [1.0, 1.0]


def test_trees_find_what_only_two_features_together_tell() -> None:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(4, 6000)).astype(np.float32)
    y = ((x[0] > 0) == (x[2] > 0.5)).astype(np.float32)
    forest = trees.fit(x, y, np.zeros(6000, np.float32), trees.Settings(trees=60, depth=3, features=1.0))
    assert evaluate.metrics.auc(y.astype(float), forest.margin(x).astype(float)) > 0.98
    assert (forest.margin(x[:, :7]) == forest.margin(x)[:7]).all()
    with pytest.raises(ValueError, match="columns"):
        trees.fit(x, y[:5], np.zeros(6000, np.float32), trees.Settings())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 7), st.sampled_from([0.0, 0.5, 1.0]), st.floats(-50, 1e6)), max_size=80))
def test_the_default_state_survives_packing_and_predicts_probabilities(
    answers: list[tuple[int, float, float]],
) -> None:
    model: Any = fitted("default")
    state, moment = model.start(), 1.7e9
    for unit, outcome, gap in answers:
        moment += gap
        state = model.update(state, unit, outcome, moment)
    packed = model.pack(state)
    assert model.unpack(packed) == state
    seen = len({unit for unit, _, _ in answers})
    assert len(packed) == 8 + 4 * (default.features.HEAD + seen * (1 + default.features.OWN))
    p, se = model.predict(state, np.arange(-1, 8), moment + 60)
    assert ((p > 0) & (p < 1) & (se >= 0)).all()


def test_bytes_that_are_no_state_and_outcomes_that_are_none_are_refused() -> None:
    model: Any = fitted("default")
    packed = model.pack(model.update(model.start(), 1, 1.0, 0.0))
    units = 8 + 4 * default.features.HEAD
    beyond = packed[:units] + b"\xff" * 4 + packed[units + 4 :]  # a unit that the model has not
    for bad in (packed[:-1], b"\x09" + packed[1:], packed + b"x", packed[:20], beyond):
        with pytest.raises(ValueError, match="not a packed state"):
            model.unpack(bad)
    assert model.unpack(b"") == model.start()
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.update(model.start(), 1, 1.5, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("own", [0.0, 0.6])
def test_the_standard_error_of_the_default_is_about_as_large_as_its_error(own: float) -> None:
    """Coverage of p ± 1.28 se for the true probability, where units have deviations of their own and where not."""
    seen, _ = deviating(1500, own, 0)
    kept, truth = deviating(300, own, 1)
    model = default.fit(seen)
    x = model.lens.matrix(kept)
    p, se = default.chances(x, model.forest.margin(x))
    assert 0.70 < np.mean(np.abs(p - truth) < 1.2816 * se) < 0.90
    assert 0.7 < np.sqrt(np.mean((p - truth) ** 2)) / se.mean() < 1.3


def deviating(learners: int, own: float, seed: int) -> tuple[Log, np.ndarray]:
    """A log of 45 answers each on 20 units, and the true probabilities."""
    chance = np.random.default_rng(seed)
    who = np.repeat(np.arange(learners), 45)
    unit = chance.integers(0, 20, (learners, 15)).repeat(3, axis=1).ravel()
    x = chance.normal(0, 1, learners)[who] + chance.normal(0, own, (learners, 20))[who, unit]
    truth = 1 / (1 + np.exp(np.linspace(-1.5, 1.5, 20)[unit] - x - 0.02 * np.tile(np.arange(45), learners)))
    return Log.of(who, unit, (chance.random(len(who)) < truth).astype(float)), truth


def test_without_scikit_learn_boosting_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(boosting.MissingExtra, match=r"pip install 'yincai\[boosting\]'"):
        boosting.fit(simulated(5, 10, 3))


def test_without_kinship_no_unit_has_kin() -> None:
    """Beyond MOST_KIN units there is none, shape (1, 1), and the first unit too must read nothing of it."""
    head, _ = features.start(3)
    head[features.COUNT] = 2
    head[features.RING_UNIT : features.RING_UNIT + 2] = 150
    head[features.RING_RESIDUAL : features.RING_RESIDUAL + 2] = 0.5
    beyond = np.ones((1, 200), np.float32)  # what would be read where the matrix ends
    units = np.array([0, 7])
    assert (features.kin_of_all(head, beyond[:, :1], units)[:, ::2] == 0).all()
    for unit in units:
        near = np.full(features.NEAR, np.nan, np.float32)
        features.kin_of(head, beyond[:, :1], unit, near)
        assert (near[::2] == 0).all()


@settings(deadline=None)  # the first example compiles
@given(st.integers(0, 2**32 - 1), st.integers(0, 300), st.integers(1, 70))
def test_kin_of_candidates_side_by_side_is_that_of_each_alone(seed: int, answers: int, candidates: int) -> None:
    chance = np.random.default_rng(seed)
    units = 12
    head, own = features.start(units)
    loading, kin = np.zeros((units, features.RANK), np.float32), chance.normal(0, 1, (units, units)).astype(np.float32)
    for nth in range(answers):
        features.observe(head, own, loading, int(chance.integers(units)), float(nth % 2), 0.4, 0.5, 1.0 * nth)
    asked = chance.integers(0, units, candidates)
    alone = np.empty((candidates, features.NEAR), np.float32)
    for place, unit in enumerate(asked):
        features.kin_of(head, kin, unit, alone[place])
    assert features.kin_of_all(head, kin, asked).tobytes() == alone.tobytes()


@settings(deadline=None)  # the first example compiles
@given(st.integers(0, 2**32 - 1), st.integers(0, 20), st.integers(1, 7), st.integers(0, 140))
def test_trees_side_by_side_give_the_sum_of_each_alone(seed: int, count: int, depth: int, columns: int) -> None:
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(5, columns)).astype(np.float32)
    feature = chance.integers(0, 5, (count, depth)).astype(np.int32)
    above, leaf = (chance.normal(size=(count, wide)).astype(np.float32) for wide in (depth, 1 << depth))
    alone = np.zeros(columns, np.float32)
    for asked, cuts, leaves in zip(feature, above, leaf, strict=True):
        node = np.zeros(columns, int)
        for question, cut in zip(asked, cuts, strict=True):
            node = 2 * node + (x[question] > cut)
        alone += leaves[node]
    assert trees.Forest(feature, above, leaf).margin(x).tobytes() == alone.tobytes()

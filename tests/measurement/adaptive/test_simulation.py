"""Simulated pupils: the truth comes back, the errors are honest, exposure is kept down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.measurement.adaptive import made
from yincai.measurement import adaptive, irt
from yincai.measurement.adaptive import simulation

PUPILS = np.random.default_rng(8).normal(size=400)


def run(pupils: int = 400, **rules: object) -> adaptive.Simulation:
    plan = adaptive.plan(made.pool(), adaptive.Rules(length=20, **rules))  # type: ignore[arg-type]
    draws = np.random.default_rng(9).random((len(PUPILS), 300))
    return adaptive.simulate(plan, PUPILS[:pupils], np.random.default_rng(2), draws=draws)


@pytest.mark.slow
def test_truth_is_found_and_the_standard_error_is_honest() -> None:
    found = run()
    assert abs(found.bias) < 0.04 and found.rmse < 0.38
    assert np.sqrt(np.mean(found.se**2)) == pytest.approx(found.rmse, rel=0.1)
    assert (found.lengths == 20).all() and found.ends == {"length": 400} and found.exposure.sum() == pytest.approx(20)


@pytest.mark.slow
def test_bands_are_calibrated() -> None:
    plan = adaptive.plan(made.pool(), adaptive.Rules(length=6, cuts=(0.0,)))
    rng = np.random.default_rng(4)
    above = np.array([adaptive.result(plan, made.sat(plan, theta, rng=rng)).bands[1] for theta in PUPILS])
    assert np.mean(above) == pytest.approx(np.mean(PUPILS > 0), abs=0.05)
    sure = above > 0.8
    assert np.mean(PUPILS[sure] > 0) == pytest.approx(np.mean(above[sure]), abs=0.07)


@pytest.mark.slow
def test_constraints_are_kept_and_cost_little() -> None:
    for kind, pupils in (("priority", 400), ("shadow", 30)):
        found = run(pupils, constraints=made.ten_constraints(), balance=kind)
        assert found.violating == 0
        assert found.rmse < 1.15 * run(pupils).rmse


@pytest.mark.slow
def test_uncertain_parameters_are_not_mistaken_for_good_items() -> None:
    """Estimated slopes and difficulties: with the uncertainty known, the reported error is nearer to the real one."""
    truth, rng = made.pool(), np.random.default_rng(6)
    se_a, se_b = np.full(300, 0.35), np.full(300, 0.45)
    noisy = replace(
        truth, a=np.maximum(0.3, truth.a + se_a * rng.normal(size=300)), b=truth.b + se_b * rng.normal(size=300)
    )
    rules = adaptive.Rules(length=15)
    naive = adaptive.simulate(adaptive.plan(noisy, rules), PUPILS, np.random.default_rng(2), truth=truth)
    aware = adaptive.simulate(
        adaptive.plan(replace(noisy, se_a=se_a, se_b=se_b), rules), PUPILS, np.random.default_rng(2), truth=truth
    )
    claimed, real = np.sqrt(np.mean(naive.se**2)), naive.rmse
    assert claimed < 0.85 * real
    assert np.sqrt(np.mean(aware.se**2)) / aware.rmse > claimed / real + 0.05
    assert aware.rmse < naive.rmse


@pytest.mark.slow
def test_variants_drawn_at_random_need_no_wider_error() -> None:
    """A family is calibrated from answers to random variants, so its curve has their spread in it (Sinharay, Johnson &
    Williamson 2003); with the curve of the typical variant the error would be understated."""
    rng = np.random.default_rng(12)
    centre, spread = rng.normal(0, 1, 60), 0.8
    variants = centre[:, None] + rng.normal(0, spread, (60, 12))

    def answers(thetas: np.ndarray) -> np.ndarray:
        b = variants[np.arange(60), rng.integers(12, size=(len(thetas), 60))]
        return (rng.random(b.shape) < 1 / (1 + np.exp(-1.7 * (thetas[:, None] - b)))).astype(float)

    fit = irt.fit(answers(rng.normal(size=3000)), "2pl")
    none = np.zeros(60)
    family = adaptive.Pool(a=fit.a, b=fit.b, c=none, se_a=fit.se_a, se_b=fit.se_b)
    typical = adaptive.Pool(a=np.full(60, 1.7), b=centre, c=none)
    given = 1 - answers(PUPILS)  # as draws: 0 is right, 1 wrong, whatever the probability
    found, naive = (
        adaptive.simulate(adaptive.plan(pool, adaptive.Rules(length=15)), PUPILS, np.random.default_rng(2), draws=given)
        for pool in (family, typical)
    )
    assert np.sqrt(np.mean(found.se**2)) == pytest.approx(found.rmse, rel=0.1)
    assert np.sqrt(np.mean(naive.se**2)) < 0.85 * naive.rmse


@pytest.mark.slow
def test_limits_may_differ_between_items() -> None:
    pool, rules = made.pool(40), adaptive.Rules(length=8)
    most = np.where(np.arange(40) < 20, 0.2, 1.0)
    limits = adaptive.sympson_hetter(pool, rules, most, PUPILS[:200], np.random.default_rng(1), rounds=6)
    held = adaptive.simulate(adaptive.plan(replace(pool, exposure=limits), rules), PUPILS, np.random.default_rng(3))
    assert held.exposure[:20].max() < 0.3 and (limits[20:] == 1).all() and held.exposure[20:].max() > 0.3


@pytest.mark.slow
def test_sympson_hetter_holds_exposure_down() -> None:
    pool, rules = made.pool(), adaptive.Rules(length=10, start=adaptive.Start("random", -1.0, 1.0))
    free = adaptive.simulate(adaptive.plan(pool, rules), PUPILS, np.random.default_rng(3))
    exposure = adaptive.sympson_hetter(pool, rules, 0.2, PUPILS[:300], np.random.default_rng(1), rounds=6)
    assert ((exposure > 0) & (exposure <= 1)).all() and (exposure == 1).sum() >= 10
    held = adaptive.simulate(adaptive.plan(replace(pool, exposure=exposure), rules), PUPILS, np.random.default_rng(3))
    assert free.exposure.max() > 0.4 > 0.3 > held.exposure.max()
    assert held.overlap < 0.75 * free.overlap
    assert held.rmse < 1.25 * free.rmse
    with pytest.raises(ValueError, match="higher"):
        adaptive.sympson_hetter(pool, rules, 0.01, PUPILS, np.random.default_rng(1))


def test_broken_constraints_are_counted() -> None:
    pool = made.pool(10, attributes={"x": [0] * 5 + [1] * 5}, enemies=((0, 1),))
    rules = adaptive.Rules(
        length=4, constraints=(adaptive.Constraint("x", (0,), 0, 1), adaptive.Constraint("x", (1,), 2))
    )
    plan = adaptive.plan(pool, rules)
    for asked, wanted in (([0, 5, 6, 7], 0), ([0, 2, 5, 6], 1), ([0, 1, 2, 5], 3)):
        assert simulation.broken(plan, np.array(asked, np.int32)) == wanted


def test_no_pupils_is_no_error_and_one_is_fine() -> None:
    plan = adaptive.plan(made.pool(), adaptive.Rules(length=5))
    assert len(adaptive.simulate(plan, [], np.random.default_rng(0)).truth) == 0
    assert "1 sittings of 5.0 items" in str(adaptive.simulate(plan, [0.3], np.random.default_rng(0)))

"""What must hold of mixed models, growth percentiles and value-added for any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yincai.measurement.growth import mixed, percentiles, value_added
from yincai.measurement.growth.mixed import RandomTerm
from yincai.measurement.growth.value_added import fit

SEEDS = st.integers(0, 1000)


def pupils(seed: int, schools: int = 8, size: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), size)
    prior = rng.normal(500, 80, len(school))
    score = 120 + 0.8 * prior + 20 * rng.normal(size=schools)[school] + rng.normal(0, 40, len(school))
    return score, prior, school


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.floats(-500, 500), st.floats(0.1, 10.0))
def test_growth_moves_with_the_scale_of_the_scores_and_not_with_that_of_the_priors(
    seed: int, shift: float, unit: float
) -> None:
    score, prior, school = pupils(seed)
    plain = fit(score, prior[:, None], school, [30.0])
    moved = fit(unit * score + shift, unit * prior[:, None] - shift, school, [30.0 * unit])
    for one, two in zip(plain.schools, moved.schools, strict=True):
        assert (unit * one.growth, unit * one.low) == pytest.approx((two.growth, two.low), abs=2e-3 * unit * 40)
        assert one.reliability == pytest.approx(two.reliability, abs=2e-3)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_pupils_without_a_score_change_no_figure_but_are_counted(seed: int) -> None:
    score, prior, school = pupils(seed)
    rng = np.random.default_rng(seed)
    extra = rng.integers(0, 8, 40)
    gone = np.where(rng.random(40) < 0.5, np.nan, 500.0)
    there = fit(score, prior[:, None], school)
    more = fit(np.r_[score, gone], np.r_[prior, np.where(np.isnan(gone), 510.0, np.nan)][:, None], np.r_[school, extra])
    assert more.missing == 40 and sum(one.missing for one in more.schools) == 40
    for one, two in zip(there.schools, more.schools, strict=True):
        assert (one.growth, one.low, one.n) == pytest.approx((two.growth, two.low, two.n))


def test_one_absurd_score_makes_all_uncertain_and_breaks_nothing() -> None:
    score, prior, school = pupils(1)
    score[0] = 1e6
    found = fit(score, prior[:, None], school)
    assert all(one.low < one.growth < one.high for one in found.schools)
    assert {one.label for one in found.schools if one.school != school[0]} == {value_added.AS_EXPECTED}


def test_a_school_of_one_and_schools_that_are_all_equal() -> None:
    score, prior, school = pupils(2)
    found = fit(np.r_[score, 700.0], np.r_[prior, 500.0][:, None], np.r_[school, 99], minimum=1)
    alone = found.schools[-1]
    assert alone.school == 99 and alone.n == 1 and alone.low < alone.growth < alone.high
    assert alone.reliability == min(one.reliability for one in found.schools)
    rng = np.random.default_rng(3)
    within = rng.normal(size=30)
    same = fit(np.tile(within, 8) + 0.5 * np.tile(np.arange(30.0), 8), np.tile(np.arange(30.0), 8)[:, None], school)
    assert all(one.growth == pytest.approx(0, abs=1e-4) and one.low < 0 < one.high for one in same.schools)
    assert {one.label for one in same.schools} == {value_added.AS_EXPECTED}


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_and_one_pupil_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="at least two schools"):
        fit(np.ones(n), np.ones((n, 1)), np.zeros(n, np.int64))
    with pytest.raises(ValueError, match=r"."):
        mixed.fit(np.ones(n), np.ones((n, 1)), [RandomTerm.intercept("g", np.zeros(n, np.int64))])
    with pytest.raises(ValueError, match=r"."):
        percentiles.percentiles(np.ones(n), np.ones((n, 1)))


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.floats(-1e5, 1e5))
def test_mixed_models_far_from_zero_and_with_a_group_of_one(seed: int, shift: float) -> None:
    score, prior, school = pupils(seed)
    group = np.r_[school, 8]
    x = np.column_stack([np.ones(241), np.r_[prior, 500.0]])
    y = np.r_[score, 520.0]
    plain = mixed.fit(y, x, [RandomTerm.intercept("school", group)])
    far = mixed.fit(y + shift, x, [RandomTerm.intercept("school", group)])
    assert far.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-3)
    assert far.beta[1] == pytest.approx(plain.beta[1], rel=1e-4)
    assert far.beta[0] - plain.beta[0] == pytest.approx(shift, abs=0.05)
    assert np.abs(plain.effects[0].effect[8]) < np.abs(y[240] - x[240] @ plain.beta), "drawn to 0"


@pytest.mark.parametrize(("unit", "shift"), [(0.5, 100.0), (2.0, -300.0), (10.0, 0.0)])
def test_percentiles_do_not_hang_on_the_scale(unit: float, shift: float) -> None:
    """Scores have at most five decimals, to which predictions are rounded."""
    score, prior, _ = (np.round(each) for each in pupils(5, 10, 40))
    plain = percentiles.percentiles(score, prior[:, None])
    moved = percentiles.percentiles(unit * score + shift, unit * prior[:, None] - shift)
    away = np.abs(plain.sgp.astype(int) - moved.sgp)
    assert away.max() <= 1 and (away == 0).mean() > 0.97


def test_percentiles_of_extreme_and_of_equal_scores() -> None:
    score, prior, _ = pupils(4, 10, 40)
    score[0], score[1] = 5000.0, -5000.0
    found = percentiles.percentiles(score, prior[:, None])
    assert (found.sgp[0], found.sgp[1]) == (99, 1) and np.isfinite(found.cuts).all()
    flat = percentiles.percentiles(np.full(400, 500.0), prior[:, None])
    assert len(set(flat.sgp.tolist())) == 1 and np.allclose(flat.cuts, 500.0)
    with pytest.raises(ValueError, match="two different"):
        percentiles.percentiles(score, np.full((400, 1), 500.0))
    nobody = percentiles.of_groups(np.zeros(0, np.int8), np.zeros(0, np.int64), minimum=3)
    assert list(nobody) == []

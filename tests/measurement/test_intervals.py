"""Intervals: against scipy's own, and at the edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from yincai.measurement.intervals import mean_interval, wilson


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95]))
def test_wilson_agrees_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    successes, n = counts
    wanted = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    low, high = wilson(successes, n, confidence)
    assert (low, high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
    assert 0 <= low <= successes / n <= high <= 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60).filter(lambda values: max(values) - min(values) > 1e-3))
def test_the_interval_of_a_mean_agrees_with_scipy(values: list[float]) -> None:
    wanted = stats.t.interval(0.8, len(values) - 1, loc=stats.tmean(values), scale=stats.sem(values))
    found = mean_interval(math.fsum(values), math.fsum(value * value for value in values), len(values), 0.8)
    assert found == pytest.approx(wanted, abs=1e-6)


def test_where_there_is_nothing_there_is_no_interval() -> None:
    for broken in (lambda: wilson(0, 0), lambda: wilson(3, 2), lambda: mean_interval(0.0, 0.0, 0)):
        with pytest.raises(ValueError):
            broken()
    assert mean_interval(0.5, 0.25, 1) == (-math.inf, math.inf)

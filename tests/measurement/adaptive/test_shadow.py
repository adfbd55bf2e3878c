"""Shadow tests: the best whole test, with every constraint kept wherever that can be."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy import optimize

from tests.measurement.adaptive import made
from yincai.measurement import adaptive


def tight(n: int, seed: int) -> tuple[adaptive.Pool, adaptive.Rules]:
    """Crossing attributes with equal minima and maxima, enemies and few items: fractional programs are common."""
    rng = np.random.default_rng(seed)
    pool = made.pool(
        n,
        seed,
        attributes={name: rng.integers(0, codes, n) for name, codes in (("x", 4), ("y", 3), ("z", 3))},
        enemies=tuple(tuple(rng.choice(n, 3, replace=False).tolist()) for _ in range(n // 6)),
    )
    base = rng.choice(n, 12, replace=False)
    constraints = []
    for name, codes in pool.attributes.items():
        for code in np.unique(codes).tolist():
            share = int((codes[base] == code).sum())
            constraints.append(adaptive.Constraint(name, (code,), share, share))
    return pool, adaptive.Rules(length=12, constraints=tuple(constraints), balance="shadow")


def best(plan: adaptive.Plan, values: np.ndarray, asked: list[int]) -> float | None:
    """The optimum by scipy's own integer program."""
    rows = [np.ones(plan.pool.n), *(one.holds_for(plan.pool).astype(float) for one in plan.rules.constraints)]
    least = [12, *(one.least for one in plan.rules.constraints)]
    most = [12, *(one.most for one in plan.rules.constraints)]
    for group in plan.pool.enemies:
        rows.append(np.isin(np.arange(plan.pool.n), group).astype(float))
        least, most = [*least, 0], [*most, 1]
    fixed = np.isin(np.arange(plan.pool.n), asked).astype(float)
    held = optimize.milp(
        -values, constraints=optimize.LinearConstraint(np.array(rows), least, most), integrality=1,
        bounds=optimize.Bounds(fixed, 1),
    )  # fmt: skip
    return None if held.x is None else float(-held.fun)


@pytest.mark.parametrize("seed", range(5))
def test_the_shadow_test_is_the_best_there_is(seed: int) -> None:
    plan = adaptive.plan(*tight(60, seed))
    rng = np.random.default_rng(seed)
    for _ in range(4):
        values = rng.exponential(size=60)
        wanted = best(plan, values, [])
        outside = plan.shadow.outside(values, np.zeros(0, np.int32), plan.nobody_barred)
        assert (outside is None) == (wanted is None)
        if outside is not None:
            assert values[outside == 0].sum() == pytest.approx(wanted, rel=0.004)


@pytest.mark.parametrize("seed", range(4))
def test_every_constraint_is_kept_when_a_test_exists(seed: int) -> None:
    plan = adaptive.plan(*tight(80, seed))
    feasible = best(plan, np.ones(80), []) is not None
    found = adaptive.simulate(plan, [-1.0, 0.0, 1.0], np.random.default_rng(seed))
    if feasible:
        assert (found.violations == 0).all() and set(found.reasons) == {"shadow"}
    else:
        assert "shadow" not in found.reasons


def test_barred_items_are_not_in_the_shadow_test() -> None:
    pool = made.pool(100, exposure=np.tile([0.0, 1.0], 50))
    plan = adaptive.plan(pool, adaptive.Rules(length=10, balance="shadow"))
    assert (made.sat(plan).asked % 2 == 1).all()
    without = adaptive.plan(made.pool(100, exposure=np.zeros(100)), plan.rules)
    assert (
        adaptive.next_item(without, adaptive.begin(without, seed=1), np.random.default_rng(0)).reason
        == "exposure gave way"
    )


def test_nothing_is_written_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    made.sat(adaptive.plan(*tight(60, 1)))
    sys.stdout.flush()
    assert capfd.readouterr() == ("", "")

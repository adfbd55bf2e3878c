"""Selection: criteria by brute force, constraints, sets, enemies, exposure."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measurement.adaptive import made
from yincai.measurement import adaptive
from yincai.measurement.adaptive import ability, selection


def rates(pool: adaptive.Pool, theta: float) -> np.ndarray:
    return pool.c + (1 - pool.c) / (1 + np.exp(-pool.a * (theta - pool.b)))


def after_some(plan: adaptive.Plan) -> adaptive.Sitting:
    sitting = adaptive.begin(plan)
    for item, score in ((5, 1), (17, 0), (40, 1)):
        sitting = adaptive.answer(plan, sitting, item, score)
    return sitting


@pytest.mark.parametrize("criterion", ["fisher", "posterior", "kl"])
def test_the_criterion_is_what_its_formula_says(criterion: str) -> None:
    pool = made.pool(80)
    plan = adaptive.plan(pool, adaptive.Rules(length=10, criterion=criterion))  # type: ignore[arg-type]
    sitting = after_some(plan)
    nodes = plan.tables.nodes
    weight = np.exp(sitting.log_posterior - sitting.log_posterior.max())
    weight /= weight.sum()
    theta = float(weight @ nodes)
    if criterion == "fisher":
        wanted = adaptive.information(pool, [theta])[:, 0]
    elif criterion == "posterior":
        wanted = adaptive.information(pool, nodes) @ weight
    else:
        p, every = rates(pool, theta)[:, None], np.array([rates(pool, node) for node in nodes]).T
        wanted = (p * np.log(p / every) + (1 - p) * np.log((1 - p) / (1 - every))) @ weight
    wanted[[5, 17, 40]] = -1
    found = selection.item_values(plan.tables, sitting.log_posterior, theta, False, selection.CRITERIA[criterion])
    assert np.delete(found, [5, 17, 40]) == pytest.approx(np.delete(wanted, [5, 17, 40]), rel=1e-3)
    assert adaptive.next_item(plan, sitting, np.random.default_rng(0)).item == wanted.argmax()


@pytest.mark.parametrize("kind", ["priority", "shadow"])
def test_a_permuted_pool_gives_the_same_test(kind: str) -> None:
    pool, order = made.pool(200), np.random.default_rng(3).permutation(200)
    mixed = adaptive.Pool(
        pool.a[order], pool.b[order], pool.c[order], attributes={k: v[order] for k, v in pool.attributes.items()}
    )
    rules = adaptive.Rules(length=20, constraints=made.ten_constraints(), balance=kind)  # type: ignore[arg-type]
    one, other = adaptive.plan(pool, rules), adaptive.plan(mixed, rules)
    a, b, rng = adaptive.begin(one), adaptive.begin(other), np.random.default_rng(0)
    for step in range(20):
        first, second = adaptive.next_item(one, a, rng).item, adaptive.next_item(other, b, rng).item
        assert first == order[second]
        a, b = adaptive.answer(one, a, first, step % 2), adaptive.answer(other, b, second, step % 2)


@st.composite
def supplied(draw: st.DrawFn) -> tuple[adaptive.Pool, adaptive.Rules]:
    """A pool with every combination of codes in supply and bounds that each attribute can meet by itself."""
    length = draw(st.integers(1, 9))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    cells = np.array(list(product(*map(range, sizes)))).repeat(length, axis=0)
    constraints = []
    for number, size in enumerate(sizes):
        shares = np.bincount(draw(st.lists(st.integers(0, size - 1), min_size=length, max_size=length)), minlength=size)
        for code, share in enumerate(shares.tolist()):
            least, most = max(0, share - draw(st.integers(0, 2))), share + draw(st.integers(0, 2))
            constraints.append(
                adaptive.Constraint(f"x{number}", (code,), least, most, draw(st.sampled_from([0.5, 1.0, 2.0])))
            )
    pool = made.pool(len(cells), attributes={f"x{number}": cells[:, number] for number in range(len(sizes))})
    return pool, adaptive.Rules(
        length=length, constraints=tuple(constraints), randomesque=draw(st.sampled_from([1, 4]))
    )


@given(supplied(), st.floats(-4, 4), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_every_bound_is_met_when_items_are_in_supply(
    case: tuple[adaptive.Pool, adaptive.Rules], theta: float, seed: int
) -> None:
    plan = adaptive.plan(*case)
    sitting = made.sat(plan, theta, seed)
    assert len(sitting.asked) == plan.rules.length
    for one, count in zip(plan.rules.constraints, made.counts(plan, sitting), strict=True):
        assert one.least <= count <= (one.most if one.most is not None else count)


def test_when_not_all_can_hold_the_lighter_gives_way_and_says_so() -> None:
    pool = made.pool(30, attributes={"x": [0] * 15 + [1] * 15, "y": [0] * 15 + [1] * 15})
    heavy, light = (
        adaptive.Constraint("x", (0,), least=0, most=2, weight=3.0),
        adaptive.Constraint("y", (1,), 0, 2, weight=1.0),
    )
    plan = adaptive.plan(pool, adaptive.Rules(length=6, constraints=(heavy, light)))
    sitting, reasons, rng = adaptive.begin(plan), [], np.random.default_rng(0)
    while not adaptive.done(plan, sitting):
        choice = adaptive.next_item(plan, sitting, rng)
        reasons.append(choice.reason)
        sitting = adaptive.answer(plan, sitting, choice.item, 1)
    assert made.counts(plan, sitting) == [2, 4]
    assert reasons == ["priority"] * 4 + ["content gave way"] * 2


@pytest.mark.parametrize("kind", ["priority", "shadow"])
def test_items_of_a_set_come_together_and_enemies_never_meet(kind: str) -> None:
    sets = np.full(120, -1)
    for number in range(12):
        sets[number * 4 : number * 4 + 3] = number
    enemies = tuple((i, i + 1, i + 2) for i in range(60, 118, 3))
    pool = made.pool(120, sets=sets, enemies=enemies, a=np.where(sets >= 0, 2.0, 1.0))
    constraints = tuple(adaptive.Constraint("topic", (code,), 1, 7) for code in range(5))
    plan = adaptive.plan(pool, adaptive.Rules(length=20, constraints=constraints, balance=kind))  # type: ignore[arg-type]
    for seed in range(6):
        asked = made.sat(plan, seed - 2.5, seed).asked.tolist()
        given_sets = [sets[item] for item in asked if sets[item] >= 0]
        assert given_sets
        for one in set(given_sets):
            places = [place for place, item in enumerate(asked) if sets[item] == one]
            assert places == list(range(places[0], places[0] + 3))
        assert all(len(set(asked) & set(group)) <= 1 for group in enemies)
        assert len(asked) == 20


def test_a_set_that_no_longer_fits_is_not_begun() -> None:
    pool = made.pool(10, sets=[0, 0, 0, -1, -1, -1, -1, -1, -1, -1], a=[3.0] * 3 + [0.5] * 7)
    plan = adaptive.plan(pool, adaptive.Rules(length=2))
    assert set(made.sat(plan).asked) <= set(range(3, 10))


def test_the_lottery_has_the_odds_it_is_given() -> None:
    exposure = np.linspace(0, 1, 11)
    seeds = np.arange(4000, dtype=np.uint64)
    seen = np.mean([1 - selection.lottery(seed, exposure) for seed in seeds], axis=0)
    assert seen == pytest.approx(exposure, abs=0.03)
    assert seen[0] == 0 and seen[-1] == 1


def test_barred_items_stay_away_until_nothing_else_is_left() -> None:
    exposure = np.zeros(10)
    exposure[:4] = 1
    plan = adaptive.plan(made.pool(10, exposure=exposure), adaptive.Rules(length=6))
    sitting, rng, reasons = adaptive.begin(plan, seed=2**64 - 1), np.random.default_rng(0), []
    while not adaptive.done(plan, sitting):
        choice = adaptive.next_item(plan, sitting, rng)
        reasons.append(choice.reason)
        sitting = adaptive.answer(plan, sitting, choice.item, 1)
    assert set(sitting.asked[:4].tolist()) == {0, 1, 2, 3}
    assert reasons == ["priority"] * 4 + ["exposure gave way"] * 2
    with pytest.raises(ValueError, match="seed"):
        adaptive.begin(plan)


@given(st.lists(st.floats(-1, 5, allow_nan=False), min_size=1, max_size=40), st.integers(1, 8), st.floats(0, 0.999))
@settings(deadline=None)
def test_one_of_the_best(values: list[float], k: int, draw: float) -> None:
    found = selection.among_best(np.array(values), k, draw)
    allowed = sorted((value for value in values if value >= 0), reverse=True)[:k]
    if not allowed:
        assert found == -1
    else:
        assert values[found] == allowed[int(draw * len(allowed))]


def test_randomesque_and_progressive_spread_the_first_items() -> None:
    pool = made.pool(200)
    for rules, least in (
        (adaptive.Rules(length=5), 1),
        (adaptive.Rules(length=5, randomesque=6), 5),
        (adaptive.Rules(length=5, progressive=True), 15),
    ):
        plan, rng = adaptive.plan(pool, rules), np.random.default_rng(1)
        first = {adaptive.next_item(plan, adaptive.begin(plan), rng).item for _ in range(60)}
        assert len(first) >= least and (least > 1 or len(first) == 1)


def test_the_start_rule_says_where_the_first_items_lie() -> None:
    pool = made.pool(300, a=np.ones(300), c=np.zeros(300))
    low = adaptive.plan(pool, adaptive.Rules(length=5, start=adaptive.Start("at", low=-2.0, items=2)))
    choice = adaptive.next_item(low, adaptive.begin(low), np.random.default_rng(0))
    assert choice.reason == "start" and pool.b[choice.item] == pytest.approx(-2.0, abs=0.1)
    spread = adaptive.plan(pool, adaptive.Rules(length=5, start=adaptive.Start("random", -1.0, 1.0)))
    rng = np.random.default_rng(0)
    found = [pool.b[adaptive.next_item(spread, adaptive.begin(spread), rng).item] for _ in range(40)]
    assert min(found) < -0.7 and max(found) > 0.7 and max(map(abs, found)) < 1.1


def test_uncertain_items_wait_behind_certain_ones() -> None:
    pool = made.pool(40, a=np.full(40, 1.2), b=np.zeros(40), c=np.zeros(40), se_b=[0.8] * 30 + [0.1] * 10)
    for criterion in ("posterior", "fisher", "kl"):
        plan = adaptive.plan(pool, adaptive.Rules(length=10, criterion=criterion))  # type: ignore[arg-type]
        assert set(made.sat(plan).asked.tolist()) == set(range(30, 40))


def test_moments_of_the_grid() -> None:
    nodes = np.linspace(-6, 6, 61)
    assert ability.moments(-0.5 * ((nodes - 0.3) / 0.4) ** 2, nodes) == pytest.approx((0.3, 0.4), abs=1e-6)

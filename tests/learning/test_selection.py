"""The choice of the next item, over arbitrary pools and pupils."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yincai.knowledge.pool import Pool
from yincai.learning.selection import NOT_READY, Pick, Standing, Wish, pick
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemBatch, ItemInfo, State

WIDTH = 12  # slots of the made-up subject
TARGET = 0.75


def pool_of(slots: list[list[int]], difficulty: list[float] | None = None, generator: bool = False) -> Pool:
    """Items numbered 10, 20, …; slots padded with -1."""
    count, most = len(slots), max(map(len, slots))
    return Pool(
        items=np.arange(1, count + 1, dtype=np.int64) * 10,
        versions=np.ones(count, np.int32),
        slots=np.array([own + [-1] * (most - len(own)) for own in slots], np.int16),
        difficulty=np.array(difficulty or [0.0] * count, np.float32),
        guess=np.zeros(count, np.float32),
        grade=np.full(count, 5, np.int8),
        is_generator=np.full(count, generator),
    )


def standing_of(pool: Pool, **other: object) -> Standing:
    """A pupil about whom nothing speaks for or against any item."""
    now = Standing(
        known=np.full(WIDTH, 0.6),
        seen=np.zeros(WIDTH, np.int64),
        due=np.zeros(WIDTH, bool),
        ready=np.ones(WIDTH),
        chance=np.full(len(pool), TARGET),
        doubt=np.full(len(pool), 0.1),
    )
    return replace(now, **other)  # type: ignore[arg-type]


def wish_of(*slots: int, **other: object) -> Wish:
    wanted = np.zeros(WIDTH, bool)
    wanted[list(slots) or slice(None)] = True
    return replace(Wish(5, TARGET, wanted), **other)  # type: ignore[arg-type]


def mask(*slots: int) -> np.ndarray:
    found = np.zeros(WIDTH, bool)
    found[list(slots)] = True
    return found


def chosen(pool: Pool, now: Standing, wish: Wish, seed: int = 0) -> int | None:
    found = pick(pool, now, wish, np.random.default_rng(seed))
    return int(pool.items[found.index]) if found else None


@st.composite
def situations(draw: st.DrawFn) -> tuple[Pool, Standing, Wish, int]:
    slots = draw(
        st.lists(st.lists(st.integers(0, WIDTH - 1), min_size=1, max_size=3, unique=True), min_size=1, max_size=30)
    )
    pool = pool_of(slots, generator=draw(st.booleans()))
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    now = Standing(
        known=dice.random(WIDTH),
        seen=dice.integers(0, 9, WIDTH),
        due=dice.random(WIDTH) < 0.3,
        ready=dice.random(WIDTH),
        chance=dice.random(len(pool)),
        doubt=dice.random(len(pool)) * 0.4,
        recent={int(item): ago for ago, item in enumerate(dice.permutation(pool.items)[: dice.integers(0, 9)])},
        last_slot=int(dice.integers(-1, WIDTH)),
    )
    items = st.frozensets(st.sampled_from([int(item) for item in pool.items]), max_size=10)
    wish = Wish(
        grade=draw(st.integers(3, 8)),
        target=draw(st.floats(0.6, 0.9)),
        wanted=dice.random(WIDTH) < draw(st.sampled_from([0.2, 0.6, 1.0])),
        whole=draw(st.booleans()),
        sequence=tuple(draw(items)),
        pinned=draw(items),
        banned=draw(items),
    )
    return pool, now, wish, draw(st.integers(0, 2**32))


@given(situations())
def test_what_is_chosen_was_asked_for_and_is_not_banned(situation: tuple[Pool, Standing, Wish, int]) -> None:
    pool, now, wish, seed = situation
    found = pick(pool, now, wish, np.random.default_rng(seed))
    fits = [
        (all if wish.whole else any)(wish.wanted[slot] for slot in own if slot >= 0) and int(item) not in wish.banned
        for item, own in zip(pool.items, pool.slots, strict=True)
    ]
    if found is None:
        assert not any(fits)
        return
    item = int(pool.items[found.index])
    assert item not in wish.banned
    assert fits[found.index] or item in wish.sequence
    assert found.reason


@given(situations())
def test_the_teachers_order_is_kept(situation: tuple[Pool, Standing, Wish, int]) -> None:
    pool, now, wish, seed = situation
    waiting = [item for item in wish.sequence if item not in now.recent and item not in wish.banned]
    if waiting:
        assert chosen(pool, now, wish, seed) == waiting[0]


@given(situations())
def test_the_same_dice_choose_the_same(situation: tuple[Pool, Standing, Wish, int]) -> None:
    assert chosen(*situation) == chosen(*situation)


@given(st.integers(0, 2**32))
def test_a_pinned_item_is_preferred(seed: int) -> None:
    pool = pool_of([[0]] * 20)
    assert chosen(pool, standing_of(pool), wish_of(pinned=frozenset({70})), seed) == 70


def test_a_pinned_item_gives_way_when_it_was_just_asked() -> None:
    pool = pool_of([[0]] * 20)
    now = standing_of(pool, recent={70: 0})
    found = [chosen(pool, now, wish_of(pinned=frozenset({70})), seed) for seed in range(40)]
    assert found.count(70) < 20


@given(st.integers(0, 2**32))
def test_an_item_just_seen_waits(seed: int) -> None:
    pool = pool_of([[0]] * 8)
    now = standing_of(pool, recent={10: 0, 20: 1, 30: 2, 40: 3})
    assert chosen(pool, now, wish_of(), seed) not in {10, 20, 30, 40}


@given(st.integers(0, 2**32))
def test_a_due_review_comes_back(seed: int) -> None:
    pool = pool_of([[0], [1], [2], [3]] * 2)
    now = standing_of(pool, known=np.full(WIDTH, 0.95), seen=np.full(WIDTH, 5), due=mask(2))
    found = pick(pool, now, wish_of(), np.random.default_rng(seed))
    assert found and 2 in pool.slots[found.index]
    assert found.reason == "学过一阵子了，温习一下"


@given(st.integers(0, 2**32), st.floats(0.0, NOT_READY - 0.01))
def test_prerequisites_are_respected(seed: int, known: float) -> None:
    """Even an item at the perfect difficulty, pinned and due, waits while its prerequisite is clearly not known."""
    pool = pool_of([[0], [1]])
    ready = np.ones(WIDTH)
    ready[1] = known
    now = standing_of(pool, ready=ready, due=mask(1), chance=np.array([0.2, TARGET]), last_slot=1)
    assert chosen(pool, now, wish_of(pinned=frozenset({20})), seed) == 10


def test_a_point_not_ready_is_asked_when_there_is_nothing_else() -> None:
    pool = pool_of([[1]])
    assert chosen(pool, standing_of(pool, ready=np.zeros(WIDTH)), wish_of()) == 10


def test_an_empty_pool_and_a_wish_that_nothing_fits() -> None:
    pool = pool_of([[0]])
    nothing = Pool(*(getattr(pool, name)[:0] for name in pool.__dataclass_fields__))
    assert pick(nothing, standing_of(nothing), wish_of(), np.random.default_rng(0)) is None
    assert chosen(pool, standing_of(pool), wish_of(3)) is None
    assert chosen(pool, standing_of(pool), wish_of(banned=frozenset({10}))) is None


def test_exposure_falls_over_a_bank_of_equals() -> None:
    """Over two hundred answers in a bank of fifty equal items none is asked out of proportion."""
    pool = pool_of([[0]] * 50)
    dice, recent, asked = np.random.default_rng(4), list[int](), list[int]()
    for _ in range(200):
        now = standing_of(pool, recent={item: ago for ago, item in enumerate(reversed(recent[-32:]))})
        found = pick(pool, now, wish_of(), dice)
        assert found is not None
        asked.append(int(pool.items[found.index]))
        recent.append(asked[-1])
    counts = [asked.count(item) for item in pool.items.tolist()]
    assert max(counts) <= 3 * 200 / 50
    assert all(asked[at] not in asked[at + 1 : at + 8] for at in range(190))


@pytest.mark.parametrize("target", [0.65, 0.75, 0.85])
def test_success_comes_near_the_target(target: float) -> None:
    """Six simulated pupils, weak and strong, over 200 answers, with a bank that has something at every difficulty."""
    runs = [_practise(np.random.default_rng(seed), ability, target) for seed, ability in enumerate(ABILITIES)]
    assert np.mean([run[60:] for run in runs]) == pytest.approx(target, abs=0.06)
    for run in runs:
        assert np.mean(run[100:]) == pytest.approx(target, abs=0.15)


ABILITIES = (-1.0, -0.4, 0.0, 0.4, 0.8, 1.4)


def _practise(dice: np.random.Generator, ability: float, target: float) -> list[float]:
    """The true chance of success at each of 200 answers."""
    slots = [[at % WIDTH] for at in range(480)]
    pool = pool_of(slots, difficulty=np.linspace(-4, 4, 480)[dice.permutation(480)].tolist())
    batch = ItemBatch(pool.slots, pool.difficulty.astype(float), pool.guess.astype(float))
    own, state, chances = dice.normal(ability, 0.5, WIDTH), State.empty(WIDTH), list[float]()
    for turn in range(200):
        time = 1.7e9 + 60.0 * turn
        found = pick(pool, _seen_by(state, batch, time), wish_of(target=target), dice)
        assert isinstance(found, Pick)
        slot, difficulty = int(pool.slots[found.index, 0]), float(pool.difficulty[found.index])
        chances.append(1 / (1 + exp(difficulty - own[slot])))
        outcome = float(dice.random() < chances[-1])
        item = int(pool.items[found.index])
        state = tracing.update(state, ItemInfo((slot,), difficulty), outcome, time, item_id=item)
    return chances


def _seen_by(state: State, batch: ItemBatch, time: float) -> Standing:
    table = tracing.masteries(state, time)
    chance, doubt = tracing.predict(state, batch, time)
    latest = state.recent["item"].tolist()
    return Standing(
        known=table.value,
        seen=table.n,
        due=np.zeros(WIDTH, bool),
        ready=np.ones(WIDTH),
        chance=chance,
        doubt=doubt,
        recent={item: ago for ago, item in enumerate(reversed(latest))},
    )

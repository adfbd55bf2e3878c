"""A pool under rules, with all that can be computed before the first sitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from yincai.measurement.adaptive import ability
from yincai.measurement.adaptive.pool import ALONE, Flags, Floats, Ints, Pool
from yincai.measurement.adaptive.rules import Rules

if TYPE_CHECKING:
    from yincai.measurement.adaptive.shadow import Shadow

UNBOUNDED = 1_000_000


class Tables(NamedTuple):
    """Arrays for the kernels: n items, q nodes, A attributes with C codes, K constraints, S sets. Unused: empty."""

    items: Floats  # (5, n): a, b, c, variances of a and b
    nodes: Floats  # (q,)
    information: Floats  # (q, n), for the criterion "posterior"
    log_right: Floats  # (q, n), for "kl"
    log_wrong: Floats
    codes: Ints  # (A, n)
    class_of: Ints  # (A, C): the constraint that counts this code, or −1
    attribute_of: Ints  # (K,)
    least: Ints  # (K,)
    most: Ints
    weight: Floats
    enemy_start: Ints  # (n + 1,) into enemy_items
    enemy_items: Ints
    set_of: Ints  # (n,) or empty
    set_start: Ints  # (S + 1,) into set_items
    set_items: Ints
    length: int


class Blueprint(NamedTuple):
    codes: Ints
    class_of: Ints
    attribute_of: Ints


def blueprint(pool: Pool, rules: Rules) -> Blueprint:
    names = sorted({one.attribute for one in rules.constraints})
    for one in rules.constraints:
        one.holds_for(pool)  # raises when the pool does not know the attribute
    if not names:
        return Blueprint(np.zeros((0, pool.n), np.int32), np.zeros((0, 1), np.int32), np.zeros(0, np.int32))
    codes = np.vstack([pool.attributes[name] for name in names])
    highest = max(int(codes.max()), max(code for one in rules.constraints for code in one.codes))
    class_of = np.full((len(names), highest + 1), -1, np.int32)
    for k, one in enumerate(rules.constraints):
        class_of[names.index(one.attribute), list(one.codes)] = k
    return Blueprint(codes, class_of, np.array([names.index(one.attribute) for one in rules.constraints], np.int32))


def enemy_lists(pool: Pool) -> tuple[Ints, Ints]:
    """For each item the others of its groups, as starts and items."""
    others: list[set[int]] = [set() for _ in range(pool.n)]
    for group in pool.enemies:
        for item in group:
            others[item].update(set(group) - {item})
    starts = np.concatenate(([0], np.cumsum([len(one) for one in others]))).astype(np.int32)
    return starts, np.array([item for one in others for item in sorted(one)], np.int32)


def set_lists(pool: Pool) -> tuple[Ints, Ints, Ints]:
    """The set's number of each item (none: −1), starts and items of the sets."""
    if not pool.members:
        return np.zeros(0, np.int32), np.zeros(1, np.int32), np.zeros(0, np.int32)
    set_of = np.full(pool.n, ALONE, np.int32)
    for number, members in enumerate(pool.members):
        set_of[members] = number
    starts = np.concatenate(([0], np.cumsum([len(one) for one in pool.members]))).astype(np.int32)
    return set_of, starts, np.concatenate(pool.members).astype(np.int32)


def tables(pool: Pool, rules: Rules) -> Tables:
    items, nodes = ability.stacked(pool), np.linspace(rules.low, rules.high, rules.nodes)
    empty = np.zeros((0, 0))
    right, left = ability.log_tables(items, nodes) if rules.criterion == "kl" else (empty, empty)
    by_node = ability.information_table(items, nodes) if rules.criterion == "posterior" else empty
    plan = blueprint(pool, rules)
    enemy_start, enemy_items = enemy_lists(pool)
    set_of, set_start, set_items = set_lists(pool)
    return Tables(
        items=items,
        nodes=nodes,
        information=np.ascontiguousarray(by_node.T),
        log_right=np.ascontiguousarray(right.T),
        log_wrong=np.ascontiguousarray(left.T),
        codes=plan.codes,
        class_of=plan.class_of,
        attribute_of=plan.attribute_of,
        least=np.array([one.least for one in rules.constraints], np.int32),
        most=np.array([UNBOUNDED if one.most is None else one.most for one in rules.constraints], np.int32),
        weight=np.array([one.weight for one in rules.constraints], np.float64),
        enemy_start=enemy_start,
        enemy_items=enemy_items,
        set_of=set_of,
        set_start=set_start,
        set_items=set_items,
        length=rules.length,
    )


@dataclass(frozen=True, eq=False)
class Plan:
    """Made once for a pool and its rules (some milliseconds); shared by all sittings and threads of a process."""

    pool: Pool
    rules: Rules
    tables: Tables
    exposure: Floats  # empty when every item may always appear
    nobody_barred: Flags
    no_noise: Floats
    lock: Lock

    @cached_property
    def unconstrained(self) -> Tables:
        """For choosing within a shadow test, which keeps the constraints itself."""
        return tables(self.pool, replace(self.rules, constraints=()))

    @cached_property
    def shadow(self) -> Shadow:
        """The solver of the shadow tests; use it under `lock`."""
        from yincai.measurement.adaptive.shadow import Shadow

        return Shadow.of(self)

    def __repr__(self) -> str:
        return f"Plan({self.pool!r}, at most {self.rules.length} items, {len(self.rules.constraints)} constraints)"


def plan(pool: Pool, rules: Rules) -> Plan:
    """Checks that rules and pool fit together and prepares the tables.

    >>> plan(Pool(a=[1.0, 1.2], b=[-0.5, 0.5], c=[0.0, 0.2]), Rules(length=2))
    Plan(Pool(2 items), at most 2 items, 0 constraints)
    """
    if rules.length > pool.n:
        raise ValueError(f"a test of {rules.length} items cannot be drawn from a pool of {pool.n}")
    for one in rules.constraints:
        there = int(one.holds_for(pool).sum())
        if there < one.least:
            raise ValueError(f"{one}, but the pool holds only {there}")
    exposure = np.zeros(0) if pool.exposure is None else pool.exposure.copy()
    return Plan(pool, rules, tables(pool, rules), exposure, np.zeros(pool.n, np.uint8), np.zeros(0), Lock())

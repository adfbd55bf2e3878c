"""Shadow tests: each next item comes from the best whole test that holds what was asked and keeps every constraint.

One linear program for a plan stays in the solver. For each question only its costs and bounds change, and it starts
from the last basis; it has as many fractional values as binding rows at most. Where there are any, a small integer
program follows over these columns and those whose reduced cost is nearest to zero, and the whole one only if that finds
nothing.

Source: van der Linden & Reese (1998), A model for optimal constrained adaptive testing, Applied Psychological
Measurement 22, 259–270; van der Linden (2005), Linear models for optimal test design, chapter 9; van der Linden &
Veldkamp (2004), Constraining item exposure in computerized adaptive testing with shadow tests, Journal of Educational
and Behavioral Statistics 29, 273–291 (items that a sitting may not see).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_matrix

from yincai.measurement.adaptive.plan import Plan
from yincai.measurement.adaptive.pool import ALONE, Flags, Floats, Ints, Pool
from yincai.measurement.adaptive.program import INFINITY, WHOLE, Engine, Program, Status, solve, solver
from yincai.measurement.adaptive.rules import Rules

NEAR = 40  # columns beside the fractional ones that the small integer program may move
GAP = 1e-3  # relative gap of an integer program: a thousandth of the test's information


def units_of(pool: Pool) -> Ints:
    """(n,): the column of each item; the items of a set share one, since they come together."""
    if pool.sets is None:
        return np.arange(pool.n, dtype=np.int32)
    keys = np.where(pool.sets == ALONE, -1 - np.arange(pool.n), pool.sets)
    _, column = np.unique(keys, return_inverse=True)
    return column.astype(np.int32)


def demands(pool: Pool, rules: Rules, unit: Ints) -> Program:
    """One column for each unit, rows for length, constraints and enemies."""
    columns = int(unit.max()) + 1
    made = Program(np.zeros(columns), np.zeros(columns), np.ones(columns), columns)
    size = np.bincount(unit, minlength=columns).astype(np.float64)
    made.row("length", np.arange(columns), size, rules.length, rules.length)
    for one in rules.constraints:
        counts = np.bincount(unit[one.holds_for(pool)], minlength=columns)
        held = np.flatnonzero(counts)
        made.row(one.label, held, counts[held], one.least, INFINITY if one.most is None else one.most)
    for number, group in enumerate(pool.enemies):
        members = np.unique(unit[list(group)])
        made.row(f"enemies {number}", members, 1.0, 0, 1)
    return made


@dataclass(frozen=True)
class Shadow:
    """`outside` is its only use; not for two threads at once (the plan has a lock)."""

    program: Program
    unit: Ints
    engine: Engine
    indices: Ints
    transposed: csc_matrix

    @classmethod
    def of(cls, plan: Plan) -> Shadow:
        unit = units_of(plan.pool)
        program = demands(plan.pool, plan.rules, unit)
        engine = solver(presolve="off", simplex_strategy=1)  # dual: a third of the primal's iterations
        engine.passModel(program.lp(whole=False))
        indices = np.arange(len(program.cost), dtype=np.int32)
        return cls(program, unit, engine, indices, program.matrix().tocsc())

    def outside(self, values: Floats, asked: Ints, barred: Flags) -> Flags | None:
        """(n,): 1 for each item that the shadow test does not hold; None when no test keeps all constraints."""
        n = len(self.indices)
        cost: Floats = -np.bincount(self.unit, weights=values, minlength=n).astype(np.float64)
        lower, upper = np.zeros(n), np.ones(n)
        upper[self.unit[barred.astype(bool)]] = 0.0
        lower[self.unit[asked]] = upper[self.unit[asked]] = 1.0
        x = self.relaxed(cost, lower, upper)
        if x is None:
            return None
        if np.abs(x - np.round(x)).max() > WHOLE:
            x = self.whole(cost, lower, upper, x)
        return None if x is None else (x[self.unit] < 0.5).astype(np.uint8)

    def relaxed(self, cost: Floats, lower: Floats, upper: Floats) -> Floats | None:
        n = len(self.indices)
        self.engine.changeColsCost(n, self.indices, cost)
        self.engine.changeColsBounds(n, self.indices, lower, upper)
        self.engine.run()
        if self.engine.getModelStatus() != Status.kOptimal:
            return None
        return np.array(self.engine.getSolution().col_value)

    def whole(self, cost: Floats, lower: Floats, upper: Floats, x: Floats) -> Floats | None:
        """First with all columns fixed but those that cost least to move."""
        reduced = np.abs(np.array(self.engine.getSolution().col_dual))
        reduced[lower == upper] = np.inf
        reduced[np.abs(x - np.round(x)) > WHOLE] = -1.0
        free = np.argsort(reduced, kind="stable")[: NEAR + int((reduced < 0).sum())]
        free = free[np.isfinite(reduced[free])]
        found = self.restricted(cost, x, free)
        if found is not None:
            return found
        every = replace(self.program, cost=cost, lower=lower, upper=upper)
        return solve(every, mip_rel_gap=GAP)[0]

    def restricted(self, cost: Floats, x: Floats, free: Ints) -> Floats | None:
        fixed = np.round(x)
        fixed[free] = 0.0
        used = self.transposed @ fixed
        part = self.transposed[:, free].tocsr()
        small = Program(cost[free], np.zeros(len(free)), np.ones(len(free)), len(free))
        for r, name in enumerate(self.program.names):
            row = part[r]
            least, most = self.program.least[r] - used[r], self.program.most[r] - used[r]
            small.row(name, row.indices, row.data, least, most)
        found, _ = solve(small, mip_rel_gap=GAP)
        if found is None:
            return None
        fixed[free] = np.round(found)
        return fixed

"""Integer programs for HiGHS: rows with names, so that what cannot hold is said in words."""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from yincai.measurement.adaptive.pool import Floats

INFINITY = highspy.kHighsInf
WHOLE = 1e-6  # how near to an integer counts as one
Status = highspy.HighsModelStatus
Engine = highspy._core._Highs


class Infeasible(ValueError):
    """No choice of items meets all demands; `shortfalls` are those that give way in the nearest one."""

    def __init__(self, shortfalls: tuple[Shortfall, ...]) -> None:
        self.shortfalls = shortfalls
        super().__init__("these demands cannot hold together: " + "; ".join(map(str, shortfalls)))


@dataclass(frozen=True)
class Shortfall:
    """A demand with its bounds, and the value that it has where the demands are broken as little as possible."""

    name: str
    least: float
    most: float
    reached: float

    def __str__(self) -> str:
        wanted = f"at least {self.least:g}" if self.reached < self.least else f"at most {self.most:g}"
        return f"{self.name} ({wanted}, the nearest is {self.reached:g})"


@dataclass
class Program:
    """minimise cost · x, with lower ≤ x ≤ upper, named rows between bounds, and the first `integers` columns whole."""

    cost: Floats
    lower: Floats
    upper: Floats
    integers: int
    names: list[str] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    columns: list[NDArray[np.int32]] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def row(self, name: str, columns: ArrayLike, values: ArrayLike, least: float, most: float) -> None:
        held = np.atleast_1d(np.asarray(columns, np.int32))
        self.columns.append(held)
        self.values.append(np.broadcast_to(np.asarray(values, np.float64), held.shape).copy())
        self.names.append(name)
        self.least.append(least)
        self.most.append(most)

    def matrix(self) -> csr_matrix:
        starts = np.concatenate(([0], np.cumsum([len(one) for one in self.columns])))
        indices = np.concatenate([*self.columns, np.zeros(0, np.int32)])
        values = np.concatenate([*self.values, np.zeros(0)])
        return csr_matrix((values, indices, starts), shape=(len(self.names), len(self.cost)))

    def lp(self, whole: bool = True) -> highspy.HighsLp:
        held, matrix = highspy.HighsLp(), self.matrix()
        held.num_col_, held.num_row_ = len(self.cost), len(self.names)
        held.col_cost_, held.col_lower_, held.col_upper_ = self.cost, self.lower, self.upper
        held.row_lower_, held.row_upper_ = np.array(self.least), np.array(self.most)
        held.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        held.a_matrix_.num_col_, held.a_matrix_.num_row_ = held.num_col_, held.num_row_
        held.a_matrix_.start_, held.a_matrix_.index_ = matrix.indptr, matrix.indices
        held.a_matrix_.value_ = matrix.data
        if whole:
            kinds = [highspy.HighsVarType.kInteger] * self.integers
            held.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (len(self.cost) - self.integers)
        return held


def solver(**options: bool | float | str) -> Engine:
    """HiGHS itself: its Python wrapper writes to standard output as soon as it is made."""
    made = Engine()
    usual: dict[str, bool | float | str] = {"output_flag": False, "threads": 1, "random_seed": 0}
    for name, value in {**usual, **options}.items():
        made.setOptionValue(name, value)
    return made


def solve(program: Program, **options: bool | float | str) -> tuple[Floats | None, float]:
    """The best x found and the gap that is left to the bound (0: proven best); None when there is no x at all."""
    engine = solver(**options)
    engine.passModel(program.lp())
    engine.run()
    info = engine.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, float("inf")
    x = np.array(engine.getSolution().col_value)
    return x, max(0.0, float(info.objective_function_value - info.mip_dual_bound))


def shortfalls(program: Program) -> tuple[Shortfall, ...]:
    """Which rows give way when all may, at one price for each unit, and as few units as can be."""
    n, rows = len(program.cost), len(program.names)
    loose = Program(
        cost=np.concatenate((np.zeros(n), np.ones(2 * rows))),
        lower=np.concatenate((program.lower, np.zeros(2 * rows))),
        upper=np.concatenate((program.upper, np.full(2 * rows, INFINITY))),
        integers=program.integers,
    )
    for r, name in enumerate(program.names):
        columns = np.concatenate((program.columns[r], [n + r, n + rows + r]))
        values = np.concatenate((program.values[r], [1.0, -1.0]))
        loose.row(name, columns, values, program.least[r], program.most[r])
    x, _ = solve(loose, mip_rel_gap=0.0, mip_max_nodes=10_000)
    if x is None:
        return ()
    found = []
    for r in range(rows):
        if x[n + r] + x[n + rows + r] > WHOLE:
            reached = float(program.values[r] @ x[program.columns[r]])
            found.append(Shortfall(program.names[r], program.least[r], program.most[r], round(reached, 6)))
    return tuple(found)

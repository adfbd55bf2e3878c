"""Parallel forms: paper tests, and linear tests on the fly, assembled by integer programs.

`assemble` makes several forms at once whose information curves are as near to a target as can be (the largest deviation
over forms and abilities, in shares of the target, is minimised). `on_the_fly` makes one form within a tolerance of the
target whose items are drawn by chance, so that each pupil has another form of the same measure.

Sources: van der Linden & Boekkooi-Timminga (1989), A maximin model for test design with practical constraints,
Psychometrika 54, 237–247; van der Linden (2005), Linear models for optimal test design, chapters 5 and 6 (minimax,
several forms, overlap); Stocking, Smith & Swanson (2000), An investigation of approaches to computerizing the GRE
subject tests (linear on the fly).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from yincai.measurement.adaptive.ability import information
from yincai.measurement.adaptive.pool import Constraint, Floats, Ints, Pool
from yincai.measurement.adaptive.program import INFINITY, Infeasible, Program, shortfalls, solve
from yincai.measurement.adaptive.shadow import units_of

FEW = 8  # columns for each item of a form that a search for one form looks at first
NODES = 5000


@dataclass(frozen=True)
class Form:
    """`items` in pool order, `information` (t,) at the blueprint's abilities, `deviation`: the largest from the target,
    in shares of the target."""

    items: tuple[int, ...]
    information: tuple[float, ...]
    deviation: float

    def __str__(self) -> str:
        return f"{len(self.items)} items, within {self.deviation:.1%} of the target"


@dataclass(frozen=True)
class Forms:
    """`gap`: how much smaller the largest deviation of an optimal solution could be at most (0: proven optimal)."""

    forms: tuple[Form, ...]
    deviation: float
    gap: float

    def __str__(self) -> str:
        return f"{len(self.forms)} forms, within {self.deviation:.1%} of the target (at best {self.gap:.1%} nearer)"


@dataclass(frozen=True)
class Total:
    """The sum of a number of each item (seconds, words, points) lies between two bounds in every form."""

    name: str
    values: tuple[float, ...]
    least: float = 0.0
    most: float = INFINITY

    def __post_init__(self) -> None:
        if not np.isfinite(self.values).all() or not self.least <= self.most:
            raise ValueError(f"{self.name}: needs finite values and least <= most")


@dataclass(frozen=True)
class Blueprint:
    """What each form is like: `length` items, information near `targets` at `thetas`, content and totals kept.

    >>> Blueprint(length=30, thetas=(-1.0, 0.0, 1.0), targets=(6.0, 9.0, 6.0)).length
    30
    """

    length: int
    thetas: tuple[float, ...]
    targets: tuple[float, ...]
    constraints: tuple[Constraint, ...] = ()
    totals: tuple[Total, ...] = ()

    def __post_init__(self) -> None:
        if self.length < 1 or not self.thetas or len(self.thetas) != len(self.targets):
            raise ValueError("a blueprint needs a length and one target for each ability")
        if not all(target > 0 for target in self.targets):
            raise ValueError("target information must be positive")


def typical_target(pool: Pool, length: int, thetas: ArrayLike) -> Floats:
    """(t,): the information that `length` items of the pool have on average; a target that leaves the pool balanced.

    >>> typical_target(Pool(a=[1.0, 2.0], b=[0.0, 0.0], c=[0.0, 0.0]), 4, [0.0]).tolist()
    [2.5]
    """
    return np.asarray(length * information(pool, thetas).mean(axis=0))


def assemble(
    pool: Pool,
    blueprint: Blueprint,
    forms: int = 1,
    overlap: int = 0,
    exclude: ArrayLike = (),
    tolerance: float = 0.01,
    seconds: float = 30.0,
) -> Forms:
    """`forms` parallel forms of which two share at most `overlap` items; enemies apart, item sets together.

    `exclude`: items that must not be used. The search ends when the largest deviation is within `tolerance` (a share of
    the target) of the best possible, or after `seconds` with the best found. Raises Infeasible, which names the demands
    that cannot hold together.

    >>> pool = Pool(a=[1.0] * 8, b=[-1, -1, 0, 0, 0, 0, 1, 1], c=[0.0] * 8)
    >>> made = assemble(pool, Blueprint(4, (-1.0, 1.0), tuple(typical_target(pool, 4, [-1.0, 1.0]))), forms=2)
    >>> print(made)
    2 forms, within 0.0% of the target (at best 0.0% nearer)
    """
    if forms < 1 or overlap < 0:
        raise ValueError("needs at least one form and an overlap of 0 or more")
    unit = units_of(pool)
    program = minimax(pool, blueprint, forms, overlap, unit, np.asarray(exclude, np.int32))
    x, gap = solve(program, mip_abs_gap=tolerance, mip_rel_gap=0.0, time_limit=seconds)
    if x is None:
        raise Infeasible(shortfalls(program))
    columns = int(unit.max()) + 1
    made = tuple(form_of(pool, blueprint, x[f * columns : (f + 1) * columns][unit] > 0.5) for f in range(forms))
    return Forms(made, max(form.deviation for form in made), gap)


def form_of(pool: Pool, blueprint: Blueprint, taken: np.ndarray) -> Form:
    items = np.flatnonzero(taken)
    found = information(pool, blueprint.thetas)[items].sum(axis=0)
    off = np.abs(found / np.array(blueprint.targets) - 1.0).max()
    return Form(tuple(items.tolist()), tuple(found.tolist()), float(off))


def content(program: Program, pool: Pool, blueprint: Blueprint, unit: Ints, first: int, form: str) -> None:
    """Rows of one form, whose columns begin at `first`."""
    columns = int(unit.max()) + 1
    sizes = np.bincount(unit, minlength=columns)
    program.row(f"{form}length", first + np.arange(columns), sizes, blueprint.length, blueprint.length)
    for one in blueprint.constraints:
        counts = np.bincount(unit[one.holds_for(pool)], minlength=columns)
        held, most = np.flatnonzero(counts), INFINITY if one.most is None else one.most
        program.row(f"{form}{one.label}", first + held, counts[held], one.least, most)
    for total in blueprint.totals:
        if len(total.values) != pool.n:
            raise ValueError(f"{total.name} needs one value for each of the pool's {pool.n} items")
        sums = np.bincount(unit, weights=np.array(total.values), minlength=columns)
        program.row(f"{form}{total.name}", first + np.arange(columns), sums, total.least, total.most)
    for group in pool.enemies:
        members = np.unique(unit[list(group)])
        program.row(f"{form}enemies {', '.join(map(str, group))}", first + members, 1.0, 0, 1)


def per_unit(pool: Pool, blueprint: Blueprint, unit: Ints) -> Floats:
    """(units, t): information in shares of the target."""
    table = information(pool, blueprint.thetas) / np.array(blueprint.targets)
    return np.column_stack([np.bincount(unit, weights=table[:, t]) for t in range(table.shape[1])])


def upper_bounds(unit: Ints, exclude: Ints) -> Floats:
    bounds = np.ones(int(unit.max()) + 1)
    bounds[unit[exclude]] = 0.0
    return bounds


def minimax(pool: Pool, blueprint: Blueprint, forms: int, overlap: int, unit: Ints, exclude: Ints) -> Program:
    """Columns: forms × units, then what pairs of forms share (when they may), then the largest deviation."""
    columns = int(unit.max()) + 1
    pairs = [(f, g) for f in range(forms) for g in range(f)] if overlap else []
    chosen, shared = forms * columns, len(pairs) * columns
    bounds = np.concatenate((np.tile(upper_bounds(unit, exclude), forms), np.ones(shared), [INFINITY]))
    cost = np.zeros(chosen + shared + 1)
    cost[-1] = 1.0
    program = Program(cost, np.zeros(len(cost)), bounds, chosen)
    table = per_unit(pool, blueprint, unit)
    for f in range(forms):
        name = f"form {f + 1}: " if forms > 1 else ""
        content(program, pool, blueprint, unit, f * columns, name)
        near_target(program, table, f * columns, name)
    apart(program, unit, forms, overlap, pairs)
    return program


def near_target(program: Program, table: Floats, first: int, name: str) -> None:
    """−y ≤ information / target − 1 ≤ y, with y the last column."""
    columns = np.concatenate((first + np.arange(len(table)), [len(program.cost) - 1]))
    for t in range(table.shape[1]):
        program.row(f"{name}information", columns, np.append(table[:, t], -1.0), -INFINITY, 1.0)
        program.row(f"{name}information", columns, np.append(table[:, t], 1.0), 1.0, INFINITY)


def apart(program: Program, unit: Ints, forms: int, overlap: int, pairs: list[tuple[int, int]]) -> None:
    """No item twice, or what each pair of forms shares is counted and bounded."""
    sizes = np.bincount(unit)
    columns = len(sizes)
    if not overlap and forms > 1:
        for u in range(columns):
            program.row("an item in one form only", u + columns * np.arange(forms), 1.0, 0, 1)
    for number, (f, g) in enumerate(pairs):
        first = (forms + number) * columns
        for u in range(columns):
            program.row("overlap", [f * columns + u, g * columns + u, first + u], [1.0, 1.0, -1.0], -INFINITY, 1.0)
        program.row(f"overlap of forms {g + 1} and {f + 1}", first + np.arange(columns), sizes, 0, overlap)


def on_the_fly(
    pool: Pool,
    blueprint: Blueprint,
    rng: np.random.Generator,
    tolerance: float = 0.05,
    used: ArrayLike | None = None,
    exclude: ArrayLike = (),
) -> Form:
    """One form by chance among those within `tolerance` (a share) of the target information.

    Each item has a random price, and the cheapest form is taken; `used` (n,), the shares of past forms that held each
    item, makes what was seen often dearer. Raises Infeasible.

    >>> pool = Pool(a=[1.0] * 8, b=[-1, -1, 0, 0, 0, 0, 1, 1], c=[0.0] * 8)
    >>> blueprint = Blueprint(4, (0.0,), tuple(typical_target(pool, 4, [0.0])))
    >>> print(on_the_fly(pool, blueprint, np.random.default_rng(3)))
    4 items, within 0.0% of the target
    """
    unit = units_of(pool)
    columns = int(unit.max()) + 1
    price = rng.exponential(size=columns)
    if used is not None:
        rates = np.bincount(unit, weights=np.asarray(used, np.float64)) / np.bincount(unit)
        price = price + rates / max(float(rates.max()), 1e-9)
    size = np.bincount(unit)
    bounds = upper_bounds(unit, np.asarray(exclude, np.int32))
    program = Program(price * size, np.zeros(columns), bounds, columns)
    content(program, pool, blueprint, unit, 0, "")
    table = per_unit(pool, blueprint, unit)
    for t, theta in enumerate(blueprint.thetas):
        name = f"information at {theta:g} as a share of the target"
        program.row(name, np.arange(columns), table[:, t], 1.0 - tolerance, 1.0 + tolerance)
    x = cheap(program, blueprint.length)
    if x is None:
        raise Infeasible(shortfalls(program))
    return form_of(pool, blueprint, x[unit] > 0.5)


def cheap(program: Program, length: int) -> Floats | None:
    """From the cheapest columns alone, which are enough as a rule and ten times quicker; then from all."""
    few = np.argsort(program.cost, kind="stable")[FEW * length :]
    upper = program.upper.copy()
    upper[few] = 0.0
    for bounds in (upper, program.upper):
        x, _ = solve(replace(program, upper=bounds), mip_rel_gap=0.1, mip_max_nodes=NODES)
        if x is not None:
            return x
    return None

"""The small typed tree that a typed answer becomes. Nothing else reaches arithmetic or sympy.

A tree keeps how the answer was written (0.50 is not 0.5, 2/4 is not 1/2), because some items ask
for a form; `normal` forgets the form and keeps the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Num:
    """A literal; `places` counts the decimals as typed, so that 0.50 has two."""

    value: Fraction
    places: int = 0


@dataclass(frozen=True, slots=True)
class Mixed:
    """带分数: whole + num/den, never negative by itself."""

    whole: int
    num: int
    den: int

    @property
    def value(self) -> Fraction:
        return self.whole + Fraction(self.num, self.den)


@dataclass(frozen=True, slots=True)
class Percent:
    """arg / base, with base 100 (%) or 1000 (‰)."""

    arg: Expr
    base: int = 100


@dataclass(frozen=True, slots=True)
class Var:
    """A single Latin letter, with a subscript digit where one was written (x₁ is `x1`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Pi:
    pass


@dataclass(frozen=True, slots=True)
class Neg:
    arg: Expr


@dataclass(frozen=True, slots=True)
class Add:
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Mul:
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Div:
    """`bar` tells a fraction (1/2) from a division that was not carried out (1÷2)."""

    num: Expr
    den: Expr
    bar: bool = True


@dataclass(frozen=True, slots=True)
class Pow:
    base: Expr
    exp: Expr


@dataclass(frozen=True, slots=True)
class Root:
    arg: Expr
    index: int = 2


@dataclass(frozen=True, slots=True)
class Abs:
    arg: Expr


Expr = Num | Mixed | Percent | Var | Pi | Neg | Add | Mul | Div | Pow | Root | Abs


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit; several parts for 3米20厘米."""

    parts: tuple[tuple[Expr, str], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """An equation or inequality; `op` is one of = ≠ < ≤ > ≥."""

    op: str
    left: Expr
    right: Expr


Item = Expr | Quantity | Ratio | Relation


@dataclass(frozen=True, slots=True)
class Collection:
    """Several answers, in the order typed; empty for 无解."""

    items: tuple[Item, ...]


Tree = Item | Collection


def children(tree: Expr) -> tuple[Expr, ...]:
    match tree:
        case Add(args) | Mul(args):
            return args
        case Neg(arg) | Abs(arg) | Percent(arg) | Root(arg):
            return (arg,)
        case Div(num, den):
            return (num, den)
        case Pow(base, exp):
            return (base, exp)
    return ()


def variables(tree: Expr) -> set[str]:
    if isinstance(tree, Var):
        return {tree.name}
    return set[str]().union(*(variables(child) for child in children(tree)))


def integer(tree: Expr) -> int | None:
    """The value of a bare whole-number literal, signed or not."""
    if isinstance(tree, Neg):
        inner = integer(tree.arg)
        return None if inner is None else -inner
    if isinstance(tree, Num) and tree.places == 0:
        return tree.value.numerator
    return None

"""Are two answers of an item the same value? Trees in, True / False / None (nobody could tell) out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from . import poly as p
from . import units
from .normal import Form, normal, same
from .rules import Accept, AnswerSpec
from .tree import Add, Collection, Div, Expr, Item, Mul, Neg, Num, Quantity, Ratio, Relation, Tree, Var, variables

_T = TypeVar("_T")
Decide = Callable[[Expr, Expr, bool], bool | None]


class Again(Exception):
    """What was typed can be read but is not yet an answer to this item."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class WrongUnit(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares under the rules of one item; `decide` is asked where the normal form cannot tell."""

    spec: AnswerSpec
    decide: Decide
    key_form: Form | None = None  # of a single key, kept because every answer to the item needs it

    @property
    def accept(self) -> Accept:
        return self.spec.accept

    def equal(self, typed: Tree, key: Tree) -> bool | None:
        match self.spec.kind:
            case "number" | "expression":
                return self.values(self.measured(typed), self.measured(key, key=True))
            case "ratio":
                return self.ratios(_ratio(typed), _ratio(key))
            case "list":
                return self.in_order(self.parts(typed), self.parts(key, key=True))
            case "set":
                return self.as_sets(self.parts(typed), self.parts(key, key=True), self.values)
            case "solution":
                return self.solutions(typed, key)
        return self.as_sets(_relations(typed), _relations(key), self.relations)

    # -- one value

    def values(self, typed: Expr, key: Expr) -> bool | None:
        a, b = normal(typed, self.accept.pi), self.key_form or normal(key, self.accept.pi)
        if self.accept.tolerance is not None or self.accept.decimals is not None:
            near = self.near(a, b)
            if near is not None:
                return near
        sure = same(a, b) if a and b else None
        if sure is None and self.accept.pi is None:  # the worker knows only the true π
            return self.decide(typed, key, self.accept.positive)
        return sure

    def near(self, a: Form | None, b: Form | None) -> bool | None:
        """By tolerance, or by rounding the key; None: compare exactly."""
        value, key = (a.approximate if a else None), (b.approximate if b else None)
        if value is None or key is None:
            return None
        if self.accept.tolerance is not None:
            return abs(value - key) <= self.accept.tolerance
        return True if value == rounded(key, self.accept.decimals or 0) else None

    def measured(self, tree: Tree, key: bool = False) -> Expr:
        """The value in the item's unit. A bare number is in that unit, unless the item requires it typed."""
        if isinstance(tree, Ratio | Relation | Collection):
            raise Again("这里要写一个数或式子。")
        if not isinstance(tree, Quantity):
            if self.spec.unit and self.accept.unit == "required" and not key:
                raise Again("请写上单位。")
            return tree
        parts = [self.converted(value, name, tree) for value, name in tree.parts]
        return parts[0] if len(parts) == 1 else Add(tuple(parts))

    def converted(self, value: Expr, name: str, whole: Quantity) -> Expr:
        wanted = units.unit(self.spec.unit)
        beside = next((other for _, other in whole.parts if other != name), self.spec.unit)
        typed = units.unit(name, beside)
        if typed.quantity != wanted.quantity:
            raise WrongUnit(f"单位不对：“{name}”不是{wanted.quantity}的单位，这里要用{wanted.name}。")
        if not self.accept.convert and typed.name != wanted.name:
            raise WrongUnit(f"单位不对：题目要求用{wanted.name}。")
        size = typed.size / wanted.size
        return value if size == 1 else Mul((Num(size), value))

    # -- several values

    def parts(self, tree: Tree, key: bool = False) -> list[Expr]:
        return [self.measured(item, key) for item in _items(tree)]

    def in_order(self, typed: list[Expr], key: list[Expr]) -> bool | None:
        if len(typed) != len(key):
            return False
        return all_of([self.values(a, b) for a, b in zip(typed, key, strict=True)])

    def as_sets(self, typed: Sequence[_T], key: Sequence[_T], alike: Callable[[_T, _T], bool | None]) -> bool | None:
        """Each of one has its like in the other; writing a member twice changes nothing."""
        table = [[alike(a, b) for b in key] for a in typed]
        rows = [any_of(row) for row in table]
        columns = [any_of([row[i] for row in table]) for i in range(len(key))]
        return all_of(rows + columns)

    def ratios(self, typed: list[Expr], key: list[Expr]) -> bool | None:
        if len(typed) != len(key):
            return False
        crosses = [self.values(Mul((a, key[0])), Mul((b, typed[0]))) for a, b in zip(typed[1:], key[1:], strict=True)]
        return all_of([*crosses, _not_zero(typed[0])])

    # -- solutions and relations

    def solutions(self, typed: Tree, key: Tree) -> bool | None:
        right = _by_name(_items(key), "")
        only = next(iter(right)) if len(right) == 1 else ""
        given = _by_name(_items(typed), only if self.accept.bare else "")
        if not right or not given:
            return right == given
        if "" in given or set(given) - set(right):
            letters = "、".join(f"{name}=…" for name in right)
            raise Again(f"请写成 {letters} 的样子。")
        if set(given) != set(right):
            return False
        return all_of([self.as_sets(given[name], right[name], self.values) for name in right])

    def relations(self, typed: Relation, key: Relation) -> bool | None:
        a, b = relation_key(typed), relation_key(key)
        return None if a is None or b is None else a == b


def all_of(verdicts: list[bool | None]) -> bool | None:
    if False in verdicts:
        return False
    return None if None in verdicts else True


def any_of(verdicts: list[bool | None]) -> bool | None:
    if True in verdicts:
        return True
    return None if None in verdicts else False


def rounded(value: Fraction, places: int) -> Fraction:
    """四舍五入: half away from zero."""
    shifted = abs(value) * 10**places + Fraction(1, 2)
    whole = Fraction(shifted.numerator // shifted.denominator, 10**places)
    return -whole if value < 0 else whole


def relation_key(relation: Relation) -> tuple[str, object] | None:
    """An equation up to a factor, an inequality up to a positive one, everything on one side."""
    op, left, right = relation.op, relation.left, relation.right
    if op in ">≥":
        op, left, right = {">": "<", "≥": "≤"}[op], right, left
    form = normal(Add((left, Neg(right))))
    if form is None or not form.complete or len(form.den) > 1 or _has_quotient(form.num):
        return None
    if not form.num:
        return op, ()
    size = p.lead(form.num)
    return op, p.key(p.scale(form.num, 1 / (size if op in "=≠" else abs(size))))


def _has_quotient(poly: p.Poly) -> bool:
    return any(exponent < 0 for _, powers in poly for _, exponent in powers)


def _items(tree: Tree) -> tuple[Item, ...]:
    return tree.items if isinstance(tree, Collection) else (tree,)


def _relations(tree: Tree) -> list[Relation]:
    items = _items(tree)
    relations = [item for item in items if isinstance(item, Relation)]
    if len(relations) < len(items):
        raise Again("这里要写等式或不等式，例如 y=2x+1 或 x>3。")
    return relations


def _ratio(tree: Tree) -> list[Expr]:
    if isinstance(tree, Ratio):
        return list(tree.parts)
    if isinstance(tree, Div) and tree.bar:
        return [tree.num, tree.den]
    raise Again("请写成比，例如 3:4。")


def _not_zero(tree: Expr) -> bool:
    form = normal(tree)
    return form is None or bool(form.num)


def _by_name(items: tuple[Item, ...], bare: str) -> dict[str, list[Expr]]:
    """Unknown → its values; x₁ and x₂ are values of x."""
    out: dict[str, list[Expr]] = {}
    for item in items:
        name, value = _named(item, bare)
        out.setdefault(name, []).append(value)
    return out


def _named(item: Item, bare: str) -> tuple[str, Expr]:
    if isinstance(item, Relation) and item.op == "=":
        for name, value in ((item.left, item.right), (item.right, item.left)):
            if isinstance(name, Var) and name.name not in variables(value):
                return name.name[0], value
    if isinstance(item, Relation | Ratio | Quantity):
        raise Again("请写出未知数的值，例如 x=3。")
    return bare, item

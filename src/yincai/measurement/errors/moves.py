"""Faulty steps from one line of working to the next: each makes, out of the line before, just the lines it would give.

Nothing is looked at but the line before. What a pupil wrote shows a faulty step when it says the same as one of its
lines (`working`), so the pupil may have gone on rightly from there in the same line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from yincai.measurement.errors.lines import (
    ONE,
    TURNED,
    ZERO,
    Beyond,
    Line,
    Term,
    Tree,
    degree,
    difference,
    factor,
    form,
    has_letter,
    is_sum,
    joined,
    places,
    replaced,
    terms,
)

OfLine: TypeAlias = "Callable[[Line], Iterator[Line]]"
MOST_FACTORS = 8
PRIOR_COUNT = 20.0  # the priors count as much as this many confirmations in all


@dataclass(frozen=True)
class Move:
    """`weight` is relative: how often pupils err so."""

    name: str
    weight: float
    of_line: OfLine


# --- between the two sides --------------------------------------------------------------------------------------------


def _moved(of_letters: bool) -> OfLine:
    """2x + 3 = 7 → 2x = 7 + 3."""

    def lines(line: Line) -> Iterator[Line]:
        for place, side in enumerate(line.sides if line.sign else ()):
            parts, other = terms(side), line.sides[1 - place]
            alone = len(parts) == 1 and not (_to_nought(other) or (of_letters and has_letter(other)))
            for at, part in enumerate([] if alone else parts):
                if has_letter(part[1]) == of_letters:
                    rest = joined(parts[:at] + parts[at + 1 :])
                    yield line.with_side(place, rest).with_side(1 - place, joined([*terms(other), part]))

    return lines


def _to_nought(other: Tree) -> bool:
    """Whether all is brought to one side, as with x² = 5x − 6."""
    try:
        return degree(form(other)) > 1
    except Beyond:
        return False


def _isolated(line: Line) -> Iterator[tuple[Fraction, Tree, Tree]]:
    """(k, rest, number) with k · rest = number: each letter term alone, and all of them together."""
    for place, side in enumerate(line.sides if line.sign else ()):
        parts, other = terms(side), line.sides[1 - place]
        for at, (sign, tree) in enumerate(parts):
            k, rest = factor(tree)
            if has_letter(rest) and sign * k != 1:
                yield sign * k, rest, joined([*terms(other), *((-s, t) for s, t in parts[:at] + parts[at + 1 :])])
    if line.sign:
        yield from _reduced(line)


def _reduced(line: Line) -> Iterator[tuple[Fraction, Tree, Tree]]:
    try:
        found = difference(line)
    except Beyond:
        return
    letters = sorted(set(found) - {()})
    if degree(found) == 1 and len(letters) == 1 and found[letters[0]] != 1:
        yield found[letters[0]], letters[0][0][0], -found.get((), ZERO)


def _undone(change: Callable[[Fraction, Tree], Tree | None]) -> OfLine:
    """The coefficient taken away in a wrong manner: `change` makes the other side."""

    def lines(line: Line) -> Iterator[Line]:
        for k, rest, number in _isolated(line):
            other = change(k, number)
            if other is not None:
                yield Line(rest, line.sign, other)

    return lines


def _multiplied(k: Fraction, number: Tree) -> Tree | None:
    """3x = 6 → x = 6 · 3."""
    return None if _is_division(k) else ("*", number, k)


def _divided(k: Fraction, number: Tree) -> Tree | None:
    """x/3 = 6 → x = 6/3."""
    return ("/", number, 1 / k) if _is_division(k) else None


def _is_division(k: Fraction) -> bool:
    return abs(k.numerator) == 1 and k.denominator > 1


def _subtracted(k: Fraction, number: Tree) -> Tree | None:
    """3x = 6 → x = 6 − 3."""
    return joined([*terms(number), (-1, k)]) if k > 0 else joined([*terms(number), (1, -k)])


def _turned_over(k: Fraction, number: Tree) -> Tree | None:
    """3x = 6 → x = 3/6."""
    return None if has_letter(number) or number == 0 else ("/", k, number)


def _sign_lost_dividing(k: Fraction, number: Tree) -> Tree | None:
    """−3x = 6 → x = 6/3."""
    return ("/", number, -k) if k < 0 else None


def _on_one_side(line: Line) -> Iterator[Line]:
    """3x = 6 → x = 6."""
    for place, side in enumerate(line.sides if line.sign else ()):
        for k in _coefficients(line):
            yield line.with_side(place, ("/", side, k))
        for k in _denominators(line):
            yield line.with_side(place, ("*", side, k))


def _but_one(factors_of: Callable[[Line], list[Fraction]], sign: str) -> OfLine:
    """x/2 + 3 = 5 → x + 3 = 10; 2x + 6 = 10 → x + 6 = 5."""

    def lines(line: Line) -> Iterator[Line]:
        for k in factors_of(line) if line.sign else ():
            both = Line((sign, line.left, k), line.sign, (sign, line.right, k))
            for place, side in enumerate(line.sides):
                parts = terms(side)
                for at in range(len(parts) if len(parts) > 1 else 0):
                    kept: list[Term] = [
                        (s, tree) if i == at else (s, (sign, tree, k)) for i, (s, tree) in enumerate(parts)
                    ]
                    yield both.with_side(place, joined(kept))

    return lines


def _coefficients(line: Line) -> list[Fraction]:
    """What both sides may be divided by: the letters' coefficients, and what all numbers share."""
    found = [k for k, _, _ in _isolated(line) if not _is_division(k)]
    try:
        whole = [abs(value.numerator) for side in line.sides for value in form(side).values()]
    except Beyond:
        whole = []
    return _few([*found, Fraction(gcd(*whole))])


def _denominators(line: Line) -> list[Fraction]:
    found = {
        abs(k.denominator)
        for side in line.sides
        for part, _ in places(side)
        if not isinstance(part, str)
        for k in [part if isinstance(part, Fraction) else factor(part)[0]]
    }
    return _few([Fraction(each) for each in sorted({*found, lcm(*found)} if found else ())])


def _few(numbers: list[Fraction]) -> list[Fraction]:
    return [k for k in dict.fromkeys(numbers) if k not in (0, 1)][:MOST_FACTORS]


def _direction(of_negative: bool) -> OfLine:
    """−3x < 6 → x < −2; 3x < 6 → x > 2."""

    def lines(line: Line) -> Iterator[Line]:
        negative = any(k < 0 for k, _, _ in _isolated(line))
        if line.sign in TURNED and negative == of_negative:
            yield Line(line.left, TURNED[line.sign], line.right)

    return lines


# --- inside a side ----------------------------------------------------------------------------------------------------


def _in_sums(change: Callable[[list[Term]], Iterator[list[Term]]]) -> OfLine:
    """A change of one sum, wherever it stands; what is no sum counts as one addend."""

    def lines(line: Line) -> Iterator[Line]:
        for place, side in enumerate(line.sides):
            for part, way in places(side):
                if not way or is_sum(part):
                    yield from (
                        line.with_side(place, replaced(side, way, joined(after))) for after in change(terms(part))
                    )

    return lines


def _of_brackets(open_up: Callable[[Fraction, list[Term]], Iterator[list[Term]]]) -> OfLine:
    """A bracket with what stands before it, c · (first + others), opened wrongly."""

    def change(parts: list[Term]) -> Iterator[list[Term]]:
        for at, (sign, tree) in enumerate(parts):
            k, inner = factor(tree)
            if is_sum(inner):
                yield from (parts[:at] + opened + parts[at + 1 :] for opened in open_up(sign * k, terms(inner)))

    return _in_sums(change)


def _times(c: Fraction, part: Term) -> Term:
    sign = part[0] if c > 0 else -part[0]
    return (sign, part[1] if abs(c) == 1 else ("*", abs(c), part[1]))


def _first_only(c: Fraction, inner: list[Term]) -> Iterator[list[Term]]:
    """3(x + 2) → 3x + 2."""
    if abs(c) != 1:
        yield [_times(c, inner[0]), *inner[1:]]
        if c < 0:
            yield [_times(c, inner[0]), *(_times(Fraction(-1), part) for part in inner[1:])]


def _not_multiplied(c: Fraction, inner: list[Term]) -> Iterator[list[Term]]:
    """3(x + 2) → x + 2."""
    if abs(c) != 1:
        yield [_times(ONE if c > 0 else -ONE, part) for part in inner]


def _later_sign_kept(c: Fraction, inner: list[Term]) -> Iterator[list[Term]]:
    """5 − 2(x + 3) → 5 − 2x + 6."""
    if c < 0:
        yield [_times(c, inner[0]), *(_times(-c, part) for part in inner[1:])]


def _sign_ignored(c: Fraction, inner: list[Term]) -> Iterator[list[Term]]:
    """5 − 2(x + 3) → 5 + 2x + 6."""
    if c < 0:
        yield [_times(-c, part) for part in inner]


def _unlike(parts: list[Term]) -> Iterator[list[Term]]:
    """2x + 3 → 5x; 2x − 4 + 3x → x."""
    together: Tree = joined([(sign, tree if isinstance(tree, Fraction) else factor(tree)[0]) for sign, tree in parts])
    letters = {rest for rest in (factor(tree)[1] for _, tree in parts) if isinstance(rest, str)}
    if len(letters) == 1 and all(isinstance(factor(tree)[1], str | Fraction) for _, tree in parts):
        yield [(1, ("*", together, letters.pop()))]
    for at, (sign, tree) in enumerate(parts):
        k, letter = factor(tree)
        for other, (its_sign, number) in enumerate(parts if isinstance(letter, str) else []):
            if isinstance(number, Fraction):
                both: Tree = ("*", sign * k + its_sign * number, letter)
                yield [(1, both) if i == at else part for i, part in enumerate(parts) if i != other]


def _sign_of_term(parts: list[Term]) -> Iterator[list[Term]]:
    """2x − 3 → 2x + 3."""
    for at, (sign, tree) in enumerate(parts):
        yield [*parts[:at], (-sign, tree), *parts[at + 1 :]]


def _without_term(parts: list[Term]) -> Iterator[list[Term]]:
    """2x + 3 − 5 → 2x + 3."""
    for at in range(len(parts) if len(parts) > 1 else 0):
        yield parts[:at] + parts[at + 1 :]


def _of_products(change: Callable[[list[Term], list[Term]], list[Term] | None]) -> OfLine:
    """(a + b)(c + d) multiplied out wrongly."""

    def lines(line: Line) -> Iterator[Line]:
        for place, side in enumerate(line.sides):
            for part, way in places(side):
                if isinstance(part, Fraction | str) or part[0] != "*":
                    continue
                one, other = terms(part[1]), terms(part[2])
                after = change(one, other) if len(one) == len(other) == 2 else None
                if after is not None:
                    yield line.with_side(place, replaced(side, way, joined(after)))

    return lines


def _product(one: Term, other: Term) -> Term:
    return one[0] * other[0], ("*", one[1], other[1])


def _each_squared(one: list[Term], other: list[Term]) -> list[Term] | None:
    """(a + b)² → a² + b²."""
    return [_product(one[0], one[0]), _product(one[1], one[1])] if one == other else None


def _last_negative(one: list[Term], other: list[Term]) -> list[Term] | None:
    """(a − b)² → a² − b²."""
    squares = _each_squared(one, other)
    return [squares[0], (-1, squares[1][1])] if squares else None


def _middle_once(one: list[Term], other: list[Term]) -> list[Term] | None:
    """(a + b)² → a² + ab + b²."""
    return [_product(one[0], one[0]), _product(one[0], one[1]), _product(one[1], one[1])] if one == other else None


def _ends_only(one: list[Term], other: list[Term]) -> list[Term] | None:
    """(a + b)(c + d) → ac + bd."""
    return [_product(one[0], other[0]), _product(one[1], other[1])] if one != other else None


MOVES = (
    Move("moved without changing the sign", 5.0, _moved(of_letters=False)),
    Move("letter moved without changing the sign", 4.0, _moved(of_letters=True)),
    Move("bracket: only the first multiplied", 4.0, _of_brackets(_first_only)),
    Move("bracket: a later sign kept", 4.0, _of_brackets(_later_sign_kept)),
    Move("bracket: sign before it ignored", 1.5, _of_brackets(_sign_ignored)),
    Move("bracket: not multiplied", 1.5, _of_brackets(_not_multiplied)),
    Move("a term not multiplied by the denominator", 3.0, _but_one(_denominators, "*")),
    Move("a term not divided", 2.0, _but_one(_coefficients, "/")),
    Move("only one side multiplied or divided", 2.0, _on_one_side),
    Move("coefficient subtracted", 2.0, _undone(_subtracted)),
    Move("multiplied by the coefficient", 1.5, _undone(_multiplied)),
    Move("divided by the denominator", 2.0, _undone(_divided)),
    Move("coefficient and number turned over", 1.5, _undone(_turned_over)),
    Move("sign lost in dividing", 2.5, _undone(_sign_lost_dividing)),
    Move("direction not turned", 4.0, _direction(of_negative=True)),
    Move("direction turned", 2.0, _direction(of_negative=False)),
    Move("unlike terms put together", 3.0, _in_sums(_unlike)),
    Move("each squared", 4.0, _of_products(_each_squared)),
    Move("each squared, the last taken away", 2.0, _of_products(_last_negative)),
    Move("middle term not doubled", 2.0, _of_products(_middle_once)),
    Move("only the ends multiplied", 3.0, _of_products(_ends_only)),
    Move("sign of a term", 2.0, _in_sums(_sign_of_term)),
    Move("a term left out", 1.0, _in_sums(_without_term)),
)
MISCALCULATED, MISCALCULATED_WEIGHT = "miscalculated", 4.0  # which number came out may be any: see `working`
WEIGHTS = {move.name: move.weight for move in MOVES} | {MISCALCULATED: MISCALCULATED_WEIGHT}
NAMES = tuple(WEIGHTS)
PRIOR_COUNTS = {name: PRIOR_COUNT * weight / sum(WEIGHTS.values()) for name, weight in WEIGHTS.items()}


@dataclass(frozen=True)
class MoveModel:
    """How often each faulty step is expected; confirmations move it."""

    counts: Mapping[str, float] = field(default_factory=lambda: dict(PRIOR_COUNTS))

    def probability(self, name: str) -> float:
        return self.counts[name] / sum(self.counts.values())


def updated(model: MoveModel, confirmed: Mapping[str, int]) -> MoveModel:
    """The model after so many confirmations of each faulty step. Raises ValueError for an unknown one."""
    unknown = set(confirmed) - set(model.counts)
    if unknown:
        raise ValueError(f"unknown steps {sorted(unknown)}")
    return MoveModel({name: count + confirmed.get(name, 0) for name, count in model.counts.items()})

"""Lines of working as trees, and what they say exactly: a value, a polynomial, a set of solutions.

A tree is a fraction, a letter, or `(sign, left, right)` with one of ``+ - * /``; a power is a product. Whoever reads
what pupils type makes the trees; nothing is parsed here. Two lines are compared by exact fractions: expressions as
polynomials, linear equations and inequalities by their solutions, and so are equations of higher degree in one letter
(their real ones: `roots`). What lies beyond (a letter in a divisor, other lines of higher degree that are no multiples
of each other, enormous numbers) is not guessed at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from yincai.measurement.errors import roots
from yincai.measurement.errors.answers import Expression
from yincai.measurement.errors.roots import Coefficients

Tree: TypeAlias = "Fraction | str | tuple[str, Tree, Tree]"
Monomial: TypeAlias = "tuple[tuple[str, int], ...]"  # letters in order with their exponents; () is the constant
Poly: TypeAlias = "dict[Monomial, Fraction]"
Term: TypeAlias = "tuple[int, Tree]"  # 1 or -1, and what is added or taken away

MOST_TERMS = 60
HIGHEST = 8  # degree
MOST_BITS = 256
MOST_NODES = 400
TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
PRIME, GENERATOR = 2**61 - 1, 37
SIGNS = frozenset("=<>≤≥")
ZERO, ONE = Fraction(0), Fraction(1)


class Beyond(ValueError):
    """What a line says cannot be told exactly."""


@dataclass(frozen=True)
class Line:
    """An equation or inequality; with an empty sign the expression `left` alone."""

    left: Tree
    sign: str = ""
    right: Tree = ZERO

    def __post_init__(self) -> None:
        if self.sign and self.sign not in SIGNS:
            raise ValueError(f"{self.sign!r} is no sign between two sides")

    @property
    def sides(self) -> tuple[Tree, ...]:
        return (self.left, self.right) if self.sign else (self.left,)

    @property
    def both(self) -> tuple[Tree, Tree]:
        return self.left, self.right

    def with_side(self, place: int, side: Tree) -> Line:
        return Line(side, self.sign, self.right) if place == 0 else Line(self.left, self.sign, side)


def same(one: Line, other: Line) -> bool | None:
    """Do two lines say the same: equal expressions, or the same solutions? None where it cannot be told.

    >>> x = "x"
    >>> same(Line(("+", x, Fraction(3)), "=", Fraction(7)), Line(x, "=", Fraction(4)))
    True
    >>> same(Line(("*", Fraction(-2), x), "<", Fraction(6)), Line(x, "<", Fraction(-3)))
    False
    """
    if bool(one.sign) != bool(other.sign):
        return None
    try:
        first, second = key(one), key(other)
    except Beyond:
        return None
    if first == second:
        return True
    if _settled(one) and _settled(other):
        return False
    polys = _equations(one, other)
    return None if polys is None else roots.within(polys[0], polys[1]) and roots.within(polys[1], polys[0])


def follows(before: Line, line: Line) -> bool | None:
    """Does a line follow from the one before it? As `same`, but some of several solutions written alone may be one
    case of more, which cannot be told.

    >>> square = Line(("*", "x", "x"), "=", Fraction(4))
    >>> [follows(square, Line("x", "=", Fraction(root))) for root in (2, 3)]
    [None, False]
    """
    agrees = same(before, line)
    return None if agrees is False and _is_a_case(before, line) else agrees


def _is_a_case(before: Line, line: Line) -> bool:
    polys = _equations(before, line) if before.sign and line.sign else None
    return bool(polys and len(polys[0]) > 2 and roots.count(polys[1]) and roots.within(polys[1], polys[0]))


def _equations(one: Line, other: Line) -> tuple[Coefficients, Coefficients] | None:
    """Two equations as polynomials in their one letter. An equation that nothing solves has none; None where there
    are other letters, or an equation that everything solves."""
    if one.sign != "=" or other.sign != "=":
        return None
    found = [difference(one), difference(other)]
    letters = {letter for poly in found for power in poly for letter, _ in power}
    if len(letters) != 1 or not all(found):
        return None
    first, second = (_coefficients(poly) for poly in found)
    return first, second


def _coefficients(poly: Poly) -> Coefficients:
    by_degree = {sum(exponent for _, exponent in power): value for power, value in poly.items()}
    return tuple(by_degree.get(degree, ZERO) for degree in range(max(by_degree) + 1))


def key(line: Line) -> Hashable:
    """Equal for lines that say the same. Raises Beyond.

    An equation counts up to a factor, an inequality up to a positive one.
    """
    if not line.sign:
        return frozenset(form(line.left).items())
    sign, found = line.sign, difference(line)
    if sign in ">≥":
        sign, found = TURNED[sign], {power: -value for power, value in found.items()}
    if not set(found) - {()}:
        return "all" if _holds(sign, found.get((), ZERO)) else "none"
    size = found[max(found)]
    size = size if sign == "=" else abs(size)
    return sign, frozenset((power, value / size) for power, value in found.items())


def _holds(sign: str, value: Fraction) -> bool:
    return {"=": value == 0, "<": value < 0, "≤": value <= 0}[sign]


def _settled(line: Line) -> bool:
    """Whether another key means another set of solutions: so for expressions and for what is linear."""
    return not line.sign or degree(difference(line)) <= 1


def difference(line: Line) -> Poly:
    """Left side less right side. Raises Beyond."""
    return _added(form(line.left), form(line.right), -1)


def degree(poly: Poly) -> int:
    return max((sum(exponent for _, exponent in power) for power in poly), default=0)


def form(tree: Tree) -> Poly:
    """The polynomial that a tree is. Raises Beyond.

    >>> form(("*", ("+", "x", Fraction(1)), Fraction(2))) == {(("x", 1),): 2, (): 2}
    True
    """
    if size(tree) > MOST_NODES:
        raise Beyond("too long")
    return _form(tree)


def _form(tree: Tree) -> Poly:
    if isinstance(tree, Fraction):
        return _bounded({(): tree} if tree else {})
    if isinstance(tree, str):
        return {((tree, 1),): ONE}
    sign, left, right = tree[0], _form(tree[1]), _form(tree[2])
    if sign in "+-":
        return _added(left, right, 1 if sign == "+" else -1)
    if sign == "*":
        return _multiplied(left, right)
    if not right or set(right) != {()}:
        raise Beyond("a division by zero or by a letter")
    return _bounded({power: value / right[()] for power, value in left.items()})


def _added(left: Poly, right: Poly, sign: int) -> Poly:
    found = dict(left)
    for power, value in right.items():
        found[power] = found.get(power, ZERO) + sign * value
    return _bounded({power: value for power, value in found.items() if value})


def _multiplied(left: Poly, right: Poly) -> Poly:
    found: Poly = {}
    for one, a in left.items():
        for other, b in right.items():
            letters = dict(one)
            for letter, exponent in other:
                letters[letter] = letters.get(letter, 0) + exponent
            power = tuple(sorted(letters.items()))
            found[power] = found.get(power, ZERO) + a * b
    return _bounded({power: value for power, value in found.items() if value})


def _bounded(poly: Poly) -> Poly:
    if len(poly) > MOST_TERMS or degree(poly) > HIGHEST:
        raise Beyond("too many terms")
    if any(max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS for value in poly.values()):
        raise Beyond("the numbers are too large")
    return poly


def at_a_point(tree: Tree) -> int | None:
    """The tree's value where each letter is a large number of its own, modulo a prime: equal for equal polynomials, and
    for others nearly never. None where something is divided by nought."""
    if isinstance(tree, Fraction):
        return tree.numerator * pow(tree.denominator, -1, PRIME) % PRIME if tree.denominator % PRIME else None
    if isinstance(tree, str):
        return pow(GENERATOR, sum(map(ord, tree)), PRIME)
    left, right = at_a_point(tree[1]), at_a_point(tree[2])
    if left is None or right is None:
        return None
    if tree[0] in "+-":
        return (left + right if tree[0] == "+" else left - right) % PRIME
    if tree[0] == "*":
        return left * right % PRIME
    return left * pow(right, -1, PRIME) % PRIME if right else None


def size(tree: Tree) -> int:
    return 1 if isinstance(tree, Fraction | str) else 1 + size(tree[1]) + size(tree[2])


def has_letter(tree: Tree) -> bool:
    return isinstance(tree, str) or (not isinstance(tree, Fraction) and (has_letter(tree[1]) or has_letter(tree[2])))


def numbers_only(tree: Tree) -> Expression | None:
    """The tree as a calculation, where no letter stands in it."""
    if isinstance(tree, str):
        return None
    if isinstance(tree, Fraction):
        return tree
    left, right = numbers_only(tree[1]), numbers_only(tree[2])
    return None if left is None or right is None else (tree[0], left, right)


def terms(tree: Tree) -> list[Term]:
    """The addends of a sum; a bracket is one of them, and so is all that is no sum.

    >>> terms(("-", ("+", "x", Fraction(-2)), ("+", "y", Fraction(1))))
    [(1, 'x'), (-1, Fraction(2, 1)), (-1, ('+', 'y', Fraction(1, 1)))]
    """
    found: list[Term] = []
    while not isinstance(tree, Fraction | str) and tree[0] in "+-":
        found.append(_signed(1 if tree[0] == "+" else -1, tree[2]))
        tree = tree[1]
    if tree != 0:
        found.append(_signed(1, tree))
    return found[::-1]


def _signed(sign: int, tree: Tree) -> Term:
    return (-sign, -tree) if isinstance(tree, Fraction) and tree < 0 else (sign, tree)


def joined(parts: list[Term]) -> Tree:
    """The sum of these; nought where there are none."""
    found: Tree = ZERO
    for sign, tree in parts:
        if found == 0 and sign > 0:
            found = tree
        elif found == 0 and isinstance(tree, Fraction):
            found = -tree
        else:
            found = ("+" if sign > 0 else "-", found, tree)
    return found


def collected(line: Line) -> Line:
    """The same with brackets opened and like terms put together on each side. Raises Beyond.

    >>> collected(Line(("*", Fraction(2), ("+", "x", Fraction(1))), "=", Fraction(4))).left
    ('+', ('*', Fraction(2, 1), 'x'), Fraction(2, 1))
    """
    left, right = (joined([_term(*part) for part in sorted(form(side).items(), reverse=True)]) for side in line.both)
    return Line(left, line.sign, right)


def _term(power: Monomial, value: Fraction) -> Term:
    letters: list[Tree] = [letter for letter, exponent in power for _ in range(exponent)]
    parts = letters if letters and abs(value) == 1 else [abs(value), *letters]
    found = parts[0]
    for part in parts[1:]:
        found = ("*", found, part)
    return (1 if value > 0 else -1), found


def is_sum(tree: Tree) -> bool:
    return not isinstance(tree, Fraction | str) and tree[0] in "+-" and len(terms(tree)) > 1


def factor(tree: Tree) -> tuple[Fraction, Tree]:
    """(k, rest) with tree = k · rest, where a number stands beside a product or below a bar.

    >>> factor(("/", ("*", Fraction(2), "x"), Fraction(3)))
    (Fraction(2, 3), 'x')
    """
    if isinstance(tree, Fraction | str):
        return (tree, ONE) if isinstance(tree, Fraction) else (ONE, tree)
    sign, left, right = tree
    if sign == "-" and left == 0:
        inner, rest = factor(right)
        return -inner, rest
    if sign == "*":
        for number, other in ((left, right), (right, left)):
            plain = _number(number)
            if plain is not None and _number(other) is None:
                inner, rest = factor(other)
                return plain * inner, rest
    if sign == "/":
        plain = _number(right)
        if plain:
            inner, rest = factor(left)
            return inner / plain, rest
    return ONE, tree


def _number(tree: Tree) -> Fraction | None:
    """The value of a tree without letters."""
    if has_letter(tree):
        return None
    try:
        return form(tree).get((), ZERO)
    except Beyond:
        return None


def places(tree: Tree) -> Iterator[tuple[Tree, tuple[int, ...]]]:
    """Each part of a tree with the way to it."""
    yield tree, ()
    if not isinstance(tree, Fraction | str):
        for way in (1, 2):
            inner = tree[1] if way == 1 else tree[2]
            yield from ((part, (way, *rest)) for part, rest in places(inner))


def replaced(tree: Tree, way: tuple[int, ...], part: Tree) -> Tree:
    if not way or isinstance(tree, Fraction | str):
        return part
    if way[0] == 1:
        return (tree[0], replaced(tree[1], way[1:], part), tree[2])
    return (tree[0], tree[1], replaced(tree[2], way[1:], part))

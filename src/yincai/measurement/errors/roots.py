"""Real roots of polynomials in one letter, compared exactly and never computed.

Sturm's theorem (C. Sturm, 1829) counts the real roots by signs alone; greatest common divisors tell which roots two
polynomials share. All in fractions. A polynomial is its coefficients from the constant on, the last one not nought;
the empty tuple is the polynomial that is nought everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

Coefficients: TypeAlias = "tuple[Fraction, ...]"


def within(one: Coefficients, other: Coefficients) -> bool:
    """Whether every real root of `one` is a root of `other`. Neither may be nought everywhere.

    >>> of = lambda *numbers: tuple(map(Fraction, numbers))
    >>> within(of(-2, 1), of(-4, 0, 1)), within(of(-4, 0, 1), of(-2, 1)), within(of(1, 0, 1), of(-2, 1))
    (True, False, True)
    """
    simple = _without_repeats(one)
    return not count(_divided(simple, _common(simple, other))[0])


def count(poly: Coefficients) -> int:
    """How many different real roots there are.

    >>> count(tuple(map(Fraction, (-2, 0, 1)))), count(tuple(map(Fraction, (2, 0, 1))))
    (2, 0)
    """
    chain = [poly, _derivative(poly)]
    while chain[-1]:
        chain.append(tuple(-value for value in _divided(chain[-2], chain[-1])[1]))
    return _changes(chain, -1) - _changes(chain, 1)


def _changes(chain: Sequence[Coefficients], side: int) -> int:
    """Changes of sign along the chain, far out on one side."""
    signs = [poly[-1] * side ** (len(poly) - 1) > 0 for poly in chain if poly]
    return sum(one != other for one, other in pairwise(signs))


def _without_repeats(poly: Coefficients) -> Coefficients:
    return _divided(poly, _common(poly, _derivative(poly)))[0]


def _common(one: Coefficients, other: Coefficients) -> Coefficients:
    """The greatest common divisor, its highest coefficient one."""
    while other:
        one, other = other, _divided(one, other)[1]
    return tuple(value / one[-1] for value in one)


def _derivative(poly: Coefficients) -> Coefficients:
    return tuple(power * value for power, value in enumerate(poly))[1:]


def _divided(poly: Coefficients, by: Coefficients) -> tuple[Coefficients, Coefficients]:
    """Quotient and remainder."""
    rest, quotient = list(poly), [Fraction(0)] * max(len(poly) - len(by) + 1, 0)
    for place in reversed(range(len(quotient))):
        quotient[place] = rest[place + len(by) - 1] / by[-1]
        for power, value in enumerate(by):
            rest[place + power] -= quotient[place] * value
    return tuple(quotient), _trimmed(rest[: len(by) - 1])


def _trimmed(poly: Sequence[Fraction]) -> Coefficients:
    end = len(poly)
    while end and not poly[end - 1]:
        end -= 1
    return tuple(poly[:end])

"""Exact sums of terms: coefficient × √radical × product of powers of atoms.

A term's key is (r, ((atom, exponent), …)): r a squarefree integer ≥ 1, atoms in order of name,
exponents whole and possibly negative. Square roots of different squarefree integers, variables and π
are independent over Q, so equal values have equal dictionaries.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import gcd, isqrt

Mono = tuple[int, tuple[tuple[str, int], ...]]
Exact = int | Fraction  # whole numbers stay int, several times faster; never divide but through Fraction
Poly = dict[Mono, Exact]

ONE_KEY: Mono = (1, ())
MAX_TERMS = 200
MAX_BITS = 4000
MAX_RADICAND = 10**12
PI_NAME = "π"
_PI = Fraction(3141592653589793238462643383279502884197169399375105820974944, 10**60)
_SCALE = 10**100


class OutOfReach(Exception):
    """The normal form cannot settle this."""


class TooBig(OutOfReach):
    """Nobody should try: the numbers are beyond any school answer."""


class Undefined(OutOfReach):
    """Division by zero, or an even root of a negative number."""


def exact(value: Exact) -> Exact:
    return value.numerator if value.denominator == 1 else value


def constant(value: Exact) -> Poly:
    return {ONE_KEY: exact(value)} if value else {}


def atom(name: str) -> Poly:
    return {(1, ((name, 1),)): 1}


def add(left: Poly, right: Poly, sign: int = 1) -> Poly:
    out = dict(left)
    for key, value in right.items():
        total = out.get(key, 0) + sign * value
        if total:
            out[key] = total
        else:
            out.pop(key, None)
    return _within(out)


def scale(poly: Poly, factor: Exact) -> Poly:
    factor = exact(factor)
    return {key: value * factor for key, value in poly.items()} if factor else {}


def mul(left: Poly, right: Poly) -> Poly:
    if len(left) * len(right) > MAX_TERMS * 20:
        raise OutOfReach
    out: Poly = {}
    for key_a, a in left.items():
        for key_b, b in right.items():
            key, common = _times(key_a, key_b)
            total = out.get(key, 0) + (a * b if common == 1 else a * b * common)
            if total:
                out[key] = total
            else:
                out.pop(key, None)
    return _within(out)


def _within(poly: Poly) -> Poly:
    if len(poly) > MAX_TERMS:
        raise OutOfReach
    if any(_bits(value) > MAX_BITS for value in poly.values()):
        raise TooBig
    return poly


def _bits(value: Exact) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _times(a: Mono, b: Mono) -> tuple[Mono, int]:
    common = gcd(a[0], b[0])
    radical = a[0] * b[0] // (common * common)
    if not a[1] or not b[1]:
        return (radical, a[1] or b[1]), common
    powers = dict(a[1])
    for name, exponent in b[1]:
        powers[name] = powers.get(name, 0) + exponent
    return (radical, tuple(sorted((n, e) for n, e in powers.items() if e))), common


def power(poly: Poly, exponent: int) -> Poly:
    """poly ** exponent for a whole exponent ≥ 0; sizes are checked before the work."""
    for value in poly.values():
        if (_bits(value) - 1) * exponent > MAX_BITS:
            raise TooBig
    out, square = constant(1), poly
    while exponent:
        if exponent & 1:
            out = mul(out, square)
        exponent >>= 1
        if exponent:
            square = mul(square, square)
    return out


def invert_term(poly: Poly) -> Poly:
    """1 / (c·√r·m) = √r / (c·r) · m⁻¹ for a single term."""
    (key, value), *_ = poly.items()
    powers = tuple((name, -exponent) for name, exponent in key[1])
    return {(key[0], powers): exact(Fraction(1) / (value * key[0]))}


def is_number(poly: Poly) -> bool:
    """Only rationals and square roots: no variable, no π, nothing opaque."""
    return all(not key[1] for key in poly)


def rationalise(num: Poly, den: Poly) -> tuple[Poly, Poly]:
    """Frees a constant denominator of its roots, one prime at a time, by conjugates."""
    while any(key[0] > 1 for key in den):
        prime = _a_prime(max(key[0] for key in den))
        conjugate = {key: (-value if key[0] % prime == 0 else value) for key, value in den.items()}
        num, den = mul(num, conjugate), mul(den, conjugate)
    return num, den


def _a_prime(number: int) -> int:
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return divisor
        divisor += 1
    return number


def square_root(value: Fraction) -> Poly:
    """√(p/q) as c·√r with r squarefree."""
    if value < 0:
        raise Undefined
    if value == 0:
        return {}
    outside, inside = _split_square(value.numerator * value.denominator)
    return {(inside, ()): exact(Fraction(outside, value.denominator))}


@lru_cache(maxsize=4096)
def _split_square(number: int) -> tuple[int, int]:
    """number = outside² · inside with inside squarefree."""
    if isqrt(number) ** 2 == number:
        return isqrt(number), 1
    if number > MAX_RADICAND:
        raise OutOfReach
    outside, inside, divisor = 1, 1, 2
    while divisor**3 <= number:
        while number % divisor == 0:
            number //= divisor
            if inside % divisor:
                inside *= divisor
            else:
                inside //= divisor
                outside *= divisor
        divisor += 1
    # What is left has at most two prime factors: a square of a prime, or squarefree.
    root = isqrt(number)
    return (outside * root, inside) if root * root == number else (outside, inside * number)


def integer_root(value: Fraction, index: int) -> Fraction | None:
    """The exact index-th root of a rational, or None."""
    if value < 0:
        inner = integer_root(-value, index) if index % 2 else None
        return None if inner is None else -inner
    above, below = _whole_root(value.numerator, index), _whole_root(value.denominator, index)
    return None if above is None or below is None else Fraction(above, below)


def _whole_root(number: int, index: int) -> int | None:
    low, high = 0, 1 << (number.bit_length() // index + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**index <= number:
            low = middle
        else:
            high = middle - 1
    return low if low**index == number else None


def approximate(poly: Poly) -> Fraction | None:
    """The value to about 50 digits; exact for rationals; None where a variable or opaque root stands."""
    total = Fraction(0)
    for (radical, powers), value in poly.items():
        term = Fraction(value)
        if radical > 1:
            term *= Fraction(isqrt(radical * _SCALE * _SCALE), _SCALE)
        for name, exponent in powers:
            if name != PI_NAME:
                return None
            term *= _PI**exponent
        total += term
    return total


def sign(poly: Poly) -> int:
    """The sign of a constant; OutOfReach when it cannot be told."""
    if not poly:
        return 0
    value = approximate(poly)
    if value is None or abs(value) < Fraction(1, 10**40):
        raise OutOfReach
    return 1 if value > 0 else -1


def key(poly: Poly) -> tuple[tuple[Mono, Exact], ...]:
    return tuple(sorted(poly.items()))


def lead(poly: Poly) -> Fraction:
    return Fraction(poly[max(poly)])


def one_atom(num: Poly, den: Poly) -> str | None:
    """The one atom of a quotient of polynomials over Q in one atom, else None."""
    names = {name for poly in (num, den) for _, powers in poly for name, _ in powers}
    plain = all(r == 1 and all(e >= 0 for _, e in powers) for poly in (num, den) for r, powers in poly)
    return names.pop() if plain and len(names) == 1 else None


def coefficients(poly: Poly) -> list[Fraction]:
    """Lowest power first."""
    degrees = {(powers[0][1] if powers else 0): value for (_, powers), value in poly.items()}
    return [Fraction(degrees.get(i, 0)) for i in range(max(degrees) + 1)]


def from_list(values: list[Fraction], name: str) -> Poly:
    return {(1, ((name, i),) if i else ()): exact(value) for i, value in enumerate(values) if value}


def divide(a: list[Fraction], b: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    quotient, rest = [Fraction(0)] * max(len(a) - len(b) + 1, 1), a[:]
    while len(rest) >= len(b) and any(rest):
        factor, shift = rest[-1] / b[-1], len(rest) - len(b)
        quotient[shift] = factor
        for i, value in enumerate(b):
            rest[shift + i] -= factor * value
        while rest and rest[-1] == 0:
            rest.pop()
    return quotient, rest


def common_factor(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
    """Euclid; coefficients are bounded, so that a hostile pair ends as out of reach, not in a long wait."""
    while any(b):
        if max(len(a), len(b)) > 60 or any(v.numerator.bit_length() > MAX_BITS for v in b):
            raise OutOfReach
        a, b = b, divide(a, b)[1]
    return [value / a[-1] for value in a]

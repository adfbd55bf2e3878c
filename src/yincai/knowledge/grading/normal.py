"""The cheap exact normal form: rationals, polynomials over Q(√2, √3, …)[π, x, y, …], and quotients.

Two values with the same form are equal. Two with different forms are unequal when both are `complete`,
that is when no opaque part (√(x+1), ∛2, |x|, 2^n) stands in them; otherwise `worker` decides.
Equality is that of algebra: x²/x is x, as in school.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from . import poly as p
from .poly import OutOfReach, Poly, TooBig, Undefined
from .tree import Abs, Add, Div, Expr, Mixed, Mul, Neg, Num, Percent, Pi, Pow, Root, Var

__all__ = ["Form", "OutOfReach", "TooBig", "Undefined", "normal", "rational", "same", "times"]

_ONE: Poly = p.constant(1)
_SMALL_POWER = 99


@dataclass(frozen=True, slots=True)
class Form:
    num: Poly
    den: Poly
    complete: bool = True

    @property
    def value(self) -> Fraction | None:
        """The rational number this is, or None."""
        if not self.num:
            return Fraction(0)
        if len(self.num) == 1 and self.den == _ONE:
            value = self.num.get(p.ONE_KEY)
            return None if value is None else Fraction(value)
        return None

    @property
    def approximate(self) -> Fraction | None:
        above, below = p.approximate(self.num), p.approximate(self.den)
        return None if above is None or not below else above / below

    def key(self) -> tuple[object, ...] | None:
        """Canonical and hashable; None where a quotient of several variables was not reduced."""
        if self.den == _ONE or p.one_atom(self.num, self.den) is not None:
            return (p.key(self.num), p.key(self.den))
        return None


def normal(tree: Expr, pi: Fraction | None = None) -> Form | None:
    """The form of a tree, None when out of reach; `pi` is the value an item says to take for π.

    Raises TooBig and Undefined (division by zero, root of a negative number).
    """
    try:
        value = rational(tree)
        if value is not None:
            return Form(p.constant(value), _ONE)
        return _form(tree, pi)
    except (TooBig, Undefined):
        raise
    except OutOfReach:
        return None


def same(a: Form, b: Form) -> bool | None:
    """True or False when sure, None when the worker has to decide."""
    try:
        equal = a.num == b.num if a.den == b.den else p.mul(a.num, b.den) == p.mul(b.num, a.den)
    except OutOfReach:
        return None
    if equal:
        return True
    return False if a.complete and b.complete else None


def times(form: Form, factor: Fraction) -> Form:
    return Form(p.scale(form.num, factor), form.den, form.complete)


def rational(tree: Expr) -> Fraction | None:
    """The value of plain arithmetic on numbers, the common case; None as soon as anything else stands."""
    match tree:
        case Num(value):
            return value
        case Mixed():
            if tree.den == 0:
                raise Undefined
            return tree.value
        case Percent(arg, base):
            inner = rational(arg)
            return None if inner is None else inner / base
        case Neg(arg):
            inner = rational(arg)
            return None if inner is None else -inner
        case Div(num, den):
            above, below = rational(num), rational(den)
            if below == 0:
                raise Undefined
            return None if above is None or below is None else above / below
    return None


def _form(tree: Expr, pi: Fraction | None) -> Form:
    match tree:
        case Num() | Mixed():
            return _constant(rational(tree) or Fraction(0))
        case Var(name):
            return Form(p.atom(name), _ONE)
        case Pi():
            return _constant(pi) if pi else Form(p.atom(p.PI_NAME), _ONE)
        case Neg(arg):
            return times(_form(arg, pi), Fraction(-1))
        case Percent(arg, base):
            return times(_form(arg, pi), Fraction(1, base))
        case Add(args):
            return _total([_form(arg, pi) for arg in args])
        case Mul(args):
            return _multiplied([_form(arg, pi) for arg in args])
    return _harder(tree, pi)


def _harder(tree: Expr, pi: Fraction | None) -> Form:
    match tree:
        case Div(num, den):
            return _divided(_form(num, pi), _form(den, pi))
        case Pow(base, exp):
            return _powered(_form(base, pi), _form(exp, pi))
        case Root(arg, index):
            return _rooted(_form(arg, pi), index)
        case Abs(arg):
            return _absolute(_form(arg, pi))
    raise TypeError(f"not an expression: {tree!r}")


def _constant(value: Fraction) -> Form:
    return Form(p.constant(value), _ONE)


def _total(forms: list[Form]) -> Form:
    out = forms[0]
    for form in forms[1:]:
        complete = out.complete and form.complete
        if out.den == form.den:
            out = _quotient(p.add(out.num, form.num), out.den, complete)
        else:
            num = p.add(p.mul(out.num, form.den), p.mul(form.num, out.den))
            out = _quotient(num, p.mul(out.den, form.den), complete)
    return out


def _multiplied(forms: list[Form]) -> Form:
    out = forms[0]
    for form in forms[1:]:
        complete = out.complete and form.complete
        den = form.den if out.den == _ONE else p.mul(out.den, form.den)
        out = _quotient(p.mul(out.num, form.num), den, complete)
    return out


def _divided(above: Form, below: Form) -> Form:
    if not below.num:
        raise Undefined
    return _quotient(p.mul(above.num, below.den), p.mul(above.den, below.num), above.complete and below.complete)


def _quotient(num: Poly, den: Poly, complete: bool) -> Form:
    """num/den with the denominator as plain as it comes: 1, else leading coefficient 1 and reduced."""
    if den == _ONE or not num:
        return Form(num, _ONE, complete)
    if len(den) > 1 and p.is_number(den):
        num, den = p.rationalise(num, den)
    if not den:
        raise Undefined
    if len(den) == 1:
        return Form(p.mul(num, p.invert_term(den)), _ONE, complete)
    num, den = _lowest(num, den)
    num, den = _reduced(num, den)
    if len(den) == 1:
        return Form(p.mul(num, p.invert_term(den)), _ONE, complete)
    factor = 1 / p.lead(den)
    return Form(p.scale(num, factor), p.scale(den, factor), complete)


def _lowest(num: Poly, den: Poly) -> tuple[Poly, Poly]:
    """Both shifted by one monomial, so that the denominator has no factor x and no exponent below 0."""
    names = {name for _, powers in den for name, _ in powers}
    low = {name: min(dict(powers).get(name, 0) for _, powers in den) for name in names}
    shift: Poly = {(1, tuple(sorted((name, -least) for name, least in low.items() if least))): 1}
    return p.mul(num, shift), p.mul(den, shift)


def _reduced(num: Poly, den: Poly) -> tuple[Poly, Poly]:
    """Divides out the common factor of two polynomials in one variable over Q."""
    name = p.one_atom(num, den)
    if name is None:
        return num, den
    above, below = p.coefficients(num), p.coefficients(den)
    common = p.common_factor(above, below)
    if len(common) == 1:
        return num, den
    return p.from_list(p.divide(above, common)[0], name), p.from_list(p.divide(below, common)[0], name)


def _powered(base: Form, exponent: Form) -> Form:
    value = exponent.value
    if value is None:
        return _opaque("pow", base, exponent)
    if value.denominator > 1:
        if value.denominator > 9:
            raise OutOfReach
        return _powered(_rooted(base, value.denominator), _constant(Fraction(value.numerator)))
    if abs(value) > _SMALL_POWER:
        raise TooBig
    whole = abs(value.numerator)
    if value < 0:
        base = _divided(_constant(Fraction(1)), base)
    elif whole == 0 and not base.num:
        raise Undefined
    den = base.den if base.den == _ONE else p.power(base.den, whole)
    return _quotient(p.power(base.num, whole), den, base.complete)


def _rooted(arg: Form, index: int) -> Form:
    value = arg.value
    if value is None:
        return _opaque(f"root{index}", arg)
    if value < 0 and index % 2 == 0:
        raise Undefined
    exact = p.integer_root(value, index)
    if exact is not None:
        return _constant(exact)
    if index == 2:
        return Form(p.square_root(value), _ONE)
    return _opaque(f"root{index}", arg)


def _absolute(arg: Form) -> Form:
    if p.approximate(arg.num) is not None and p.approximate(arg.den) is not None:
        return times(arg, Fraction(p.sign(arg.num) * p.sign(arg.den)))
    if arg.num and p.lead(arg.num) < 0:
        arg = times(arg, Fraction(-1))
    return _opaque("abs", arg)


def _opaque(kind: str, *args: Form) -> Form:
    """An atom that stands for itself: equal to its like, unequal to nothing for sure."""
    keys = [arg.key() for arg in args]
    if None in keys:
        raise OutOfReach
    return Form(p.atom(f"{kind}{keys}"), _ONE, complete=False)

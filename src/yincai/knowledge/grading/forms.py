"""How a right value is written: computed, as a fraction or decimal, simplified, expanded, factored.

Each `*_fault` returns what to say to the pupil, or None when the form is as asked.
"""

from __future__ import annotations

from collections import Counter
from math import gcd

from . import poly as p
from .normal import Form, normal
from .rules import Accept
from .tree import Abs, Add, Div, Expr, Mixed, Mul, Neg, Num, Percent, Pi, Pow, Root, Var, children, integer

_NAMES = {
    "integer": "整数",
    "fraction": "分数",
    "decimal": "小数",
    "percent": "百分数",
    "mixed": "带分数",
    "scientific": "科学记数法",
    "other": "根式或含 π 的式子",
}


def computed(tree: Expr) -> bool:
    """A number as an answer, with nothing left to work out: 3, −1/2, 2√3, 3π, 3.2×10^5; not 2+3 or √9."""
    match tree:
        case Num() | Mixed() | Pi():
            return True
        case Neg(arg) | Percent(arg):
            return computed(arg) and not isinstance(arg, Neg)
        case Div(num, den, bar):
            return bar and computed(num) and computed(den) and not _has_fraction(num) and not _has_fraction(den)
        case Root(arg, index):
            return computed(arg) and (not isinstance(arg, Num) or p.integer_root(arg.value, index) is None)
        case Mul(args):
            return written(tree) == "scientific" or (_one_number(args) and all(map(computed, args)))
        case Add(args):
            return _one_number(args) and all(map(computed, args))
        case Pow(Num(value), exp):
            return value == 10 and integer(exp) is not None
        case Pow(Pi(), exp):
            return integer(exp) is not None
    return False


def _has_fraction(tree: Expr) -> bool:
    return isinstance(tree, Div | Mixed | Percent) or any(map(_has_fraction, children(tree)))


def _one_number(args: tuple[Expr, ...]) -> bool:
    """At most one of the parts is a plain rational: two could be put together."""
    return sum(written(arg) not in ("other", "scientific") for arg in args) <= 1


def written(tree: Expr) -> str:
    """Which of `rules.Written` this is."""
    match tree:
        case Neg(arg):
            return written(arg)
        case Num(_, places):
            return "decimal" if places else "integer"
        case Percent():
            return "percent"
        case Mixed():
            return "mixed"
        case Div(num, den, True) if integer(num) is not None and integer(den) is not None:
            return "fraction"
        case Mul((front, Pow(Num(value), exp))) if value == 10 and _mantissa(front) and integer(exp) is not None:
            return "scientific"
    return "other"


def _mantissa(tree: Expr) -> bool:
    inner = tree.arg if isinstance(tree, Neg) else tree
    return isinstance(inner, Num) and 1 <= inner.value < 10


def form_fault(tree: Expr, accept: Accept, key: Expr, number: bool) -> str | None:
    """What is not as the item asks in the form of a right answer."""
    if number and written(tree) not in accept.written:
        wanted = "、".join(name for code, name in _NAMES.items() if code in accept.written)
        return f"值对了，但题目要求写成{wanted}。"
    if accept.decimals is not None and not _has_places(tree, accept.decimals):
        return f"值对了，但要保留 {accept.decimals} 位小数。" if accept.decimals else "值对了，但要写成整数。"
    if accept.must_be_simplified and not simplified(tree):
        return "值对了，但还没有化成最简。"
    if accept.must_be_expanded and not expanded(tree):
        return "式子是相等的，但还没有展开并合并同类项。"
    if accept.must_be_factored and not factored(tree, key):
        return "式子是相等的，但还没有分解到底。"
    return None


def _has_places(tree: Expr, places: int) -> bool:
    while isinstance(tree, Neg | Percent):
        tree = tree.arg
    return isinstance(tree, Num) and tree.places == places


# -- simplified


def simplified(tree: Expr) -> bool:
    """Fractions in lowest terms, roots drawn, like terms put together, no root in a denominator."""
    match tree:
        case Num() | Var() | Pi():
            return True
        case Mixed(_, num, den):
            return 0 < num < den and gcd(num, den) == 1
        case Add(args):
            return _like_terms_together(args) and all(map(simplified, args))
        case Mul(args):
            return _coefficient_once(args) and all(map(simplified, args))
        case Div(num, den, bar):
            return bar and _lowest(num, den)
        case Root(arg, index):
            return simplified(arg) and not _root_can_be_drawn(arg, index)
        case Pow(base, exp):
            return not isinstance(base, Num | Pow | Root) and simplified(base) and simplified(exp)
    return all(map(simplified, children(tree)))


def _like_terms_together(args: tuple[Expr, ...]) -> bool:
    seen: list[object] = []
    for arg in args:
        form = normal(arg)
        if isinstance(arg, Neg) and isinstance(arg.arg, Add):
            return False
        if form is None or not form.complete:
            continue
        seen += list(form.num) if len(form.den) == 1 else []
    return len(seen) == len(set(seen))


def _coefficient_once(args: tuple[Expr, ...]) -> bool:
    """One number, in front; no letter twice; no bracket that a number or letter could be multiplied into."""
    numbers = [isinstance(_bare(arg), Num | Mixed) or written(arg) == "fraction" for arg in args]
    letters = [_bare(arg) for arg in args]
    bases = [arg.base if isinstance(arg, Pow) else arg for arg in letters if not isinstance(arg, Num)]
    radicals = [arg for arg in letters if isinstance(arg, Root)]
    return sum(numbers) <= 1 and not any(numbers[1:]) and len(set(bases)) == len(bases) and len(radicals) <= 1


def _bare(tree: Expr) -> Expr:
    return _bare(tree.arg) if isinstance(tree, Neg) else tree


def _lowest(num: Expr, den: Expr) -> bool:
    above, below = integer(num), integer(den)
    if above is not None and below is not None:
        return below > 1 and gcd(above, below) == 1
    if not (simplified(num) and simplified(den)) or _has_fraction(num) or _has_fraction(den):
        return False
    upper, lower = normal(num), normal(den)
    if upper is None or lower is None:
        return True
    return not _common(upper, lower)


def _common(upper: Form, lower: Form) -> bool:
    """Is there something left to cancel: a number, a letter, or (in one letter) a polynomial?"""
    if any(radical > 1 for radical, _ in lower.num) or _content(upper.num, lower.num) > 1:
        return True
    shared = [dict(powers) for poly in (upper.num, lower.num) for _, powers in poly]
    if any(all(name in powers for powers in shared) for name in shared[0]):
        return True
    name = p.one_atom(upper.num, lower.num)
    if name is None:
        return False
    return len(p.common_factor(p.coefficients(upper.num), p.coefficients(lower.num))) > 1


def _content(*polys: p.Poly) -> int:
    """The greatest whole number in every coefficient."""
    values = [value for poly in polys for value in poly.values()]
    if any(value.denominator > 1 for value in values):
        return 1
    return gcd(*(value.numerator for value in values))


def _root_can_be_drawn(arg: Expr, index: int) -> bool:
    form = normal(arg)
    value = form.value if form else None
    if value is None:
        return False
    if value.denominator > 1 or p.integer_root(value, index) is not None:
        return True
    return any(value.numerator % d**index == 0 for d in range(2, 1000) if d**index <= abs(value.numerator))


# -- expanded, factored


def expanded(tree: Expr) -> bool:
    """A sum of products without brackets, each kind of term once."""
    terms = tree.args if isinstance(tree, Add) else (tree,)
    return all(_monomial(_bare(term)) for term in terms) and _like_terms_together(terms)


def _monomial(tree: Expr) -> bool:
    match tree:
        case Add() | Abs():
            return False
        case Pow(base, _):
            return isinstance(base, Num | Var | Pi)
        case Mul(args):
            return _coefficient_once(args) and all(map(_monomial, args))
        case Div(num, den):
            return _monomial(num) and integer(den) is not None
        case Neg():
            return False
    return True


def factored(tree: Expr, key: Expr) -> bool:
    """As many and the same factors as the key, which the item gives fully factored."""
    return _factors(tree) == _factors(key) and all(_primitive(part) for part in _parts(tree))


def _parts(tree: Expr) -> list[Expr]:
    match tree:
        case Neg(arg):
            return _parts(arg)
        case Mul(args):
            return [part for arg in args for part in _parts(arg)]
        case Pow(base, exp) if (integer(exp) or 0) > 0:
            return _parts(base) * (integer(exp) or 1)
        case Div(num, den) if integer(den) is not None:
            return _parts(num)
    return [tree]


def _factors(tree: Expr) -> Counter[object]:
    """The factors that are no numbers, each up to a number."""
    out: Counter[object] = Counter()
    for part in _parts(tree):
        form = normal(part)
        if form is not None and form.num and form.value is None:
            out[p.key(p.scale(form.num, 1 / p.lead(form.num)))] += 1
    return out


def _primitive(part: Expr) -> bool:
    form = normal(part)
    return form is None or not isinstance(part, Add) or _content(form.num) == 1

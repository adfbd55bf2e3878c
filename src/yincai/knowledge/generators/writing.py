"""How numbers and expressions are written: in our answer syntax (for grading) and in LaTeX (for reading).

A `Said` is a value with its text: the first part is a key, equal exactly where the values are equal
(within one kind of value), the second the canonical text in our answer syntax.
"""

import re
from collections.abc import Hashable, Sequence
from fractions import Fraction
from math import gcd

Said = tuple[Hashable, str]

NAMES = (
    "小明", "小红", "小丽", "小军", "小芳", "小刚", "乐乐", "天天", "晓雯", "子涵", "雨桐", "浩然", "思远", "梓萱",
)  # fmt: skip


def whole(n: int) -> Said:
    return n, str(n)


def ratio(n: int, d: int) -> Said:
    """n/d in lowest terms: 5/6, or 3 where it is whole.

    >>> ratio(10, -12), ratio(6, 3)
    (((-5, 6), '-5/6'), (2, '2'))
    """
    g = gcd(n, d)
    if d < 0:
        g = -g
    n, d = n // g, d // g
    return (n, str(n)) if d == 1 else ((n, d), f"{n}/{d}")


def decimal(n: int, places: int) -> Said:
    """n / 10**places without trailing zeros.

    >>> decimal(350, 2), decimal(-5, 3), decimal(400, 2)
    (((35, 1), '3.5'), ((-5, 3), '-0.005'), (4, '4'))
    """
    while places and n % 10 == 0:
        n //= 10
        places -= 1
    if not places:
        return n, str(n)
    digits = str(abs(n)).rjust(places + 1, "0")
    return (n, places), f"{'-' if n < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def poly(coefficients: Sequence[int], x: str = "x") -> Said:
    """A polynomial in one letter, highest power first; the text reads the same in LaTeX.

    >>> poly([1, -6, 9]), poly([0, 2, 0]), poly([0])
    (((1, -6, 9), 'x^2-6x+9'), ((2, 0), '2x'), ((), '0'))
    """
    key = tuple(coefficients)
    while key and key[0] == 0:
        key = key[1:]
    text = ""
    for power, c in zip(range(len(key) - 1, -1, -1), key, strict=True):
        if c:
            text += ("-" if c < 0 else "+" if text else "") + _term(abs(c), power, x)
    return key, text or "0"


def _term(size: int, power: int, x: str) -> str:
    if not power:
        return str(size)
    letter = x if power == 1 else f"{x}^{power}"
    return letter if size == 1 else f"{size}{letter}"


def root(square: int) -> Said:
    """The square root of a whole number: 5, or 2sqrt(3)."""
    outside, inside = 1, square
    for k in range(int(square**0.5) + 1, 1, -1):
        if inside % (k * k) == 0:
            outside, inside = outside * k, inside // (k * k)
            break
    if inside == 1:
        return outside, str(outside)
    return (outside, "sqrt", inside), f"{'' if outside == 1 else outside}sqrt({inside})"


def tex(said: Said) -> str:
    """The LaTeX of a number, fraction or root."""
    key, text = said
    if isinstance(key, int):
        return text
    text = re.sub(r"(\d+)/(\d+)", r"\\frac{\1}{\2}", text)
    return re.sub(r"sqrt\((\d+)\)", r"\\sqrt{\1}", text)


def frac(n: int, d: int) -> str:
    """The LaTeX of n/d as it stands, unreduced."""
    return rf"\frac{{{n}}}{{{d}}}"


def bracketed(n: int) -> str:
    """A negative number in brackets, as it stands after an operator."""
    return f"({n})" if n < 0 else str(n)


_FRAC = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:/\d+)?")


def plain(text: str) -> str:
    """LaTeX folded back to our answer syntax, as far as generators use it."""
    text = _ROOT.sub(r"sqrt(\1)", _FRAC.sub(r"\1/\2", text))
    return text.replace("$", " ").replace("\\%", "%").replace("{", "").replace("}", "")


def states(text: str, answer: str) -> bool:
    """Whether a reader finds the answer standing in the text. Errs on the side of yes."""
    answer, text = plain(answer).strip(), plain(text)
    number = _NUMBER.fullmatch(answer.removesuffix("%"))
    if not number:
        return answer.replace(" ", "") in text.replace(" ", "")
    value = _value(number.group())
    found = (_value(token) for token in _NUMBER.findall(text))
    return any(v == value or (value >= 0 and abs(v) == value) for v in found)


def _value(token: str) -> Fraction:
    top, _, bottom = token.partition("/")
    if ("." in top and bottom) or (bottom and not int(bottom)):
        return Fraction(top)
    return Fraction(top) / int(bottom or 1)

"""Equations as pupils write them: a small exact reader, no evaluation of foreign text.

Only digits, letters, ``+ - * / ( ) .`` are read; multiplication may be left out (``3(1y-5)``, ``-1/5y``). A value is a
fraction at given values of the letters, so that two expressions are the same when they agree at a few odd points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

TOKEN = re.compile(r"\s*(\d+\.\d*|\.\d+|\d+|[a-zA-Z]|[-+*/()])")
POINTS = (Fraction(7, 3), Fraction(-11, 5), Fraction(13, 17))  # where expressions are compared
MOST_TOKENS = 200


class Unparsable(ValueError):
    """The text is no expression of this small language."""


def tokens(text: str) -> list[str]:
    """Numbers, letters and signs. Raises Unparsable.

    >>> tokens("-1/5y+.5")
    ['-', '1', '/', '5', 'y', '+', '.5']
    """
    found, place, text = [], 0, text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise Unparsable(f"cannot read {text[place : place + 10]!r}")
        found.append(match[1].lower())
        place = match.end()
    if len(found) > MOST_TOKENS:
        raise Unparsable(f"longer than {MOST_TOKENS} tokens")
    return found


def is_number(token: str) -> bool:
    return token[0].isdigit() or (token[0] == "." and len(token) > 1)


@dataclass
class _Reader:
    """Evaluates while it reads: sum → product → signed → atom."""

    left: list[str]
    point: Fraction

    def sum(self) -> Fraction:
        total = self.product()
        while self.left and self.left[0] in "+-":
            sign = 1 if self.left.pop(0) == "+" else -1
            total += sign * self.product()
        return total

    def product(self) -> Fraction:
        total = self.signed()
        while self.left and self.left[0] not in {"+", "-", ")"}:
            divides = self.left[0] == "/"
            if self.left[0] in "*/":
                self.left.pop(0)
            factor = self.signed()
            if divides and factor == 0:
                raise Unparsable("a division by zero")
            total = total / factor if divides else total * factor
        return total

    def signed(self) -> Fraction:
        sign = 1
        while self.left and self.left[0] in "+-":
            sign = -sign if self.left.pop(0) == "-" else sign
        return sign * self.atom()

    def atom(self) -> Fraction:
        if not self.left:
            raise Unparsable("something is missing at the end")
        token = self.left.pop(0)
        if token == "(":  # noqa: S105
            inside = self.sum()
            if not self.left or self.left.pop(0) != ")":
                raise Unparsable("a bracket is not closed")
            return inside
        if is_number(token):
            return Fraction(token)
        if token.isalpha():
            return self.point + ord(token) - ord("x")
        raise Unparsable(f"{token!r} stands where a number should")


def value(words: list[str], point: Fraction = POINTS[0]) -> Fraction:
    """The value of tokens where x is `point` (and y one more …). Raises Unparsable.

    >>> value(tokens("2(1-4)/-3"))
    Fraction(2, 1)
    """
    reader = _Reader(list(words), point)
    found = reader.sum()
    if reader.left:
        raise Unparsable(f"{reader.left[0]!r} is too much")
    return found


def has_letter(words: list[str]) -> bool:
    return any(word.isalpha() for word in words)


def terms(words: list[str]) -> list[list[str]]:
    """The addends of a sum, each with its sign; brackets stay whole.

    >>> terms(tokens("-3+(y/-7)-2"))
    [['-', '3'], ['(', 'y', '/', '-', '7', ')'], ['-', '2']]
    """
    starts, depth = [0], 0
    for place, (before, word) in enumerate(pairwise(["", *words])):
        depth += (word == "(") - (before == ")")
        if place and depth == 0 and word in {"+", "-"} and before not in {"*", "/", "+", "-"}:
            starts.append(place)
    parts = [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]
    return [part[1:] if part[0] == "+" else part for part in parts if part]


def sides(equation: str) -> tuple[list[str], list[str]]:
    """Tokens left and right of the equals sign. Raises Unparsable.

    >>> sides("2x=4")
    (['2', 'x'], ['4'])
    """
    parts = equation.split("=")
    if len(parts) != 2 or not all(part.strip() for part in parts):
        raise Unparsable("an equation has one equals sign and something on both sides")
    return tokens(parts[0]), tokens(parts[1])

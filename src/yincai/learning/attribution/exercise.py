"""What there was to be worked out in an item with a number for an answer: a calculation whose value is the key.

A stem may say it (`计算：$\\frac{1}{2}+\\frac{1}{3}$`), or its solution does, in the first line. Only what comes to the
key is taken, so that a search never starts from a calculation that was somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from yincai.measurement.errors.answers import evaluate, parse

FORMULA = re.compile(r"\$\$?(.+?)\$\$?", re.DOTALL)
WRITTEN = re.compile(r"[\d(（][\d.+\-−×÷*/()（）\s]{2,}[\d)）]")
MIXED = re.compile(r"(\d+)\s*\\[dt]?frac\{(\d+)\}\{(\d+)\}")
FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")
SIGNS = ((r"\times", "*"), (r"\cdot", "*"), (r"\div", "/"), (r"\left", ""), (r"\right", ""), ("÷", "/"), ("×", "*"))
OPERATION = re.compile(r"[+\-*/]")
NUMBER = re.compile(r"-?[\d.]+(?:/\d+)?")
VALUE = re.compile(r"[-\d.+/()]+")
SPACED = re.compile(r"(\d+)(?:\s+|又)(\d+)/(\d+)")  # 1 1/2
MOST = 6  # operations: longer ones take too long to search, and too many causes would fit


@lru_cache(maxsize=4096)
def exercise_of(stem: str, solution: str, key: str) -> str:
    """The calculation behind an item, in plain signs; empty where there is none to be found."""
    wanted = value_of(key)
    if wanted is None:
        return ""
    for text in (stem, solution):
        found = [side for side in _sides(text) if _comes_to(side, wanted)]
        if found:
            return max(found, key=lambda side: len(OPERATION.findall(side)))
    return ""


def value_of(text: str) -> Fraction | None:
    """The number that was written, with or without a unit behind it."""
    found = VALUE.match(SPACED.sub(r"(\1+\2/\3)", plain(text)).replace(" ", ""))
    if found is None:
        return None
    try:
        return evaluate(parse(found[0]))
    except ValueError:
        return None


def plain(text: str) -> str:
    """LaTeX of numbers in plain signs."""
    text = MIXED.sub(r"(\1+\2/\3)", text)
    while FRACTION.search(text):
        text = FRACTION.sub(r"(\1/\2)", text)
    for shown, sign in SIGNS:
        text = text.replace(shown, sign)
    return text.strip().strip("$").strip()


def _sides(text: str) -> Iterator[str]:
    """All that stands between signs of equality, in formulas and in the plain text."""
    for formula in FORMULA.findall(text) + WRITTEN.findall(FORMULA.sub("，", text)):
        yield from (side.strip() for side in re.split(r"[=＝≈]", plain(formula)))


def _comes_to(side: str, wanted: Fraction) -> bool:
    if not 1 <= len(OPERATION.findall(side)) <= MOST or NUMBER.fullmatch(side.strip("()")):
        return False
    try:
        return evaluate(parse(side)) == wanted
    except (ValueError, RecursionError):
        return False

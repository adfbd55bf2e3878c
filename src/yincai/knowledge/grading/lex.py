"""Typed text → tokens. Every token knows where it stood, so that an error can point at it.

Folding is one character to one character (positions stay those of the typed text): full-width
forms, the many minus, times and ratio signs. It is not NFKC, which would turn x² into x2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from . import units

MAX_LENGTH = 200
MAX_DIGITS = 40
_ZERO = Fraction(0)


class Unreadable(Exception):
    """What was typed cannot be read: where (index into the typed text) and why, in Chinese."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    pos: int
    end: int
    spaced: bool = False  # white space stands before it
    number: Fraction = _ZERO
    places: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What may stand in an answer of this kind; it decides how commas and letters are read."""

    letters: bool = True
    names: frozenset[str] = frozenset()  # the item's variables; empty: any letter
    units: bool = False
    several: bool = False  # 2, 3 are two answers; otherwise 1,234 is one number
    relations: bool = False
    ratio: bool = False
    named: bool = True  # x=3 is read as 3


_SAME = {
    "-": "−–—‒‑﹣➖负",
    "+": "➕﹢",
    "*": "×✕✖⨯·•∙⋅・",
    "÷": "➗",
    "/": "⁄∕",
    ":": "∶︰",
    "%": "﹪",
    "(": "﹙",
    ")": "﹚",
    "[": "【〔",
    "]": "】〕",
    "=": "﹦",
    "≤": "≦⩽",
    "≥": "≧⩾",
    "<": "〈",
    ">": "〉",
    "|": "∣｜",
    ",": "﹐",
    ";": "﹔",
    " ": "\u3000\u00a0\u2002\u2003\u2009\t\r\n",
    "π": "𝜋Π",
}
_FOLD = {ord(odd): plain for plain, odds in _SAME.items() for odd in odds}
_FOLD |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
_PLAIN = set("+-*÷/^()[]{}|%‰=<>≤≥≠≈:±")
_ORDER = {"<=": "≤", ">=": "≥", "<>": "≠"}
_ROOTS = {"√": 2, "∛": 3, "∜": 4}
_WORDS = {"sqrt": ("ROOT", 2), "cbrt": ("ROOT", 3), "abs": ("ABS", 0), "pi": ("PI", 0)}
_NOT_YET = ("sin", "cos", "tan")
_LATEX = {
    "frac": "FRAC", "dfrac": "FRAC", "tfrac": "FRAC", "cfrac": "FRAC", "sqrt": "LROOT", "times": "*",
    "cdot": "*", "div": "÷", "pi": "PI", "pm": "±", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥",
    "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "ne": "≠", "neq": "≠", "approx": "≈", "lvert": "|",
    "rvert": "|", "vert": "|", "colon": ":",
}  # fmt: skip
_LATEX_BLANK = frozenset(("left", "right", "quad", "qquad", "displaystyle", "big", "Big", "bigl", "bigr", "rm"))
_LATEX_BOX = frozenset(("text", "mathrm", "textrm", "mbox", "textbf", "mathbf", "mathit"))

_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_SUPER_RUN = re.compile(r"⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_COMMAND = re.compile(r"\\([A-Za-z]+|.)")
_BOX = re.compile(r"\s*\{([^{}]*)\}")
_DEGREE = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\circ")
_SUBSCRIPT = re.compile(r"_\{?([0-9])\}?|([₀-₉])")
_NUMBERED = re.compile(r"([0-9])(?=\s*=)|($^)")  # x1 = 2
_EMPTY = ("无实数解", "无实数根", "无解", "没有解", "空集", "∅")
_SEPARATORS = ("……", "...", "…", "\\cdots", "\\ldots", "余", "或者", "或", "和", "及", "、", ",", ";")


def fold(text: str) -> str:
    return text.translate(_FOLD)


def tokens(typed: str, reading: Reading) -> list[Token]:
    return _Lexer(typed, reading).run()


class _Lexer:
    def __init__(self, typed: str, reading: Reading) -> None:
        if len(typed) > MAX_LENGTH:
            raise Unreadable(MAX_LENGTH, f"写得太长了，最多 {MAX_LENGTH} 个字。")
        self.text = fold(typed)
        self.reading = reading
        self.at = 0
        self.spaced = False
        self.skip: set[int] = set()  # braces of \text{…}
        self.out: list[Token] = []

    def run(self) -> list[Token]:
        end = len(self.text.rstrip(" 。.$"))
        while self.at < end:
            if self.text[self.at] in " $" or self.at in self.skip:
                self.at += 1
                self.spaced = True
            else:
                self.one()
        self.out.append(Token("END", self.at, self.at))
        return self.out

    def put(self, kind: str, end: int, number: Fraction = _ZERO, places: int = 0, name: str = "") -> None:
        self.out.append(Token(kind, self.at, end, self.spaced, number, places, name))
        self.at, self.spaced = end, False

    def one(self) -> None:
        char = self.text[self.at]
        if "0" <= char <= "9" or char == ".":
            self.digits()
        elif char == "\\" or char == "^":
            self.command_or_power()
        elif "a" <= char.lower() <= "z":
            self.letters()
        elif char in _PLAIN:
            wide = self.text[self.at : self.at + 2]
            self.put(_ORDER.get(wide, char), self.at + (2 if wide in _ORDER else 1))
        else:
            self.sign(char)

    def digits(self) -> None:
        if self.text.startswith("...", self.at):
            self.word()
            return
        found = None if self.reading.several else _GROUPED.match(self.text, self.at)
        found = found or _DIGITS.match(self.text, self.at)
        if found is None:
            raise Unreadable(self.at, f"第 {self.at + 1} 个字是小数点，它旁边要有数字。")
        digits = found.group().replace(",", "")
        if len(digits) > MAX_DIGITS:
            raise Unreadable(self.at, f"这个数太长了，最多 {MAX_DIGITS} 位。")
        places = len(digits.partition(".")[2])
        whole = int(digits.replace(".", ""))
        self.put("NUM", found.end(), Fraction(whole, 10**places) if places else Fraction(whole), places)

    def sign(self, char: str) -> None:
        power = _SUPER_RUN.match(self.text, self.at)
        if power:
            self.put("SUP", power.end(), Fraction(int(power.group().translate(_SUPER)[:MAX_DIGITS])))
        elif char in _VULGAR:
            self.put("VULGAR", self.at + 1, Fraction(*_VULGAR[char]))
        elif char in _ROOTS:
            self.put("ROOT", self.at + 1, Fraction(_ROOTS[char]))
        elif char == "π":
            self.put("PI", self.at + 1)
        elif char == "又":
            self.put("MIXED", self.at + 1)
        else:
            self.word()

    def word(self) -> None:
        """A Chinese word or sign: 分之, 无解, a unit, or what stands between two answers."""
        if empty := self.spelt(_EMPTY):
            self.put("EMPTY", self.at + len(empty))
        elif self.spelt(("分之",)):
            self.put("OVER", self.at + 2)
        elif not self.unit():
            self.separator()

    def separator(self) -> None:
        text = self.spelt(_SEPARATORS)
        if not text:
            raise Unreadable(self.at, f"第 {self.at + 1} 个字“{self.text[self.at]}”读不懂，请改成数或算式。")
        self.put("SEP", self.at + len(text), name=text)

    def spelt(self, words: tuple[str, ...]) -> str:
        return next((word for word in words if self.text.startswith(word, self.at)), "")

    def unit(self) -> bool:
        found = units.match_at(self.text, self.at)
        if found is None:
            return False
        if not self.reading.units:
            raise Unreadable(self.at, "这里不用写单位，只写数或式子。")
        self.put("UNIT", found[1], name=found[0])
        return True

    def letters(self) -> None:
        run = self.letter_run()
        if self.reading.units and not set(run) <= self.reading.names and self.whole_unit(len(run)):
            return
        for word in _NOT_YET:
            if run.startswith(word):
                raise Unreadable(self.at, f"这里还用不到 {word}。")
        for word, (kind, index) in _WORDS.items():
            if run.startswith(word):
                self.put(kind, self.at + len(word), Fraction(index))
                return
        self.letter(run[0])

    def letter_run(self) -> str:
        end = self.at
        while end < len(self.text) and "a" <= self.text[end].lower() <= "z":
            end += 1
        return self.text[self.at : end]

    def whole_unit(self, length: int) -> bool:
        """cm is a unit and cmcm is not; after a letter of the item (2acm) a unit may follow."""
        inside = self.at > 0 and self.text[self.at - 1].isascii() and self.text[self.at - 1].isalpha()
        found = units.match_at(self.text, self.at)
        if found is None or found[1] < self.at + length or (inside and not self.reading.names):
            return False
        self.put("UNIT", found[1], name=found[0])
        return True

    def letter(self, char: str) -> None:
        if not self.reading.letters:
            if self.text[self.at + 1 :].lstrip().startswith("="):
                raise Unreadable(self.at, f"只写等号右边的数就行，不用写“{char}=”。")
            raise Unreadable(self.at, f"第 {self.at + 1} 个字是字母 {char}，这里要写数。")
        sub = _SUBSCRIPT.match(self.text, self.at + 1)
        if sub is None and self.reading.several:
            sub = _NUMBERED.match(self.text, self.at + 1)
        name = char + (sub.group(1) or sub.group(2)).translate(_SUB) if sub else char
        if self.reading.names and not {name, char} & self.reading.names:
            raise Unreadable(self.at, f"题目里没有字母 {char}，请检查。")
        self.put("NAME", sub.end() if sub else self.at + 1, name=name)

    def command_or_power(self) -> None:
        degree = _DEGREE.match(self.text, self.at)
        if degree and self.reading.units:
            self.put("UNIT", degree.end(), name="度")
        elif self.text[self.at] == "^":
            self.put("^", self.at + 1)
        else:
            found = _COMMAND.match(self.text, self.at)
            name = found.group(1) if found else ""
            self.command(name, self.at + 1 + len(name))

    def command(self, name: str, end: int) -> None:
        if name in _LATEX:
            self.put(_LATEX[name], end, Fraction(2))
        elif name in _LATEX_BOX:
            self.box(end)
        elif name in _LATEX_BLANK or name in (" ", ",", ";", "!", ":"):
            self.at, self.spaced = end, True
        elif name in ("%", "{", "}", "|"):
            self.at += 1
            self.put(name, end)
        elif name in ("cdots", "ldots", "dots"):
            self.put("SEP", end, name="…")
        elif name == "varnothing" or name == "emptyset":
            self.put("EMPTY", end)
        else:
            raise Unreadable(self.at, f"第 {self.at + 1} 个字起的“\\{name}”读不懂。")

    def box(self, end: int) -> None:
        """\\text{cm} is read like cm."""
        found = _BOX.match(self.text, end)
        if found is None:
            raise Unreadable(self.at, "这里的 \\text 后面缺一对大括号。")
        self.skip |= {found.start(1) - 1, found.end(1)}
        self.at = found.start(1)

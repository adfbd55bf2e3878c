"""Formulas of mixed models as R's lme4 writes them, from columns of text to arrays.

    normexam ~ standLRT + sex + (1 + standLRT | school)      (1 | district/school)      (1 | pupil) + (1 | teacher)

Fixed terms are columns, `a:b`, `a*b`, `1`, `0`, `-1`; a column that is not all numbers, or stands in `factor(…)`,
becomes dummies against its first value in the order of the text (of numbers, where all are). A column's name with
spaces or signs stands between backticks.
Random terms are `(1 | g)`, `(x | g)`, `(1 + x | g)`, `(0 + x | g)`, `(… || g)`
without correlations, `(1 | a/b)` for (1 | a) + (1 | b:a), and `(1 | a:b)`. Messages are Chinese: they reach the
person who typed.

>>> parsed = parse("score ~ prior + (1 | district/school)")
>>> parsed.fixed, [term.factors for term in parsed.random]
((('prior',),), [('district',), ('school', 'district')])
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.growth.mixed import RandomTerm

Floats = NDArray[np.float64]
NAME = re.compile(r"[^\W\d][\w.]*\Z")
MISSING = {"", "NA", "NaN", "nan", "null"}
INTERCEPT = "(Intercept)"
QUOTED = re.compile(r"`([^`]+)`")
HIDE = 0xF0000  # a name between backticks is moved to a private plane, where no sign of a formula stands
FACTOR = re.compile(r"(?:(?:as\.)?factor|C)\((.+)\)")


@dataclass(frozen=True)
class Random:
    """`columns` are the slopes; `factors` are crossed into one grouping (`b`, `a` for b:a)."""

    factors: tuple[str, ...]
    intercept: bool
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Formula:
    response: str
    intercept: bool
    fixed: tuple[tuple[str, ...], ...]  # each a product of columns
    random: tuple[Random, ...]

    @property
    def used(self) -> list[str]:
        names = [self.response, *(column_of(name) for term in self.fixed for name in term)]
        for term in self.random:
            names += [*term.factors, *term.columns]
        return list(dict.fromkeys(names))


@dataclass(frozen=True)
class Model:
    """What `mixed.fit` takes, with the labels of each term's levels, and the rows used (others lack a value)."""

    y: Floats
    x: Floats
    names: tuple[str, ...]
    terms: tuple[RandomTerm, ...]
    labels: tuple[tuple[str, ...], ...]
    rows: NDArray[np.int64]


def parse(text: str) -> Formula:
    """Raises ValueError with a Chinese message that names the part it cannot read."""
    hidden = QUOTED.sub(lambda found: "".join(chr(HIDE + ord(letter)) for letter in found[1]), text)
    if hidden.count("~") != 1:
        raise ValueError(f"公式要写成“结果 ~ 自变量 + (1 | 分组)”，恰有一个“~”：{text}")
    left, right = hidden.split("~")
    intercept = True
    fixed: list[tuple[str, ...]] = []
    random: list[Random] = []
    for piece in _pieces(right):
        if piece.startswith("("):
            random += _random(piece)
        elif piece in {"1", "0", "-1"}:
            intercept = piece == "1"
        elif "*" in piece:
            names = [_fixed_name(each) for each in piece.split("*")]
            fixed += [(each,) for each in names]
            fixed.append(tuple(names))
        else:
            fixed.append(tuple(_fixed_name(each) for each in piece.split(":")))
    if not random:
        raise ValueError(f"公式里没有随机效应；至少要有一项，如 (1 | school)：{text}")
    return Formula(_name(left), intercept, tuple(dict.fromkeys(fixed)), tuple(random))


def _pieces(text: str) -> list[str]:
    """The summands outside brackets."""
    found, depth, now = [], 0, ""
    for letter in re.sub(r"-\s*1\b", "+ 0", re.sub(r"^\s*-\s*1\b", "0", text)):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            raise ValueError(f"公式的括号不成对：{text.strip()}")
        if letter == "+" and depth == 0:
            found.append(now.strip())
            now = ""
        else:
            now += letter
    found.append(now.strip())
    if depth:
        raise ValueError(f"公式的括号不成对：{text.strip()}")
    if "" in found:
        raise ValueError(f"公式里有一个“+”前后缺少项：{text.strip()}")
    return found


def _name(text: str) -> str:
    name = text.strip()
    if name and all(ord(letter) >= HIDE for letter in name):
        return "".join(chr(ord(letter) - HIDE) for letter in name)
    if not NAME.match(name):
        shown = "".join(chr(ord(letter) % HIDE) for letter in name)
        raise ValueError(
            f"公式里的“{shown}”不是列名；列名由字母、汉字、数字、下划线和点组成，不以数字开头，"
            "别的列名放在反引号 ` ` 里。除 factor(…) 外不能写函数，请先在表里算好一列"
        )
    return name


def _fixed_name(text: str) -> str:
    found = FACTOR.fullmatch(text.strip())
    return f"factor({_name(found[1])})" if found else _name(text)


def column_of(name: str) -> str:
    """The column that a fixed term's name stands for."""
    found = FACTOR.fullmatch(name)
    return found[1] if found else name


def _random(piece: str) -> list[Random]:
    inner = piece[1:-1]
    if not piece.endswith(")") or "|" not in inner:
        raise ValueError(f"随机效应要写成 (1 | 分组) 或 (1 + x | 分组)：{piece}")
    left, _, group = inner.partition("|")
    apart = group.startswith("|")
    intercept, columns = True, []
    for each in _pieces(left):
        if each in {"0", "1"}:
            intercept = each == "1"
        else:
            columns.append(_name(each))
    if not intercept and not columns:
        raise ValueError(f"随机效应里没有任何项：{piece}")
    found = []
    for factors in _groupings(group.lstrip("|")):
        if apart:
            found += [Random(factors, True, ())] * intercept + [Random(factors, False, (each,)) for each in columns]
        else:
            found.append(Random(factors, intercept, tuple(columns)))
    return found


def _groupings(text: str) -> list[tuple[str, ...]]:
    if "/" not in text:
        return [tuple(_name(each) for each in text.split(":"))]
    nested = [_name(each) for each in text.split("/")]
    return [tuple(reversed(nested[: depth + 1])) for depth in range(len(nested))]


def build(formula: Formula, columns: Mapping[str, Sequence[str]]) -> Model:
    """Arrays of the rows that have every value used. Raises ValueError (Chinese) for unknown or unfit columns."""
    for name in formula.used:
        if name not in columns:
            raise ValueError(f"文件里没有列“{name}”；有的列是：{'、'.join(columns)}")
    texts = {name: np.asarray(columns[name], dtype=object) for name in formula.used}
    size = len(texts[formula.response])
    whole = np.ones(size, dtype=bool)
    for values in texts.values():
        whole &= np.array([each not in MISSING for each in values], dtype=bool)
    rows = np.flatnonzero(whole)
    if len(rows) == 0:
        raise ValueError("没有一行是齐全的：用到的列里每行都有空值")
    texts = {name: values[rows] for name, values in texts.items()}
    y = _numbers(texts[formula.response])
    if y is None:
        raise ValueError(f"结果列“{formula.response}”里有不是数的值")
    names, x = _fixed(formula, texts)
    made = [_term(term, texts) for term in formula.random]
    return Model(y, x, names, tuple(term for term, _ in made), tuple(labels for _, labels in made), rows)


def _numbers(values: NDArray[np.object_]) -> Floats | None:
    try:
        numbers = values.astype(np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _fixed(formula: Formula, texts: Mapping[str, NDArray[np.object_]]) -> tuple[tuple[str, ...], Floats]:
    n = len(texts[formula.response])
    names, parts = ([INTERCEPT], [np.ones(n)]) if formula.intercept else ([], [])
    for product in formula.fixed:
        found: list[tuple[str, Floats]] = [("", np.ones(n))]
        for name in product:
            found = [
                (f"{before}:{after}".lstrip(":"), left * right)
                for before, left in found
                for after, right in _columns(name, texts[column_of(name)])
            ]
        names += [name for name, _ in found]
        parts += [values for _, values in found]
    if not parts:
        raise ValueError("公式里没有固定效应；至少要有截距")
    return tuple(names), np.column_stack(parts)


def _columns(name: str, values: NDArray[np.object_]) -> list[tuple[str, Floats]]:
    numbers = _numbers(values)
    if numbers is not None and column_of(name) == name:
        return [(name, numbers)]
    kinds = sorted(set(values), key=None if numbers is None else float)
    if len(kinds) == 1:
        raise ValueError(f"列“{name}”只有一个值“{kinds[0]}”，不能作自变量")
    return [(f"{name}{kind}", (values == kind).astype(np.float64)) for kind in kinds[1:]]


def _term(term: Random, texts: Mapping[str, NDArray[np.object_]]) -> tuple[RandomTerm, tuple[str, ...]]:
    crossed = texts[term.factors[0]]
    for name in term.factors[1:]:
        crossed = crossed + ":" + texts[name]
    labels, group = np.unique(crossed.astype(str), return_inverse=True)
    names, parts = [], []
    if term.intercept:
        names.append(INTERCEPT)
        parts.append(np.ones(len(crossed)))
    for name in term.columns:
        numbers = _numbers(texts[name])
        if numbers is None:
            raise ValueError(f"随机斜率“{name}”要是数，这一列里有文字")
        names.append(name)
        parts.append(numbers)
    factor = ":".join(term.factors)
    made = RandomTerm(factor, group.astype(np.int64), np.column_stack(parts), tuple(names), len(labels))
    return made, tuple(str(each) for each in labels)

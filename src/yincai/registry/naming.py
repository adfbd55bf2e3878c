"""How grades and classes are named, written and read. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from yincai.registry.models import SchoolKind

DIGITS = "零一二三四五六七八九十"
GRADES: dict[str, tuple[tuple[int, str, str], ...]] = {}  # kind of school → grade number, name, head of a class's name


def _named(numbers: range, prefix: str = "") -> tuple[tuple[int, str, str], ...]:
    return tuple((number, f"{prefix}{DIGITS[number]}年级", f"{prefix}{DIGITS[number]}") for number in numbers)


GRADES[SchoolKind.KINDERGARTEN] = ((0, "小班", "小"), (0, "中班", "中"), (0, "大班", "大"))
GRADES[SchoolKind.PRIMARY] = _named(range(1, 7))
GRADES[SchoolKind.JUNIOR] = _named(range(7, 10))
GRADES[SchoolKind.NINE_YEAR] = _named(range(1, 10))
GRADES[SchoolKind.SPECIAL] = _named(range(1, 10))
GRADES[SchoolKind.SENIOR] = tuple((9 + n, f"高{DIGITS[n]}", f"高{DIGITS[n]}") for n in (1, 2, 3))
GRADES[SchoolKind.VOCATIONAL] = tuple((9 + n, f"中职{DIGITS[n]}年级", f"职{DIGITS[n]}") for n in (1, 2, 3))

WRITTEN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\D*?\d?)年级\(?(\d+)\)?",  # 五年级1, 5年级(1)
        r"(\D+\d?|\d)\((\d+)\)",  # 五(1), 高1(3), 5(1)
        r"([1-9])[.\-](\d+)",  # 5.1
        r"([1-9])(\d\d)",  # 501
        r"(\D+)(\d+)",  # 五1
    )
)
SPOKEN = {"初一": "七年级", "初二": "八年级", "初三": "九年级"}


def class_name(grade_name: str, number: int) -> str:
    """
    >>> class_name("五年级", 2)
    '五（2）班'
    """
    return f"{head_of(grade_name)}（{number}）班"


def head_of(grade_name: str) -> str:
    """What the names of a grade's classes begin with."""
    for grades in GRADES.values():
        for _, name, head in grades:
            if name == grade_name:
                return head
    return grade_name.removesuffix("年级")


def grade_key(text: str) -> str:
    """One form for the ways a grade is written: 5, 5年级, 五年级 → 五年级; 初一 → 七年级; 高1 → 高一."""
    plain = _fold(text)
    plain = SPOKEN.get(plain, plain)
    plain = re.sub(r"[1-9]", lambda found: DIGITS[int(found.group())], plain)
    plain = SPOKEN.get(plain, plain)
    if re.fullmatch("高[一二三]年级", plain):
        return plain[:2]
    return plain + "年级" if re.fullmatch("[一二三四五六七八九]", plain) else plain


def class_key(text: str) -> str:
    """One form for the ways a class is written: 五（1）班, 五(1), 5.1, 501, 五年级1班 → 五(1)班."""
    plain = _fold(text).removesuffix("班")
    for pattern in WRITTEN:
        found = pattern.fullmatch(plain)
        if found:
            return f"{_class_head(found[1])}({int(found[2])})班"
    return _fold(text)


def class_keys(text: str, grade_name: str = "") -> Iterator[str]:
    """The keys that what somebody wrote may mean, with the grade they wrote beside it."""
    yield class_key(text)
    number = re.fullmatch(r"\(?(\d+)\)?班?", _fold(text))
    if number and grade_name:
        yield f"{_class_head(head_of(grade_key(grade_name)))}({int(number[1])})班"


def _class_head(text: str) -> str:
    return head_of(grade_key(text)) if text else text


def _fold(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))

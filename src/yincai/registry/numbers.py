"""Numbers that people carry: ID numbers (GB 11643), 全国学籍号, phones. Pure; each check says what is wrong.

A 全国学籍号 has 19 characters: `G` and the 18-character ID number; or, for a child without one, `J`, region (6),
birth (8), sequence (3) and check character; or, for the time being, `L`, region, birth and four random digits.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
MALE, FEMALE = "1", "2"


class NumberError(ValueError):
    """Says what is wrong with the number and how to mend it."""


@dataclass(frozen=True)
class Identity:
    """What a number tells: itself in its one written form, the region's code, birth and sex (empty if not told)."""

    number: str
    region: str
    born: date
    sex: str = ""


def fold(text: str) -> str:
    """Full-width letters and digits to plain ones, without white space, upper case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()


def check_character(seventeen: str) -> str:
    """The GB 11643 (ISO 7064 MOD 11-2) check character of 17 digits.

    >>> check_character("11010519491231002")
    'X'
    """
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, seventeen, strict=True)) % 11]


def read_identity(text: str, today: date) -> Identity:
    """Check an 18-character ID number."""
    number = fold(text)
    if len(number) != 18:
        raise NumberError(f"身份证件号应为 18 位，这里是 {len(number)} 位")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise NumberError("身份证件号前 17 位应是数字，末位是数字或 X")
    region, born = _region(number), _born(number[6:14], today)
    if check_character(number[:17]) != number[17]:
        raise NumberError("身份证件号的校验位不对，请对照证件逐位核对")
    return Identity(number, region, born, MALE if int(number[16]) % 2 else FEMALE)


def read_pupil_number(text: str, today: date) -> Identity:
    """Check a 全国学籍号."""
    number = fold(text)
    if number[:1] not in ("G", "J", "L"):
        raise NumberError("学籍号应以 G、J 或 L 开头")
    if len(number) != 19:
        raise NumberError(f"学籍号应为 19 位（字母加 18 位），这里是 {len(number)} 位")
    if number[0] == "G":
        inner = _inner_identity(number[1:], today)
        return Identity(number, inner.region, inner.born, inner.sex)
    if not re.fullmatch(r"[0-9]{17}[0-9X]" if number[0] == "J" else r"[0-9]{18}", number[1:]):
        raise NumberError("学籍号的字母后面应是 18 位数字（J 开头的末位可以是 X）")
    region, born = _region(number[1:]), _born(number[7:15], today)
    if number[0] == "J" and check_character(number[1:18]) != number[18]:
        raise NumberError("学籍号的校验位不对，请对照学籍系统逐位核对")
    return Identity(number, region, born)


def read_phone(text: str) -> str:
    """Check a phone number: a mobile one, or a land line with its area code."""
    number = re.sub(r"[-—()]", "", fold(text))
    if number.startswith("+86"):
        number = number[3:]
    if not re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{9,11}", number):
        raise NumberError("电话应是 11 位手机号，或带区号的固定电话")
    return number


def read_school_code(text: str) -> str:
    code = fold(text)
    if not re.fullmatch(r"[0-9]{10}", code):
        raise NumberError("学校代码应是 10 位数字")
    return code


def _inner_identity(text: str, today: date) -> Identity:
    try:
        return read_identity(text, today)
    except NumberError as error:
        raise NumberError(f"学籍号里的{error}") from None


def _region(number: str) -> str:
    if int(number[:2]) not in PROVINCES:
        raise NumberError(f"开头的地区码 {number[:6]} 不存在")
    return number[:6]


def _born(digits: str, today: date) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise NumberError(f"其中的出生日期 {digits} 不是一个日期") from None
    if not date(1900, 1, 1) <= born <= today:
        raise NumberError(f"其中的出生日期 {digits} 不合常理")
    return born

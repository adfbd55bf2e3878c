"""ID numbers, 全国学籍号, phones: what is right passes, and what is wrong is named."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yincai.registry.numbers import (
    FEMALE,
    MALE,
    NumberError,
    check_character,
    fold,
    read_identity,
    read_phone,
    read_pupil_number,
    read_school_code,
)

TODAY = date(2026, 11, 23)
REGIONS = st.sampled_from(["110105", "330102", "330106", "440300", "650102", "810000"])
DAYS = st.dates(date(1900, 1, 1), TODAY)


def body(region: str, born: date, serial: int) -> str:
    return f"{region}{born:%Y%m%d}{serial:03d}"


@st.composite
def identities(draw: st.DrawFn) -> str:
    seventeen = body(draw(REGIONS), draw(DAYS), draw(st.integers(0, 999)))
    return seventeen + check_character(seventeen)


@given(identities())
def test_a_right_number_tells_region_birth_and_sex(number: str) -> None:
    told = read_identity(number, TODAY)
    assert told.number == number
    assert (told.region, f"{told.born:%Y%m%d}") == (number[:6], number[6:14])
    assert told.sex == (MALE if int(number[16]) % 2 else FEMALE)


@given(identities(), st.integers(0, 16), st.sampled_from(string.digits))
def test_any_one_digit_misread_is_found(number: str, place: int, digit: str) -> None:
    """MOD 11-2 catches every single substitution."""
    assume(number[place] != digit)
    with pytest.raises(NumberError):
        read_identity(number[:place] + digit + number[place + 1 :], TODAY)


@given(identities(), st.integers(0, 15))
def test_any_two_neighbours_exchanged_are_found(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    exchanged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(NumberError):
        read_identity(exchanged, TODAY)


@given(st.text(max_size=24))
def test_nothing_typed_breaks_the_readers(text: str) -> None:
    for reader in (
        lambda: read_identity(text, TODAY),
        lambda: read_pupil_number(text, TODAY),
        lambda: read_phone(text),
    ):
        try:
            reader()
        except NumberError as error:
            assert str(error)


@given(identities())
def test_a_pupil_number_with_g_holds_the_identity_number(number: str) -> None:
    told = read_pupil_number(f"G{number}", TODAY)
    assert (told.number, told.born) == (f"G{number}", read_identity(number, TODAY).born)
    with pytest.raises(NumberError, match="19 位"):
        read_pupil_number(f"G{number[:-1]}", TODAY)


@given(REGIONS, DAYS, st.integers(0, 999), st.integers(0, 9999))
def test_pupil_numbers_without_an_identity_card(region: str, born: date, serial: int, chance: int) -> None:
    seventeen = body(region, born, serial)
    assert read_pupil_number(f"J{seventeen}{check_character(seventeen)}", TODAY).sex == ""
    assert read_pupil_number(f"L{region}{born:%Y%m%d}{chance:04d}", TODAY).born == born
    wrong = next(digit for digit in "0123456789X" if digit != check_character(seventeen))
    with pytest.raises(NumberError, match="校验位"):
        read_pupil_number(f"J{seventeen}{wrong}", TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("11010519491231002", "这里是 17 位"),
        ("11010519491231002Y", "末位是数字或 X"),
        ("990105194912310021", "地区码 990105"),
        ("110105194913310021", "19491331 不是一个日期"),
        ("110105302612310021", "不合常理"),
        ("110105194912310021", "校验位"),
    ],
)
def test_what_is_wrong_with_an_identity_number_is_said(text: str, said: str) -> None:
    with pytest.raises(NumberError, match=said):
        read_identity(text, TODAY)


def test_full_width_and_small_letters_are_read() -> None:
    assert read_identity(" 11010519491231002ｘ ", TODAY).number == "11010519491231002X"
    assert fold("ｇ１２ ３") == "G123"


def test_phones() -> None:
    assert read_phone("138 0000-0000") == "13800000000"
    assert read_phone("+86 13800000000") == "13800000000"
    assert read_phone("（0571）87654321") == "057187654321"
    for wrong in ("12345", "23800000000", "1380000000", "138000000001"):
        with pytest.raises(NumberError):
            read_phone(wrong)


def test_school_codes() -> None:
    assert read_school_code(" 3301020001") == "3301020001"
    with pytest.raises(NumberError, match="10 位"):
        read_school_code("330102")

"""Grades and classes in the ways people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yincai.registry.models import SchoolKind
from yincai.registry.naming import GRADES, class_key, class_keys, class_name, grade_key


@pytest.mark.parametrize(
    "written",
    [
        "五（1）班",
        "五(1)班",
        "五（１）班",
        "五(1)",
        "5.1",
        "5-1",
        "501",
        "五年级1班",
        "五年级（1）班",
        "5年级1班",
        "5（1）班",
        " 五 (1) 班 ",
    ],
)
def test_one_class_in_many_spellings(written: str) -> None:
    assert class_key(written) == class_key("五（1）班")


def test_grades_in_many_spellings() -> None:
    assert {grade_key(text) for text in ("五年级", "5年级", "五", "5")} == {"五年级"}
    assert {grade_key(text) for text in ("初一", "初1", "七年级", "7")} == {"七年级"}
    assert {grade_key(text) for text in ("高一", "高1", "高一年级")} == {"高一"}


def test_a_bare_number_means_a_class_of_the_grade_beside_it() -> None:
    assert class_key("五（2）班") in class_keys("2", "五年级")
    assert class_key("五（2）班") in class_keys("2班", "5")
    assert class_key("高一（3）班") in class_keys("3", "高一")


def test_names_of_another_kind_stay_apart() -> None:
    assert class_key("火箭班") == "火箭班"
    assert class_key("小（1）班") != class_key("中（1）班")


@given(st.sampled_from([(kind, name) for kind, grades in GRADES.items() for _, name, _ in grades]), st.integers(1, 40))
def test_our_own_names_read_back_as_themselves(grade: tuple[SchoolKind, str], number: int) -> None:
    name = class_name(grade[1], number)
    assert class_key(class_key(name)) == class_key(name)
    assert class_key(name) in class_keys(str(number), grade[1])


@given(st.text(max_size=20))
def test_nothing_written_breaks_the_readers(text: str) -> None:
    assert isinstance(class_key(text), str)
    assert isinstance(grade_key(text), str)
    assert list(class_keys(text, text))

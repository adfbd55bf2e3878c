"""Dice and the writing of numbers."""

import doctest
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yincai.knowledge.generators import dice as dice_module
from yincai.knowledge.generators import writing
from yincai.knowledge.generators.dice import Dice, mix
from yincai.knowledge.generators.writing import root, states


@pytest.mark.parametrize("module", [dice_module, writing], ids=["dice", "writing"])
def test_examples_in_the_docstrings(module: object) -> None:
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_first_numbers_are_those_of_splitmix64() -> None:
    """Reference values of the published algorithm for seed 1234567."""
    dice = Dice(1234567)
    assert [dice.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@given(st.integers(0, 2**64 - 1), st.integers(-50, 50), st.integers(0, 40))
def test_throws_stay_in_range(seed: int, low: int, width: int) -> None:
    dice = Dice(seed)
    assert low <= dice.between(low, low + width) <= low + width
    first, second = dice.pair(range(9))
    assert first != second
    assert sorted(dice.shuffled(range(6))) == list(range(6))


def test_throws_are_even() -> None:
    faces = Counter(Dice(mix(seed)).between(1, 6) for seed in range(12000))
    assert all(1850 < faces[face] < 2150 for face in range(1, 7))


@given(st.integers(1, 20), st.integers(1, 60))
def test_roots_are_taken_out(outside: int, inside: int) -> None:
    text = root(outside**2 * inside)[1]
    front, _, rest = text.partition("sqrt(")
    under = int(rest.rstrip(")") or 1)
    assert int(front or 1) ** 2 * under == outside**2 * inside
    assert all(under % (k * k) for k in range(2, 9))


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        (r"等于 $\frac{5}{6}$。", "5/6", True),
        (r"等于 $\frac{10}{12}$。", "5/6", True),
        (r"$\frac{5}{61}$", "5/6", False),
        ("共 15 人", "5", False),
        ("共 5 人", "5", True),
        ("得 -5", "5", True),
        ("得 5", "-5", False),
        ("约 0.50", "1/2", True),
        (r"$25\%$", "25%", True),
        (r"$2\sqrt{3}$", "2sqrt(3)", True),
        ("$x^2 + 2x$", "x^2+2x", True),
        ("$x^2$", "x^2+2x", False),
    ],
)
def test_whether_a_text_states_an_answer(text: str, answer: str, found: bool) -> None:
    assert states(text, answer) is found

"""Numbers as they are said: a real minus sign, never minus nothing, and no probability that is sure."""

from __future__ import annotations

import pytest

from yincai.core.figures import chance_text, signed


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(3.26, 1, "+3.3"), (-2.0, 0, "−2"), (-0.04, 1, "0.0"), (-0.4, 0, "0"), (0.0, 2, "0.00")],
)
def test_a_change_is_said_with_its_sign(value: float, digits: int, said: str) -> None:
    assert signed(value, digits) == said


def test_without_plus_only_what_is_less_has_a_sign() -> None:
    assert [signed(value, 1, plus=False) for value in (1.5, -1.5)] == ["1.5", "−1.5"]


@pytest.mark.parametrize(("value", "said"), [(0.374, "约 37%"), (1.0, "超过 99%"), (0.0004, "不到 1%")])
def test_no_probability_is_sure(value: float, said: str) -> None:
    assert chance_text(value) == said

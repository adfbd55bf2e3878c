from __future__ import annotations

import pytest

from bench.measure import Measure


def measure(**more: object) -> Measure:
    given = {"name": "answer", "value": 6.0, "unit": "ms", "n": 100, "command": "python -m bench", **more}
    return Measure(**given)  # type: ignore[arg-type]


def test_a_row_has_the_keys_others_read_in_their_order() -> None:
    keys = ["name", "value", "unit", "against", "against_value", "ratio", "goal", "holds", "n", "command"]
    assert list(measure().as_row()) == keys


@pytest.mark.parametrize(("goal", "holds"), [("ratio <= 3", True), ("ratio <= 2.9", False), ("value >= 6", True)])
def test_a_goal_is_judged_on_the_figure_it_names(goal: str, holds: bool) -> None:
    assert measure(goal=goal, against="floor", against_value=2.0).holds is holds


def test_without_a_goal_nothing_is_judged() -> None:
    assert measure().holds is None


def test_a_goal_on_a_ratio_without_a_floor_is_refused() -> None:
    with pytest.raises(ValueError, match="answer"):
        _ = measure(goal="ratio <= 3").holds

"""Two faulty steps in one line, on drawn lines whose truth is known: seldom named wrongly, never without need."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import pytest

from tests.exact import Exact
from tests.measurement.errors.test_working import shapes
from yincai.measurement.errors.answers import AnswerModel
from yincai.measurement.errors.lines import Beyond, Line, collected, follows
from yincai.measurement.errors.moves import MOVES, NAMES, MoveModel
from yincai.measurement.errors.working import causes_of

DRAWN = 900
OTHERS = [Fraction(number) for number in range(-30, 31) if number]


def faulty(line: Line, dice: Random) -> tuple[str, Line]:
    """One faulty step, as often as it is expected of pupils."""
    while True:
        move = dice.choices(MOVES, [move.weight for move in MOVES])[0]
        if made := list(move.of_line(line)):
            return move.name, dice.choice(made)


def with_two_other_numbers(line: Line, dice: Random) -> Line:
    """Two numbers of it replaced: what no step explains."""
    x = "x"
    a, b, c, d = (dice.choice(OTHERS) for _ in range(4))
    kept = dice.randrange(2)
    if not line.sign:
        return Line(("+", ("*", a, x), b))
    left = line.left if kept else ("+", ("*", a, x), b)
    return Line(left, line.sign, ("+", ("*", c, x), d) if kept else line.right)


def drawn(dice: Random) -> tuple[Line, Line, tuple[str, ...]]:
    """The line before, what was written below, and the truth."""
    before = dice.choice(shapes(*(dice.choice([n for n in range(-9, 10) if n]) for _ in range(4))))
    kind = dice.choices(("two", "one", "none"), (0.25, 0.4, 0.35))[0]
    if kind == "none":
        return before, with_two_other_numbers(before, dice), ()
    name, line = faulty(before, dice)
    if kind == "one":
        return before, line, (name,)
    other, line = faulty(line, dice)
    return before, line, tuple(sorted((name, other), key=NAMES.index))


@pytest.mark.slow
def test_two_steps_are_named_where_there_are_two(exact: Exact) -> None:
    dice, counts = Random(3), Counter[str]()
    for _ in range(DRAWN):
        before, line, truth = drawn(dice)
        try:
            line = collected(line) if line.sign and dice.random() < 0.5 else line
            if follows(before, line) is not False:
                continue
            causes = causes_of(before, line, MoveModel(), AnswerModel())
        except Beyond:
            continue
        said = causes[0].steps if causes else ()
        counts[f"{len(truth)} told"] += 1
        counts[f"{len(truth)} as {len(said)}"] += 1
        counts[f"{len(truth)} right"] += said == truth
    named = sum(counts[f"{truth} as 2"] for truth in (0, 1, 2))
    exact.at_least("two faulty steps in a line: of those named, right", counts["2 right"] / named, 0.9)
    exact.at_least("two faulty steps in a line: found", counts["2 right"] / counts["2 told"], 0.3)
    exact.at_least("one faulty step in a line: found", counts["1 right"] / counts["1 told"], 0.95)
    exact.at_most("two named where numbers were drawn", counts["0 as 2"] / counts["0 told"], 0.01)

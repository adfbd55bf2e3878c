"""Which line of a worked solution is the first that does not follow, and what may have gone wrong there.

A line follows when it says exactly what the line before it says (`lines.follows`). For the first that does not, the
faulty steps of `moves` are applied to the line before, and those that lead to a line saying the same as what was
written are its candidate causes; between calculations without letters, the faulty rules of `answers` are. A candidate
has

    P(step | line) ∝ prior(step) · share · fit

with the prior shared among the places where the step could strike, and fit 1 where both sides agree with what was
written and FURTHER where only the solutions do, because more was done in the same line. One number worked out wrongly
is a step of its own: any number in it counts 1/NEAR. What nothing explains may be any line: one of LINES. Where no one
step makes just the line, two in it are tried: P(two | line) ∝ TWICE · prior · share of the first · prior · share of the
second. To many a solution some two faults lead, so both sides must agree with what was written; what nothing explains
is written just so in FURTHER of the ways to say it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import chain, islice
from typing import TypeAlias

from yincai.measurement.errors import answers
from yincai.measurement.errors.answers import AnswerModel
from yincai.measurement.errors.lines import (
    TURNED,
    ZERO,
    Beyond,
    Line,
    Poly,
    Term,
    Tree,
    at_a_point,
    collected,
    degree,
    difference,
    follows,
    form,
    joined,
    key,
    numbers_only,
    same,
    size,
    terms,
)
from yincai.measurement.errors.moves import MISCALCULATED, MOVES, NAMES, Move, MoveModel

MOST_LINES = 40
MOST_SIZE = 80  # a longer line is judged, but no cause is looked for
LONGEST_SEARCH = 6  # operations
UNEXPLAINED = 0.3
LINES = 2000  # plausible wrong lines
NEAR = 50  # plausible wrong numbers in one place
FURTHER = 0.05
MOST_MADE = 100  # lines that one faulty step makes of a line
TWICE = 0.1  # of the lines that break, how many hold two faulty steps
MOST_TWICE = 3000  # lines made by two


Weighed: TypeAlias = "dict[tuple[str, ...], tuple[float, Line | None]]"  # steps → weight, line that the first makes


class Verdict(StrEnum):
    FOLLOWS = "follows"
    BREAKS = "breaks"
    UNTOLD = "untold"
    AFTER = "after"


@dataclass(frozen=True)
class Cause:
    """`steps`: one or two names in `moves.NAMES`, and `wrong` is the line that the step makes of the line before (of
    two, the one that comes first); or names in `answers.NAMES`, and `part` is what in the line before was
    worked out wrongly, with what came out."""

    steps: tuple[str, ...]
    probability: float
    wrong: Line | None = None
    part: tuple[Tree, Fraction] | None = None


@dataclass(frozen=True)
class Checked:
    """`before`: the line it was held against. Lines after the first break are not looked at."""

    verdict: Verdict
    before: Line | None = None
    causes: tuple[Cause, ...] = ()


def checked(
    lines: Sequence[Line], moves: MoveModel | None = None, search: AnswerModel | None = None
) -> tuple[Checked, ...]:
    """A verdict on each line; the first is the task itself, and where that is untold, all are. A line that is untold is
    passed over. Raises ValueError for more than MOST_LINES.

    >>> from fractions import Fraction
    >>> task = Line(("+", ("*", Fraction(2), "x"), Fraction(3)), "=", Fraction(7))
    >>> found = checked([task, Line(("*", Fraction(2), "x"), "=", Fraction(10)), Line("x", "=", Fraction(5))])
    >>> [each.verdict.value for each in found], found[1].causes[0].steps
    (['follows', 'breaks', 'after'], ('moved without changing the sign',))
    """
    if len(lines) > MOST_LINES:
        raise ValueError(f"more than {MOST_LINES} lines")
    found: list[Checked] = []
    before, broken = None, False
    for line in lines:
        if broken:
            found.append(Checked(Verdict.AFTER))
            continue
        agrees = follows(before, line) if before else (same(line, line) if not found else None)
        if agrees is False and before:
            causes = causes_of(before, line, moves or MoveModel(), search or AnswerModel())
            found.append(Checked(Verdict.BREAKS, before, causes))
            broken = True
        else:
            found.append(Checked(Verdict.FOLLOWS if agrees else Verdict.UNTOLD, before))
            before = line if agrees else before
    return tuple(found)


def causes_of(before: Line, line: Line, moves: MoveModel, search: AnswerModel) -> tuple[Cause, ...]:
    """What may have led from one line to the next that does not follow, the most probable first."""
    if sum(map(size, before.sides)) > MOST_SIZE:
        return ()
    if not before.sign and numbers_only(before.left) is not None:
        return _searched(before.left, line.left, search)
    weighed, unexplained = _weighed(before, line, moves), UNEXPLAINED / LINES
    if not any(_is_just(wrong, line) for _, wrong in weighed.values()):
        twice = _weighed_twice(before, line, moves)
        weighed, unexplained = weighed | twice, unexplained * FURTHER if twice else unexplained
    total = sum(weight for weight, _ in weighed.values()) + unexplained
    causes = [Cause(steps, weight / total, wrong) for steps, (weight, wrong) in weighed.items()]
    return tuple(sorted(causes, key=lambda cause: (-cause.probability, cause.steps)))


def _searched(before: Tree, after: Tree, search: AnswerModel) -> tuple[Cause, ...]:
    part, result = _narrowed(before, after)
    exercise, value = numbers_only(part), form(result).get((), ZERO)
    if exercise is None or size(part) > 2 * LONGEST_SEARCH + 1:
        return ()
    try:
        ways = answers.causes(exercise, value, search)
    except ValueError:
        return ()
    return tuple(Cause(way.malrules, way.probability, part=(part, value)) for way in ways if way.malrules)


def _narrowed(before: Tree, after: Tree) -> tuple[Tree, Tree]:
    """Both without the addends that they share: where a calculation went wrong can often be seen."""
    left, right = terms(before), terms(after)
    for part in list(left):
        twin = next((other for other in right if _worth(other) == _worth(part)), None)
        if twin is not None:
            left.remove(part)
            right.remove(twin)
    return (joined(left), joined(right)) if left and right else (before, after)


def _worth(part: Term) -> Poly:
    return form(joined([part]))


def _weighed(before: Line, line: Line, moves: MoveModel) -> Weighed:
    """Each faulty step that leads to the line: its weight, and the line it makes."""
    wanted, sides = key(line), _forms(line)
    found: Weighed = {}
    if wanted in ("all", "none"):  # no letter is left: nearly every error may end there
        return found
    sources = _sources(before)
    for move in MOVES:
        made = _made(move, sources)
        fits = [(_fit(wrong, sides) if said == wanted else 0.0, wrong) for said, wrong in made]
        best, wrong = max(fits, key=lambda pair: pair[0], default=(0.0, None))
        if best:
            share = sum(fit for fit, _ in fits) / len(made)
            found[move.name,] = ((1 - UNEXPLAINED) * moves.probability(move.name) * share, wrong)
    if _one_number_off(before, line):
        found[MISCALCULATED,] = ((1 - UNEXPLAINED) * moves.probability(MISCALCULATED) / NEAR, None)
    return found


def _weighed_twice(before: Line, line: Line, moves: MoveModel) -> Weighed:
    """Each two faulty steps that together write just this line. Which came first does not count."""
    found: Weighed = {}
    if key(line) in ("all", "none"):
        return found
    wanted, left = Written(line), MOST_TWICE
    for first in MOVES:
        made = _made(first, _sources(before))
        for _, between in made:
            for second in MOVES:
                again = list(islice(second.of_line(between), min(left, MOST_MADE)))
                left -= len(again)
                share = sum(map(wanted.is_just, again)) / max(len(again), 1) / len(made)
                if share:
                    steps = tuple(sorted((first.name, second.name), key=NAMES.index))
                    weight = (1 - UNEXPLAINED) * TWICE * share
                    weight *= moves.probability(first.name) * moves.probability(second.name)
                    earlier, shown = found.get(steps, (0.0, between))
                    found[steps] = (earlier + weight, shown)
    return found


class Written:
    """A line with which many others are compared, side by side: first at one point, and exactly where they agree."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.sides, self.values = _forms(line), _values(line)

    def is_just(self, other: Line) -> bool:
        if other.sign != self.line.sign or _values(other) not in (self.values, self.values[::-1]):
            return False
        try:
            return _forms(other) in (self.sides, self.sides[::-1])
        except Beyond:
            return False


def _values(line: Line) -> list[int | None]:
    return [at_a_point(side) for side in line.sides]


def _made(move: Move, sources: Sequence[Line]) -> list[tuple[Hashable, Line]]:
    """The wrong lines that a step makes of lines that say the same, with what they say; one that happens to be right
    is none."""
    right, found = key(sources[0]), []
    for wrong in islice(chain.from_iterable(map(move.of_line, sources)), MOST_MADE):
        try:
            found.append((key(wrong), wrong))
        except Beyond:
            continue
    return [(said, wrong) for said, wrong in found if said != right]


def _sources(before: Line) -> list[Line]:
    """The line before, and the same with its brackets opened: a step may have come after that was done rightly."""
    opened = collected(before)
    return [before] if opened == before else [before, opened]


def _fit(wrong: Line, sides: list[Poly]) -> float:
    return 1.0 if _forms(wrong) in (sides, sides[::-1]) else FURTHER


def _is_just(wrong: Line | None, line: Line) -> bool:
    """One number worked out wrongly makes whatever was written."""
    return wrong is None or _fit(wrong, _forms(line)) == 1.0


def _forms(line: Line) -> list[Poly]:
    return [form(side) for side in line.sides]


def _one_number_off(before: Line, line: Line) -> bool:
    """One coefficient is another one, or a last division came out wrong; all else agrees."""
    if not before.sign:
        return _differ_in(form(before.left), form(line.left)) == 1
    one, other = difference(before), difference(line)
    if line.sign == before.sign and _differ_in(one, other) == 1:
        return True
    if line.sign == TURNED.get(before.sign, "=") and _differ_in(one, {power: -n for power, n in other.items()}) == 1:
        return True
    return _is_last(before) and line.left == next(iter(set(one) - {()}))[0][0] and set(form(line.right)) <= {()}


def _differ_in(one: Poly, other: Poly) -> int:
    return sum(one.get(power) != other.get(power) for power in {*one, *other})


def _is_last(line: Line) -> bool:
    """kx = c: nothing is left but to divide."""
    left, right = (set(form(side)) for side in line.sides)
    return len(left) == 1 and right <= {()} and degree(form(line.left)) == 1

"""Worked solutions: right ones never break, a faulty step is found where it stands, and nothing is told by rounding."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from yincai.measurement.errors import working
from yincai.measurement.errors.lines import Beyond, Line, Tree, follows, form, joined, key, same, terms
from yincai.measurement.errors.moves import MISCALCULATED, MOVES, NAMES, Move, MoveModel, updated
from yincai.measurement.errors.working import Verdict, checked

NUMBERS = st.integers(-12, 12)
SOME = NUMBERS.filter(bool)
FRACTIONS = st.fractions(-9, 9, max_denominator=12)


def n(value: int | Fraction) -> Fraction:
    return Fraction(value)


def linear(k: int | Fraction, c: int | Fraction) -> Tree:
    """kx + c as a pupil would write it."""
    sign: int = 1 if c > 0 else -1
    return joined([*([(1, ("*", n(k), "x"))] if k else []), *([(sign, n(abs(c)))] if c else [])])


def equation(a: int, b: int, c: int, d: int) -> Line:
    return Line(linear(a, b), "=", linear(c, d))


def verdicts(*lines: Line) -> list[str]:
    return [each.verdict.value for each in checked(lines)]


def names(before: Line, after: Line) -> list[tuple[str, ...]]:
    return [cause.steps for cause in checked([before, after])[1].causes]


X2_PLUS_3 = linear(2, 3)
BRACKET: Tree = ("*", n(3), ("+", "x", n(2)))
TAKEN: Tree = ("-", n(5), ("*", n(2), ("+", "x", n(3))))
SQUARE: Tree = ("*", ("-", "y", n(4)), ("-", "y", n(4)))
KNOWN: dict[str, tuple[Line, Line]] = {
    "moved without changing the sign": (Line(X2_PLUS_3, "=", n(7)), Line(linear(2, 0), "=", n(10))),
    "letter moved without changing the sign": (equation(5, 0, 2, 9), Line(linear(7, 0), "=", n(9))),
    "bracket: only the first multiplied": (Line(BRACKET, "=", n(12)), equation(3, 2, 0, 12)),
    "bracket: a later sign kept": (Line(TAKEN), Line(linear(-2, 11))),
    "bracket: sign before it ignored": (Line(TAKEN), Line(linear(2, 11))),
    "bracket: not multiplied": (Line(BRACKET, "=", n(12)), equation(1, 2, 0, 12)),
    "a term not multiplied by the denominator": (
        Line(("+", ("/", "x", n(2)), n(3)), "=", n(5)),
        equation(1, 3, 0, 10),
    ),
    "a term not divided": (equation(2, 6, 0, 10), equation(1, 6, 0, 5)),
    "only one side multiplied or divided": (equation(3, 0, 0, 6), Line("x", "=", n(6))),
    "coefficient subtracted": (equation(3, 0, 0, 12), Line("x", "=", n(9))),
    "multiplied by the coefficient": (equation(3, 0, 0, 12), Line("x", "=", n(36))),
    "divided by the denominator": (Line(("/", "x", n(3)), "=", n(12)), Line("x", "=", n(4))),
    "coefficient and number turned over": (equation(3, 0, 0, 12), Line("x", "=", Fraction(1, 4))),
    "sign lost in dividing": (equation(-3, 0, 0, 12), Line("x", "=", n(4))),
    "direction not turned": (Line(linear(-3, 0), "<", n(6)), Line("x", "<", n(-2))),
    "direction turned": (Line(linear(3, 0), "≤", n(6)), Line("x", "≥", n(2))),
    "unlike terms put together": (Line(X2_PLUS_3, "=", n(7)), Line(linear(5, 0), "=", n(7))),
    "each squared": (Line(SQUARE), Line(("+", ("*", "y", "y"), n(16)))),
    "each squared, the last taken away": (Line(SQUARE), Line(("-", ("*", "y", "y"), n(16)))),
    "middle term not doubled": (Line(SQUARE), Line(("+", ("-", ("*", "y", "y"), ("*", n(4), "y")), n(16)))),
    "only the ends multiplied": (
        Line(("*", ("+", "x", n(2)), ("+", "x", n(3)))),
        Line(("+", ("*", "x", "x"), n(6))),
    ),
    "sign of a term": (equation(2, -3, 0, 7), equation(2, 3, 0, 7)),
    "a term left out": (Line(joined([(1, ("*", n(2), "x")), (1, "y"), (1, n(4))])), Line(linear(2, 4))),
    MISCALCULATED: (equation(2, 3, 0, 7), Line(linear(2, 0), "=", n(5))),
}


class TestKnownSteps:
    @pytest.mark.parametrize("name", NAMES)
    def test_each_faulty_step_is_the_first_that_is_named(self, name: str) -> None:
        before, after = KNOWN[name]
        assert verdicts(before, after) == ["follows", "breaks"]
        assert names(before, after)[0] == (name,)

    def test_the_step_before_it_and_what_it_makes_are_the_evidence(self) -> None:
        task, right, wrong = equation(2, 6, 0, 10), Line(linear(2, 0), "=", ("-", n(10), n(6))), equation(2, 0, 0, 6)
        found = checked([task, right, wrong, Line("x", "=", n(3))])
        assert [each.verdict.value for each in found] == ["follows", "follows", "breaks", "after"]
        assert found[2].before == right
        moved = checked([task, Line(linear(2, 0), "=", n(16))])[1].causes[0]
        assert moved.wrong == Line(linear(2, 0), "=", ("+", n(10), n(6)))

    @pytest.mark.parametrize(
        ("before", "after", "steps", "part"),
        [
            (("+", n(3), ("*", n(4), n(2))), ("+", n(3), n(6)), "added instead of multiplying", ("*", n(4), n(2))),
            (("+", n(3), ("*", n(4), n(2))), n(14), "from left to right", ("+", n(3), ("*", n(4), n(2)))),
            (("+", ("*", n(-3), n(-3)), n(18)), ("+", n(-9), n(18)), "sign of the result wrong", ("*", n(-3), n(-3))),
        ],
    )
    def test_calculations_are_searched_where_they_went_wrong(
        self, before: Tree, after: Tree, steps: str, part: Tree
    ) -> None:
        cause = checked([Line(before), Line(after)])[1].causes[0]
        assert cause.steps == (steps,) and cause.probability > 0.5
        assert cause.part is not None and cause.part[0] == part

    def test_a_step_may_come_after_brackets_were_opened_in_the_same_line(self) -> None:
        """6(x + 14) = 42 → 6x = 42 + 84."""
        before = Line(("*", n(6), ("+", "x", n(14))), "=", n(42))
        assert names(before, Line(linear(6, 0), "=", n(126)))[0] == ("moved without changing the sign",)

    def test_what_nothing_explains_breaks_without_a_cause(self) -> None:
        assert verdicts(equation(2, 3, 0, 7), equation(9, 4, 1, 40)) == ["follows", "breaks"]
        assert names(equation(2, 3, 0, 7), equation(9, 4, 1, 40)) == []
        assert names(equation(2, 3, 0, 7), Line(n(0), "=", n(5))) == []

    def test_what_cannot_be_told_is_passed_over(self) -> None:
        task, fractional = equation(2, 0, 0, 6), Line(("/", n(6), "x"), "=", n(2))
        assert verdicts(task, fractional, Line("x", "=", n(3))) == ["follows", "untold", "follows"]
        assert verdicts(fractional, Line("x", "=", n(3))) == ["untold", "untold"]
        squares = Line(("*", "x", "x"), "=", n(4))
        assert verdicts(squares, Line(("-", ("*", "x", "x"), n(4)), "=", n(0))) == ["follows", "follows"]
        assert verdicts(squares, Line("x", "=", n(2))) == ["follows", "untold"], "it may be one case of two"
        assert verdicts(task, Line("x")) == ["follows", "untold"]

    @pytest.mark.parametrize(
        ("before", "after", "steps"),
        [
            # 5x + 3 = 2x + 9 → 5x + 2x = 9 + 3
            (equation(5, 3, 2, 9), equation(7, 0, 0, 12), ("moved without", "letter moved")),
            # 3(x + 2) = 2x + 12 → 3x + 2x + 2 = 12
            (Line(BRACKET, "=", linear(2, 12)), equation(5, 2, 0, 12), ("letter moved", "bracket: only")),
        ],
    )
    def test_two_faulty_steps_in_one_line_are_named_together(
        self, before: Line, after: Line, steps: tuple[str, str]
    ) -> None:
        first = checked([before, after])[1].causes[0]
        assert [name.startswith(start) for name, start in zip(first.steps, steps, strict=True)] == [True, True]
        assert first.probability > 0.5 and first.wrong is not None

    def test_two_that_only_lead_to_the_same_solution_are_not_named(self) -> None:
        """5x + 3 = 2x + 9 → 7x = 12 in another form: many pairs of faults end there."""
        assert names(equation(5, 3, 2, 9), equation(14, 5, 0, 29)) == []

    def test_confirmations_raise_a_step(self) -> None:
        before, after = KNOWN["sign lost in dividing"]
        said = {
            count: checked([before, after], updated(MoveModel(), {"sign of a term": count}))[1].causes[0]
            for count in (0, 200)
        }
        assert said[0].steps == ("sign lost in dividing",) and said[200].steps == ("sign of a term",)
        with pytest.raises(ValueError, match="unknown"):
            updated(MoveModel(), {"no such step": 1})


# --- whatever the numbers are -----------------------------------------------------------------------------------------


class TestRightWork:
    @given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, SOME)
    def test_an_equation_solved_step_by_step_never_breaks(self, a: int, b: int, c: int, d: int, k: int) -> None:
        assume(a != c)
        solution = Fraction(d - b, a - c)
        both = Line(("*", linear(a, b), n(k)), "=", ("*", n(k), linear(c, d)))
        moved = Line(joined([*terms(linear(a, 0)), *((-s, t) for s, t in terms(linear(c, 0)))]), "=", ("-", n(d), n(b)))
        lines = [equation(a, b, c, d), both, moved, equation(a - c, 0, 0, d - b), Line(solution, "=", "x")]
        assert verdicts(*lines) == ["follows"] * 5

    @given(st.lists(FRACTIONS, min_size=1, max_size=6), SOME)
    def test_a_sum_worked_out_from_the_left_never_breaks(self, numbers: list[Fraction], k: int) -> None:
        lines = [
            Line(("*", n(k), joined([(1, n(sum(numbers[:done], n(0)))), *((1, x) for x in numbers[done:])])))
            for done in range(1, len(numbers) + 1)
        ]
        assert verdicts(*lines, Line(k * sum(numbers, n(0)))) == ["follows"] * (len(lines) + 1)

    @given(SOME, NUMBERS, SOME, NUMBERS)
    def test_a_product_multiplied_out_never_breaks(self, a: int, b: int, c: int, d: int) -> None:
        product: Tree = ("*", linear(a, b), linear(c, d))
        square: Tree = ("*", n(a * c), ("*", "x", "x"))
        assert verdicts(Line(product), Line(("+", square, linear(a * d + b * c, b * d)))) == ["follows", "follows"]


def shapes(a: int, b: int, c: int, d: int) -> list[Line]:
    """Lines in which each faulty step finds something to do."""
    most = abs(a) + 1
    return [
        equation(most, b, c, d),
        Line(("*", n(most), linear(1, b)), "=", ("-", n(c), ("*", n(2 * most), linear(1, -b)))),
        Line(("+", ("/", linear(1, b), n(most)), n(c)), "=", n(d)),
        Line(linear(-most, 0), "=", n(b)),
        Line(linear(-most, 0), "<", n(b)),
        Line(linear(most, 0), "≥", n(b)),
        Line(("*", linear(most, b), linear(1, -b))),
        Line(("*", linear(most, b), linear(most, b))),
    ]


class TestFaultyWork:
    @pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
    @settings(max_examples=8, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(a=SOME, b=SOME, c=SOME, d=SOME, goes_on=st.booleans(), data=st.data())
    def test_each_faulty_step_is_found_and_named(
        self, move: Move, a: int, b: int, c: int, d: int, goes_on: bool, data: st.DataObject
    ) -> None:
        made = [(line, wrong) for line in shapes(a, b, c, d) for wrong in move.of_line(line)]
        before, wrong = data.draw(st.sampled_from(made))
        after = worked_on(wrong) if goes_on else wrong
        assume(key(wrong) not in (key(before), "all", "none"))
        assert verdicts(before, after) == ["follows", "breaks"]
        found = checked([before, after])[1].causes
        assert (move.name,) in [cause.steps for cause in found]
        assert sum(cause.probability for cause in found) < 1

    def test_each_has_something_to_do_there(self) -> None:
        assert all(any(list(move.of_line(line)) for line in shapes(-3, 2, 4, 5)) for move in MOVES)


def worked_on(line: Line) -> Line:
    """The same in another form, as if the pupil had gone on rightly."""
    return Line(("+", line.left, n(1)), line.sign, ("+", line.right, n(1))) if line.sign else line


class TestExactness:
    @given(st.tuples(*[NUMBERS] * 4), st.tuples(*[NUMBERS] * 4))
    def test_two_equations_are_the_same_just_when_their_solutions_are(
        self, one: tuple[int, ...], other: tuple[int, ...]
    ) -> None:
        assert same(equation(*one), equation(*other)) == (solutions(*one) == solutions(*other))

    @given(st.tuples(*[NUMBERS] * 4), st.tuples(*[NUMBERS] * 4), st.sampled_from("<>≤≥"), st.sampled_from("<>≤≥"))
    def test_and_so_are_two_inequalities(
        self, one: tuple[int, ...], other: tuple[int, ...], sign: str, another: str
    ) -> None:
        first, second = equation(*one), equation(*other)
        first, second = Line(first.left, sign, first.right), Line(second.left, another, second.right)
        near = (-Fraction(1, 1000), 0, Fraction(1, 1000))  # turning points lie further apart
        tried = [point + off for s in (one, other) for point in turning(*s) for off in near] or [n(0)]
        agree = all(holds(sign, one, x) == holds(another, other, x) for x in tried)
        assert same(first, second) == agree

    def test_no_difference_is_too_small(self) -> None:
        tiny = Fraction(1, 10**30)
        assert same(Line("x", "=", Fraction(1, 3)), Line("x", "=", Fraction(1, 3) + tiny)) is False
        assert same(Line(("*", n(3), "x"), "=", n(1)), Line("x", "=", ("/", n(1), n(3)))) is True


def solutions(a: int, b: int, c: int, d: int) -> object:
    if a == c:
        return "all" if b == d else "none"
    return Fraction(d - b, a - c)


def turning(a: int, b: int, c: int, d: int) -> list[Fraction]:
    return [] if a == c else [Fraction(d - b, a - c)]


def holds(sign: str, coefficients: tuple[int, ...], x: Fraction) -> bool:
    a, b, c, d = coefficients
    left, right = a * x + b, c * x + d
    tests: dict[str, Callable[[], bool]] = {
        "<": lambda: left < right,
        ">": lambda: left > right,
        "≤": lambda: left <= right,
        "≥": lambda: left >= right,
    }
    return tests[sign]()


class TestHigherDegrees:
    @given(st.lists(NUMBERS, min_size=1, max_size=4), st.lists(NUMBERS, min_size=1, max_size=4), SOME)
    def test_equations_in_one_letter_are_the_same_just_when_their_roots_are(
        self, one: list[int], other: list[int], k: int
    ) -> None:
        first, second = product(one), Line(("*", n(k), product(other).left), "=", n(0))
        assert same(first, second) is (set(one) == set(other))
        if set(other) < set(one):
            assert follows(first, second) is None
        else:
            assert follows(first, second) is (set(one) == set(other))

    @given(NUMBERS, NUMBERS, NUMBERS)
    def test_what_never_is_nought_has_no_part(self, root: int, shift: int, c: int) -> None:
        """(x − root)((x − shift)² + c² + 1) = 0 has the one solution of x = root."""
        away: Tree = ("-", "x", n(shift))
        positive: Tree = ("+", ("*", away, away), n(c * c + 1))
        line = Line(("*", ("-", "x", n(root)), positive), "=", n(0))
        assert same(line, Line("x", "=", n(root))) is True
        assert follows(line, Line("x", "=", n(root + 1))) is False
        assert same(Line(positive, "=", n(0)), Line(n(0), "=", n(1))) is True
        assert follows(line, Line(n(0), "=", n(1))) is False, "it has a solution"

    def test_roots_that_no_fraction_is(self) -> None:
        square: Tree = ("*", "x", "x")
        assert same(Line(square, "=", n(2)), Line(("*", square, square), "=", n(4))) is True
        assert same(Line(square, "=", n(2)), Line(square, "=", n(2) + Fraction(1, 10**20))) is False
        assert follows(Line(square, "=", n(2)), Line("x", "=", Fraction(141421356, 10**8))) is False

    def test_a_faulty_step_breaks_there_too(self) -> None:
        """x² − 5x = −6 → x² − 5x − 6 = 0."""
        square: Tree = ("*", "x", "x")
        before = Line(("-", square, ("*", n(5), "x")), "=", n(-6))
        after = Line(("-", ("-", square, ("*", n(5), "x")), n(6)), "=", n(0))
        assert verdicts(before, after) == ["follows", "breaks"]
        assert names(before, after)[0] == ("moved without changing the sign",)

    def test_more_letters_are_not_guessed_at(self) -> None:
        both: Tree = ("*", "x", "y")
        assert same(Line(both, "=", n(4)), Line(("*", both, both), "=", n(16))) is None
        assert same(Line(("*", "x", "x"), "<", n(4)), Line(("*", "x", "x"), "<", n(5))) is None


def product(roots: list[int]) -> Line:
    """(x − a)(x − b)… = 0."""
    found: Tree = n(1)
    for root in roots:
        found = ("*", found, ("-", "x", n(root)))
    return Line(found, "=", n(0))


class TestExtremes:
    def test_no_line_and_too_many(self) -> None:
        assert checked([]) == ()
        with pytest.raises(ValueError, match="more than"):
            checked([Line(n(1))] * (working.MOST_LINES + 1))

    def test_work_is_bounded_by_the_size_of_what_is_written(self) -> None:
        """Too large to be told, or to be searched: the answer comes at once, and says just that."""
        power: Tree = "x"
        for _ in range(9):
            power = ("*", power, power)
        huge: Tree = n(10**90)
        wide: Tree = joined([(1, f"x{i}") for i in range(70)])
        for tree in (power, huge, wide, ("/", "x", n(0))):
            with pytest.raises(Beyond):
                form(tree)
            assert verdicts(Line("x", "=", n(1)), Line(tree, "=", n(1))) == ["follows", "untold"]
        long = joined([(1, ("*", n(i), "x")) for i in range(2, 40)])
        found = checked([Line(long, "=", n(1)), Line("x", "=", n(5))])[1]
        assert (found.verdict, found.causes) == (Verdict.BREAKS, ())

    @settings(max_examples=3, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from((1, -1)), NUMBERS), min_size=8, max_size=12))
    def test_a_long_line_makes_a_bounded_number_of_wrong_ones(self, parts: list[tuple[int, int]]) -> None:
        line = Line(joined([(sign, ("*", n(k), ("+", "x", n(1)))) for sign, k in parts]), "=", n(3))
        assert all(len(working._made(move, [line, line])) <= working.MOST_MADE for move in MOVES)
        assert len(checked([line, Line("x", "=", n(99))])) == 2

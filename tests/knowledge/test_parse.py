"""What pupils type becomes the tree they meant, or goes back with the place marked; nothing else happens."""

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.knowledge.grading_trees import trees
from yincai.knowledge.grading import units
from yincai.knowledge.grading.lex import Reading, Unreadable
from yincai.knowledge.grading.parse import parse
from yincai.knowledge.grading.show import to_latex, to_text
from yincai.knowledge.grading.tree import Collection, Div, Expr, Mixed, Mul, Num, Pow, Quantity, Root, Var, children

QUANTITY = Reading(letters=False, units=True)
SEVERAL = Reading(several=True, relations=True)
EVERY_KIND = [
    Reading(),
    QUANTITY,
    SEVERAL,
    Reading(letters=False),
    Reading(ratio=True, units=True, names=frozenset("xyab")),
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("１２＋３", "12+3"),
        ("（１＋２）／３", "(1+2)/3"),
        ("−3", "-3"),
        ("负3", "-3"),
        ("3 × 4", "3×4"),
        ("3·4", "3×4"),
        ("1 1/2", "1 1/2"),
        ("1又1/2", "1 1/2"),
        ("1又2分之1", "1 1/2"),
        ("1½", "1 1/2"),
        ("2\\frac{1}{2}", "2 1/2"),
        ("2分之1", "1/2"),
        ("\\frac12", "1/2"),
        ("$\\dfrac{3}{4}$", "3/4"),
        ("1，234，567", "1234567"),
        ("５０％", "50%"),
        (".5", "0.5"),
        ("0.50", "0.50"),
        ("x²y³", "x^2y^3"),
        ("x^{2}", "x^2"),
        ("x⁻²", "x^(-2)"),
        ("2x(x+1)", "2x(x+1)"),
        ("√2", "√2"),
        ("√(x+1)", "√(x+1)"),
        ("\\sqrt[3]{8}", "∛8"),
        ("cbrt(8)", "∛8"),
        ("3√2π", "3√2π"),
        ("2pi", "2π"),
        ("|x-3|", "abs(x-3)"),
        ("[(1+2)×3]", "(1+2)×3"),
        ("\\left( x+1 \\right)^2", "(x+1)^2"),
        ("3\\times 4\\div 2", "(3×4)÷2"),
        ("6÷2x", "6÷(2x)"),
        ("1/2x", "1/2×x"),
        ("2x/3", "2x/3"),
        ("x=3", "3"),
        ("=3", "3"),
        ("3。", "3"),
    ],
)
def test_reads_what_was_meant(typed: str, meant: str) -> None:
    assert to_text(parse(typed)) == meant


def test_keeps_how_it_was_written() -> None:
    assert parse("2/4") == Div(Num(Fraction(2)), Num(Fraction(4)))
    assert parse("0.50") == Num(Fraction(1, 2), places=2)
    assert parse("1 1/2") == Mixed(1, 1, 2)
    assert parse("2√3") == Mul((Num(Fraction(2)), Root(Num(Fraction(3)))))
    assert parse("-x^2") != parse("(-x)^2")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("5cm", "5 厘米"),
        ("5 cm^2", "5 平方厘米"),
        ("5\\,\\text{cm}", "5 厘米"),
        ("3米20厘米", "3 米 20 厘米"),
        ("1时30分", "1 时 30 分"),
        ("90^{\\circ}", "90 度"),
        ("60 km/h", "60 千米/时"),
        ("3.5元/千克", "3.5 元/千克"),
        ("2分之1米", "1/2 米"),
        ("12个", "12 个"),
    ],
)
def test_reads_units(typed: str, meant: str) -> None:
    tree = parse(typed, QUANTITY)
    assert isinstance(tree, Quantity)
    assert to_text(tree) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1，2；3、4", "1, 2, 3, 4"),
        ("1,234", "1, 234"),
        ("{1, 2}", "1, 2"),
        ("(3，−4)", "3, -4"),
        ("x=±2", "x=2, x=-2"),
        ("x₁=2或x₂=3", "x_1=2, x_2=3"),
        ("x1=2，x2=3", "x_1=2, x_2=3"),
        ("7……2", "7, 2"),
        ("x<=3", "x≤3"),
        ("无解", "无解"),
    ],
)
def test_reads_several_answers(typed: str, meant: str) -> None:
    tree = parse(typed, SEVERAL)
    assert isinstance(tree, Collection)
    assert to_text(tree) == meant


def test_reads_a_ratio_only_where_one_is_asked() -> None:
    assert to_text(parse("3∶4：5", Reading(ratio=True))) == "3:4:5"
    with pytest.raises(Unreadable):
        parse("3:4")


def test_latex_of_what_was_understood() -> None:
    assert to_latex(parse("1 1/2")) == r"1\frac{1}{2}"
    assert to_latex(parse("2×1/2")) == r"2 \times \frac{1}{2}"
    assert to_latex(parse("x^2/3")) == r"\frac{x^{2}}{3}"
    assert to_latex(parse("5cm", QUANTITY)) == r"5\,\text{厘米}"


@pytest.mark.parametrize(
    ("typed", "position", "says"),
    [
        ("", 0, "还没有写"),
        ("1+", 2, "第 2 个字后面缺"),
        ("１＋２＊", 4, "第 4 个字后面缺"),
        ("(1+2", 0, "没有关上"),
        ("1)", 1, "没有开头"),
        ("|x+1", 0, "绝对值"),
        ("1 2", 2, "缺一个运算符号"),
        ("x2", 1, "缺一个运算符号"),
        ("3..5", 1, "小数点"),
        ("1/0", 1, "不能是 0"),
        ("1+2=3", 3, "最后的结果"),
        ("1,23", 1, "一个答案"),
        ("3@4", 1, "读不懂"),
        ("五", 0, "读不懂"),
        ("5 个", 2, "不用写单位"),
        ("sin x", 0, "sin"),
        ("1 1/x", 4, "分母"),
        ("2^3^2", 3, "乘方"),
        ("9**9**9**9", 1, "^"),
        ("x^100", 1, "指数太大"),
        ("10000000!", 8, "读不懂"),
        ("__import__('os')", 0, "读不懂"),
        ("9" * 41, 0, "太长"),
    ],
)
def test_says_where_and_why_it_cannot_be_read(typed: str, position: int, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(typed)
    assert caught.value.position == position
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("typed", "says"),
    [("x=-3", "只写等号右边的数就行，不用写“x=”"), ("x ＝ 3", "只写等号右边"), ("x", "这里要写数")],
)
def test_where_a_number_is_wanted_a_letter_is_told_what_to_leave_out(typed: str, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(typed, Reading(letters=False))
    assert says in caught.value.message and caught.value.position == 0


@pytest.mark.parametrize(
    "typed",
    ["(" * 5000, "(" * 200, "-" * 200, "√" * 200, "9^" * 99, "{" * 100 + "}" * 100, "|" * 199, "x" * 200, "1/" * 100],
)
def test_hostile_input_is_refused_or_read_at_once(typed: str) -> None:
    before = time.perf_counter()
    for reading in EVERY_KIND:
        try:
            parse(typed, reading)
        except Unreadable:
            continue
    assert time.perf_counter() - before < 0.5


pieces = [*"0123456789xyabm+-*/^()[]{}|%√∛π=<>≤,.;:、，又分之厘米元时无解±² ½\\_$余度"]
pieces += ["\\frac", "\\sqrt", "\\text{", "cm", "sqrt(", "1 1/2", "^{2}", "{1}"]
typeable = st.lists(st.sampled_from(pieces), max_size=20).map("".join)


@given(st.one_of(st.text(max_size=60), typeable), st.sampled_from(EVERY_KIND))
@settings(max_examples=600, deadline=None)
def test_never_raises_anything_but_unreadable(typed: str, reading: Reading) -> None:
    try:
        tree = parse(typed, reading)
    except Unreadable as error:
        assert 0 <= error.position <= len(typed)
        assert error.message.endswith("。")
    else:
        assert to_text(tree)
        assert to_latex(tree)


@given(typeable, st.sampled_from(EVERY_KIND))
@settings(max_examples=300, deadline=None)
def test_what_is_shown_reads_as_what_was_typed(typed: str, reading: Reading) -> None:
    """The canonical text means the same tree, whatever was typed to get there."""
    try:
        shown = to_text(parse(typed, reading))
    except Unreadable:
        return
    if len(shown) <= 200:
        assert to_text(parse(shown, reading)) == shown


def _deep(tree: Expr) -> int:
    return 1 + max(map(_deep, children(tree)), default=0)


@given(trees)
@settings(max_examples=300, deadline=None)
def test_printed_trees_read_back(tree: Expr) -> None:
    text = to_text(tree)
    if len(text) > 200 or _has_power_in_exponent(tree):
        return
    try:
        assert parse(text) == tree
    except Unreadable as error:
        assert "不能是 0" in error.message, text


def _has_power_in_exponent(tree: Expr) -> bool:
    inside = isinstance(tree, Pow) and not isinstance(tree.exp, Num | Var)
    return inside or any(map(_has_power_in_exponent, children(tree)))


@given(trees)
@settings(max_examples=200, deadline=None)
def test_latex_reads_back_as_the_same_value(tree: Expr) -> None:
    from yincai.knowledge.grading.normal import OutOfReach, normal, same

    try:
        back = parse(to_latex(tree).replace(" ", ""))
        first, second = normal(tree), normal(back)  # type: ignore[arg-type]
    except (Unreadable, OutOfReach):
        return
    if first is not None and second is not None:
        assert same(first, second) is not False


def test_letters_and_units_do_not_mix_inside_a_word() -> None:
    open_names = Reading(units=True)
    assert to_text(parse("2cmcm", open_names)) == "2cmcm"
    assert to_text(parse("2acm", Reading(units=True, names=frozenset("a")))) == "2a 厘米"
    assert to_text(parse("3am", Reading(units=True, names=frozenset("am")))) == "3am"


def test_every_unit_spelling_is_read() -> None:
    for spelling, name in units.SPELLINGS.items():
        tree = parse(f"5 {spelling}", QUANTITY)
        assert isinstance(tree, Quantity)
        assert tree.parts[0][1] == name

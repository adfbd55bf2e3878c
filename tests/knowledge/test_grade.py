"""Verdicts by declared rules: each row of the tables is a rule a teacher could read."""

import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.knowledge.grading_trees import trees
from yincai.knowledge.grading.grade import Grade, Outcome, check_spec, grade, match_fault
from yincai.knowledge.grading.preview import preview
from yincai.knowledge.grading.rules import Accept, AnswerSpec, BadSpec
from yincai.knowledge.grading.show import to_text
from yincai.knowledge.grading.tree import Expr

RIGHT, WRONG, UNREADABLE, UNDECIDED = Outcome.RIGHT, Outcome.WRONG, Outcome.UNREADABLE, Outcome.UNDECIDED


def nobody(*_: object) -> bool | None:
    """In place of the worker: these tables must be settled by the normal form alone."""
    raise AssertionError("the worker was asked")


def given_answer(kind: str, key: str, typed: str, **accept: Any) -> Grade:
    data = {"kind": kind, "key": key}
    for name in ("unit", "names", "credit", "options"):
        if name in accept and not (name == "unit" and accept[name] in ("required", "optional")):
            data[name] = accept.pop(name)
    if accept.pop("typed_unit", False):
        accept["unit"] = "required"
    spec = AnswerSpec.from_data(data | {"accept": accept})
    check_spec(spec)
    return grade(spec, typed, decide=nobody)


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("1/2", "0.5"),
        ("1/2", "50%"),
        ("1/2", "２／４"),
        ("\\frac{1}{2}", ".5"),
        ("1 1/2", "3/2"),
        ("1 1/2", "1又1/2"),
        ("1234", "1，234"),
        ("-3", "−３"),
        ("2√3", "√12"),
        ("6π", "6π"),
        ("320000", "3.2×10^5"),
        ("3", "x=3"),
        ("12", "＝12"),
    ],
)
def test_numbers_are_right_in_any_way_of_writing(key: str, typed: str) -> None:
    if "x" in typed:
        assert given_answer("expression", key, typed).outcome is RIGHT
    else:
        assert given_answer("number", key, typed).outcome is RIGHT


@pytest.mark.parametrize(
    ("key", "typed"), [("1/2", "0.51"), ("1/3", "0.33"), ("6π", "18.84"), ("2√3", "3√2"), ("3", "-3")]
)
def test_other_values_are_wrong(key: str, typed: str) -> None:
    verdict = given_answer("number", key, typed)
    assert (verdict.outcome, verdict.score, verdict.attempt) == (WRONG, 0.0, True)


@pytest.mark.parametrize(
    ("typed", "says"), [("1+2", "算出"), ("√9", "算出"), ("6÷2", "算出"), ("3a", "字母"), ("3个", "单位")]
)
def test_not_yet_an_answer_goes_back_and_is_no_attempt(typed: str, says: str) -> None:
    verdict = given_answer("number", "3", typed)
    assert verdict.outcome is UNREADABLE
    assert not verdict.attempt
    assert says in verdict.message


@pytest.mark.parametrize(
    ("key", "typed", "rule", "outcome"),
    [
        ("1/2", "2/4", {"must_be_simplified": True}, WRONG),
        ("1/2", "1/2", {"must_be_simplified": True}, RIGHT),
        ("1/2", "2/4", {"must_be_simplified": True, "form_miss": "again"}, UNREADABLE),
        ("√2/2", "1/√2", {"must_be_simplified": True}, WRONG),
        ("√2/2", "√2/2", {"must_be_simplified": True}, RIGHT),
        ("2√3", "√12", {"must_be_simplified": True}, WRONG),
        ("1 1/2", "1 2/4", {"must_be_simplified": True}, WRONG),
        ("3/4", "0.75", {"written": ["fraction"]}, WRONG),
        ("3/4", "3/4", {"written": ["fraction"]}, RIGHT),
        ("75%", "0.75", {"written": ["percent"]}, WRONG),
        ("75%", "75%", {"written": ["percent"]}, RIGHT),
        ("3.2×10^5", "320000", {"written": ["scientific"]}, WRONG),
        ("10√3", "17.32", {"decimals": 2}, RIGHT),
        ("10√3", "17.320", {"decimals": 2}, WRONG),
        ("10√3", "17.3", {"decimals": 2}, WRONG),
        ("2.345", "2.35", {"decimals": 2}, RIGHT),
        ("-2.345", "-2.35", {"decimals": 2}, RIGHT),
        ("4.5", "4.50", {"decimals": 2}, RIGHT),
        ("4.5", "4.5", {"decimals": 2}, WRONG),
        ("20", "20.9", {"tolerance": 1}, RIGHT),
        ("20", "21.1", {"tolerance": 1}, WRONG),
        ("31.4", "10π", {"pi": "3.14"}, RIGHT),
        ("10π", "31.4", {"pi": "3.14"}, RIGHT),
    ],
)
def test_declared_forms_of_numbers(key: str, typed: str, rule: dict[str, Any], outcome: Outcome) -> None:
    verdict = given_answer("number", key, typed, **rule)
    assert verdict.outcome is outcome
    assert (verdict.score == 1.0) is (outcome is RIGHT)


@pytest.mark.parametrize(
    ("typed", "rule", "outcome"),
    [
        ("150", {}, RIGHT),
        ("150cm", {}, RIGHT),
        ("1.5m", {}, RIGHT),
        ("1米50厘米", {}, RIGHT),
        ("1.5m", {"convert": False}, WRONG),
        ("150", {"typed_unit": True}, UNREADABLE),
        ("150 厘米", {"typed_unit": True}, RIGHT),
        ("150 cm²", {}, WRONG),
        ("150 元", {}, WRONG),
        ("1.5", {}, WRONG),
    ],
)
def test_units(typed: str, rule: dict[str, Any], outcome: Outcome) -> None:
    verdict = given_answer("number", "150", typed, unit="厘米", **rule)
    assert verdict.outcome is outcome
    assert verdict.message or outcome is RIGHT or typed == "1.5"


def test_fen_is_money_beside_yuan_and_time_beside_hours() -> None:
    assert given_answer("number", "3.25", "3元2角5分", unit="元").outcome is RIGHT
    assert given_answer("number", "90", "1时30分", unit="分").outcome is RIGHT


@pytest.mark.parametrize(
    ("key", "typed", "rule", "outcome"),
    [
        ("2x+2", "2(x+1)", {}, RIGHT),
        ("2x+2", "2(x+1)", {"must_be_expanded": True}, WRONG),
        ("x^2+2x+1", "1+2x+x²", {"must_be_expanded": True}, RIGHT),
        ("5x+2", "2x+3x+2", {"must_be_simplified": True}, WRONG),
        ("5x+2", "2+5x", {"must_be_simplified": True}, RIGHT),
        ("(x+1)/x", "(x^2+x)/x^2", {"must_be_simplified": True}, WRONG),
        ("(x+1)^2", "x^2+2x+1", {"must_be_factored": True}, WRONG),
        ("2(x+1)(x-1)", "(2x+2)(x-1)", {"must_be_factored": True}, WRONG),
        ("2(x+1)(x-1)", "2(x^2-1)", {"must_be_factored": True}, WRONG),
        ("2(x+1)(x-1)", "-2(1-x)(1+x)", {"must_be_factored": True}, RIGHT),
        ("x+1", "x-1", {}, WRONG),
        ("x+1", "y+1", {"names": ["x"]}, UNREADABLE),
        ("x", "1/(x-x)", {}, UNREADABLE),
        ("x", "(9^99)^99", {}, UNREADABLE),
    ],
)
def test_expressions(key: str, typed: str, rule: dict[str, Any], outcome: Outcome) -> None:
    assert given_answer("expression", key, typed, **rule).outcome is outcome


@pytest.mark.parametrize(
    ("kind", "key", "typed", "outcome"),
    [
        ("solution", "x=3", "3", RIGHT),
        ("solution", "x=3", "3=x", RIGHT),
        ("solution", "x=3", "2x=6", UNREADABLE),
        ("solution", "x=3", "y=3", UNREADABLE),
        ("solution", "x=2,x=-2", "x=±2", RIGHT),
        ("solution", "x=2,x=3", "x₁=3，x₂=2", RIGHT),
        ("solution", "x=2,x=3", "x=2", WRONG),
        ("solution", "x=1,y=2", "y=2；x=1", RIGHT),
        ("solution", "x=1,y=2", "1,2", UNREADABLE),
        ("solution", "无解", "无解", RIGHT),
        ("solution", "x=0", "无解", WRONG),
        ("set", "1,2,3", "3、2、1", RIGHT),
        ("set", "1,2,3", "1,2,2", WRONG),
        ("set", "1,2,3", "1,2,3,4", WRONG),
        ("list", "1,2,3", "3,2,1", WRONG),
        ("list", "(3,-4)", "（３，−４）", RIGHT),
        ("list", "7,2", "7……2", RIGHT),
        ("ratio", "3:4", "6∶8", RIGHT),
        ("ratio", "3:4", "3/4", RIGHT),
        ("ratio", "3:4", "4:3", WRONG),
        ("ratio", "3:4", "0.75", UNREADABLE),
        ("ratio", "1:2:3", "2:4:6", RIGHT),
        ("ratio", "1:2", "0:0", WRONG),
        ("equation", "y=2x+1", "2x-y+1=0", RIGHT),
        ("equation", "y=2x+1", "y=2x-1", WRONG),
        ("equation", "x>3", "-x<-3", RIGHT),
        ("equation", "x>3", "x≥3", WRONG),
        ("equation", "x>3", "x<3", WRONG),
        ("equation", "-1<x,x<=3", "x≤3，x>-1", RIGHT),
    ],
)
def test_other_kinds(kind: str, key: str, typed: str, outcome: Outcome) -> None:
    assert given_answer(kind, key, typed).outcome is outcome


@pytest.mark.parametrize(
    ("kind", "key", "typed", "credit", "outcome", "score"),
    [
        ("multiple", "ACD", "d、c，Ａ", "all", RIGHT, 1.0),
        ("multiple", "ACD", "AC", "all", WRONG, 0.0),
        ("multiple", "ACD", "AC", "part", WRONG, 0.5),
        ("multiple", "ACD", "AB", "part", WRONG, 0.0),
        ("single", "B", "b", "all", RIGHT, 1.0),
        ("single", "B", "A", "all", WRONG, 0.0),
        ("single", "B", "AB", "all", UNREADABLE, 0.0),
        ("single", "B", "E", "all", UNREADABLE, 0.0),
        ("single", "B", "", "all", UNREADABLE, 0.0),
    ],
)
def test_choices(kind: str, key: str, typed: str, credit: str, outcome: Outcome, score: float) -> None:
    verdict = given_answer(kind, key, typed, credit=credit)
    assert (verdict.outcome, verdict.score) == (outcome, score)


def test_undecided_is_no_attempt_and_says_what_to_do() -> None:
    spec = AnswerSpec("expression", "√(x^2)")
    verdict = grade(spec, "x", decide=lambda *_: None)
    assert verdict.outcome is UNDECIDED
    assert not verdict.attempt
    assert "不算作答" in verdict.message


def test_what_is_open_is_asked_once_with_the_trees_and_the_rule() -> None:
    asked: list[tuple[str, str, bool]] = []

    def decide(a: Expr, b: Expr, positive: bool) -> bool:
        asked.append((to_text(a), to_text(b), positive))
        return True

    spec = AnswerSpec("expression", "√(x^2)", Accept(positive=True))
    assert grade(spec, "x", decide).outcome is RIGHT
    assert asked == [("x", "√(x^2)", True)]


def test_a_wrong_answer_names_its_cause_by_value() -> None:
    spec = AnswerSpec("number", "5/6")
    faults = [("adds-both", "2/5"), ("adds-tops", "2/6"), ("broken", "1//")]
    assert match_fault(spec, faults, "0.4") == "adds-both"
    assert match_fault(spec, faults, "1/3") == "adds-tops"
    assert match_fault(spec, faults, "1/7") is None
    assert match_fault(AnswerSpec("single", "B"), [("m", "C")], "c") == "m"
    rounded = AnswerSpec("number", "10√3", Accept(decimals=2))
    assert match_fault(rounded, [("cuts", "17.3")], "17.3") == "cuts"


def test_the_verdict_shows_what_was_understood() -> None:
    verdict = given_answer("number", "3/2", "１又１／２")
    assert (verdict.normal, verdict.latex) == ("1 1/2", r"1\frac{1}{2}")
    verdict = given_answer("number", "3", "1+")
    assert (verdict.outcome, verdict.position) == (UNREADABLE, 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"kind": "essay", "key": "1"}, "答案类型"),
        ({"kind": "number"}, "缺少答案"),
        ({"kind": "number", "key": "1+"}, "读不懂"),
        ({"kind": "number", "key": "1/(1-1)"}, "没有意义"),
        ({"kind": "number", "key": "2+3"}, "不算对"),
        ({"kind": "number", "key": "2/4", "accept": {"must_be_simplified": True}}, "最简"),
        ({"kind": "number", "key": "1", "accept": {"colour": "red"}}, "colour"),
        ({"kind": "number", "key": "1", "accept": {"tolerance": "much"}}, "tolerance"),
        ({"kind": "number", "key": "1", "unit": "瞬"}, "单位"),
        ({"kind": "single", "key": "F"}, "选项"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(data: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSpec, match=says):
        check_spec(AnswerSpec.from_data(data))


def test_rules_survive_the_way_through_json() -> None:
    accept = Accept(written=frozenset(("fraction",)), tolerance=Fraction(1, 100), unit="required", pi=Fraction("3.14"))
    spec = AnswerSpec("number", "1/2", accept, unit="米", names=frozenset("ab"))
    assert AnswerSpec.from_data(spec.to_data()) == spec
    assert AnswerSpec("number", "3").to_data() == {"kind": "number", "key": "3"}
    assert AnswerSpec.from_data({"kind": "numeric", "key": "3"}).kind == "number"


def test_preview_shows_the_formula_or_the_place() -> None:
    assert preview("2x/3").to_data() == {
        "ok": True,
        "latex": r"\frac{2x}{3}",
        "text": "2x/3",
        "position": None,
        "message": "",
    }
    bad = preview("１＋２＋")
    assert (bad.ok, bad.position) == (False, 4)
    assert not preview("1/(2-2)").ok
    assert preview("5cm", AnswerSpec("number", "5", unit="厘米")).latex == r"5\,\text{厘米}"
    assert preview("").ok
    assert preview("5cm", kind="numeric", unit="厘米").ok
    assert not preview("5x", kind="number").ok
    assert preview("x=±2", kind="solution").text == "x=2, x=-2"
    assert preview("x=2", kind="unheard of").text == "x=2"


HOSTILE = ["9**9**9**9", "(" * 5000, "10000000!", "__import__('os')", "9^99^99", "((9^99)^99)^99", "x^99999", "1/" * 99]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("kind", ["number", "expression", "solution", "set", "ratio", "equation", "multiple"])
def test_hostile_input_returns_at_once(typed: str, kind: str) -> None:
    key = {"equation": "x=1", "ratio": "1:2", "multiple": "AB"}.get(kind, "3")
    before = time.perf_counter()
    verdict = grade(AnswerSpec.from_data({"kind": kind, "key": key}), typed, decide=nobody)
    assert verdict.outcome is UNREADABLE
    assert time.perf_counter() - before < 0.3


@given(trees, trees)
@settings(max_examples=150, deadline=None)
def test_equality_is_symmetric(a: Expr, b: Expr) -> None:
    verdicts = []
    for key, typed in ((to_text(a), to_text(b)), (to_text(b), to_text(a))):
        try:
            verdicts.append(grade(AnswerSpec("expression", key), typed, decide=lambda *_: None).outcome)
        except BadSpec:
            return
    if UNREADABLE not in verdicts:
        assert verdicts[0] is verdicts[1]


@given(st.text(max_size=40), st.sampled_from(["number", "expression", "solution", "set", "list", "ratio", "equation"]))
@settings(max_examples=300, deadline=None)
def test_any_text_gets_a_verdict(typed: str, kind: str) -> None:
    key = {"equation": "x=1", "ratio": "1:2"}.get(kind, "3")
    verdict = grade(AnswerSpec.from_data({"kind": kind, "key": key}), typed, decide=lambda *_: None)
    assert verdict.message or verdict.outcome in (RIGHT, WRONG)

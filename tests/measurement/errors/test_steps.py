"""Algebra steps: reading, the search of faulty moves, learning, corrections, and the command."""

from __future__ import annotations

import argparse
import doctest
import importlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yincai.cli.measure import errors as command
from yincai.measurement.errors import steps
from yincai.measurement.errors.algebra import Unparsable, sides, terms, tokens, value
from yincai.measurement.errors.traits import Step, traits
from yincai.records.readers import Unreadable
from yincai.records.readers.steps import read_steps


@pytest.mark.parametrize("part", ["algebra", "traits", "steps", "answers", "patterns"])
def test_examples_in_the_docstrings(part: str) -> None:
    found = doctest.testmod(importlib.import_module(f"yincai.measurement.errors.{part}"))
    assert found.attempted
    assert not found.failed


class TestAlgebra:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("2+3*4", 14), ("-(1-3)", 2), ("3(2-5)", -9), ("1/2/2", "1/4"), ("4--2", 6), (".5*4", 2), ("-7/8*8", -7)],
    )
    def test_values(self, text: str, expected: object) -> None:
        assert value(tokens(text)) == Fraction(str(expected))

    @given(
        st.recursive(st.integers(0, 99).map(str), lambda x: st.builds("({}{}{})".format, x, st.sampled_from("+-*"), x))
    )
    def test_values_are_those_of_python(self, text: str) -> None:
        if len(tokens(text)) <= 200:
            assert value(tokens(text)) == eval(text)  # noqa: S307 — our own text, in a test

    @pytest.mark.parametrize("text", ["1/", "(1", "1)", "", "1/0", "2^3", "__import__", "x=1", "1" + "+1" * 200])
    def test_what_is_no_expression_is_refused(self, text: str) -> None:
        with pytest.raises(Unparsable):
            value(tokens(text))

    def test_terms_put_together_are_the_side(self) -> None:
        side = tokens("-8.6x+(-1)+(-2.9x)-3*-2+1")
        assert sum(value(part) for part in terms(side)) == value(side)

    @pytest.mark.parametrize("text", ["x", "x=1=2", "=3"])
    def test_an_equation_has_two_sides(self, text: str) -> None:
        with pytest.raises(Unparsable):
            sides(text)


def moves(equation: str, action: str, entered: str, result: str) -> set[str]:
    found = traits(Step(equation, action, entered, result))
    return {each.split(": move ")[1] for each in found if ": move " in each}


class TestTraits:
    @pytest.mark.parametrize(
        ("equation", "action", "entered", "result", "move"),
        [
            ("-28=-y-2+2", "COMBINE_ADD", "y", "-28=y", "sign of the whole changed"),
            ("y=4-8", "COMBINE_ADD", "4", "y=4", "number pair: both signs changed"),
            ("-7-8=x", "COMBINE_ADD", "1", "1=x", "number pair: sizes subtracted"),
            ("7=-8+(-3x)+8", "COMBINE_ADD", "-3", "7=-3", "letter of a term lost"),
            ("y=2/-2", "COMBINE_MUL", "-4", "y=-4", "/ done as *"),
            ("y=6/4", "COMBINE_MUL", "4/6", "y=4/6", "turned over"),
            ("x=-966.48/14.8", "COMBINE_MUL", "65.302", "x=65.302", "sign of the whole changed"),
            ("-4+24=x", "COMBINE_ADD", "-24+x+24", "24-4=x", "only rewritten"),
        ],
    )
    def test_faulty_moves_are_found(self, equation: str, action: str, entered: str, result: str, move: str) -> None:
        assert move in moves(equation, action, entered, result)

    def test_sides_may_change_places(self) -> None:
        left, right = (Step(e, "DIV_SIDE", "8", r) for e, r in (("-8x=4", "-8x/8=4/8"), ("4=-8x", "4/8=-8x/8")))
        assert traits(left) == traits(right)

    @given(st.text("0123456789xy+-*/()=.", max_size=12), st.text("0123456789xy+-*/().", max_size=6))
    def test_any_text_has_traits(self, equation: str, entered: str) -> None:
        for action in ("ADD_SIDE", "COMBINE_MUL"):
            assert traits(Step(equation, action, entered, f"{equation}{entered}"))


def lesson(numbers: range) -> tuple[list[Step], list[str]]:
    """Two made-up causes that the numbers do not tell."""
    found, labels = [], []
    for a in numbers:
        found.append(Step(f"x+{a}={a + 9}", "ADD_SIDE", f"{a}", f"x+{a}+{a}={a + 9}+{a}", ""))
        labels.append("adds")
        found.append(Step(f"x+{a}={a + 9}", "ADD_SIDE", f"{a + 9}", f"x+{a}+{a + 9}={a + 9}+{a + 9}", ""))
        labels.append("wrong side")
    return found, labels


class TestLearning:
    def test_numbers_never_seen_are_told(self) -> None:
        model = steps.fit(*lesson(range(2, 12)))
        asked, labels = lesson(range(30, 40))
        found = steps.predict(model, asked)
        assert [each.label for each in found] == labels
        assert all(sum(each.probabilities.values()) == pytest.approx(1) for each in found)
        assert all(each.evidence for each in found)

    def test_the_step_before_may_be_unknown(self) -> None:
        model = steps.fit(*lesson(range(2, 12)))
        asked, labels = lesson(range(30, 40))
        assert [each.label for each in steps.predict(model, [replace(s, before=None) for s in asked])] == labels

    def test_order_does_not_matter(self) -> None:
        given_steps, labels = lesson(range(2, 8))
        asked, _ = lesson(range(20, 22))
        plain = steps.predict(steps.fit(given_steps, labels), asked)
        turned = steps.predict(steps.fit(given_steps[::-1], labels[::-1]), asked)
        for one, other in zip(plain, turned, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-3)

    def test_corrections_teach_a_new_cause_and_spare_the_rest(self) -> None:
        model = steps.fit(*lesson(range(2, 12)))
        new = [Step(f"{a}x=8", "MUL_SIDE", f"{a}", f"{a}x*{a}=8*{a}", "") for a in range(2, 6)]
        taught = steps.updated(model, new, ["multiplies"] * 4)
        assert steps.predict(taught, [Step("9x=8", "MUL_SIDE", "9", "9x*9=8*9", "")])[0].label == "multiplies"
        asked, labels = lesson(range(30, 40))
        assert [each.label for each in steps.predict(taught, asked)] == labels
        assert taught.steps == model.steps + 4

    def test_a_correction_raises_what_it_says(self) -> None:
        model = steps.fit(*lesson(range(2, 12)))
        step = lesson(range(50, 51))[0][0]
        seen = [steps.predict(model, [step])[0].probabilities["wrong side"]]
        for _ in range(5):
            model = steps.updated(model, [step], ["wrong side"])
            seen.append(steps.predict(model, [step])[0].probabilities["wrong side"])
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]

    def test_nothing_to_learn_and_nothing_to_tell(self) -> None:
        model = steps.fit(*lesson(range(2, 4)))
        assert steps.updated(model, [], []) is model
        assert steps.predict(model, []) == []
        assert "2 causes" in str(model)
        for wrong in (([], []), (lesson(range(2, 3))[0], ["one"])):
            with pytest.raises(ValueError, match="label for each step"):
                steps.fit(*wrong)
        with pytest.raises(ValueError, match="label for each step"):
            steps.updated(model, [], ["one"])

    def test_equal_steps_are_never_on_both_sides_of_a_fold(self) -> None:
        """Labels at random: only one who saw the same step could tell them."""
        step = [Step(f"x+{a}=9", "ADD_SIDE", "1", f"x+{a}+1=9+1") for a in range(10, 30)]
        labels = [f"cause {place % 2}" for place in (0, 3, 1, 2, 2, 5, 7, 4, 8, 1, 3, 0, 6, 2, 9, 5, 4, 7, 8, 6)]
        told = steps.cross_validated(step * 3, labels * 3, folds=4)
        assert steps.accuracy([each.label for each in told], labels * 3).share < 0.75
        with pytest.raises(ValueError, match="distinct"):
            steps.cross_validated(step[:1] * 9, labels[:9])

    def test_accuracy_by_label(self) -> None:
        found = steps.accuracy(["a", "a", "b"], ["a", "b", "b"])
        assert found.share == pytest.approx(2 / 3)
        assert found.by_label == {"a": (1, 1.0), "b": (2, 0.5)}
        with pytest.raises(ValueError, match="at least one"):
            steps.accuracy([], [])


def as_rows(numbers: range, labelled: bool = True) -> list[dict[str, Any]]:
    found, labels = lesson(numbers)
    rows = [{"eq1": s.equation, "action": s.action, "Input": s.entered, "eq2": s.result} for s in found]
    named: list[dict[str, Any]] = [{**row, "Previous Action": None} for row in rows]
    return [{**row, "Label Name": label} for row, label in zip(named, labels, strict=True)] if labelled else named


class TestCommand:
    def told(self, folder: Path, capsys: pytest.CaptureFixture[str], data: list[dict[str, Any]]) -> dict[str, Any]:
        (folder / "train.json").write_text(json.dumps(as_rows(range(2, 12))))
        (folder / "data.json").write_text(json.dumps(data))
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        words = ["--train", str(folder / "train.json"), "--data", str(folder / "data.json"), "--json"]
        assert command.run(parser.parse_args(words)) == 0
        return dict(json.loads(capsys.readouterr().out))

    def test_accuracy_where_there_are_labels(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        told = self.told(tmp_path, capsys, as_rows(range(20, 23)))
        assert told["accuracy"] == 1.0
        assert told["by_label"]["adds"] == {"n": 3, "accuracy": 1.0}
        assert len(told["predictions"]) == 6

    def test_null_where_there_are_none(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        told = self.told(tmp_path, capsys, as_rows(range(20, 23), labelled=False))
        assert told["accuracy"] is None
        assert told["by_label"] is None
        assert told["predictions"][0]["label"] == "adds"

    def test_a_step_before_that_was_none_is_not_one_unknown(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(json.dumps(as_rows(range(2, 3))))
        assert read_steps(tmp_path / "a.json")[0].before == ""
        bare = [{k: v for k, v in row.items() if k != "Previous Action"} for row in as_rows(range(2, 3))]
        (tmp_path / "b.json").write_text(json.dumps(bare))
        assert read_steps(tmp_path / "b.json")[0].before is None

    @pytest.mark.parametrize(
        ("text", "message"),
        [("{", "不是 JSON"), ("[]", "至少一项"), ("[1]", "第 1 项"), ('[{"eq1": "x=1"}]', "缺少文字“action”")],
    )
    def test_what_is_wrong_with_a_file(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "steps.json").write_text(text)
        with pytest.raises(Unreadable, match=message):
            read_steps(tmp_path / "steps.json")

"""Wrong numbers, and what a history of them means."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yincai.measurement.errors import answers
from yincai.measurement.errors.answers import AnswerModel, Way, causes, causes_from_operands, evaluate, parse, updated
from yincai.measurement.errors.patterns import Attempt, patterns


class TestAnswers:
    @pytest.mark.parametrize(
        ("exercise", "answer", "malrules"),
        [
            ("3*(4+5)", 17, ("only the first of the bracket",)),
            ("2+3*4", 20, ("from left to right",)),
            ("2/3-1/4", "-1", ("numerators and denominators apart",)),
            ("48+27", 65, ("nothing carried",)),
            ("63-28", 45, ("smaller digit from the larger",)),
            ("12÷4", 48, ("multiplied instead of dividing",)),
            ("0.5×3", 15, ("ten times too large",)),
            ("7-12", 5, ("sign of the result wrong",)),
        ],
    )
    def test_known_errors(self, exercise: str, answer: object, malrules: tuple[str, ...]) -> None:
        best = causes(exercise, str(answer))[0]
        assert best.malrules == malrules
        assert best.probability > 0.5

    def test_two_malrules_in_one_answer(self) -> None:
        """Here the plain doubt is likelier still, and the best explanation is the composition."""
        explained = [way for way in causes("63-28", -45) if way.malrules]
        assert set(explained[0].malrules) == {"smaller digit from the larger", "sign of the result wrong"}
        assert explained[0].probability > 0.1

    def test_what_no_malrule_gives_is_unexplained(self) -> None:
        assert causes("52-38", 777) == [Way((), 1.0)]

    @given(st.integers(2, 99), st.integers(2, 99), st.sampled_from("+-*"), st.integers(-300, 300))
    def test_probabilities_sum_to_one_and_each_way_gives_the_answer(
        self, a: int, b: int, sign: str, answer: int
    ) -> None:
        exercise = f"{a}{sign}{b}"
        assume(evaluate(parse(exercise)) != answer)
        ways = causes(exercise, answer)
        assert sum(way.probability for way in ways) == pytest.approx(1)
        assert len({way.malrules for way in ways}) == len(ways)
        assert all(len(way.malrules) <= answers.DEEPEST for way in ways)

    def test_simulated_pupils_are_seen_through(self) -> None:
        """Pupils with one malrule each; the first cause is theirs wherever no other gives the same number."""
        rng = np.random.default_rng(0)
        hits = tries = 0
        for _ in range(200):
            exercise = f"{rng.integers(21, 99)}-{rng.integers(11, 99)}"
            found = {rule.name: list(answers._at_places(rule, parse(exercise))) for rule in answers.MALRULES}
            name = str(rng.choice([name for name, wrong in found.items() if wrong]))
            wrong = evaluate(found[name][0])
            others = [evaluate(w) for other, w_all in found.items() if other != name for w in w_all]
            if wrong is None or wrong == evaluate(parse(exercise)) or wrong in others:
                continue
            tries += 1
            hits += causes(exercise, wrong)[0].malrules == (name,)
        assert tries > 80
        assert hits / tries > 0.95

    def test_confirmations_move_the_probabilities(self) -> None:
        first = causes("52-38", -14)
        assert first[0].malrules == ("sign of the result wrong",)
        model = updated(AnswerModel(), [("operands swapped",)] * 10)
        assert causes("52-38", -14, model)[0].malrules == ("operands swapped",)
        assert sum(model.probability(name) for name in answers.NAMES) == pytest.approx(1)
        with pytest.raises(ValueError, match="unknown"):
            updated(model, [("no such rule",)])

    def test_from_the_operands_of_a_problem(self) -> None:
        assert causes_from_operands([12, 4, 5], 8, "28")[0].probability > 0
        assert causes_from_operands([12, 4], 16, 8)[0].malrules == ("subtracted instead of adding",)
        assert causes_from_operands([12, 4], 5, 8) == [Way((), 1.0)]
        for operands, right, answer, message in (([1], 1, 2, "operands"), ([1, 2], 3, 3, "right")):
            with pytest.raises(ValueError, match=message):
                causes_from_operands(operands, right, answer)

    @pytest.mark.parametrize(
        ("exercise", "answer", "message"),
        [
            ("1+1", 2, "right"),
            ("1+", 2, "missing"),
            ("1/0", 2, "numbers"),
            ("x+1", 2, "missing"),
            ("1+1", "os", "missing"),
        ],
    )
    def test_what_is_no_exercise_is_refused(self, exercise: str, answer: object, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            causes(exercise, str(answer))

    def test_a_long_exercise_is_refused_rather_than_searched_for_ever(self) -> None:
        with pytest.raises(ValueError, match="operations"):
            causes("+".join(["1"] * 20), 3)

    def test_fractions_stay_exact(self) -> None:
        assert evaluate(parse("1/3+1/6")) == Fraction(1, 2)
        assert evaluate(parse("-(2-5)*3")) == 9


SWAP = frozenset({"swap", "sign", "carry"})


def wrong(cause: str | None) -> Attempt:
    return Attempt(False, cause, SWAP)


RIGHT = Attempt(True, None, SWAP)


class TestPatterns:
    def test_one_wrong_of_many_is_a_slip(self) -> None:
        best = patterns([RIGHT] * 9 + [wrong("sign")], {"counting": 0.9})[0]
        assert best.kind == "slip"
        assert (best.shown, best.chances, best.evidence) == (1, 10, (9,))

    def test_the_same_cause_again_and_again_is_a_misconception(self) -> None:
        best = patterns([wrong("swap")] * 5 + [RIGHT] * 2, {"counting": 0.9})[0]
        assert (best.kind, best.what) == ("misconception", "swap")
        assert best.probability > 0.8
        assert best.evidence == (0, 1, 2, 3, 4)

    def test_all_kinds_of_wrong_with_a_weak_prerequisite(self) -> None:
        best = patterns([wrong(None), wrong("sign"), wrong(None), wrong("swap"), RIGHT], {"a": 0.2, "b": 0.8})[0]
        assert (best.kind, best.what) == ("missing prerequisite", "a")

    def test_evidence_counts_one_way(self) -> None:
        chances = [patterns([wrong("swap")] * n + [RIGHT] * 4)[0:] for n in range(1, 7)]
        shares = [next(p.probability for p in found if p.what == "swap") for found in chances]
        assert shares == sorted(shares)

    @given(st.lists(st.sampled_from([RIGHT, wrong("swap"), wrong("sign"), wrong(None)]), max_size=12), st.floats(0, 1))
    def test_probabilities_sum_to_one_and_order_does_not_matter(self, history: list[Attempt], mastered: float) -> None:
        found = patterns(history, {"a": mastered})
        if all(attempt.right for attempt in history):
            assert found == []
            return
        assert sum(each.probability for each in found) == pytest.approx(1)
        turned = patterns(history[::-1], {"a": mastered})
        assert [each.probability for each in turned] == pytest.approx([each.probability for each in found])

    def test_a_weaker_prerequisite_never_explains_less(self) -> None:
        history = [wrong(None), wrong("sign"), RIGHT]
        shares = []
        for mastered in (1.0, 0.8, 0.5, 0.2, 0.0):
            found = patterns(history, {"a": mastered})
            shares.append(next(each.probability for each in found if each.kind == "missing prerequisite"))
        assert shares == sorted(shares)

    def test_bad_input_is_refused(self) -> None:
        with pytest.raises(ValueError, match="probability"):
            patterns([RIGHT], {"a": 1.5})
        with pytest.raises(ValueError, match="no cause"):
            patterns([Attempt(True, "swap")])

"""What must hold of every estimator of causes: names and order mean nothing, the extremes are answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measurement.errors.test_steps import lesson
from yincai.measurement.errors import steps
from yincai.measurement.errors.answers import AnswerModel, causes, updated
from yincai.measurement.errors.patterns import Attempt, patterns

TRAIN, LABELS = lesson(range(2, 9))
ASKED, _ = lesson(range(30, 33))
ALL = frozenset({"swap", "sign"})
ATTEMPTS = st.lists(
    st.sampled_from([Attempt(True, None, ALL), *(Attempt(False, cause, ALL) for cause in ("swap", "sign", None))]),
    min_size=1,
    max_size=10,
)


class TestSteps:
    def test_a_label_is_only_a_name(self) -> None:
        """The other order of the names, too: "adds" comes before "wrong side", "z" after."""
        names = {"adds": "z", "wrong side": "a"}
        plain = steps.predict(steps.fit(TRAIN, LABELS), ASKED)
        renamed = steps.predict(steps.fit(TRAIN, [names[label] for label in LABELS]), ASKED)
        assert [names[each.label] for each in plain] == [each.label for each in renamed]
        for one, other in zip(plain, renamed, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-3)

    def test_each_step_is_judged_for_itself(self) -> None:
        model = steps.fit(TRAIN, LABELS)
        together = steps.predict(model, ASKED)
        assert together == [steps.predict(model, [step])[0] for step in ASKED]
        assert together[::-1] == steps.predict(model, ASKED[::-1])

    def test_steps_before_missing_at_random_change_no_label(self) -> None:
        rng = np.random.default_rng(3)
        some = [replace(step, before=None) if rng.random() < 0.5 else step for step in TRAIN]
        told = steps.predict(steps.fit(some, LABELS), ASKED)
        assert [each.label for each in told] == [each.label for each in steps.predict(steps.fit(TRAIN, LABELS), ASKED)]

    def test_one_step_and_one_label(self) -> None:
        one = steps.predict(steps.fit(TRAIN[:1], LABELS[:1]), ASKED)
        assert {(each.label, each.probability) for each in one} == {("adds", 1.0)}
        alike = steps.predict(steps.fit(TRAIN, ["adds"] * len(TRAIN)), ASKED)
        assert all(each.probability == 1.0 for each in alike)

    def test_a_thousand_times_the_same_step_is_no_overflow(self) -> None:
        model = steps.fit(TRAIN[:1] * 500 + TRAIN[1:2] * 500, LABELS[:1] * 500 + LABELS[1:2] * 500)
        found = steps.predict(model, TRAIN[:2])
        assert [each.label for each in found] == LABELS[:2] and all(np.isfinite(each.probability) for each in found)


class TestAnswers:
    @pytest.mark.parametrize("answer", ["0", "-1000000", "1000000000", "1/3"])
    def test_an_answer_from_nowhere_is_left_unexplained(self, answer: str) -> None:
        found = causes("52-38", answer)
        assert found[0].malrules == () and sum(way.probability for way in found) == pytest.approx(1)

    def test_confirmations_count_in_any_order(self) -> None:
        confirmed = [("operands swapped",), ("nothing carried",), ("operands swapped",)]
        assert updated(AnswerModel(), confirmed).counts == updated(AnswerModel(), confirmed[::-1]).counts
        assert updated(AnswerModel(), []).counts == AnswerModel().counts


class TestPatterns:
    @given(ATTEMPTS)
    def test_a_cause_is_only_a_name(self, history: list[Attempt]) -> None:
        names = {"swap": "b", "sign": "a", None: None}
        renamed = [Attempt(one.right, names[one.cause], frozenset({"a", "b"})) for one in history]
        plain = {(each.kind, each.what): each.probability for each in patterns(history)}
        other = {(each.kind, each.what): each.probability for each in patterns(renamed)}
        assert {(kind, names.get(what, what)): p for (kind, what), p in plain.items()} == pytest.approx(other)

    def test_one_answer_all_right_all_wrong(self) -> None:
        assert patterns([]) == [] and patterns([Attempt(True)] * 50) == []
        assert sum(each.probability for each in patterns([Attempt(False)])) == pytest.approx(1)
        all_wrong = patterns([Attempt(False)] * 200, {"before": 0.1})
        assert all_wrong[0].kind == "missing prerequisite" and all_wrong[0].probability > 0.99
        same = patterns([Attempt(False, "swap", ALL)] * 200, {"before": 0.1})
        assert (same[0].kind, same[0].what) == ("misconception", "swap")

    @given(ATTEMPTS, st.lists(st.booleans(), min_size=10, max_size=10))
    def test_a_history_with_gaps_is_still_a_distribution(self, history: list[Attempt], kept: list[bool]) -> None:
        some = [one for one, keep in zip(history, kept, strict=False) if keep]
        found = patterns(some, {"before": 0.5})
        assert (found == []) == all(one.right for one in some)
        if found:
            assert sum(each.probability for each in found) == pytest.approx(1)

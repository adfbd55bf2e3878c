"""What generators write, graded as if a pupil had typed it."""

import pytest

from yincai.knowledge.generators import AnyGenerator, Variant, all_generators
from yincai.knowledge.grading.grade import Outcome, grade
from yincai.knowledge.grading.rules import Accept, AnswerSpec

KINDS = {"numeric": "number", "expression": "expression", "choice": "single"}
TYPED_BACK = {"like-terms", "expand-square", "expand-product"}


def spec(variant: Variant) -> AnswerSpec:
    accept = Accept(must_be_expanded=variant.form == "expanded", must_be_simplified=variant.form == "simplified")
    return AnswerSpec(KINDS[variant.kind], variant.answer, accept, variant.unit)


@pytest.mark.parametrize("generator", all_generators(), ids=lambda g: g.code)
def test_answers_grade_right_and_faults_wrong(generator: AnyGenerator) -> None:
    for depth in generator.depths:
        for seed in range(25):
            variant = generator.make(seed, depth.level)
            declared = spec(variant)
            assert grade(declared, variant.answer).outcome is Outcome.RIGHT, variant
            for fault in variant.faults:
                assert grade(declared, fault.answer).outcome is Outcome.WRONG, (variant, fault)
            if variant.unit:
                assert grade(declared, variant.answer + variant.unit).outcome is Outcome.RIGHT, variant


@pytest.mark.parametrize("code", sorted(TYPED_BACK))
def test_the_question_typed_back_does_not_count(code: str) -> None:
    generator = next(g for g in all_generators() if g.code == code)
    for seed in range(20):
        variant = generator.make(seed, 3)
        question = next(part for part in variant.stem.split("$")[1::2] if "(" in part)
        assert grade(spec(variant), question).outcome is not Outcome.RIGHT, variant

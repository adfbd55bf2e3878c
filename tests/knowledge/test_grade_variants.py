"""Generators and grading together: every key is right, every fault is wrong and names its own cause."""

import pytest

from yincai.knowledge.generators.base import Variant
from yincai.knowledge.generators.registry import AnyGenerator, all_generators
from yincai.knowledge.grading import units
from yincai.knowledge.grading.grade import Outcome, check_spec, grade, match_fault
from yincai.knowledge.grading.rules import AnswerSpec


def spec_of(variant: Variant) -> AnswerSpec:
    if variant.kind == "choice":
        return AnswerSpec("single", variant.answer, options="ABCDEF"[: len(variant.options)])
    assert not variant.unit or units.known(variant.unit), variant.unit
    return AnswerSpec("number" if variant.kind == "numeric" else "expression", variant.answer, unit=variant.unit)


@pytest.mark.parametrize("generator", all_generators(), ids=lambda generator: generator.code)
def test_keys_are_right_and_faults_name_their_cause(generator: AnyGenerator) -> None:
    for depth in range(1, len(generator.depths) + 1):
        for seed in range(12):
            variant = generator.make(seed, depth)
            spec = spec_of(variant)
            check_spec(spec)
            faults = [(fault.malrule, fault.answer) for fault in variant.faults]
            for malrule, answer in faults:
                assert grade(spec, answer, decide=lambda *_: None).outcome is Outcome.WRONG
                assert match_fault(spec, faults, answer) == malrule

"""Careless answers of simulated pupils: wrong without a cause, of many kinds, always the same for a variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from yincai.knowledge.generators import Variant, all_generators
from yincai.knowledge.grading.grade import Outcome, grade, match_fault
from yincai.knowledge.items import variant_spec
from yincai.portal.demo.bank import Asked
from yincai.portal.demo.slips import KEPT, slips

SEEDS = range(12)


def asked(made: Variant, seed: int) -> Asked:
    faults = tuple((fault.malrule, fault.answer) for fault in made.faults)
    return Asked(made=made, seed=seed, points=(), difficulty=0.0, guess=0.0, faults=faults)


def variants() -> Iterator[tuple[Variant, int]]:
    for generator in all_generators():
        for depth in (1, 2):
            yield from ((generator.make(seed, depth), seed) for seed in SEEDS)


def test_each_is_wrong_and_no_malrule_leads_to_it() -> None:
    told = 0
    for made, seed in variants():
        question = asked(made, seed)
        for typed in slips(question):
            spec = variant_spec(made)
            assert grade(spec, typed).outcome is Outcome.WRONG, (made.stem, typed)
            assert match_fault(spec, question.faults, typed) is None
        assert len(set(slips(question))) == len(slips(question)) <= KEPT
        told += bool(slips(question))
    assert told > 300


def test_a_variant_has_always_the_same_ones() -> None:
    for made, seed in list(variants())[::7]:
        assert slips(asked(made, seed)) == slips(asked(made, seed))


def test_they_are_of_many_kinds_and_one_more_than_the_key_is_rare() -> None:
    kinds = Counter[str]()
    for made, seed in variants():
        if made.answer.isdecimal():
            kinds.update(kind(made.answer, typed) for typed in slips(asked(made, seed)) if typed.isdecimal())
    every = kinds.total()
    assert every > 300
    assert kinds["one off"] < 0.12 * every, kinds
    assert all(kinds[name] > 0.03 * every for name in ("digits turned", "tens off", "one digit another")), kinds
    assert kinds["else"] > 0.1 * every, "misread numbers, neighbouring facts"


def kind(key: str, typed: str) -> str:
    off = abs(int(typed) - int(key))
    if off == 1:
        return "one off"
    if sorted(key) == sorted(typed):
        return "digits turned"
    if off in (10, 100, 1000):
        return "tens off"
    if len(key) == len(typed) and sum(one != other for one, other in zip(key, typed, strict=True)) == 1:
        return "one digit another"
    return "else"


def test_no_number_begins_with_idle_noughts() -> None:
    for made, seed in variants():
        if made.answer.isdecimal():
            assert all(not typed[:2].isdecimal() or typed[0] != "0" for typed in slips(asked(made, seed))), made.stem

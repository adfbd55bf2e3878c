"""What a teacher may choose from for one answer: what the platform named, other causes at home there, own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yincai.knowledge import items
from yincai.knowledge.generators import all_generators, get
from yincai.knowledge.items import UnknownItem
from yincai.knowledge.queries import graph
from yincai.learning.attribution.causes import Candidate
from yincai.learning.attribution.words import PROCEDURES, STEPS, TEACHERS, name_of, searched, stepped, words_of
from yincai.learning.attribution.worked import task_of
from yincai.records.models import ResponseFact

NAMED, GENERAL = "系统看到的", "计算中常见的"


@dataclass(frozen=True)
class Choice:
    """`group`: where it comes from, in words."""

    cause: str
    name: str
    words: str
    group: str


def choices_for(fact: ResponseFact, offered: Sequence[Candidate]) -> list[Choice]:
    """Each cause once, and no two of one name: as named, then the malrules of the item and its points, the procedures,
    the teacher's own."""
    groups: list[tuple[str, list[str]]] = [
        (NAMED, [one.cause for one in offered]),
        ("这类题常见的", _at_home(fact)),
        (GENERAL, _steps(fact)),
        (GENERAL, [] if _is_choice(fact) else [searched((name,)) for name in PROCEDURES]),
        ("都不像", list(TEACHERS)),
    ]
    found: dict[str, Choice] = {}
    for group, causes in groups:
        for cause in causes:
            found.setdefault(name_of(cause), Choice(cause, name_of(cause), words_of(cause), group))
    return list(found.values())


def _at_home(fact: ResponseFact) -> list[str]:
    """The malrules of the item's generator; else those that belong to the points it practises."""
    try:
        held = items.held(fact.item, fact.version)
    except UnknownItem:
        return []
    if held.generator:
        return list(get(held.generator, held.version.number).malrules)
    known = graph(fact.subject).by_slot
    codes = {known[slot].code for slot in fact.slots if slot in known}
    return [
        rule.id
        for generator in all_generators()
        for rule in generator.malrules.values()
        if rule.point in codes or codes & set(generator.points)
    ]


def _steps(fact: ResponseFact) -> list[str]:
    """Faulty steps, where there is an equation or an expression with letters to be worked through."""
    task = task_of(fact.item, fact.version, fact.seed)
    return [stepped((name,), bool(task.line.sign)) for name in STEPS] if task and task.letters else []


def _is_choice(fact: ResponseFact) -> bool:
    try:
        return items.question(fact.item, fact.version, fact.seed).is_choice
    except (UnknownItem, ValueError):
        return False

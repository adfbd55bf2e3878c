"""Item analysis in words: what stands out about an item in this class, and what to do about it.

An item counts by each pupil's first answer to it. Below the rule's least number of pupils nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from yincai.core.figures import Figure, signed
from yincai.knowledge import items
from yincai.knowledge.generators import get
from yincai.knowledge.items import UnknownItem
from yincai.knowledge.queries import cause_name, codes_of
from yincai.learning.reports.gather import Gathered
from yincai.measurement.items import EASY, HARD, LURING, MISFIT, STRONGER, Item, analyse
from yincai.records.models import ResponseFact
from yincai.records.queries import said_in

RIGHT, OTHER = "正确答案", "别的答案"
LONGEST = 60  # characters of a stem
FEWEST = 4  # items in a set, below which "the others" are too few to compare an item with
WORDS = {
    HARD: ("太难：多数人做不对", "先讲方法，再练同一个知识点浅一层的题"),
    EASY: ("太容易：几乎人人都对", "不必再布置，换深一层的题"),
    MISFIT: (
        "和别的题不合：别的题做得好的人，这道题并不更好",
        "看看有没有歧义、是否考了别的；拿不准就对本班设为“不出”",
    ),
    STRONGER: ("选{option}的人，别的题反而做得比选对的人好", "先核对答案，再看有没有歧义；确有问题请点“题目有误”"),
    LURING: ("选{option}的比选对的还多", "多数人有同一个误解，讲评时先讲它为什么不对"),
}


@dataclass(frozen=True)
class Finding:
    """What stands out, and what to do."""

    flag: str
    what: str
    todo: str


@dataclass(frozen=True)
class ItemRow:
    """An item of the set. `enough`: so many pupils answered it that figures may be shown."""

    item: int
    version: int
    code: str
    stem: str
    right: Figure
    fit: Figure
    enough: bool
    findings: tuple[Finding, ...]
    options: tuple[tuple[str, Figure, bool], ...]

    @property
    def fit_words(self) -> str:
        """How far the item goes with the others, −1 … 1; nothing where it cannot be told."""
        fit = self.fit
        if fit.value is None or fit.low is None or fit.high is None:
            return ""
        value, low, high = (signed(number, 1, plus=False) for number in (fit.value, fit.low, fit.high))
        return f"与其他题的相关 {value}（{low} 到 {high}，{fit.n} 人）"


def item_rows(gathered: Gathered, least: int) -> list[ItemRow]:
    """Every item that was answered: those that stand out first, then in the order in which they were met."""
    first = _first_answers(gathered.facts)
    order = list(dict.fromkeys(fact.item for fact in gathered.facts))
    pupils = {number: row for row, number in enumerate(gathered.numbers)}
    column = {item: at for at, item in enumerate(order)}
    scores = np.full((len(pupils), len(order)), np.nan)
    for (pupil, item), fact in first.items():
        scores[pupils[pupil], column[item]] = fact.score
    chosen, keys = _choices(first, order, list(pupils))
    found = {row.index: row for row in analyse(scores, chosen, keys)}
    codes = codes_of(order)
    by_item: dict[int, ResponseFact] = {fact.item: fact for fact in first.values()}
    compared = len(order) >= FEWEST
    rows = [_row(by_item[item], codes.get(item, ""), found[at], least, compared) for item, at in column.items()]
    return sorted(rows, key=lambda row: not row.findings)


def _first_answers(facts: Sequence[ResponseFact]) -> dict[tuple[int, int], ResponseFact]:
    found: dict[tuple[int, int], ResponseFact] = {}
    for fact in facts:
        found.setdefault((fact.pupil, fact.item), fact)
    return found


def _choices(
    first: dict[tuple[int, int], ResponseFact], order: list[int], pupils: list[int]
) -> tuple[list[list[str] | None], list[str]]:
    """What each pupil chose at each choice item, and its key, as labels that hold over all variants."""
    held = {item: _is_choice(next(fact for (_, other), fact in first.items() if other == item)) for item in order}
    asked = [fact.statement for fact in first.values() if held[fact.item]]
    said = said_in(asked)
    chosen: list[list[str] | None] = []
    keys: list[str] = []
    for item in order:
        row = None
        if held[item]:
            answers = [first.get((pupil, item)) for pupil in pupils]
            row = ["" if fact is None else _label(fact, said.get(fact.statement, "")) for fact in answers]
        chosen.append(row)
        keys.append(RIGHT if row is not None else "")
    return chosen, keys


def _is_choice(fact: ResponseFact) -> bool:
    try:
        return items.question(fact.item, fact.version, fact.seed).kind == "single"
    except (UnknownItem, ValueError):
        return False


def _label(fact: ResponseFact, said: str) -> str:
    """A generator lays its options out anew each time, so there an option goes by its cause."""
    if fact.score >= 1:
        return RIGHT
    if fact.seed is None:
        return f" {said.strip().upper()[:1]} " if said.strip() else OTHER
    return f"“{cause_name(fact.cause)}”" if fact.cause else OTHER


def _row(fact: ResponseFact, code: str, told: Item, least: int, compared: bool) -> ItemRow:
    enough = told.n >= max(least, 1)
    fit_known = enough and compared and told.n_fit > 0
    flags = [flag for flag in told.flags if enough and (flag != MISFIT or compared)]
    return ItemRow(
        item=fact.item,
        version=fact.version,
        code=code or f"第 {fact.item} 题",
        stem=stem_of(fact),
        right=Figure(told.facility, told.low, told.high, told.n) if enough else Figure(None, n=told.n),
        fit=Figure(told.fit, told.fit_low, told.fit_high, told.n_fit, kind="mean") if fit_known else Figure(None, n=0),
        enough=enough,
        findings=tuple(_finding(flag, told.distractor) for flag in flags),
        options=tuple(
            (option.label.strip(), Figure(option.share, option.low, option.high, told.n), option.key)
            for option in told.options
            if enough and option.label
        ),
    )


def _finding(flag: str, distractor: str) -> Finding:
    what, todo = WORDS[flag]
    return Finding(flag, what.format(option=distractor), todo)


def stem_of(fact: ResponseFact) -> str:
    """A generator by its name and what it is asked for; another item by how its stem begins, uncut within formulas."""
    try:
        held = items.held(fact.item, fact.version)
        if held.generator:
            maker = get(held.generator, held.version.number)
            return f"{maker.name}：{maker.depths[held.depth - 1].called(held.topic)}"
        return shortened(held.version.stem)
    except (UnknownItem, LookupError):
        return "这道题已不在题库里"


def shortened(stem: str) -> str:
    said, parts = "", re.split(r"(\$\$?.+?\$\$?)", stem.replace("\n", " "), flags=re.DOTALL)
    for part in parts:
        if len(said) + len(part) > LONGEST:
            return said + ("" if part.startswith("$") else part[: LONGEST - len(said)]) + "……"
        said += part
    return said

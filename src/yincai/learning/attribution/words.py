"""Causes in words. A cause is a generator's malrule, one or two procedures of the search, or a teacher's own word."""

from __future__ import annotations

from yincai.knowledge.generators import malrule
from yincai.knowledge.graph import Point
from yincai.knowledge.queries import cause_name, graph
from yincai.measurement.errors import answers

SEARCHED = "calc:"  # before what the search found: `calc:0+3`, places in `answers.NAMES`
SLIP, UNKNOWN = "slip", "unknown"
TEACHERS = {SLIP: "粗心笔误", UNKNOWN: "看不出错因"}
PROCEDURES = {
    "sign of the result wrong": "结果的正负号错了",
    "added instead of subtracting": "该减的时候加了",
    "subtracted instead of adding": "该加的时候减了",
    "divided instead of multiplying": "该乘的时候除了",
    "multiplied instead of dividing": "该除的时候乘了",
    "added instead of multiplying": "该乘的时候加了",
    "operands swapped": "减法或除法前后颠倒",
    "numerators and denominators apart": "分子分母分别相加减",
    "only the first of the bracket": "括号里只算了第一项",
    "from left to right": "不分先后，从左往右算",
    "last operation left out": "漏了最后一步",
    "only the second part worked out": "只算了后面一部分",
    "smaller digit from the larger": "退位减时大数减小数",
    "nothing carried": "加法没有进位",
    "last digits turned": "末两位写颠倒",
    "ten times too large": "小数点错位，大了十倍",
    "ten times too small": "小数点错位，小了十倍",
    "one too large": "多了 1",
    "one too small": "少了 1",
    "turned over": "分子分母颠倒",
}


def searched(procedures: tuple[str, ...]) -> str:
    """The id of what the search found."""
    return SEARCHED + "+".join(str(answers.NAMES.index(name)) for name in procedures)


def procedures_of(cause: str) -> tuple[str, ...]:
    """The search's procedures behind a cause; none for another kind, or for one this release no longer knows."""
    if not cause.startswith(SEARCHED):
        return ()
    try:
        return tuple(answers.NAMES[int(place)] for place in cause.removeprefix(SEARCHED).split("+"))
    except (ValueError, IndexError):
        return ()


def name_of(cause: str) -> str:
    if cause in TEACHERS:
        return TEACHERS[cause]
    procedures = procedures_of(cause)
    return "，又".join(PROCEDURES.get(name, name) for name in procedures) if procedures else cause_name(cause)


def words_of(cause: str) -> str:
    """The sentence that a malrule says to the pupil; nothing for other causes."""
    try:
        return malrule(cause).explain
    except LookupError:
        return ""


def point_of(cause: str, subject: str) -> Point | None:
    """The knowledge point that a malrule shows to be weak."""
    try:
        return graph(subject).points.get(malrule(cause).point)
    except LookupError:
        return None

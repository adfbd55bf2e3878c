"""Causes in words. A cause is a generator's malrule, one or two procedures of the search, one or two faulty steps
between two lines of working, or a teacher's own word."""

from __future__ import annotations

from yincai.knowledge.generators import malrule
from yincai.knowledge.graph import Point
from yincai.knowledge.queries import cause_name, graph
from yincai.measurement.errors import answers

SEARCHED = "calc:"  # before what the search found: `calc:0+3`, places in `answers.NAMES`
TWO = "two:"  # before two faulty steps in one line: `two:eq-move-keeps-sign+step:sign`
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
CARELESS = (("one too large",), ("one too small",), ("last digits turned",))
# What may be asked without saying by how much the number is off.
PROBES = {
    "sign of the result wrong": "结果的正负号想清楚了吗？",
    "last digits turned": "数字的先后写对了吗？",
    "ten times too large": "小数点的位置对吗？",
    "ten times too small": "小数点的位置对吗？",
    "one too large": "这个数再算一遍，得数对吗？",
    "one too small": "这个数再算一遍，得数对吗？",
    "turned over": "分子和分母的位置对吗？",
}
# Faulty steps (measurement's names) that generators know as malrules: in an equation, and elsewhere if different.
STEPS = {
    "moved without changing the sign": ("eq-move-keeps-sign",),
    "letter moved without changing the sign": ("eq-unknown-keeps-sign",),
    "bracket: only the first multiplied": ("eq-bracket-first-only", "bracket-first-only"),
    "bracket: a later sign kept": ("bracket-second-sign-kept",),
    "bracket: sign before it ignored": ("bracket-sign-ignored",),
    "bracket: not multiplied": ("bracket-not-multiplied",),
    "a term not multiplied by the denominator": ("eq-denominator-missed",),
    "a term not divided": ("step:term-not-divided",),
    "only one side multiplied or divided": ("step:one-side",),
    "coefficient subtracted": ("eq-coefficient-subtracted",),
    "multiplied by the coefficient": ("step:multiplied",),
    "divided by the denominator": ("eq-divided-instead",),
    "coefficient and number turned over": ("step:turned-over",),
    "sign lost in dividing": ("ineq-sign-lost",),
    "direction not turned": ("ineq-no-flip",),
    "direction turned": ("ineq-flip-always",),
    "unlike terms put together": ("like-merged-all",),
    "each squared": ("square-each-term",),
    "each squared, the last taken away": ("step:squares-apart",),
    "middle term not doubled": ("square-middle-not-doubled",),
    "only the ends multiplied": ("product-ends-only",),
    "sign of a term": ("step:sign",),
    "a term left out": ("step:left-out",),
    "miscalculated": ("step:miscalculated",),
}
# The others: their names, and what the pupil is asked.
STEP_WORDS = {
    "step:term-not-divided": ("两边同除时漏了一项", "两边同除以一个数时，是不是每一项都除了？"),
    "step:one-side": ("只有一边做了乘除", "两边做的是同一件事吗？看看另一边。"),
    "step:multiplied": ("系数化为 1 时该除却用了乘", "未知数前面的数是乘上去的，要用什么运算去掉它？"),
    "step:turned-over": ("系数化为 1 时除反了", "是谁除以谁？看看哪个数该在分母上。"),
    "step:squares-apart": ("把差的平方写成了平方差", "两个一样的括号相乘，画出来有几块？"),
    "step:sign": ("一项的符号抄错或算错了", "每一项前面的符号，和上一行对得上吗？"),
    "step:left-out": ("漏写了一项", "上一行的每一项，这一行都还在吗？"),
    "step:miscalculated": ("有一个数算错或抄错了", "这一行里新出现的数，再算一遍，对得上吗？"),
}
# Where a malrule's own sentence asks nothing.
QUESTIONS = {
    "eq-move-keeps-sign": "这里移项时，符号变了吗？",
    "eq-bracket-first-only": "括号外的数，和括号里的每一项都乘了吗？",
    "bracket-first-only": "括号外的数，和括号里的每一项都乘了吗？",
    "bracket-second-sign-kept": "括号前是负号，去掉括号时每一项都变号了吗？",
    "bracket-sign-ignored": "括号前面是什么符号？去掉括号时用上了吗？",
    "bracket-not-multiplied": "括号外面的数，去掉括号时用上了吗？",
    "eq-denominator-missed": "两边的每一项都乘了吗？没有分母的项呢？",
    "product-ends-only": "两个括号里的每一项，都两两相乘了吗？",
}
LOOK_AGAIN = "到这一行变了什么？一项一项对着看看。"


def stepped(steps: tuple[str, ...], in_equation: bool) -> str:
    """The id of a cause that was found between two lines: one or two faulty steps, or procedures of the search."""
    if steps[0] not in STEPS:
        return searched(steps)
    ids = [STEPS[step][0 if in_equation else -1] for step in steps]
    return ids[0] if len(ids) == 1 else TWO + "+".join(ids)


def steps_of(cause: str) -> tuple[str, ...]:
    """The two faulty steps behind a cause; none for another kind."""
    return tuple(cause.removeprefix(TWO).split("+")) if cause.startswith(TWO) else ()


def probe(cause: str) -> str:
    """What a pupil is asked at a line that does not follow; it never says the answer."""
    if steps_of(cause):
        return probe(steps_of(cause)[0])
    first = next(iter(procedures_of(cause)), "")
    if first in PROBES:
        return PROBES[first]
    return (
        QUESTIONS.get(cause) or words_of(cause) or (f"这一步会不会是“{PROCEDURES[first]}”？" if first else LOOK_AGAIN)
    )


def is_careless(cause: str) -> bool:
    """Whether it looks like a slip of the pen, that a look back would find and no lesson is needed for."""
    return cause == SLIP or procedures_of(cause) in CARELESS


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
    if cause in STEP_WORDS:
        return STEP_WORDS[cause][0]
    if steps_of(cause):
        return "，又".join(name_of(step) for step in steps_of(cause))
    procedures = procedures_of(cause)
    return "，又".join(PROCEDURES.get(name, name) for name in procedures) if procedures else cause_name(cause)


def words_of(cause: str) -> str:
    """The sentence that a malrule or a faulty step says to the pupil; nothing for other causes."""
    if cause in STEP_WORDS:
        return STEP_WORDS[cause][1]
    if steps_of(cause):
        return "".join(words_of(step) for step in steps_of(cause))
    try:
        return malrule(cause).explain
    except LookupError:
        return ""


def point_of(cause: str, subject: str) -> Point | None:
    """The knowledge point that a malrule shows to be weak; of two, the first that has one."""
    if steps_of(cause):
        return next(filter(None, (point_of(step, subject) for step in steps_of(cause))), None)
    try:
        return graph(subject).points.get(malrule(cause).point)
    except LookupError:
        return None

"""The verdict on a typed answer.

right, wrong: an attempt. unreadable: cannot be read, or is not yet an answer here (a unit is missing,
2+3 was not worked out); undecided: nobody could tell in time. The last two go back to the pupil with the
place and a message; they are no attempt and count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import gcd

from . import units, worker
from .forms import computed, form_fault
from .lex import Reading, Unreadable, fold
from .normal import Form, TooBig, Undefined, normal
from .parse import parse
from .rules import CHOICES, AnswerSpec, BadSpec
from .show import to_latex, to_text
from .tree import Add, Collection, Expr, Mul, Quantity, Ratio, Relation, Tree, integer, variables
from .values import Again, Decide, Judge, WrongUnit

_MUST_BE_COMPUTED = frozenset(("number", "list", "set", "solution", "ratio"))
_UNDECIDED = "这个写法一时判断不了，请写得简单一些再交；这次不算作答。"


class Outcome(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    UNREADABLE = "unreadable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Grade:
    """`normal` and `latex` show what was understood; `position` is an index into the typed text."""

    outcome: Outcome
    normal: str = ""
    latex: str = ""
    position: int | None = None
    message: str = ""
    score: float = 0.0

    @property
    def attempt(self) -> bool:
        return self.outcome in (Outcome.RIGHT, Outcome.WRONG)


def grade(spec: AnswerSpec, typed: str, decide: Decide = worker.equal) -> Grade:
    """The verdict under the item's declared rules; `decide` settles what the normal form cannot."""
    if spec.kind in CHOICES:
        return _grade_choice(spec, typed)
    prepared = _prepare(spec)
    try:
        tree = parse(typed, prepared.reading)
    except Unreadable as error:
        return Grade(Outcome.UNREADABLE, position=error.position, message=error.message)
    verdict = _verdict(prepared, tree, Judge(spec, decide, prepared.form))
    return replace(verdict, normal=to_text(tree), latex=to_latex(tree))


def _verdict(prepared: _Prepared, tree: Tree, judge: Judge) -> Grade:
    spec, key = judge.spec, prepared.key
    try:
        if spec.accept.computed and spec.kind in _MUST_BE_COMPUTED:
            _check_computed(tree)
        equal = judge.equal(tree, key)
        if equal:
            return _formed(spec, tree, key)
    except Again as error:
        return Grade(Outcome.UNREADABLE, position=error.position, message=error.message)
    except WrongUnit as error:
        return Grade(Outcome.WRONG, message=error.message)
    except Undefined:
        return Grade(Outcome.UNREADABLE, message="这个式子没有意义：除数是 0，或者负数开了偶次方。")
    except TooBig:
        return Grade(Outcome.UNREADABLE, message="这个式子里的数太大了，请检查。")
    if equal is None:
        return Grade(Outcome.UNDECIDED, message=_UNDECIDED)
    return Grade(Outcome.WRONG)


def _formed(spec: AnswerSpec, tree: Tree, key: Tree) -> Grade:
    """The value is right; is it written as the item asks?"""
    fault = _fault(spec, tree, key)
    if fault is None:
        return Grade(Outcome.RIGHT, score=1.0)
    outcome = Outcome.WRONG if spec.accept.form_miss == "wrong" else Outcome.UNREADABLE
    return Grade(outcome, message=fault)


def _fault(spec: AnswerSpec, tree: Tree, key: Tree) -> str | None:
    if isinstance(tree, Ratio):
        plain = [integer(part) for part in tree.parts]
        whole = [value for value in plain if value is not None]
        lowest = len(whole) == len(plain) and gcd(*whole) == 1
        return None if lowest or not spec.accept.must_be_simplified else "值对了，但还没有化成最简整数比。"
    if isinstance(tree, Quantity) and len(tree.parts) > 1:
        return None
    keys = _expressions(key)
    for part in _expressions(tree):
        fault = form_fault(part, spec.accept, keys[0], spec.kind != "expression")
        if fault:
            return fault
    return None


def _check_computed(tree: Tree) -> None:
    for part in _expressions(tree):
        if not variables(part) and not computed(part):
            raise Again("请算出最后的结果再交。")


def _expressions(tree: Tree) -> list[Expr]:
    """The values that stand in an answer, without names and units."""
    match tree:
        case Collection(items):
            return [part for item in items for part in _expressions(item)]
        case Quantity(parts):
            return [value for value, _ in parts]
        case Ratio(parts):
            return list(parts)
        case Relation(_, left, right):
            return [right] if len(variables(left)) == 1 and not isinstance(left, Add | Mul) else [left, right]
    return [tree]


# -- the key


@dataclass(frozen=True, slots=True)
class _Prepared:
    reading: Reading
    key: Tree
    form: Form | None  # of a key that is one value


@lru_cache(maxsize=8192)
def _prepare(spec: AnswerSpec) -> _Prepared:
    if spec.unit and not units.known(spec.unit):
        raise BadSpec(f"单位“{spec.unit}”不在单位表里。")
    reading = spec.reading()
    try:
        key = parse(spec.key, reading)
        return _Prepared(reading, key, _key_form(spec, key))
    except (Unreadable, Again, WrongUnit) as error:
        raise BadSpec(f"答案“{spec.key}”读不懂：{error.message}") from error
    except (Undefined, TooBig) as error:
        raise BadSpec(f"答案“{spec.key}”没有意义，或数太大。") from error


def _key_form(spec: AnswerSpec, key: Tree) -> Form | None:
    if spec.kind not in ("number", "expression"):
        return None
    return normal(Judge(spec, lambda *_: None).measured(key, key=True), spec.accept.pi)


def check_spec(spec: AnswerSpec) -> None:
    """Raises BadSpec when the key cannot be read or would not itself count as right."""
    if spec.kind in CHOICES:
        if _grade_choice(spec, spec.key).outcome is not Outcome.RIGHT:
            raise BadSpec(f"答案“{spec.key}”应是选项 {spec.options} 中的字母。")
        return
    free = replace(spec, accept=replace(spec.accept, unit="optional", decimals=None))
    verdict = grade(free, spec.key, decide=lambda *_: True)
    if verdict.outcome is not Outcome.RIGHT:
        raise BadSpec(f"答案“{spec.key}”按本题的规则不算对：{verdict.message}")


# -- choices

_BETWEEN = " ,;、.()[]和与及"


def _grade_choice(spec: AnswerSpec, typed: str) -> Grade:
    try:
        picked = _letters(spec, typed)
    except Unreadable as error:
        return Grade(Outcome.UNREADABLE, position=error.position, message=error.message)
    key = frozenset(fold(spec.key).upper()) - set(_BETWEEN)
    shown = "".join(sorted(picked))
    if picked == key:
        return Grade(Outcome.RIGHT, shown, rf"\text{{{shown}}}", score=1.0)
    part = 0.5 if spec.credit == "part" and picked < key else 0.0
    message = "选的都对，但没有选全。" if part else ""
    return Grade(Outcome.WRONG, shown, rf"\text{{{shown}}}", message=message, score=part)


def _letters(spec: AnswerSpec, typed: str) -> frozenset[str]:
    picked: set[str] = set()
    for position, char in enumerate(fold(typed[:50]).upper()):
        if char in _BETWEEN:
            continue
        if char not in spec.options:
            raise Unreadable(position, f"请从 {'、'.join(spec.options)} 中选。")
        picked.add(char)
    if not picked:
        raise Unreadable(0, "还没有选。")
    if spec.kind == "single" and len(picked) > 1:
        raise Unreadable(0, "这道题只选一个。")
    return frozenset(picked)


# -- causes


def match_fault(spec: AnswerSpec, faults: Iterable[tuple[str, str]], typed: str) -> str | None:
    """The id of the first malrule whose answer is, by value, the one typed; None when none is.

    Only the cheap normal form is asked, so that a wrong answer never waits for a worker.
    """
    if spec.kind in CHOICES:
        return next((rule for rule, answer in faults if _same_letters(spec, answer, typed)), None)
    free = replace(spec.accept, computed=False, decimals=None, tolerance=None, unit="optional")
    judge = Judge(replace(spec, accept=free), lambda *_: None)
    try:
        tree = parse(typed, spec.reading())
    except Unreadable:
        return None
    return next((rule for rule, answer in faults if _same_value(judge, tree, answer)), None)


def _same_letters(spec: AnswerSpec, answer: str, typed: str) -> bool:
    return _grade_choice(replace(spec, key=answer), typed).outcome is Outcome.RIGHT


def _same_value(judge: Judge, tree: Tree, answer: str) -> bool:
    try:
        return judge.equal(tree, parse(answer, judge.spec.reading())) is True
    except (Unreadable, Again, WrongUnit, Undefined, TooBig):
        return False


def understood(tree: Tree) -> bool:
    """Whether every value of the answer has a meaning (no division by zero, no root of −1)."""
    try:
        for part in _expressions(tree):
            normal(part)
    except (Undefined, TooBig):
        return False
    return True

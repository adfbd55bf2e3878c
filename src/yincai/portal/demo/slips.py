"""Careless answers of simulated pupils: what somebody types who knew how to do it.

A number was misread, a carry forgotten, a neighbouring fact recalled, digits were turned, left out or mistaken for each
other. Each variant has a few such answers, always the same ones; no malrule leads to any of them, says the real grader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice, permutations
from random import Random
from typing import TYPE_CHECKING

from yincai.knowledge.generators import Variant
from yincai.knowledge.generators.base import LETTERS
from yincai.knowledge.grading.grade import Outcome, grade, match_fault
from yincai.knowledge.items import variant_spec

if TYPE_CHECKING:
    from yincai.portal.demo.bank import Asked

KEPT, TRIES = 3, 16  # careless answers of a variant; draws in search of them
READ = 4  # numbers of a stem that are looked at
NUMBER = re.compile(r"(?<![\^\d.])\d+(?:\.\d+)?")  # no exponent
LOOKS_LIKE = {"0": "6", "1": "7", "2": "3", "3": "8", "4": "9", "5": "6", "6": "0", "7": "1", "8": "3", "9": "4"}
Way = Callable[[str, "Task", Random], str]  # a number of the key → what stands in its place; empty: not this time
Operation = Callable[[Decimal, Decimal], Decimal]
OPERATIONS: tuple[Operation, ...] = (Decimal.__add__, Decimal.__sub__, Decimal.__mul__, Decimal.__truediv__)


class Task:
    """A number of the key, and the two numbers of the stem that it comes from in one step, where it does."""

    def __init__(self, stem: str, number: str) -> None:
        self.number = Decimal(number)
        self.operation, self.pair = _step_of(NUMBER.findall(stem)[:READ], self.number)


def _step_of(read: list[str], number: Decimal) -> tuple[Operation | None, tuple[Decimal, Decimal]]:
    for one, other in permutations(map(Decimal, read), 2):
        for operation in OPERATIONS:
            if (other or operation is not Decimal.__truediv__) and operation(one, other) == number:
                return operation, (one, other)
    return None, (Decimal(0), Decimal(0))


def slips(question: Asked) -> tuple[str, ...]:
    """The careless answers of a variant; none where every wrong answer that comes to mind has a cause."""
    if question.slips is None:
        question.slips = tuple(islice(_uncaused(question), KEPT))
    return question.slips


def _uncaused(question: Asked) -> Iterator[str]:
    spec = variant_spec(question.made)
    for typed in dict.fromkeys(_careless(question.made, Random(question.seed))):  # noqa: S311 - no secret
        verdict = grade(spec, typed)
        if verdict.outcome is Outcome.WRONG and match_fault(spec, question.faults, typed) is None:
            yield typed


def _careless(made: Variant, dice: Random) -> Iterator[str]:
    if made.options:
        yield from (letter for letter in LETTERS[: len(made.options)] if letter != made.answer)
        return
    places = list(NUMBER.finditer(made.answer))
    if not places:
        return
    tasks = [Task(made.stem, found.group()) for found in places]
    for _ in range(TRIES):
        at = dice.randrange(len(places))
        found, way = places[at], dice.choices(WAYS, WEIGHTS)[0]
        if (number := way(found.group(), tasks[at], dice)) and number != "0":
            yield made.answer[: found.start()] + number + made.answer[found.end() :]
    yield from _unsigned(made.answer)


# --- ways of slipping -------------------------------------------------------------------------------------------------


def _misread(number: str, task: Task, dice: Random) -> str:
    """One digit of what is to be worked with was read as another; the rest is right."""
    if task.operation is None:
        return ""
    read = list(task.pair)
    which = dice.randrange(2)
    read[which] = Decimal(_one_changed(str(read[which]), dice))
    return _written(task.operation(*read)) if read[1] else ""


def _carry_forgotten(number: str, task: Task, dice: Random) -> str:
    """A ten too few, or too many: 427 + 345 = 762."""
    digits = len(number.partition(".")[0])
    if digits < 2 or task.operation in (Decimal.__truediv__, Decimal.__mul__):
        return ""
    step = Decimal(10) ** dice.randrange(1, digits)
    return _written(task.number + dice.choice((step, -step)))


def _neighbouring_fact(number: str, task: Task, dice: Random) -> str:
    """7 × 8 = 63, recalled from the line below."""
    one, other = task.pair
    if task.operation is Decimal.__mul__:
        return _written(dice.choice((one * (other + 1), one * (other - 1), (one + 1) * other, (one - 1) * other)))
    return _written(task.number + dice.choice((1, -1))) if task.operation is Decimal.__truediv__ else ""


def _turned(number: str, task: Task, dice: Random) -> str:
    found = [number[:at] + number[at + 1] + number[at] + number[at + 2 :] for at in range(len(number) - 1)]
    found = [other for other in found if other != number and _is_natural(other)]
    return dice.choice(found) if found else ""


def _mistaken(number: str, task: Task, dice: Random) -> str:
    return _one_changed(number, dice)


def _left_out(number: str, task: Task, dice: Random) -> str:
    if len(number) < 3 or "." in number:
        return ""
    at = dice.randrange(len(number))
    shorter = number[:at] + number[at + 1 :]
    return shorter if _is_natural(shorter) else ""


def _written_twice(number: str, task: Task, dice: Random) -> str:
    at = dice.randrange(len(number))
    return number[: at + 1] + number[at:] if number[at].isdecimal() and len(number) > 1 else ""


def _point_misplaced(number: str, task: Task, dice: Random) -> str:
    return _written(task.number * dice.choice((Decimal(10), Decimal("0.1")))) if "." in number else ""


def _miscounted(number: str, task: Task, dice: Random) -> str:
    return _written(task.number + dice.choice((1, -1, 2, -2)))


WAYS: tuple[Way, ...] = (
    _misread,
    _carry_forgotten,
    _neighbouring_fact,
    _turned,
    _mistaken,
    _left_out,
    _written_twice,
    _point_misplaced,
    _miscounted,
)
WEIGHTS = (4.0, 3.0, 3.0, 2.0, 2.0, 1.0, 0.5, 1.0, 1.0)


def _unsigned(answer: str) -> Iterator[str]:
    """The sign before it was forgotten."""
    if answer[:1] in "-−" and answer:
        yield answer[1:]


def _one_changed(number: str, dice: Random) -> str:
    places = [at for at, digit in enumerate(number) if digit.isdecimal()]
    at = dice.choice(places)
    changed = number[:at] + LOOKS_LIKE[number[at]] + number[at + 1 :]
    return changed if _is_natural(changed) else number


def _is_natural(number: str) -> bool:
    """A whole or decimal number without idle noughts before it."""
    whole, _, rest = number.partition(".")
    return whole.isdecimal() and (whole == "0" or whole[0] != "0") and (not rest or rest.isdecimal())


def _written(number: Decimal) -> str:
    """As a pupil would write it; nothing for what nobody would."""
    plain = number.normalize()
    text = f"{plain:f}"
    return text if number >= 0 and len(text.partition(".")[2]) <= 3 else ""

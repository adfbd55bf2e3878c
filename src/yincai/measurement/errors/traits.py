"""What can be said of a wrong step: which faulty moves explain it, and how its numbers stand in the equation.

Each trait is a short text, so that a teacher's page can show the ones that decided. Three kinds:

- *moves*: a search over faulty transformations of the changed side (sign dropped, operands swapped, another operation,
  a term lost, the letter lost, only rewritten, …) that give the pupil's result exactly;
- *places*: where the number that the pupil works with stands in the equation (constant beside the letter, coefficient,
  numerator, denominator, the other side) and with which sign, and what could have been simplified first;
- *patterns*: the equation with its numbers replaced by what they are to the input, as runs of up to four tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from yincai.measurement.errors.algebra import POINTS, Unparsable, has_letter, is_number, sides, terms, tokens, value

SIDE_ACTIONS = ("ADD_SIDE", "SUB_SIDE", "MUL_SIDE", "DIV_SIDE")
LONGEST_RUN = 4
NEAR = Fraction(1, 200)  # pupils round: 9.333 for 28/3


@dataclass(frozen=True)
class Step:
    """A wrong step: the equation, what was done ("DIV_SIDE", "COMBINE_ADD", …), with what, and the equation after.

    `before` is the operation of the step before ("divide", …), "" where there was none, None where it is not known.
    """

    equation: str
    action: str
    entered: str
    result: str
    before: str | None = None


def traits(step: Step) -> frozenset[str]:
    """All traits of a step; text that cannot be read as algebra has fewer of them, and says so.

    >>> step = Step("-8=3x-2", "SUB_SIDE", "2", "-8-2=3x-2-2")
    >>> [each for each in sorted(traits(step)) if "input is minus" in each]
    ['SUB_SIDE: input is minus the number on the letter side']
    """
    found = {f"action {step.action}"}
    if step.before is not None:
        found.add(before(step))
    try:
        left, right = sides(step.equation)
    except Unparsable:
        return frozenset({*found, "equation not readable"})
    found.update(_equation(left, right))
    try:
        entered = tokens(step.entered)
        value(entered)
    except Unparsable:
        found.add("input not readable")
        entered = []
    if step.action in SIDE_ACTIONS:
        found.update(_places(left, right, entered))
        found.update(_runs(left, right, entered))
    else:
        found.update(_changed(step, left, right, entered))
    return frozenset(each if each.startswith("after ") else f"{step.action}: {each}" for each in found)


def before(step: Step) -> str:
    """The one trait that tells the step before."""
    return f"after {step.before or 'nothing'}, {step.action}"


def _equation(left: list[str], right: list[str]) -> Iterator[str]:
    """What could be simplified, and where the letter stands."""
    letters = (has_letter(left), has_letter(right))
    yield f"letter on {'both sides' if all(letters) else 'one side' if any(letters) else 'no side'}"
    for side in (left, right):
        kind = "letter side" if has_letter(side) else "number side"
        parts = terms(side)
        with_letter = sum(has_letter(part) for part in parts)
        numbers = len(parts) - with_letter
        yield f"{kind} has {min(with_letter, 3)} letter terms and {min(numbers, 3)} numbers"
        if with_letter > 1 or numbers > 1:
            yield f"{kind} has like terms"
        if "*" in side:
            yield f"{kind} has an open product"
        if any(_cancels(part) for part in parts):
            yield f"{kind} has a fraction that cancels"
        if not has_letter(side) and "/" in side:
            yield "number side is a fraction"
        if any(first == "1" and second.isalpha() for first, second in pairwise(["", *side, ""]) if second):
            yield f"{kind} has a 1 before the letter"


def _cancels(part: list[str]) -> bool:
    """A number or letter that is both above and below the stroke."""
    below = {word for stroke, word in pairwise(part) if stroke == "/" and word not in "+-("}
    below |= {part[at + 2] for at, word in enumerate(part[:-2]) if word == "/" and part[at + 1] in "-("}
    above = {word for before, word in pairwise(["", *part]) if before != "/" and (is_number(word) or word.isalpha())}
    return bool(above & below)


def _places(left: list[str], right: list[str], entered: list[str]) -> Iterator[str]:
    """Where the input stands in the equation."""
    if not entered:
        return
    amount = value(entered)
    yield f"input has {'a letter' if has_letter(entered) else 'no letter'}"
    yield f"input is {'negative' if amount < 0 else 'zero' if amount == 0 else 'positive'}"
    if abs(amount) == 1:
        yield f"input is {amount}"
    if "/" in entered:
        yield "input is a fraction"
    nowhere = True
    for side in (left, right):
        kind = "letter side" if has_letter(side) else "number side"
        for name, held in _parts(side):
            sign = "" if held == amount else "minus " if held == -amount else None
            if sign is not None:
                nowhere = False
                yield f"input is {sign}the {name} on the {kind}"
    if nowhere:
        yield "input stands nowhere"


def _parts(side: list[str]) -> Iterator[tuple[str, Fraction]]:
    """Named values of a side: the whole, its terms, coefficients, what stands above and below a stroke."""
    yield from _valued("whole", side)
    for part in terms(side):
        kind = "letter term" if has_letter(part) else "number"
        if len(terms(side)) > 1:
            yield from _valued(kind, part)
        if has_letter(part):
            yield from _coefficient(part)
        for at, word in enumerate(part):
            if word == "/":
                signed = part[at + 1 : at + 2] == ["-"]
                yield from _valued(f"denominator of a {kind}", part[at + 1 : at + 3 if signed else at + 2])
                yield from _valued(f"numerator of a {kind}", part[:at])
            elif is_number(word):
                yield from _valued(f"number inside a {kind}", [word])


def _coefficient(part: list[str]) -> Iterator[tuple[str, Fraction]]:
    """What stands before the letter, and the term's value at 1."""
    letter = next(at for at, word in enumerate(part) if word.isalpha())
    before = part[:letter]
    if before in ([], ["-"], ["("], ["(", "-"]):
        yield "sign of the letter", Fraction(-1 if "-" in before else 1)
    else:
        yield from _valued("coefficient", [word for word in before if word != "("])


def _valued(name: str, words: list[str]) -> Iterator[tuple[str, Fraction]]:
    try:
        yield name, value(words)
    except Unparsable:
        return


def _runs(left: list[str], right: list[str], entered: list[str]) -> Iterator[str]:
    """Runs of tokens; the side with the letter is told from the other, whichever stands left."""
    size = abs(value(entered)) if entered else None
    for side in (left, right):
        mark = "L" if has_letter(side) else "N"
        words = [mark, *(_abstract(word, size) for word in side), "."]
        yield f"run {''.join(words)}"
        for length in range(2, LONGEST_RUN + 1):
            for start in range(len(words) - length + 1):
                yield f"run {mark} {''.join(words[start : start + length])}"


def _abstract(word: str, size: Fraction | None) -> str:
    if word.isalpha():
        return "x"
    if not is_number(word):
        return word
    number = Fraction(word)
    if size is not None and number == size:
        return "a"
    return str(number) if number in (0, 1) else "n"


def _changed(step: Step, left: list[str], right: list[str], entered: list[str]) -> Iterator[str]:
    """The side that the step changed, and which faulty moves give it."""
    try:
        new_left, new_right = sides(step.result)
    except Unparsable:
        yield "result not readable"
        return
    if (left != new_left) == (right != new_right):
        yield "not one side changed"
        return
    old, new = (left, new_left) if left != new_left else (right, new_right)
    yield f"changed the {'letter' if has_letter(old) else 'number'} side"
    gone = _replaced(old, new)
    yield from _runs(gone, [], entered)
    yield f"letter {'lost' if has_letter(old) and not has_letter(new) else 'kept or never there'}"
    moves = list(dict.fromkeys(_moves(old, new)))
    yield from (f"move {move}" for move in moves)
    yield f"moves {' + '.join(sorted(moves)) or 'none'}"
    yield f"new part has {min(len(terms(entered)), 3) if entered else 0} terms"
    if entered:
        yield f"input {'with' if '/' in entered else 'without'} a stroke"
        yield f"input {'with' if has_letter(entered) else 'without'} a letter"


def _replaced(old: list[str], new: list[str]) -> list[str]:
    """The tokens that are gone: what is left without the common beginning and end."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end]


def _moves(old: list[str], new: list[str]) -> Iterator[str]:
    """Names of the faulty moves that turn the side `old` into the value of `new` at every point."""
    try:
        pupil = [value(new, point) for point in POINTS]
        true = [value(old, point) for point in POINTS]
    except Unparsable:
        yield "not comparable"
        return
    for name, wrong in [*_of_whole(true), *_of_numbers(old), *_of_terms(old)]:
        if all(_near(one, other) for one, other in zip(wrong, pupil, strict=True)):
            yield name


def _near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= NEAR * max(abs(one), Fraction(1, 10))


Values = list[Fraction]


def _of_whole(true: Values) -> Iterator[tuple[str, Values]]:
    yield "only rewritten", true
    yield "sign of the whole changed", [-each for each in true]
    if all(true):
        yield "turned over", [1 / each for each in true]
        yield "turned over and sign changed", [-1 / each for each in true]


def _of_terms(old: list[str]) -> Iterator[tuple[str, Values]]:
    """A sum with one term's sign changed, or a term lost, or its letter lost."""
    parts = terms(old)
    table = [[value(part, point) for point in POINTS] for part in parts]
    for part, mine in zip(parts, table, strict=True):
        rest = [sum(column) - own for column, own in zip(zip(*table, strict=True), mine, strict=True)]
        kind = "letter term" if has_letter(part) else "number"
        if len(parts) > 1:
            yield f"sign of a {kind} changed", [other - own for other, own in zip(rest, mine, strict=True)]
            yield f"{kind} lost", rest
        if has_letter(part):
            for name, bare in _valued_everywhere("letter of a term lost", ["1" if w.isalpha() else w for w in part]):
                yield name, [other + own for other, own in zip(rest, bare, strict=True)]
    for first, second in pairwise(zip(parts, table, strict=True)):
        yield from _of_pair(first, second, table)


def _of_pair(
    first: tuple[list[str], Values], second: tuple[list[str], Values], table: list[Values]
) -> Iterator[tuple[str, Values]]:
    """Two neighbouring terms put together wrongly."""
    totals = [sum(column) for column in zip(*table, strict=True)]
    rest = [total - one - other for total, one, other in zip(totals, first[1], second[1], strict=True)]
    kind = "letter" if has_letter(first[0]) or has_letter(second[0]) else "number"
    pairs = list(zip(rest, first[1], second[1], strict=True))
    yield f"{kind} pair: sign of the second changed", [other + a - b for other, a, b in pairs]
    yield f"{kind} pair: sign of the first changed", [other - a + b for other, a, b in pairs]
    yield f"{kind} pair: both signs changed", [other - a - b for other, a, b in pairs]
    yield f"{kind} pair: multiplied", [other + a * b for other, a, b in pairs]
    yield f"{kind} pair: sizes added", [other + abs(a) + abs(b) for other, a, b in pairs]
    yield f"{kind} pair: sizes subtracted", [other + abs(abs(a) - abs(b)) for other, a, b in pairs]


def _of_numbers(old: list[str]) -> Iterator[tuple[str, Values]]:
    """One product or quotient of two numbers done with another operation."""
    for at, word in enumerate(old):
        if word not in "*/" or at == 0:
            continue
        for name, sign in (("+", "+"), ("-", "-"), ("*", "*"), ("/", "/")):
            if sign == word:
                continue
            yield from _valued_everywhere(f"{word} done as {name}", [*old[:at], sign, *old[at + 1 :]])
        yield from _valued_everywhere(f"only before the {word} kept", old[:at])
        yield from _valued_everywhere(f"only after the {word} kept", old[at + 1 :])


def _valued_everywhere(name: str, words: list[str]) -> Iterator[tuple[str, Values]]:
    try:
        yield name, [value(words, point) for point in POINTS]
    except Unparsable:
        return

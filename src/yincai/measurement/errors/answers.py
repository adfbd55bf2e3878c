"""The cause of a wrong number: which faulty rules, one or two together, turn the exercise into just this answer.

The exercise is an expression of numbers. A malrule changes one place of it (another operation, operands swapped, the
bracket ignored, numerators and denominators added) or the number that came out (a digit turned, a place shifted, one
off). All ways of one or two malrules are tried; each has the product of its malrules' prior probabilities, shared among
the places where it could strike. Whatever no malrule explains may be anything: a number at random out of `SPREAD`. So

    P(way | answer) = prior(way) / (Σ prior of all ways to this answer + P(unexplained) / SPREAD)

in the manner of Brown & Burton's (1978) diagnosis of procedural bugs with VanLehn's (1990) compositions. A teacher's
confirmations are counts for the malrules' prior probabilities (a Dirichlet).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations, product
from typing import TypeAlias

from yincai.measurement.errors.algebra import Unparsable, is_number, tokens

Expression: TypeAlias = "Fraction | tuple[str, Expression, Expression]"
OfNode: TypeAlias = "Callable[[str, Expression, Expression], Expression | None]"

DEEPEST = 2  # malrules in one answer
SPREAD = 200  # plausible wrong numbers
UNEXPLAINED = 0.3
SECOND = 0.15  # how probable it is that a second malrule follows a first
LARGEST = 10**9
MOST_OPERATIONS = 12
MOST_OPERANDS = 4
PRIOR_COUNT = 20.0  # a malrule's prior counts as much as this many confirmations in all


@dataclass(frozen=True)
class Malrule:
    """`weight` is relative: how often pupils err so."""

    name: str
    weight: float
    of_node: OfNode | None = None
    of_result: Callable[[Fraction], Fraction | None] | None = None


def parse(text: str) -> Expression:
    """An expression of numbers, multiplication before addition. Raises ValueError for anything else.

    >>> parse("1/2 + 3")
    ('+', ('/', Fraction(1, 1), Fraction(2, 1)), Fraction(3, 1))
    """
    for shown, plain in (("×", "*"), ("÷", "/"), ("−", "-"), ("（", "("), ("）", ")")):
        text = text.replace(shown, plain)
    words = tokens(text)
    found = _sum(words)
    if words:
        raise Unparsable(f"{words[0]!r} is too much")
    if _operations(found) > MOST_OPERATIONS:
        raise Unparsable(f"more than {MOST_OPERATIONS} operations")
    return found


def _operations(node: Expression) -> int:
    return 0 if isinstance(node, Fraction) else 1 + _operations(node[1]) + _operations(node[2])


def _sum(words: list[str]) -> Expression:
    node = _product(words)
    while words and words[0] in "+-":
        node = (words.pop(0), node, _product(words))
    return node


def _product(words: list[str]) -> Expression:
    node = _atom(words)
    while words and words[0] in "*/":
        node = (words.pop(0), node, _atom(words))
    return node


def _atom(words: list[str]) -> Expression:
    word = words.pop(0) if words else ""
    if word == "-":
        inside = _atom(words)
        return -inside if isinstance(inside, Fraction) else ("-", Fraction(0), inside)
    if word == "(":
        node = _sum(words)
        if not words or words.pop(0) != ")":
            raise Unparsable("a bracket is not closed")
        return node
    if not word or not is_number(word):
        raise Unparsable(f"a number is missing{f' before {word!r}' if word else ' at the end'}")
    return Fraction(word)


def evaluate(node: Expression) -> Fraction | None:
    """None for a division by zero or a number beyond all measure."""
    if isinstance(node, Fraction):
        return node
    sign, one, other = node[0], evaluate(node[1]), evaluate(node[2])
    if one is None or other is None or (sign == "/" and other == 0):
        return None
    found = {"+": lambda: one + other, "-": lambda: one - other, "*": lambda: one * other, "/": lambda: one / other}
    result = found[sign]()
    return result if abs(result.numerator) <= LARGEST and result.denominator <= LARGEST else None


def _swap(sign: str, other: str) -> OfNode:
    return lambda found, a, b: (other, a, b) if found == sign else None


def _turned(sign: str, a: Expression, b: Expression) -> Expression | None:
    return (sign, b, a) if sign in "-/" and a != b else None


def _tops_and_bottoms(sign: str, a: Expression, b: Expression) -> Expression | None:
    """1/2 + 1/3 = 2/5."""
    if sign not in "+-" or isinstance(a, Fraction) or isinstance(b, Fraction) or a[0] != "/" or b[0] != "/":
        return None
    return ("/", (sign, a[1], b[1]), (sign, a[2], b[2]))


def _first_of_bracket(sign: str, a: Expression, b: Expression) -> Expression | None:
    """3 × (4 + 5) = 3 × 4 + 5; 9 − (4 − 1) = 9 − 4 − 1."""
    if isinstance(b, Fraction) or b[0] not in "+-":
        return None
    return (b[0], (sign, a, b[1]), b[2]) if sign in "*-" else None


def _left_to_right(sign: str, a: Expression, b: Expression) -> Expression | None:
    """2 + 3 × 4 = (2 + 3) × 4."""
    if isinstance(b, Fraction) or sign not in "+-" or b[0] not in "*/":
        return None
    return (b[0], (sign, a, b[1]), b[2])


def _first_only(sign: str, a: Expression, b: Expression) -> Expression | None:
    return None if isinstance(a, Fraction) else a


def _second_only(sign: str, a: Expression, b: Expression) -> Expression | None:
    return None if isinstance(b, Fraction) else b


def _digits(of_columns: Callable[[int, int], int], sign: str) -> OfNode:
    """Column by column, with nothing carried or borrowed."""

    def node(found: str, a: Expression, b: Expression) -> Fraction | None:
        one, other = evaluate(a), evaluate(b)
        if found != sign or one is None or other is None:
            return None
        if min(one, other) < 0 or one.denominator * other.denominator > 1:
            return None
        width = max(len(str(one)), len(str(other)))
        columns = zip(str(one).zfill(width), str(other).zfill(width), strict=True)
        return Fraction(int("".join(str(of_columns(int(x), int(y))) for x, y in columns)))

    return node


def _last_digits_turned(number: Fraction) -> Fraction | None:
    text = str(abs(number))
    if number.denominator != 1 or len(text) < 2 or text[-1] == text[-2]:
        return None
    turned = Fraction(int(text[:-2] + text[-1] + text[-2]))
    return -turned if number < 0 else turned


def _times(factor: Fraction) -> Callable[[Fraction], Fraction | None]:
    return lambda number: number * factor if number else None


def _plus(amount: int) -> Callable[[Fraction], Fraction | None]:
    return lambda number: number + amount if number.denominator == 1 else None


MALRULES = (
    Malrule("sign of the result wrong", 3.0, of_result=_times(Fraction(-1))),
    Malrule("added instead of subtracting", 2.0, _swap("-", "+")),
    Malrule("subtracted instead of adding", 2.0, _swap("+", "-")),
    Malrule("divided instead of multiplying", 1.0, _swap("*", "/")),
    Malrule("multiplied instead of dividing", 1.5, _swap("/", "*")),
    Malrule("added instead of multiplying", 1.5, _swap("*", "+")),
    Malrule("operands swapped", 1.5, _turned),
    Malrule("numerators and denominators apart", 4.0, _tops_and_bottoms),
    Malrule("only the first of the bracket", 3.0, _first_of_bracket),
    Malrule("from left to right", 3.0, _left_to_right),
    Malrule("last operation left out", 1.5, _first_only),
    Malrule("only the second part worked out", 1.0, _second_only),
    Malrule("smaller digit from the larger", 4.0, _digits(lambda x, y: abs(x - y), "-")),
    Malrule("nothing carried", 3.0, _digits(lambda x, y: (x + y) % 10, "+")),
    Malrule("last digits turned", 0.5, of_result=_last_digits_turned),
    Malrule("ten times too large", 1.0, of_result=_times(Fraction(10))),
    Malrule("ten times too small", 1.0, of_result=_times(Fraction(1, 10))),
    Malrule("one too large", 0.7, of_result=_plus(1)),
    Malrule("one too small", 0.7, of_result=_plus(-1)),
    Malrule("turned over", 1.0, of_result=lambda number: 1 / number if number else None),
)
NAMES = tuple(rule.name for rule in MALRULES)


TOTAL = sum(rule.weight for rule in MALRULES)
PRIOR_COUNTS = {rule.name: PRIOR_COUNT * rule.weight / TOTAL for rule in MALRULES}


@dataclass(frozen=True)
class AnswerModel:
    """How often each malrule is expected; confirmations move it."""

    counts: Mapping[str, float] = field(default_factory=lambda: dict(PRIOR_COUNTS))

    def probability(self, name: str) -> float:
        return self.counts[name] / sum(self.counts.values())


@dataclass(frozen=True)
class Way:
    """`malrules` in the order in which they struck; empty: no malrule explains the answer."""

    malrules: tuple[str, ...]
    probability: float


def causes(exercise: str | Expression, answer: Fraction | int | str, model: AnswerModel | None = None) -> list[Way]:
    """The ways to a wrong answer, the most probable first; the empty one is "unexplained".

    Raises ValueError for an exercise or answer that is no number, and for an answer that is right.

    >>> causes("52-38", 26)[0].malrules
    ('smaller digit from the larger',)
    >>> causes("1/2+1/3", "2/5")[0].malrules
    ('numerators and denominators apart',)
    """
    tree = parse(exercise) if isinstance(exercise, str) else exercise
    return _explained([tree], answer, model or AnswerModel())


def causes_from_operands(
    operands: Sequence[Fraction | int | str],
    right: Fraction | int | str,
    answer: Fraction | int | str,
    model: AnswerModel | None = None,
) -> list[Way]:
    """As `causes`, where only the numbers of a problem and its right answer are known.

    All chains of operations over the operands (2 to 4) that give the right answer count alike. When none gives it, all
    is unexplained. Raises ValueError as `causes` does.

    >>> causes_from_operands([12, 4], 3, 48)[0].malrules
    ('multiplied instead of dividing',)
    """
    if not 2 <= len(operands) <= MOST_OPERANDS:
        raise ValueError(f"2 to {MOST_OPERANDS} operands, not {len(operands)}")
    wanted = evaluate(parse(str(right)))
    if wanted is not None and evaluate(parse(str(answer))) == wanted:
        raise ValueError(f"{answer} is right")
    trees = [tree for tree in _chains([parse(str(each)) for each in operands]) if evaluate(tree) == wanted]
    return _explained(trees, answer, model or AnswerModel()) if trees else [Way((), 1.0)]


def _chains(numbers: list[Expression]) -> Iterator[Expression]:
    """((a ∘ b) ∘ c) … in every order."""
    for order in permutations(numbers):
        for signs in product("+-*/", repeat=len(order) - 1):
            tree = order[0]
            for sign, number in zip(signs, order[1:], strict=True):
                tree = (sign, tree, number)
            yield tree


def _explained(trees: list[Expression], answer: Fraction | int | str, model: AnswerModel) -> list[Way]:
    wanted, right = evaluate(parse(str(answer))), evaluate(trees[0])
    if wanted is None or right is None:
        raise ValueError("the exercise and the answer must be numbers")
    if wanted == right:
        raise ValueError(f"{answer} is right")
    found: dict[tuple[str, ...], float] = defaultdict(float)
    for tree in trees:
        for malrules, result, prior in _ways(tree, model):
            if result == wanted:
                found[malrules] += prior / len(trees)
    found[()] = UNEXPLAINED / SPREAD
    total = sum(found.values())
    ways = [Way(malrules, prior / total) for malrules, prior in found.items()]
    return sorted(ways, key=lambda way: (-way.probability, way.malrules))


def updated(model: AnswerModel, confirmed: list[tuple[str, ...]]) -> AnswerModel:
    """The model after a teacher confirmed or corrected causes. Raises ValueError for an unknown malrule."""
    counts = dict(model.counts)
    for name in (name for malrules in confirmed for name in malrules):
        if name not in counts:
            raise ValueError(f"unknown malrule {name!r}")
        counts[name] += 1
    return AnswerModel(counts)


def _ways(tree: Expression, model: AnswerModel) -> Iterator[tuple[tuple[str, ...], Fraction, float]]:
    """(malrules, result, prior) of all ways of at most two malrules."""
    front: list[tuple[tuple[str, ...], Expression, float]] = [((), tree, 1 - UNEXPLAINED)]
    for _ in range(DEEPEST):
        after = [
            ((*names, name), wrong, prior * share * (SECOND if names else 1.0))
            for names, node, prior in front
            for name, wrong, share in _struck(node, model)
        ]
        for names, node, prior in after:
            result = evaluate(node)
            if result is not None:
                yield names, result, prior
        front = after


def _struck(node: Expression, model: AnswerModel) -> Iterator[tuple[str, Expression, float]]:
    """Each malrule at each place: its probability is shared among its places."""
    for rule in MALRULES:
        places = list(_at_places(rule, node))
        for wrong in places:
            yield rule.name, wrong, model.probability(rule.name) / len(places)


def _at_places(rule: Malrule, node: Expression) -> Iterator[Expression]:
    if rule.of_result is not None:
        result = evaluate(node)
        wrong = None if result is None else rule.of_result(result)
        if wrong is not None:
            yield wrong
    elif rule.of_node is not None and not isinstance(node, Fraction):
        sign, a, b = node
        changed = rule.of_node(sign, a, b)
        if changed is not None:
            yield changed
        yield from ((sign, inner, b) for inner in _at_places(rule, a))
        yield from ((sign, a, inner) for inner in _at_places(rule, b))

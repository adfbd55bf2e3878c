"""A pupil's lines of working: the line that an item starts from, what was written below it, and where it breaks.

What is typed goes through the bank's own reader and nothing else; a tree of numbers, letters and the four operations
comes out, which `measurement.errors.working` compares exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from yincai.knowledge import items
from yincai.knowledge.grading import tree as t
from yincai.knowledge.grading.lex import Reading, Unreadable
from yincai.knowledge.grading.parse import parse
from yincai.knowledge.grading.show import to_latex, to_text
from yincai.knowledge.items import UnknownItem
from yincai.learning.attribution.exercise import FORMULA
from yincai.measurement.errors.answers import AnswerModel
from yincai.measurement.errors.lines import ZERO, Beyond, Line, Tree, key, size
from yincai.measurement.errors.moves import MoveModel
from yincai.measurement.errors.working import Checked, Verdict, checked

MOST_ROWS = 12
LONGEST_ROW = 80  # characters
HIGHEST_POWER = 4
MOST_NODES = 200
ASKS = re.compile(r"[=？?\s]+$")  # a stem may end in “= ？”


class NoLine(ValueError):
    """It can be read, but nothing is known of such lines: roots, absolute values, units."""


@dataclass(frozen=True)
class Task:
    """What the working starts from: an equation (or inequality) of the stem, or a calculation."""

    tree: t.Relation | t.Expr
    line: Line

    @property
    def latex(self) -> str:
        return to_latex(self.tree)

    @property
    def letters(self) -> tuple[str, ...]:
        sides = (self.tree.left, self.tree.right) if isinstance(self.tree, t.Relation) else (self.tree,)
        return tuple(sorted({letter for side in sides for letter in t.variables(side)}))


@dataclass(frozen=True)
class Row:
    """One line as typed. `problem`: why it could not be read; `verdict`: of this line, once checked."""

    typed: str
    tree: t.Tree | None = None
    lines: tuple[Line, ...] = ()
    problem: str = ""
    verdict: str = ""

    @property
    def text(self) -> str:
        return to_text(self.tree) if self.tree else ""

    @property
    def latex(self) -> str:
        return to_latex(self.tree) if self.tree else ""


@dataclass(frozen=True)
class Worked:
    """The rows with a verdict each; `broken`: place of the first that does not follow, `found` says what was seen
    there and `before` is what stood before it."""

    rows: tuple[Row, ...]
    broken: int | None = None
    found: Checked | None = None
    solved: bool = False

    @property
    def readable(self) -> bool:
        return not any(row.problem for row in self.rows)

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.rows]


def task_of(item: int, version: int, seed: int | None) -> Task | None:
    """Where the working of an item starts; None for an item that has no equation or calculation with just this key."""
    try:
        asked, spec = items.question(item, version, seed), items.spec_of(item, version, seed)
    except (UnknownItem, LookupError, ValueError):
        return None
    return None if asked.is_choice else start_of(asked.stem, spec.key)


@lru_cache(maxsize=4096)
def start_of(stem: str, key_: str) -> Task | None:
    """The formula of a stem whose solution or value is the key.

    >>> start_of("解方程：$2x+3=7$，$x=$？", "2").latex
    '2x+3 = 7'
    """
    for formula in FORMULA.findall(stem):
        task = _task(ASKS.sub("", formula))
        if task and _leads_to(task, key_):
            return task
    return None


def _task(formula: str) -> Task | None:
    try:
        tree = parse(formula, Reading(relations=True, named=False))
        lines = _lines(tree)
    except (Unreadable, NoLine):
        return None
    if len(lines) != 1 or isinstance(tree, t.Num | t.Var | t.Collection | t.Quantity | t.Ratio):
        return None
    return Task(tree, lines[0])


def _leads_to(task: Task, key_: str) -> bool:
    """Whether the key answers the task, and there is something to be done before it is reached."""
    try:
        tree = parse(key_, Reading(relations=True, named=False))
        if task.line.sign and not isinstance(tree, t.Relation) and len(task.letters) == 1:
            wanted = Line(task.letters[0], task.line.sign, tree_of(tree))
        else:
            wanted = line_of(tree)
        return key(task.line) == key(wanted) and task.line != wanted
    except (Unreadable, NoLine, Beyond):
        return False


def read_rows(task: Task, typed: Sequence[str]) -> list[Row]:
    """Each line that was written, read for itself; empty ones are left out."""
    return [_row(task, text) for text in typed if text.strip()][:MOST_ROWS]


def _row(task: Task, typed: str) -> Row:
    letters = frozenset(task.letters)
    reading = Reading(letters=bool(letters), names=letters, relations=True, named=False)
    if len(typed) > LONGEST_ROW:
        return Row(typed[:LONGEST_ROW], problem=f"这一行太长了，最多 {LONGEST_ROW} 个字，分成两行写吧。")
    try:
        tree = parse(typed, reading)
        lines = _lines(tree) if not task.line.sign else (line_of(tree),)
    except Unreadable as error:
        return Row(typed, problem=error.message)
    except NoLine:
        return Row(typed, problem="这种写法还看不了，换一种写法试试。")
    if task.line.sign and not lines[0].sign:
        return Row(typed, problem="这一行要写成等式或不等式，两边都写上。")
    return Row(typed, tree, lines)


def _lines(tree: t.Tree) -> tuple[Line, ...]:
    """A calculation goes on behind a sign of equality: 3+4×2 = 3+8 are two lines."""
    if isinstance(tree, t.Relation) and tree.op == "=" and not t.variables(tree.left) | t.variables(tree.right):
        return Line(tree_of(tree.left)), Line(tree_of(tree.right))
    return (line_of(tree),)


def check(task: Task, rows: Sequence[Row], moves: MoveModel | None = None, search: AnswerModel | None = None) -> Worked:
    """The verdict on each row up to the first that cannot be read."""
    readable: list[Row] = []
    for row in rows:
        if row.problem:
            break
        readable.append(row)
    told = checked([task.line, *(line for row in readable for line in row.lines)], moves, search)
    done, told = [], told[1:]
    broken, found = None, None
    for place, row in enumerate(readable):
        mine, told = told[: len(row.lines)], told[len(row.lines) :]
        verdict = _of_row([each.verdict for each in mine])
        if verdict == Verdict.BREAKS:
            broken, found = place, next(each for each in mine if each.verdict == Verdict.BREAKS)
        done.append(replace(row, verdict=verdict))
    done += rows[len(readable) :]
    solved = bool(done) and all(row.verdict == Verdict.FOLLOWS for row in done) and _is_end(done[-1].lines[-1])
    return Worked(tuple(done), broken, found, solved)


def _of_row(verdicts: Sequence[Verdict]) -> str:
    order = (Verdict.BREAKS, Verdict.AFTER, Verdict.UNTOLD, Verdict.FOLLOWS)
    return next(verdict for verdict in order if verdict in verdicts).value


def _is_end(line: Line) -> bool:
    return _is_number(line.left) if not line.sign else isinstance(line.left, str) and _is_number(line.right)


def _is_number(tree: Tree) -> bool:
    return isinstance(tree, Fraction) or (
        not isinstance(tree, str) and tree[0] == "/" and all(isinstance(part, Fraction) for part in tree[1:])
    )


def read_again(task: Task, texts: Sequence[str], moves: MoveModel, search: AnswerModel) -> Worked:
    """What was kept of a working, judged by what is known today."""
    return check(task, read_rows(task, texts), moves, search)


# --- the bank's trees and those of measurement ------------------------------------------------------------------------


def line_of(tree: t.Tree) -> Line:
    """Raises NoLine."""
    if isinstance(tree, t.Relation):
        if tree.op not in "=<>≤≥":
            raise NoLine
        return Line(tree_of(tree.left), tree.op, tree_of(tree.right))
    return Line(tree_of(tree))


def tree_of(tree: t.Tree) -> Tree:
    """Raises NoLine for what measurement's trees do not hold."""
    match tree:
        case t.Num(value):
            return value
        case t.Mixed(_, _, below) if below:
            return tree.value
        case t.Percent(arg, base):
            return ("/", tree_of(arg), Fraction(base))
        case t.Var(name):
            return name
        case t.Neg(arg):
            inner = tree_of(arg)
            return -inner if isinstance(inner, Fraction) else ("-", ZERO, inner)
        case t.Add(args):
            return _sum(args)
        case t.Mul(args):
            return _product([tree_of(arg) for arg in args])
        case t.Div(above, below):
            return ("/", tree_of(above), tree_of(below))
        case t.Pow(base, exponent):
            return _power(tree_of(base), t.integer(exponent))
    raise NoLine


def _sum(args: Sequence[t.Expr]) -> Tree:
    found = tree_of(args[0])
    for arg in args[1:]:
        found = ("-", found, tree_of(arg.arg)) if isinstance(arg, t.Neg) else ("+", found, tree_of(arg))
    return found


def _product(parts: Sequence[Tree]) -> Tree:
    found = parts[0]
    for part in parts[1:]:
        found = ("*", found, part)
    return found


def _power(base: Tree, exponent: int | None) -> Tree:
    if exponent is None or not 1 <= exponent <= HIGHEST_POWER or size(base) * exponent > MOST_NODES:
        raise NoLine
    return _product([base] * exponent)


def shown(line: Line) -> str:
    """A line of measurement as LaTeX."""
    if not line.sign:
        return to_latex(expression_of(line.left))
    return to_latex(t.Relation(line.sign, expression_of(line.left), expression_of(line.right)))


def expression_of(tree: Tree) -> t.Expr:
    if isinstance(tree, str):
        return t.Var(tree)
    if isinstance(tree, Fraction):
        number = t.Num(Fraction(abs(tree.numerator)))
        plain: t.Expr = number if tree.denominator == 1 else t.Div(number, t.Num(Fraction(tree.denominator)))
        return t.Neg(plain) if tree < 0 else plain
    sign, left, right = tree[0], tree[1], expression_of(tree[2])
    if sign in "+-":
        parts = [] if left == 0 and sign == "-" else list(_addends(left))
        part = t.Neg(right) if sign == "-" else right
        return t.Add((*parts, part)) if parts else part
    return t.Mul((expression_of(left), right)) if sign == "*" else t.Div(expression_of(left), right)


def _addends(tree: Tree) -> Iterator[t.Expr]:
    found = expression_of(tree)
    yield from found.args if isinstance(found, t.Add) else (found,)

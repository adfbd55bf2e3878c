"""A tree back to text (what was understood; parses to the same tree) and to LaTeX (the preview)."""

from __future__ import annotations

from fractions import Fraction

from .tree import (
    Abs,
    Add,
    Collection,
    Div,
    Expr,
    Mixed,
    Mul,
    Neg,
    Num,
    Percent,
    Pi,
    Pow,
    Quantity,
    Ratio,
    Relation,
    Root,
    Tree,
    Var,
    integer,
)

_WORDS = ("sqrt", "cbrt", "abs", "pi", "sin", "cos", "tan")
_RELATION_LATEX = {"=": "=", "≠": r"\ne", "<": "<", "≤": r"\le", ">": ">", "≥": r"\ge"}


def decimal(value: Fraction, places: int) -> str:
    """The digits of an exact decimal literal, without going through a float."""
    if places == 0:
        return str(value.numerator)
    digits = str(value.numerator * (10**places // value.denominator)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def to_text(tree: Tree) -> str:
    match tree:
        case Collection(items):
            return ", ".join(map(to_text, items)) or "无解"
        case Relation(op, left, right):
            return f"{text(left)}{op}{text(right)}"
        case Ratio(parts):
            return ":".join(map(text, parts))
        case Quantity(parts):
            return " ".join(f"{_bracket(value, isinstance(value, Add))} {unit}" for value, unit in parts)
    return text(tree)


def to_latex(tree: Tree) -> str:
    match tree:
        case Collection(items):
            return r",\ ".join(map(to_latex, items)) or r"\text{无解}"
        case Relation(op, left, right):
            return f"{latex(left)} {_RELATION_LATEX[op]} {latex(right)}"
        case Ratio(parts):
            return ":".join(map(latex, parts))
        case Quantity(parts):
            return r"\ ".join(_latex_quantity(value, unit) for value, unit in parts)
    return latex(tree)


def _latex_quantity(value: Expr, unit: str) -> str:
    return rf"{_latex_bracket(value, isinstance(value, Add))}\,\text{{{unit}}}"


def text(tree: Expr) -> str:
    match tree:
        case Num(value, places):
            return decimal(value, places)
        case Mixed(whole, num, den):
            return f"{whole} {num}/{den}"
        case Percent(arg, base):
            return _atom(arg) + ("%" if base == 100 else "‰")
        case Var(name):
            return name if len(name) == 1 else f"{name[0]}_{name[1:]}"
        case Pi():
            return "π"
        case Neg(arg):
            return "-" + _bracket(arg, isinstance(arg, Add | Neg))
        case Abs(arg):
            return f"abs({text(arg)})"
        case Root(arg, index):
            return _root_text(arg, index)
    return _compound(tree)


def _compound(tree: Expr) -> str:
    match tree:
        case Add(args):
            return _sum([text(arg) if not isinstance(arg, Add) else f"({text(arg)})" for arg in args], args)
        case Mul(args):
            return _run(args) or "×".join(_bracket(arg, _loose(arg)) for arg in args)
        case Div(num, den, True):
            run = _run(num.args) if isinstance(num, Mul) else ""
            return f"{run or _atom(num)}/{_atom(den)}"
        case Div(num, den):
            return f"{_bracket(num, _loose(num))}÷{_bracket(den, _loose(den))}"
        case Pow(base, exp):
            power = integer(exp)
            return _atom(base) + (f"^{power}" if power is not None and power >= 0 else f"^({text(exp)})")
    raise TypeError(f"not an expression: {tree!r}")


def _sum(parts: list[str], args: tuple[Expr, ...]) -> str:
    """a+b-c; a first negative term keeps its sign, a doubly negative one its brackets."""
    out = parts[0]
    for part, arg in zip(parts[1:], args[1:], strict=True):
        out += part if isinstance(arg, Neg) else f"+{part}"
    return out


def _bracket(tree: Expr, needed: bool) -> str:
    return f"({text(tree)})" if needed else text(tree)


def _loose(tree: Expr) -> bool:
    """Must be bracketed beside × or ÷."""
    return isinstance(tree, Add | Neg | Mul) or (isinstance(tree, Div) and not tree.bar)


def _atom(tree: Expr) -> str:
    return _bracket(tree, not isinstance(tree, Num | Var | Pi | Abs))


def _run(args: tuple[Expr, ...]) -> str:
    """Factors written together where a reader would: 2x, 3√2, 2(x+1); else empty."""
    tail = args[1:] if isinstance(args[0], Num) else args
    if not all(isinstance(arg, Var | Pi | Root | Add) or _letter_power(arg) for arg in tail):
        return ""
    together = "".join(_bracket(arg, isinstance(arg, Add)) for arg in args)
    return "" if any(word in together for word in _WORDS) else together


def _letter_power(tree: Expr) -> bool:
    return isinstance(tree, Pow) and isinstance(tree.base, Var | Pi | Add) and integer(tree.exp) is not None


def _root_text(arg: Expr, index: int) -> str:
    inside = text(arg) if isinstance(arg, Num | Var) else f"({text(arg)})"
    if index <= 4:
        return "√∛∜"[index - 2] + inside
    return rf"\sqrt[{index}]{{{text(arg)}}}"


def latex(tree: Expr) -> str:
    match tree:
        case Num(value, places):
            return decimal(value, places)
        case Mixed(whole, num, den):
            return rf"{whole}\frac{{{num}}}{{{den}}}"
        case Percent(arg, base):
            return _latex_atom(arg) + (r"\%" if base == 100 else "‰")
        case Var(name):
            return name if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}"
        case Pi():
            return r"\pi "
        case Neg(arg):
            return "-" + _latex_bracket(arg, isinstance(arg, Add | Neg))
        case Abs(arg):
            return rf"\left|{latex(arg)}\right|"
        case Root(arg, index):
            return rf"\sqrt{f'[{index}]' if index > 2 else ''}{{{latex(arg)}}}"
    return _latex_compound(tree)


def _latex_compound(tree: Expr) -> str:
    match tree:
        case Add(args):
            return _sum([_latex_bracket(arg, isinstance(arg, Add)) for arg in args], args)
        case Mul(args):
            if _run(args):
                return "".join(_latex_bracket(arg, isinstance(arg, Add)) for arg in args)
            return r" \times ".join(_latex_bracket(arg, _loose(arg)) for arg in args)
        case Div(num, den, True):
            return rf"\frac{{{latex(num)}}}{{{latex(den)}}}"
        case Div(num, den):
            return rf"{_latex_bracket(num, _loose(num))} \div {_latex_bracket(den, _loose(den))}"
        case Pow(base, exp):
            return f"{_latex_atom(base)}^{{{latex(exp)}}}"
    raise TypeError(f"not an expression: {tree!r}")


def _latex_bracket(tree: Expr, needed: bool) -> str:
    return rf"\left({latex(tree)}\right)" if needed else latex(tree)


def _latex_atom(tree: Expr) -> str:
    return _latex_bracket(tree, not isinstance(tree, Num | Var | Pi | Abs))

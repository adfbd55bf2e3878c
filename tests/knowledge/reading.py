"""Reading what generators write, by means that share no code with them: the oracles of test_generators."""

import ast
import operator
import re
from fractions import Fraction
from math import isqrt

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: lambda base, power: base ** int(power),
}
MATH = re.compile(r"\$([^$]*)\$")


def flat(latex: str) -> str:
    """LaTeX or answer text as a Python expression; one letter may stay in it."""
    text = latex
    while r"\frac" in text:
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
    text = text.replace(r"\times", "*").replace(r"\div", "/").replace("^", "**").replace(" ", "")
    return re.sub(r"(?<=[\da-z)])(?=[a-z(])", "*", text)


def value(text: str, **letters: int) -> Fraction:
    """The exact value of an arithmetic expression."""

    def walk(node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value))
        if isinstance(node, ast.Name):
            return Fraction(letters[node.id])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -walk(node.operand)
        assert isinstance(node, ast.BinOp), ast.dump(node)
        return OPERATORS[type(node.op)](walk(node.left), walk(node.right))

    return walk(ast.parse(flat(text), mode="eval").body)


def square(answer: str) -> Fraction:
    """The square of a whole number or a multiple of a root: 2sqrt(3) gives 12."""
    found = re.fullmatch(r"(\d*)sqrt\((\d+)\)", answer)
    if not found:
        return Fraction(answer) ** 2
    return Fraction(found[1] or 1) ** 2 * int(found[2])


def is_squarefree(n: int) -> bool:
    return all(n % (k * k) for k in range(2, isqrt(n) + 1))


def formulas(stem: str) -> list[str]:
    return MATH.findall(stem)


def numbers(stem: str) -> list[Fraction]:
    """All numbers and fractions of a text, in order."""
    tokens = re.findall(r"\\frac\{(\d+)\}\{(\d+)\}|(-?\d+(?:\.\d+)?)", stem)
    return [Fraction(int(t), int(b)) if t else Fraction(n) for t, b, n in tokens]


def letter_of(text: str) -> str:
    return re.findall(r"[a-z]", re.sub(r"\\[a-z]+", "", text))[0]


def answer_key(kind: str, answer: str) -> object:
    """Equal exactly for answers of equal value, to hold wrong answers against right ones."""
    if kind == "choice":
        return answer
    if "sqrt" in answer:
        return ("square", square(answer))
    if answer.endswith("%"):
        return ("square", (Fraction(answer[:-1]) / 100) ** 2)
    if re.search(r"[a-z]", answer):
        x = letter_of(answer)
        return tuple(value(answer, **{x: at}) for at in (0, 1, -2, 7))
    if kind == "expression":
        number = Fraction(answer)
        return ("square", number**2) if number >= 0 else (number,) * 4
    number = Fraction(answer)
    return ("square", number**2) if number >= 0 else number

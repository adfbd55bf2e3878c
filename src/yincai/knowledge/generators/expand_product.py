"""多项式乘多项式 (grade 8, expression)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, poly

ASK = (
    "计算：${e}$",
    "展开并合并同类项：${e}$",
    "{who}要化简 ${e}$，结果是什么？",
    "把乘积 ${e}$ 写成按 ${x}$ 的降幂排列的多项式。",
)
LETTERS = ("x", "a", "t", "y")


class Problem(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    depth: int
    ask: int
    letter: str
    who: str


class ExpandProduct(Generator[Problem]):
    code = "expand-product"
    name = "多项式乘多项式"
    grade = 8
    points = ("m8.poly.mul",)
    depths = depths(("首项系数为 1", -0.4), ("有系数", 0.3), ("平方差", 0.5))
    malrules = rules(
        (
            "product-ends-only",
            "只乘了首项和末项",
            "两个括号里的每一项都要两两相乘，数一数一共有几次。",
            "m8.poly.mul",
        ),
        (
            "product-middle-added",
            "中间项只把两个常数相加",
            "常数项和另一个括号的首项相乘时，别忘了首项的系数。",
            "m8.poly.mul",
        ),
        ("product-last-sign", "末项的符号错了", "两个常数相乘，先看看它们的符号。", "m7.num.mul"),
        (
            "product-middle-sign",
            "中间项的符号错了",
            "中间的两项各带着自己的符号，再合并一次试试。",
            "m7.poly.like",
        ),
        (
            "product-last-added",
            "末项把两数相加了",
            "末项来自两个常数相乘，不是相加。",
            "m8.poly.mul",
        ),
        (
            "product-difference-squared",
            "平方差写成了完全平方",
            "一个加一个减，中间的两项会怎样？合并一下看看。",
            "m8.poly.difference",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        b, d = dice.between(1, 9) * dice.sign(), dice.between(1, 9) * dice.sign()
        a, c = (dice.between(2, 5), dice.between(1, 4)) if depth == 2 else (1, 1)
        if depth == 3:
            a = c = dice.between(1, 6)
            b = dice.between(2, 9) * dice.sign()
            d = -b
        return Problem(a, b, c, d, depth, dice.between(0, 3), dice.pick(LETTERS), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        a, b, c, d, x = p.a, p.b, p.c, p.d, p.letter
        top, middle, last = a * c, a * d + b * c, b * d
        faults: list[tuple[str, Said]] = [("product-last-sign", poly((top, middle, -last), x))]
        if p.depth == 3:
            faults.append(("product-difference-squared", poly((top, 2 * a * min(b, d), b * b), x)))
            faults.append(("product-middle-sign", poly((top, 2 * a * abs(b), last), x)))
        else:
            faults.append(("product-ends-only", poly((top, 0, last), x)))
            faults.append(("product-middle-sign", poly((top, -middle, last), x)))
            faults.append(("product-last-added", poly((top, middle, b + d), x)))
        if p.depth == 2:
            faults.append(("product-middle-added", poly((top, b + d, last), x)))
        text = f"({poly((a, b), x)[1]})({poly((c, d), x)[1]})"
        return Draft(
            stem=ASK[p.ask].format(e=text, x=x, who=p.who),
            right=poly((top, middle, last), x),
            faults=faults,
            kind="expression",
            form="expanded",
            points=("m8.poly.difference",) if p.depth == 3 else self.points,
        )

    def clue(self, p: Problem) -> str:
        if p.depth == 3:
            return "两个括号里，哪一项相同？哪一项互为相反数？"
        return "用第一个括号里的每一项，去乘第二个括号里的每一项，画上连线就不会漏。"

    def method(self, p: Problem) -> str:
        if p.depth == 3:
            return "相同项的平方，减去互为相反数的那一项的平方；中间的两项刚好抵消。"
        return "逐项相乘，每一项带着自己的符号；乘完后把中间的同类项合并。"

    def solve(self, p: Problem) -> str:
        a, b, c, d, x = p.a, p.b, p.c, p.d, p.letter
        full = poly((a * c, 0, 0), x)[1] + "".join(
            ("" if poly((k, 0), x)[1].startswith("-") else "+") + poly((k, 0), x)[1] for k in (a * d, b * c)
        )
        right = poly((a * c, a * d + b * c, b * d), x)[1]
        return f"$({poly((a, b), x)[1]})({poly((c, d), x)[1]})={full}{b * d:+d}={right}$。"

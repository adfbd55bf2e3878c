"""完全平方公式 (grade 8, expression)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, poly

ASK = (
    "展开：${e}$",
    "用完全平方公式计算：${e}$",
    "{who}要把 ${e}$ 写成多项式，结果是什么？",
    "一个正方形的边长可以表示为 ${s}$，用多项式表示它的面积。",
)
LETTERS = ("x", "a", "m", "y")


class Problem(NamedTuple):
    a: int
    b: int
    depth: int
    ask: int
    letter: str
    who: str


class ExpandSquare(Generator[Problem]):
    code = "expand-square"
    name = "完全平方公式"
    grade = 8
    points = ("m8.poly.square",)
    depths = depths(("首项系数为 1", -0.5), ("首项有系数", 0.2), ("首项带负号", 0.8))
    malrules = rules(
        (
            "square-each-term",
            "只把两项各自平方",
            "画一个大正方形分成四块看看，除了两个小正方形，还有哪两块？",
            "m8.poly.square",
        ),
        (
            "square-middle-not-doubled",
            "中间项忘了 2 倍",
            "两块一样的长方形，你都算上了吗？",
            "m8.poly.square",
        ),
        (
            "square-middle-sign",
            "中间项的符号错了",
            "中间项的符号由两项的符号一起决定，把它们乘一乘。",
            "m7.num.mul",
        ),
        (
            "square-last-negative",
            "最后一项写成了负的",
            "一个数不论正负，平方以后是什么符号？",
            "m7.num.power",
        ),
        (
            "square-coefficient-kept",
            "首项的系数没有平方",
            "首项整个都要平方，系数也在里面。",
            "m8.poly.powers",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        a = 1 if depth == 1 else dice.between(2, 6)
        if depth == 3:
            a = -dice.between(1, 5)
        b = dice.between(2, 9) * dice.sign()
        return Problem(a, b, depth, dice.between(0, 2 + (a > 0 and b > 0)), dice.pick(LETTERS), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        a, b, x = p.a, p.b, p.letter
        inner = poly((a, b), x)[1]
        faults: list[tuple[str, Said]] = [
            ("square-each-term", poly((a * a, 0, b * b), x)),
            ("square-middle-not-doubled", poly((a * a, a * b, b * b), x)),
        ]
        if a < 0 or b < 0:
            faults.append(("square-middle-sign", poly((a * a, -2 * a * b, b * b), x)))
        if b < 0:
            faults.append(("square-last-negative", poly((a * a, 2 * a * b, -b * b), x)))
        if abs(a) > 1:
            faults.append(("square-coefficient-kept", poly((abs(a), 2 * a * b, b * b), x)))
        return Draft(
            stem=ASK[p.ask].format(e=f"({inner})^2", s=inner, who=p.who),
            right=poly((a * a, 2 * a * b, b * b), x),
            faults=faults,
            kind="expression",
            form="expanded",
        )

    def clue(self, p: Problem) -> str:
        return "平方就是自己乘自己：把式子写两遍相乘，每一项都要遇到另一个括号里的每一项。"

    def method(self, p: Problem) -> str:
        return "首项平方、末项平方，首末两项乘积的两倍放中间；符号由两项的符号决定。"

    def solve(self, p: Problem) -> str:
        a, b, x = p.a, p.b, p.letter
        first = poly((a, 0), x)[1]
        right = poly((a * a, 2 * a * b, b * b), x)[1]
        inner, last = poly((a, b), x)[1], f"({b})" if b < 0 else str(b)
        square = first if first == x else f"({first})"
        return f"$({inner})^2={square}^2+2\\cdot {square}\\cdot {last}+{last}^2={right}$。"

"""一元一次方程 (grade 7)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, poly, ratio, whole

ASK = ("解方程：${e}$，$x=$？", "{who}列出方程 ${e}$，请帮忙求出 $x$ 的值。", "当 $x$ 是多少时，等式 ${e}$ 成立？")


class Problem(NamedTuple):
    depth: int
    x: int
    a: int
    b: int
    c: int
    d: int
    ask: int
    who: str


class LinearEquation(Generator[Problem]):
    code = "linear-equation"
    name = "一元一次方程"
    grade = 7
    points = ("m7.eq.transpose", "m7.eq.brackets", "m7.eq.fractions")
    depths = depths(("一边有未知数", -0.7), ("移项", 0.0), ("含括号", 0.4), ("含分母", 1.0))
    malrules = rules(
        (
            "eq-move-keeps-sign",
            "移项没有变号",
            "从等号一边搬到另一边，符号要变一变，看看哪一项忘了。",
            "m7.eq.transpose",
        ),
        (
            "eq-unknown-keeps-sign",
            "含未知数的项移项没有变号",
            "常数移得很好，再看看含未知数的那一项搬家时变号了吗？",
            "m7.eq.transpose",
        ),
        (
            "eq-coefficient-subtracted",
            "系数化为 1 时用了减法",
            "未知数前面的数是和它相乘的，要用什么运算去掉它？",
            "m7.eq.property",
        ),
        ("eq-bracket-first-only", "去括号时只乘了第一项", "括号外的数要和括号里每一项都相乘。", "m4.law.distribute"),
        (
            "eq-denominator-missed",
            "去分母时漏乘了没有分母的项",
            "等号两边的每一项都要乘，没有分母的项也别落下。",
            "m7.eq.fractions",
        ),
        (
            "eq-divided-instead",
            "去分母时该乘却用了除",
            "未知数被除了，要还原应该用哪种运算？",
            "m7.eq.property",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        x = dice.between(2, 12) * dice.sign()
        a, b, d = dice.between(2, 9), dice.between(1, 15) * dice.sign(), dice.between(2, 6)
        c = dice.between(1, a - 1)
        if depth == 2:
            a += 2
        elif depth == 4:  # (x + b) / d comes out whole
            b = d * dice.between(-4, 5) - x
            c = dice.between(1, 9) * dice.sign()
        return Problem(depth, x, a, b, c, d, dice.between(0, 2), dice.pick(NAMES))

    def equation(self, p: Problem) -> str:
        _, x, a, b, c, d, *_ = p
        if p.depth == 1:
            return f"{poly((a, b))[1]}={a * x + b}"
        if p.depth == 2:
            return f"{poly((a, b))[1]}={poly((c, (a - c) * x + b))[1]}"
        if p.depth == 3:
            return f"{a}({poly((1, b))[1]})={a * (x + b)}"
        return f"{frac_x(poly((1, b))[1], d)}{c:+d}={(x + b) // d + c}"

    def pose(self, p: Problem) -> Draft:
        _, x, a, b, c, d, *_ = p
        faults: list[tuple[str, Said]]
        if p.depth == 1:
            right = a * x + b
            faults = [
                ("eq-move-keeps-sign", ratio(right + b, a)),
                ("eq-coefficient-subtracted", whole(right - b - a)),
            ]
        elif p.depth == 2:
            right = (a - c) * x + b
            faults = [
                ("eq-move-keeps-sign", ratio(right + b, a - c)),
                ("eq-unknown-keeps-sign", ratio(right - b, a + c)),
            ]
        elif p.depth == 3:
            right = a * (x + b)
            faults = [
                ("eq-bracket-first-only", ratio(right - b, a)),
                ("eq-move-keeps-sign", ratio(right + a * b, a)),
            ]
        else:
            right = (x + b) // d + c
            faults = [
                ("eq-denominator-missed", whole(d * right - c - b)),
                ("eq-move-keeps-sign", whole(d * (right + c) - b)),
            ]
            faults.append(("eq-divided-instead", ratio(right - c - d * b, d)))
        points = ("m7.eq.property", "m7.eq.transpose", "m7.eq.brackets", "m7.eq.fractions")
        stem = ASK[p.ask].format(e=self.equation(p), who=p.who)
        return Draft(stem, whole(x), faults, points=(points[p.depth - 1],))

    def clue(self, p: Problem) -> str:
        return {
            1: "想让含未知数的项单独留在一边，先请走哪一项？",
            2: "把含未知数的项请到一边，常数请到另一边，搬家要变号。",
            3: "先想办法去掉括号；也可以两边先同除以括号外的数。",
            4: "先想办法去掉分母，两边的每一项都要照顾到。",
        }[p.depth]

    def method(self, p: Problem) -> str:
        return {
            1: "两边同时减去（或加上）那个常数，再同时除以未知数的系数。",
            2: "移项变号，合并同类项，最后把系数化为一。",
            3: "用分配律去括号，每一项都乘到；再移项、合并，把系数化为一。",
            4: "两边同乘分母，没有分母的项也要乘；再去括号、移项、合并。",
        }[p.depth] + "求出后代回原方程检验。"

    def solve(self, p: Problem) -> str:
        _, x, a, b, c, d, *_ = p
        if p.depth == 1:
            return f"移项得 ${a}x={a * x + b}{-b:+d}={a * x}$，两边除以 ${a}$，$x={x}$。"
        if p.depth == 2:
            right = (a - c) * x + b
            return (
                f"移项得 ${a}x-{poly((c, 0))[1]}={right}{-b:+d}$，即 ${poly((a - c, 0))[1]}={(a - c) * x}$，$x={x}$。"
            )
        if p.depth == 3:
            return f"去括号得 ${a}x{a * b:+d}={a * (x + b)}$，移项得 ${a}x={a * x}$，$x={x}$。"
        whole_part = (x + b) // d
        inner = poly((1, b))[1]
        return f"移项得 ${frac_x(inner, d)}={whole_part}$，两边乘 ${d}$ 得 ${inner}={x + b}$，$x={x}$。"


def frac_x(inner: str, d: int) -> str:
    return f"\\frac{{{inner}}}{{{d}}}"

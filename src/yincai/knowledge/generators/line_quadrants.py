"""一次函数的图象与系数 (grade 8, choice)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said

MISSED = {(1, 1): "第四象限", (1, -1): "第二象限", (-1, 1): "第三象限", (-1, -1): "第一象限"}
ASK = {
    1: ("一次函数 $y={e}$ 的图象不经过哪个象限？", "{who}画出了直线 $y={e}$，它不会经过哪个象限？"),
    2: ("函数 $y={e}$ 的图象不经过哪个象限？", "直线 $y={e}$ 一定不经过哪个象限？"),
    3: (
        "一次函数 $y={e}$ 的图象经过三个象限，但不经过{q}，那么 $m$、$n$ 的取值范围是哪一个？",
        "直线 $y={e}$ 不与坐标轴平行、不过原点，且不经过{q}，$m$、$n$ 应满足哪一个条件？",
    ),
}


class Problem(NamedTuple):
    k: int
    b: int
    """In depth 3 the line is y = (m - k₀)x + (n - b₀), where only the signs of k and b are theirs."""
    m: int
    n: int
    depth: int
    ask: int
    who: str

    @property
    def signs(self) -> tuple[int, int]:
        return (1 if self.k > 0 else -1), (1 if self.b > 0 else -1)


def bounds(p: Problem, signs: tuple[int, int]) -> str:
    """What m and n must be for the coefficients to have these signs."""
    m, n = (">" if sign > 0 else "<" for sign in signs)
    return f"$m{m}{p.m},\\ n{n}{p.n}$"


def written(k: int, b: int, *, swapped: bool) -> str:
    slope = f"{'-' if k < 0 else ''}{'' if abs(k) == 1 else abs(k)}x"
    if swapped:
        return f"{b}{'' if k < 0 else '+'}{slope}"
    return f"{slope}{b:+d}"


class LineQuadrants(Generator[Problem]):
    code = "line-quadrants"
    name = "一次函数的图象与系数"
    grade = 8
    points = ("m8.func.linear",)
    depths = depths(("看式子", -0.3), ("调换顺序写", 0.2), ("由图象推符号", 0.7))
    malrules = rules(
        (
            "line-slope-reversed",
            "把斜率的正负看反了",
            "从左往右看，直线是上坡还是下坡？它由谁的符号决定？",
            "m8.func.proportional",
        ),
        (
            "line-intercept-reversed",
            "把截距的正负看反了",
            "直线和竖轴相交在原点的上面还是下面？",
            "m8.func.linear",
        ),
        (
            "line-roles-swapped",
            "把两个系数的作用弄混了",
            "和自变量相乘的是谁，单独站着的又是谁？先找准它们再判断。",
            "m8.func.linear",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        k, b = dice.between(1, 6) * dice.sign(), dice.between(1, 9) * dice.sign()
        m, n = dice.between(1, 9) * dice.sign(), dice.between(1, 9) * dice.sign()
        return Problem(k, b, m, n, depth, dice.between(0, 1), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        k, b = p.signs

        def said(signs: tuple[int, int]) -> Said:
            return signs, bounds(p, signs) if p.depth == 3 else MISSED[signs]

        stem = ASK[p.depth][p.ask].format(e=self.line(p), q=MISSED[p.signs], who=p.who)
        faults = [("line-slope-reversed", said((-k, b))), ("line-intercept-reversed", said((k, -b)))]
        if k != b:
            faults.append(("line-roles-swapped", said((b, k))))
        fillers = [said(signs) for signs in MISSED]
        return Draft(stem, said((k, b)), faults, kind="choice", fillers=fillers)

    def line(self, p: Problem) -> str:
        if p.depth == 3:
            return f"(m{-p.m:+d})x+(n{-p.n:+d})"
        return written(p.k, p.b, swapped=p.depth == 2)

    def clue(self, p: Problem) -> str:
        return "先在草稿纸上画出大概的样子：从左往右是上坡还是下坡？和竖轴交在哪里？"

    def method(self, p: Problem) -> str:
        return "自变量的系数为正，直线从左往右上升，为负则下降；常数项为正，直线与竖轴交在原点上方，为负则在下方。"

    def solve(self, p: Problem) -> str:
        k, b = p.signs
        slope, cross = ("上升" if k > 0 else "下降"), ("上方" if b > 0 else "下方")
        if p.depth == 3:
            first, second = (">" if sign > 0 else "<" for sign in p.signs)
            seen = f"图象不经过{MISSED[p.signs]}，从左往右{slope}，与 $y$ 轴交在原点{cross}"
            return f"{seen}，所以 $m{-p.m:+d}{first}0$，$n{-p.n:+d}{second}0$，即 {bounds(p, p.signs)}。"
        k_text = f"$k={p.k}$，从左往右{slope}；$b={p.b}$，与 $y$ 轴交在原点{cross}"
        return f"{k_text}，所以不经过{MISSED[p.signs]}。"

"""分数除法 (grade 6)."""

from math import gcd
from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, frac, ratio, tex

STORIES = {
    1: (
        ("计算：${x}\\div {y}$", ""),
        ("把 ${x}$ 米长的彩带平均剪成 {y} 段，每段长多少米？", "米"),
        ("{who}用 {y} 天看完一本书的 ${x}$，平均每天看这本书的几分之几？", ""),
    ),
    2: (
        ("计算：${x}\\div {y}$", ""),
        ("{who}走 ${x}$ 千米用了 ${y}$ 小时，平均每小时走多少千米？", "千米"),
        ("一台机器 ${y}$ 小时耕地 ${x}$ 公顷，照这样，一小时耕地多少公顷？", "公顷"),
    ),
    3: (
        ("计算：${x}\\div {y}$", ""),
        ("{x} 千克糖果，每 ${y}$ 千克装一袋，可以装多少袋？", "袋"),
        ("{who}的储蓄罐里有 {x} 元，正好是姐姐的 ${y}$，姐姐有多少元？", "元"),
    ),
}


class Problem(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    depth: int
    story: int
    who: str


def written(n: int, d: int) -> str:
    return str(n) if d == 1 else frac(n, d)


class FractionDivide(Generator[Problem]):
    code = "fraction-divide"
    name = "分数除法"
    grade = 6
    points = ("m6.frac.div",)
    depths = depths(("分数除以整数", -0.6), ("分数除以分数", 0.0), ("整数除以分数", 0.5))
    spoken = frozenset({"1"})  # a number divided by itself shows nothing
    malrules = rules(
        (
            "fracdiv-no-flip",
            "没有变倒数就相乘",
            "除号变乘号时，后面的那个数也要变一变，变成什么？",
            "m6.frac.div",
        ),
        (
            "fracdiv-flip-first",
            "把被除数变成了倒数",
            "要变倒数的是除数，被除数保持原样。",
            "m6.frac.reciprocal",
        ),
        (
            "fracdiv-flip-both",
            "两个数都变成了倒数",
            "只有除号后面的数要变成倒数，前面的请它留在原地。",
            "m6.frac.reciprocal",
        ),
        (
            "fracdiv-reversed",
            "除数和被除数弄反了",
            "想一想：是把哪个量平均分，又按哪个量去分？",
            "m5.frac.division",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        a, b = self._fraction(dice)
        c, d = self._fraction(dice)
        if depth == 1:
            c, d = dice.between(2, 9), 1
        elif depth == 3:
            a, b = dice.between(3, 24), 1
        story = dice.between(0, 2)
        if depth == 3 and story:  # bags and money come out whole
            a = c * dice.between(2, 8)
        return Problem(a, b, c, d, depth, story, dice.pick(NAMES))

    def _fraction(self, dice: Dice) -> tuple[int, int]:
        bottom = dice.between(3, 10)
        top = dice.between(2, bottom - 1)
        return (top, bottom) if gcd(top, bottom) == 1 else (bottom - 1, bottom)

    def pose(self, p: Problem) -> Draft:
        a, b, c, d, depth, story, who = p
        faults = [
            ("fracdiv-no-flip", ratio(a * c, b * d)),
            ("fracdiv-flip-first", ratio(b * c, a * d)),
        ]
        if depth == 2:  # with both flipped, b/a × d/c, or the quotient the other way round
            faults[1:] = [("fracdiv-flip-both", ratio(b * d, a * c)), ("fracdiv-reversed", ratio(b * c, a * d))]
        text, unit = STORIES[depth][story]
        return Draft(
            stem=text.format(x=written(a, b), y=written(c, d), who=who),
            right=ratio(a * d, b * c),
            faults=faults,
            unit=unit,
            points=("m6.frac.div-int",) if depth == 1 else self.points,
        )

    def clue(self, p: Problem) -> str:
        return "除以一个数，可以变成乘哪个数？先找到除数，写出它的倒数。"

    def method(self, p: Problem) -> str:
        return "被除数不变，除号变乘号，除数变成它的倒数；再按分数乘法算，能约分的先约分。"

    def solve(self, p: Problem) -> str:
        a, b, c, d, *_ = p
        x, y, turned = written(a, b), written(c, d), written(d, c)
        return f"${x}\\div {y}={x}\\times {turned}={tex(ratio(a * d, b * c))}$。"

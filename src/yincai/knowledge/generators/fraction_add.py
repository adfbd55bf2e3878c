"""异分母分数加减法 (grade 5)."""

from math import gcd, lcm
from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, frac, ratio, tex

STORIES = {
    1: (
        ("计算：${x}+{y}$", ""),
        ("{who}上午看了一本书的 ${x}$，下午看了这本书的 ${y}$，一共看了这本书的几分之几？", ""),
        ("一块菜地，${x}$ 种黄瓜，${y}$ 种番茄，两种菜一共占这块地的几分之几？", ""),
        ("一瓶果汁，早上喝了它的 ${x}$，晚上喝了它的 ${y}$，一共喝了这瓶果汁的几分之几？", ""),
    ),
    -1: (
        ("计算：${x}-{y}$", ""),
        ("一根绳子长 ${x}$ 米，{who}剪去 ${y}$ 米，还剩几分之几米？", "米"),
        ("${x}$ 比 ${y}$ 多多少？", ""),
        ("一桶油重 ${x}$ 吨，用去 ${y}$ 吨，还剩几分之几吨？", "吨"),
    ),
}
DENOMINATORS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15)


class Problem(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    sign: int
    story: int
    who: str


class FractionAdd(Generator[Problem]):
    code = "fraction-add"
    name = "异分母分数加减法"
    grade = 5
    points = ("m5.frac.add-unlike",)
    depths = depths(("成倍数的分母", -0.6), ("互质的分母", 0.0), ("要找公倍数", 0.7))
    malrules = rules(
        (
            "frac-add-across",
            "分子分母分别相加减",
            "分母不同，每一份的大小就不同，先让每一份变得一样大再合起来。",
            "m5.frac.add-unlike",
        ),
        (
            "frac-no-scale",
            "通分时只改了分母",
            "分母乘了几，分子也要乘几，分数的大小才不会变。",
            "m5.frac.property",
        ),
        (
            "frac-larger-denominator",
            "直接用大的分母，分子相加减",
            "用大的分母时，另一个分数的分子也要跟着变，看看变了没有。",
            "m5.frac.common",
        ),
        (
            "frac-scaled-once",
            "只给一个分数通分",
            "两个分数都要化成同样的分母，看看是不是漏了一个。",
            "m5.frac.common",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        b, d = self._denominators(dice, depth)
        a, c = self._top(dice, b), self._top(dice, d)
        sign, story = dice.sign(), dice.between(0, 3)
        if sign < 0 and a * d < c * b:
            a, b, c, d = c, d, a, b
        if sign > 0 and a * d + c * b > b * d:
            story = 0  # more than the whole book cannot be read
        return Problem(a, b, c, d, sign, story, dice.pick(NAMES))

    def _denominators(self, dice: Dice, depth: int) -> tuple[int, int]:
        while True:
            b, d = dice.pair(DENOMINATORS)
            common = gcd(b, d)
            kind = 2 if common == 1 else 1 if common in (b, d) else 3
            if kind == depth and lcm(b, d) <= 60:
                return b, d

    def _top(self, dice: Dice, bottom: int) -> int:
        top = dice.between(1, bottom - 1)
        return top if gcd(top, bottom) == 1 else 1

    def pose(self, p: Problem) -> Draft:
        a, b, c, d, sign, story, who = p
        m = lcm(b, d)
        faults: list[tuple[str, Said]] = []
        if sign > 0:
            faults.append(("frac-add-across", ratio(a + c, b + d)))
        elif a > c and b != d:
            faults.append(("frac-add-across", ratio(a - c, abs(b - d))))
        if sign > 0 or a > c:
            faults.append(("frac-no-scale" if m > max(b, d) else "frac-larger-denominator", ratio(a + sign * c, m)))
            if m > max(b, d):
                faults.append(("frac-larger-denominator", ratio(a + sign * c, max(b, d))))
        for once in (a * (m // b) + sign * c, a + sign * c * (m // d)):
            if once > 0 and m > max(b, d):
                faults.append(("frac-scaled-once", ratio(once, m)))
                break
        text, unit = STORIES[sign][story]
        return Draft(
            stem=text.format(x=frac(a, b), y=frac(c, d), who=who),
            right=ratio(a * d + sign * c * b, b * d),
            faults=faults,
            unit=unit,
        )

    def clue(self, p: Problem) -> str:
        return "两个分数的分母不同，每一份一样大吗？能直接把份数合起来算吗？"

    def method(self, p: Problem) -> str:
        return "先找两个分母的最小公倍数作公分母；分母乘几，分子也乘几；分母相同后，只算分子；最后能约分的要约分。"

    def solve(self, p: Problem) -> str:
        a, b, c, d, sign, *_ = p
        m, mark = lcm(b, d), "+" if sign > 0 else "-"
        x, y = a * (m // b), c * (m // d)
        total = x + sign * y
        line = f"{frac(a, b)}{mark}{frac(c, d)}={frac(x, m)}{mark}{frac(y, m)}={frac(total, m)}"
        if gcd(total, m) > 1:
            line += f"={tex(ratio(total, m))}"
        return f"{b} 和 {d} 的最小公倍数是 {m}，通分后再算：${line}$。"

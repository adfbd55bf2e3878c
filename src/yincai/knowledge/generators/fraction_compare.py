"""简单分数比大小 (grade 3, choice)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, frac

GREATER: Said = (">", "$>$")
LESS: Said = ("<", "$<$")
EQUAL: Said = ("=", "$=$")
FLIP = {">": LESS, "<": GREATER}
SIGN = {">": GREATER, "<": LESS}
STORIES = (
    "在 ${f}$ ○ ${g}$ 的圆圈里应填什么符号？",
    "两张同样大的饼，{one}吃了其中一张的 ${f}$，{two}吃了另一张的 ${g}$。比较两人吃的：${f}$ ○ ${g}$，圆圈里填什么？",
    "两根同样长的彩带，{one}用去第一根的 ${f}$，{two}用去第二根的 ${g}$。比一比：${f}$ ○ ${g}$，圆圈里填什么？",
    "同样大的两块地，一块的 ${f}$ 种花，另一块的 ${g}$ 种草。比一比：${f}$ ○ ${g}$，圆圈里填什么？",
)


class Problem(NamedTuple):
    f: tuple[int, int]
    g: tuple[int, int]
    story: int
    who: tuple[str, str]

    @property
    def sign(self) -> str:
        return ">" if self.f[0] * self.g[1] > self.g[0] * self.f[1] else "<"


class FractionCompare(Generator[Problem]):
    code = "fraction-compare"
    name = "简单分数比大小"
    grade = 3
    points = ("m3.frac.compare",)
    depths = depths(("分子是 1", -0.8), ("同分子或同分母", -0.1), ("和 1 比或差一份", 0.7))
    malrules = rules(
        (
            "frac-bigger-denominator",
            "分母大就以为分数大",
            "同一个饼，分的份数越多，每一份会变大还是变小？",
            "m3.frac.unit",
        ),
        (
            "frac-smaller-numerator",
            "以为份数少的反而大",
            "每一份同样大时，取的份数多和取的份数少，哪个大？",
            "m3.frac.several",
        ),
        (
            "frac-one-part-same",
            "有一个数相同就以为相等",
            "分子和分母各表示什么？只有一个相同，两个分数还一样大吗？",
            "m3.frac.unit",
        ),
        (
            "frac-denominator-only",
            "只看分母，分母大就以为分数小",
            "分母大，每一份是小了，可是取的份数也变多了，两样要一起看。",
            "m3.frac.several",
        ),
        (
            "frac-one-missing-same",
            "都差一份就以为相等",
            "都差一份才满，可差的那一份一样大吗？",
            "m3.frac.several",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        small, large = sorted(dice.pair(range(2, 11)))
        if depth == 1:
            pair = ((1, small), (1, large))
        elif depth == 2:
            if dice.between(0, 1):
                top = dice.between(2, 5)
                pair = ((top, small + 4), (top, large + 4))
            else:
                pair = ((small - 1, large + 1), (large - 1, large + 1))
        else:
            pair = ((small, small + 1), (large, large + 1))
        f, g = pair if dice.between(0, 1) else pair[::-1]
        return Problem(f, g, dice.between(0, len(STORIES) - 1), dice.pair(NAMES))

    def pose(self, p: Problem) -> Draft:
        if p.f[0] == p.g[0]:
            opposite, same = "frac-bigger-denominator", "frac-one-part-same"
        elif p.f[1] == p.g[1]:
            opposite, same = "frac-smaller-numerator", "frac-one-part-same"
        else:  # one part missing on both sides: the one with larger numbers is larger
            opposite, same = "frac-denominator-only", "frac-one-missing-same"
        return Draft(
            stem=STORIES[p.story].format(f=frac(*p.f), g=frac(*p.g), one=p.who[0], two=p.who[1]),
            right=SIGN[p.sign],
            faults=[(opposite, FLIP[p.sign]), (same, EQUAL)],
            kind="choice",
            size=3,
        )

    def clue(self, p: Problem) -> str:
        return "想象两个一样大的圆，按分母平均分，再按分子涂色，哪个涂得多？"

    def method(self, p: Problem) -> str:
        if p.f[0] == p.g[0]:
            return "取的份数一样多时，比每一份的大小：平均分成的份数越多，每一份就越小。"
        if p.f[1] == p.g[1]:
            return "每一份一样大时，比取了几份：取的份数越多，分数就越大。"
        return "两个分数都只差一份就满了：比一比差的那一份，差得少的离满更近。"

    def solve(self, p: Problem) -> str:
        f, g = frac(*p.f), frac(*p.g)
        result = f"所以 ${f}{p.sign}{g}$。"
        if p.f[0] == p.g[0]:
            more = max(p.f[1], p.g[1])
            return f"都取 {p.f[0]} 份；平均分成 {more} 份的每一份更小。{result}"
        if p.f[1] == p.g[1]:
            return f"每一份都是 ${frac(1, p.f[1])}$，取 {max(p.f[0], p.g[0])} 份的更多。{result}"
        return f"它们离 1 分别差 ${frac(1, p.f[1])}$ 和 ${frac(1, p.g[1])}$，差得少的更大。{result}"

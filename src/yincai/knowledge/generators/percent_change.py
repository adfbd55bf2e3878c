"""增加或减少百分之几 (grade 6)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, decimal, whole

THINGS = ("书包", "台灯", "运动鞋", "足球", "自行车", "电饭锅", "羽毛球拍", "外套")
ASKED = {
    (1, 1): "一种{thing}原价 {base} 元，涨价 ${pct}\\%$，现在的价钱是多少元？",
    (1, -1): "一种{thing}原价 {base} 元，降价 ${pct}\\%$，现在的价钱是多少元？",
    (2, 1): "{who}家上月用电 {base} 度，这个月用电 {new} 度，这个月比上月多用电百分之几？",
    (2, -1): "一种{thing}原来卖 {base} 元，现在卖 {new} 元，价钱降低了百分之几？",
    (3, 1): "一种{thing}涨价 ${pct}\\%$ 后卖 {new} 元，原价是多少元？",
    (3, -1): "一种{thing}降价 ${pct}\\%$ 后卖 {new} 元，原价是多少元？",
    (4, 1): "一种{thing}原价 {base} 元，先涨价 ${pct}\\%$，再降价 ${pct}\\%$，现在的价钱是多少元？",
    (4, -1): "一种{thing}原价 {base} 元，先降价 ${pct}\\%$，再涨价 ${pct}\\%$，现在的价钱是多少元？",
}


class Problem(NamedTuple):
    base: int
    pct: int
    sign: int
    depth: int
    thing: str
    who: str

    @property
    def new(self) -> int:
        return self.base * (100 + self.sign * self.pct) // 100


def percent(n: int, d: int) -> Said | None:
    """n/d as a percentage, where at most one decimal is needed."""
    if n * 1000 % d:
        return None
    key, text = decimal(n * 1000 // d, 1)
    return key, text + "%"


class PercentChange(Generator[Problem]):
    code = "percent-change"
    name = "增减百分之几"
    grade = 6
    points = ("m6.pct.change",)
    depths = depths(("求变化后", -0.6), ("求变了百分之几", 0.1), ("求原来", 0.7), ("先涨再降", 1.1))
    malrules = rules(
        ("pct-only-change", "只算了变化的部分", "你算出了变化的部分，题目要的是变化以后一共多少。", "m6.pct.change"),
        (
            "pct-wrong-direction",
            "涨和降弄反了",
            "再读一遍：是涨还是降？结果应比原来大还是小？",
            "m6.pct.change",
        ),
        (
            "pct-as-number",
            "把百分数当成一个数直接加减",
            "百分之几说的是谁的百分之几？先求出那一部分是多少。",
            "m6.pct.meaning",
        ),
        (
            "pct-base-swapped",
            "单位“1”找错了",
            "“比谁”的谁就是单位“1”，把它圈出来再看一看。",
            "m6.frac.of",
        ),
        ("pct-ratio-not-change", "算成了占百分之几", "题目问的是多（少）了百分之几，先求相差的部分。", "m6.pct.rate"),
        ("pct-of-new", "把现价当成单位“1”", "涨或降的百分之几是原价的，不是现价的。", "m6.frac.whole"),
        (
            "pct-forward-again",
            "求原价却又照样变了一次",
            "题目给的已经是变化后的价钱，要往回找原来的价钱。",
            "m6.frac.whole",
        ),
        ("pct-cancel", "以为一涨一降正好抵消", "两次变化的单位“1”一样吗？画线段图比一比。", "m6.pct.change"),
        ("pct-second-from-first", "只算了第一次变化", "走完了第一步，再以新的价钱为单位“1”走第二步。", "m6.pct.change"),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        thing, who, sign = dice.pick(THINGS), dice.pick(NAMES), dice.sign()
        if depth == 2:
            pct = dice.pick((10, 20, 25, 50, 60))
            return Problem(dice.between(2, 20) * 20, pct, sign, depth, thing, who)
        if depth == 4:
            return Problem(dice.between(1, 9) * 100, dice.pick((10, 20, 30, 40)), sign, depth, thing, who)
        pct = dice.pick((5, 10, 15, 20, 25, 30, 40))
        return Problem(dice.between(3, 30) * 20, pct, sign, depth, thing, who)

    def pose(self, p: Problem) -> Draft:
        stem = ASKED[p.depth, p.sign].format(base=p.base, pct=p.pct, new=p.new, thing=p.thing, who=p.who)
        right, faults, unit = (self._after, self._rate, self._before, self._twice)[p.depth - 1](p)
        point = "m6.frac.whole" if p.depth == 3 else "m6.pct.change"
        return Draft(stem, right, faults, unit, points=(point,))

    def _after(self, p: Problem) -> tuple[Said, list[tuple[str, Said]], str]:
        other = p.base * (100 - p.sign * p.pct) // 100
        faults = [
            ("pct-only-change", whole(p.base * p.pct // 100)),
            ("pct-wrong-direction", whole(other)),
            ("pct-as-number", whole(p.base + p.sign * p.pct)),
        ]
        return whole(p.new), [f for f in faults if f[1][1] != "0"], "元"

    def _rate(self, p: Problem) -> tuple[Said, list[tuple[str, Said]], str]:
        swapped = percent(abs(p.new - p.base), p.new)
        faults: list[tuple[str, Said]] = [("pct-ratio-not-change", (100 + p.sign * p.pct, f"{100 + p.sign * p.pct}%"))]
        if swapped:
            faults.append(("pct-base-swapped", swapped))
        return (p.pct, f"{p.pct}%"), faults, ""

    def _before(self, p: Problem) -> tuple[Said, list[tuple[str, Said]], str]:
        faults = [
            ("pct-of-new", decimal(p.new * (100 - p.sign * p.pct), 2)),
            ("pct-forward-again", decimal(p.new * (100 + p.sign * p.pct), 2)),
            ("pct-as-number", whole(p.new - p.sign * p.pct)),
        ]
        return whole(p.base), faults, "元"

    def _twice(self, p: Problem) -> tuple[Said, list[tuple[str, Said]], str]:
        faults = [("pct-cancel", whole(p.base)), ("pct-second-from-first", whole(p.new))]
        return decimal(p.base * (100 * 100 - p.pct * p.pct), 4), faults, "元"

    def clue(self, p: Problem) -> str:
        if p.depth == 4:
            return "两次变化的“百分之几”，分别是以谁为单位“一”的？它们一样吗？"
        return "先找单位“一”：百分之几是谁的百分之几？画一条线段表示它。"

    def method(self, p: Problem) -> str:
        return {
            1: "原价是单位“一”：先求变化的部分，再和原价合起来（涨就加，降就减）。",
            2: "先求相差多少，再除以“比”字后面的那个量（单位“一”），最后化成百分数。",
            3: "原价是未知的单位“一”，设它为 $x$，根据“原价×（一加或减百分之几）＝现价”列方程。",
            4: "分两步走：第一步以原价为单位“一”；第二步以第一步得到的价钱为单位“一”。",
        }[p.depth]

    def solve(self, p: Problem) -> str:
        mark = "+" if p.sign > 0 else "-"
        if p.depth == 1:
            return f"${p.base}\\times (1{mark}{p.pct}\\%)={p.new}$（元）。"
        if p.depth == 2:
            gap = abs(p.new - p.base)
            return f"相差 ${gap}$，以原来的量为单位“1”：${gap}\\div {p.base}={p.pct}\\%$。"
        if p.depth == 3:
            return f"设原价 $x$ 元：$(1{mark}{p.pct}\\%)x={p.new}$，$x={p.base}$。"
        back = "-" if p.sign > 0 else "+"
        end = self._twice(p)[0][1]
        return f"${p.base}\\times (1{mark}{p.pct}\\%)={p.new}$，${p.new}\\times (1{back}{p.pct}\\%)={end}$（元）。"

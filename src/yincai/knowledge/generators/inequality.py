"""一元一次不等式 (grade 7, choice)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, poly, ratio, tex

ASK = (
    "不等式 ${e}$ 的解集是哪一个？",
    "{who}解不等式 ${e}$，正确的解集应是哪一个？",
    "下面哪一个是不等式 ${e}$ 的解集？",
)
SIGNS = ("<", ">", "\\le ", "\\ge ")
FLIPPED = {"<": ">", ">": "<", "\\le ": "\\ge ", "\\ge ": "\\le "}


class Problem(NamedTuple):
    depth: int
    a: int
    b: int
    c: int
    k: int
    sign: str
    ask: int
    who: str

    @property
    def slope(self) -> int:
        return self.a - self.c


def option(sign: str, bound: Said) -> Said:
    return (sign, bound[0]), f"$x{sign}{tex(bound)}$"


class Inequality(Generator[Problem]):
    code = "inequality"
    name = "一元一次不等式"
    grade = 7
    points = ("m7.ineq.solve",)
    depths = depths(("系数为正", -0.3), ("系数为负", 0.4), ("两边都有未知数", 0.9))
    malrules = rules(
        (
            "ineq-no-flip",
            "除以负数时没有改变方向",
            "两边同除以一个负数，不等号的方向会怎样？取个数代进去试试。",
            "m7.ineq.property",
        ),
        (
            "ineq-flip-always",
            "除以正数也改变了方向",
            "什么时候不等号才要转身？看看除的是正数还是负数。",
            "m7.ineq.property",
        ),
        ("ineq-move-keeps-sign", "移项没有变号", "移项要变号，和解方程时一样。", "m7.eq.transpose"),
        ("ineq-sign-lost", "除以负数时丢了负号", "商的符号也要看清：正数除以负数得什么？", "m7.num.div"),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        a = dice.between(2, 8) * (-1 if depth == 2 else 1)
        c = 0
        if depth == 3:
            c = a + dice.between(2, 6)
        k = dice.between(1, 9) * dice.sign()
        b = (a - c) * dice.between(1, 4) * dice.sign()  # so that a term moved without its sign stays whole
        return Problem(depth, a, b, c, k, dice.pick(SIGNS), dice.between(0, 2), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        slope, bound = p.slope, p.slope * p.k
        sign = p.sign if slope > 0 else FLIPPED[p.sign]
        right = option(sign, ratio(bound, slope))
        faults = [("ineq-move-keeps-sign", option(sign, ratio(bound + 2 * p.b, slope)))]
        if slope < 0:
            faults.append(("ineq-no-flip", option(p.sign, ratio(bound, slope))))
            faults.append(("ineq-sign-lost", option(sign, ratio(-bound, slope))))
        else:
            faults.append(("ineq-flip-always", option(FLIPPED[sign], ratio(bound, slope))))
        return Draft(
            stem=ASK[p.ask].format(e=self.text(p), who=p.who),
            right=right,
            faults=faults,
            kind="choice",
            fillers=(option(FLIPPED[sign], ratio(-bound, slope)), option(sign, ratio(bound + p.b, slope))),
        )

    def text(self, p: Problem) -> str:
        return f"{poly((p.a, p.b))[1]}{p.sign}{poly((p.c, p.slope * p.k + p.b))[1]}"

    def clue(self, p: Problem) -> str:
        return "步骤和解方程一样，只有一处要特别小心：最后除以的是正数还是负数？"

    def method(self, p: Problem) -> str:
        return "移项要变号，合并同类项；两边同除以正数，不等号方向不变，同除以负数，方向要改变。"

    def solve(self, p: Problem) -> str:
        slope = p.slope
        sign = p.sign if slope > 0 else FLIPPED[p.sign]
        turn = "方向不变" if slope > 0 else "方向改变"
        step = f"移项、合并得 ${poly((slope, 0))[1]}{p.sign}{slope * p.k}$"
        return f"{step}；两边除以 ${slope}$，不等号{turn}，$x{sign}{p.k}$。"

"""小数乘法 (grade 5)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, decimal, whole

STORIES = (
    ("计算：${x}\\times {y}$", ""),
    ("苹果每千克 {x} 元，{who}买了 {y} 千克，要付多少元？", "元"),
    ("一种布每米 {x} 元，买 {y} 米要多少元？", "元"),
    ("一种铁丝每米重 {x} 千克，{who}买了 {y} 米，一共重多少千克？", "千克"),
    ("列竖式计算：${x}\\times {y}$", ""),
)


class Problem(NamedTuple):
    a: int
    a_places: int
    b: int
    b_places: int
    story: int
    who: str

    @property
    def places(self) -> int:
        return self.a_places + self.b_places


def parts(p: Problem) -> Said:
    """Whole parts and decimal parts multiplied apart and written side by side: 3.5 × 6 → 18.30."""
    a_unit, b_unit = 10**p.a_places, 10**p.b_places
    left = (p.a // a_unit) * (p.b // b_unit)
    right = (p.a % a_unit) * (p.b % b_unit if p.b_places else p.b)
    width = max(p.a_places, p.b_places, len(str(right)))
    return decimal(left * 10**width + right, width)


class DecimalMultiply(Generator[Problem]):
    code = "decimal-multiply"
    name = "小数乘法"
    grade = 5
    points = ("m5.dec.mul",)
    depths = depths(("小数乘整数", -0.9), ("一位小数相乘", -0.1), ("要补 0", 0.8))
    malrules = rules(
        (
            "decmul-align-point",
            "像加法那样对齐小数点",
            "乘法的小数点不是对齐下来的，数一数两个因数一共有几位小数。",
            "m5.dec.mul",
        ),
        (
            "decmul-forget-point",
            "忘了点小数点",
            "先按整数乘做得很好，最后一步：小数点该点在哪里？",
            "m5.dec.mul",
        ),
        (
            "decmul-zero-dropped-first",
            "先去掉末尾的 0 再数位数",
            "先点好小数点，再去掉末尾的 0，顺序换了结果就变了。",
            "m4.dec.property",
        ),
        (
            "decmul-parts-apart",
            "整数部分和小数部分各乘各的",
            "把小数看成一个完整的数来乘，别把小数点两边拆开。",
            "m5.dec.mul-int",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        story, who = dice.between(0, len(STORIES) - 1), dice.pick(NAMES)
        if depth == 1:
            a = dice.between(1, 9) * 10 + dice.between(2, 9)
            return Problem(a, 1, dice.between(3, 9), 0, story, who)
        if depth == 2:
            a = dice.between(1, 12) * 10 + dice.between(1, 9)
            return Problem(a, 1, dice.between(1, 4) * 10 + dice.between(2, 9), 1, story, who)
        a, b = dice.between(2, 49), dice.between(2, 9)
        return Problem(a + (a % 10 == 0), 2, b, 1, story - story % 4, who)  # such small prices would be odd

    def pose(self, p: Problem) -> Draft:
        text, unit = STORIES[p.story]
        product = p.a * p.b
        faults = [
            ("decmul-forget-point", whole(product)),
            ("decmul-parts-apart", parts(p)),
        ]
        if p.b_places:
            faults.append(("decmul-align-point", decimal(product, max(p.a_places, p.b_places))))
        if product % 10 == 0:
            faults.append(("decmul-zero-dropped-first", decimal(int(str(product).rstrip("0")), p.places)))
        return Draft(
            stem=text.format(x=decimal(p.a, p.a_places)[1], y=decimal(p.b, p.b_places)[1], who=p.who),
            right=decimal(product, p.places),
            faults=faults,
            unit=unit,
            points=self.points if p.b_places else ("m5.dec.mul-int",),
        )

    def clue(self, p: Problem) -> str:
        return "先不看小数点，按整数相乘；再想：因数里一共有几位小数？"

    def method(self, p: Problem) -> str:
        return "按整数乘出积，再数因数一共有几位小数，就从积的右边起数出几位点上小数点；位数不够，在前面用零补足。"

    def solve(self, p: Problem) -> str:
        x, y = decimal(p.a, p.a_places)[1], decimal(p.b, p.b_places)[1]
        product = p.a * p.b
        text = f"${p.a}\\times {p.b}={product}$；因数一共有 {p.places} 位小数，"
        end = "，末尾的 0 可以去掉" if product % 10 == 0 else ""
        return text + f"从右边起数出 {p.places} 位点小数点{end}：${x}\\times {y}={decimal(product, p.places)[1]}$。"

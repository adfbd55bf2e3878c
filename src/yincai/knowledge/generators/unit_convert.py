"""单位换算 (grade 4)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, decimal, whole


class Step(NamedTuple):
    large: str
    small: str
    power: int
    """The factor is ten to this power."""
    area: bool


PAIRS = (
    Step("平方米", "平方分米", 2, True),
    Step("平方分米", "平方厘米", 2, True),
    Step("平方米", "平方分米", 2, True),
    Step("米", "分米", 1, False),
    Step("米", "厘米", 2, False),
    Step("千米", "米", 3, False),
    Step("千克", "克", 3, False),
    Step("吨", "千克", 3, False),
)
STORIES = ("填空：", "{who}做手工时要换算单位：", "想一想，填一填：", "请帮{who}填好记录单：")


class Problem(NamedTuple):
    pair: Step
    big: int
    small: int
    depth: int
    story: int
    who: str


class UnitConvert(Generator[Problem]):
    code = "unit-convert"
    name = "单位换算"
    grade = 4
    points = ("m4.dec.units",)
    depths = depths(("大单位化小单位", -0.7), ("小单位化大单位", 0.2), ("复名数", 0.6))
    spoken = frozenset({"1", "10", "100", "1000"})
    malrules = rules(
        (
            "unit-linear-factor",
            "面积单位用了长度的进率",
            "面积单位是一个个小正方形，一行有几个、有几行，都要想到。",
            "m3.area.convert",
        ),
        (
            "unit-wrong-factor",
            "进率记错了",
            "先回想一个大单位里有多少个小单位，再动笔。",
            "m3.measure.convert",
        ),
        (
            "unit-wrong-way",
            "乘除弄反了",
            "单位变小，数应该变大还是变小？先估一估再算。",
            "m4.dec.shift",
        ),
        (
            "unit-glued",
            "把两个数直接拼在一起",
            "两个数的单位不同，先把其中一个化成另一个的单位，再合起来。",
            "m4.dec.units",
        ),
        (
            "unit-added-raw",
            "单位不同就直接相加",
            "一个大单位和一个小单位不能直接加，就像一元和一角不是两元。",
            "m4.dec.units",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        pair = dice.pick(PAIRS)
        factor = 10**pair.power
        if depth == 2:
            small = dice.between(2, 98) * (1 if pair.power == 1 else 10 ** (pair.power - 1)) + (
                dice.between(1, 9) if pair.power == 2 else 0
            )
            big = 0
        else:
            big = dice.between(2, 40)
            small = dice.between(2, min(factor - 1, 9)) if depth == 3 else 0
        return Problem(pair, big, small, depth, dice.between(0, len(STORIES) - 1), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        lead = STORIES[p.story].format(who=p.who)
        pair = p.pair
        if p.depth == 2:
            stem = f"{lead}{p.small} {pair.small} ＝（　　）{pair.large}"
            return Draft(stem, decimal(p.small, pair.power), self._upward(p))
        if p.depth == 1:
            stem = f"{lead}{p.big} {pair.large} ＝（　　）{pair.small}"
        else:
            stem = f"{lead}{p.big} {pair.large} {p.small} {pair.small} ＝（　　）{pair.small}"
        return Draft(stem, whole(p.big * 10**pair.power + p.small), self._downward(p))

    def _wrong_power(self, pair: Step) -> tuple[str, int]:
        if pair.area:
            return "unit-linear-factor", 1
        return "unit-wrong-factor", 2 if pair.power != 2 else 1

    def _upward(self, p: Problem) -> list[tuple[str, Said]]:
        rule, power = self._wrong_power(p.pair)
        return [(rule, decimal(p.small, power)), ("unit-wrong-way", whole(p.small * 10**p.pair.power))]

    def _downward(self, p: Problem) -> list[tuple[str, Said]]:
        rule, power = self._wrong_power(p.pair)
        faults: list[tuple[str, Said]] = [(rule, whole(p.big * 10**power + p.small))]
        if p.depth == 3:
            faults.append(("unit-added-raw", whole(p.big + p.small)))
            if p.pair.power == 3:  # elsewhere gluing gives what the wrong factor or the right way gives
                faults.append(("unit-glued", whole(int(f"{p.big}{p.small}"))))
            return faults
        return [*faults, ("unit-wrong-way", decimal(p.big, p.pair.power))]

    def clue(self, p: Problem) -> str:
        if p.depth == 2:
            return "从小单位到大单位，数会变大还是变小？先估一估。"
        return "从大单位到小单位，数会变大还是变小？先想好进率。"

    def method(self, p: Problem) -> str:
        base = f"先想：一{p.pair.large}里有几个一{p.pair.small}，这就是进率。"
        if p.pair.area:
            base += "可以画一个大正方形，数数能摆几行、每行几个小正方形。"
        if p.depth == 2:
            return base + "小单位化大单位，除以进率，也就是把小数点向左移。"
        text = base + "大单位化小单位，乘进率。"
        return text + ("最后把原来的小单位部分加上。" if p.depth == 3 else "")

    def solve(self, p: Problem) -> str:
        pair, factor = p.pair, 10**p.pair.power
        start = f"1 {pair.large} ＝ {factor} {pair.small}，"
        if p.depth == 2:
            return start + f"${p.small}\\div {factor}={decimal(p.small, pair.power)[1]}$（{pair.large}）。"
        text = start + f"${p.big}\\times {factor}={p.big * factor}$"
        if p.depth == 3:
            text += f"，再加上 {p.small}：${p.big * factor}+{p.small}={p.big * factor + p.small}$"
        return text + f"（{pair.small}）。"

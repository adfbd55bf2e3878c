"""平行四边形、三角形、梯形的面积 (grade 5)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import Said, decimal, whole

UNITS = ("厘米", "分米", "米")
REAL = {"triangle": "分米", "parallelogram": "米", "trapezoid": "分米", "height": "厘米"}
"""What the second story of each shape is measured in."""
STEMS = {
    "triangle": (
        "一个三角形的底是 {a} {u}，这条底上的高是 {h} {u}，另一条边长 {s} {u}，它的面积是多少平方{u}？",
        "一面三角形小旗，底 {a} {u}，对应的高 {h} {u}，斜边上缝了 {s} {u} 的花边，旗面有多少平方{u}？",
    ),
    "parallelogram": (
        "一个平行四边形的底是 {a} {u}，高是 {h} {u}，和底相邻的边长 {s} {u}，它的面积是多少平方{u}？",
        "一块平行四边形的草坪，底 {a} {u}，斜着的邻边 {s} {u}，底上的高 {h} {u}，草坪有多少平方{u}？",
    ),
    "trapezoid": (
        "一个梯形的上底是 {b} {u}，下底是 {a} {u}，高是 {h} {u}，它的面积是多少平方{u}？",
        "一段水渠的横截面是梯形，上口宽 {a} {u}，底宽 {b} {u}，深 {h} {u}，横截面有多少平方{u}？",
    ),
    "height": (
        "一个三角形的面积是 {area} 平方{u}，底是 {a} {u}，这条底上的高是多少{u}？",
        "要画一个面积是 {area} 平方{u}、底是 {a} {u}的三角形，高应画多少{u}？",
    ),
}
POINTS = {
    "triangle": "m5.area.triangle",
    "parallelogram": "m5.area.parallelogram",
    "trapezoid": "m5.area.trapezoid",
    "height": "m5.area.triangle",
}
SHAPES = {1: ("triangle", "parallelogram"), 2: ("trapezoid",), 3: ("height",)}


class Problem(NamedTuple):
    shape: str
    a: int
    b: int
    h: int
    s: int
    story: int
    unit: str


def half(n: int) -> Said:
    return decimal(n * 5, 1)


class PolygonArea(Generator[Problem]):
    code = "polygon-area"
    name = "多边形的面积"
    grade = 5
    points = ("m5.area.parallelogram", "m5.area.triangle", "m5.area.trapezoid")
    depths = depths(
        ("三角形和平行四边形", -0.6, {"m5.area.triangle": "三角形", "m5.area.parallelogram": "平行四边形"}),
        ("梯形", 0.1),
        ("倒求高", 0.8),
    )
    malrules = rules(
        (
            "area-half-forgotten",
            "忘了除以 2",
            "两个完全一样的图形才能拼成平行四边形，那一个图形占多少呢？",
            "m5.area.triangle",
        ),
        (
            "area-half-invented",
            "平行四边形也除以 2",
            "想一想割补的过程：平行四边形剪下来补过去，变成了怎样的图形？",
            "m5.area.parallelogram",
        ),
        (
            "area-slant-for-height",
            "把斜边当成高",
            "高要和底垂直，看看你用的那条边是直着的还是斜着的。",
            "m4.tri.features",
        ),
        (
            "area-one-base",
            "梯形只用了一条底",
            "梯形的上底和下底不一样长，两条都要请进公式里。",
            "m5.area.trapezoid",
        ),
        (
            "area-doubling-forgotten",
            "倒求高时忘了先乘 2",
            "三角形的面积是底乘高的一半，倒回去时要先变成完整的平行四边形。",
            "m5.eq.letters",
        ),
        (
            "area-halved-twice",
            "倒求高时又除以 2",
            "倒回去的路和来时相反，想想那个“一半”该怎样还原。",
            "m5.area.triangle",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        shape = dice.pick(SHAPES[depth])
        h = dice.between(3, 12)
        a = dice.between(2, 9) * 2 if shape in ("triangle", "height") else dice.between(5, 18)
        b = dice.between(2, a - 1)
        slant, story, unit = h + dice.between(1, 4), dice.between(0, 1), dice.pick(UNITS)
        return Problem(shape, a, b, h, slant, story, REAL[shape] if story else unit)

    def pose(self, p: Problem) -> Draft:
        shape, a, b, h, s, story, unit = p
        right: Said
        faults: list[tuple[str, Said]]
        if shape == "triangle":
            right = half(a * h)
            faults = [("area-half-forgotten", whole(a * h)), ("area-slant-for-height", half(a * s))]
        elif shape == "parallelogram":
            right = whole(a * h)
            faults = [("area-slant-for-height", whole(a * s)), ("area-half-invented", half(a * h))]
        elif shape == "trapezoid":
            right = half((a + b) * h)
            faults = [("area-half-forgotten", whole((a + b) * h)), ("area-one-base", half(a * h))]
        else:
            right = whole(h)
            faults = [("area-doubling-forgotten", half(h)), ("area-halved-twice", decimal(h * 25, 2))]
        return Draft(
            stem=STEMS[shape][story].format(a=a, b=b, h=h, s=s, u=unit, area=half(a * h)[1]),
            right=right,
            faults=faults,
            unit=unit if shape == "height" else "平方" + unit,
            points=(POINTS[shape],),
        )

    def clue(self, p: Problem) -> str:
        if p.shape == "height":
            return "面积是由底和高算来的，现在知道面积和底，要倒着走回去。"
        if p.shape == "trapezoid":
            return "两个完全一样的梯形能拼成一个平行四边形，它的底是哪两条底合起来的？"
        return "先找到底，再找和它垂直的高；题目里有没有用不上的数？"

    def method(self, p: Problem) -> str:
        return {
            "triangle": "三角形的面积＝底×高的一半，底和高要互相垂直。",
            "parallelogram": "平行四边形割补成长方形：面积＝底×高，斜着的邻边不是高。",
            "trapezoid": "梯形的面积＝（上底＋下底）×高的一半。",
            "height": "三角形的面积是底乘高的一半：先把面积加倍，再除以底，就得到高。",
        }[p.shape]

    def solve(self, p: Problem) -> str:
        shape, a, b, h, _, _, unit = p
        if shape == "triangle":
            return f"${a}\\times {h}\\div 2={half(a * h)[1]}$（平方{unit}）。"
        if shape == "parallelogram":
            return f"${a}\\times {h}={a * h}$（平方{unit}）。"
        if shape == "trapezoid":
            return f"$({a}+{b})\\times {h}\\div 2={half((a + b) * h)[1]}$（平方{unit}）。"
        return f"${half(a * h)[1]}\\times 2\\div {a}={a * h}\\div {a}={h}$（{unit}）。"

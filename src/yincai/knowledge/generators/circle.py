"""圆的周长和面积, π as 3.14 (grade 6)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, decimal

ANY = ("厘米", "分米", "米")
ASKED = {
    ("around", 1): (
        ("一个圆的半径是 {r} {u}，它的周长是多少{u}？", ANY),
        ("{who}用圆规画圆，两脚张开 {r} {u}，画出的圆一圈长多少{u}？", ("厘米",)),
    ),
    ("area", 1): (
        ("一个圆的半径是 {r} {u}，它的面积是多少平方{u}？", ANY),
        ("自动喷水器的射程是 {r} {u}，它转一圈能喷到多少平方{u}？", ("米",)),
    ),
    ("around", 2): (
        ("一个圆形花坛的直径是 {d} {u}，沿着它走一圈是多少{u}？", ("米",)),
        ("一个车轮的直径是 {d} {u}，滚动一周前进多少{u}？", ("分米",)),
    ),
    ("area", 2): (
        ("一张圆桌的直径是 {d} {u}，桌面的面积是多少平方{u}？", ("分米",)),
        ("{who}剪了一个直径 {d} {u}的圆纸片，它有多少平方{u}？", ("厘米",)),
    ),
    ("half", 3): (
        ("一个半圆形的直径是 {d} {u}，这个半圆形的周长是多少{u}？", ANY),
        ("把半径 {r} {u}的圆纸片沿直径对折剪开，得到的半圆形的周长是多少{u}？", ("厘米",)),
    ),
    ("ring", 3): (
        ("一个圆环，外圆半径 {r} {u}，内圆半径 {k} {u}，圆环的面积是多少平方{u}？", ANY),
        ("半径 {k} {u}的圆形水池外面铺一圈小路，连同小路的半径是 {r} {u}，小路有多少平方{u}？", ("米",)),
    ),
}
NOTE = "（$\\pi$ 取 $3.14$）"


class Problem(NamedTuple):
    ask: str
    depth: int
    r: int
    k: int
    story: int
    unit: str
    who: str


def pi(n: int) -> Said:
    """n × 3.14"""
    return decimal(314 * n, 2)


class Circle(Generator[Problem]):
    code = "circle"
    name = "圆的周长和面积"
    grade = 6
    points = ("m6.circle.circumference", "m6.circle.area")
    depths = depths(
        ("知道半径", -0.5, {"m6.circle.circumference": "由半径求周长", "m6.circle.area": "由半径求面积"}),
        ("知道直径", 0.1, {"m6.circle.area": "由直径求面积", "m6.circle.circumference": "由直径求周长"}),
        ("半圆和圆环", 0.9, {"m6.circle.circumference": "半圆的周长", "m6.circle.ring": "圆环的面积"}),
    )
    malrules = rules(
        (
            "circle-area-for-around",
            "求周长却用了面积公式",
            "题目问的是“一圈有多长”，再看看你用的公式算的是线还是面。",
            "m3.area.meaning",
        ),
        (
            "circle-around-for-area",
            "求面积却用了周长公式",
            "题目问的是“面有多大”，公式里半径要自己乘自己。",
            "m3.area.meaning",
        ),
        (
            "circle-diameter-as-radius",
            "把直径当成半径",
            "题目给的是直径还是半径？公式里要用的是哪一个？",
            "m6.circle.parts",
        ),
        (
            "circle-half-of-around",
            "周长只算了一半",
            "绕一整圈的长和直径有关，看看是不是少了一半。",
            "m6.circle.circumference",
        ),
        ("circle-square-forgotten", "忘了半径要平方", "面积公式里，半径乘了几次？再看一眼公式。", "m6.circle.area"),
        (
            "circle-half-arc-only",
            "半圆的周长漏了直径",
            "用手指沿半圆形的边走一圈，直直的那一段走了吗？",
            "m3.rect.perimeter-meaning",
        ),
        (
            "circle-half-adds-radius",
            "半圆的直边只加了半径",
            "半圆形直直的那条边有多长？是半径还是直径？",
            "m6.circle.parts",
        ),
        (
            "circle-ring-subtract-first",
            "先减半径再平方",
            "圆环是大圆面积减去小圆面积，先分别求两个圆。",
            "m6.circle.ring",
        ),
        ("circle-ring-around", "用周长之差当圆环面积", "圆环问的是面的大小，别用两圈的长度相减。", "m6.circle.area"),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        ask = dice.pick(("half", "ring") if depth == 3 else ("around", "area"))
        r = dice.between(3, 15)
        k = dice.between(2, r - 1)
        story = dice.between(0, 1)
        unit = dice.pick(ASKED[ask, depth][story][1])
        return Problem(ask, depth, r, k, story, unit, dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        r, k = p.r, p.k
        text = ASKED[p.ask, p.depth][p.story][0].format(r=r, k=k, d=2 * r, u=p.unit, who=p.who)
        right, faults = self._outcomes(p.ask, p.depth, r, k)
        area = p.ask in ("area", "ring")
        point = {"ring": "m6.circle.ring", "area": "m6.circle.area"}.get(p.ask, "m6.circle.circumference")
        return Draft(text + NOTE, right, faults, "平方" + p.unit if area else p.unit, points=(point,))

    def _outcomes(self, ask: str, depth: int, r: int, k: int) -> tuple[Said, list[tuple[str, Said]]]:
        if ask == "around":
            faults = [("circle-area-for-around", pi(r * r))]
            faults.append(("circle-half-of-around", pi(r)) if depth == 1 else ("circle-diameter-as-radius", pi(4 * r)))
            return pi(2 * r), faults
        if ask == "area":
            faults = [("circle-around-for-area", pi(2 * r))]
            if depth == 2:
                faults.append(("circle-diameter-as-radius", pi(4 * r * r)))
            else:
                faults.append(("circle-square-forgotten", pi(r)))
            return pi(r * r), faults
        if ask == "half":
            arc = 314 * r
            faults = [
                ("circle-half-arc-only", decimal(arc, 2)),
                ("circle-half-adds-radius", decimal(arc + 100 * r, 2)),
            ]
            return decimal(arc + 200 * r, 2), faults
        gap = r - k
        faults = [("circle-ring-subtract-first", pi(gap * gap)), ("circle-ring-around", pi(2 * gap))]
        return pi(r * r - k * k), faults

    def clue(self, p: Problem) -> str:
        return {
            "around": "题目要求的是一圈的长度。给的是半径还是直径？",
            "area": "题目要求的是面的大小。公式里用的是半径，你有半径吗？",
            "half": "半圆形的边是由一段弯的和一段直的围成的，两段都要想到。",
            "ring": "圆环像从大圆里挖去一个小圆，剩下的怎么算？",
        }[p.ask]

    def method(self, p: Problem) -> str:
        return {
            "around": "周长 $C=\\pi d$，直径是半径的两倍。",
            "area": "先求出半径，面积等于圆周率乘半径，再乘半径。",
            "half": "半圆形的周长＝圆周长的一半＋直径。",
            "ring": "分别求出大圆和小圆的面积，再相减。",
        }[p.ask]

    def solve(self, p: Problem) -> str:
        r, k = p.r, p.k
        right = self._outcomes(p.ask, p.depth, r, k)[0][1]
        first = f"半径是 ${2 * r}\\div 2={r}$，" if p.depth == 2 and p.ask == "area" else ""
        return (
            first
            + {
                "around": f"$3.14\\times {2 * r}={right}$（{p.unit}）。",
                "area": f"$3.14\\times {r}\\times {r}={right}$（平方{p.unit}）。",
                "half": f"弯的一段 $3.14\\times {r}={pi(r)[1]}$，加上直径 ${2 * r}$，一共 ${right}$（{p.unit}）。",
                "ring": f"$3.14\\times ({r}^2-{k}^2)={right}$（平方{p.unit}）。",
            }[p.ask]
        )

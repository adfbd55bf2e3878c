"""长方形的周长和面积 (grade 3)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said, decimal, whole

PLAIN = {
    "perimeter": ("一个长方形长 {a} 厘米，宽 {b} 厘米，它的周长是多少厘米？", "厘米"),
    "area": ("一个长方形长 {a} 厘米，宽 {b} 厘米，它的面积是多少平方厘米？", "平方厘米"),
}
STORIES = {
    "perimeter": (
        ("学校要给一块长 {a} 米、宽 {b} 米的长方形花坛围一圈栅栏，栅栏长多少米？", "米"),
        ("{who}沿着长 {a} 米、宽 {b} 米的长方形操场走一圈，走了多少米？", "米"),
        ("妈妈给一块长 {a} 分米、宽 {b} 分米的地毯四周缝花边，花边长多少分米？", "分米"),
    ),
    "area": (
        ("学校礼堂长 {a} 米、宽 {b} 米，给地面铺满地板，要铺多少平方米？", "平方米"),
        ("{who}用一张长 {a} 分米、宽 {b} 分米的彩纸包墙报，彩纸有多少平方分米大？", "平方分米"),
        ("一块长方形菜地长 {a} 米、宽 {b} 米，种满青菜的地有多少平方米？", "平方米"),
    ),
}
INVERSE = {
    "perimeter": ("一个长方形的周长是 {whole} 米，长是 {a} 米，宽是多少米？", "米"),
    "area": ("一个长方形的面积是 {whole} 平方米，长是 {a} 米，宽是多少米？", "米"),
}


class Problem(NamedTuple):
    a: int
    b: int
    ask: str
    depth: int
    story: int
    who: str


def halved(n: int) -> Said:
    return decimal(n * 5, 1)


class Rectangle(Generator[Problem]):
    code = "rectangle"
    name = "长方形的周长和面积"
    grade = 3
    points = ("m3.rect.perimeter", "m3.area.rect")
    depths = depths(
        ("直接求", -0.9, {"m3.area.rect": "直接求面积", "m3.rect.perimeter": "直接求周长"}),
        ("想清楚求什么", 0.0, {"m3.rect.perimeter": "生活里求周长", "m3.area.rect": "生活里求面积"}),
        ("倒着求", 0.8, {"m3.rect.perimeter": "由周长倒着求", "m3.area.rect": "由面积倒着求"}),
    )
    malrules = rules(
        (
            "rect-area-for-perimeter",
            "求周长却算了面积",
            "“一圈有多长”和“面有多大”是两件事，再读读题目问的是哪一件。",
            "m3.area.meaning",
        ),
        (
            "rect-perimeter-for-area",
            "求面积却算了周长",
            "你算的是绕一圈的长度；题目要的是里面铺满有多大。",
            "m3.area.meaning",
        ),
        (
            "rect-half-perimeter",
            "只加了一条长和一条宽",
            "长方形有几条边？沿着边走一圈，看看有没有漏掉的。",
            "m3.rect.features",
        ),
        (
            "rect-one-side-off",
            "从周长里只减了一条长",
            "周长里有两条长、两条宽，减一减还剩哪几条边？",
            "m3.rect.perimeter",
        ),
        (
            "rect-forgot-halving",
            "减去两条长后忘了平分",
            "减完以后剩下的是两条宽，那一条宽呢？",
            "m3.rect.perimeter",
        ),
        ("rect-area-minus-length", "用面积减去长", "面积是长和宽相乘得到的，倒回去该用什么运算？", "m3.area.rect"),
        ("rect-area-halved", "把面积当周长倒推", "这里给的是面积还是周长？想想它是怎样算出来的。", "m3.area.meaning"),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        ask = dice.pick(("perimeter", "area"))
        b = dice.between(3, 19)
        a = b + dice.between(1, 21)
        return Problem(a, b, ask, depth, dice.between(0, 2), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        a, b = p.a, p.b
        point = ("m3.rect.perimeter",) if p.ask == "perimeter" else ("m3.area.rect",)
        if p.depth == 3:
            return self._inverse(p, point)
        text, unit = PLAIN[p.ask] if p.depth == 1 else STORIES[p.ask][p.story]
        around, inside = whole(2 * (a + b)), whole(a * b)
        right, other, rule = (
            (around, inside, "rect-area-for-perimeter")
            if p.ask == "perimeter"
            else (inside, around, "rect-perimeter-for-area")
        )
        faults = [(rule, other), ("rect-half-perimeter", whole(a + b))]
        return Draft(text.format(a=a, b=b, who=p.who), right, faults, unit, points=point)

    def _inverse(self, p: Problem, point: tuple[str, ...]) -> Draft:
        a, b = p.a, p.b
        text, unit = INVERSE[p.ask]
        faults: list[tuple[str, Said]]
        if p.ask == "perimeter":
            total = 2 * (a + b)
            faults = [("rect-one-side-off", whole(total - a)), ("rect-forgot-halving", whole(2 * b))]
        else:
            total = a * b
            faults = [("rect-area-minus-length", whole(total - a))]
            if total > 2 * a:
                faults.append(("rect-area-halved", halved(total - 2 * a)))
        return Draft(text.format(whole=total, a=a), whole(b), faults, unit, points=point)

    def clue(self, p: Problem) -> str:
        if p.depth == 3:
            return "先写出求" + ("周长" if p.ask == "perimeter" else "面积") + "的式子，再看看缺的是哪一个。"
        return "题目问的是“一圈有多长”，还是“面有多大”？画个图，用笔描一描。"

    def method(self, p: Problem) -> str:
        if p.ask == "perimeter":
            if p.depth == 3:
                return "周长是两条长加两条宽：先从周长里减去两条长，剩下的平均分给两条宽。"
            return "长方形的周长＝（长＋宽）的两倍，四条边一条也不能少。"
        if p.depth == 3:
            return "长方形的面积＝长×宽，知道面积和长，就用除法求宽。"
        return "长方形的面积＝长×宽，想一想每排摆几个、摆了几排单位正方形。"

    def solve(self, p: Problem) -> str:
        a, b = p.a, p.b
        if p.ask == "perimeter":
            total = 2 * (a + b)
            if p.depth == 3:
                return (
                    f"两条长是 $2\\times {a}={2 * a}$，两条宽是 ${total}-{2 * a}={2 * b}$，宽是 ${2 * b}\\div 2={b}$。"
                )
            return f"周长是 $({a}+{b})\\times 2={total}$。"
        if p.depth == 3:
            return f"宽是 ${a * b}\\div {a}={b}$。"
        return f"面积是 ${a}\\times {b}={a * b}$。"

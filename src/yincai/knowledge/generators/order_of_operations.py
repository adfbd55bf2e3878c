"""四则运算的顺序 (grade 4)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, whole

STORIES = {
    "a+b*c": (
        ("一个书包 {a} 元，一盒彩笔 {c} 元。买一个书包和 {b} 盒彩笔，一共要多少元？", "元"),
        ("{who}已经攒了 {a} 张邮票，又买了 {b} 套，每套 {c} 张，现在有多少张？", "张"),
    ),
    "a-b*c": (
        ("妈妈带了 {a} 元，买了 {b} 箱牛奶，每箱 {c} 元，还剩多少元？", "元"),
        ("一本书有 {a} 页，{who}每天看 {c} 页，看了 {b} 天，还剩多少页？", "页"),
    ),
    "a*(b+c)": (("每套演出服上衣 {b} 元、裤子 {c} 元，{who}的合唱队买了 {a} 套，一共要多少元？", "元"),),
    "a-b*c+d": (("仓库有 {a} 袋米，运走 {b} 车，每车 {c} 袋，又运来 {d} 袋，现在有多少袋？", "袋"),),
}
SHAPES = {
    1: ("a+b*c", "a-b*c"),
    2: ("a*(b+c)", "a-(b+c)", "a-(b-c)", "(a-b)*c"),
    3: ("a-b*c+d", "a-b+c*d", "a*(b-c)+d"),
}
SPELLING = {
    "a+b*c": "{a}+{b}\\times {c}",
    "a-b*c": "{a}-{b}\\times {c}",
    "a*(b+c)": "{a}\\times ({b}+{c})",
    "a-(b+c)": "{a}-({b}+{c})",
    "a-(b-c)": "{a}-({b}-{c})",
    "(a-b)*c": "({a}-{b})\\times {c}",
    "a-b*c+d": "{a}-{b}\\times {c}+{d}",
    "a-b+c*d": "{a}-{b}+{c}\\times {d}",
    "a*(b-c)+d": "{a}\\times ({b}-{c})+{d}",
}


class Problem(NamedTuple):
    shape: str
    a: int
    b: int
    c: int
    d: int
    story: int
    who: str


def outcomes(p: Problem) -> dict[str, int]:
    """The right value and what each faulty order makes of it, by hand for each shape."""
    _, a, b, c, d, *_ = p
    table = {
        "a+b*c": {"": a + b * c, "ops-left-to-right": (a + b) * c, "ops-stops-early": b * c},
        "a-b*c": {"": a - b * c, "ops-left-to-right": (a - b) * c, "ops-stops-early": b * c},
        "a*(b+c)": {"": a * (b + c), "ops-brackets-ignored": a * b + c, "ops-stops-early": b + c},
        "a-(b+c)": {"": a - b - c, "ops-brackets-ignored": a - b + c, "ops-stops-early": b + c},
        "a-(b-c)": {"": a - b + c, "ops-brackets-ignored": a - b - c, "ops-stops-early": b - c},
        "(a-b)*c": {"": (a - b) * c, "ops-brackets-ignored": a - b * c, "ops-stops-early": a - b},
        "a-b*c+d": {
            "": a - b * c + d,
            "ops-left-to-right": (a - b) * c + d,
            "ops-plus-before-minus": a - (b * c + d),
        },
        "a-b+c*d": {
            "": a - b + c * d,
            "ops-left-to-right": (a - b + c) * d,
            "ops-plus-before-minus": a - (b + c * d),
        },
        "a*(b-c)+d": {
            "": a * (b - c) + d,
            "ops-brackets-ignored": a * b - c + d,
            "ops-plus-before-minus": a * (b - c + d),
        },
    }
    return table[p.shape]


class OrderOfOperations(Generator[Problem]):
    code = "order-of-operations"
    name = "运算顺序"
    grade = 4
    points = ("m4.ops.order", "m4.ops.brackets")
    depths = depths(
        ("两级运算", -0.8),
        ("有括号", -0.1),
        ("三步混合", 0.7, {"m4.ops.brackets": "三步，有括号", "m4.ops.order": "三步，没有括号"}),
    )
    malrules = rules(
        (
            "ops-left-to-right",
            "不分乘除加减，从左往右算",
            "从左往右是读的顺序；算的时候，谁要先请出来？",
            "m4.ops.order",
        ),
        (
            "ops-brackets-ignored",
            "没有先算括号里的",
            "括号像一个小包裹，要先打开它，再算外面的。",
            "m4.ops.brackets",
        ),
        (
            "ops-plus-before-minus",
            "以为加法一定在减法前面",
            "加和减是同一级的好伙伴，谁在左边就先算谁。",
            "m4.ops.order",
        ),
        (
            "ops-stops-early",
            "只算了一步就停下",
            "先算的这一步找对了！还有一步等着你接着算。",
            "m4.ops.word",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        shape = dice.pick(SHAPES[depth])
        b, c, d = dice.between(3, 9), dice.between(4, 19), dice.between(3, 9)
        a = dice.between(30, 95)
        if shape == "a*(b+c)":
            a, b, c = dice.between(3, 9), dice.between(42, 90), dice.between(21, 40)
        elif shape == "(a-b)*c":
            b, c = dice.between(11, 40), dice.between(3, 9)
            a = b * c + dice.between(3, 30)
        elif shape == "a*(b-c)+d":
            a, c, d = dice.between(3, 9), dice.between(4, 15), dice.between(4, 40)
            b = c + dice.between(5, 20)
        elif shape == "a-(b-c)":
            c = dice.between(5, 30)
            b = c + dice.between(6, 40)
            a = b + c + dice.between(1, 60)
        elif shape == "a-b+c*d":
            b, c = dice.between(5, 30), dice.between(4, 9)
            a = b + c * d + dice.between(1, 20)
        elif shape != "a+b*c":
            a = b * c + b + c + d + dice.between(5, 90)
        return Problem(shape, a, b, c, d, dice.between(0, 3), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        told = STORIES.get(p.shape, ())
        text, unit = told[p.story] if p.story < len(told) else ("计算：$" + SPELLING[p.shape] + "$", "")
        values = outcomes(p)
        return Draft(
            stem=text.format(a=p.a, b=p.b, c=p.c, d=p.d, who=p.who),
            right=whole(values[""]),
            faults=[(rule, whole(value)) for rule, value in values.items() if rule and value > 0],
            unit=unit,
            points=("m4.ops.brackets",) if "(" in p.shape else ("m4.ops.order",),
        )

    def clue(self, p: Problem) -> str:
        if "(" in p.shape:
            return "先找到括号，它里面的那一步要最先算。"
        return "式子里既有加减又有乘法，先圈出要最先算的那一步。"

    def method(self, p: Problem) -> str:
        return "有括号先算括号里面的；没有括号先算乘除，再算加减；同一级的从左往右，一步一步写下来。"

    def solve(self, p: Problem) -> str:
        _, a, b, c, d, *_ = p
        middle = {
            "a+b*c": f"{a}+{b * c}",
            "a-b*c": f"{a}-{b * c}",
            "a*(b+c)": f"{a}\\times {b + c}",
            "a-(b+c)": f"{a}-{b + c}",
            "a-(b-c)": f"{a}-{b - c}",
            "(a-b)*c": f"{a - b}\\times {c}",
            "a-b*c+d": f"{a}-{b * c}+{d}={a - b * c}+{d}",
            "a-b+c*d": f"{a}-{b}+{c * d}={a - b}+{c * d}",
            "a*(b-c)+d": f"{a}\\times {b - c}+{d}={a * (b - c)}+{d}",
        }[p.shape]
        first = "先算括号里的" if "(" in p.shape else "先算乘法"
        line = SPELLING[p.shape].format(a=a, b=b, c=c, d=d)
        return f"{first}，再算其他：${line}={middle}={outcomes(p)['']}$。"

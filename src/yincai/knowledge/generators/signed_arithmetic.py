"""有理数的运算 (grade 7)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, bracketed, whole

SHAPES = {1: ("a+b", "a-b"), 2: ("a*b", "a-b+c", "a*b+c"), 3: ("-a^2+b*c", "-a^2-b", "(-a)^2-b*c")}
STORIES = {
    "a+b": ("计算：${a}+{bb}$", "{who}记账：先记 ${a}$ 元，又记 ${b}$ 元（收入为正，支出为负），两笔合起来是多少元？"),
    "a-b": ("计算：${a}-{bb}$", "冬天某地白天气温 ${a}$ ℃，夜里 ${b}$ ℃，白天比夜里高多少 ℃（低则写负数）？"),
    "a*b": ("计算：${ba}\\times {bb}$", "求 ${a}$ 与 ${b}$ 的积。"),
    "a-b+c": ("计算：${a}-{bb}+{bc}$",),
    "a*b+c": ("计算：${ba}\\times {bb}+{bc}$",),
    "-a^2+b*c": ("计算：$-{a}^2+{bb}\\times {bc}$",),
    "-a^2-b": ("计算：$-{a}^2-{bb}$",),
    "(-a)^2-b*c": ("计算：$(-{a})^2-{bb}\\times {bc}$",),
}


class Problem(NamedTuple):
    shape: str
    a: int
    b: int
    c: int
    story: int
    who: str


def outcomes(p: Problem) -> dict[str, int]:
    """The right value and what each faulty rule for signs makes of it."""
    _, a, b, c, *_ = p
    if p.shape == "a+b":
        size = abs(a) + abs(b)
        return {
            "": a + b,
            "sign-sizes-added": size if a > 0 else -size,
            "sign-wrong-winner": -(a + b),
            "sign-ignored": size,
        }
    if p.shape == "a-b":
        return {"": a - b, "sign-double-negative": a + b, "sign-sizes-subtracted": abs(abs(a) - abs(b))}
    table = {
        "a*b": {"": a * b, "sign-product": -a * b, "sign-times-as-plus": a + b},
        "a-b+c": {"": a - b + c, "sign-double-negative": a + b + c, "sign-plus-before-minus": a - (b + c)},
        "a*b+c": {"": a * b + c, "sign-product": -a * b + c, "sign-plus-before-times": a * (b + c)},
        "-a^2+b*c": {
            "": -a * a + b * c,
            "sign-square-swallows": a * a + b * c,
            "sign-product": -a * a - b * c,
            "sign-square-doubles": -2 * a + b * c,
        },
        "-a^2-b": {
            "": -a * a - b,
            "sign-square-swallows": a * a - b,
            "sign-double-negative": -a * a + b,
            "sign-square-doubles": -2 * a - b,
        },
        "(-a)^2-b*c": {
            "": a * a - b * c,
            "sign-square-stays": -a * a - b * c,
            "sign-product": a * a + b * c,
            "sign-square-doubles": -2 * a - b * c,
        },
    }
    return table[p.shape]


class SignedArithmetic(Generator[Problem]):
    code = "signed-arithmetic"
    name = "有理数的运算"
    grade = 7
    points = ("m7.num.add", "m7.num.sub", "m7.num.mul", "m7.num.mixed")
    depths = depths(
        ("加与减", -0.5, {"m7.num.sub": "减法", "m7.num.add": "加法"}),
        ("乘法和两步运算", 0.2, {"m7.num.mixed": "两步运算", "m7.num.mul": "乘法"}),
        ("含乘方", 0.8),
    )
    malrules = rules(
        (
            "sign-sizes-added",
            "异号相加却把绝对值相加",
            "一正一负会互相抵消一部分，想一想数轴上先走再退。",
            "m7.num.add",
        ),
        ("sign-wrong-winner", "和的符号取错了", "正的多还是负的多？和的符号跟着绝对值大的那个走。", "m7.num.absolute"),
        ("sign-ignored", "没看负号", "数前面的负号也是它的一部分，先把符号圈出来。", "m7.num.signed"),
        (
            "sign-double-negative",
            "减去负数没有变成加",
            "减去一个数，等于加上它的相反数；负数的相反数是怎样的？",
            "m7.num.sub",
        ),
        ("sign-sizes-subtracted", "只拿绝对值相减", "先把减法变成加法，再定符号、算绝对值。", "m7.num.sub"),
        ("sign-product", "积的符号弄反了", "两数相乘，同号和异号分别得什么符号？", "m7.num.mul"),
        ("sign-times-as-plus", "把乘看成了加", "再看一眼运算符号，是乘号还是加号？", "m7.num.mul"),
        ("sign-plus-before-minus", "先算了后面的加法", "加减是同级运算，从左往右一步一步来。", "m4.ops.order"),
        ("sign-plus-before-times", "先算了加法", "没有括号时，乘法要先算。", "m4.ops.order"),
        (
            "sign-square-swallows",
            "把负号也平方了",
            "负号在括号里还是括号外？指数管着的是谁？",
            "m7.num.power",
        ),
        ("sign-square-stays", "负数的平方还当负数", "括号里的负数自己乘自己，两个负号相乘会怎样？", "m7.num.power"),
        ("sign-square-doubles", "平方当成乘 2", "平方是几个相同的数相乘，而不是乘指数。", "m7.num.power"),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        shape = dice.pick(SHAPES[depth])
        low, high = (3, 18) if depth == 1 else (2, 9)
        a, b, c = (dice.between(low, high) for _ in range(3))
        if depth == 3:
            return Problem(shape, dice.between(3, 7), -b, c * dice.sign(), 0, "")
        if shape == "a+b":
            a = a * dice.sign()
            b = -b if a > 0 else b
        elif shape == "a*b":
            a, b = a * dice.sign(), b * dice.sign()
        else:
            a, b, c = a * dice.sign(), -b, c * dice.sign()
        return Problem(shape, a, b, c, dice.between(0, 1), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        texts = STORIES[p.shape]
        values = outcomes(p)
        point = {"a+b": "m7.num.add", "a-b": "m7.num.sub", "a*b": "m7.num.mul"}.get(p.shape, "m7.num.mixed")
        return Draft(
            stem=texts[p.story % len(texts)].format(
                a=p.a, b=p.b, ba=bracketed(p.a), bb=bracketed(p.b), bc=bracketed(p.c), who=p.who
            ),
            right=whole(values[""]),
            faults=[(rule, whole(value)) for rule, value in values.items() if rule],
            points=(point,),
        )

    def clue(self, p: Problem) -> str:
        if "^" in p.shape:
            return "看清指数管着谁：负号在括号里面还是外面？"
        if "*" in p.shape:
            return "先确定积的符号，再算绝对值；别忘了运算顺序。"
        return "在数轴上走一走：先到哪里，再往哪个方向走几步？"

    def method(self, p: Problem) -> str:
        if "^" in p.shape:
            return (
                "先乘方，再乘除，最后加减。没有括号时，指数只管紧挨着的数，不管前面的负号；减去负数等于加上它的相反数。"
            )
        if "*" in p.shape:
            return "同号相乘得正，异号相乘得负；再把绝对值相乘，最后算加减。"
        return "减去一个数等于加上它的相反数；异号相加，取绝对值大的符号，再用大的绝对值减小的。"

    def solve(self, p: Problem) -> str:
        _, a, b, c, *_ = p
        bb, bc, end = bracketed(b), bracketed(c), outcomes(p)[""]
        line = {
            "a+b": f"{a}+{bb}",
            "a-b": f"{a}-{bb}={a}+{bracketed(-b)}",
            "a*b": f"{bracketed(a)}\\times {bb}",
            "a-b+c": f"{a}-{bb}+{bc}={a - b}+{bc}",
            "a*b+c": f"{bracketed(a)}\\times {bb}+{bc}={a * b}+{bc}",
            "-a^2+b*c": f"-{a}^2+{bb}\\times {bc}=-{a * a}+{bracketed(b * c)}",
            "-a^2-b": f"-{a}^2-{bb}=-{a * a}+{bracketed(-b)}",
            "(-a)^2-b*c": f"(-{a})^2-{bb}\\times {bc}={a * a}-{bracketed(b * c)}",
        }[p.shape]
        return f"${line}={end}$。"

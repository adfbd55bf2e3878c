"""小数比大小 (grade 4, choice)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, Said

STORIES = {
    1: (
        "下面四个数中，最大的是哪一个？",
        "老师在黑板上写了四个小数，哪一个最大？",
        "{who}要从四张数字卡片里选出最大的一张，应选哪一张？",
    ),
    2: (
        "下面四个数中，最小的是哪一个？",
        "四个小数排排队，排在最前面（最小）的是哪一个？",
        "{who}要从四张数字卡片里选出最小的一张，应选哪一张？",
    ),
    3: (
        "四位同学跑 50 米接力的一棒，用时（秒）如下，用时最少的是哪一个成绩？",
        "四块石头的质量（千克）如下，最轻的是哪一块？",
        "四位同学游泳冲刺用时（秒）如下，{who}用时最少，{who}的成绩是哪一个？",
    ),
}
GREATEST = {1}


class Problem(NamedTuple):
    right: str
    longest: str
    shortest: str
    zero: str
    depth: int
    story: int
    who: str

    @property
    def all(self) -> tuple[str, ...]:
        return self.right, self.longest, self.shortest, self.zero


def option(text: str) -> Said:
    return text, f"${text}$"


class DecimalCompare(Generator[Problem]):
    code = "decimal-compare"
    name = "小数比大小"
    grade = 4
    points = ("m4.dec.compare",)
    depths = depths(("找最大", -0.5), ("找最小", 0.0), ("放进生活里", 0.5))
    malrules = rules(
        (
            "dec-longer-larger",
            "以为位数越多小数越大",
            "小数的大小不看有几位，先比小数点后面第一位。",
            "m4.dec.meaning",
        ),
        (
            "dec-shorter-larger",
            "以为位数越少小数越大",
            "位数少不一定大，把末尾添上 0，位数变得一样再比比看。",
            "m4.dec.property",
        ),
        (
            "dec-zero-ignored",
            "忽略了小数点后面的 0",
            "小数点后面的 0 在占位，它告诉我们这一位上一个也没有。",
            "m4.dec.meaning",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        whole = 0 if depth == 1 else dice.between(0, 9) if depth == 2 else dice.between(7, 12)
        if depth in GREATEST:
            tenth = dice.between(4, 7)
            right = f"{tenth}{dice.between(1, 9)}"
            longest = f"{dice.between(1, tenth - 1)}{dice.between(1, 9)}{dice.between(1, 9)}"
            shortest = f"{dice.between(1, tenth - 1)}"
            zero = f"0{dice.between(tenth + 1, 9)}"
        else:
            zero_tenth = dice.between(2, 4)
            right = f"0{dice.between(zero_tenth + 1, 9)}"
            zero = f"{zero_tenth}{dice.between(1, 9)}"
            shortest = f"{dice.between(zero_tenth + 1, 9)}"
            longest = f"{dice.between(zero_tenth + 1, 9)}{dice.between(1, 9)}{dice.between(1, 9)}"
        right, longest, shortest, zero = (f"{whole}.{part}" for part in (right, longest, shortest, zero))
        return Problem(right, longest, shortest, zero, depth, dice.between(0, 2), dice.pick(NAMES))

    def pose(self, p: Problem) -> Draft:
        # who takes longer for larger looks for the least among the short ones
        longer, shorter = (p.longest, p.shortest) if p.depth in GREATEST else (p.shortest, p.longest)
        return Draft(
            stem=STORIES[p.depth][p.story].format(who=p.who),
            right=option(p.right),
            faults=[
                ("dec-longer-larger", option(longer)),
                ("dec-shorter-larger", option(shorter)),
                ("dec-zero-ignored", option(p.zero)),
            ],
            kind="choice",
            listed=True,
        )

    def clue(self, p: Problem) -> str:
        return "先看整数部分；一样的话，从小数点后面第一位开始，一位一位地比。"

    def method(self, p: Problem) -> str:
        return "把它们竖着写，小数点对齐，末尾添上零让位数相同。从左往右比，第一个不同的数位就能分出大小。"

    def solve(self, p: Problem) -> str:
        width = max(len(n) for n in p.all)
        padded = sorted((n.ljust(width, "0") for n in p.all), reverse=p.depth in GREATEST)
        sign = ">" if p.depth in GREATEST else "<"
        word = "最大" if p.depth in GREATEST else "最小"
        return f"末尾添 0 使位数相同再比：${sign.join(padded)}$，所以{word}的是 ${p.right}$。"

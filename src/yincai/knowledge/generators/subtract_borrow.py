"""三位数的退位减法 (grade 3)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, whole

STORIES = (
    ("计算：${a}-{b}$", ""),
    ("图书角有 {a} 本书，借出了 {b} 本，还剩多少本？", "本"),
    ("操场跑道长 {a} 米，{who}已经跑了 {b} 米，还要跑多少米？", "米"),
    ("果园里摘了 {a} 个苹果，送给敬老院 {b} 个，还剩多少个？", "个"),
    ("一本故事书有 {a} 页，{who}已经看了 {b} 页，还剩多少页没看？", "页"),
    ("${a}$ 比 ${b}$ 多多少？", ""),
)


class Problem(NamedTuple):
    a: int
    b: int
    story: int
    who: str


def digits(n: int) -> tuple[int, int, int]:
    return n // 100, n // 10 % 10, n % 10


class SubtractBorrow(Generator[Problem]):
    code = "subtract-borrow"
    name = "退位减法"
    grade = 3
    points = ("m3.sub.borrow",)
    depths = depths(("退一次", -1.2), ("连续退位", -0.3), ("中间有 0", 0.5))
    spoken = frozenset({"9"})  # what is left of a zero that was borrowed from
    malrules = rules(
        (
            "sub-smaller-from-larger",
            "大数减小数，不管上下",
            "每一位都要用上面的数减下面的数；上面不够减时，想想该向谁借。",
            "m3.sub.borrow",
        ),
        (
            "sub-forget-decrement",
            "退位后忘了减一",
            "你记得借位了，很好！再看看被借走“一”的那一位，它现在还剩几？",
            "m3.sub.borrow",
        ),
        (
            "sub-zero-stays-ten",
            "隔位退位时中间的 0 当成 10",
            "中间的 0 先借来一个十，又借了一个给个位，它手里还剩几呢？",
            "m3.sub.across-zero",
        ),
        (
            "sub-zero-no-hundred",
            "从 0 借位却没动百位",
            "十位上是 0，它自己没有可借的，再看看百位有没有少一。",
            "m3.sub.across-zero",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        story, who = dice.between(0, len(STORIES) - 1), dice.pick(NAMES)
        h = dice.between(3, 9)
        if depth == 1:
            tens = dice.between(3, 9)
            ones = dice.between(0, 7)
            low = dice.between(0, tens - 1) * 10 + dice.between(ones + 1, 9)
        elif depth == 2:
            tens, ones = dice.between(1, 7), dice.between(0, 7)
            low = dice.between(tens, 9) * 10 + dice.between(ones + 1, 9)
        else:
            tens, ones = 0, dice.between(0, 7)
            low = dice.between(1, 9) * 10 + dice.between(ones + 1, 9)
        return Problem(h * 100 + tens * 10 + ones, dice.between(1, h - 1) * 100 + low, story, who)

    def pose(self, p: Problem) -> Draft:
        (ah, at, ao), (bh, bt, bo) = digits(p.a), digits(p.b)
        right = p.a - p.b
        text, unit = STORIES[p.story]
        faults = [
            ("sub-smaller-from-larger", whole(abs(ah - bh) * 100 + abs(at - bt) * 10 + abs(ao - bo))),
            ("sub-forget-decrement", whole((ah - bh) * 100 + (at - bt) % 10 * 10 + (ao - bo) % 10)),
        ]
        if at == 0:
            faults.append(("sub-zero-stays-ten", whole(right + 10)))
            faults.append(("sub-zero-no-hundred", whole(right + 100)))
        return Draft(
            stem=text.format(a=p.a, b=p.b, who=p.who),
            right=whole(right),
            faults=faults,
            unit=unit,
            points=("m3.sub.across-zero",) if at == 0 else self.points,
        )

    def clue(self, p: Problem) -> str:
        if digits(p.a)[1] == 0:
            return "从个位算起。个位不够减，十位又是 0，该怎么借？"
        return "从个位算起。哪一位上面的数比下面的数小？那一位要怎么办？"

    def method(self, p: Problem) -> str:
        text = "相同数位对齐，从个位减起；哪一位不够减，就从前一位退一当十再减，被退的那一位要少一。"
        if digits(p.a)[1] == 0:
            text += "前一位是 0 时，再往前一位去退：百位退一给十位，十位再退一给个位。"
        return text

    def solve(self, p: Problem) -> str:
        steps, borrowed = [], 0
        for place, a, b in zip(("个位", "十位", "百位"), digits(p.a)[::-1], digits(p.b)[::-1], strict=True):
            here = a - borrowed
            start = f"{place}：${a}$" + (f" 退走一后是 ${here}$" if borrowed and here >= 0 else "")
            if borrowed and here < 0:
                start = f"{place}：$0$ 没有可退的，先向前一位退一当十，再退走一，是 $9$"
                here, borrowed = 9, 1
                steps.append(f"{start}，$9-{b}={9 - b}$")
                continue
            borrowed = int(here < b)
            sum_ = f"${here + 10}-{b}={here + 10 - b}$" if borrowed else f"${here}-{b}={here - b}$"
            steps.append(f"{start}，" + (f"不够减 ${b}$，退一当十，" if borrowed else "") + sum_)
        return "；".join(steps) + f"。所以 ${p.a}-{p.b}={p.a - p.b}$。"

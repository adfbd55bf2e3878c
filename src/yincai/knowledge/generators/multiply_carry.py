"""多位数乘一位数 (grade 3)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import NAMES, whole

STORIES = (
    ("计算：${n}\\times {d}$", ""),
    ("每箱有 {n} 瓶矿泉水，{d} 箱一共有多少瓶？", "瓶"),
    ("{who}家的果园每天摘 {n} 个梨，{d} 天一共摘多少个？", "个"),
    ("一辆货车每次运 {n} 袋大米，运了 {d} 次，一共运了多少袋？", "袋"),
    ("${n}$ 的 {d} 倍是多少？", ""),
)


class Problem(NamedTuple):
    n: int
    d: int
    story: int
    who: str


def by_place(n: int) -> list[int]:
    """Digits, ones first."""
    return [int(c) for c in reversed(str(n))]


def column(n: int, d: int, *, carry: str = "right", zero: bool = True) -> int:
    """The written procedure; `carry` is right, dropped or added first; zero=False takes 0 × d for d."""
    total, over, shift = 0, 0, 1
    for x in by_place(n):
        if carry == "first":
            part = (x + over) * d
        else:
            part = (d if x == 0 and not zero else x * d) + (over if carry == "right" else 0)
        total += part % 10 * shift
        over = part // 10
        shift *= 10
    return total + over * shift


class MultiplyCarry(Generator[Problem]):
    code = "multiply-carry"
    name = "多位数乘一位数"
    grade = 3
    points = ("m3.mul.carry",)
    depths = depths(("两位数", -1.0), ("三位数", -0.2), ("因数里有 0", 0.3))
    malrules = rules(
        (
            "mul-carry-dropped",
            "忘记加进位",
            "每一位都乘对了！再看看：满几十要向前一位进几，进上来的数加了吗？",
            "m3.mul.carry",
        ),
        (
            "mul-carry-first",
            "先加进位再乘",
            "进上来的数已经是乘好的，想一想：应该先乘再加，还是先加再乘？",
            "m3.mul.carry",
        ),
        ("mul-zero-skipped", "0 乘几当成几", "想一想：几个 0 合起来是多少？再看看 0 那一位。", "m3.mul.zero"),
        (
            "mul-last-only",
            "只乘了个位",
            "个位乘过了，前面的每一位也要和这个一位数乘一遍哦。",
            "m3.mul.no-carry",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        story, who, d = dice.between(0, len(STORIES) - 1), dice.pick(NAMES), dice.between(3, 9)
        ones = dice.between(4, 9)
        if depth == 1:
            n = dice.between(2, 9) * 10 + ones
        elif depth == 2:
            n = dice.between(1, 7) * 100 + dice.between(1, 9) * 10 + ones
        else:
            n = dice.between(2, 9) * 100 + ones
        return Problem(n, d, story, who)

    def pose(self, p: Problem) -> Draft:
        n, d = p.n, p.d
        text, unit = STORIES[p.story]
        last = n % 10
        faults = [
            ("mul-carry-dropped", whole(column(n, d, carry="dropped"))),
            ("mul-carry-first", whole(column(n, d, carry="first"))),
            ("mul-last-only", whole(n - last + last * d)),
        ]
        has_zero = "0" in str(n)
        if has_zero:
            faults.append(("mul-zero-skipped", whole(column(n, d, zero=False))))
        return Draft(
            stem=text.format(n=n, d=d, who=p.who),
            right=whole(n * d),
            faults=faults,
            unit=unit,
            points=("m3.mul.carry", "m3.mul.zero") if has_zero else self.points,
        )

    def clue(self, p: Problem) -> str:
        return "从个位乘起。哪一位乘出来满十了？进上去的数别忘在路上。"

    def method(self, p: Problem) -> str:
        text = "用一位数依次去乘每一位；哪一位的积满几十，就向前一位进几。前一位要先乘，再加上进来的数。"
        return text + ("遇到 0：0 乘任何数都得 0，再加进位。" if "0" in str(p.n) else "")

    def solve(self, p: Problem) -> str:
        steps, over = [], 0
        for place, x in zip(("个位", "十位", "百位"), by_place(p.n), strict=False):
            part = x * p.d + over
            steps.append(f"{place}：${x}\\times {p.d}" + (f"+{over}" if over else "") + f"={part}$")
            over = part // 10
        return "；".join(steps) + f"。每一位满十都进到前一位，所以 ${p.n}\\times {p.d}={p.n * p.d}$。"

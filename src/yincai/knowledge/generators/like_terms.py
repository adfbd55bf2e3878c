"""合并同类项与去括号 (grade 7, expression)."""

from typing import NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import Said, poly

LEADS = ("化简：${e}$", "合并同类项：${e}$", "计算：${e}$", "把式子 ${e}$ 化成最简的形式。")
LETTERS = ("x", "a", "m", "y")


class Problem(NamedTuple):
    depth: int
    p: int
    q: int
    r: int
    s: int
    t: int
    lead: int
    letter: str


def line(coefficient: int, constant: int, x: str) -> str:
    return poly((coefficient, constant), x)[1]


class LikeTerms(Generator[Problem]):
    code = "like-terms"
    name = "合并同类项与去括号"
    grade = 7
    points = ("m7.poly.like", "m7.poly.brackets", "m7.poly.addsub")
    depths = depths(("合并", -0.6), ("一个括号", 0.0), ("括号前是负号", 0.7))
    malrules = rules(
        (
            "like-merged-all",
            "把不同类的项也合并了",
            "带字母的项和不带字母的数不是一家人，能合成一项吗？",
            "m7.poly.like",
        ),
        (
            "like-sign-lost",
            "移动项时丢了前面的符号",
            "每一项都带着它前面的符号，搬家时别把符号落下。",
            "m7.poly.polynomial",
        ),
        (
            "bracket-first-only",
            "括号外的数只乘了第一项",
            "括号外的数要和括号里的每一项都握握手。",
            "m4.law.distribute",
        ),
        (
            "bracket-not-multiplied",
            "去括号时没有乘外面的数",
            "括号外面的数在等着和里面的每一项相乘呢。",
            "m4.law.distribute",
        ),
        (
            "bracket-second-sign-kept",
            "负号去括号时后一项没变号",
            "括号前是负号，括号里的每一项都要变号，看看后面那一项。",
            "m7.poly.brackets",
        ),
        (
            "bracket-sign-ignored",
            "把括号前的负号当成正号",
            "先看括号前面的符号，再去括号。",
            "m7.poly.brackets",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        p, q, r, s, t = (dice.between(2, 9) for _ in range(5))
        return Problem(depth, p, q * dice.sign(), r, s * dice.sign(), t, dice.between(0, 3), dice.pick(LETTERS))

    def pose(self, p: Problem) -> Draft:
        text, right, faults = (self._merge, self._open, self._minus)[p.depth - 1](p)
        points = ("m7.poly.like", "m7.poly.brackets", "m7.poly.addsub")
        lead = p.lead if p.depth == 1 or p.lead != 1 else 0
        return Draft(
            LEADS[lead].format(e=text), right, faults, kind="expression", form="expanded", points=(points[p.depth - 1],)
        )

    def _merge(self, p: Problem) -> tuple[str, Said, list[tuple[str, Said]]]:
        """px + q - rx + s"""
        x = p.letter
        text = f"{p.p}{x}{p.q:+d}-{p.r}{x}{p.s:+d}"
        total = p.p - p.r
        faults = [
            ("like-merged-all", poly((total + p.q + p.s, 0), x)),
            ("like-sign-lost", poly((p.p + p.r, p.q + p.s), x)),
        ]
        return text, poly((total, p.q + p.s), x), faults

    def _open(self, p: Problem) -> tuple[str, Said, list[tuple[str, Said]]]:
        """p(rx + q) + tx"""
        x = p.letter
        text = f"{p.p}({line(p.r, p.q, x)})+{p.t}{x}"
        top = p.p * p.r + p.t
        faults = [
            ("bracket-first-only", poly((top, p.q), x)),
            ("bracket-not-multiplied", poly((p.r + p.t, p.q), x)),
            ("like-merged-all", poly((top + p.p * p.q, 0), x)),
        ]
        return text, poly((top, p.p * p.q), x), faults

    def _minus(self, p: Problem) -> tuple[str, Said, list[tuple[str, Said]]]:
        """tx + s - p(rx + q)"""
        x = p.letter
        text = f"{line(p.t, p.s, x)}-{p.p}({line(p.r, p.q, x)})"
        top, pq = p.t - p.p * p.r, p.p * p.q
        faults = [
            ("bracket-second-sign-kept", poly((top, p.s + pq), x)),
            ("bracket-first-only", poly((top, p.s - p.q), x)),
            ("bracket-sign-ignored", poly((p.t + p.p * p.r, p.s + pq), x)),
        ]
        return text, poly((top, p.s - pq), x), faults

    def clue(self, p: Problem) -> str:
        if p.depth == 1:
            return "把同类项（字母和指数都相同的项）用同一种记号圈出来，连同它前面的符号。"
        return "先看括号外面：是什么数？前面是什么符号？"

    def method(self, p: Problem) -> str:
        if p.depth == 1:
            return "同类项的系数相加，字母和指数不变；常数和常数合在一起，不是同类项的不能合并。"
        if p.depth == 2:
            return "用分配律去括号，外面的数和里面的每一项都相乘，再合并同类项。"
        return "把括号前的负号和数一起乘进去，括号里的每一项都变号，再合并同类项。"

    def solve(self, p: Problem) -> str:
        text, right, _ = (self._merge, self._open, self._minus)[p.depth - 1](p)
        x = p.letter
        if p.depth == 1:
            middle = f"({p.p}-{p.r}){x}+({p.q}{p.s:+d})"
        elif p.depth == 2:
            middle = f"{line(p.p * p.r, p.p * p.q, x)}+{p.t}{x}"
        else:
            middle = f"{line(p.t, p.s, x)}-{p.p * p.r}{x}{-p.p * p.q:+d}"
        return f"${text}={middle}={right[1]}$。"

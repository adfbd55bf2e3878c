"""勾股定理 (grade 8; whole answers, at the third depth roots)."""

from math import isqrt
from typing import Literal, NamedTuple

from yincai.knowledge.generators.base import Draft, Generator, depths, rules
from yincai.knowledge.generators.dice import Dice
from yincai.knowledge.generators.writing import Said, root, tex, whole

# the legs of right triangles whose sides are whole, and how often they may be enlarged
TRIPLES = (
    *((3, 4, 12), (5, 12, 6), (8, 15, 4), (7, 24, 3), (20, 21, 3), (9, 40, 2), (12, 35, 2)),
    *((11, 60, 1), (28, 45, 1), (33, 56, 1), (16, 63, 1), (48, 55, 1), (13, 84, 1), (36, 77, 1)),
)
HYPOTENUSE = (
    ("直角三角形的两条直角边长分别是 {x} 和 {y}，斜边长是多少？", ""),
    ("一块长方形木板长 {y} 分米、宽 {x} 分米，它的对角线长多少分米？", "分米"),
    ("小船先向东行 {x} 千米，再向北行 {y} 千米，这时离出发点的直线距离是多少千米？", "千米"),
)
LEG = (
    ("直角三角形的斜边长是 {z}，一条直角边长是 {x}，另一条直角边长是多少？", ""),
    ("一架 {z} 分米长的梯子靠在墙上，梯脚离墙 {x} 分米，梯子顶端离地面多少分米？", "分米"),
    ("旗杆顶端拉一根 {z} 分米长的绳子到地面，绳脚离杆底 {x} 分米，旗杆高多少分米？", "分米"),
)


class Problem(NamedTuple):
    depth: int
    x: int
    y: int
    """Squares in depth 3 need not be whole roots: z² is x² + y²."""
    leg: bool
    story: int


class Pythagoras(Generator[Problem]):
    code = "pythagoras"
    name = "勾股定理"
    grade = 8
    points = ("m8.pyth.theorem",)
    depths = depths(("求斜边", -0.5), ("求直角边", 0.2), ("结果含根号", 0.8))
    malrules = rules(
        (
            "pyth-sides-added",
            "直接把两边相加减",
            "勾股定理说的是边长的平方之间的关系，先把边长平方。",
            "m8.pyth.theorem",
        ),
        ("pyth-root-forgotten", "忘了开平方", "你得到的是边长的平方，离边长还差最后一步。", "m7.real.sqrt"),
        (
            "pyth-leg-as-hypotenuse",
            "求直角边时把平方相加了",
            "先找到直角所对的边，它是最长的；要求的边比它长还是短？",
            "m8.pyth.theorem",
        ),
        (
            "pyth-hypotenuse-as-leg",
            "求斜边时把平方相减了",
            "要求的是最长的边，平方应该加起来还是减去？",
            "m8.pyth.theorem",
        ),
    )

    def draw(self, dice: Dice, depth: int) -> Problem:
        story = dice.between(0, 2)
        if depth == 3:
            x, y = dice.pair(range(1, 10))
            return Problem(3, x, y, bool(dice.between(0, 1)), 0 if story == 2 else story)
        a, b, most = dice.pick(TRIPLES)
        scale = dice.between(1, most)
        x, y = (a, b) if dice.between(0, 1) else (b, a)
        return Problem(depth, x * scale, y * scale, depth == 2, story)

    def pose(self, p: Problem) -> Draft:
        return self._leg(p) if p.leg else self._hypotenuse(p)

    def _hypotenuse(self, p: Problem) -> Draft:
        square = p.x**2 + p.y**2
        faults: list[tuple[str, Said]] = [
            ("pyth-sides-added", whole(p.x + p.y)),
            ("pyth-root-forgotten", whole(square)),
            ("pyth-hypotenuse-as-leg", root(abs(p.x**2 - p.y**2))),
        ]
        text, unit = HYPOTENUSE[p.story]
        stem = text.format(x=min(p.x, p.y) if p.story else p.x, y=max(p.x, p.y) if p.story else p.y)
        return Draft(stem, root(square), faults, unit, kind=self._kind(square), form="simplified")

    def _leg(self, p: Problem) -> Draft:
        """Given the hypotenuse; in depth 3 that is x + y, so that the leg is a root."""
        long = isqrt(p.x**2 + p.y**2) if p.depth == 2 else p.x + p.y
        square = long**2 - p.x**2
        faults: list[tuple[str, Said]] = [
            ("pyth-sides-added", whole(long - p.x)),
            ("pyth-root-forgotten", whole(square)),
            ("pyth-leg-as-hypotenuse", root(long**2 + p.x**2)),
        ]
        text, unit = LEG[p.story]
        return Draft(text.format(x=p.x, z=long), root(square), faults, unit, kind=self._kind(square), form="simplified")

    def _kind(self, square: int) -> Literal["numeric", "expression"]:
        return "numeric" if isqrt(square) ** 2 == square else "expression"

    def clue(self, p: Problem) -> str:
        if p.leg:
            return "先画图，找到直角和它所对的斜边；要求的是直角边。"
        return "先画图，找到直角；要求的是直角所对的那条边。"

    def method(self, p: Problem) -> str:
        text = "两条直角边的平方和等于斜边的平方"
        text += "，求直角边要用斜边的平方减去已知直角边的平方" if p.leg else ""
        return text + "；最后别忘了开平方" + ("，能化简的根号要化简。" if p.depth == 3 else "。")

    def solve(self, p: Problem) -> str:
        if p.leg:
            long = isqrt(p.x**2 + p.y**2) if p.depth == 2 else p.x + p.y
            square, inner = long**2 - p.x**2, f"{long}^2-{p.x}^2"
        else:
            square, inner = p.x**2 + p.y**2, f"{p.x}^2+{p.y}^2"
        line = f"\\sqrt{{{inner}}}=\\sqrt{{{square}}}"
        end = tex(root(square))
        return f"${line}$。" if end == f"\\sqrt{{{square}}}" else f"${line}={end}$。"

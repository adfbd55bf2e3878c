"""How alike a route of an imported hierarchy and one of our points are: words in common, weighed by how rare they are.

A route speaks through its last names, the deepest loudest; a point through its name, its unit and what a pupil can do.
Names are cut into words (jieba) and pairs of characters, for the same thing is called 异分母分数加减 here and
分数加减法 there. What the route says of grade or stage only ever lowers the score.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import jieba

from yincai.knowledge.graph import Point, SubjectGraph

jieba.setLogLevel(logging.WARNING)

# Branches that say how a problem is thought about, not what it is about.
NOT_TOPICS = frozenset(
    {
        *("能力", "七大能力", "学习能力", "思想", "数学思想", "素养", "方法", "特色题型", "学科符号", "核心素养"),
        *("思想方法", "数学素养"),
    }
)
# Words that say nothing of what is learnt; they part a name, so that no pair of characters spans them.
COMMON = re.compile(
    r"题型|综合|应用|基础|相关|运算|计算|简单|认识|知识点|模块|概念|问题|解决|方法|的|和|与|及|或|中|之"
)
BEYOND = re.compile(
    r"三角函数|导数|向量|圆锥|复数|数列|对数|指数函数|立体几何|积分|微分|解三角形|线性规划|基本不等式|一元二次不等式|对数|常用逻辑|排列|二项式|（二试）|（一试）"
)
DEPTHS = (1.0, 0.5, 0.25, 0.12)  # how loud the last name is, the one before it, …
LEAST = 0.3
LAST_GRADE = 9
MOST = 3
WORDS = ((0.8, "很像"), (0.5, "较像"), (0.0, "有点像"))
SURE = WORDS[0][0]


@dataclass(frozen=True)
class Suggestion:
    point: str
    score: float


def how_alike(score: float) -> str:
    """The score as a word."""
    return next(word for least, word in WORDS if score >= least)


def suggest(names: Sequence[str], graph: SubjectGraph, hints: Iterable[int] = ()) -> list[Suggestion]:
    """Our points that a route may be, the likeliest first; `hints`: grades of items found on the route."""
    if any(name in NOT_TOPICS for name in names) or any(map(BEYOND.search, names)):
        return []
    index = _index(graph.subject, graph)
    wanted = _route_terms(names)
    grades = sorted(hints)
    scored = [
        (index.score(code, wanted, names[-1]) * _grade_factor(graph[code], grades), code)
        for code in index.candidates(wanted)
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    return [Suggestion(code, round(score, 3)) for score, code in scored[:MOST] if score >= LEAST]


def terms(text: str) -> set[str]:
    """Words and pairs of characters of a name."""
    found: set[str] = set()
    for part in re.findall(r"[一-鿿]+|[a-z]+", COMMON.sub(" ", text.lower())):
        found.update(word for word in jieba.cut(part) if len(word) > 1)
        found.update(part[at : at + 2] for at in range(len(part) - 1))
    return found


def _route_terms(names: Sequence[str]) -> dict[str, float]:
    wanted: dict[str, float] = {}
    for loud, name in zip(DEPTHS, reversed(names), strict=False):
        for term in terms(name):
            wanted[term] = max(wanted.get(term, 0.0), loud)
    return wanted


def _grade_factor(point: Point, grades: Sequence[int]) -> float:
    """Below 1 where the route's items are for grades before the point is taught, or for 高中."""
    if not grades:
        return 1.0
    middle = grades[len(grades) // 2]
    if middle > LAST_GRADE:
        return 0.7
    return 1.0 if point.grade <= middle + 1 else 0.92 ** (point.grade - middle - 1)


@dataclass
class _Index:
    """Terms of each point, and how much each term tells."""

    weights: Mapping[str, Mapping[str, float]]
    names: Mapping[str, str]
    rarity: Mapping[str, float]
    holders: Mapping[str, list[str]]

    def candidates(self, wanted: Mapping[str, float]) -> set[str]:
        return {code for term in wanted for code in self.holders.get(term, ())}

    def score(self, code: str, wanted: Mapping[str, float], last: str) -> float:
        """Cosine of the weighed terms; a name that is in the other one counts as much more."""
        own = self.weights[code]
        shared = sum(loud * own[term] * self.tell(term) ** 2 for term, loud in wanted.items() if term in own)
        length = math.sqrt(sum((loud * self.tell(term)) ** 2 for term, loud in wanted.items()))
        own_length = math.sqrt(sum((weight * self.tell(term)) ** 2 for term, weight in own.items()))
        cosine = shared / (length * own_length) if length and own_length else 0.0
        return min(1.0, cosine + _inside(_plain(self.names[code]), _plain(last)))

    def tell(self, term: str) -> float:
        return self.rarity.get(term, 1.0)


def _plain(name: str) -> str:
    return re.sub(r"^题型[:：]|的|问题|[（(].*?[)）]|[^一-鿿a-z]", "", name.lower())


def _inside(ours: str, theirs: str) -> float:
    if len(ours) < 2 or len(theirs) < 2:
        return 0.0
    if ours == theirs:
        return 0.6
    short, long = sorted((ours, theirs), key=len)
    return 0.4 * len(short) / len(long) if short in long else 0.0


@lru_cache(maxsize=4)
def _index(subject: str, graph: SubjectGraph) -> _Index:
    weights: dict[str, dict[str, float]] = {}
    for point in graph:
        own = dict.fromkeys(terms(point.can), 0.25)
        own |= dict.fromkeys(terms(graph.units[point.unit].name), 0.4)
        own |= dict.fromkeys(terms(point.name), 1.0)
        weights[point.code] = own
    holders: dict[str, list[str]] = {}
    for code, own in weights.items():
        for term, weight in own.items():
            if weight >= 0.4:
                holders.setdefault(term, []).append(code)
    count = len(weights)
    rarity = {term: math.log(1 + count / len(codes)) / math.log(1 + count) for term, codes in holders.items()}
    return _Index(weights, {point.code: point.name for point in graph}, rarity, holders)

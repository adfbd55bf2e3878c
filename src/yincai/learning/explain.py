"""Why a point stands where it stands, in words a teacher can check against the answers behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from yincai.knowledge.graph import Point, Unit
from yincai.knowledge.queries import cause_name, graph
from yincai.learning.states import traced_of
from yincai.measurement import tracing
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, STARTING, Masteries
from yincai.records.folds import Fact
from yincai.records.queries import facts_of

SUBJECT = "math"
LATELY = 5  # answers that "lately" speaks of
OFTEN_WRONG = 0.4  # of them right


@dataclass(frozen=True)
class Explained:
    """A point of one pupil: its level, and the sentence that says why."""

    point: Point
    unit: Unit
    level: int
    value: float
    se: float
    n: int
    why: str
    causes: tuple[tuple[str, int], ...]
    last: datetime | None

    @property
    def label(self) -> str:
        return LABELS[self.level]


def explain_pupil(pupil: int) -> list[Explained]:
    """Every point the pupil has answered, in teaching order."""
    known = graph(SUBJECT)
    table = traced_of(pupil, SUBJECT).masteries(timezone.now().timestamp(), known.width)
    facts = facts_of([pupil], SUBJECT)
    return [
        _explained(point, known.units[point.unit], table, [fact for fact in facts if point.slot in fact.points])
        for point in known
        if table.n[point.slot]
    ]


def finding_of(points: Sequence[Explained]) -> str:
    """What the page of a pupil says first: where help is wanted most, else how much is there."""
    if not points:
        return "还没有可看的记录"
    weak = [one for one in points if one.level == STARTING and one.n >= 2]
    if weak:
        return f"先帮一帮“{max(weak, key=lambda one: one.n).point.name}”"
    mastered = sum(one.level == MASTERED for one in points)
    return f"练过 {len(points)} 个知识点，掌握 {mastered} 个"


def _explained(point: Point, unit: Unit, table: Masteries, facts: Sequence[Fact]) -> Explained:
    slot = point.slot
    causes = Counter(cause_name(fact.cause) for fact in facts if fact.cause)
    return Explained(
        point=point,
        unit=unit,
        level=int(table.label[slot]),
        value=float(table.value[slot]),
        se=float(table.se[slot]),
        n=int(table.n[slot]),
        why=why(int(table.label[slot]), float(table.value[slot]), float(table.se[slot]), facts),
        causes=tuple(causes.most_common(3)),
        last=max((fact.at for fact in facts), default=None),
    )


def why(level: int, value: float, se: float, facts: Sequence[Fact]) -> str:
    """One sentence: how the last answers went, and what is still missing for 掌握."""
    lately = facts[-LATELY:]
    right = sum(fact.score >= 0.5 for fact in lately)
    helped = sum(fact.hints > 0 for fact in lately)
    story = f"最近 {len(lately)} 题对 {right} 题" + (f"，其中 {helped} 题看过提示" if helped else "")
    chance = f"现在做一道普通的题，答对的可能约 {value:.0%}（±{_off(se)}）"
    return f"{story}；{chance}。{_missing(level, value, len(facts), right / max(len(lately), 1))}"


def _off(se: float) -> str:
    return f"{se:.0%}" if se >= 0.005 else "不到 1%"


def _missing(level: int, value: float, n: int, lately: float) -> str:
    """`lately`: the share of the last answers that was right; it may tell another story than all of them together."""
    if level == MASTERED and lately <= OFTEN_WRONG:
        return "从全部答题看仍是掌握，可最近错得多：先看看错在哪里，再练几题就清楚了。"
    if level == MASTERED:
        return "已经稳了，过一阵子会再温习。"
    if level == GROWING and n < tracing.ENOUGH:
        return f"题数还少，再做 {tracing.ENOUGH - n} 题才能看准。"
    if level == GROWING and value >= 0.8:
        return "看着会了，但把握还不够大，再做几题。"
    if level == GROWING and lately == 1:
        return "最近都做对了，只是做得还不够多，把握不大，再独立做对几题就是掌握。"
    if level == GROWING and lately <= OFTEN_WRONG:
        return "最近错得多，还不够稳：先看看错在哪里。"
    if level == GROWING:
        return "一半以上能做对，还不够稳。"
    if lately == 1:
        return "最近都做对了，可前面错得多，还看不准，再做几题。"
    return "多数还做不对，先看看前面的基础。"

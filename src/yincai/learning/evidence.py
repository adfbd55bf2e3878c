"""What stands behind one point of one pupil: every answer and how far it moved the estimate, what passed since, what
the points below it say, how sure that is, what is still missing. All figures come from the model in use, folded anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from yincai.knowledge.graph import Point
from yincai.knowledge.queries import graph
from yincai.learning.explain import SUBJECT, Explained, explain_pupil
from yincai.learning.states import traced_of
from yincai.measurement import tracing
from yincai.measurement.tracing import GROWING, LABELS, MASTERED, ItemInfo, Masteries, Parameters, State
from yincai.measurement.tracing.intervals import sureness, typical_interval
from yincai.records.folds import Fact
from yincai.records.queries import facts_of

SHOWN = 8  # the newest answers told one by one
FAR = 12  # so many right answers are "far": the title does not hold them up to anybody
FARTHEST = 30  # right answers tried when asking how many more are needed
THRESHOLD, SURE = 0.8, 0.8
LONG_AGO = 60  # days
A_DIFFERENCE = 0.005


@dataclass(frozen=True)
class Move:
    """One answer: the estimate just before and just after it."""

    at: datetime
    right: bool
    hints: int
    before: float
    after: float

    @property
    def said(self) -> str:
        helped = "，看过提示" if self.hints else ""
        return f"{'答对' if self.right else '答错'}{helped}"

    @property
    def moved(self) -> str:
        change = self.after - self.before
        way = f"{'升' if change > 0 else '降'} {100 * abs(change):.0f} 个百分点"
        if abs(change) < A_DIFFERENCE:
            way = "几乎没动"
        return f"{self.before:.0%} → {self.after:.0%}，{way}"


@dataclass(frozen=True)
class Need:
    """A point below, and where the pupil stands there."""

    point: Point
    level: int
    said: str


@dataclass(frozen=True)
class Behind:
    """`low`, `high`: 80 % interval. `sure`: how probable it is that the chance is at least 0.8. `needed`: right answers
    in a row, now, until 掌握; None where even many would not do."""

    one: Explained
    moves: tuple[Move, ...]
    earlier: int
    low: float
    high: float
    sure: float
    since: tuple[str, ...]
    needs: tuple[Need, ...]
    needed: int | None
    missing: tuple[str, ...]

    @property
    def finding(self) -> str:
        if self.one.level == MASTERED:
            return "已经掌握"
        if self.needed is None or self.needed > FAR:
            return f"现在是“{self.one.label}”，离掌握还远"
        return f"现在是“{self.one.label}”，接着答对 {self.needed} 题就是掌握"

    @property
    def interval_said(self) -> str:
        place = f"在 {self.low:.0%} 到 {self.high:.0%} 之间（80% 区间），估计 {self.one.value:.0%}"
        return f"现在做一道普通的题，答对的可能{place}。掌握要到 {THRESHOLD:.0%}，{self._against}"

    @property
    def _against(self) -> str:
        if self.high < THRESHOLD:
            return "整个区间都在下面。"
        if self.low >= THRESHOLD:
            return "整个区间都在上面。"
        return f"它在区间里面：已经到了的把握是 {self.sure:.0%}，要有 {SURE:.0%} 才算。"


def evidence_of(pupil: int, code: str) -> Behind | None:
    """None where the pupil has not answered the point."""
    one = next((each for each in explain_pupil(pupil) if each.point.code == code), None)
    if one is None:
        return None
    numbers = traced_of(pupil, SUBJECT).numbers.mastery
    now = timezone.now().timestamp()
    state, moves, last = _followed(facts_of([pupil], SUBJECT), one.point.slot, numbers)
    table = tracing.masteries(state.grown(graph(SUBJECT).width), now, parameters=numbers)
    slot = one.point.slot
    low, high = typical_interval(table, 0.8)
    return Behind(
        one=one,
        moves=tuple(moves[-SHOWN:]),
        earlier=max(len(moves) - SHOWN, 0),
        low=float(low[slot]),
        high=float(high[slot]),
        sure=float(sureness(table, THRESHOLD)[slot]),
        since=tuple(_since(moves, last, state, slot, now, numbers)),
        needs=tuple(_needs(one.point, table)),
        needed=_needed(state, slot, now, numbers),
        missing=tuple(_missing(one, moves, now)),
    )


def _followed(facts: Sequence[Fact], slot: int, numbers: Parameters) -> tuple[State, list[Move], State]:
    """The state after all facts, each answer at the point, and the state just after the last of these."""
    state = last = State.empty(slot + 1, numbers)
    moves = []
    for fact in facts:
        moment = fact.at.timestamp()
        item = ItemInfo(fact.points, fact.difficulty, fact.guess)
        after = tracing.update(state, item, fact.score, moment, numbers, item_id=fact.item)
        if slot in fact.points:
            values = (_value(each, slot, moment, numbers) for each in (state, after))
            moves.append(Move(fact.at, fact.score >= 0.5, fact.hints, *values))
            last = after
        state = after
    return state, moves, last


def _value(state: State, slot: int, moment: float, numbers: Parameters) -> float:
    return tracing.mastery(state, slot, moment, parameters=numbers).value


def _since(moves: Sequence[Move], last: State, state: State, slot: int, now: float, numbers: Parameters) -> list[str]:
    """What time alone did since the last answer, and what answers at other points did."""
    if not moves:
        return []
    then, faded, here = moves[-1].after, _value(last, slot, now, numbers), _value(state, slot, now, numbers)
    days = int((now - moves[-1].at.timestamp()) // tracing.DAY)
    told = ["今天刚答过，还谈不上遗忘。"]
    if days > 0:
        told = [f"离上一次答题 {days} 天，按遗忘的快慢{_changed(then, faded)}。"]
    if abs(here - faded) >= A_DIFFERENCE:
        told.append(f"这之后在别的知识点上的答题，让总体水平变了，这里跟着{_changed(faded, here)}。")
    return told


def _changed(before: float, after: float) -> str:
    if abs(after - before) < A_DIFFERENCE:
        return f"估计几乎没变（{after:.0%}）"
    return f"从 {before:.0%} {'升' if after > before else '降'}到 {after:.0%}"


def _needs(point: Point, table: Masteries) -> list[Need]:
    known, told = graph(SUBJECT), []
    for code in point.needs:
        below = known[code]
        level, value = int(table.label[below.slot]), float(table.value[below.slot])
        said = f"{LABELS[level]}，答对的可能约 {value:.0%}" if table.n[below.slot] else "还没有做过，不知道"
        told.append(Need(below, level, said))
    return told


def _needed(state: State, slot: int, now: float, numbers: Parameters) -> int | None:
    """By the model: typical items, answered rightly one after the other from now on."""
    for count in range(FARTHEST + 1):
        if tracing.mastery(state, slot, now, parameters=numbers).label == MASTERED:
            return count
        state = tracing.update(state, ItemInfo((slot,), 0.0), 1.0, now, numbers)
    return None


def _missing(one: Explained, moves: Sequence[Move], now: float) -> list[str]:
    """Which evidence there is not."""
    told = []
    if one.level == GROWING and len(moves) < tracing.ENOUGH:
        told.append(f"只有 {len(moves)} 次答题，至少要 {tracing.ENOUGH} 次才谈得上掌握。")
    if moves and all(move.hints for move in moves[-3:]):
        told.append("最近的题都看过提示，还没有独立做对的证据。")
    if len({move.at.date() for move in moves}) == 1:
        told.append("都是同一天做的，隔些日子还会不会，没有证据。")
    if moves and now - moves[-1].at.timestamp() > LONG_AGO * tracing.DAY:
        told.append("最近两个月没有做过，现在怎样只是推算。")
    return told

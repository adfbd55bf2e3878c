"""A report put together, and what it says first."""

from __future__ import annotations

from dataclasses import dataclass

from yincai.core.actors import Actor
from yincai.core.figures import Figure
from yincai.core.rules import rule
from yincai.learning.reports.clusters import Errors, errors_of
from yincai.learning.reports.difficulty import ItemRow, item_rows
from yincai.learning.reports.gather import Gathered
from yincai.learning.reports.growth import Growth, growth_of
from yincai.learning.reports.reteach import Reteach, reteach_list
from yincai.learning.reports.tasks import ask_to_grow
from yincai.measurement.intervals import mean_interval, wilson


@dataclass(frozen=True)
class Report:
    """`right`: the pupils' shares right, on average. `least`: pupils below which there is no figure."""

    gathered: Gathered
    right: Figure
    items: tuple[ItemRow, ...]
    errors: Errors
    reteach: tuple[Reteach, ...]
    growth: Growth
    least: int

    @property
    def answered(self) -> int:
        return len(self.gathered.by_pupil)

    @property
    def standing_out(self) -> list[ItemRow]:
        return [row for row in self.items if row.findings]

    @property
    def others(self) -> list[ItemRow]:
        return [row for row in self.items if not row.findings]

    @property
    def finding(self) -> str:
        """What matters most for tomorrow's lesson: the point to teach again, else the cause that many share, else what
        has grown."""
        if not self.gathered.facts:
            return "还没有人作答"
        if self.reteach and len(self.reteach[0].people) > 1:
            return f"{len(self.reteach[0].people)} 人要再讲“{self.reteach[0].point.name}”"
        if self.errors.clusters:
            first = self.errors.clusters[0]
            return f"{len(first.people)} 人错在“{first.name}”"
        if self.growth.grown:
            return f"“{self.growth.grown[0].point.name}”比上次有进步"
        return "没有成片的错误" if self.errors.wrong else "全部答对"


def report_on(gathered: Gathered, *, acting_user: Actor) -> Report:
    least = int(rule("pi.minimum", gathered.room.path).value)
    growth, waiting = growth_of(gathered, least)
    if waiting:
        ask_to_grow(gathered.subject, waiting, acting_user=acting_user)
    return Report(
        gathered=gathered,
        right=_right(gathered, least),
        items=tuple(item_rows(gathered, least)),
        errors=errors_of(gathered, least),
        reteach=tuple(reteach_list(gathered, growth.levels, least)),
        growth=growth,
        least=least,
    )


def _right(gathered: Gathered, least: int) -> Figure:
    """Each pupil counts once, however many questions they did."""
    shares = [sum(fact.score for fact in facts) / len(facts) for facts in gathered.by_pupil.values()]
    n = len(shares)
    if n < max(least, 2):
        return Figure(None, n=n)
    low, high = mean_interval(sum(shares), sum(share * share for share in shares), n)
    if low == high:  # all alike: what Student's interval cannot tell, Wilson's does
        low, high = wilson(sum(shares), n)
    return Figure(sum(shares) / n, max(0.0, low), min(1.0, high), n)

"""Growth as SVG: each school's interval against what was expected (0); a table stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yincai.evaluation.models import SchoolGrowth
from yincai.evaluation.words import points, points_said
from yincai.indicators.charts import MOST_ROWS, Bar, Tick

LEFT, RIGHT, ROW, TOP = 200, 760, 40, 34
ALONE = (30, 330)  # left and right of a chart that is 360 wide
TALL = 78  # of a row with its words above the bar
STEPS = (2, 5, 10, 20, 25, 50, 100, 200, 500)


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    ticks: list[Tick]
    zero: float
    height: int
    floor: int
    left: int
    right: int


def growths(rows: Sequence[SchoolGrowth]) -> Chart | None:
    """Schools in the order given; None where there is nothing to draw."""
    return _drawn(rows, LEFT, RIGHT) if len(rows) <= MOST_ROWS else None


def narrow(rows: Sequence[SchoolGrowth]) -> Chart | None:
    """The same for a phone: name and figure stand above each bar."""
    return _drawn(rows, *ALONE, height=TALL) if len(rows) <= MOST_ROWS else None


def alone(row: SchoolGrowth) -> Chart | None:
    """One school, narrow enough for a phone; its name and figures stand in the text."""
    return _drawn([row], *ALONE)


def _drawn(rows: Sequence[SchoolGrowth], left: int, right: int, height: int = ROW) -> Chart | None:
    shown = [row for row in rows if row.low is not None and row.high is not None]
    if not shown:
        return None
    far = max(max(abs(row.low or 0.0), abs(row.high or 0.0)) for row in shown)
    step = next((step for step in STEPS if 2 * step >= far), STEPS[-1])

    def place(value: float) -> float:
        return round((left + right) / 2 + (right - left) / 4 * value / step, 1)

    bars = []
    for index, row in enumerate(rows):
        y, label = TOP + height - ROW // 2 + index * height, row.school.name
        if row.growth is None or row.low is None or row.high is None:
            bars.append(Bar(label, y, points_said(row)))
        else:
            bars.append(Bar(label, y, points_said(row), place(row.growth), place(row.low), place(row.high)))
    ticks = [Tick(place(number * step), points(number * step, 0)) for number in (-2, -1, 1, 2)]
    floor = TOP + len(rows) * height
    return Chart(bars, ticks, place(0), floor + 30, floor, left, right)

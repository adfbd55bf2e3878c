"""Charts of figures as SVG: positions are attributes, colours are classes, and a table always stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yincai.core.figures import Figure

LEFT, RIGHT, ROW, TOP = 160, 850, 40, 10
MOST_ROWS = 24


@dataclass(frozen=True)
class Bar:
    """One organisation: its interval as a line, its value as a point; withheld ones have neither."""

    label: str
    y: int
    said: str
    x: float | None = None
    low: float = 0
    high: float = 0


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    ticks: list[Tick]
    height: int
    floor: int
    left: int = LEFT
    right: int = RIGHT


def intervals(rows: Sequence[tuple[str, Figure]]) -> Chart | None:
    """Value and interval of each organisation on one scale; None where a chart would say nothing."""
    drawn = [figure for _, figure in rows if figure.value is not None and figure.low is not None]
    if len(drawn) < 2 or len(rows) > MOST_ROWS:
        return None
    start, step = _scale(drawn)

    def place(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - start) / (4 * step), 1)

    bars = []
    for index, (label, figure) in enumerate(rows):
        y = TOP + ROW // 2 + index * ROW
        if figure.value is None or figure.low is None or figure.high is None:
            bars.append(Bar(label, y, figure.said))
        else:
            bars.append(Bar(label, y, figure.said, place(figure.value), place(figure.low), place(figure.high)))
    ticks = [Tick(place(start + number * step), f"{(start + number * step) * 100:.0f}%") for number in range(5)]
    floor = TOP + len(rows) * ROW
    return Chart(bars, ticks, floor + 30, floor)


def _scale(figures: Sequence[Figure]) -> tuple[float, float]:
    """Start and step of an axis with five ticks that holds every interval, in steps of five percent."""
    low = min(figure.low or 0.0 for figure in figures)
    high = max(figure.high or 0.0 for figure in figures)
    start = int(low * 20) / 20
    step = 0.05
    while start + 4 * step < high:
        step += 0.05
    return (start, step) if start + 4 * step <= 1.0 + 1e-9 else (max(0.0, 1.0 - 4 * step), step)


@dataclass(frozen=True)
class Share:
    """A stretch of a bar: from `x`, `width` wide, in the colour of its level."""

    level: int
    x: float
    width: float
    label: str
    said: str


def shares(figures: Sequence[Figure], labels: Sequence[str], levels: Sequence[int], width: float = 1000) -> list[Share]:
    """Parts of a whole side by side; empty where any is withheld."""
    if any(figure.value is None for figure in figures):
        return []
    found, x = [], 0.0
    for figure, label, level in zip(figures, labels, levels, strict=True):
        wide = round((figure.value or 0.0) * width, 1)
        found.append(Share(level, round(x, 1), wide, label, figure.said))
        x += wide
    return found

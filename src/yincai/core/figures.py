"""A figure is never bare: value, interval, n. Below the least n there is no number, only that it is withheld."""

from __future__ import annotations

from dataclasses import dataclass

WITHHELD = "人数太少，不显示"


@dataclass(frozen=True)
class Figure:
    """`unit`: what n counts. `kind`: proportion (shown as percent), mean, or count (how many of n).

    `value` None: there is none (n is 0), or it is withheld (n is None too, or too small).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = 0
    unit: str = "人"
    kind: str = "proportion"

    @property
    def said(self) -> str:
        if self.value is None or self.n is None:
            return WITHHELD if self.n is None or self.n else "还没有数据"
        number = self._number(self.value)
        if self.kind == "count":
            return f"{number} / {self.n:,} {self.unit}"
        if self.low is None or self.high is None:
            return f"{number}（{self.n:,} {self.unit}）"
        return f"{number}（{self.bounds}）"

    @property
    def bounds(self) -> str:
        """What stands beside the number where the number itself is set large: interval and n."""
        if self.low is None or self.high is None or self.n is None:
            return ""
        return f"{self._range(self.low, self.high)}，{self.n:,} {self.unit}"

    def _number(self, value: float) -> str:
        if self.kind == "proportion":
            return percent_text(value)
        return f"{value:,.0f}" if self.kind == "count" else f"{value:.1f}"

    def _range(self, low: float, high: float) -> str:
        if self.kind == "proportion":
            return f"{low * 100:.0f}–{high * 100:.0f}%"
        return f"{low:.1f}–{high:.1f}"


def percent_text(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.0f}%"

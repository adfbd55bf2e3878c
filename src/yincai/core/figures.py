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


def signed(value: float, digits: int = 0, *, plus: bool = True) -> str:
    """With a real minus sign, and never a sign before nothing.

    >>> signed(3.26, 1), signed(-2.0), signed(-0.04, 1), signed(1.5, 1, plus=False)
    ('+3.3', '−2', '0.0', '1.5')
    """
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+" if plus else "") + text


def chance_text(value: float) -> str:
    """A probability, which is never sure.

    >>> chance_text(0.374), chance_text(0.999), chance_text(0.002)
    ('约 37%', '超过 99%', '不到 1%')
    """
    if value > 0.99:
        return "超过 99%"
    return "不到 1%" if value < 0.01 else f"约 {percent_text(value)}"


def percent_text(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.0f}%"

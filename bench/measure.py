"""One measured figure, beside what it is measured against and the goal it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda value, bound: value <= bound,
    ">=": lambda value, bound: value >= bound,
}


@dataclass(frozen=True)
class Measure:
    """`goal` is like "ratio <= 4" or "value >= 100": which figure, how it compares, with what."""

    name: str
    value: float
    unit: str
    n: int
    command: str
    goal: str | None = None
    against: str | None = None
    against_value: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.against_value else self.value / self.against_value

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None when there is no goal."""
        if self.goal is None:
            return None
        figure, sign, bound = self.goal.split()
        found = {"value": self.value, "ratio": self.ratio}[figure]
        if found is None:
            raise ValueError(f"{self.name}: the goal {self.goal!r} needs a value to compare against")
        return COMPARE[sign](found, float(bound))

    def as_row(self) -> dict[str, object]:
        """In the order of build/bench.json."""
        row = {**asdict(self), "ratio": self.ratio, "holds": self.holds}
        order = "name value unit against against_value ratio goal holds n command"
        return {key: row[key] for key in order.split()}

    def __str__(self) -> str:
        beside = "" if self.against_value is None else f"  {self.against} {self.against_value:.4g}, × {self.ratio:.3g}"
        verdict = {None: "", True: f"  {self.goal}: holds", False: f"  {self.goal}: MISSED"}[self.holds]
        return f"{self.name}: {self.value:.4g} {self.unit} (n = {self.n}){beside}{verdict}"

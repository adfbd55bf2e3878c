"""What a test is like: how it starts, selects, balances, estimates and stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from yincai.measurement.adaptive.pool import Constraint

Criterion = Literal["posterior", "fisher", "kl"]
Balance = Literal["priority", "shadow"]
Estimator = Literal["eap", "wle", "mle"]


@dataclass(frozen=True)
class Start:
    """At which ability the first `items` questions are chosen.

    "prior": at the estimate so far, which is the prior's mean at first; "at": at `low` (a placement test that begins
    with what most can do); "random": anywhere between `low` and `high`, so that the first questions differ.
    """

    kind: Literal["prior", "at", "random"] = "prior"
    low: float = 0.0
    high: float = 0.0
    items: int = 1

    def __post_init__(self) -> None:
        if self.kind == "random" and not self.low < self.high:
            raise ValueError("a random start needs low < high")
        if self.items < 1:
            raise ValueError("a start rule covers at least one item")


@dataclass(frozen=True)
class Rules:
    """Rules of a test of at most `length` items.

    Stops: `length`; `seconds` used; `precision` (standard error ≤ it); classification (`cuts` given and the interval of
    `confidence` within one band). The last two need `least_items`, every lower bound met and no item set broken off.
    Selects by `criterion`: "posterior" (Fisher information averaged over the posterior), "fisher" (at the estimate),
    "kl" (Kullback–Leibler, averaged over the posterior); one of the best `randomesque` items; `progressive`: chance
    dominates at first and fades out. Prior of ability N(`mean`, `sd`²), on `nodes` points from `low` to `high`.

    >>> Rules(length=20, precision=0.3).nodes
    61
    """

    length: int
    least_items: int = 1
    precision: float | None = None
    cuts: tuple[float, ...] = ()
    classify: bool = False
    confidence: float = 0.9
    seconds: float | None = None
    constraints: tuple[Constraint, ...] = ()
    balance: Balance = "priority"
    criterion: Criterion = "posterior"
    randomesque: int = 1
    progressive: bool = False
    estimator: Estimator = "eap"
    start: Start = field(default_factory=Start)
    mean: float = 0.0
    sd: float = 1.0
    low: float = -6.0
    high: float = 6.0
    nodes: int = 61

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_words()
        self._check_constraints()
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("cuts must rise")
        if self.classify and not self.cuts:
            raise ValueError("classification needs cuts")

    def _check_numbers(self) -> None:
        if not 1 <= self.least_items <= self.length:
            raise ValueError("needs 1 <= least_items <= length")
        if self.precision is not None and not self.precision > 0:
            raise ValueError("precision is a standard error and must be positive")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError("seconds must be positive")
        if not 0 < self.confidence < 1:
            raise ValueError("confidence must lie between 0 and 1")
        if self.randomesque < 1:
            raise ValueError("randomesque counts items: at least 1")
        if not self.low < self.high or self.nodes < 11:
            raise ValueError("the grid needs low < high and at least 11 nodes")

    def _check_words(self) -> None:
        known = {
            "balance": ("priority", "shadow"),
            "criterion": ("posterior", "fisher", "kl"),
            "estimator": ("eap", "wle", "mle"),
        }
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}, not {getattr(self, name)!r}")

    def _check_constraints(self) -> None:
        seen: set[tuple[str, int]] = set()
        for one in self.constraints:
            if one.least > self.length:
                raise ValueError(f"{one}, but the test has only {self.length} items")
            for code in one.codes:
                if (one.attribute, code) in seen:
                    raise ValueError(
                        f"two constraints count code {code} of {one.attribute}; "
                        "give the second grouping an attribute of its own"
                    )
                seen.add((one.attribute, code))

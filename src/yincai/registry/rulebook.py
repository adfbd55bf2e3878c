"""The declared rules: what each means, how two values compare, and how loose a bureau may go. Pure.

The figures lie in rulebook.toml beside this file; `registry.rules` reads what is in force.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from yincai.registry.models import Stage

FILE = Path(__file__).with_name("rulebook.toml")
ALL_GRADES = frozenset(range(13))  # 0 kindergarten, 1–12
STAGES: Mapping[str, frozenset[int]] = {
    Stage.KINDERGARTEN: frozenset({0}),
    Stage.LOWER_PRIMARY: frozenset({1, 2, 3}),
    Stage.UPPER_PRIMARY: frozenset({4, 5, 6}),
    Stage.JUNIOR: frozenset({7, 8, 9}),
    Stage.SENIOR: frozenset({10, 11, 12}),
}
MARKS = {"copy": "据已公布文本", "M": "凭记忆，待核对", "D": "本平台默认"}
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class RuleValueError(ValueError):
    """A value that the rule cannot take; the message says what it takes."""


@dataclass(frozen=True)
class Declared:
    """What is declared of a rule. `law`: from a rule; else our default, which a bureau may set up to `bound`."""

    id: str
    group: str
    title: str
    says: str
    kind: str
    law: bool
    mark: str
    unit: str = ""
    bound: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    stages: tuple[str, ...] = ()

    def strict_enough(self, value: Any, than: Any) -> bool:
        """Is `value` at least as strict as `than`?"""
        return bool(STRICT[self.kind](self, value, than))

    def shown(self, value: Any) -> str:
        """A value as people read it."""
        if self.kind == "yes":
            return "执行" if value else "不执行"
        if self.kind == "choice":
            return dict(self.choices).get(value, str(value))
        if self.kind == "ranges":
            return "；".join(f"{name} {low}–{high}{self.unit}" for name, (low, high) in value.items())
        if isinstance(value, list):
            return "、".join(map(str, value)) + (f" {self.unit}" if self.unit else "")
        space = "" if self.unit in ("", "%") else " "
        return f"{value}{space}{self.unit}"

    def shown_limit(self, value: Any) -> str:
        """A value with the direction of the limit: 不超过 15 分钟."""
        head = {"most": "不超过 ", "least": "不少于 ", "latest": "不晚于 ", "earliest": "不早于 "}.get(self.kind, "")
        return head + self.shown(value)

    def read(self, typed: str) -> Any:
        """The value somebody typed; RuleValueError says what is expected."""
        text = typed.strip().replace("：", ":")
        if self.kind in ("most", "least"):
            return self._number(text)
        if self.kind in ("latest", "earliest"):
            text = text if len(text) != 4 else f"0{text}"
            if not CLOCK.fullmatch(text):
                raise RuleValueError("请填时间，例如 20:30。")
            return text
        if self.kind == "yes":
            return text in ("true", "on", "1")
        if self.kind == "choice":
            if text not in dict(self.choices):
                raise RuleValueError("请从列出的几项中选一项。")
            return text
        raise RuleValueError("这条规则不能在页面上改。")

    def _number(self, text: str) -> int | float:
        try:
            number = float(text)
        except ValueError:
            raise RuleValueError(f"请填数字（单位：{self.unit}）。") from None
        if not 0 <= number < 1e9:
            raise RuleValueError("请填不小于 0 的数字。")
        return int(number) if number.is_integer() else number


def _narrower(rule: Declared, value: Any, than: Any) -> bool:
    return all(name in value and low <= value[name][0] and value[name][1] <= high for name, (low, high) in than.items())


def _earlier_choice(rule: Declared, value: Any, than: Any) -> bool:
    order = [name for name, _ in rule.choices]
    return order.index(value) <= order.index(than)


STRICT = {
    "most": lambda rule, value, than: value <= than,
    "least": lambda rule, value, than: value >= than,
    "latest": lambda rule, value, than: value <= than,
    "earliest": lambda rule, value, than: value >= than,
    "yes": lambda rule, value, than: bool(value) or not than,
    "choice": _earlier_choice,
    "ranges": _narrower,
    "fixed": lambda rule, value, than: value == than,
}


@dataclass(frozen=True)
class Line:
    """One dated value of the rulebook."""

    rule: str
    stage: str
    value: Any
    effective_from: date
    source: str
    blocks: bool


@dataclass(frozen=True)
class Rulebook:
    declared: dict[str, Declared] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


@lru_cache(maxsize=1)
def rulebook() -> Rulebook:
    return parse(tomllib.loads(FILE.read_text(encoding="utf-8")))


def parse(content: dict[str, Any]) -> Rulebook:
    """Check and read a rulebook; ValueError names the rule that is wrong."""
    declared: dict[str, Declared] = {}
    lines: list[Line] = []
    for entry in content["rule"]:
        rule = _declared(entry)
        declared[rule.id] = rule
        for stage, value in entry.get("values", {"": entry.get("value")}).items():
            grades_of(stage)
            lines.append(Line(rule.id, stage, value, entry["from"], entry["source"], entry["blocks"]))
    return Rulebook(declared, tuple(lines))


def _declared(entry: dict[str, Any]) -> Declared:
    name = entry["id"]
    if entry["kind"] not in STRICT:
        raise ValueError(f"rule {name}: unknown kind {entry['kind']}")
    if entry["mark"] not in MARKS:
        raise ValueError(f"rule {name}: unknown mark {entry['mark']}")
    if entry["mark"] == "M" and entry["blocks"]:
        raise ValueError(f"rule {name}: what is from memory may only warn")
    if ("value" in entry) == ("values" in entry):
        raise ValueError(f"rule {name}: give either value or values")
    return Declared(
        id=name,
        group=entry["group"],
        title=entry["title"],
        says=entry["says"],
        kind=entry["kind"],
        law=entry["law"],
        mark=entry["mark"],
        unit=entry.get("unit", ""),
        bound=entry.get("bound"),
        choices=tuple((choice["value"], choice["label"]) for choice in entry.get("choices", ())),
        stages=tuple(entry.get("values", {"": None})),
    )


@lru_cache(maxsize=256)
def grades_of(stage: str) -> frozenset[int]:
    """The grades that a stage, a grade ("5") or a range of grades ("1-2") covers; empty text covers all.

    >>> sorted(grades_of("1-2"))
    [1, 2]
    """
    if not stage:
        return ALL_GRADES
    if stage in STAGES:
        return STAGES[stage]
    first, _, last = stage.partition("-")
    try:
        grades = frozenset(range(int(first), int(last or first) + 1))
    except ValueError:
        raise ValueError(f"unknown stage {stage!r}") from None
    if not grades or not grades <= ALL_GRADES:
        raise ValueError(f"unknown stage {stage!r}")
    return grades


def stage_words(stage: str) -> str:
    """A coverage as people read it."""
    if not stage:
        return "各学段"
    if stage in STAGES:
        return str(Stage(stage).label)
    first, _, last = stage.partition("-")
    if first == "0":
        return "学前" if not last else f"学前至{last} 年级"
    return f"{first} 年级" if not last else f"{first}–{last} 年级"

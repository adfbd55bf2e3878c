"""Reading rules: values of law and of the bureau's own, as dated data. `registry` is their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from yincai.core.scope import Scope


@dataclass(frozen=True)
class RuleValue:
    """`blocks`: whether breaking the rule is refused (else warned of). `source`: what the interface may quote."""

    id: str
    value: Any
    source: str
    blocks: bool
    since: date
    place: str = ""


RuleSource = Callable[[str, str, str], RuleValue]
_sources: list[RuleSource] = []


class UnknownRule(LookupError):
    pass


def register_rule_source(source: RuleSource) -> None:
    _sources.append(source)


def rule(rule_id: str, where: Scope | str, *, stage: str = "") -> RuleValue:
    """The value of a rule for an organisation path (or the place a scope stands at): the strictest in force there."""
    path = where if isinstance(where, str) else (where.at[0] if where.at else "")
    for source in _sources:
        return source(rule_id, path, stage)
    raise UnknownRule(rule_id)

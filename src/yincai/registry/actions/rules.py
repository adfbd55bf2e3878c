"""Setting a rule at one's own level. A lower level may only tighten."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.rules import RuleValue
from yincai.registry import rules
from yincai.registry.models import Organisation, RuleEntry
from yincai.registry.policies import RULES_SET
from yincai.registry.rulebook import Declared, RuleValueError, grades_of, rulebook, stage_words


class LooserError(ActionError):
    """Says which level above holds what."""


@action(RULES_SET)
def set_rule(
    rule_id: str,
    organisation: Organisation,
    value: Any,
    *,
    stage: str = "",
    effective_from: date,
    source: str,
    blocks: bool = False,
    acting_user: Actor,
) -> RuleEntry:
    """Set the value of a rule at an organisation from a day on."""
    RULES_SET.require(acting_user, organisation)
    declared = rulebook().declared.get(rule_id)
    if declared is None:
        raise ActionError(f"没有编号为 {rule_id} 的规则。")
    if not source.strip():
        raise ActionError("请写明依据（文件名称和文号，或会议决定）。")
    _check_stage(stage)
    _refuse_loosening(declared, organisation, value, stage)
    row: RuleEntry = RuleEntry.objects.update_or_create(
        rule=rule_id,
        organisation=organisation,
        stage=stage,
        effective_from=effective_from,
        defaults={"value": value, "source": source.strip(), "blocks": blocks, "entered_at": timezone.now()},
    )[0]
    _changed()
    return touched(row, rule=rule_id, value=value, stage=stage, effective_from=effective_from, blocks=blocks)


@action(RULES_SET)
def drop_rule(row: RuleEntry, *, acting_user: Actor) -> None:
    """Take back what one's own level has set: what the levels above hold is in force again."""
    if row.organisation is None:
        raise ActionError("这是随平台发布的规则，不能删除；可以在本级设定更严的值。")
    RULES_SET.require(acting_user, row.organisation)
    touched(row, rule=row.rule, dropped=True)
    row.delete()
    _changed()


def _changed() -> None:
    rules.forget()
    transaction.on_commit(rules.forget)


def _check_stage(stage: str) -> None:
    try:
        grades_of(stage)
    except ValueError:
        raise ActionError("请从列出的学段中选一项。") from None


def _refuse_loosening(declared: Declared, organisation: Organisation, value: Any, stage: str) -> None:
    if declared.kind == "fixed":
        raise LooserError(f"“{declared.title}”由上级统一规定，本级不能更改。")
    try:
        if _within_bound(declared, organisation, value):
            return
        _compare(declared, organisation, value, stage)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, RuleValueError):
            raise ActionError(str(error)) from error
        raise ActionError("填的值不是这条规则能取的值。") from error


def _within_bound(declared: Declared, organisation: Organisation, value: Any) -> bool:
    """A bureau may replace what is merely our default, up to the bound, unless the bureau above it has spoken."""
    if declared.law or declared.bound is None or organisation.kind not in rules.BUREAUS:
        return False
    spoken = RuleEntry.objects.filter(rule=declared.id, organisation__isnull=False)
    silent = not spoken.filter(organisation__path__in=rules.paths_above(organisation.path)).exists()
    return silent and declared.strict_enough(value, declared.bound)


def _compare(declared: Declared, organisation: Organisation, value: Any, stage: str) -> None:
    for grade in sorted(grades_of(stage)):
        above = rules.value_above(declared.id, organisation.path, str(grade))
        if above is not None and not declared.strict_enough(value, above.value):
            raise LooserError(_words(declared, above, stage, grade))


def _words(declared: Declared, above: RuleValue, stage: str, grade: int) -> str:
    who = above.place or "国家或平台的规则"
    whom = "" if stage and grades_of(stage) == grades_of(str(grade)) else f"（{stage_words(str(grade))}）"
    return (
        f"本级只能更严，不能放宽：{who}{whom}“{declared.title}”的要求是{declared.shown_limit(above.value)}"
        f"（依据：{above.source}）。"
    )

"""When lessons may begin at a school: the rule on pupils' sleep, by the school's stages."""

from __future__ import annotations

from datetime import time

from yincai.core.rules import RuleValue, UnknownRule, rule
from yincai.registry.models import Organisation, OrganisationKind, SchoolKind, Stage

SCHOOL_START = "sleep.start"
STRICTEST_STAGE = {
    SchoolKind.KINDERGARTEN: Stage.KINDERGARTEN,
    SchoolKind.PRIMARY: Stage.LOWER_PRIMARY,
    SchoolKind.NINE_YEAR: Stage.LOWER_PRIMARY,
    SchoolKind.SPECIAL: Stage.LOWER_PRIMARY,
    SchoolKind.JUNIOR: Stage.JUNIOR,
    SchoolKind.SENIOR: Stage.SENIOR,
    SchoolKind.VOCATIONAL: Stage.SENIOR,
}


def start_rule(school: Organisation) -> RuleValue | None:
    """The rule in force for the school's youngest pupils; None where nobody set one."""
    if school.kind != OrganisationKind.SCHOOL:
        return None
    try:
        return rule(SCHOOL_START, school.path, stage=STRICTEST_STAGE[SchoolKind(school.school.kind)])
    except UnknownRule:
        return None


def earliest_start(school: Organisation) -> time | None:
    found = start_rule(school)
    return time.fromisoformat(found.value) if found and found.value else None

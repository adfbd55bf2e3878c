"""Drawing who takes part: the same pupils again and again, at most the share that the rule allows. Pure but for reads.

Each pupil has a number between 0 and 1 for a chain of monitorings that follows from the chain and the pupil alone
(permanent random numbers: Ohlsson 1995, Coordination of samples using permanent random numbers). Of a school's grade
those with the smallest numbers take part.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from yincai.core.action import ActionError
from yincai.core.rules import UnknownRule, rule
from yincai.evaluation.models import Monitoring
from yincai.registry.models import Organisation, OrganisationKind, RoleHeld, RoleName, in_force
from yincai.registry.queries import pseudonyms_of

SCHOOL_BELOW = 8  # characters of a class's path below its school


def school_path(place: str) -> str:
    """The school's path of a class's path."""
    return place[:-SCHOOL_BELOW]


def permanent_number(chain: UUID, pupil: int) -> float:
    """A number in [0, 1) that a pupil keeps along a chain of monitorings."""
    return int.from_bytes(sha256(chain.bytes + pupil.to_bytes(8, "big")).digest()[:7], "big") / 2**56


def drawn(chain: UUID, pupils: Iterable[int], share: int) -> set[int]:
    """At most `share` percent of the pupils.

    >>> len(drawn(UUID(int=1), range(41), 50))
    20
    """
    every = sorted(pupils, key=lambda pupil: (permanent_number(chain, pupil), pupil))
    return set(every[: len(every) * share // 100])


def pupils_of_grade(school: Organisation, grade: int) -> dict[int, str]:
    """Pseudonym's number → path of the class, of a school's pupils of a grade today."""
    held = RoleHeld.objects.filter(
        in_force(),
        name=RoleName.PUPIL,
        organisation__kind=OrganisationKind.CLASS,
        organisation__grade=grade,
        organisation__path__startswith=school.path,
        person__erased_at__isnull=True,
    )
    places = dict(held.values_list("person", "organisation__path"))
    return {found.number: places[person] for person, found in pseudonyms_of(places).items()}


def schools_with(place: Organisation, grade: int) -> list[Organisation]:
    """Schools at or below a place that have classes of a grade, in the order of their codes."""
    classes = Organisation.objects.filter(
        in_force(), kind=OrganisationKind.CLASS, grade=grade, path__startswith=place.path
    )
    paths = {school_path(path) for path in classes.values_list("path", flat=True)}
    return list(Organisation.objects.filter(path__in=paths, kind=OrganisationKind.SCHOOL).order_by("code", "path"))


def most_share(place: str, grade: int) -> tuple[int, str]:
    """The largest share that may be drawn at a place, and what it rests on. ActionError where rules forbid it all."""
    stage = str(grade)
    paper = _in_force("exam.g1g2.paper", place, stage)
    if paper:
        raise ActionError(f"一、二年级不组织纸笔测试，不能安排监测（{paper}）。请改选三年级以上。")
    ban = _in_force("exam.region_ban", place, stage)
    if not ban:
        return 100, ""
    most = rule("exam.monitor_share", place, stage=stage)
    return int(most.value), f"{ban}；{most.source}"


def refuse_forbidden(monitoring: Monitoring, place: str) -> None:
    """A whole grade across schools would be an exam, whatever it is called."""
    most, source = most_share(place, monitoring.grade)
    if not 1 <= monitoring.share <= most:
        raise ActionError(
            f"抽取比例应在 1% 到 {most}% 之间：监测是抽样，抽得更多就成了跨校考试，这是规则不允许的（{source}）。"
        )


def _in_force(rule_id: str, place: str, stage: str) -> str:
    """The source of a yes-or-no rule that holds; empty where it does not apply."""
    try:
        found = rule(rule_id, place, stage=stage)
    except UnknownRule:
        return ""
    return found.source if found.value else ""

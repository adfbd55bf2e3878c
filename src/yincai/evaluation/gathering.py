"""Who goes into a comparison of two monitorings, and who does not, and why: everybody who was drawn is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from yincai.evaluation.models import Monitoring, Participant
from yincai.evaluation.sample import school_path
from yincai.records.models import ScoreFact
from yincai.records.queries import scores_on
from yincai.registry.models import Pseudonym

ASK = 500  # pupils asked for at once


class Fate(StrEnum):
    """What became of somebody drawn for either monitoring. Each is counted in one of these."""

    INCLUDED = "included"
    ABSENT_BEFORE = "absent_before"
    ABSENT_NOW = "absent_now"
    MOVED_IN = "moved_in"
    MOVED_OUT = "moved_out"
    WITHOUT_CONSENT = "without_consent"


FATES = {
    Fate.INCLUDED: "两次都有成绩，计入",
    Fate.ABSENT_BEFORE: "上次抽到了但没有成绩",
    Fate.ABSENT_NOW: "这次抽到了但没有成绩",
    Fate.MOVED_IN: "新转入或新抽到，上次不在名单里",
    Fate.MOVED_OUT: "转出、留级或这次没再抽到",
    Fate.WITHOUT_CONSENT: "监护人没有同意保存",
}
CHANGED_SCHOOL = "changed_school"  # of those included: counted at the school where they are now


@dataclass(frozen=True)
class Pair:
    """An included pupil's two scores, and the school now."""

    pupil: int
    school: str
    before: ScoreFact
    now: ScoreFact


@dataclass
class Gathered:
    """`counts`: by school's path, then by fate."""

    pairs: list[Pair] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, school: str, fate: str) -> None:
        self.counts.setdefault(school, Counter())[fate] += 1

    @property
    def total(self) -> Counter[str]:
        return sum(self.counts.values(), Counter())


def gather(monitoring: Monitoring) -> Gathered:
    """Both monitorings, within the scope of whoever computes."""
    before = monitoring.before
    if before is None:
        raise ValueError("a monitoring without one before it shows no growth")
    drawn_now, drawn_before = _drawn(monitoring), _drawn(before)
    keeping = _keeping(drawn_now.keys() | drawn_before.keys())
    scores_now, scores_before = scores_on(monitoring.code), scores_on(before.code)
    found = Gathered()
    for pupil in sorted(drawn_now.keys() | drawn_before.keys()):
        now, earlier = scores_now.get(pupil), scores_before.get(pupil)
        fate = _fate(pupil, drawn_now, drawn_before, pupil in keeping, now, earlier)
        school = school_path(drawn_now.get(pupil) or drawn_before[pupil])
        found.count(school, fate)
        if fate == Fate.INCLUDED and now is not None and earlier is not None:
            found.pairs.append(Pair(pupil, school, earlier, now))
            if school_path(drawn_before.get(pupil, drawn_now[pupil])) != school:
                found.count(school, CHANGED_SCHOOL)
    return found


def _fate(
    pupil: int,
    drawn_now: Mapping[int, str],
    drawn_before: Mapping[int, str],
    keeps: bool,
    now: ScoreFact | None,
    before: ScoreFact | None,
) -> Fate:
    if pupil not in drawn_now:
        return Fate.MOVED_OUT
    if not keeps:
        return Fate.WITHOUT_CONSENT
    if now is None:
        return Fate.ABSENT_NOW
    if before is not None:
        return Fate.INCLUDED
    return Fate.ABSENT_BEFORE if pupil in drawn_before else Fate.MOVED_IN


def _drawn(monitoring: Monitoring) -> dict[int, str]:
    return dict(Participant.objects.filter(monitoring=monitoring).values_list("pupil", "place"))


def _keeping(pupils: Iterable[int]) -> set[int]:
    """Those whose guardians agree today; of the others nothing is computed, even if something was kept before."""
    numbers, found = sorted(pupils), set[int]()
    for start in range(0, len(numbers), ASK):
        rows = Pseudonym._base_manager.filter(number__in=numbers[start : start + ASK], keeps=True)
        found.update(rows.values_list("number", flat=True))
    return found

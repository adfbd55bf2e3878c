"""The end of a placement: the sitting is closed and, with consent, what it came to is kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from yincai.core.actors import Actor
from yincai.knowledge.parameters import calibration_in_use
from yincai.learning.actions import practise
from yincai.learning.keeping import Keeping
from yincai.learning.models import PlacementPaper, PlacementResult, Practice
from yincai.learning.placing import Outcome, bench_of, next_entry, outcome


def finish(keeping: Keeping, practice_id: UUID, grade: int, *, acting_user: Actor) -> Outcome | None:
    """Close the sitting. None where the answers are too few to say anything."""
    practice = practise.stop(keeping, practice_id, acting_user=acting_user)
    found = outcome_of(keeping, practice, grade)
    if found and keeping.keeps and practice.ended_at:
        keep_result(keeping.pupil, practice, found, practice.ended_at)
    return found


def outcome_of(keeping: Keeping, practice: Practice, grade: int) -> Outcome | None:
    """What the answers of a sitting say now."""
    test = bench_of(practice.place, grade)
    if test is None:
        return None
    given = keeping.given(practice)
    _, reason = next_entry(test, given, practice.pk)
    return outcome(test, given, reason or "stopped")


def keep_result(
    pupil: int, practice: Practice, found: Outcome, at: datetime, paper: PlacementPaper | None = None
) -> PlacementResult:
    calibration = calibration_in_use(practice.subject)
    row, _ = PlacementResult.objects.update_or_create(
        practice=practice.pk,
        defaults={
            "pupil": pupil,
            "paper": paper,
            "place": practice.place,
            "subject": practice.subject,
            "grade": found.grade,
            "at": at,
            "n": found.n,
            "reason": found.reason,
            "ability": found.ability,
            "se": found.se,
            "share": found.share,
            "low": found.low,
            "high": found.high,
            "band": found.band,
            "band_low": found.band_low,
            "band_high": found.band_high,
            "units": [[unit.code, unit.share, unit.asked] for unit in found.units],
            "begin": found.begin,
            "calibration": calibration.pk if calibration else None,
        },
    )
    return row

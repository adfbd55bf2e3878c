"""The end of a placement: the sitting is closed and, with consent, what it came to is kept, as a result for the pages
and as a score; a teacher may declare it void."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.permissions import NotAllowed
from yincai.knowledge.parameters import calibration_in_use
from yincai.learning.actions import practise
from yincai.learning.actions.steering import require_class
from yincai.learning.keeping import Keeping
from yincai.learning.models import PlacementPaper, PlacementResult, Practice
from yincai.learning.placing import Outcome, bench_of, next_question, outcome
from yincai.learning.policies import STEER
from yincai.records import scores
from yincai.records.models import ScoreFact
from yincai.records.scores import Score
from yincai.registry.queries import class_of, people_of

SCALE = "yincai-logit"  # 0: the average pupil in the middle of grade 6; 1: a deviation of pupils of one grade
WHY = 200


def finish(keeping: Keeping, practice_id: UUID, grade: int, *, acting_user: Actor) -> Outcome | None:
    """Close the sitting. None where the answers are too few to say anything."""
    with transaction.atomic():
        practice = practise.stop(keeping, practice_id, acting_user=acting_user)
        found = outcome_of(keeping, practice, grade)
        if found and keeping.keeps and practice.ended_at:
            keep_result(keeping.pupil, practice, found, practice.ended_at, acting_user=acting_user)
    return found


def outcome_of(keeping: Keeping, practice: Practice, grade: int) -> Outcome | None:
    """What the answers of a sitting say now."""
    test = bench_of(practice.place, grade)
    if test is None:
        return None
    given = keeping.given(practice)
    _, reason = next_question(test, given, practice.pk)
    return outcome(test, given, reason or "stopped")


@transaction.atomic
def keep_result(
    pupil: int,
    practice: Practice,
    found: Outcome,
    at: datetime,
    paper: PlacementPaper | None = None,
    form: str = "",
    *,
    acting_user: Actor,
) -> PlacementResult:
    """What a sitting came to, once; after a mark was mended, what it comes to now. Raises ConsentMissing."""
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
    row.score = _keep_score(_score_of(row, form), acting_user)
    row.save(update_fields=["score"])
    return row


def _score_of(row: PlacementResult, form: str) -> Score:
    """A sitting is a form of its own, since its questions were chosen for the pupil."""
    return Score(
        pupil=row.pupil,
        place=row.place,
        subject=row.subject,
        test=f"placement-{row.subject}-{row.grade}",
        form="-".join(part for part in (form, row.practice.hex[-12:]) if part),
        scale=SCALE,
        score=row.ability,
        se=row.se,
        at=row.at,
        grade=row.grade,
        source=ScoreFact.SITTING,
    )


def _keep_score(score: Score, actor: Actor) -> UUID:
    """The statement of the score; a changed one is corrected, one that was voided stays so."""
    key = scores.id_of(score)
    if not ScoreFact.objects.filter(statement=key).exists():
        return scores.scored(score, acting_user=actor)
    newest = scores.newest_of(key)
    if newest.score is not None and (newest.score, newest.se) != (score.score, score.se):
        scores.corrected(newest, score.score, score.se, acting_user=actor)
    return key


@action(STEER)
def void_result(row: PlacementResult, why: str, *, acting_user: Actor) -> PlacementResult:
    """A sitting that says nothing of the pupil (somebody else sat it) counts no more; the answers stay what they were.

    The pupil is asked to do it again.
    """
    person = people_of([row.pupil]).get(row.pupil)
    room = class_of(person) if person else None
    if person is None or room is None:
        raise NotAllowed("做这次摸底的学生已经不在您的班里，不能由您作废。")
    require_class(room, acting_user)
    if row.voided_at:
        changed_nothing()
        return row
    if not why.strip():
        raise ActionError(f"{person.name}的这次摸底没有作废：请写一句为什么，如“不是本人做的”。")
    row.voided_at = timezone.now()
    row.save(update_fields=["voided_at"])
    if row.score:
        scores.voided(scores.newest_of(row.score), acting_user=acting_user)
    notify([person.pk], "老师请你重新找一次从哪里练起", reverse("learning-placement"))
    return touched(row, voided_at=row.voided_at, why=why.strip()[:WHY])

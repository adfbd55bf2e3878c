"""A monitoring from its plan to the drawing of who takes part."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.tasks import background, enqueue
from yincai.evaluation.models import Monitoring, Participant
from yincai.evaluation.policies import MONITORING_PLAN
from yincai.evaluation.sample import drawn, pupils_of_grade, refuse_forbidden, schools_with
from yincai.registry.calendar import year_holding
from yincai.registry.models import Organisation

AT_ONCE = 2000  # rows a statement


@dataclass(frozen=True)
class Plan:
    """What is decided of a monitoring; one that continues another takes over its scale."""

    title: str
    code: str
    subject: str
    grade: int
    on: date
    share: int
    before: Monitoring | None = None
    scale_mean: float = 500.0
    scale_sd: float = 100.0
    scale_low: float = 0.0
    scale_high: float = 1000.0
    scale_se: float = 30.0


SCALE = ("scale_mean", "scale_sd", "scale_low", "scale_high", "scale_se")


@action(MONITORING_PLAN)
def plan_monitoring(place: Organisation, plan: Plan, *, acting_user: Actor) -> Monitoring:
    """Plan it; a worker then draws who takes part."""
    MONITORING_PLAN.require(acting_user, place)
    row = put_monitoring(place, plan, acting_user)
    enqueue(draw_participants, acting_user=acting_user, monitoring=str(row.pk))
    return touched(row, code=row.code, grade=row.grade, share=row.share, before=row.before_id)


def put_monitoring(place: Organisation, plan: Plan, acting_user: Actor) -> Monitoring:
    """Part of an action."""
    row = Monitoring(
        organisation=place,
        year=year_holding(plan.on).name.removesuffix(" 学年"),
        planned_by=acting_user.account.pk,
        **{each.name: getattr(plan, each.name) for each in fields(plan)},
    )
    if plan.before is not None:
        _continue(row, plan.before)
    _refuse_wrong_scale(row)
    refuse_forbidden(row, place.path)
    if Monitoring._base_manager.filter(code=row.code).exists():
        raise ActionError(f"监测编号“{row.code}”已经用过，请换一个。")
    if not schools_with(place, row.grade):
        raise ActionError(f"{place.name}没有{row.grade}年级的班级。请改选年级，或先建班。")
    row.save()
    return row


def _continue(row: Monitoring, before: Monitoring) -> None:
    if Monitoring._base_manager.filter(before=before).exists():
        raise ActionError(f"“{before.title}”已经接有下一次监测，一次只能接一次。")
    if (before.subject, before.grade) != (row.subject, row.grade - 1) or before.on >= row.on:
        raise ActionError("要接的监测应是同一学科、低一个年级、更早的一次：这样才是同一批学生。请重选。")
    if before.organisation_id != row.organisation_id:
        raise ActionError("要接的监测应由同一个单位组织。请重选。")
    for name in SCALE:
        setattr(row, name, getattr(before, name))


def _refuse_wrong_scale(row: Monitoring) -> None:
    if not row.scale_low < row.scale_mean < row.scale_high:
        raise ActionError("量尺的平均分应在最低分和最高分之间，请核对这三项。")
    if not 0 < row.scale_sd <= row.scale_high - row.scale_low:
        raise ActionError("量尺的标准差应大于 0，且不超过最高分减最低分。")
    if not 0 < row.scale_se < row.scale_sd:
        raise ActionError("测量标准误应大于 0，且小于量尺的标准差；没有说明时可填标准差的三成。")


@background
def draw_participants(monitoring: str, *, acting_user: Actor) -> None:
    """School by school, each a short action; what was drawn already stays as it is."""
    row = Monitoring.objects.select_related("organisation").get(pk=monitoring)
    for school in schools_with(row.organisation, row.grade):
        draw_school(row, school, acting_user=acting_user)
    finish_drawing(row, acting_user=acting_user)


@action(MONITORING_PLAN)
def draw_school(row: Monitoring, school: Organisation, *, acting_user: Actor) -> int:
    MONITORING_PLAN.require(acting_user, school)
    if row.participants.filter(place__startswith=school.path).exists():
        changed_nothing()
        return 0
    pupils = pupils_of_grade(school, row.grade)
    chosen = sorted(drawn(row.root.pk, pupils, row.share))
    Participant.objects.bulk_create(
        (Participant(monitoring=row, pupil=pupil, place=pupils[pupil]) for pupil in chosen), batch_size=AT_ONCE
    )
    touched(row, school=school.pk, drawn=len(chosen), of=len(pupils))
    return len(chosen)


@action(MONITORING_PLAN)
def finish_drawing(row: Monitoring, *, acting_user: Actor) -> Monitoring:
    if row.drawn_at is not None:
        changed_nothing()
        return row
    row.drawn_at = timezone.now()
    row.save(update_fields=["drawn_at"])
    return touched(row, drawn_at=row.drawn_at)

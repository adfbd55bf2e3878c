"""Calibrations: begun by a person or every month, put into use by a named person only."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.tasks import enqueue, long_background, register_periodic
from yincai.indicators.cards import refuse_beyond_bounds
from yincai.knowledge import calibration, pool, rehearsals
from yincai.knowledge.model_cards import metrics_of
from yincai.knowledge.models import SUBJECT, Calibration, CalibrationState, ItemParameters
from yincai.knowledge.policies import CALIBRATE

EVERY = timedelta(days=30)


@action(CALIBRATE)
def begin_calibration(*, acting_user: Actor, at_once: bool = False) -> Calibration:
    """Begin a run; `at_once`: whoever calls runs it, else the background does."""
    waiting = Calibration.objects.filter(
        subject=SUBJECT, state__in=(CalibrationState.RUNNING, CalibrationState.PROPOSED)
    ).first()
    if waiting and waiting.state == CalibrationState.PROPOSED:
        raise ActionError(f"第 {waiting.pk} 次校准还等着决定：先采用或不采用它，再重算。")
    if waiting and not at_once:
        raise ActionError(f"第 {waiting.pk} 次校准正在计算，等它算完。")
    row = waiting or Calibration.objects.create(made_by=acting_user.account.pk)
    if not at_once:
        enqueue(run_calibration, acting_user=acting_user, pk=row.pk)
    return touched(row)


@action(CALIBRATE)
def decide_calibration(row: Calibration, use: bool, why: str, *, acting_user: Actor) -> Calibration:
    """Put a proposed calibration into use, or not; the one in use before is kept as it was."""
    row = Calibration.objects.select_for_update().get(pk=row.pk)
    if row.state != CalibrationState.PROPOSED:
        raise ActionError(f"这次校准的状态是“{row.get_state_display()}”，不等着决定。请刷新页面看看。")
    if not why.strip():
        raise ActionError("请用一句话写下为什么这样决定，以后的人看得到。")
    if use:
        refuse_beyond_bounds(f"第 {row.pk} 次校准", metrics_of(row))
    row.decided_by, row.decided_at, row.why = acting_user.account.pk, timezone.now(), why.strip()[:200]
    row.state = CalibrationState.IN_USE if use else CalibrationState.DROPPED
    if use:
        Calibration.objects.filter(subject=row.subject, state=CalibrationState.IN_USE).update(
            state=CalibrationState.RETIRED
        )
        ItemParameters.objects.filter(calibration=row).update(since=row.decided_at)
        rehearsals.use_limits(row)
        pool.changed(row.subject)
    row.save()
    return touched(row, state=row.state, why=row.why)


@long_background
def run_calibration(pk: int, *, acting_user: Actor) -> None:
    row = Calibration.objects.get(pk=pk)
    if row.state == CalibrationState.RUNNING:
        calibration.run(row)


@long_background
def calibrate_monthly(*, acting_user: Actor) -> None:
    """Nothing where a run waits for a person, and no trace where answers are too few."""
    if Calibration.objects.filter(state__in=(CalibrationState.RUNNING, CalibrationState.PROPOSED)).exists():
        return
    row = begin_calibration(acting_user=acting_user, at_once=True)
    if calibration.run(row).state == CalibrationState.FAILED:
        row.delete()


register_periodic(calibrate_monthly, EVERY, at_once=False)

"""申诉: a head objects to the school's figures, whoever runs the monitoring answers, both with a trace."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.scope import unscoped
from yincai.evaluation.models import Appeal, SchoolGrowth
from yincai.evaluation.policies import APPEAL, APPEAL_ANSWER, BUREAUS
from yincai.evaluation.words import grade_of
from yincai.registry.models import RoleHeld, in_force


@action(APPEAL)
def appeal(growth: SchoolGrowth, reason: str, text: str, *, acting_user: Actor) -> Appeal:
    APPEAL.require(acting_user, growth)
    if growth.appeals.filter(state=Appeal.OPEN).exists():
        raise ActionError("对这一结果的申诉还在等待答复，答复以后才能再提。")
    row = Appeal.objects.create(
        growth=growth,
        reason=reason,
        text=text.strip(),
        by=acting_user.account.pk,
        by_person=acting_user.person,
        by_name=acting_user.name,
    )
    monitoring = growth.run.monitoring
    sentence = f"{growth.school.name}对{grade_of(monitoring)}的增值结果提出申诉，请答复"
    notify(_officers(growth), sentence, reverse("evaluation-appeal-page", args=[row.pk]))
    return touched(row, reason=reason, text=text)


@action(APPEAL_ANSWER)
def answer_appeal(row: Appeal, state: str, answer: str, *, acting_user: Actor) -> Appeal:
    APPEAL_ANSWER.require(acting_user, row)
    if row.state != Appeal.OPEN:
        raise ActionError("这条申诉已经答复过了，刷新页面就能看到。")
    row.state, row.answer = state, answer.strip()
    row.answered_by_name, row.answered_at = acting_user.name, timezone.now()
    row.save(update_fields=["state", "answer", "answered_by_name", "answered_at"])
    if row.by_person:
        notify([row.by_person], "对增值结果的申诉有了答复", reverse("evaluation-appeal-page", args=[row.pk]))
    return touched(row, state=state, answer=answer)


def _officers(growth: SchoolGrowth) -> list[UUID]:
    """Whoever holds an office where the monitoring is run."""
    place = growth.run.monitoring.organisation
    with unscoped("officers above the school are told of its appeal"):
        held = RoleHeld.objects.filter(in_force(), organisation=place, name__in=BUREAUS)
        return list(held.values_list("person", flat=True))

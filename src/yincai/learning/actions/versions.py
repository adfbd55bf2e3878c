"""Sets of numbers of tracing: a fit to the installation's own answers is begun by a person or every month; which set is
in use, a named person decides.

A switch only says what shall be in use. The states follow in the background (`tasks.move_states`): they are folded
anew beside the old ones and then take their place, so that no state mixes two sets.
"""

from __future__ import annotations

from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.ids import new_id
from yincai.core.tasks import enqueue
from yincai.indicators.cards import Metric, refuse_beyond_bounds
from yincai.learning.models import ModelVersion, VersionState
from yincai.learning.policies import SWITCH_MODEL
from yincai.learning.tracing.versions import SHIPPED, SUBJECT, numbers_of

OPEN = (VersionState.RUNNING, VersionState.PROPOSED)


@action(SWITCH_MODEL)
def begin_refit(*, acting_user: Actor, at_once: bool = False) -> ModelVersion:
    """Begin a fit; `at_once`: whoever calls runs it, else the background does."""
    from yincai.learning.tasks import refit_version

    waiting = ModelVersion.objects.defer("content").filter(subject=SUBJECT, state__in=OPEN).first()
    if waiting and waiting.state == VersionState.PROPOSED:
        raise ActionError(f"{waiting.label}还等着决定：先换上或不换，再重新拟合。")
    if waiting and not at_once:
        raise ActionError(f"{waiting.label}正在计算，等它算完。")
    row = waiting or ModelVersion.objects.create(name=f"local-{new_id().hex[-10:]}", made_by=acting_user.account.pk)
    if not at_once:
        enqueue(refit_version, acting_user=acting_user, pk=row.pk)
    return touched(row)


@action(SWITCH_MODEL)
def use_version(name: str, why: str, *, acting_user: Actor) -> ModelVersion:
    """Put a set into use: one that is proposed, or one that was in use before; the one in use now is kept.

    Raises ActionError where the set does not keep the bounds of its card.
    """
    from yincai.learning.tasks import move_states

    row = _row_of(name, acting_user)
    if row.state not in (VersionState.PROPOSED, VersionState.RETIRED):
        raise ActionError(f"{row.label}的状态是“{row.get_state_display()}”，不能换上。请刷新页面看看。")
    _refuse_without_reason(why)
    if not numbers_of(row.name).fits:
        raise ActionError(f"{row.label}是在软件的另一个版本里拟合的，现在的版本用不了它。请重新拟合。")
    refuse_beyond_bounds(row.label, metrics_of(row))
    if found := row.evidence.get("findings"):
        raise ActionError(f"{row.label}对某些学生不准，不能换上：{'；'.join(found)}。在用的模型不变。")
    ModelVersion.objects.filter(subject=SUBJECT, state=VersionState.IN_USE).update(state=VersionState.RETIRED)
    _decide(row, VersionState.IN_USE, why, acting_user)
    enqueue(move_states, acting_user=acting_user)
    return touched(row, state=row.state, why=row.why)


@action(SWITCH_MODEL)
def drop_version(name: str, why: str, *, acting_user: Actor) -> ModelVersion:
    """A proposal that nobody wants; the set in use stays."""
    row = _row_of(name, acting_user)
    if row.state != VersionState.PROPOSED:
        raise ActionError(f"{row.label}的状态是“{row.get_state_display()}”，不等着决定。请刷新页面看看。")
    _refuse_without_reason(why)
    _decide(row, VersionState.DROPPED, why, acting_user)
    return touched(row, state=row.state, why=row.why)


def _row_of(name: str, acting_user: Actor) -> ModelVersion:
    rows = ModelVersion.objects.defer("content").select_for_update()
    if name in SHIPPED:
        begun = {"state": VersionState.RETIRED, "made_by": acting_user.account.pk}
        return rows.get_or_create(name=name, defaults=begun)[0]
    row = rows.filter(name=name, subject=SUBJECT).first()
    if row is None:
        raise ActionError("没有这一版模型。请刷新页面看看。")
    return row


def metrics_of(row: ModelVersion) -> list[Metric]:
    """The figures of a version's card: on pupils who were left out of its fit."""
    told = numbers_of(row.name).told.get("metrics", []) if row.name in SHIPPED else row.metrics
    return [Metric(**metric) for metric in told]


def _refuse_without_reason(why: str) -> None:
    if not why.strip():
        raise ActionError("请用一句话写下为什么这样决定，以后的人看得到。")


def _decide(row: ModelVersion, state: str, why: str, acting_user: Actor) -> None:
    row.state, row.why = state, why.strip()[:200]
    row.decided_by, row.decided_at = acting_user.account.pk, timezone.now()
    row.save(update_fields=["state", "why", "decided_by", "decided_at"])

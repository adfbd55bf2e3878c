"""题目有误: anyone says so, a reviewer answers, and who said it hears of it."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.knowledge.models import FlagEnd, FlagReason, Item, ItemFlag
from yincai.knowledge.policies import CLOSE, FLAG

MOST_OPEN = 20  # flags of one person that wait at the same time


@action(FLAG)
def raise_flag(item: Item, version: int, seed: int | None, reason: str, words: str, *, acting_user: Actor) -> ItemFlag:
    if reason not in FlagReason.values:
        raise ActionError("请选一个原因。")
    waiting = ItemFlag.objects.filter(person=acting_user.person, closed_at=None)
    again = waiting.filter(item=item, version=version, reason=reason).first()
    if again:
        return touched(again, words=words)
    if waiting.count() >= MOST_OPEN:
        raise ActionError(f"您已有 {MOST_OPEN} 条报错在等回复，请等老师看过以后再报。")
    flag = ItemFlag(
        item=item,
        version=version,
        seed=seed,
        reason=reason,
        words=words.strip()[:300],
        person=acting_user.person,
        place=acting_user.place,
    )
    flag.save()
    return touched(flag, reason=reason)


@action(CLOSE)
def close_flag(flag: ItemFlag, end: str, answer: str, *, acting_user: Actor) -> ItemFlag:
    """Answer a flag, and all others that say the same of this version."""
    CLOSE.require(acting_user, flag)
    if end not in FlagEnd.values:
        raise ActionError("请选一个处理结果。")
    if end == FlagEnd.KEPT and not answer.strip():
        raise ActionError("请用一句话告诉报错的人，题目为什么没有错。")
    alike = ItemFlag.objects.filter(item=flag.item_id, version=flag.version, reason=flag.reason, closed_at=None)
    told = [row.person for row in alike if row.person]
    now = timezone.now()
    alike.update(end=end, answer=answer.strip()[:300], closed_by=acting_user.account.pk, closed_at=now)
    notify(told, f"您报告的题目：{FlagEnd(end).label}。{answer.strip()}"[:300], reverse("knowledge-said"))
    return touched(flag, end=end)

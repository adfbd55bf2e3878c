"""What `yincai doctor` asks of the records: do states keep up with facts, and the lake with both?"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from yincai.core.doctor import check
from yincai.core.scope import unscoped
from yincai.records import lake
from yincai.records.folds import FOLDS
from yincai.records.models import LearnerState, ResponseFact, StateVersion
from yincai.records.versions import versions_of

LAKE_AT_MOST = timedelta(minutes=15)


@check("states")
def states() -> tuple[bool, str]:
    """States in the version that the code brings, and none that waits."""
    for version in StateVersion.objects.filter(status=StateVersion.ACTIVE, subject__in=list(FOLDS)):
        if versions_of(version.pk) != FOLDS[version.subject].versions:
            return False, f"学习状态仍是旧版本（{version}）。请运行 yincai rebuild learner-state，作答可照常进行。"
    with unscoped("how many states wait, of everybody"):
        waiting = LearnerState.objects.filter(waiting=True, subject__in=list(FOLDS)).count()
    if waiting:
        return False, f"{waiting} 份学习状态等待重算。后台任务在运行时一分钟内会完成；否则请运行 yincai serve。"
    return True, "学习状态与作答事实同步。"


@check("lake")
def lake_age() -> tuple[bool, str]:
    """The figures of heads and officers are read from the lake."""
    with unscoped("whether anything is there to be written"):
        anything = ResponseFact.objects.exists()
    written = lake.as_of()
    if not anything:
        return True, "还没有作答，统计数据为空。"
    if written is None or timezone.now() - written > LAKE_AT_MOST:
        since = timezone.localtime(written).strftime("%m-%d %H:%M") if written else "从未"
        return False, f"统计数据上次更新：{since}。后台任务没有运行，请用 yincai serve 启动。"
    return True, f"统计数据更新于 {timezone.localtime(written):%H:%M:%S}。"

"""What `yincai doctor` asks of the records: do states keep up with facts, and the lake with both?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from yincai.core.doctor import check
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.records import lake, refolding
from yincai.records.folds import FOLDS
from yincai.records.models import LearnerState, ResponseFact, StateVersion
from yincai.records.versions import versions_of

LAKE_AT_MOST = timedelta(minutes=15)
LOOKED_AT = 100_000  # states: some ten seconds
CHUNK = 500
LATELY = timedelta(days=30)


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
    if damaged := _damaged():
        return False, f"{damaged} 份学习状态的字节已损坏。请运行 yincai rebuild learner-state，并检查磁盘。"
    return True, "学习状态与作答事实同步。" + _mended_lately()


def _damaged() -> int:
    """Where there are too many to look at each, `yincai rebuild learner-state --check` does."""
    with unscoped("whether the bytes of states can be read, of everybody"):
        states = LearnerState.objects.filter(subject__in=list(FOLDS))
        if states.count() > LOOKED_AT:
            return 0
        return sum(refolding.damaged(states.filter(pk__in=some)) for some in _chunks(states))


def _chunks(states: QuerySet[LearnerState]) -> Iterator[list[int]]:
    every = list(states.values_list("pk", flat=True))
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))


def _mended_lately() -> str:
    mended = AuditRow.objects.filter(verb=refolding.MENDED, at__gte=timezone.now() - LATELY).count()
    if not mended:
        return ""
    return f"{LATELY.days} 天内有 {mended} 份状态字节损坏，遇到时已由作答事实重算；请检查磁盘。"


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

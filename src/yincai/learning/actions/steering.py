"""What a teacher decides: a practice set, an item pinned, banned or put in order, the success rate aimed at."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.permissions import NotAllowed
from yincai.learning.models import Assignment, ClassSetting, ItemRule
from yincai.learning.policies import STEER
from yincai.learning.sitting import forget_class
from yincai.registry.models import Organisation
from yincai.registry.queries import classes_taught, pupils_of

LOWEST, HIGHEST = 0.6, 0.9
MOST_QUESTIONS = 30


def _require_class(school_class: Organisation, actor: Actor) -> None:
    if actor.person is None or school_class.pk not in {row.pk for row in classes_taught(actor.person)}:
        raise NotAllowed(f"您不教{school_class.name}，不能为他们布置或调整练习。")


@action(STEER)
def set_practice(
    school_class: Organisation,
    title: str,
    *,
    points: list[int],
    items: list[int],
    pupils: list[int],
    questions: int,
    due: date | None,
    acting_user: Actor,
) -> Assignment:
    """Set a practice for the whole class (`pupils` empty) or for some of it; they are told by notice."""
    _require_class(school_class, acting_user)
    _check_practice(points, items, questions, due)
    members = pupils_of(school_class)
    known = {member.pseudonym.number for member in members}
    if not set(pupils) <= known:
        raise ActionError("名单里有不在本班的学生，请重新选择。")
    row = Assignment.objects.create(
        school_class=school_class,
        title=title.strip()[:60] or "练习",
        points=sorted(points),
        items=items,
        pupils=sorted(pupils),
        questions=questions,
        due=due,
        set_by=acting_user.account.pk,
    )
    told = [member.person.pk for member in members if not pupils or member.pseudonym.number in set(pupils)]
    notify(told, f"老师布置了练习：{row.title}", "/")
    return touched(row, points=points, items=items, pupils=len(told), questions=questions, due=due)


def _check_practice(points: list[int], items: list[int], questions: int, due: date | None) -> None:
    if not points and not items:
        raise ActionError("还没有选知识点或题目：至少选一个，学生才有题可做。")
    if not 1 <= questions <= MOST_QUESTIONS:
        raise ActionError(f"题数应在 1 到 {MOST_QUESTIONS} 之间。")
    if due and due < timezone.localdate():
        raise ActionError("截止日期已经过去了，请改成今天或以后。")


@action(STEER)
def withdraw_practice(assignment: Assignment, *, acting_user: Actor) -> Assignment:
    _require_class(assignment.school_class, acting_user)
    if assignment.withdrawn_at:
        changed_nothing()
        return assignment
    assignment.withdrawn_at = timezone.now()
    assignment.save(update_fields=["withdrawn_at"])
    return touched(assignment, withdrawn_at=assignment.withdrawn_at)


@action(STEER)
def rule_item(school_class: Organisation, item: int, kind: str, position: int = 0, *, acting_user: Actor) -> ItemRule:
    """Pin, ban or order an item for a class; a second word replaces the first."""
    _require_class(school_class, acting_user)
    if kind not in dict(ItemRule.KINDS):
        raise ActionError("只能选：优先出、不出、按顺序出。")
    row, _ = ItemRule.objects.update_or_create(
        school_class=school_class,
        item=item,
        defaults={"kind": kind, "position": position, "set_by": acting_user.account.pk, "set_at": timezone.now()},
    )
    forget_class(school_class.pk)
    return touched(row, item=item, kind=kind, position=position)


@action(STEER)
def unrule_item(school_class: Organisation, item: int, *, acting_user: Actor) -> None:
    _require_class(school_class, acting_user)
    row = ItemRule.objects.filter(school_class=school_class, item=item).first()
    if row is None:
        changed_nothing()
        return
    touched(row, "learning.unrule_item", item=item)
    row.delete()
    forget_class(school_class.pk)


@action(STEER)
def set_target(school_class: Organisation, target: float, *, acting_user: Actor) -> ClassSetting:
    _require_class(school_class, acting_user)
    if not LOWEST <= target <= HIGHEST:
        raise ActionError(f"目标答对率应在 {LOWEST:.0%} 到 {HIGHEST:.0%} 之间：太难会泄气，太易学不到新东西。")
    row, _ = ClassSetting.objects.update_or_create(school_class=school_class, defaults={"target": target})
    forget_class(school_class.pk)
    return touched(row, target=target)

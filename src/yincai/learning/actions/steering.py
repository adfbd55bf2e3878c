"""What a teacher decides: a practice set, an item pinned, banned or put in order, the success rate aimed at."""

from __future__ import annotations

from datetime import date

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.permissions import NotAllowed
from yincai.knowledge.models import Item
from yincai.knowledge.pool import pool
from yincai.knowledge.queries import graph
from yincai.learning.models import SUBJECTS, Assignment, ClassSetting, ItemRule
from yincai.learning.policies import STEER, SUBJECT
from yincai.learning.sitting import class_word, forget_class, stocked
from yincai.registry.models import Organisation
from yincai.registry.queries import pupils_of, subjects_taught

TELL_THE_OFFICE = "任课登记有误的话，请学校管理员在您的人员页上改。"
LOWEST, HIGHEST = 0.6, 0.9
MOST_QUESTIONS = 30


def require_class(school_class: Organisation, actor: Actor) -> None:
    """Of the teachers of a class, only those who teach it this subject."""
    if not STEER.can(actor, school_class):
        raise NotAllowed(f"{why_not(school_class, actor)}，不能为他们布置或调整练习。{TELL_THE_OFFICE}")


def why_not(school_class: Organisation, actor: Actor) -> str:
    """What is missing for deciding about a class, in words."""
    taught = subjects_taught(actor.person, school_class) if actor.person else []
    name = SUBJECTS[SUBJECT]
    if not taught:
        return f"您的任课里没有{school_class.name}"
    return f"您教{school_class.name}的{'、'.join(taught)}，任课里没有这个班的{name}"


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
    """Set a practice for the whole class (`pupils` empty) or for some of it; they are told by notice.

    Chosen items come first, in their order, and fill up with questions on the points; without points they are all.
    """
    require_class(school_class, acting_user)
    questions = max(questions, len(items)) if points or not items else len(items)
    _check_size(points, items, questions, due)
    _check_stock(school_class, points, items)
    members = pupils_of(school_class)
    if not set(pupils) <= {member.pseudonym.number for member in members}:
        raise ActionError("名单里有不在本班的学生，请重新选择。")
    row = Assignment.objects.create(
        school_class=school_class,
        subject=SUBJECT,
        title=title.strip()[:60] or _title_of(points),
        points=sorted(set(points)),
        items=items,
        pupils=sorted(set(pupils)),
        questions=questions,
        due=due,
        set_by=acting_user.account.pk,
    )
    told = [member.person.pk for member in members if not pupils or member.pseudonym.number in set(pupils)]
    until = f"，{due.month} 月 {due.day} 日前做完" if due else ""
    notify(told, f"老师布置了练习“{row.title}”，{questions} 题{until}", reverse("learning-map"))
    return touched(row, points=points, items=items, pupils=len(told), questions=questions, due=due)


def _check_size(points: list[int], items: list[int], questions: int, due: date | None) -> None:
    if not points and not items:
        raise ActionError("还没有选知识点或题目：至少选一个，学生才有题可做。")
    if not 1 <= questions <= MOST_QUESTIONS:
        raise ActionError(f"题数应在 1 到 {MOST_QUESTIONS} 之间。")
    if due and due < timezone.localdate():
        raise ActionError("截止日期已经过去了，请改成今天或以后。")


def _check_stock(school_class: Organisation, points: list[int], items: list[int]) -> None:
    """There must be something to ask, and nothing that the teacher banned."""
    known, stock = graph(SUBJECT).by_slot, stocked(pool(SUBJECT, school_class.path))
    if any(slot not in known for slot in points):
        raise ActionError("选的知识点里有本版本没有的，请刷新页面重选。")
    bare = [known[slot].name for slot in points if not stock[slot]]
    if points and not items and len(bare) == len(points):
        raise ActionError(f"“{'”“'.join(bare[:3])}”还没有可用的题。换一个知识点，或直接填题号。")
    banned = class_word(school_class.pk).banned & set(items)
    if banned:
        codes = Item.objects.filter(pk__in=banned).values_list("code", flat=True)
        raise ActionError(f"您为这个班设了“不出”的题：{'、'.join(codes)}。请去掉，或先在“调整选题”里取消。")


def _title_of(points: list[int]) -> str:
    known = graph(SUBJECT).by_slot
    names = [known[slot].name for slot in points]
    return f"练一练：{'、'.join(names)}"[:60] if names else "老师选的题"


@action(STEER)
def withdraw_practice(assignment: Assignment, *, acting_user: Actor) -> Assignment:
    require_class(assignment.school_class, acting_user)
    if assignment.withdrawn_at:
        changed_nothing()
        return assignment
    assignment.withdrawn_at = timezone.now()
    assignment.save(update_fields=["withdrawn_at"])
    return touched(assignment, withdrawn_at=assignment.withdrawn_at)


@action(STEER)
def rule_items(school_class: Organisation, items: list[int], kind: str, *, acting_user: Actor) -> list[ItemRule]:
    """Pin, ban or order items for a class; a second word on an item replaces the first, in order at the end."""
    require_class(school_class, acting_user)
    if kind not in dict(ItemRule.KINDS):
        raise ActionError("只能选：优先出、不出、按顺序出。")
    if kind != ItemRule.BAN:
        _check_mapped(school_class, items)
    last = ItemRule.objects.filter(school_class=school_class).aggregate(last=Max("position"))["last"] or 0
    rows = [_rule(school_class, item, kind, last + turn, acting_user) for turn, item in enumerate(items, start=1)]
    forget_class(school_class.pk)
    return rows


def _rule(school_class: Organisation, item: int, kind: str, position: int, actor: Actor) -> ItemRule:
    row, _ = ItemRule.objects.update_or_create(
        school_class=school_class,
        item=item,
        defaults={"kind": kind, "position": position, "set_by": actor.account.pk, "set_at": timezone.now()},
    )
    return touched(row, item=item, kind=kind, position=position)


def _check_mapped(school_class: Organisation, items: list[int]) -> None:
    """What hangs on no knowledge point is never chosen by the platform, so it can be neither pinned nor ordered."""
    choices = pool(SUBJECT, school_class.path)
    loose = [item for item in items if choices.position(item) is None]
    if loose:
        codes = Item.objects.filter(pk__in=loose).values_list("code", flat=True)
        raise ActionError(
            f"{'、'.join(codes)} 还没有对应知识点，系统不会自动出，不能设优先或顺序；可以在“布置练习”里直接布置给学生。"
        )


@action(STEER)
def unrule_item(school_class: Organisation, item: int, *, acting_user: Actor) -> None:
    require_class(school_class, acting_user)
    row = ItemRule.objects.filter(school_class=school_class, item=item).first()
    if row is None:
        changed_nothing()
        return
    touched(row, item=item)
    row.delete()
    forget_class(school_class.pk)


@action(STEER)
def set_target(school_class: Organisation, target: float, *, acting_user: Actor) -> ClassSetting:
    require_class(school_class, acting_user)
    if not LOWEST <= target <= HIGHEST:
        raise ActionError(f"目标答对率应在 {LOWEST:.0%} 到 {HIGHEST:.0%} 之间：太难会泄气，太易学不到新东西。")
    row, _ = ClassSetting.objects.update_or_create(school_class=school_class, defaults={"target": target})
    forget_class(school_class.pk)
    return touched(row, target=target)

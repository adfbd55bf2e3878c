"""Writing items: a new one, a new version of one, its points, its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor, installation
from yincai.core.ids import new_id
from yincai.core.tasks import enqueue
from yincai.knowledge import pool
from yincai.knowledge.actions.regrade import may_regrade, regrade
from yincai.knowledge.actions.tagging import follow_routes
from yincai.knowledge.actions.take_in import code_from, version_of, visible_at
from yincai.knowledge.intake.draft import MOST_POINTS, Draft
from yincai.knowledge.models import SUBJECT, Item, ItemPoint, ItemStatus, ItemVersion, KnowledgePoint
from yincai.knowledge.policies import WRITE

COLLECTION = "本地新编"


class SameItem(ActionError):
    """The bank has this very item already."""

    def __init__(self, item: Item) -> None:
        super().__init__(f"题库里已有同样的题：{item.code}（文字、选项和答案都相同），没有重复保存。")
        self.item = item


# Other processes may give out the older version until they look at the bank again; its last answers are then there.
ALL_HAVE_LOOKED = timedelta(seconds=pool.LOOK + 3)


@action(WRITE)
def create(draft: Draft, *, acting_user: Actor) -> Item:
    """A new item of the acting user's organisation, ready for use."""
    own = draft.digests
    same = Item._base_manager.filter(visible_at(acting_user.place), digest=own.whole).first()
    if same:
        raise SameItem(same)
    item = Item(code=code_from(new_id().hex), place=acting_user.place, collection=COLLECTION, status=ItemStatus.READY)
    _fill(item, draft)
    item.save()
    version_of(item, 1, draft, acting_user).save()
    _tag(item, draft.points)
    pool.changed()
    return touched(item, digest=item.digest, version=1)


@action(WRITE)
def revise(item: Item, draft: Draft, why: str, *, acting_user: Actor) -> ItemVersion:
    """A new version; the old one stays, for the answers that name it. Answers to a wrong key are graded again."""
    item = own_item(item, acting_user)
    older = item.versions.get(number=item.version)
    if item.generator:
        raise ActionError("这道题由生成器产生，不能在页面上改。请用“题目有误”告诉我们。")
    _fill(item, draft)
    item.version = (item.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    if item.status == ItemStatus.DRAFT:
        item.status = ItemStatus.READY
    item.save()
    version = version_of(item, item.version, draft, acting_user, why)
    version.save()
    _tag(item, draft.points)
    pool.changed()
    if may_regrade(older, version):
        enqueue(regrade, acting_user=installation(), after=ALL_HAVE_LOOKED, item=item.pk)
    return touched(version, digest=item.digest)


@action(WRITE)
def set_points(item: Item, codes: Sequence[str], *, acting_user: Actor) -> Item:
    """Say which points an item practises; none means: what its routes say."""
    item = own_item(item, acting_user)
    _tag(item, codes)
    pool.changed()
    return touched(item, points=",".join(codes))


@action(WRITE)
def set_status(item: Item, status: str, *, acting_user: Actor) -> Item:
    """Retire an item, or take one up again."""
    item = own_item(item, acting_user)
    if item.status == ItemStatus.HELD:
        raise ActionError("这道题与另一道答案矛盾，要先在“待裁定”页上裁定。")
    item.status = status
    item.save(update_fields=["status"])
    pool.changed()
    return touched(item, status=status)


def own_item(item: Item, acting_user: Actor) -> Item:
    """The item, locked; refused where it belongs to another organisation."""
    WRITE.require(acting_user, item)
    return Item.objects.select_for_update().get(pk=item.pk)


def _fill(item: Item, draft: Draft) -> None:
    own = draft.digests
    item.kind, item.grade, item.difficulty = draft.kind, draft.grade, draft.difficulty
    item.plain, item.text_digest, item.options_digest, item.digest = draft.plain, own.text, own.options, own.whole


def _tag(item: Item, codes: Sequence[str]) -> None:
    if len(set(codes)) > MOST_POINTS:
        raise ActionError(f"一道题最多对应 {MOST_POINTS} 个知识点。")
    points = list(KnowledgePoint.objects.filter(subject=SUBJECT, retired=False, code__in=codes))
    missing = set(codes) - {point.code for point in points}
    if missing:
        raise ActionError(f"没有这样的知识点：{'、'.join(sorted(missing))}。请从列表里选。")
    ItemPoint.objects.filter(item=item).delete()
    if points:
        ItemPoint.objects.bulk_create(ItemPoint(item=item, point=point, given=True) for point in points)
    else:
        follow_routes([item.pk])

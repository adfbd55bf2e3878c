"""Two items with the same text and options and another key: a person decides which key holds."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.knowledge import pool
from yincai.knowledge.models import Contradiction, Item, ItemStatus
from yincai.knowledge.policies import DECIDE


@action(DECIDE)
def decide(contradiction: Contradiction, kept: Item | None, why: str, *, acting_user: Actor) -> Contradiction:
    """Keep one of the two, retire the other; without one to keep both are retired."""
    DECIDE.require(acting_user, contradiction)
    row = Contradiction.objects.select_for_update().get(pk=contradiction.pk)
    pair = (row.first_id, row.second_id)
    if kept is not None and kept.pk not in pair:
        raise ActionError("保留的题应是这两道题之一。")
    if row.decided_at:
        raise ActionError("这一对已经裁定过了。")
    row.kept, row.why = kept, why.strip()[:200]
    row.decided_by, row.decided_at = acting_user.account.pk, timezone.now()
    row.save()
    for item in Item.objects.filter(pk__in=pair, status=ItemStatus.HELD):
        item.status = ItemStatus.RETIRED
        if kept is not None and item.pk == kept.pk and not _disputed(item.pk):
            item.status = ItemStatus.READY
        elif kept is not None and item.pk == kept.pk:
            item.status = ItemStatus.HELD
        item.save(update_fields=["status"])
    pool.changed()
    return touched(row, kept=kept.pk if kept else "")


def _disputed(item: int) -> bool:
    return Contradiction.objects.filter(Q(first=item) | Q(second=item), decided_at=None).exists()

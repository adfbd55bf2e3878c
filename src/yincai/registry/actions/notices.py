"""Marking notices read."""

from __future__ import annotations

from django.utils import timezone

from yincai.core.action import action, changed_nothing, touched_many
from yincai.core.actors import Actor
from yincai.core.permissions import SIGNED_IN
from yincai.registry.models import Notice


@action(SIGNED_IN)
def mark_read(notices: list[Notice], *, acting_user: Actor) -> int:
    """Only one's own; what is read already stays as it is."""
    unread = [notice for notice in notices if notice.person_id == acting_user.person and notice.read_at is None]
    if not unread:
        changed_nothing()
        return 0
    ids = [notice.pk for notice in unread]
    Notice.objects.filter(pk__in=ids).update(read_at=timezone.now())
    touched_many(Notice, ids, read=True)
    return len(ids)

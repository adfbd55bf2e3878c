"""A school that comes under another district takes its items along."""

from __future__ import annotations

from tests.cast import Cast
from tests.learning.desk import write_item
from yincai.core.actors import acting
from yincai.knowledge.models import Item
from yincai.knowledge.pool import changed, pool
from yincai.registry.actions.move_school import move_school


def test_a_moved_school_keeps_its_items_and_its_pupils_get_them(cast: Cast) -> None:
    item = write_item("own-1", point="m5.frac.add-unlike")
    Item._base_manager.filter(pk=item.pk).update(place=cast.first.path)
    changed()
    assert pool("math", cast.class51.path).position(item.pk) is not None
    moved = move_school(cast.first, cast.west, acting_user=cast.actor(cast.qian))
    cast.class51.refresh_from_db()
    assert pool("math", cast.class51.path).position(item.pk) is not None
    with acting(cast.actor(cast.wang)):
        assert Item.objects.get(pk=item.pk).place == moved.path

"""An installation from before the depths that ask about two points were divided comes to two items of each, and what
was said and measured of the one that it had stays true."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from tests.cast import Cast
from tests.learning.desk import facts, number_of
from tests.learning.sat import answer
from yincai.core.models import Fact
from yincai.core.scope import unscoped
from yincai.knowledge import items, pool
from yincai.knowledge.generators import get
from yincai.knowledge.models import Calibration, CalibrationState, Item, ItemParameters, ItemStatus, PoolVersion
from yincai.knowledge.parameters import parameters_of
from yincai.knowledge.queries import graph
from yincai.knowledge.sync import STAMP, sync_if_changed, sync_shipped
from yincai.learning.models import ItemRule

DIVIDE = import_module("yincai.knowledge.migrations.0005_item_topic")
BAN_BOTH = import_module("yincai.learning.migrations.0007_bans_of_topics")
FIRST = [code for code, _, _ in DIVIDE.DIVIDED]


@pytest.fixture
def older(cast: Cast) -> Iterator[dict[str, int]]:
    """The bank as it was: one item for each depth. Gives the ids of those that will be divided."""
    with unscoped("test"):
        Item.objects.exclude(topic="").exclude(code__in=FIRST).delete()
        Item.objects.filter(code__in=FIRST).update(topic="")
        Fact.objects.filter(pk=STAMP).delete()
        pool.changed()
        assert Item.objects.exclude(generator="").count() == 65
        yield dict(Item.objects.filter(code__in=FIRST).values_list("code", "pk"))


def upgrade() -> None:
    """What `migrate` does."""
    DIVIDE.divide(apps, None)
    BAN_BOTH.ban_both(apps, None)
    sync_if_changed()


def pair(code: str) -> tuple[Item, Item]:
    first = Item.objects.get(code=code)
    return first, Item.objects.exclude(pk=first.pk).get(generator=first.generator, depth=first.depth)


def test_the_items_there_are_keep_id_code_and_point_and_ten_are_added(older: dict[str, int]) -> None:
    hung = {code: items.points_of(pk) for code, pk in older.items()}
    upgrade()
    assert Item.objects.exclude(generator="").count() == 75
    for code, pk in older.items():
        first, second = pair(code)
        assert first.pk == pk and items.points_of(pk) == hung[code] == (graph()[first.topic].slot,)
        assert second.code.startswith(f"{code}-") and items.points_of(second.pk) == (graph()[second.topic].slot,)
        assert second.versions.get().source != first.versions.get().source
    rows = list(Item.objects.order_by("pk").values())
    sync_shipped()
    assert list(Item.objects.order_by("pk").values()) == rows


def test_a_new_installation_has_the_same_codes(older: dict[str, int]) -> None:
    upgrade()
    codes = set(Item.objects.values_list("code", flat=True))
    Item.objects.all().delete()
    sync_shipped()
    assert set(Item.objects.values_list("code", flat=True)) == codes


def test_answers_still_show_the_question_they_were_given_to(cast: Cast, older: dict[str, int]) -> None:
    maker, item = get("circle", 1), Item.objects.get(pk=older["circle-1"])
    for number, point in enumerate(("m6.circle.circumference", "m6.circle.area")):
        seed = maker.seed_about(point, 100 * number, 1)
        answer(cast, (cast.ming, number_of(cast.ming)), cast.class51, item, None, seed=seed)
    before = [items.question(fact.item, fact.version, fact.seed) for fact in facts()]
    upgrade()
    assert [items.question(fact.item, fact.version, fact.seed) for fact in facts()] == before
    assert [asked.points for asked in before] == [(graph()[one.topic].slot,) for one in pair("circle-1")]


def test_what_was_banned_stays_unasked_and_other_words_stay_with_the_item(cast: Cast, older: dict[str, int]) -> None:
    for code, kind in (("circle-1", ItemRule.BAN), ("circle-2", ItemRule.PIN)):
        ItemRule.objects.create(school_class=cast.class51, item=older[code], kind=kind, set_by=cast.wang.account.pk)
    upgrade()
    said = dict(ItemRule.objects.values_list("item", "kind"))
    assert said == {older["circle-1"]: "ban", pair("circle-1")[1].pk: "ban", older["circle-2"]: "pin"}


def test_what_the_city_took_out_of_use_stays_out(older: dict[str, int]) -> None:
    Item.objects.filter(pk=older["circle-1"]).update(status=ItemStatus.RETIRED)
    upgrade()
    assert [one.status for one in pair("circle-1")] == [ItemStatus.RETIRED] * 2
    assert {one.status for one in pair("circle-2")} == {ItemStatus.READY}


def test_a_calibration_and_limits_go_on_for_the_item_they_are_of(cast: Cast, older: dict[str, int]) -> None:
    run = Calibration.objects.create(state=CalibrationState.IN_USE, made_by=cast.qian.account.pk)
    ItemParameters.objects.create(
        calibration=run,
        item_id=older["circle-1"],
        version=1,
        depth=1,
        a=1.3,
        b=0.4,
        c=0.0,
        se_a=0.1,
        se_b=0.1,
        source="calibrated",
        n=500,
        since=timezone.now(),
    )
    PoolVersion.objects.update(limits={"a test": {"7": 0.5}}, up_to=older["circle-1"])
    upgrade()
    choices = pool.whole_pool()
    found, (first, second) = parameters_of(choices), pair("circle-1")
    at, other = choices.position(first.pk), choices.position(second.pk)
    assert (found.b[at], found.n[at]) == (0.4, 500) and found.n[other] == 0
    assert PoolVersion.objects.get().limits == {"a test": {"7": 0.5}}

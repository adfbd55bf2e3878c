"""What is put on the desk: the first questions of each grade, a teacher's words on items, set lists, empty pools."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.cast import Cast
from tests.learning.desk import generator_item, now, number_of, write_item
from yincai.core.scope import unscoped
from yincai.knowledge.models import Item, ItemStatus
from yincai.knowledge.pool import changed, pool
from yincai.knowledge.queries import graph
from yincai.learning import sitting
from yincai.learning.actions.steering import rule_items, set_target, unrule_item
from yincai.learning.keeping import Kept
from yincai.learning.models import Assignment, Practice
from yincai.learning.sitting import Asked, ask, class_word, half_of, open_slots, standing
from yincai.learning.tracing.state import Traced
from yincai.learning.tracing.versions import NEWEST, numbers_of

HALVES = [date(2026, 11, 23), date(2027, 4, 12)]
BEGIN = Traced.empty(numbers_of(NEWEST))


@pytest.fixture(autouse=True)
def reading() -> Iterator[None]:
    with unscoped("test"):
        yield


@pytest.fixture
def desk(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A desk of 小明; `asked(...)` puts a question on it."""
    sitting._dice = np.random.default_rng(5)
    monkeypatch.setattr(sitting, "_dice", np.random.default_rng(5))
    pupil, room = number_of(cast.ming), cast.class51

    def asked(state: Traced = BEGIN, number: int = 1, **fields: Any) -> Asked | None:
        practice = Practice(pupil=pupil, subject="math", place=room.path, **fields)
        keeping = Kept(pupil, cast.actor(cast.ming))
        return ask(keeping, practice, room.pk, state, number, now())

    return SimpleNamespace(asked=asked, room=room, teacher=cast.actor(cast.wang), cast=cast)


def assignment(desk: SimpleNamespace, **fields: Any) -> Assignment:
    return Assignment.objects.create(school_class=desk.room, title="练一练", set_by=desk.cast.wang.pk, **fields)


@pytest.mark.parametrize("grade", range(3, 9))
@pytest.mark.parametrize("day", HALVES, ids=["autumn", "spring"])
def test_the_first_questions_of_a_grade_are_ones_it_has_met(
    desk: SimpleNamespace, grade: int, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitting.timezone, "localdate", lambda: day)
    desk.room.grade = grade
    desk.room.save(update_fields=["grade"])
    sitting.forget_class(desk.room.pk)
    known, choices, own = graph("math"), pool("math", desk.room.path), 0
    for _ in range(30):
        found = desk.asked()
        assert found is not None
        slots = choices.slots[choices.position(found.question.item)]
        points = [known.by_slot[int(slot)] for slot in slots if slot >= 0]
        assert all(grade - 2 <= point.grade <= grade for point in points)
        assert not (half_of(day) == "上" and any(point.grade == grade and point.term == "下" for point in points))
        assert abs(found.question.difficulty) <= 1.5  # neither the hardest nor the easiest that there is
        own += any(point.grade == grade for point in points)
    assert own >= 5 or grade == 4  # grade 4 has no generators of its own in autumn


@pytest.mark.parametrize("grade", [0, 1, 2, 9, 10, 11, 12])
def test_a_grade_outside_the_graph_has_nothing(desk: SimpleNamespace, grade: int) -> None:
    assert not open_slots("math", grade, "上").any()
    desk.room.grade = grade
    desk.room.save(update_fields=["grade"])
    sitting.forget_class(desk.room.pk)
    assert desk.asked() is None


@pytest.mark.parametrize(
    ("day", "half"), [((2026, 9, 1), "上"), ((2027, 1, 20), "上"), ((2027, 2, 20), "下"), ((2027, 8, 1), "下")]
)
def test_the_halves_of_a_year(day: tuple[int, int, int], half: str) -> None:
    assert half_of(date(*day)) == half


def test_an_unmapped_item_is_never_chosen_but_may_be_set(desk: SimpleNamespace) -> None:
    loose = write_item("loose")
    assert pool("math", desk.room.path).position(loose.pk) is None
    for unit in ("", "5a.polygon"):
        assert all(desk.asked(unit=unit).question.item != loose.pk for _ in range(20))
    set_ = assignment(desk, items=[loose.pk], questions=1)
    assert desk.asked(assignment=set_).question.item == loose.pk


def test_an_item_of_another_school_is_not_in_the_pool(desk: SimpleNamespace) -> None:
    theirs = write_item("theirs", point="m5.frac.add-unlike")
    Item.objects.filter(pk=theirs.pk).update(place=desk.cast.second.path)
    changed("math")
    assert pool("math", desk.room.path).position(theirs.pk) is None


def test_a_banned_item_never_comes_not_even_from_a_set_list(desk: SimpleNamespace) -> None:
    banned = [item.pk for item in Item.objects.filter(generator="polygon-area")]
    rule_items(desk.room, banned, "ban", acting_user=desk.teacher)
    assert desk.asked(unit="5a.polygon") is None
    for _ in range(40):
        assert desk.asked().question.item not in banned
    other = generator_item("fraction-add")
    set_ = assignment(desk, items=[banned[0], other.pk], questions=2)
    found = desk.asked(assignment=set_)
    assert (found.question.item, found.form.number) == (other.pk, 2)
    unrule_item(desk.room, banned[0], acting_user=desk.teacher)
    assert desk.asked(unit="5a.polygon").question.item == banned[0]


def test_a_pinned_item_comes_first_where_it_fits(desk: SimpleNamespace) -> None:
    pinned = Item.objects.get(code="polygon-area-1").pk
    rule_items(desk.room, [pinned], "pin", acting_user=desk.teacher)
    found = desk.asked()
    assert found.question.item == pinned and found.reason == "老师推荐的题"
    assert desk.asked(unit="5a.dec-mul").question.item != pinned


def test_items_in_order_come_first_and_once_to_each_pupil(desk: SimpleNamespace, monkeypatch: Any) -> None:
    order = [Item.objects.get(code=code).pk for code in ("fraction-add-2", "decimal-multiply-1", "fraction-add-1")]
    rule_items(desk.room, order, "order", acting_user=desk.teacher)
    assert class_word(desk.room.pk).order == tuple(order)
    done: set[int] = set()
    monkeypatch.setattr(Kept, "done_of", lambda self, items: done & set(items))
    for item in order:
        assert desk.asked().question.item == item
        done.add(item)
    assert desk.asked().reason != "老师排的题"
    assert desk.asked(unit="5a.polygon").reason != "老师排的题"


def test_the_target_of_a_class_moves_the_difficulty(desk: SimpleNamespace) -> None:
    easy, hard = [], []
    for target, found in ((0.9, easy), (0.6, hard)):
        set_target(desk.room, target, acting_user=desk.teacher)
        found += [desk.asked().question.difficulty for _ in range(30)]
    assert np.mean(easy) < np.mean(hard) - 0.3


def test_a_set_list_goes_by_number_and_ends(desk: SimpleNamespace) -> None:
    items = [Item.objects.get(code=code).pk for code in ("fraction-add-1", "circle-1", "fraction-add-1")]
    set_ = assignment(desk, items=items, questions=3)
    asked = [desk.asked(assignment=set_, number=number) for number in (1, 2, 3)]
    assert [one.question.item for one in asked] == items
    assert desk.asked(assignment=set_, number=4) is None


@pytest.mark.parametrize("code", ["circle-1", "circle-1-area", "signed-arithmetic-2", "signed-arithmetic-2-mul"])
def test_an_item_of_a_divided_depth_asks_only_about_its_point(desk: SimpleNamespace, code: str) -> None:
    item = Item.objects.get(code=code)
    wanted = [point.slot for point in item.points.all()]
    set_ = assignment(desk, items=[item.pk] * 12, questions=12)
    asked = [desk.asked(assignment=set_, number=number).question for number in range(1, 13)]
    assert [list(one.points) for one in asked] == [wanted] * 12 and len({one.stem for one in asked}) > 6


def test_practice_of_one_point_asks_nothing_about_its_neighbour(desk: SimpleNamespace) -> None:
    slot = graph("math")["m3.rect.perimeter"].slot
    set_ = assignment(desk, points=[slot], questions=12)
    asked = [desk.asked(assignment=set_, number=number).question for number in range(1, 13)]
    assert {one.points for one in asked} == {(slot,)}


def test_after_its_items_a_set_practice_goes_on_with_its_points(desk: SimpleNamespace) -> None:
    slot = graph("math")["m5.frac.add-unlike"].slot
    set_ = assignment(desk, items=[generator_item("circle").pk], points=[slot], questions=3)
    assert desk.asked(assignment=set_, number=1).question.item == set_.items[0]
    assert slot in desk.asked(assignment=set_, number=2).question.points


def test_a_withdrawn_item_is_left_out_of_a_set_list(desk: SimpleNamespace) -> None:
    gone, there = write_item("gone"), write_item("there")
    set_ = assignment(desk, items=[gone.pk, there.pk], questions=2)
    Item.objects.filter(pk=gone.pk).update(status=ItemStatus.RETIRED)
    found = desk.asked(assignment=set_)
    assert (found.question.item, found.form.number) == (there.pk, 2)


def test_an_empty_bank_has_no_question(desk: SimpleNamespace) -> None:
    Item.objects.update(status=ItemStatus.RETIRED)
    changed("math")
    assert desk.asked() is None


def test_a_state_over_more_points_than_the_graph_is_no_trouble(desk: SimpleNamespace) -> None:
    state = BEGIN.grown(graph("math").width + 5)
    assert desk.asked(state=state) is not None
    where = standing("math", pool("math", desk.room.path), state, now())
    assert where.known.size == graph("math").width

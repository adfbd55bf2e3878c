"""What stands behind a point: the words follow from the model, answer by answer."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tests.cast import Cast
from tests.learning.test_classes import CAUSE, FAULT, FRACTION, answer, number_of
from yincai.core.scope import unscoped
from yincai.learning import evidence
from yincai.learning.evidence import Behind, evidence_of
from yincai.learning.states import traced_of
from yincai.measurement.tracing import MASTERED, ItemInfo, mastery, update

CODE = "m5.frac.add-unlike"


def behind(cast: Cast) -> Behind:
    with unscoped("test"):
        found = evidence_of(number_of(cast.ming), CODE)
    assert found is not None
    return found


@pytest.mark.django_db
def test_a_growing_point_says_what_moved_it_and_what_is_missing(cast: Cast) -> None:
    answer(cast, cast.ming, FRACTION.answer, 2)
    told = behind(cast)
    assert told.one.label == "成长" and [move.right for move in told.moves] == [True, True]
    assert all(move.after > move.before and "升" in move.moved for move in told.moves)
    assert told.moves[1].before == pytest.approx(told.moves[0].after, abs=0.01)
    assert told.low < told.one.value < told.high and "80% 区间" in told.interval_said
    assert any("至少要 3 次" in line for line in told.missing) and any("同一天" in line for line in told.missing)
    assert told.needs and all("还没有做过" in need.said for need in told.needs)


@pytest.mark.django_db
def test_the_right_answers_still_needed_are_just_those(cast: Cast) -> None:
    """As many more typical answers as the page says make it 掌握, one fewer does not."""
    answer(cast, cast.ming, FAULT.answer, 1)
    answer(cast, cast.ming, FRACTION.answer, 2)
    before = behind(cast)
    assert (
        before.needed is not None
        and before.needed > 1
        and (f"答对 {before.needed} 题" in before.finding or before.needed > evidence.FAR)
    )
    wrong = [move for move in before.moves if not move.right]
    assert len(wrong) == 1 and "降" in wrong[0].moved
    with unscoped("test"):
        traced = traced_of(number_of(cast.ming), "math")
    state, numbers = traced.mastery, traced.numbers.mastery
    slot, now = before.one.point.slot, time.time()
    for count in range(before.needed + 1):
        assert (mastery(state, slot, now, parameters=numbers).label == MASTERED) == (count == before.needed)
        state = update(state, ItemInfo((slot,), 0.0), 1.0, now, numbers)


@pytest.mark.django_db
def test_a_mastered_point_needs_nothing_more(cast: Cast) -> None:
    answer(cast, cast.ming, FRACTION.answer, 25)
    told = behind(cast)
    assert told.needed == 0 and told.finding == "已经掌握" and told.earlier == 25 - evidence.SHOWN


@pytest.mark.django_db
def test_time_alone_is_told_apart(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(cast, cast.ming, FRACTION.answer, 4)
    real = evidence.timezone.now()
    monkeypatch.setattr(evidence.timezone, "now", lambda: real + timedelta(days=100))
    told = behind(cast)
    assert "100 天" in told.since[0] and "降到" in told.since[0]
    assert any("两个月没有做过" in line for line in told.missing)


@pytest.mark.django_db
def test_the_page_prints_all_of_it_and_is_only_for_those_who_teach(cast: Cast) -> None:
    answer(cast, cast.ming, FAULT.answer, 3)
    wang = cast.client(cast.wang)
    assert f"/points/{CODE}" in wang.get(f"/classes/pupils/{cast.ming.pk}").content.decode()
    page = wang.get(f"/classes/pupils/{cast.ming.pk}/points/{CODE}").content.decode()
    for words in ("最近 3 次答题", "还缺什么证据", "它的基础", "data-prints", CAUSE):
        assert words in page
    assert "还没有做过这个知识点" in wang.get(f"/classes/pupils/{cast.hong.pk}/points/{CODE}").content.decode()
    assert "不留存" in wang.get(f"/classes/pupils/{cast.gang.pk}/points/{CODE}").content.decode()
    assert wang.get(f"/classes/pupils/{cast.ming.pk}/points/none").status_code == 404
    assert cast.client(cast.chen).get(f"/classes/pupils/{cast.ming.pk}/points/{CODE}").status_code == 404

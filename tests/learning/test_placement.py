"""摸底诊断: which questions come, what the answers say, with consent and without; the teacher's view."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.test import Client

from tests.cast import Cast
from tests.learning.desk import HTMX, counts, facts, give, now, number_of, right_answer, take_hint, token_in
from yincai.core.actors import acting
from yincai.core.ids import new_id
from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.fixed import fixed_seeds
from yincai.knowledge.pool import pool
from yincai.learning import forms, placing
from yincai.learning.actions.placement import keep_result, outcome_of
from yincai.learning.actions.steering import rule_items
from yincai.learning.keeping import Given, Kept
from yincai.learning.models import ItemRule, PlacementResult, Practice
from yincai.learning.placing import Bench, bench, bench_of, next_question, outcome
from yincai.measurement import adaptive
from yincai.records import scores
from yincai.records.models import ScoreFact
from yincai.records.queries import scores_in_force
from yincai.records.recording import ConsentMissing
from yincai.registry.models import Person


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def test_of(cast: Cast, grade: int = 5, half: str = "下") -> Bench:
    with unscoped("test"):
        found = bench(pool("math", cast.class51.path), grade, half)
    assert found
    return found


test_of.__test__ = False  # type: ignore[attr-defined]


def sit(test: Bench, ability: float, dice: np.random.Generator) -> tuple[list[Given], str]:
    """A simulated pupil answers until the test is over."""
    given: list[Given] = []
    practice = new_id()
    while True:
        drawn, reason = next_question(test, given, practice)
        if drawn is None:
            return given, reason
        place = test.at[drawn.item, drawn.seed]
        p = test.parameters
        chance = p.c[place] + (1 - p.c[place]) / (1 + np.exp(-p.a[place] * (ability - p.b[place])))
        given.append(Given(drawn.item, (), float(dice.random() < chance), drawn.seed))


@pytest.mark.slow
def test_the_estimate_finds_the_pupil_and_its_interval_holds(cast: Cast) -> None:
    test, dice = test_of(cast), np.random.default_rng(5)
    abilities = dice.normal(test.plan.rules.mean, 1.0, 120)
    found = []
    for ability in abilities:
        given, reason = sit(test, ability, dice)
        done = outcome(test, given, reason)
        assert done and placing.SHORTEST <= done.n <= placing.LONGEST
        found.append((done.ability, done.se))
    errors = np.array([one for one, _ in found]) - abilities
    assert np.sqrt(np.mean(errors**2)) < 0.6 and abs(errors.mean()) < 0.15
    assert np.mean(np.abs(errors) < 1.645 * np.array([se for _, se in found])) > 0.82


def test_units_share_the_test_and_no_item_comes_thrice(cast: Cast) -> None:
    test = test_of(cast)
    given, _ = sit(test, 3.0, np.random.default_rng(1))
    units = [test.entries[test.at[one.item, one.seed]].unit for one in given]
    assert max(units.count(unit) for unit in units) <= -(-2 * placing.LONGEST // len({e.unit for e in test.entries}))
    asked = [one.item for one in given]
    assert max(asked.count(item) for item in asked) <= placing.TWICE
    assert len({(one.item, one.seed) for one in given}) == len(given)


def test_the_same_answers_give_the_same_next_question(cast: Cast) -> None:
    test, practice = test_of(cast), new_id()
    assert next_question(test, [], practice) == next_question(test, [], practice)


def test_nobody_knows_everything_and_nobody_nothing(cast: Cast) -> None:
    test = test_of(cast)
    for right, band in ((1.0, 2), (0.0, 0)):
        given: list[Given] = []
        practice = new_id()
        while (drawn := next_question(test, given, practice)[0]) is not None:
            given.append(Given(drawn.item, (), right, drawn.seed))
        found = outcome(test, given)
        assert found and found.band == band and 0 < found.low < found.share < found.high < 1
    assert outcome(test, given[:4]) is None


def test_a_withdrawn_item_takes_its_answer_along(cast: Cast) -> None:
    test = test_of(cast)
    given, _ = sit(test, -0.4, np.random.default_rng(2))
    with_stranger = [*given, Given(10**9, (), 1.0, None)]
    one, other = outcome(test, given), outcome(test, with_stranger)
    assert one and other and one.ability == other.ability


def test_neighbours_who_are_asked_the_same_kind_read_different_questions(cast: Cast) -> None:
    test = test_of(cast)
    first = [next_question(test, [], new_id())[0] for _ in range(60)]
    seen = Counter(first)
    assert len({one.item for one in first if one}) > 1
    assert len(seen) > 9 and max(seen.values()) < 15


def test_a_less_certain_question_is_believed_less(cast: Cast) -> None:
    """The platform's pool carries the standard errors, so of two questions alike the surer one tells more."""
    test = test_of(cast)
    held = test.plan.pool
    assert held.se_b is not None and held.se_a is not None and (held.se_b > 0).all()
    surer = replace(held, se_a=held.se_a * 0.2, se_b=held.se_b * 0.2)
    theta = [test.plan.rules.mean]
    assert (adaptive.information(surer, theta) > adaptive.information(held, theta)).all()
    half = np.arange(held.n) % 2 == 0  # of each pair of places, which have equal parameters, one is known better
    mixed = replace(held, se_b=np.where(half, held.se_b * 0.2, held.se_b))
    plan = adaptive.plan(mixed, replace(test.plan.rules, randomesque=1))
    asked = adaptive.next_item(plan, adaptive.begin(plan), np.random.default_rng(0)).item
    assert half[asked]


def test_a_grade_without_questions_has_no_test(cast: Cast) -> None:
    with unscoped("test"):
        assert bench(pool("math", ""), 1, "上") is None and bench(pool("math", ""), 9, "上") is None


# --- in a browser's place ---------------------------------------------------------------------------------------------


def begin(client: Client) -> tuple[str, str]:
    reply = client.post("/learn/placement/start")
    assert reply.status_code == 302
    return reply["Location"], token_in(client.get(reply["Location"]))


def go_through(client: Client, person: Person, right: int = 99) -> tuple[Any, int]:
    """Answer to the end, the first `right` rightly; the last reply."""
    _, token = begin(client)
    for turn in range(25):
        answer = right_answer(token, person) if turn < right else "不会"
        reply = give(client, token, answer, headers=HTMX) if turn < right else skip(client, token)
        if "看看从哪里开始" in reply.content.decode():
            return reply, turn + 1
        token = token_in(reply)
    raise AssertionError("the test has no end")


def skip(client: Client, token: str) -> Any:
    return client.post("/learn/answer", {"form": token, "answer": "", "skip": "1"}, headers=HTMX)


def test_a_placement_from_beginning_to_end(cast: Cast, ming: Client) -> None:
    assert "做几道题，看看从哪里练起" in ming.get("/learn/placement").content.decode()
    _, asked = go_through(ming, cast.ming, right=4)
    assert 5 <= asked <= placing.LONGEST
    kept = facts()
    assert len(kept) == asked and {fact.source for fact in kept} == {"placement"}
    assert sum(fact.score for fact in kept) == 4
    assert counts()[2] == 1  # the state moved
    with unscoped("test"):
        row = PlacementResult.objects.get()
        assert Practice.objects.get().ended_at is not None
    assert row.n == asked and row.band_low <= row.band <= row.band_high and row.begin
    page = ming.get("/learn/placement").content.decode()
    assert "可以从“" in page and f'name="unit" value="{row.begin}"' in page
    assert not re.search(r"排名|名次|百分位|分数：", page)
    assert ming.post("/learn/start", {"unit": row.begin}).status_code == 302


def test_it_tells_nothing_of_the_answer_and_gives_no_help(cast: Cast, ming: Client) -> None:
    _, token = begin(ming)
    page = give(ming, token, right_answer(token, cast.ming), headers=HTMX).content.decode()
    assert "对了" not in page and "讲解" not in page and "上一题记下了" in page and "这题还不会" in page
    assert take_hint(ming, token_in(ming.get(begin(ming)[0])), 1).status_code == 400


def test_stopping_early_loses_nothing_and_goes_on_another_time(cast: Cast, ming: Client) -> None:
    address, token = begin(ming)
    skip(ming, token)
    assert begin(ming)[0] == address
    reply = ming.post(f"{address}/stop")
    assert reply.status_code == 302 and reply["Location"] == "/learn/placement"
    page = ming.get("/learn/placement").content.decode()
    assert "已经做了 1 道题，最多再做 19 道" in page and f'href="{address}">接着做' in page
    assert begin(ming)[0] == address
    with unscoped("test"):
        assert not PlacementResult.objects.exists()


def test_stopping_with_enough_answers_gives_a_result(cast: Cast, ming: Client) -> None:
    address, token = begin(ming)
    for _ in range(placing.FEWEST_SAID):
        token = token_in(skip(ming, token))
    ming.post(f"{address}/stop")
    with unscoped("test"):
        row = PlacementResult.objects.get()
    page = ming.get("/learn/placement").content.decode()
    assert row.n == placing.FEWEST_SAID and "接着做" not in page
    first, rest = page[page.index("先练这个") :].split("</section>", 1)
    name = row.begin and placing.UnitView(row.begin, 0, 0).name
    assert name and name in first and name not in rest  # the unit to begin with is not among those to come back to


def test_an_empty_answer_is_called_empty(cast: Cast, ming: Client) -> None:
    _, token = begin(ming)
    page = give(ming, token, "", headers=HTMX).content.decode()
    assert "还没有写答案" in page or "选一个" in page
    assert "没有读懂" not in page and counts() == (0, 0, 0)


def test_the_same_form_twice_is_one_answer_and_another_answer_is_refused(cast: Cast, ming: Client) -> None:
    _, token = begin(ming)
    right = right_answer(token, cast.ming)
    assert give(ming, token, right).status_code == 200
    assert give(ming, token, right).status_code == 200
    assert skip(ming, token).status_code == 409
    assert counts()[:2] == (1, 1)


def test_without_consent_the_result_lives_in_the_session_only(cast: Cast) -> None:
    gang = cast.client(cast.gang)
    go_through(gang, cast.gang, right=3)
    page = gang.get("/learn/placement").content.decode()
    assert "可以从“" in page and "只有你现在能看到" in page
    with unscoped("test"):
        assert counts() == (0, 0, 0) and not PlacementResult.objects.exists() and not Practice.objects.exists()
    assert "可以从“" not in cast.client(cast.gang).get("/learn/placement").content.decode()


def test_two_tabs_count_the_same_questions(cast: Cast, ming: Client) -> None:
    address, first = begin(ming)
    other_tab = token_in(ming.get(address))
    token = token_in(skip(ming, first))
    skip(ming, token)
    again = skip(ming, first).content.decode()  # sent twice
    assert "第 3 题 · 最多" in again and "第 2 题" not in again
    late = skip(ming, other_tab)
    assert late.status_code == 409 and "在另一个窗口里已经答过" in late.content.decode()
    assert f'href="{address}"' in late.content.decode()
    with unscoped("test"):
        assert len(facts()) == 2


def test_a_placement_of_few_questions_says_that_it_is_rough(cast: Cast, ming: Client) -> None:
    address, token = begin(ming)
    for _ in range(placing.FEWEST_SAID):
        token = token_in(skip(ming, token))
    ming.post(f"{address}/stop")
    page = ming.get("/learn/placement").content.decode()
    assert "做了 5 道题" in page and "只是个大概" in page


def test_the_questions_are_fixed_variants(cast: Cast, ming: Client) -> None:
    _, token = begin(ming)
    with unscoped("test"):
        form = forms.read(token, pupil=number_of(cast.ming), now=now())
        held = items.held(form.item, form.version)
    assert form.seed in fixed_seeds(held.generator, form.version, held.depth, held.topic)


def test_every_question_of_the_test_is_about_the_point_of_its_item(cast: Cast) -> None:
    with unscoped("test"):
        for entry in test_of(cast).entries:
            for seed in entry.seeds:
                assert items.question(entry.item, entry.version, seed).points == items.points_of(entry.item)


def test_the_teacher_sees_who_did_it_in_school_number_order(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    for person in (cast.wang, cast.li):
        page = cast.client(person).get(f"/classes/{cast.class51.pk}/placement").content.decode()
        assert "1 人做过摸底，还有 1 人没有做" in page and "没有家长同意" in page
        assert page.index("小明") < page.index("小红") < page.index("小刚")
        assert re.search(r"\d+%（\d+–\d+%，\d+ 题）", page)
    assert cast.client(cast.chen).get(f"/classes/{cast.class51.pk}/placement").status_code == 404


# --- what a teacher decides -------------------------------------------------------------------------------------------


def ban(cast: Cast, *banned: int) -> None:
    with acting(cast.actor(cast.wang)):
        rule_items(cast.class51, list(banned), ItemRule.BAN, acting_user=cast.actor(cast.wang))


def test_what_a_teacher_banned_is_not_asked(cast: Cast, ming: Client) -> None:
    with acting(cast.actor(cast.ming)):
        before = bench_of(cast.class51.path, 5)
    assert before
    best = {one[0].item for one in (next_question(before, [], new_id()) for _ in range(20)) if one[0]}
    ban(cast, *best)
    with acting(cast.actor(cast.ming)):
        after = bench_of(cast.class51.path, 5)
    assert after and not best & set(after.of_item) and len(after.of_item) == len(before.of_item) - len(best)
    go_through(ming, cast.ming, right=4)
    assert not best & {fact.item for fact in facts()}


def test_a_ban_of_one_class_is_not_another_s(cast: Cast) -> None:
    test = test_of(cast)
    ban(cast, next(iter(test.of_item)))
    with unscoped("test"):
        assert placing.banned_at(cast.class51.path) and not placing.banned_at(cast.first.path)


def test_an_answer_to_what_was_banned_since_says_nothing(cast: Cast) -> None:
    test = test_of(cast)
    given, _ = sit(test, -0.4, np.random.default_rng(2))
    out = frozenset({given[0].item})
    with unscoped("test"):
        narrower = bench(pool("math", cast.class51.path), 5, "下", out)
    assert narrower
    without = [one for one in given if one.item not in out]
    one, other = outcome(narrower, given), outcome(narrower, without)
    assert one and other and one.ability == other.ability and one.n == len(without)


def test_so_many_bans_that_no_test_is_left_say_so(cast: Cast, ming: Client) -> None:
    with acting(cast.actor(cast.ming)):
        whole = bench_of(cast.class51.path, 5)
    assert whole
    ban(cast, *whole.of_item)
    assert "题还没有准备" in ming.get("/learn/placement").content.decode()


# --- the score --------------------------------------------------------------------------------------------------------


def score_rows() -> list[ScoreFact]:
    with unscoped("test"):
        return list(scores_in_force())


def test_a_placement_is_a_score_with_its_error_once(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    (row,) = score_rows()
    with unscoped("test"):
        result = PlacementResult.objects.get()
    assert (row.score, row.se, row.at, row.grade) == (result.ability, result.se, result.at, 5)
    assert (row.test, row.scale, row.source) == ("placement-math-5", "yincai-logit", ScoreFact.SITTING)
    assert row.place == cast.class51.path and row.pupil == number_of(cast.ming) and row.statement == result.score
    keep_again(cast)
    assert [one.pk for one in score_rows()] == [row.pk]


def keep_again(cast: Cast, **changed: Any) -> None:
    actor = cast.actor(cast.ming)
    with acting(actor):
        practice = Practice.objects.get()
        found = outcome_of(Kept(practice.pupil, actor), practice, 5)
        assert found and practice.ended_at
        keep_result(practice.pupil, practice, replace(found, **changed), practice.ended_at, acting_user=actor)


def test_a_result_that_changed_corrects_the_score(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    first = score_rows()[0]
    keep_again(cast, ability=0.25)
    (row,) = score_rows()
    assert row.score == 0.25 and row.replaces == first.statement


def test_without_consent_no_score_can_be_written(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    row = score_rows()[0]
    gang = number_of(cast.gang)
    with acting(cast.actor(cast.wang)), pytest.raises(ConsentMissing):
        scores.scored(
            scores.Score(gang, row.place, "math", row.test, row.scale, 0.0, row.at, 5),
            acting_user=cast.actor(cast.wang),
        )
    assert len(score_rows()) == 1


def test_a_second_placement_is_a_second_score(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    go_through(ming, cast.ming, right=6)
    assert len(score_rows()) == 2 and len({row.form for row in score_rows()}) == 2


def test_a_teacher_voids_a_sitting_and_its_score(cast: Cast, ming: Client) -> None:
    go_through(ming, cast.ming, right=4)
    wang = cast.client(cast.wang)
    page = wang.get(f"/classes/{cast.class51.pk}/placement").content.decode()
    with unscoped("test"):
        result = PlacementResult.objects.get()
    address = f"/classes/placements/{result.pk}/void"
    assert address in page
    assert "请写一句为什么" in wang.post(address, {"why": " "}, follow=True).content.decode()
    assert len(score_rows()) == 1
    for _ in range(2):
        assert "不算了" in wang.post(address, {"why": "不是本人做的"}, follow=True).content.decode()
    assert score_rows() == []
    page = wang.get(f"/classes/{cast.class51.pk}/placement").content.decode()
    assert "还没有人做过摸底" in page and address not in page
    assert "可以从“" not in ming.get("/learn/placement").content.decode()
    keep_again(cast, ability=0.25)
    assert score_rows() == []
    assert cast.client(cast.chen).post(address, {"why": "不是本人做的"}).status_code == 404

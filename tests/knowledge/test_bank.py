"""The bank: asking and grading, the pool, writing and mending, flags, contradictions, foreign routes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import TestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cast import Cast
from tests.knowledge.answers import answer
from tests.knowledge.bank import bring, lines, tal
from yincai.core.action import ActionError
from yincai.core.actors import Actor, acting
from yincai.core.models import Job, StoredFile
from yincai.core.scope import unscoped
from yincai.knowledge import items
from yincai.knowledge.actions.decide import decide
from yincai.knowledge.actions.flag import close_flag, raise_flag
from yincai.knowledge.actions.map_routes import choose, confirm_many, refuse, reopen
from yincai.knowledge.actions.regrade import regrade
from yincai.knowledge.actions.suggest import suggest
from yincai.knowledge.actions.write import SameItem, create, revise, set_points, set_status
from yincai.knowledge.generators import all_generators, get
from yincai.knowledge.intake.draft import Draft
from yincai.knowledge.models import (
    Contradiction,
    Item,
    ItemFlag,
    ItemPoint,
    ItemStatus,
    KnowledgePoint,
    MappingState,
    Route,
    RouteMapping,
)
from yincai.knowledge.pool import forget, pool
from yincai.knowledge.queries import graph
from yincai.knowledge.suggesting import SURE, how_alike
from yincai.knowledge.suggesting import suggest as alike
from yincai.records import queries as record_queries
from yincai.records.models import ResponseFact, Statement
from yincai.registry.models import Notice

CLASS = "00010001000100010001"  # the path of 五（1）班


@pytest.fixture(autouse=True)
def everywhere(request: pytest.FixtureRequest) -> Iterator[None]:
    if "cast" not in request.fixturenames:
        yield
        return
    with unscoped("tests look at all items"):
        yield


def draft(stem: str = "3+4=？", key: str = "7", **fields: Any) -> Draft:
    return Draft(kind="numeric", stem=stem, answer={"kind": "number", "key": key}, **fields)


def single(stem: str = "哪个大？", key: str = "A", options: tuple[str, ...] = ("7", "5", "3")) -> Draft:
    answer = {"kind": "single", "key": key, "options": "ABCDEFGH"[: len(options)]}
    return Draft(kind="single", stem=stem, options=list(options), answer=answer, points=["m3.add.two-digit"])


# -- asking


def test_every_generator_is_an_item_for_each_topic(cast: Cast) -> None:
    wanted = {
        (one.code, depth.level, topic.point)
        for one in all_generators()
        for depth in one.depths
        for topic in depth.topics
    }
    found = list(Item.objects.exclude(generator="").values_list("generator", "depth", "topic"))
    assert set(found) == wanted and len(found) == len(wanted) == 75
    assert KnowledgePoint.objects.filter(retired=False).count() == len(graph())


def test_whatever_is_drawn_an_item_asks_about_the_point_it_hangs_on(cast: Cast) -> None:
    rows = list(Item.objects.exclude(generator=""))

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(rows), st.integers(0, 2**31 - 1))
    def any_number(row: Item, number: int) -> None:
        seed = items.variant_seed(row.pk, row.version, number)
        assert items.question(row.pk, row.version, seed).points == items.points_of(row.pk), row.code

    any_number()
    assert all(len(items.points_of(row.pk)) == 1 for row in rows if row.topic)


def test_two_items_of_a_depth_have_each_their_title_questions_and_page(cast: Cast) -> None:
    client = cast.client(cast.wang)
    around, inside = (Item.objects.get(code=code) for code in ("circle-1", "circle-1-area"))
    for row, says in ((around, "由半径求周长"), (inside, "由半径求面积")):
        address = f"/bank/{row.pk}"
        for _ in range(6):
            page = client.get(address).content.decode()
            assert f"<h1>圆的周长和面积（{says}）</h1>" in page
            address = f"/bank/{row.pk}" + re.search(r'href="(\?seed=\d+)"', page)[1]
    listed = client.get("/bank/", {"q": "由半径求面积"}).content.decode()
    assert "circle-1-area" in listed and ">circle-1<" not in listed


def test_an_answer_given_before_the_depth_was_divided_shows_the_question_it_was_given_to(cast: Cast) -> None:
    row, maker = Item.objects.get(code="circle-1"), get("circle", 1)
    seed = maker.seed_about("m6.circle.area", 5, 1)
    assert items.question(row.pk, row.version, seed).stem == maker.make(seed, 1).stem
    page = cast.client(cast.wang).get(f"/bank/{row.pk}?seed={seed}").content.decode()
    assert "<h1>圆的周长和面积（由半径求面积）</h1>" in page


def test_a_variant_is_asked_hinted_graded_and_explained(cast: Cast) -> None:
    row = Item.objects.get(generator="fraction-add", depth=1)
    asked = items.question(row.pk, row.version, 42)
    assert asked == items.question(row.pk, row.version, 42)
    made = items.variant(items.held(row.pk, row.version), 42)
    right = items.grade(row.pk, row.version, 42, made.answer)
    assert (right.outcome, right.score) == ("right", 1.0)
    wrong = items.grade(row.pk, row.version, 42, made.faults[0].answer)
    assert (wrong.outcome, wrong.cause) == ("wrong", made.faults[0].malrule)
    assert wrong.cause_name
    assert wrong.cause_words
    assert items.grade(row.pk, row.version, 42, "1/(").outcome == "unreadable"
    assert [items.hint(row.pk, row.version, 42, level) for level in (1, 2, 3)]
    assert items.explanation(row.pk, row.version, 42)


def test_a_generators_page_shows_answers_as_formulas_under_the_name_of_its_skill(cast: Cast) -> None:
    row = Item.objects.get(generator="pythagoras", depth=3)
    page = cast.client(cast.wang).get(f"/bank/{row.pk}?seed=1").content.decode()
    assert "<h1>勾股定理（" in page
    assert '答案：<span class="formula">$\\sqrt{53}$' in page and "sqrt(" not in page


def test_a_generator_needs_a_seed_and_an_item_its_version(cast: Cast) -> None:
    row = Item.objects.get(generator="fraction-add", depth=1)
    with pytest.raises(ValueError, match="seed"):
        items.question(row.pk, row.version)
    with pytest.raises(items.UnknownItem):
        items.question(row.pk, 99, 1)


def test_a_question_that_was_read_costs_no_query(cast: Cast, django_assert_num_queries: Any) -> None:
    made = create(single(), acting_user=cast.actor(cast.wang))
    items.question(made.pk, 1)
    with django_assert_num_queries(0):
        items.question(made.pk, 1)
        items.grade(made.pk, 1, None, "A")


# -- the pool


def test_only_ready_items_with_points_are_chosen_from(cast: Cast) -> None:
    wang = cast.actor(cast.wang)
    tagged = create(single(), acting_user=wang)
    bare = create(draft(), acting_user=wang)
    ids = set(pool("math", CLASS).items)
    assert tagged.pk in ids
    assert bare.pk not in ids
    set_points(bare, ["m3.add.two-digit"], acting_user=wang)
    set_status(tagged, ItemStatus.RETIRED, acting_user=wang)
    ids = set(pool("math", CLASS).items)
    assert bare.pk in ids
    assert tagged.pk not in ids


def test_a_schools_items_are_for_its_own_pupils(cast: Cast) -> None:
    own = create(single(), acting_user=cast.actor(cast.wang))
    assert own.pk in pool("math", cast.class51.path).items
    assert own.pk not in pool("math", cast.other_class.path).items
    assert own.pk not in pool("math", cast.class71.path).items


def test_the_arrays_say_what_the_rows_say(cast: Cast) -> None:
    made = create(single(), acting_user=cast.actor(cast.wang))
    found = pool("math", cast.class51.path)
    place = found.position(made.pk)
    assert place is not None
    slot = graph()["m3.add.two-digit"].slot
    assert list(found.slots[place][found.slots[place] >= 0]) == [slot]
    assert place in found.of_slot(slot)
    assert found.guess[place] == pytest.approx(1 / 3)
    assert (int(found.versions[place]), int(found.grade[place]), bool(found.is_generator[place])) == (1, 3, False)
    assert found.position(10**9) is None


def test_an_unchanged_pool_is_fetched_in_no_time(cast: Cast, django_assert_num_queries: Any) -> None:
    pool("math", CLASS)
    with django_assert_num_queries(0):
        started = time.perf_counter()
        for _ in range(200):
            pool("math", CLASS)
        took = (time.perf_counter() - started) / 200
    assert took < 50e-6


def test_another_process_sees_a_change_when_it_looks_again(cast: Cast) -> None:
    before = len(pool("math", CLASS))
    create(single(), acting_user=cast.system)
    forget()
    assert len(pool("math", CLASS)) == before + 1


# -- writing


def test_the_same_item_twice_is_refused_by_name(cast: Cast) -> None:
    wang = cast.actor(cast.wang)
    first = create(draft(), acting_user=wang)
    with pytest.raises(SameItem, match=first.code):
        create(draft("3 + 4 ＝？"), acting_user=wang)


def test_an_edit_is_a_new_version_and_the_old_one_stays(cast: Cast) -> None:
    wang = cast.actor(cast.wang)
    row = create(draft(), acting_user=wang)
    revise(row, draft("3+5=？", "8"), "数字写错", acting_user=wang)
    row.refresh_from_db()
    assert row.version == 2
    assert items.question(row.pk, 1).stem == "3+4=？"
    assert items.question(row.pk, 2).stem == "3+5=？"
    assert items.grade(row.pk, 1, None, "7").outcome == "right"
    assert items.grade(row.pk, 2, None, "7").outcome == "wrong"


def test_another_schools_items_and_the_citys_are_not_a_teachers_to_change(cast: Cast) -> None:
    own = create(draft(), acting_user=cast.actor(cast.wang))
    city = create(draft("2+2", "4"), acting_user=cast.system)
    for row, who in ((own, cast.chen), (city, cast.wang), (city, cast.sun)):
        with pytest.raises(PermissionDenied):
            revise(row, draft("改", "1"), "", acting_user=cast.actor(who))
    set_status(city, ItemStatus.RETIRED, acting_user=cast.actor(cast.admin))


def test_a_generator_is_not_edited_on_a_page(cast: Cast) -> None:
    row = Item.objects.get(generator="fraction-add", depth=1)
    with pytest.raises(ActionError, match="生成器"):
        revise(row, draft(), "", acting_user=cast.system)


# -- a wrong key


def test_a_wrong_key_is_mended_for_everybody_who_answered(cast: Cast) -> None:
    row = create(single(key="B"), acting_user=cast.actor(cast.wang))
    right_after_all = answer(cast, row, "A")
    wrong_after_all = answer(cast, row, "B", cast.hong)
    assert (right_after_all.score, wrong_after_all.score) == (0.0, 1.0)
    revise(row, single(key="A"), "答案应是 A", acting_user=cast.actor(cast.wang))
    run(regrade, row.pk, cast.system)
    now = {fact.pupil: fact for fact in record_queries.in_force().filter(item=row.pk)}
    assert (now[right_after_all.pupil].score, now[wrong_after_all.pupil].score) == (1.0, 0.0)
    assert {fact.version for fact in now.values()} == {2}
    assert ResponseFact.objects.filter(item=row.pk).count() == 4  # nothing is overwritten
    assert Statement.objects.filter(verb="corrected").count() == 2
    told = dict(Notice.objects.values_list("person", "sentence"))
    assert set(told) == {cast.ming.pk, cast.hong.pk, cast.wang.pk}
    assert "2 名学生" in told[cast.wang.pk]


def test_regrading_again_changes_nothing(cast: Cast) -> None:
    row = create(single(key="B"), acting_user=cast.actor(cast.wang))
    answer(cast, row, "A")
    revise(row, single(key="A"), "", acting_user=cast.actor(cast.wang))
    run(regrade, row.pk, cast.system)
    run(regrade, row.pk, cast.system)
    assert ResponseFact.objects.filter(item=row.pk).count() == 2
    assert Notice.objects.filter(person=cast.ming).count() == 1


def test_a_changed_question_is_not_regraded(cast: Cast) -> None:
    """Letters typed to other options would mean something else."""
    row = create(single(key="B"), acting_user=cast.actor(cast.wang))
    answer(cast, row, "A")
    revise(row, single(key="A", options=("3", "5", "7")), "", acting_user=cast.actor(cast.wang))
    run(regrade, row.pk, cast.system)
    assert ResponseFact.objects.filter(item=row.pk).count() == 1
    assert not Job.objects.filter(kind="knowledge.regrade").exists()


def run(task: Any, item: int, actor: Actor) -> None:
    """Run a background task here and now, as its worker would."""
    with acting(actor):
        task.func(account=str(actor.account.pk), role=None, item=item)


def test_the_page_enqueues_the_regrading(cast: Cast) -> None:
    row = create(single(key="B"), acting_user=cast.actor(cast.wang))
    form = {
        "kind": "single",
        "stem": "哪个大？",
        "answer": "A",
        "difficulty": "0.0",
        "why": "答案错了",
        "option_A": "7",
        "option_B": "5",
        "option_C": "3",
        "point_1": "m3.add.two-digit 两位数加减",
    }
    with TestCase.captureOnCommitCallbacks(execute=False) as waiting:
        page = cast.client(cast.wang).post(f"/bank/{row.pk}/edit", form)
    assert page.status_code == 302, page.content.decode()
    assert len(waiting) == 1
    row.refresh_from_db()
    assert row.version == 2


# -- flags


def test_a_flag_is_raised_answered_and_told(cast: Cast) -> None:
    row = create(single(), acting_user=cast.actor(cast.wang))
    ming, hong = cast.actor(cast.ming), cast.actor(cast.hong)
    first = raise_flag(row, 1, None, "key", "我算出来是 5", acting_user=ming)
    assert raise_flag(row, 1, None, "key", "再说一次", acting_user=ming) == first
    raise_flag(row, 1, None, "key", "", acting_user=hong)
    with pytest.raises(PermissionDenied):
        close_flag(first, "kept", "没错", acting_user=cast.actor(cast.chen))
    with pytest.raises(ActionError, match="为什么没有错"):
        close_flag(first, "kept", " ", acting_user=cast.actor(cast.wang))
    close_flag(first, "kept", "7 比 5 大", acting_user=cast.actor(cast.wang))
    assert not ItemFlag.objects.filter(closed_at=None).exists()
    told = Notice.objects.filter(sentence__contains="7 比 5 大").values_list("person", flat=True)
    assert set(told) == {cast.ming.pk, cast.hong.pk}


def test_a_pupil_reports_on_the_page_and_reads_the_answer(cast: Cast) -> None:
    row = create(single(), acting_user=cast.actor(cast.wang))
    ming = cast.client(cast.ming)
    assert "哪个大？" in ming.get(f"/bank/{row.pk}/flag?version=1").content.decode()
    page = ming.post(f"/bank/{row.pk}/flag", {"version": 1, "reason": "key", "words": "选项都不对"}, follow=True)
    assert "收到了，谢谢" in page.content.decode()
    queue = cast.client(cast.wang).get("/bank/flags").content.decode()
    assert "选项都不对" in queue
    flag = ItemFlag.objects.get()
    cast.client(cast.wang).post(f"/bank/flags/{flag.pk}", {"end": "mended", "answer": "谢谢"})
    assert "已改正。谢谢" in ming.get("/bank/said").content.decode()


def test_who_reports_goes_back_to_the_practice_and_nowhere_else(cast: Cast) -> None:
    row, ming = create(single(), acting_user=cast.actor(cast.wang)), cast.client(cast.ming)
    address, form = f"/bank/{row.pk}/flag", {"version": 1, "reason": "text"}
    assert (
        'value="/practice/7"'
        in ming.get(address, headers={"Referer": "http://testserver/practice/7?x=1"}).content.decode()
    )
    assert ming.post(address, form | {"back": "/practice/7"}).headers["Location"] == "/practice/7"
    assert ming.post(address, form | {"back": "https://elsewhere.test/"}).headers["Location"] == "/bank/said"


def test_items_of_other_schools_are_not_there(cast: Cast) -> None:
    row = create(single(), acting_user=cast.actor(cast.wang))
    stranger, pupil = cast.client(cast.chen), cast.client(cast.far)
    for address in (f"/bank/{row.pk}", f"/bank/{row.pk}/edit", f"/bank/{row.pk}/flag"):
        assert stranger.get(address).status_code == 404
    assert pupil.get(f"/bank/{row.pk}/flag").status_code == 404
    assert row.code not in stranger.get("/bank/").content.decode()
    assert stranger.post(f"/bank/{row.pk}/status", {"status": "retired"}).status_code == 404


def test_a_pupil_does_not_read_the_bank(cast: Cast) -> None:
    assert cast.client(cast.ming).get("/bank/").status_code == 403
    assert cast.client(cast.mother).get("/bank/").status_code == 403


# -- contradictions


def test_a_person_decides_which_key_holds(cast: Cast) -> None:
    bring(lines(tal("同一题", "A"), tal("同一题", "B")), cast.actor(cast.sun))
    sun = cast.client(cast.sun)
    pair = Contradiction.objects.get()
    assert "同一题" in sun.get("/bank/held").content.decode()
    assert cast.client(cast.wang).post(f"/bank/held/{pair.pk}", {"keep": pair.first_id}).status_code == 403
    sun.post(f"/bank/held/{pair.pk}", {"keep": pair.second_id, "why": "第一份抄错"})
    pair.refresh_from_db()
    assert (pair.first.status, pair.second.status) == (ItemStatus.RETIRED, ItemStatus.READY)
    with pytest.raises(ActionError, match="已经裁定"):
        decide(pair, None, "", acting_user=cast.actor(cast.sun))


def test_an_item_in_two_disputes_waits_for_both(cast: Cast) -> None:
    bring(lines(tal("三个答案", "A"), tal("三个答案", "B"), tal("三个答案", "C")), cast.system)
    first, second = Contradiction.objects.order_by("pk")
    decide(first, first.first, "", acting_user=cast.system)
    first.first.refresh_from_db()
    assert first.first.status == ItemStatus.HELD
    decide(second, second.first, "", acting_user=cast.system)
    first.first.refresh_from_db()
    assert first.first.status == ItemStatus.READY


# -- routes


ROUTES = ["拓展思维->拓展思维->计算模块->分数->分数的约分"]


def test_an_item_is_chosen_once_a_person_confirms_its_route(cast: Cast) -> None:
    bring(lines(tal("约分题", knowledge_point_routes=ROUTES)), cast.system)
    row = Item.objects.get(plain__startswith="约分题")
    suggest(acting_user=cast.system)
    mapping = RouteMapping.objects.get(point__code="m5.frac.reduce")
    assert how_alike(mapping.score) == "很像"
    assert row.pk not in pool("math", CLASS).items
    confirm_many([mapping.pk], acting_user=cast.actor(cast.sun))
    assert row.pk in pool("math", CLASS).items
    reopen(mapping.route, acting_user=cast.actor(cast.sun))
    assert row.pk not in pool("math", CLASS).items
    refuse(mapping.route, acting_user=cast.actor(cast.sun))
    assert suggest(acting_user=cast.system) == 0


def test_what_is_imported_later_follows_what_was_confirmed(cast: Cast) -> None:
    bring(lines(tal("第一题", knowledge_point_routes=ROUTES)), cast.system)
    route = Route.objects.get(name="分数的约分")
    choose(route, KnowledgePoint.objects.get(code="m5.frac.reduce"), acting_user=cast.actor(cast.sun))
    bring(lines(tal("第二题", knowledge_point_routes=ROUTES)), cast.system)
    assert Item.objects.get(plain__startswith="第二题").pk in pool("math", CLASS).items


def test_a_persons_points_stand_above_those_of_routes(cast: Cast) -> None:
    bring(lines(tal("约分题", knowledge_point_routes=ROUTES)), cast.system)
    row, route = Item.objects.get(plain__startswith="约分题"), Route.objects.get(name="分数的约分")
    set_points(row, ["m5.frac.common"], acting_user=cast.system)
    choose(route, KnowledgePoint.objects.get(code="m5.frac.reduce"), acting_user=cast.system)
    assert [tag.point.code for tag in ItemPoint.objects.filter(item=row)] == ["m5.frac.common"]
    set_points(row, [], acting_user=cast.system)
    assert [tag.point.code for tag in ItemPoint.objects.filter(item=row)] == ["m5.frac.reduce"]


def test_choosing_one_point_refuses_the_other_suggestions(cast: Cast) -> None:
    bring(lines(tal("约分题", knowledge_point_routes=ROUTES)), cast.system)
    suggest(acting_user=cast.system)
    route = Route.objects.get(name="分数的约分")
    choose(route, KnowledgePoint.objects.get(code="m5.frac.common"), acting_user=cast.system)
    states = dict(route.mappings.values_list("point__code", "state"))
    assert states.pop("m5.frac.common") == MappingState.CONFIRMED
    assert set(states.values()) <= {MappingState.REFUSED}


def test_the_page_confirms_many_and_decides_one(cast: Cast) -> None:
    bring(
        lines(tal("约分题", knowledge_point_routes=ROUTES), tal("别的", knowledge_point_routes=["甲->乙"])), cast.system
    )
    suggest(acting_user=cast.system)
    sun = cast.client(cast.sun)
    assert "分数的约分" in sun.get("/bank/routes/").content.decode()
    best = RouteMapping.objects.filter(score__gte=SURE).get()
    sun.post("/bank/routes/confirm", {"mapping": [best.pk]})
    best.refresh_from_db()
    assert best.state == MappingState.CONFIRMED
    other = Route.objects.get(name="乙")
    sun.post(f"/bank/routes/{other.pk}", {"point": "没有这个"})
    assert not other.mappings.exists()
    sun.post(f"/bank/routes/{other.pk}", {"point": "m5.frac.common 通分"}, headers={"HX-Request": "true"})
    assert other.mappings.get().state == MappingState.CONFIRMED


@pytest.mark.parametrize(
    ("path", "point"),
    [
        ("拓展思维->计算模块->分数->分数基础->分数的约分", "约分"),
        ("课内体系->知识点->三角形->三角形及多边形->与三角形有关的角->三角形内角和的应用", "三角形内角和"),
        ("拓展思维->应用题模块->比例应用题->按比分配", "按比分配"),
        ("课内体系->知识点->式->整式的乘除->乘法公式->完全平方公式的计算-不含分式", "完全平方公式"),
    ],
)
def test_suggestions_find_what_is_plainly_there(path: str, point: str) -> None:
    assert graph()[alike(path.split("->"), graph())[0].point].name == point


@pytest.mark.parametrize(
    "path", ["拓展思维->能力->数据处理", "课内体系->知识点->三角函数->诱导公式", "课内体系->思想->转化与化归思想"]
)
def test_what_is_no_topic_of_ours_gets_no_suggestion(path: str) -> None:
    assert alike(path.split("->"), graph()) == []


# -- pages


def test_a_teacher_finds_by_words_point_and_kind(cast: Cast) -> None:
    create(single("从三个数里选最大的"), acting_user=cast.actor(cast.wang))
    wang = cast.client(cast.wang)
    for query in ("q=三个数里", "q=最大 三个", "point=m3.add.two-digit&kind=single", "unit=3a.add-oral&q=最大"):
        assert "从三个数里选最大的" in wang.get(f"/bank/?{query}").content.decode(), query
    for query in ("q=没有的字", "kind=multiple", "status=retired", "tagged=no"):
        assert "从三个数里选最大的" not in wang.get(f"/bank/?{query}").content.decode(), query


def test_the_list_costs_the_same_for_one_item_and_for_twenty(cast: Cast, django_assert_max_num_queries: Any) -> None:
    bring(lines(*[tal(f"第 {n} 题") for n in range(25)]), cast.system)
    wang = cast.client(cast.wang)
    wang.get("/bank/")
    with django_assert_max_num_queries(24):
        wang.get("/bank/?collection=TAL-SCQ5K")


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(cast: Cast) -> None:
    form = {"kind": "numeric", "stem": "半个加半个", "answer": "1/(", "difficulty": "0.0", "point_1": "没有这个点"}
    page = cast.client(cast.wang).post("/bank/new", form)
    said = page.content.decode()
    assert page.status_code == 422
    assert "半个加半个" in said
    assert "读不懂" in said
    assert "没有“没有这个点”这个知识点" in said
    assert not Item.objects.filter(generator="").exists()


def test_a_picture_is_kept_and_shown_to_the_school(cast: Cast) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    png = SimpleUploadedFile("图.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    form = {
        "kind": "numeric",
        "stem": "图里有几个",
        "answer": "3",
        "difficulty": "0.0",
        "image": png,
        "alt": "三个苹果",
    }
    page = cast.client(cast.wang).post("/bank/new", form, follow=True)
    assert 'alt="三个苹果"' in page.content.decode()
    address = f"/bank/images/{StoredFile.objects.get().pk}"
    assert cast.client(cast.ming).get(address).headers["Content-Type"] == "image/png"
    assert cast.client(cast.far).get(address).status_code == 404


def test_a_file_is_looked_at_taken_in_and_undone_on_pages(cast: Cast) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from yincai.knowledge.actions.run_import import run_import, undo_import

    sun, actor = cast.client(cast.sun), cast.actor(cast.sun)
    file = SimpleUploadedFile("题.jsonl", lines(tal("甲题"), tal("乙题"), tal("甲题"), "{坏"))
    page = sun.post("/bank/import", {"format": "tal-scq5k", "file": file}, follow=True)
    assert "有 3 道能读的题" in page.content.decode()
    assert not Item.objects.filter(generator="").exists()
    job = Job.objects.get()
    assert sun.post(f"/bank/import/{job.pk}/start").status_code == 302
    assert "正在入库" in sun.get(f"/bank/import/{job.pk}").content.decode()
    role = str(actor.role.id) if actor.role else None
    run_import.func(account=str(actor.account.pk), role=role, import_id=str(job.pk))
    assert "入库 2 道" in sun.get(f"/bank/import/{job.pk}").content.decode()
    sun.post(f"/bank/import/{job.pk}/undo")
    undo_import.func(account=str(actor.account.pk), role=role, import_id=str(job.pk))
    assert not Item.objects.filter(generator="").exists()


def test_a_file_in_the_wrong_format_is_told_at_once(cast: Cast) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("题.xlsx", b"no table")
    page = cast.client(cast.sun).post("/bank/import", {"format": "xlsx", "file": file})
    assert page.status_code == 422
    assert "不是能读的 .xlsx 文件" in page.content.decode()

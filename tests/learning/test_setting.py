"""What a teacher sets and steers, and who has done it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.learning.desk import (
    ask,
    begin,
    counts,
    generator_item,
    give,
    issue,
    number_of,
    right_answer,
    token_in,
    write_item,
)
from yincai.core.ids import new_id
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.knowledge.generators import get
from yincai.knowledge.models import Item
from yincai.knowledge.queries import graph
from yincai.learning.models import Assignment, ClassSetting, ItemRule, Practice
from yincai.registry.models import Notice, Person

ADD = graph("math")["m5.frac.add-unlike"]


@pytest.fixture
def wang(cast: Cast) -> Client:
    return cast.client(cast.wang)


@pytest.fixture
def ming(cast: Cast) -> Client:
    return cast.client(cast.ming)


def set_(cast: Cast, client: Client, status: int = 302, **fields: Any) -> Any:
    data = {"questions": "2", "points": [str(ADD.slot)], **fields}
    reply = client.post(f"/classes/{cast.class51.pk}/set", data)
    assert reply.status_code == status, reply.content.decode()
    return reply


def newest() -> Assignment:
    with unscoped("test"):
        return Assignment.objects.order_by("-set_at").select_related("school_class").get()


def notices(person: Person) -> list[str]:
    with unscoped("test"):
        return list(Notice.objects.filter(person=person).values_list("sentence", flat=True))


def do(person: Person, client: Client, row: Assignment, times: int) -> str:
    """Answer some of a set practice; the last page."""
    page = client.get(begin(client, assignment=str(row.pk)))
    for _ in range(times):
        token = token_in(page)
        page = give(client, token, right_answer(token, person))
    return page.content.decode()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_practice_for_the_class_is_told_done_and_seen(cast: Cast, wang: Client, ming: Client) -> None:
    due = timezone.localdate() + timedelta(days=3)
    reply = set_(cast, wang, title="分数加减再练练", due=due.isoformat())
    row = newest()
    assert reply["Location"] == f"/classes/practices/{row.pk}"
    assert f"老师布置了练习“分数加减再练练”，2 题，{due.month} 月 {due.day} 日前做完" in notices(cast.ming)
    with unscoped("test"):
        assert Notice.objects.filter(person=cast.ming).get().link == "/learn/"
        assert AuditRow.objects.filter(verb="learning.set_practice").count() == 1
    assert "分数加减再练练" in ming.get("/learn/").content.decode()

    assert "老师布置的练习做完了" in do(cast.ming, ming, row, 2)
    assert "分数加减再练练" not in ming.get("/learn/").content.decode()
    page = wang.get(f"/classes/practices/{row.pk}").content.decode()
    assert "1 人做完，1 人还没开始，1 人不留存" in page
    assert re.findall("小明|小红|小刚", page) == ["小明", "小红", "小刚"]  # school-number order
    assert "1 人做完，1 人还没开始" in wang.get(f"/classes/{cast.class51.pk}").content.decode()


def test_a_set_practice_goes_on_where_it_was_left(cast: Cast, wang: Client, ming: Client) -> None:
    items = [generator_item(name).code for name in ("fraction-add", "circle", "rectangle")]
    set_(cast, wang, points=[], items=" ".join(items))
    row = newest()
    assert row.questions == 3
    do(cast.ming, ming, row, 1)
    page = ming.get("/learn/").content.decode()
    assert "做了 1 题，共 3 题" in text_of(page)
    address = begin(ming, assignment=str(row.pk))
    assert "第 2 题，共 3 题" in ming.get(address).content.decode()
    assert "1 / 3 题" in wang.get(f"/classes/practices/{row.pk}").content.decode()
    assert "老师布置的练习做完了" in do(cast.ming, ming, row, 2)
    assert "老师布置的练习做完了" in ming.get(address).content.decode()


def test_a_practice_for_some_is_shown_to_them_only(cast: Cast, wang: Client, ming: Client) -> None:
    set_(cast, wang, title="给小红", pupils=[str(number_of(cast.hong))])
    row = newest()
    assert notices(cast.ming) == [] and len(notices(cast.hong)) == 1
    assert "给小红" not in ming.get("/learn/").content.decode()
    assert ming.post("/learn/start", {"assignment": str(row.pk)})["Location"] == "/learn/"
    assert "给小红" in cast.client(cast.hong).get("/learn/").content.decode()
    assert "小明" not in wang.get(f"/classes/practices/{row.pk}").content.decode()


def test_a_withdrawn_practice_is_gone_and_what_was_done_counts(cast: Cast, wang: Client, ming: Client) -> None:
    set_(cast, wang, title="收回试试", questions="3")
    row = newest()
    address = begin(ming, assignment=str(row.pk))
    token = token_in(ming.get(address))
    for _ in range(2):
        assert wang.post(f"/classes/practices/{row.pk}/withdraw").status_code == 302
    assert "收回试试" not in ming.get("/learn/").content.decode()
    page = give(ming, token, right_answer(token, cast.ming)).content.decode()
    assert "对了" in page and "老师收回了这组练习" in page
    assert counts() == (1, 1, 1)
    assert "已收回" in wang.get(f"/classes/practices/{row.pk}").content.decode()


def test_a_practice_past_its_day_is_no_longer_open(cast: Cast, wang: Client, ming: Client) -> None:
    set_(cast, wang, title="过期")
    row = newest()
    with unscoped("test"):
        Assignment.objects.update(due=timezone.localdate() - timedelta(days=1))
    assert "过期" not in ming.get("/learn/").content.decode()
    assert ming.post("/learn/start", {"assignment": str(row.pk)})["Location"] == "/learn/"
    assert "已截止" in wang.get(f"/classes/practices/{row.pk}").content.decode()


def test_an_unmapped_item_may_be_set_by_its_code(cast: Cast, wang: Client, ming: Client) -> None:
    write_item("loose-1")
    set_(cast, wang, points=[], items="loose-1")
    row = newest()
    page = ming.get(begin(ming, assignment=str(row.pk)))
    assert r"$\frac{1}{2}+\frac{1}{3}$" in page.content.decode()
    assert "老师布置的练习做完了" in give(ming, token_in(page), "B").content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"points": []}, "还没有选知识点或题目"),
        ({"questions": "0"}, "题数应在 1 到 30 之间"),
        ({"questions": "很多"}, "题数“很多”不是一个整数"),
        ({"points": ["x"]}, "知识点“x”不是一个整数"),
        ({"points": ["9999"]}, "没有的"),
        ({"points": [str(graph("math").of_unit("5a.position")[0].slot)]}, "还没有可用的题"),
        ({"items": "nix-7"}, "题库里没有可用的题目：nix-7"),
        ({"due": "2020-01-01"}, "截止日期已经过去"),
        ({"due": "下周"}, "截止日期“下周”读不出来"),
        ({"pupils": ["123"]}, "不在本班"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    cast: Cast, wang: Client, fields: dict[str, Any], said: str
) -> None:
    page = set_(cast, wang, 400, title="我的标题", **fields).content.decode()
    assert said in page and 'value="我的标题"' in page and 'role="alert"' in page
    with unscoped("test"):
        assert not Assignment.objects.exists()


def test_a_form_sent_twice_sets_one_practice(cast: Cast, wang: Client) -> None:
    key = "0199a000-0000-7000-8000-000000000001"
    assert set_(cast, wang, form_key=key)["Location"] == set_(cast, wang, form_key=key)["Location"]
    assert newest()


def test_one_click_from_an_error_fills_in_its_point_and_pupils(cast: Cast, wang: Client, ming: Client) -> None:
    begin(ming)
    fault = get("fraction-add", 1).make(7, 1).faults[0]
    give(ming, issue(cast.ming, generator_item("fraction-add")), fault.answer)
    page = wang.get(f"/classes/{cast.class51.pk}").content.decode()
    address = re.search(rf"/classes/{cast.class51.pk}/set\?cause={fault.malrule}", page)
    assert address
    form = wang.get(address[0]).content.decode()
    assert re.findall(r'name="points" value="\d+" checked', form)
    assert re.findall(r'name="pupils" value="(\d+)" checked', form) == [str(number_of(cast.ming))]


def test_one_click_from_an_error_sets_a_practice_for_the_pupils_behind_it_once(
    cast: Cast, wang: Client, ming: Client
) -> None:
    begin(ming)
    fault = get("fraction-add", 1).make(7, 1).faults[0]
    give(ming, issue(cast.ming, generator_item("fraction-add")), fault.answer)
    page = wang.get(f"/classes/{cast.class51.pk}").content.decode()
    form = re.search(r'<div class="at-once"><form[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1]):
        fields.setdefault(name, []).append(value)
    for _ in range(2):  # a double click sets one practice
        assert wang.post(f"/classes/{cast.class51.pk}/set", fields).status_code == 302
    with unscoped("test"):
        row = Assignment.objects.get()
    assert row.pupils == [number_of(cast.ming)]
    assert row.title.startswith("练一练：")


def test_a_point_and_an_item_may_be_filled_in(cast: Cast, wang: Client) -> None:
    form = wang.get(f"/classes/{cast.class51.pk}/set?point={ADD.code}&items=fraction-add-1").content.decode()
    assert f'name="points" value="{ADD.slot}" checked' in form and 'value="fraction-add-1"' in form
    assert wang.get(f"/classes/{cast.class51.pk}/set?point=nix&cause=nix").status_code == 200


# --- steering ---------------------------------------------------------------------------------------------------------


def steer(cast: Cast, client: Client, **fields: str) -> Any:
    return client.post(f"/classes/{cast.class51.pk}/steer", fields)


def rules() -> list[tuple[str, str]]:
    with unscoped("test"):
        codes = dict(Item.objects.values_list("pk", "code"))
        return [(codes[rule.item], rule.kind) for rule in ItemRule.objects.all()]


def test_items_are_pinned_banned_ordered_and_freed(cast: Cast, wang: Client) -> None:
    steer(cast, wang, code="fraction-add-1，circle-1", kind="order")
    steer(cast, wang, code="polygon-area-1", kind="ban")
    steer(cast, wang, code="rectangle-1", kind="pin")
    assert rules() == [
        ("fraction-add-1", "order"),
        ("circle-1", "order"),
        ("polygon-area-1", "ban"),
        ("rectangle-1", "pin"),
    ]
    steer(cast, wang, code="fraction-add-1", kind="order")  # said again: to the end
    assert [code for code, kind in rules() if kind == "order"] == ["circle-1", "fraction-add-1"]
    page = wang.get(f"/classes/{cast.class51.pk}/steer").content.decode()
    assert "polygon-area-1" in page and "不出" in page
    steer(cast, wang, remove=str(generator_item("polygon-area").pk))
    assert ("polygon-area-1", "ban") not in rules()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "", "kind": "pin"}, "还没有填题号"),
        ({"code": "nix", "kind": "pin"}, "题库里没有可用的题目：nix"),
        ({"code": "fraction-add-1", "kind": "nix"}, "只能选"),
        ({"code": "loose", "kind": "pin"}, "还没有对应知识点"),
        ({"target": "99"}, "目标答对率应在 60% 到 90% 之间"),
        ({"target": "高"}, "不是一个整数"),
    ],
)
def test_what_cannot_be_steered_is_said(cast: Cast, wang: Client, fields: dict[str, str], said: str) -> None:
    write_item("loose")
    reply = steer(cast, wang, **fields)
    assert reply.status_code == 400 and said in reply.content.decode()
    assert rules() == []


def test_an_unmapped_item_may_be_banned_and_a_banned_one_not_set(cast: Cast, wang: Client) -> None:
    write_item("loose")
    assert steer(cast, wang, code="loose", kind="ban").status_code == 302
    assert "loose" in set_(cast, wang, 400, points=[], items="loose").content.decode()


def test_the_target_is_kept(cast: Cast, wang: Client) -> None:
    steer(cast, wang, target="80")
    with unscoped("test"):
        assert ClassSetting.objects.get().target == 0.8
    assert 'value="80"' in wang.get(f"/classes/{cast.class51.pk}/steer").content.decode()


# --- strangers --------------------------------------------------------------------------------------------------------


def test_a_key_used_for_something_else_is_a_conflict_and_changes_nothing(cast: Cast, wang: Client) -> None:
    key = str(new_id())
    set_(cast, wang, form_key=key)
    reply = wang.post(f"/classes/practices/{newest().pk}/withdraw", {"form_key": key})
    assert reply.status_code == 409
    assert "已用于另一次操作" in reply.content.decode()
    assert newest().withdrawn_at is None


def test_nobody_sets_withdraws_or_steers_for_a_class_they_do_not_teach(cast: Cast, wang: Client) -> None:
    set_(cast, wang, title="别人的班")
    row, stranger = newest(), cast.client(cast.chen)
    assert stranger.get(f"/classes/practices/{row.pk}").status_code == 404
    assert stranger.post(f"/classes/practices/{row.pk}/withdraw").status_code == 404
    assert stranger.get(f"/classes/{cast.class51.pk}/set").status_code == 404
    assert stranger.post(f"/classes/{cast.class51.pk}/set", {"questions": "2", "points": "0"}).status_code == 404
    assert stranger.post(f"/classes/{cast.class51.pk}/steer", {"target": "80"}).status_code == 404
    assert wang.get(f"/classes/{cast.class52.pk}/set").status_code == 404  # of her school, but not taught by her
    head = cast.client(cast.li)
    assert head.get(f"/classes/practices/{row.pk}").status_code == 200
    assert head.post(f"/classes/practices/{row.pk}/withdraw").status_code == 403
    assert newest().withdrawn_at is None


def test_of_a_class_only_the_teachers_of_the_subject_set_and_steer(cast: Cast, wang: Client) -> None:
    """Whoever leads the class and teaches it Chinese sees where it stands, and is told what is missing."""
    set_(cast, wang, title="数学老师布置的")
    with unscoped("test"):
        lin = cast.person("林语", "linlaoshi", ("teacher", cast.first))
        cast.teach(lin, cast.class51, "语文", leads=True)
    row, room, client = newest(), f"/classes/{cast.class51.pk}", cast.client(lin)
    told = "您教五（1）班的语文，任课里没有这个班的数学，不能为他们布置或调整练习。"
    for reply in (
        client.get(f"{room}/set"),
        client.post(f"{room}/set", {"questions": "2", "points": [str(ADD.slot)]}),
        client.get(f"{room}/steer"),
        client.post(f"{room}/steer", {"target": "80"}),
        client.post(f"/classes/practices/{row.pk}/withdraw"),
        client.post(f"{room}/placement/paper", {"length": "20"}),
    ):
        assert reply.status_code == 403
        assert told in reply.content.decode()
    assert newest().withdrawn_at is None
    for page in (room, "/classes/?item=x", f"{room}/report", f"{room}/placement", f"/classes/practices/{row.pk}"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert not re.search(r"/set[?\"]|/steer[?\"]|/withdraw|/paper\"", shown.content.decode()), page
    with unscoped("test"):
        cast.teach(lin, cast.class51, "数学")
    assert client.get(f"{room}/set").status_code == 200
    assert f"{room}/set" in client.get("/classes/?item=x").content.decode()


def test_a_pupil_of_another_class_cannot_begin_a_set_practice(cast: Cast, wang: Client) -> None:
    set_(cast, wang)
    far = cast.client(cast.far)
    assert far.post("/learn/start", {"assignment": str(newest().pk)})["Location"] == "/learn/"
    with unscoped("test"):
        assert not Practice.objects.exists()


def test_without_consent_a_set_practice_can_be_done_too(cast: Cast, wang: Client) -> None:
    set_(cast, wang)
    client = cast.client(cast.gang)
    _, token = ask(client, assignment=str(newest().pk))
    assert "第 2 题，共 2 题" in give(client, token, right_answer(token, cast.gang)).content.decode()
    assert counts() == (0, 0, 0)

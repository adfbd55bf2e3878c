"""Reports on a set practice and on some weeks of a class: findings, figures, names, and what leaves."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from tests.cast import Cast
from tests.learning.desk import generator_item, write_item
from tests.learning.sat import answer, days_ago, pupils, set_items, sit
from yincai.core.figures import Figure
from yincai.core.models import AuditRow
from yincai.core.scope import unscoped
from yincai.knowledge.generators import get
from yincai.knowledge.queries import graph
from yincai.learning.models import Assignment, Grown
from yincai.learning.reports import growth
from yincai.learning.reports.growth import PointGrowth, figures_of
from yincai.learning.reports.tasks import grow
from yincai.registry.models import RoleHeld

FAULT = get("fraction-add", 1).make(7, 1).faults[0]


@pytest.fixture
def wang(cast: Cast) -> Client:
    return cast.client(cast.wang)


def a_sitting(cast: Cast, size: int = 12) -> Assignment:
    """Twelve pupils: all know item one, five err alike at the second, the third has a wrong key."""
    room = cast.class51
    easy, hard = generator_item("rectangle"), generator_item("fraction-add")
    keyless = write_item("bad-key", point="m5.frac.add-unlike", key="C")
    row = set_items(cast, room, [easy, hard, keyless])
    for turn, who in enumerate(pupils(cast, room, size + 1)):
        for day in (9, 8):
            answer(cast, who, room, hard, FAULT.answer, at=days_ago(day))
        practice = sit(room, who[1], row)
        told: dict[str, Any] = {"practice": practice, "source": "assigned", "at": days_ago(1)}
        answer(cast, who, room, easy, None, **told)
        answer(cast, who, room, hard, FAULT.answer if turn < 5 else None, **told)
        answer(cast, who, room, keyless, "A" if turn < 2 else "C" if turn < 5 else "B", **told)
    return row


def page_of(client: Client, row: Assignment, query: str = "") -> str:
    reply = client.get(f"/classes/practices/{row.pk}/report{query}")
    assert reply.status_code == 200
    return reply.content.decode()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_report_says_whom_to_teach_what_again(cast: Cast, wang: Client) -> None:
    row = a_sitting(cast)
    page = page_of(wang, row)
    said = text_of(page)
    assert "12 人要再讲“" in said or "人要再讲“" in said
    assert "5 人 · 5 次" in said and "分子分母分别相加减" in said and "完全吻合 5 次" in said
    assert "把握约 90%" in said
    assert "小刚" not in page  # nothing is kept of him, nothing is said
    assert "不留存记录的 1 人不在其中" in said


def test_what_looks_careless_stands_after_what_can_be_taught(cast: Cast, wang: Client) -> None:
    room = cast.class51
    hard, long = generator_item("fraction-add"), generator_item("multiply-carry")
    key = int(get("multiply-carry", 1).make(7, 1).answer)
    row = set_items(cast, room, [hard, long])
    for turn, who in enumerate(pupils(cast, room, 12)):
        told: dict[str, Any] = {"practice": sit(room, who[1], row), "source": "assigned", "at": days_ago(1)}
        answer(cast, who, room, hard, FAULT.answer if turn < 3 else None, **told)
        answer(cast, who, room, long, str(key + 1) if turn < 9 else None, **told)
    said = text_of(page_of(wang, row))
    assert said.index("分子分母分别相加减 3 人") < said.index("多了 1 9 人")
    assert "多半是粗心" in said and "给这 9 人一组练习 ：多了 1" not in said


def test_an_item_whose_distractor_draws_the_stronger_is_shown_with_its_interval(cast: Cast, wang: Client) -> None:
    said = text_of(page_of(wang, a_sitting(cast)))
    assert "选 B 的人，别的题反而做得比选对的人好" in said and "先核对答案" in said
    assert re.search(r"bad-key · 答对 25%（\d+–\d+%，12 人）", said)
    assert "和别的题不合" not in said  # of three items, two are too few to compare one with


def test_growth_is_paired_and_carries_its_interval(cast: Cast, wang: Client) -> None:
    said = text_of(page_of(wang, a_sitting(cast)))
    assert re.search(r"\d+% → \d+%，进步 \d+ 个百分点（\d+(\.\d)? 到 \d+(\.\d)?，12 人）", said), said
    assert "个知识点比上次有进步" in said


def test_an_interval_that_nearly_holds_no_change_says_on_which_side_it_lies() -> None:
    point = graph("math")["m3.sub.borrow"]
    told = [PointGrowth(point, 0.75, 0.78, Figure(0.03, low, 0.06, 11), 0, 2).sentence for low in (0.004, -0.004)]
    assert told == [
        "75% → 78%，进步 3 个百分点（0.4 到 6.0，11 人）",
        "75% → 78%，看不出变化（+3 个百分点，−0.4 到 6.0，11 人）",
    ]


def test_below_the_least_number_there_is_no_figure(cast: Cast, wang: Client) -> None:
    said = text_of(page_of(wang, a_sitting(cast, size=4)))
    assert "人数太少，不显示" in said and not re.search(r"\d+% ?（\d+–\d+%", said)
    assert "以前也练过的只有 4 人" in said


def test_pupils_stand_in_school_number_order_and_no_word_of_rank(cast: Cast, wang: Client) -> None:
    page = page_of(wang, a_sitting(cast))
    with unscoped("test"):
        held = RoleHeld.objects.filter(organisation=cast.class51, name="pupil").order_by("number")
        order = [row.person.name for row in held.select_related("person")]
    for summary in re.findall(r"<summary>([^<]*、[^<]*)</summary>", page):
        names = summary.split("、")
        assert names == sorted(names, key=order.index)
    assert not re.search("名次|第一名|百分位|最差|最好的学生", page)


def test_it_leaves_as_excel_and_on_paper_and_the_audit_knows(cast: Cast, wang: Client) -> None:
    row = a_sitting(cast)
    reply = wang.get(f"/classes/practices/{row.pk}/report?as=xlsx")
    book = load_workbook(io.BytesIO(reply.content))
    cells = [[str(cell) for cell in line] for line in book.active.iter_rows(values_only=True)]
    parts = {line[0] for line in cells}
    assert {"概况", "再讲", "错因", "题目", "进步"} <= parts
    assert any("1 小明、2 小红" in line[4] for line in cells)
    paper = wang.get(f"/classes/practices/{row.pk}/report?as=print").content.decode()
    assert 'class="a4"' in paper and "再讲" in paper and "bad-key (1/2)+(1/3) 等于多少？" in paper
    assert "其余 2 道" in paper and "rectangle-1" not in paper, "paper has no room for what asks for nothing"
    assert any("rectangle-1" in line[1] for line in cells)
    with unscoped("test"):
        assert AuditRow.objects.filter(verb="core.export").count() == 2


def test_one_click_sets_the_practice_for_the_pupils_to_reteach(cast: Cast, wang: Client) -> None:
    page = page_of(wang, a_sitting(cast))
    form = re.search(r'<div class="at-once"><form[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1]):
        fields.setdefault(name, []).append(value)
    assert wang.post(f"/classes/{cast.class51.pk}/set", fields).status_code == 302
    link = re.search(r'href="(/classes/[^"]+/set\?point=[^"]+)"', page)
    assert link
    chosen = wang.get(link[1].replace("&amp;", "&")).content.decode()
    assert len(re.findall(r'name="pupils" value="\d+" checked', chosen)) == len(fields["pupils"])


def test_the_report_of_a_class_spans_weeks_and_sources(cast: Cast, wang: Client) -> None:
    a_sitting(cast)
    address = f"/classes/{cast.class51.pk}/report"
    whole = text_of(wang.get(address).content.decode())
    assert "最近四周数学 · 全部练习" in whole
    set_only = text_of(wang.get(f"{address}?days=7&source=assigned").content.decode())
    assert "12 人作答" in set_only and "最近一周" in set_only
    nothing = text_of(wang.get(f"{address}?days=7&source=placement").content.decode())
    assert "这段时间没有作答" in nothing
    assert wang.get(f"{address}?days=x&source=%27").status_code == 200


def test_a_report_without_answers_says_what_to_do(cast: Cast, wang: Client) -> None:
    row = set_items(cast, cast.class51, [generator_item("rectangle")])
    assert "还没有人作答" in page_of(wang, row)


def test_a_head_reads_it_and_that_is_noted(cast: Cast) -> None:
    row = a_sitting(cast)
    page = page_of(cast.client(cast.li), row)
    assert "/classes/answers/" not in page and "at-once" not in page
    with unscoped("test"):
        assert AuditRow.objects.filter(verb="learning.reveal_class").count() == 1


def test_a_stranger_reads_no_report(cast: Cast) -> None:
    row = a_sitting(cast, size=3)
    stranger = cast.client(cast.chen)
    assert stranger.get(f"/classes/practices/{row.pk}/report").status_code == 404
    assert stranger.get(f"/classes/{cast.class51.pk}/report").status_code == 404


def test_long_histories_are_worked_out_in_the_background(
    cast: Cast, wang: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_sitting(cast)
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(growth, "AT_ONCE", 0)
    monkeypatch.setattr("yincai.learning.reports.tasks.enqueue", lambda job, **kept: asked.append(kept))
    assert "12 人的记录很长，正在后台计算" in page_of(wang, row)
    assert len(asked) == 1 and len(asked[0]["stretches"]) == 12
    page_of(wang, row)
    assert len(asked) == 1  # once, however often the page is looked at
    actor = cast.actor(cast.wang)
    grow.func(account=str(actor.account.pk), role=None, subject="math", stretches=asked[0]["stretches"])
    with unscoped("test"):
        assert Grown.objects.count() == 12
        kept = Grown.objects.order_by("pk").first()
        assert kept is not None
        figures = figures_of(kept.pupil, kept.first, kept.last, "math")
    assert {int(slot): tuple(row) for slot, row in kept.figures.items()} == figures
    said = text_of(page_of(wang, row))
    assert "正在后台计算" not in said and "个知识点比上次有进步" in said

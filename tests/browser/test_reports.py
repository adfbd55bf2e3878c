"""Reports in a real browser: the teacher reads one, judges a cause, sets what is to be taught again, prints; the pupil
and the guardian see growth."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_pupil import sign_in
from tests.cast import Cast
from tests.learning.desk import generator_item, number_of
from tests.learning.sat import answer, days_ago
from tests.learning.test_reports import a_sitting
from yincai.learning.models import Assignment
from yincai.registry.models import Purpose

UNEXPLAINED = "77/13"


@pytest.fixture
def sat(cast: Cast) -> Assignment:
    row = a_sitting(cast)
    who = (cast.ming, number_of(cast.ming))
    for seed in range(4):
        answer(cast, who, cast.class51, generator_item("circle"), None, seed=seed, at=days_ago(2))
    answer(cast, who, cast.class51, generator_item("fraction-add"), UNEXPLAINED, seed=3, at=days_ago(0.1))
    cast.consent(cast.ming, Purpose.PRACTICE, Purpose.REPORT)
    return row


def test_from_a_report_to_a_judged_cause_a_practice_and_paper(
    cast: Cast, sat: Assignment, pc: Page, live_server: Any
) -> None:
    sign_in(pc, cast, cast.wang, live_server.url)
    pc.goto(f"/classes/{cast.class51.pk}")
    pc.get_by_role("link", name=re.compile("看报告 ?：分数加减")).click()
    expect(pc.locator("h1")).to_contain_text("人要再讲")
    check_access(pc)
    picture(pc, "report-pc", whole=True)

    pc.locator("details summary", has_text="小明").first.click()
    pc.locator("details[open] a", has_text="写了").first.click()
    expect(pc.locator("h1")).to_contain_text("可能是“分子分母分别相加减”")
    check_access(pc)
    picture(pc, "answer-cause-pc", whole=True)
    pc.get_by_label("粗心笔误").check()
    pc.get_by_role("button", name="就这样定").click()
    expect(pc.locator("main")).to_contain_text("小明这道题是“粗心笔误”")
    expect(pc.locator("h3", has_text="粗心笔误")).to_be_visible()

    pc.get_by_role("link", name="打印").click()
    expect(pc.locator(".a4 h1")).to_contain_text("学情报告：分数加减")
    expect(pc.get_by_role("button", name="打印")).to_be_visible()
    picture(pc, "report-paper", whole=True)
    pc.go_back()
    pc.get_by_role("button", name=re.compile("人一组练习")).first.click()
    expect(pc.locator("main")).to_contain_text("已布置“练一练：")


def test_a_teacher_explains_what_the_platform_cannot(
    cast: Cast, sat: Assignment, phone: Page, live_server: Any
) -> None:
    sign_in(phone, cast, cast.wang, live_server.url)
    phone.goto(f"/classes/{cast.class51.pk}/report?days=7")
    expect(phone.locator("main")).to_contain_text("看不出错因的")
    check_access(phone)
    picture(phone, "report-phone", whole=True)
    phone.get_by_text("逐个看").click()
    phone.get_by_role("link", name=UNEXPLAINED).click()
    expect(phone.locator("h1")).to_contain_text("还看不出错因")
    phone.get_by_role("button", name="就这样定").click()  # nothing ticked
    expect(phone.locator("[role=alert]")).to_contain_text("请在列出的错因里选一个")
    phone.get_by_label("通分时只改了分母").check()
    check_access(phone)
    picture(phone, "answer-cause-phone", whole=True)
    phone.get_by_role("button", name="就这样定").click()
    expect(phone.locator("main")).to_contain_text("小明这道题是“通分时只改了分母”")
    phone.goto(f"/classes/pupils/{cast.ming.pk}")
    expect(phone.locator("h2", has_text="错误从哪里来")).to_be_visible()
    phone.get_by_text("次答错").last.click()
    expect(phone.locator("details[open]")).to_contain_text("已判断")
    check_access(phone)
    picture(phone, "pupil-patterns-phone", whole=True)


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_pupil_and_guardian_see_growth_and_never_others(
    cast: Cast, sat: Assignment, size: str, request: pytest.FixtureRequest, live_server: Any
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, cast, cast.ming, live_server.url)
    page.goto("/learn/")
    expect(page.locator(".growth")).to_contain_text("最近四周新学了")
    check_access(page)
    picture(page, f"growth-pupil-{size}", whole=True)
    sign_in(page, cast, cast.mother, live_server.url)
    page.goto(f"/children/{cast.ming.pk}")
    expect(page.locator(".growth")).to_contain_text("接下来会再练")
    expect(page.locator("main")).not_to_contain_text("小红")
    check_access(page)
    picture(page, f"growth-child-{size}", whole=True)

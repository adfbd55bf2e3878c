"""A pupil's practice in a real browser, on a PC and on a phone: the whole desk, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PC, PHONE, at_rest, check_access, picture
from tests.cast import Cast
from tests.learning.desk import counts, facts, generator_item, number_of, right_answer, write_item
from yincai.core.scope import unscoped
from yincai.knowledge.models import Item
from yincai.learning.models import Assignment, Practice
from yincai.registry.models import Person


def sign_in(page: Page, cast: Cast, person: Person, url: str) -> None:
    session = cast.client(person).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": url}])


def set_for(cast: Cast, title: str, items: list[Item], questions: int = 0) -> Assignment:
    with unscoped("test"):
        return Assignment.objects.create(
            school_class=cast.class51,
            title=title,
            items=[item.pk for item in items],
            questions=questions or len(items),
            set_by=cast.wang.account.pk,
        )


def begin_set(page: Page, title: str) -> None:
    page.goto("/learn/")
    page.get_by_role("button", name=re.compile(f"去做 ?“{title}”")).click()
    seated(page)


def seated(page: Page) -> None:
    """The desk is there and its scripts have run."""
    expect(page.locator("form[data-answer]")).to_be_visible()
    page.wait_for_load_state()


def send(page: Page) -> None:
    page.locator(".send .btn.go").click()


def go_on(page: Page) -> None:
    """To the next question: the verdict on this one is gone."""
    page.locator("[data-next]").click()
    expect(page.locator(".verdict")).to_have_count(0)


def right(page: Page, person: Person) -> str:
    """The right answer to the question on the desk."""
    token = page.locator("#desk > form input[name=form]").get_attribute("value")
    assert token
    return right_answer(token, person)


@pytest.fixture(params=["pc", "phone"])
def desk(request: pytest.FixtureRequest, cast: Cast, live_server: Any) -> tuple[Page, str]:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, cast, cast.ming, live_server.url)
    return page, request.param


def test_the_whole_desk(desk: tuple[Page, str], cast: Cast) -> None:
    page, size = desk
    bank = [write_item("b-choice"), write_item("b-many", kind="multiple", key="AC")]
    set_for(cast, "样样都练", [*bank, generator_item("fraction-add"), generator_item("like-terms")])
    begin_set(page, "样样都练")

    # a choice, wrong: what was right and why, with formulas
    expect(page.locator("#progress")).to_have_text(re.compile("^第 1 题，共 4 题"))
    expect(page.locator("#desk .question math")).to_have_count(1)
    expect(page.locator(".choice math")).to_have_count(3)
    check_access(page)
    picture(page, f"practice-choice-{size}")
    page.locator(".choice").nth(0).click()
    send(page)
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("还差一点", use_inner_text=True)
    expect(verdict).to_contain_text("讲解", use_inner_text=True)
    expect(verdict.locator("dd math")).to_have_count(2)
    expect(verdict.locator("details[open] math")).to_have_count(1)
    expect(page.locator("[data-next]")).to_be_focused()
    check_access(page)
    picture(page, f"practice-explained-{size}")

    # several options, by keyboard alone
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_count(0)
    expect(page.locator("input[type=checkbox]").first).to_be_focused()
    expect(page.locator("#progress")).to_have_text(re.compile("^第 2 题，共 4 题"))
    expect(page.locator("#desk .question math")).to_have_count(1)
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict.right")).to_be_visible()

    # a number: hints in order, what cannot be read goes back, nothing is lost
    at_rest(page)
    go_on(page)
    ladder = page.locator("#desk > form .ladder .btn")
    for at, open_now in enumerate((True, False, False)):
        expect(ladder.nth(at)).to_be_enabled(enabled=open_now)
    ladder.nth(0).click()
    expect(page.locator(".why")).to_be_visible()
    at_rest(page)
    ladder.nth(1).click()
    expect(page.locator(".ladder .btn.used:nth-child(2)")).to_be_visible()
    at_rest(page)
    picture(page, f"practice-hint-{size}")
    field = page.locator("#desk > form input[name=answer]")
    field.fill("1/+")
    expect(page.locator("[data-marked] mark")).to_be_visible()
    check_access(page)
    send(page)
    expect(page.locator("#desk .say.warning[role=alert]")).to_be_visible()
    expect(field).to_have_value("1/+")
    expect(page.locator(".why")).to_be_visible()
    expect(page.locator("[data-marked] mark")).to_be_visible()
    check_access(page)
    picture(page, f"practice-unread-{size}")
    field.fill(right(page, cast.ming))
    expect(page.locator("[data-shown]")).to_be_visible()
    send(page)
    expect(page.locator(".verdict.right")).to_be_visible()
    assert facts()[2].hints == 2

    # an expression by the pad, to the end
    at_rest(page)
    go_on(page)
    expect(page.locator("[data-keypad=expression]")).to_be_visible()
    check_access(page)
    page.locator("[data-insert='2']").click()
    page.locator("[data-insert='x']").click()
    send(page)
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator("#desk")).to_contain_text("老师布置的练习做完了", use_inner_text=True)
    page.get_by_role("button", name="看看这次练的").click()
    expect(page.locator("h1")).to_contain_text("做了 4 题")
    check_access(page)
    picture(page, f"practice-done-{size}")
    assert [fact.score for fact in facts()] == [0.0, 1.0, 1.0, 0.0]


def test_the_map(desk: tuple[Page, str], cast: Cast) -> None:
    page, size = desk
    page.goto("/learn/")
    check_access(page)
    page.get_by_role("button", name=re.compile("练 ?“多边形的面积”")).click()
    seated(page)
    expect(page.locator("h1")).to_have_text("多边形的面积")
    page.locator("#desk > form input[name=answer]").fill(right(page, cast.ming))
    send(page)
    expect(page.locator(".verdict.right")).to_be_visible()
    page.get_by_role("button", name="先到这里").click()
    page.get_by_role("link", name="看我的学习地图").click()
    expect(page.locator("h1")).to_contain_text("1 个知识点正在成长")
    expect(page.get_by_role("heading", name="正在学", exact=True)).to_be_visible()
    check_access(page)
    picture(page, f"map-{size}", whole=True)


def test_rest_after_fifteen_minutes(desk: tuple[Page, str], cast: Cast) -> None:
    page, size = desk
    page.goto("/learn/")
    page.get_by_role("button", name="帮我选题，开始练").click()
    seated(page)
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(minutes=15))
    page.reload()
    expect(page.locator("#desk")).to_contain_text("已经练了 15 分钟，歇一会儿", use_inner_text=True)
    check_access(page)
    picture(page, f"practice-rest-{size}")
    page.get_by_role("button", name="我休息过了").click()
    expect(page.locator("form[data-answer]")).to_be_visible()


def test_without_consent_the_desk_says_that_nothing_is_kept(cast: Cast, pc: Page, live_server: Any) -> None:
    sign_in(pc, cast, cast.gang, live_server.url)
    pc.goto("/learn/")
    pc.get_by_role("button", name="帮我选题，开始练").click()
    seated(pc)
    expect(pc.locator("[role=note]")).to_contain_text("不留存", use_inner_text=True)
    check_access(pc)
    if pc.locator("#desk > form input[type=radio]").count():
        pc.locator(".choice").first.click()
    else:
        pc.locator("#desk > form input[name=answer]").fill("1")
    send(pc)
    expect(pc.locator(".verdict")).to_be_visible()
    assert counts() == (0, 0, 0)


def test_a_grade_without_practice(cast: Cast, phone: Page, live_server: Any) -> None:
    with unscoped("test"):
        cast.class51.grade = 1
        cast.class51.save(update_fields=["grade"])
    sign_in(phone, cast, cast.ming, live_server.url)
    phone.goto("/learn/")
    expect(phone.locator("h1")).to_contain_text("你的年级现在还没有练习题")
    check_access(phone)


# --- what goes wrong on the way: these pages may complain on the console ----------------------------------------------


@pytest.fixture
def rough(chromium: Browser, cast: Cast, live_server: Any) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, viewport=PC, locale="zh-CN")
    page = _seated(context, cast, live_server.url)
    yield page
    context.close()


def _seated(context: BrowserContext, cast: Cast, url: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, cast, cast.ming, url)
    set_for(cast, "一道题", [generator_item("fraction-add")] * 3)
    begin_set(page, "一道题")
    return page


def test_a_double_click_sends_once(rough: Page, cast: Cast) -> None:
    sent = []
    rough.on("request", lambda request: sent.append(request.url) if request.url.endswith("/learn/answer") else None)
    rough.locator("#desk > form input[name=answer]").fill(right(rough, cast.ming))
    rough.locator(".send .btn.go").dblclick()
    expect(rough.locator(".verdict.right")).to_be_visible()
    assert len(sent) == 1 and counts() == (1, 1, 1)


def test_a_dead_line_keeps_the_answer(rough: Page, cast: Cast) -> None:
    answer = right(rough, cast.ming)
    rough.locator("#desk > form input[name=answer]").fill(answer)
    expect(rough.locator("[data-shown]")).to_be_visible()
    rough.context.set_offline(True)
    send(rough)
    expect(rough.locator("#trouble")).to_be_visible()
    expect(rough.locator("#trouble")).to_contain_text("没有送出去", use_inner_text=True)
    expect(rough.locator("#desk > form input[name=answer]")).to_have_value(answer)
    check_access(rough)
    rough.context.set_offline(False)
    send(rough)
    expect(rough.locator(".verdict.right")).to_be_visible()
    expect(rough.locator("#trouble")).to_be_hidden()


def test_a_broken_server_keeps_the_answer(rough: Page, cast: Cast) -> None:
    rough.locator("#desk > form input[name=answer]").fill(right(rough, cast.ming))
    rough.route("**/learn/answer", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    send(rough)
    expect(rough.locator("#trouble")).to_be_visible()
    expect(rough.locator("#trouble")).to_contain_text("系统出了错", use_inner_text=True)
    rough.unroute("**/learn/answer")
    send(rough)
    expect(rough.locator(".verdict.right")).to_be_visible()


def test_who_was_signed_out_signs_in_elsewhere_and_sends_again(rough: Page, cast: Cast, live_server: Any) -> None:
    rough.locator("#desk > form input[name=answer]").fill(right(rough, cast.ming))
    expect(rough.locator("[data-shown]")).to_be_visible()
    rough.context.clear_cookies(name="sessionid")
    send(rough)
    expect(rough.locator("#trouble")).to_be_visible()
    expect(rough.locator("#trouble")).to_contain_text("登录已经过期", use_inner_text=True)
    sign_in(rough, cast, cast.ming, live_server.url)
    rough.context.clear_cookies(name="csrftoken")
    rough.context.new_page().goto("/learn/")  # a new token, as every sign-in gives
    send(rough)
    expect(rough.locator(".verdict.right")).to_be_visible()
    assert counts() == (1, 1, 1)


def test_an_answer_after_the_end_says_so(rough: Page, cast: Cast) -> None:
    with unscoped("test"):
        Practice.objects.filter(pupil=number_of(cast.ming)).update(ended_at=timezone.now())
    rough.locator("#desk > form input[name=answer]").fill("1")
    send(rough)
    expect(rough.locator("#desk [role=alert]")).to_be_visible()
    expect(rough.locator("#desk")).to_contain_text("已经结束", use_inner_text=True)
    check_access(rough)


def test_without_javascript(chromium: Browser, cast: Cast, live_server: Any) -> None:
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, java_script_enabled=False)
    page = _seated(context, cast, live_server.url)
    page.locator(".ladder .btn").first.click()
    expect(page.locator(".why")).to_be_visible()
    page.locator("input[name=answer]").fill("1/+")
    page.keyboard.press("Enter")  # sends the answer, not a hint
    expect(page.locator("mark")).to_have_text("+")
    expect(page.locator("input[name=answer]")).to_have_value("1/+")
    page.locator("input[name=answer]").fill(right(page, cast.ming))
    page.locator(".send .btn.go").click()
    expect(page.locator(".verdict.right")).to_be_visible()
    go_on(page)
    expect(page.locator("#progress")).to_have_text(re.compile("^第 2 题，共 3 题"))
    page.get_by_role("button", name="先到这里").click()
    expect(page.locator("h1")).to_contain_text("做了 1 题，答对 1 题")
    context.close()

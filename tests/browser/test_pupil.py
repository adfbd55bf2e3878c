"""A pupil's practice in a real browser, on a PC and on a phone: the whole desk, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import PC, PHONE, check_access, picture
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
    page.wait_for_selector("form[data-answer]")


def send(page: Page) -> None:
    page.locator(".send .btn.go").click()


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
    assert page.locator("#progress").inner_text().startswith("第 1 题，共 4 题")
    assert page.locator("#desk .question math").count() == 1 and page.locator(".choice math").count() == 3
    check_access(page)
    picture(page, f"practice-choice-{size}")
    page.locator(".choice").nth(0).click()
    send(page)
    page.wait_for_selector(".verdict")
    verdict = page.locator(".verdict")
    assert "还差一点" in verdict.inner_text() and "讲解" in verdict.inner_text()
    assert verdict.locator("dd math").count() == 2 and verdict.locator("details[open] math").count() == 1
    assert page.locator("[data-next]").evaluate("e => e === document.activeElement")
    check_access(page)
    picture(page, f"practice-explained-{size}")

    # several options, by keyboard alone
    page.keyboard.press("Enter")
    page.wait_for_selector("input[type=checkbox]")
    assert page.locator("#progress").inner_text().startswith("第 2 题，共 4 题")
    assert page.locator("#desk .question math").count() == 1
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.right")

    # a number: hints in order, what cannot be read goes back, nothing is lost
    page.locator("[data-next]").click()
    ladder = page.locator("#desk > form .ladder .btn")
    assert [ladder.nth(at).is_disabled() for at in range(3)] == [False, True, True]
    ladder.nth(0).click()
    page.wait_for_selector(".why")
    ladder.nth(1).click()
    page.wait_for_selector(".ladder .btn.used:nth-child(2)")
    picture(page, f"practice-hint-{size}")
    field = page.locator("#desk > form input[name=answer]")
    field.fill("1/+")
    page.wait_for_selector("[data-marked]:not([hidden])")
    check_access(page)
    send(page)
    page.wait_for_selector(".say.warning[role=alert]:visible")
    assert field.input_value() == "1/+" and page.locator(".why").is_visible()
    page.wait_for_selector("[data-marked]:not([hidden]) mark")
    check_access(page)
    picture(page, f"practice-unread-{size}")
    field.fill(right(page, cast.ming))
    page.wait_for_selector("[data-shown]:not([hidden])")
    send(page)
    page.wait_for_selector(".verdict.right")
    assert facts()[2].hints == 2

    # an expression by the pad, to the end
    page.locator("[data-next]").click()
    page.wait_for_selector("[data-keypad=expression]")
    check_access(page)
    page.locator("[data-insert='2']").click()
    page.locator("[data-insert='x']").click()
    send(page)
    page.wait_for_selector(".verdict")
    assert "老师布置的练习做完了" in page.locator("#desk").inner_text()
    page.get_by_role("button", name="看看这次练的").click()
    assert "做了 4 题" in page.locator("h1").inner_text()
    check_access(page)
    picture(page, f"practice-done-{size}")
    assert [fact.score for fact in facts()] == [0.0, 1.0, 1.0, 0.0]


def test_the_map(desk: tuple[Page, str], cast: Cast) -> None:
    page, size = desk
    page.goto("/learn/")
    check_access(page)
    page.get_by_role("button", name=re.compile("练 ?“多边形的面积”")).click()
    assert page.locator("h1").inner_text() == "多边形的面积"
    page.locator("#desk > form input[name=answer]").fill(right(page, cast.ming))
    send(page)
    page.wait_for_selector(".verdict.right")
    page.get_by_role("button", name="先到这里").click()
    page.get_by_role("link", name="看我的学习地图").click()
    assert "1 个知识点正在成长" in page.locator("h1").inner_text()
    assert page.locator("h2").first.inner_text() == "正在学"
    check_access(page)
    picture(page, f"map-{size}", whole=True)


def test_rest_after_fifteen_minutes(desk: tuple[Page, str], cast: Cast) -> None:
    page, size = desk
    page.goto("/learn/")
    page.get_by_role("button", name="帮我选题，开始练").click()
    page.wait_for_selector("form[data-answer]")
    with unscoped("test"):
        Practice.objects.update(stretch_from=timezone.now() - timedelta(minutes=15))
    page.reload()
    assert "已经练了 15 分钟，歇一会儿" in page.locator("#desk").inner_text()
    check_access(page)
    picture(page, f"practice-rest-{size}")
    page.get_by_role("button", name="我休息过了").click()
    assert page.locator("form[data-answer]").is_visible()


def test_without_consent_the_desk_says_that_nothing_is_kept(cast: Cast, pc: Page, live_server: Any) -> None:
    sign_in(pc, cast, cast.gang, live_server.url)
    pc.goto("/learn/")
    pc.get_by_role("button", name="帮我选题，开始练").click()
    assert "不留存" in pc.locator("[role=note]").inner_text()
    check_access(pc)
    if pc.locator("#desk > form input[type=radio]").count():
        pc.locator(".choice").first.click()
    else:
        pc.locator("#desk > form input[name=answer]").fill("1")
    send(pc)
    pc.wait_for_selector(".verdict")
    assert counts() == (0, 0, 0)


def test_a_grade_without_practice(cast: Cast, phone: Page, live_server: Any) -> None:
    with unscoped("test"):
        cast.class51.grade = 1
        cast.class51.save(update_fields=["grade"])
    sign_in(phone, cast, cast.ming, live_server.url)
    phone.goto("/learn/")
    assert "你的年级现在还没有练习题" in phone.locator("h1").inner_text()
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
    rough.wait_for_selector(".verdict.right")
    assert len(sent) == 1 and counts() == (1, 1, 1)


def test_a_dead_line_keeps_the_answer(rough: Page, cast: Cast) -> None:
    answer = right(rough, cast.ming)
    rough.locator("#desk > form input[name=answer]").fill(answer)
    rough.context.set_offline(True)
    send(rough)
    rough.wait_for_selector("#trouble:visible")
    assert "没有送出去" in rough.locator("#trouble").inner_text()
    assert rough.locator("#desk > form input[name=answer]").input_value() == answer
    check_access(rough)
    rough.context.set_offline(False)
    send(rough)
    rough.wait_for_selector(".verdict.right")
    assert rough.locator("#trouble").is_hidden()


def test_a_broken_server_keeps_the_answer(rough: Page, cast: Cast) -> None:
    rough.locator("#desk > form input[name=answer]").fill(right(rough, cast.ming))
    rough.route("**/learn/answer", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    send(rough)
    rough.wait_for_selector("#trouble:visible")
    assert "系统出了错" in rough.locator("#trouble").inner_text()
    rough.unroute("**/learn/answer")
    send(rough)
    rough.wait_for_selector(".verdict.right")


def test_who_was_signed_out_signs_in_elsewhere_and_sends_again(rough: Page, cast: Cast, live_server: Any) -> None:
    rough.locator("#desk > form input[name=answer]").fill(right(rough, cast.ming))
    rough.context.clear_cookies(name="sessionid")
    send(rough)
    rough.wait_for_selector("#trouble:visible")
    assert "登录已经过期" in rough.locator("#trouble").inner_text()
    sign_in(rough, cast, cast.ming, live_server.url)
    rough.context.clear_cookies(name="csrftoken")
    rough.context.new_page().goto("/learn/")  # a new token, as every sign-in gives
    send(rough)
    rough.wait_for_selector(".verdict.right")
    assert counts() == (1, 1, 1)


def test_an_answer_after_the_end_says_so(rough: Page, cast: Cast) -> None:
    with unscoped("test"):
        Practice.objects.filter(pupil=number_of(cast.ming)).update(ended_at=timezone.now())
    rough.locator("#desk > form input[name=answer]").fill("1")
    send(rough)
    rough.wait_for_selector("#desk [role=alert]")
    assert "已经结束" in rough.locator("#desk").inner_text()
    check_access(rough)


def test_without_javascript(chromium: Browser, cast: Cast, live_server: Any) -> None:
    context = chromium.new_context(base_url=live_server.url, viewport=PHONE, java_script_enabled=False)
    page = _seated(context, cast, live_server.url)
    page.locator(".ladder .btn").first.click()
    assert page.locator(".why").is_visible()
    page.locator("input[name=answer]").fill("1/+")
    page.keyboard.press("Enter")  # sends the answer, not a hint
    assert page.locator("mark").inner_text() == "+" and page.locator("input[name=answer]").input_value() == "1/+"
    page.locator("input[name=answer]").fill(right(page, cast.ming))
    page.locator(".send .btn.go").click()
    assert page.locator(".verdict.right").is_visible()
    page.locator("[data-next]").click()
    assert page.locator("#progress").inner_text().startswith("第 2 题，共 3 题")
    page.get_by_role("button", name="先到这里").click()
    assert "做了 1 题，答对 1 题" in page.locator("h1").inner_text()
    context.close()

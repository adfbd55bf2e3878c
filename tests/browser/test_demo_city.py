"""Each role of the demo city signs in through the page, as its list of accounts says, and does its daily job.

The city is served by `yincai serve` from a home of its own. `make screenshots` takes the pictures of the READMEs here,
then from the whole city instead of one school.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.conftest import PC, PHONE, at_rest, check_access, picture
from tests.core.installation import COMMAND, Installation, until

PASSWORD = "shifan-shi"
OFFICE = {"xuexiao": "学校管理员", "quxian": "区县教育局", "shiju": "市教育局", "guanli": "系统管理员"}
SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("demo") / "home", served=True)
    size = [] if os.environ.get("YINCAI_SCREENSHOTS") else ["--small"]
    subprocess.run([*COMMAND, "demo", *size], env=made.environment, check=True, capture_output=True, timeout=400)
    server = made.serve()
    assert until(made.answers, 30), made.log.read_text()
    yield made
    server.terminate()
    server.wait(timeout=20)
    made.remove()


@pytest.fixture
def sign_in(city: Installation, chromium: Browser) -> Iterator[SignIn]:
    """`sign_in("jiaoshi")`: a page of that account, after password and code."""
    contexts, complaints = [], []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status of 400" not in message.text:
            complaints.append(message.text)

    def enter(account: str, **options: object) -> Page:
        context = chromium.new_context(
            base_url=f"http://127.0.0.1:{city.port}", locale="zh-CN", **({"viewport": PC} | options)
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", complain)
        page.goto("/signin/")
        page.fill("input[name=login]", account)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button:has-text('登录')")
        if account in OFFICE:
            expect(page.locator("input[name=code]")).to_be_visible()
            at_rest(page)
            page.click(f"li:has-text('{OFFICE[account]}') button[data-fills=code]")
            page.click("main form button.go")
        page.wait_for_url("/")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


def answer(page: Page) -> None:
    """Answer whatever is on the desk: the first option, or a number."""
    at_rest(page)
    if page.locator("label.choice").count():
        page.locator("label.choice").first.click()
    else:
        page.fill("input[data-keypad]", "12")
    page.click("button.go:has-text('交答案')")
    expect(page.locator(".verdict")).to_be_visible()


def test_a_pupil_practises_with_a_hint_and_stops(sign_in: SignIn) -> None:
    page = sign_in("xuesheng")
    check_access(page)
    picture(page, "home-pupil")
    page.locator("main .btn.go").first.click()
    expect(page.locator(".question")).to_be_visible()
    at_rest(page)
    page.locator(".ladder .btn").first.click()
    expect(page.locator(".why")).to_be_visible()
    check_access(page)
    picture(page, "practice")
    answer(page)
    check_access(page)
    picture(page, "practice-feedback")
    page.click("[data-next]")
    expect(page.locator(".verdict")).to_have_count(0)
    expect(page.locator(".question")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("第 2 题")
    page.click("text=先到这里")
    expect(page.locator("h1")).to_contain_text("做了 1 题")
    page.goto("/learn/")
    check_access(page)
    picture(page, "map")


def test_a_pupil_without_consent_practises_and_is_told_that_nothing_is_kept(sign_in: SignIn) -> None:
    page = sign_in("xuesheng2", viewport=PHONE)
    page.locator("main .btn.go").first.click()
    expect(page.locator(".question")).to_be_visible()
    expect(page.locator("main")).to_contain_text("不留存", use_inner_text=True)
    answer(page)
    check_access(page)


def test_a_teacher_sees_who_is_stuck_and_sets_a_practice(sign_in: SignIn) -> None:
    page = sign_in("jiaoshi")
    check_access(page)
    picture(page, "home-teacher")
    page.goto("/classes/")
    page.locator("main a.btn:has-text('学情')").first.click()
    expect(page.locator("table").first).to_be_visible()
    check_access(page)
    picture(page, "class")
    page.click("text=布置练习")
    page.fill("input[name=title]", "练一练")
    page.locator("input[name=points]:visible:enabled").first.check()
    page.click("button.go")
    expect(page.locator(".say.success")).to_contain_text("已布置")


def test_a_teacher_is_told_what_is_missing_and_loses_nothing(sign_in: SignIn) -> None:
    page = sign_in("jiaoshi")
    page.goto("/classes/")
    page.locator("main a.btn:has-text('学情')").first.click()
    page.click("text=布置练习")
    page.fill("input[name=title]", "忘了选知识点")
    page.click("button.go")
    expect(page.locator("[role=alert]")).to_contain_text("还没有选知识点")
    expect(page.locator("input[name=title]")).to_have_value("忘了选知识点")


def test_a_guardian_reads_three_sentences_and_decides(sign_in: SignIn) -> None:
    page = sign_in("jiazhang", viewport=PHONE)
    check_access(page)
    picture(page, "home-guardian")
    page.locator("main a:has-text('同意')").first.click()
    expect(page.locator("main")).to_contain_text("记下什么", use_inner_text=True)
    check_access(page)


@pytest.mark.parametrize(("account", "name"), [("xiaozhang", "head"), ("quxian", "district"), ("shiju", "city")])
def test_heads_and_officers_open_a_number_to_its_formula(sign_in: SignIn, account: str, name: str) -> None:
    page = sign_in(account)
    check_access(page)
    picture(page, f"home-{name}")
    page.locator("a:has-text('公式与明细')").first.click()
    expect(page).to_have_url(re.compile("/figures/."))
    expect(page.locator("main")).to_contain_text("算法", use_inner_text=True)
    check_access(page)


@pytest.mark.parametrize(("account", "name"), [("xuexiao", "school-admin"), ("guanli", "admin")])
def test_administrators_find_people_and_the_tree(sign_in: SignIn, account: str, name: str) -> None:
    page = sign_in(account)
    check_access(page)
    picture(page, f"home-{name}")
    for where in ("/organisations/", "/people/"):
        page.goto(where)
        expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
        check_access(page)


@pytest.mark.parametrize("account", ["jiaoyan", "zhuanjia"])
def test_others_have_a_plain_home(sign_in: SignIn, account: str) -> None:
    page = sign_in(account)
    expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
    check_access(page)


def test_the_sign_in_page_lists_the_accounts_and_says_that_all_is_synthetic(
    city: Installation, chromium: Browser, tmp_path: Path
) -> None:
    page = chromium.new_page(base_url=f"http://127.0.0.1:{city.port}", viewport=PC)
    page.goto("/signin/")
    expect(page.locator("body")).to_contain_text("全部数据为模拟生成", use_inner_text=True)
    check_access(page)
    picture(page, "sign-in")
    page.close()

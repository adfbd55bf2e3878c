"""The way in, in a browser: a child's first sign-in, an officer's second factor, a guardian from code to consent."""

from __future__ import annotations

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, check_access, picture
from tests.cast import PASSWORD, Cast
from yincai.core.models import Account
from yincai.indicators import results
from yincai.registry.models import Pseudonym


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Past the page of the password, to whatever comes after it."""
    page.goto("/signin/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page).not_to_have_url(re.compile(r"/signin/(\?.*)?$"))


def test_a_first_password_from_slip_to_own_password(cast: Cast, pc: Page, phone: Page) -> None:
    sign_in(pc, "wanglaoshi")
    pc.goto(f"/organisations/{cast.class51.pk}/passwords/")
    pc.get_by_label("给小明发新密码").check()
    check_access(pc)
    pc.get_by_role("button", name="生成并显示纸条").click()
    slip = pc.locator(".slips li", has_text="小明")
    first = slip.locator("code").nth(1).inner_text()
    check_access(pc)
    phone.goto("/signin/")
    check_access(phone)
    picture(phone, "sign-in-phone")
    sign_in(phone, "XiaoMing", first)
    expect(phone.get_by_role("heading", name="先换上自己的密码")).to_be_visible()
    check_access(phone)
    phone.get_by_label("新密码", exact=True).fill("lantian-38")
    phone.get_by_label("再输一次新密码").fill("lantian-38")
    phone.get_by_role("button", name="用新密码").click()
    expect(phone.get_by_text("密码已经改好")).to_be_visible()
    assert Account.objects.get(username="xiaoming").check_password("lantian-38")


def test_an_officer_enrols_a_phone_and_signs_in_with_it(cast: Cast, pc: Page, open_page: OpenPage) -> None:
    results.refresh()  # as the background worker does; else the officer's home waits for the first figures of all
    sign_in(pc, "zhaokezhang")
    expect(pc.get_by_role("heading", name="先设好两步登录，再开始工作")).to_be_visible()
    expect(pc.get_by_role("img", name=re.compile("二维码"))).to_be_visible()
    check_access(pc)
    secret = pc.locator("li code").inner_text().replace(" ", "")
    pc.get_by_label("手机上显示的 6 位数字").fill(_code(secret))
    pc.get_by_role("button", name="确认，设好了").click()
    expect(pc.locator(".codes code")).to_have_count(10)
    check_access(pc)
    pc.goto("/rules/")
    check_access(pc)
    picture(pc, "rules")
    elsewhere = open_page()
    sign_in(elsewhere, "zhaokezhang")
    expect(elsewhere.get_by_role("heading", name="还差一步：动态码")).to_be_visible()
    check_access(elsewhere)
    elsewhere.get_by_label("动态码").fill(_code(secret))
    elsewhere.get_by_role("button", name="登录").click()
    expect(elsewhere).to_have_url("/")
    elsewhere.goto("/me/")
    expect(elsewhere.get_by_text("两步登录：已设好")).to_be_visible()


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_guardian_from_code_to_consent(cast: Cast, pc: Page, phone: Page) -> None:
    sign_in(pc, "wanglaoshi")
    pc.goto(f"/organisations/{cast.class51.pk}/codes/")
    check_access(pc)
    pc.get_by_role("button", name="生成并显示纸条").click()
    code = pc.locator(".slips li", has_text="小刚").locator("code").inner_text()
    phone.goto("/join/")
    phone.get_by_label("绑定码").fill(code.lower())
    phone.get_by_label("您的姓名").fill("刚爸爸")
    phone.get_by_label("您是孩子的").select_option("父亲")
    phone.get_by_label("给自己起一个账号名").fill("gangba")
    phone.get_by_label("密码", exact=True).fill("heliu-2847")
    phone.get_by_label("再输一次密码").fill("heliu-2847")
    check_access(phone)
    phone.get_by_role("button", name="开通").click()
    expect(phone.get_by_role("button", name="登录")).to_be_visible()
    sign_in(phone, "gangba", "heliu-2847")
    phone.goto("/children/")
    check_access(phone)
    phone.get_by_role("link", name="看清楚每一项，再决定").click()
    expect(phone.get_by_role("button", name="我同意").first).to_be_visible()
    check_access(phone)
    picture(phone, "consent-phone", whole=True)
    phone.get_by_role("button", name="我同意").first.click()
    expect(phone.get_by_text("已同意：保存练习记录")).to_be_visible()
    assert Pseudonym._base_manager.get(person=cast.gang).keeps


def test_paper_forms_of_a_class(cast: Cast, pc: Page) -> None:
    sign_in(pc, "wanglaoshi")
    pc.goto(f"/organisations/{cast.class51.pk}/consents/")
    pc.get_by_role("button", name="全部勾“同意”").click()
    check_access(pc)
    pc.get_by_role("button", name="录入勾选的").click()
    expect(pc.get_by_text("已录入 3 份")).to_be_visible()
    assert Pseudonym._base_manager.get(person=cast.gang).keeps

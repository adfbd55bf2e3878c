"""From an empty home to a pupil's first answer, on pages alone: `yincai init`, then nothing but the browser."""

from __future__ import annotations

import csv
import io
import json
import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import call_command
from playwright.sync_api import Page, expect

from tests.browser.conftest import PC, PHONE, OpenPage, at_rest, check_access, picture
from yincai.core.scope import unscoped
from yincai.records.models import LearnerState, ResponseFact, Statement
from yincai.registry.models import ConsentEntry, Organisation, Pseudonym, TimetableEntry

OWN = "Shan-gu-7-lan"  # the password that each of them chooses
TOTP_STEP = 30


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret.replace(" ", ""), int(time.time()) // TOTP_STEP))


def sign_in_first(page: Page, account: str, first: str, *, second_factor: bool) -> None:
    """The first sign-in: own password, then (for officers and administrators) the second factor."""
    page.goto("/")
    page.fill("[name=login]", account)
    page.fill("[name=password]", first)
    page.click("button:has-text('登录')")
    page.fill("[name=new]", OWN)
    page.fill("[name=again]", OWN)
    page.click("button:has-text('用新密码')")
    if second_factor:
        expect(page.locator("[name=code]")).to_be_visible()
        page.fill("[name=code]", code_now(page.locator("p.note code").inner_text()))
        page.click("button:has-text('确认，设好了')")
        page.click("text=收好了，去首页")
    expect(page).to_have_url("/")
    expect(page.locator("h1").first).to_have_text(re.compile(r"\S"))


def slip(page: Page) -> tuple[str, str]:
    """Account and first password of the first slip that is shown."""
    codes = page.locator("ul.slips li").first.locator("code")
    expect(codes).to_have_count(2)
    return codes.nth(0).inner_text(), codes.nth(1).inner_text()


def said(page: Page, text: str) -> None:
    expect(page.locator(".say").first).to_contain_text(text)


def enter_staff(page: Page, name: str, role: str, phone: str) -> None:
    page.click("text=登记教职人员")
    page.fill("[name=name]", name)
    page.select_option("[name=role]", label=role)
    page.fill("[name=phone]", phone)
    page.click("button:has-text('登记')")
    said(page, f"已登记{name}")


def first_password(page: Page) -> tuple[str, str]:
    page.click("text=发初始密码")
    page.click("button:has-text('生成新密码')")
    return slip(page)


def names() -> bytes:
    """A list as a school has it: the class in a column, GB18030 as Excel saves it."""
    file = io.StringIO()
    rows = [("班级", "座号", "学生姓名", "性别", "家长姓名", "关系", "家长电话")]
    rows += [("五（1）班", str(n), f"学生{n}", "女", f"家长{n}", "母亲", f"1390000{n:04d}") for n in range(2, 32)]
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("gb18030")


@pytest.fixture
def admin(open_page: OpenPage) -> Page:
    """The administrator whom `yincai init` made, signed in."""
    answer = io.StringIO()
    asked = ("--city", "示例市", "--code", "330100", "--admin", "guanliyuan", "--name", "林管理")
    call_command("init", *asked, "--json", stdout=answer)
    made = json.loads(answer.getvalue())
    page = open_page(viewport=PC)
    sign_in_first(page, made["account"], made["password"], second_factor=True)
    return page


def build_the_tree(page: Page) -> None:
    page.click("nav.rail >> text=组织")
    page.click("text=新建区（县）")
    page.fill("[name=name]", "南湖区")
    page.fill("[name=code]", "330102")
    page.click("button:has-text('新建区（县）')")
    said(page, "已建南湖区")
    page.click("a:has-text('新建学校')")
    page.fill("[name=name]", "南湖小学")
    page.fill("[name=code]", "3301020001")
    page.select_option("[name=kind]", label="小学")
    page.select_option("[name=area]", label="城区")
    page.fill("[name=classes_each]", "2")
    page.fill("[name=teachers]", "40")
    check_access(page)
    picture(page, "school-add")
    page.click("button:has-text('新建学校')")
    said(page, "连同 12 个班")
    check_access(page)
    picture(page, "organisation-school")


def enter_people(page: Page) -> tuple[tuple[str, str], str]:
    """A school administrator, whose first password is returned, and a teacher of 五（1）班; and the school's page."""
    enter_staff(page, "周管理", "学校管理员", "13800000001")
    clerk = first_password(page)
    page.click("text=返回")
    page.click("nav.rail >> text=组织")
    page.click("th a:has-text('南湖区')")
    page.click("th a:has-text('南湖小学')")
    expect(page.locator("h1")).to_contain_text("南湖小学")
    school = page.url
    enter_staff(page, "王静", "教师", "13800000002")
    page.click("text=安排任课")
    page.select_option("[name=school_class]", label="五年级 · 五（1）班")
    page.fill("[name=subject]", "数学")
    page.check("[name=leads]")
    page.click("button:has-text('安排')")
    said(page, "王静教五（1）班数学")
    check_access(page)
    picture(page, "person")
    return clerk, school


def arrange_the_school(page: Page) -> None:
    """The school's own administrator: 节次, timetable, one pupil by hand and thirty from a table."""
    page.click("nav.rail >> text=组织")
    page.click("main >> text=节次")
    expect(page.locator("h1")).to_contain_text("一天的节次")
    check_access(page)
    page.click("button:has-text('保存节次')")
    said(page, "节次已保存")
    page.click("th a:has-text('五年级')")
    page.click("th a:has-text('五（1）班')")
    page.click("text=排课表")
    page.select_option("[name=c-1-1]", label="数学 王静")
    page.select_option("[name=c-3-2]", label="数学 王静")
    page.select_option("[name=c-5-6]", label="班会")
    check_access(page)
    picture(page, "timetable-mend")
    page.click("button:has-text('保存课表')")
    expect(page.locator("h1")).to_contain_text("一周 3 节")
    check_access(page)
    picture(page, "timetable")
    page.click("nav.trail >> text=五（1）班")
    page.click("a:has-text('登记学生')")
    page.fill("[name=name]", "学生一")
    page.fill("[name=pupil_number]", "G330102201503010")
    page.click("button:has-text('登记') >> nth=0")
    expect(page.locator(".errors")).to_contain_text("这里是 16 位")
    check_access(page)
    expect(page.locator("[name=name]")).to_have_value("学生一")
    page.fill("[name=pupil_number]", "")
    page.click("button:has-text('登记') >> nth=0")
    said(page, "已登记学生一，学号 1")
    import_the_rest(page)


def import_the_rest(page: Page) -> None:
    page.click("nav.rail >> text=导入")
    expect(page.locator("h1")).to_have_text("把手头的表格变成名单")
    check_access(page)
    picture(page, "imports")
    page.select_option("[name=kind]", label="学生")
    page.set_input_files("[name=file]", {"name": "名单.csv", "mimeType": "text/csv", "buffer": names()})
    page.click("button:has-text('上传并预览')")
    expect(page.locator("h1")).to_contain_text("30 行都可以写入")
    check_access(page)
    picture(page, "import-preview")
    page.click("button:has-text('写入 30 行')")
    expect(page.locator("h1")).to_contain_text("正在写入")
    call_command("db_worker", queue_name="*", batch=True, interval=0.1, startup_delay=False, verbosity=0)
    expect(page.locator("h1")).to_contain_text("已写入 30 行")
    check_access(page)


def give_password_and_consent(page: Page) -> tuple[str, str]:
    """First passwords of the class, and the paper consents that the parents signed."""
    page.click("nav.rail >> text=组织")
    page.click("th a:has-text('五年级')")
    page.click("th a:has-text('五（1）班')")
    expect(page.locator("h1")).to_contain_text("有 31 名学生")
    check_access(page)
    picture(page, "class")
    address = page.url
    page.click("text=录入纸质同意书")
    page.fill("[name=signed_on]", "2026-09-01")
    page.click("text=全部勾“同意”")
    page.click("button:has-text('录入勾选的')")
    said(page, "已录入 31 份")
    page.goto(address)
    page.click("text=初始密码")
    page.click("button:has-text('生成并显示纸条')")
    return slip(page)


def test_an_empty_home_reaches_a_first_answer(admin: Page, open_page: OpenPage) -> None:
    build_the_tree(admin)
    (account, password), _ = enter_people(admin)
    clerk = open_page(viewport=PC)
    sign_in_first(clerk, account, password, second_factor=True)
    arrange_the_school(clerk)
    account, password = give_password_and_consent(clerk)
    with unscoped("the test looks at all that the pages made"):
        assert Organisation.objects.filter(kind="class").count() == 12
        assert TimetableEntry.objects.count() == 3
        assert Pseudonym.objects.filter(keeps=True).count() == 31
        assert ConsentEntry.objects.filter(granted=True, how="paper").count() == 31
    pupil = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    sign_in_first(pupil, account, password, second_factor=False)
    check_access(pupil)
    pupil.click("nav.rail >> text=课表")
    expect(pupil.locator("h1")).to_contain_text("五（1）班课表")
    check_access(pupil)
    answer_the_first_question(pupil)
    with unscoped("the first answer of all"):
        fact = ResponseFact.objects.get()
        assert Statement.objects.filter(pk=fact.statement).exists()
        assert LearnerState.objects.get(pupil=fact.pupil).folded == 1


def answer_the_first_question(pupil: Page) -> None:
    """From the pupil's home: begin, give any answer that can be read, see the verdict."""
    pupil.goto("/")
    pupil.locator("main .btn.go").first.click()
    expect(pupil.locator(".question")).to_be_visible()
    at_rest(pupil)
    if pupil.locator("label.choice").count():
        pupil.locator("label.choice").first.click()
    else:
        pupil.fill("input[data-keypad]", "12")
    pupil.click("button.go:has-text('交答案')")
    expect(pupil.locator(".verdict")).to_be_visible()
    check_access(pupil)
    picture(pupil, "first-answer-phone")


SHOWN = {"organisation-city": "组织", "people": "人员", "calendar": "校历", "imports-admin": "导入"}


def test_pages_of_an_administrator_are_legible_on_a_phone(admin: Page) -> None:
    admin.set_viewport_size(PHONE)
    for name, link in SHOWN.items():
        admin.click(f"nav.rail >> text={link}")
        expect(admin.locator("nav.rail [aria-current=page]")).to_contain_text(link)
        expect(admin.locator("h1")).to_have_text(re.compile(r"\S"))
        check_access(admin)
        picture(admin, f"{name}-phone", whole=True)

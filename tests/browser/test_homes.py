"""The home of each role, on a PC and on a phone, with practice recorded: legible, accessible, near the daily job."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenPage, at_rest, check_access, picture
from tests.cast import Cast
from tests.practised import practise
from yincai.registry.models import Person

ROLES = {
    "pupil": "ming",
    "teacher": "wang",
    "guardian": "mother",
    "head": "li",
    "district-officer": "zhao",
    "city-officer": "qian",
    "school-admin": "clerk",
    "researcher": "sun",
    "admin": "admin",
    "expert": "expert",
}


def sign_in(context: BrowserContext, cast: Cast, person: Person, url: str) -> None:
    """The browser of somebody who is signed in (the sign-in itself is tested in test_signin.py)."""
    session = cast.client(person).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])


@pytest.fixture
def city(cast: Cast, settings: object, tmp_path: object) -> Cast:
    settings.LAKE = tmp_path  # type: ignore[attr-defined]
    practise(cast, pupils=20, answers=12)
    return cast


def test_each_home_is_legible_and_accessible(city: Cast, pc: Page, phone: Page, live_server: object) -> None:
    for role, name in ROLES.items():
        for size, page in (("pc", pc), ("phone", phone)):
            sign_in(page.context, city, getattr(city, name), live_server.url)  # type: ignore[attr-defined]
            page.goto("/")
            expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
            check_access(page)
            picture(page, f"home-{role}-{size}", whole=size == "phone")


def test_the_longest_rail_is_in_sight_on_a_school_pc(city: Cast, pc: Page, live_server: object) -> None:
    for name in ("qian", "zhao", "li", "clerk"):
        sign_in(pc.context, city, getattr(city, name), live_server.url)  # type: ignore[attr-defined]
        pc.goto("/")
        for link in pc.locator("nav.rail a").all():
            expect(link).to_be_in_viewport(ratio=1)


def test_on_a_low_screen_the_rail_scrolls_to_where_i_am(city: Cast, open_page: OpenPage, live_server: object) -> None:
    page = open_page(viewport={"width": 1366, "height": 480})
    sign_in(page.context, city, city.qian, live_server.url)  # type: ignore[attr-defined]
    page.goto("/rules/")
    expect(page.locator("nav.rail [aria-current=page]")).to_have_text("规则")
    expect(page.locator("nav.rail [aria-current=page]")).to_be_in_viewport(ratio=1)
    expect(page.locator("aside.me")).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_rail_scrolls_to_where_i_am(city: Cast, phone: Page, live_server: object) -> None:
    sign_in(phone.context, city, city.qian, live_server.url)  # type: ignore[attr-defined]
    phone.goto("/models/")
    expect(phone.locator("nav.rail [aria-current=page]")).to_have_text("模型说明")
    expect(phone.locator("nav.rail [aria-current=page]")).to_be_in_viewport(ratio=1)


def test_an_officer_opens_a_number_to_formula_and_schools(city: Cast, pc: Page, live_server: object) -> None:
    sign_in(pc.context, city, city.qian, live_server.url)  # type: ignore[attr-defined]
    pc.goto("/")
    pc.click("text=公式与明细：练习覆盖")
    expect(pc.locator("dl.facts")).to_contain_text("在册学生数", use_inner_text=True)
    check_access(pc)
    picture(pc, "indicator")
    pc.click("text=打开东城区")
    expect(pc.locator("nav.trail span")).to_have_text("东城区")
    check_access(pc)
    pc.click("th button:has-text('单位')")
    expect(pc.locator("th[aria-sort=ascending]")).to_have_count(1)
    pc.goto("/figures/")
    check_access(pc)


def test_a_head_opens_a_class_to_its_pupils(city: Cast, pc: Page, phone: Page, live_server: object) -> None:
    for page in (pc, phone):
        sign_in(page.context, city, city.li, live_server.url)  # type: ignore[attr-defined]
        page.goto("/figures/practice.mastery/")
        page.click("text=看五（1）班的学生")
        expect(page.locator("main")).to_contain_text("按学号排列", use_inner_text=True)
        at_rest(page)
        page.fill("input[type=search]", "小明")
        expect(page.locator("tbody tr:visible")).to_have_count(1)
        check_access(page)

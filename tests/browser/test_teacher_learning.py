"""The teacher's, the head's and the guardian's pages of learning in a real browser, on a PC and on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_pupil import sign_in
from tests.cast import Cast
from tests.learning.desk import write_item
from tests.practised import practise
from yincai.core.models import AuditRow


@pytest.fixture
def city(cast: Cast, settings: Any, tmp_path: Any) -> Cast:
    settings.LAKE = tmp_path
    practise(cast, pupils=38, answers=12)
    return cast


def test_from_a_common_error_to_a_set_practice(city: Cast, pc: Page, live_server: Any) -> None:
    sign_in(pc, city, city.wang, live_server.url)
    pc.goto("/")
    pc.locator("nav a", has_text="学情").click()
    pc.get_by_role("link", name=re.compile("看学情 ?：五（1）班")).click()
    expect(pc.locator("h1")).to_contain_text("人同一种错因")
    check_access(pc)
    picture(pc, "class-pc")
    pc.locator("details summary").first.click()
    check_access(pc)
    pc.get_by_role("button", name="人一组练习").first.click()
    expect(pc.locator("main")).to_contain_text("已布置“练一练：", use_inner_text=True)
    pc.go_back()
    pc.get_by_role("link", name="先改一改再布置").first.click()
    expect(pc.locator("#title")).to_have_value(re.compile("^练一练："))
    expect(pc.locator("input[name=points]:checked")).to_have_count(1)
    pc.wait_for_load_state()
    behind = pc.locator("input[name=pupils]:checked").count()
    assert behind >= 1
    check_access(pc)
    picture(pc, "set-practice-pc")
    pc.locator("#questions").fill("31")
    pc.locator("#questions").evaluate("e => e.removeAttribute('max')")
    pc.get_by_role("button", name="布置给学生").click()
    expect(pc.locator("[role=alert]")).to_contain_text("题数应在 1 到 30 之间")
    expect(pc.locator("input[name=pupils]:checked")).to_have_count(behind)
    pc.locator("#questions").fill("3")
    pc.get_by_role("button", name="布置给学生").click()
    expect(pc.locator("h1")).to_contain_text(f"{behind} 人还没开始")
    check_access(pc)
    picture(pc, "set-progress-pc")
    pc.get_by_role("button", name="收回这组练习").click()
    expect(pc.locator("main")).to_contain_text("已收回", use_inner_text=True)


def test_items_are_steered(city: Cast, pc: Page, phone: Page, live_server: Any) -> None:
    write_item("loose-7")
    for page in (pc, phone):
        sign_in(page, city, city.wang, live_server.url)
        page.goto(f"/classes/{city.class51.pk}/steer?item=loose-7")
        page.get_by_role("button", name="加上").click()
        expect(page.locator("[role=alert]")).to_contain_text("还没有对应知识点")
        expect(page.locator("#code")).to_have_value("loose-7")
        page.select_option("#kind", "ban")
        page.get_by_role("button", name="加上").click()
        expect(page.locator("table")).to_contain_text("loose-7", use_inner_text=True)
        check_access(page)
    picture(pc, "steer-pc")


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_each_page_is_legible_and_accessible(
    city: Cast, size: str, request: pytest.FixtureRequest, live_server: Any
) -> None:
    page: Page = request.getfixturevalue(size)
    room, ming = city.class51.pk, city.ming.pk
    seen = {
        "wang": ["/classes/", f"/classes/{room}", f"/classes/{room}/set", f"/classes/pupils/{ming}"],
        "li": ["/classes/", f"/classes/{room}", f"/classes/pupils/{ming}"],
        "mother": [f"/children/{ming}"],
    }
    for person, addresses in seen.items():
        sign_in(page, city, getattr(city, person), live_server.url)
        for address in addresses:
            reply = page.goto(address)
            assert reply and reply.status == 200, address
            expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
            check_access(page)
            if person != "li" and address != "/classes/":
                name = address.rstrip("/").split("/")[-2] if "pupils" in address or "children" in address else "class"
                picture(page, f"{name}-{'set-' if address.endswith('set') else ''}{size}", whole=True)
    assert AuditRow.objects.filter(verb="learning.reveal_class").count() == 2


def test_names_are_found_behind_the_dots(city: Cast, phone: Page, live_server: Any) -> None:
    sign_in(phone, city, city.wang, live_server.url)
    phone.goto(f"/classes/{city.class51.pk}")
    phone.locator("details summary").first.click()
    link = phone.locator("details[open] a").first
    name = link.inner_text()
    link.click()
    expect(phone.locator("h1")).to_have_text(re.compile(rf"^\s*{re.escape(name)}："))

"""The registry's daily pages on a PC and a phone, and what they look like on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_homes import sign_in
from tests.cast import Cast
from yincai.registry.actions.add_staff import teach
from yincai.registry.actions.enter_person import Details
from yincai.registry.actions.mend_person import mend_person
from yincai.registry.actions.set_calendar import add_year, default_bells, set_periods
from yincai.registry.actions.set_timetable import Lesson, set_timetable
from yincai.registry.calendar import Span, year_holding
from yincai.registry.models import Term

SUBJECTS = ("数学", "语文", "科学", "体育与健康", "音乐", "班会")
WRONG = "班级,学号,姓名,学籍号\n五（9）班,1,赵一,\n五（1）班,1,赵二,\n五（1）班,甲,赵三,G123\n五（1）班,30,赵四,\n"


@pytest.fixture
def term(cast: Cast) -> Term:
    """五（1）班 with a full timetable and a pupil whose phone is kept."""
    clerk, year = cast.actor(cast.clerk), year_holding(timezone.localdate())
    add_year(cast.city, year, [Span("秋季学期", year.starts, year.ends)], acting_user=cast.actor(cast.qian))
    term = Term._base_manager.select_related("year").get()
    teach(cast.wang, cast.class52, "数学", acting_user=clerk)
    lessons = [
        Lesson(day, period, SUBJECTS[(day + period) % 6], cast.wang.pk if (day + period) % 6 == 0 else None)
        for day in range(1, 6)
        for period in range(1, 7)
    ]
    set_timetable(cast.class51, term, lessons, acting_user=clerk)
    from yincai.core.actors import acting

    with acting(clerk):
        bells = default_bells(cast.first)
    set_periods(cast.first, bells, acting_user=clerk)
    mend_person(cast.ming, Details("小明", phone="13812345678"), acting_user=clerk)
    return term


def test_the_schools_pages(cast: Cast, term: Term, pc: Page, phone: Page, live_server: Any) -> None:
    pages = {
        "school": reverse("registry-organisation", args=[cast.first.pk]),
        "class": reverse("registry-organisation", args=[cast.class51.pk]),
        "people": reverse("registry-people"),
        "pupil-record": reverse("registry-person", args=[cast.ming.pk]),
        "pupil-add": reverse("registry-pupil-add", args=[cast.class51.pk]),
        "timetable": reverse("registry-timetable", args=[cast.class51.pk]),
        "timetable-mend": reverse("registry-timetable-mend", args=[cast.class52.pk]),
        "periods": reverse("registry-periods", args=[cast.first.pk]),
        "calendar": reverse("registry-calendar"),
        "departed": reverse("registry-departed"),
        "imports": reverse("registry-imports"),
    }
    for page, size in ((pc, "pc"), (phone, "phone")):
        sign_in(page.context, cast, cast.clerk, live_server.url)
        for name, address in pages.items():
            page.goto(address)
            check_access(page)
            picture(page, f"registry-{name}-{size}", whole=size == "phone")


def test_a_masked_number_is_shown_once(cast: Cast, term: Term, pc: Page, live_server: Any) -> None:
    sign_in(pc.context, cast, cast.clerk, live_server.url)
    address = reverse("registry-person", args=[cast.ming.pk])
    pc.goto(address)
    assert "13812345678" not in pc.content()
    pc.select_option("[name=field]", label="电话")
    pc.click("button:has-text('显示一次')")
    expect(pc.locator(".shown")).to_have_text("13812345678")
    check_access(pc)
    picture(pc, "registry-reveal")
    pc.goto(address)
    assert "13812345678" not in pc.content()


def test_a_teacher_who_is_elsewhere_is_told_and_the_grid_stays(
    cast: Cast, term: Term, pc: Page, live_server: Any
) -> None:
    sign_in(pc.context, cast, cast.clerk, live_server.url)
    pc.goto(reverse("registry-timetable-mend", args=[cast.class52.pk]))
    pc.select_option("[name=c-1-5]", label="数学 王静")
    pc.select_option("[name=c-2-1]", label="自习")
    pc.click("button:has-text('保存课表')")
    expect(pc.locator(".errors")).to_contain_text("星期一第 5 节，王静已经在五（1）班上数学")
    expect(pc.locator("[name=c-2-1] option:checked")).to_have_text("自习")
    check_access(pc)
    picture(pc, "registry-clash")


def test_wrong_cells_of_a_table_are_listed(cast: Cast, pc: Page, phone: Page, live_server: Any) -> None:
    for page, size in ((pc, "pc"), (phone, "phone")):
        sign_in(page.context, cast, cast.clerk, live_server.url)
        page.goto(reverse("registry-imports"))
        page.select_option("[name=kind]", label="学生")
        page.set_input_files("[name=file]", {"name": "名单.csv", "mimeType": "text/csv", "buffer": WRONG.encode()})
        page.click("button:has-text('上传并预览')")
        expect(page.locator("h1")).to_have_text("3 行有问题，1 行可以写入")
        expect(page.locator("tbody tr")).to_have_count(4)
        check_access(page)
        picture(page, f"registry-import-problems-{size}", whole=size == "phone")


def test_a_timetable_prints_on_one_sheet_across(cast: Cast, term: Term, pc: Page, live_server: Any) -> None:
    sign_in(pc.context, cast, cast.clerk, live_server.url)
    pc.goto(reverse("registry-timetable", args=[cast.class51.pk]))
    paper = pc.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", paper)
    assert len(boxes) == 1
    width, height = map(float, boxes[0])
    assert (round(width), round(height)) == (842, 595)

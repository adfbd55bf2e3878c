"""Model cards and the audit in a real browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_pupil import sign_in
from tests.cast import Cast
from tests.indicators.test_models import by_months
from tests.practised import practise
from yincai.core.actors import acting
from yincai.indicators.auditing import audit_model
from yincai.indicators.cards import MODELS


@pytest.fixture
def city(cast: Cast, settings: Any, tmp_path: Any) -> Cast:
    settings.LAKE = tmp_path
    practise(cast, pupils=38, answers=12)
    with acting(cast.actor(cast.qian)):
        audit_model(MODELS["tracing"], acting_user=cast.actor(cast.qian))
    return cast


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_an_officer_reads_a_card_and_asks_for_a_look(
    city: Cast, size: str, request: pytest.FixtureRequest, live_server: Any
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, city, city.qian, live_server.url)
    page.goto("/models/")
    expect(page.locator("h1")).to_contain_text("界限")
    check_access(page)
    picture(page, f"models-{size}")
    page.get_by_role("link", name="看说明 ：掌握情况").or_(page.get_by_role("link", name="看说明：掌握情况")).click()
    expect(page.locator("h1")).to_contain_text("掌握情况")
    expect(page.locator("main")).to_contain_text("对每一组人都准吗")
    expect(page.locator("main")).to_contain_text("办学类型：小学")
    check_access(page)
    picture(page, f"model-{size}")
    page.get_by_role("button", name="现在检查").click()
    expect(page.locator("body")).to_contain_text("正在检查")


def test_a_teacher_reads_the_card_without_the_groups(city: Cast, pc: Page, live_server: Any) -> None:
    sign_in(pc, city, city.wang, live_server.url)
    pc.goto("/models/tracing/")
    expect(pc.locator("main")).to_contain_text("用的时候要知道")
    expect(pc.locator("main")).not_to_contain_text("对每一组人都准吗")
    check_access(pc)


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_a_teacher_reads_why_a_point_stands_where_it_does(
    city: Cast, size: str, request: pytest.FixtureRequest, live_server: Any
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, city, city.wang, live_server.url)
    page.goto(f"/classes/pupils/{city.ming.pk}")
    page.get_by_role("link", name="看依据").first.click()
    expect(page.locator("h1")).to_contain_text("小明的“")
    for words in ("次答题，每次让估计动了多少", "80% 区间", "它的基础", "还缺什么证据"):
        expect(page.locator("main")).to_contain_text(words)
    check_access(page)
    picture(page, f"point-{size}", whole=True)
    page.goto(page.url.rsplit("/", 1)[0] + "/m5.num.lcm")  # the address of a point that was never practised
    expect(page.locator("main")).to_contain_text("还没有做过这个知识点")
    page.get_by_role("link", name="回到小明").click()
    expect(page.locator("h1")).to_contain_text("小明：")


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_an_officer_sees_items_that_changed_and_a_group_that_is_predicted_wrongly(
    cast: Cast, size: str, request: pytest.FixtureRequest, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page: Page = request.getfixturevalue(size)
    drifting = replace(
        MODELS["tracing"],
        predictions=lambda most: by_months(cast, 0.15, 0.3),
        items=lambda numbers: {number: (f"frac-{number}", f"/bank/{number}") for number in numbers},
    )
    monkeypatch.setitem(MODELS, "tracing", drifting)
    with acting(cast.system):
        audit_model(drifting, acting_user=cast.system)
    sign_in(page, cast, cast.qian, live_server.url)
    page.goto("/models/tracing/")
    expect(page.locator("h1")).to_contain_text("没有达到界限")
    expect(page.locator("main")).to_contain_text("办学类型“初中”，2026 年 11 月")
    check_access(page)
    page.get_by_role("link", name="题目对各组是否一样难").click()
    expect(page.locator("h1")).to_contain_text("1 道题明显")
    expect(page.get_by_role("row").filter(has_text="最近一个月").first).to_contain_text("frac-3")
    check_access(page)
    picture(page, f"model-items-{size}")

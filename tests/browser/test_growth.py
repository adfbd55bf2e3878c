"""Monitoring and growth: an officer plans, brings scores, computes; a head reads the own school and appeals."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import check_access, picture
from tests.cast import Cast
from tests.evaluation.conftest import FIRST, SECOND, Town, monitored, town  # noqa: F401 fixtures
from yincai.core.actors import acting
from yincai.evaluation.actions.grow import grow
from yincai.evaluation.models import GrowthRun
from yincai.registry.models import Person


def sign_in(context: BrowserContext, cast: Cast, person: Person, url: str) -> None:
    session = cast.client(person).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])


def test_an_officer_plans_with_a_mistake_and_mends_it(
    town: Town,  # noqa: F811
    pc: Page,
    live_server: object,
) -> None:
    sign_in(pc.context, town.cast, town.cast.qian, live_server.url)  # type: ignore[attr-defined]
    pc.goto("/monitoring/")
    expect(pc.get_by_role("heading", name="还没有安排过监测")).to_be_visible()
    check_access(pc)
    pc.get_by_role("link", name="安排一次监测").click()
    pc.get_by_label("名称").fill("2026 年五年级数学监测")
    pc.get_by_label("监测编号").fill("JC2026-M5")
    pc.get_by_label("年级").select_option("5")
    pc.get_by_label("抽取比例（%）").fill("100")
    check_access(pc)
    pc.get_by_role("button", name="安排并抽样").click()
    expect(pc.get_by_text("抽得更多就成了跨校考试").first).to_be_visible()
    expect(pc.get_by_label("名称")).to_have_value("2026 年五年级数学监测")
    check_access(pc)
    pc.get_by_label("抽取比例（%）").fill("50")
    pc.get_by_role("button", name="安排并抽样").click()
    expect(pc.get_by_role("heading", level=1)).to_contain_text("正在抽样")
    check_access(pc)


def test_from_scores_to_an_answered_appeal(
    monitored: Town,  # noqa: F811
    pc: Page,
    phone: Page,
    live_server: object,
    tmp_path: Path,
) -> None:
    cast, row = monitored.cast, monitored.monitoring(SECOND)
    url = live_server.url  # type: ignore[attr-defined]
    sign_in(pc.context, cast, cast.qian, url)
    pc.goto(f"/monitoring/{row.pk}")
    expect(pc.get_by_text("这是抽样监测，不是考试")).to_be_visible()
    check_access(pc)
    picture(pc, "monitoring")
    pc.get_by_role("button", name="计算增值").click()
    expect(pc.get_by_text("开始计算")).to_be_visible()
    officer = cast.actor(cast.qian)
    grow.func(account=str(officer.account.pk), role=str(officer.held.id), monitoring=str(row.pk))
    pc.goto("/growth/")
    expect(pc.get_by_role("heading", level=1)).to_contain_text("同样起点的学生")
    check_access(pc)
    pc.get_by_role("link", name="看 4 所学校").click()
    expect(pc.get_by_role("heading", level=1)).to_contain_text("五年级数学")
    expect(pc.get_by_text("怎么算的")).to_be_visible()
    check_access(pc)
    picture(pc, "growth-schools", whole=True)
    with pc.expect_download() as download:
        pc.get_by_role("link", name="下载整个计算").click()
    assert download.value.suggested_filename.endswith(".zip")
    _a_head_appeals(monitored, phone, url)
    pc.goto("/growth/appeals/")
    expect(pc.get_by_role("heading", level=1)).to_have_text("1 条申诉等待答复")
    check_access(pc)
    pc.get_by_role("link", name="示范市第一小学：").click()
    pc.get_by_role("button", name="答复").click()
    expect(pc.get_by_text("请填写这一项。").first).to_be_visible()
    pc.get_by_label("维持原结果").check()
    pc.get_by_label("答复", exact=True).fill("两名学生的归属已核对，都在贵校名单里。")
    check_access(pc)
    pc.get_by_role("button", name="答复").click()
    expect(pc.get_by_role("heading", level=1)).to_contain_text("已答复")
    check_access(pc)
    phone.goto("/growth/")
    expect(phone.get_by_text("维持原结果")).to_be_visible()


def _a_head_appeals(town: Town, phone: Page, url: str) -> None:  # noqa: F811
    cast = town.cast
    sign_in(phone.context, cast, cast.li, url)
    phone.goto("/growth/")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("示范市第一小学的进步")
    expect(phone.get_by_text("预期多少，为什么")).to_be_visible()
    expect(phone.get_by_text("谁计入了，谁没有")).to_be_visible()
    expect(phone.get_by_text("示范市第三小学")).to_have_count(0)
    check_access(phone)
    picture(phone, "growth-school", whole=True)
    phone.get_by_role("link", name="申诉", exact=True).click()
    phone.get_by_label("学生归属不对").check()
    phone.get_by_label("说明").fill("不对")
    phone.get_by_role("button", name="提交申诉").click()
    expect(phone.get_by_label("说明")).to_have_value("不对")
    check_access(phone)
    phone.get_by_label("说明").fill("有两名学生九月已转到第二小学，仍算在我校。")
    phone.get_by_role("button", name="提交申诉").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("等待答复")
    check_access(phone)


def test_the_growth_run_is_one_and_the_first_monitoring_says_why_it_has_none(
    monitored: Town,  # noqa: F811
    pc: Page,
    live_server: object,
) -> None:
    cast = monitored.cast
    sign_in(pc.context, cast, cast.qian, live_server.url)  # type: ignore[attr-defined]
    pc.goto(f"/monitoring/{monitored.monitoring(FIRST).pk}")
    expect(pc.get_by_text("第一次监测，还不能算增值")).to_be_visible()
    check_access(pc)
    with acting(cast.system):
        assert GrowthRun.objects.count() == 0

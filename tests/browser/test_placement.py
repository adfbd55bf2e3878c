"""摸底诊断 in a real browser: a pupil online; a teacher prints the paper and enters its marks; the parameters."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_pupil import right, send, sign_in
from tests.cast import Cast
from tests.knowledge.test_calibration import drawn
from tests.learning.desk import facts
from yincai.core.actors import acting
from yincai.core.scope import unscoped
from yincai.knowledge import calibration
from yincai.knowledge.models import Calibration
from yincai.knowledge.pool import whole_pool
from yincai.knowledge.priors import prior_of
from yincai.learning import papers
from yincai.learning.models import PlacementPaper


def answer_or_skip(page: Page, cast: Cast, known: bool) -> None:
    """One question: rightly, or 这题还不会; then another one, or the end."""
    token = page.locator("#desk > form input[name=form]").get_attribute("value") or ""
    if not known:
        page.get_by_role("button", name="这题还不会").click()
    elif page.locator("#desk > form .choice").count():
        page.locator(f"#desk > form .choice:has(input[value='{right(page, cast.ming)}'])").click()
        send(page)
    else:
        page.locator("#desk > form input[name=answer]").fill(right(page, cast.ming))
        send(page)
    expect(page.locator(f'#desk input[value="{token}"]')).to_have_count(0)


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_a_pupil_finds_where_to_begin(cast: Cast, size: str, request: pytest.FixtureRequest, live_server: Any) -> None:
    page: Page = request.getfixturevalue(size)
    page.set_default_timeout(40_000)  # the first question waits for the numerics to be compiled
    sign_in(page, cast, cast.ming, live_server.url)
    page.goto("/learn/")
    page.get_by_role("link", name="看看从哪里练起").click()
    expect(page.locator("h1")).to_have_text("做几道题，看看从哪里练起")
    check_access(page)
    picture(page, f"placement-before-{size}")
    page.get_by_role("button", name="开始").click()
    expect(page.get_by_role("button", name="这题还不会")).to_be_in_viewport()
    expect(page.locator("#progress")).to_have_text("第 1 题 · 最多 20 题，随时可以停", timeout=40_000)
    check_access(page)
    picture(page, f"placement-question-{size}")
    answer_or_skip(page, cast, known=True)
    expect(page.locator("#progress")).to_have_text(re.compile("^第 2 题"))
    expect(page.locator("#desk")).not_to_contain_text("对了")
    for turn in range(19):
        if page.locator("#desk > form").count() == 0:
            break
        answer_or_skip(page, cast, known=turn % 2 == 0)
    page.get_by_role("link", name="看看从哪里开始").click()
    expect(page.locator("h1")).to_have_text(re.compile("^可以从“|^学过的你大多会了"))
    check_access(page)
    picture(page, f"placement-result-{size}", whole=True)
    page.get_by_role("button", name=re.compile("开始练")).click()
    expect(page.locator("form[data-answer]")).to_be_visible()
    assert {fact.source for fact in facts()} == {"placement"} and len(facts()) >= 10


def test_a_teacher_prints_and_enters_the_paper(cast: Cast, pc: Page, phone: Page, live_server: Any) -> None:
    sign_in(pc, cast, cast.wang, live_server.url)
    pc.goto(f"/classes/{cast.class51.pk}")
    pc.get_by_role("link", name="摸底诊断").click()
    expect(pc.locator("h1")).to_have_text("五（1）班：还没有人做过摸底")
    check_access(pc)
    pc.select_option("#length", "12")
    pc.get_by_role("button", name="组一套纸面摸底").click()
    expect(pc.locator("h1")).to_have_text("正在组卷")
    work(cast)
    expect(pc.locator("h1")).to_have_text("A、B 两卷各 12 题，看得一样准")
    check_access(pc)
    picture(pc, "paper-pc", whole=True)
    address = pc.url
    for form in ("A", "key"):
        pc.goto(f"{address}/print/{form}")
        expect(pc.locator("main h1").first).to_contain_text("数学摸底")
        check_access(pc)
        picture(pc, f"paper-{form}", whole=True)
    pc.goto(f"{address}/marks")
    first = pc.locator("td.cell input").first
    first.focus()
    pc.keyboard.type("1101√0")
    expect(pc.locator("td.cell input").nth(4)).to_have_value("1")
    pc.keyboard.press("ArrowRight")
    pc.keyboard.type("7")
    pc.get_by_role("button", name="存下并计入").click()
    expect(pc.locator("[role=alert]")).to_contain_text("小明：第 8 题没有读懂，每题只填 1（对）")
    expect(pc.locator("td.cell input").nth(7)).to_have_value("7")
    check_access(pc)
    picture(pc, "paper-marks-pc")
    pc.locator("td.cell input").nth(7).fill("0")
    pc.get_by_role("button", name="存下并计入").click()
    expect(pc.locator("main")).to_contain_text("已存下 1 人的登记")
    work(cast)
    expect(pc.locator("main")).to_contain_text("1 人的登记都计入了")
    pc.get_by_role("link", name="看每个学生从哪里开始").click()
    expect(pc.locator("h1")).to_have_text("五（1）班：1 人做过摸底，还有 1 人没有做")
    expect(pc.locator("tbody")).to_contain_text("纸面")
    check_access(pc)
    picture(pc, "placement-class-pc", whole=True)
    sign_in(phone, cast, cast.wang, live_server.url)
    for where, name in (
        (f"/classes/{cast.class51.pk}/placement", "placement-class"),
        (address, "paper"),
        (f"{address}/marks", "paper-marks"),
    ):
        phone.goto(where)
        check_access(phone)
        picture(phone, f"{name}-phone", whole=True)
    assert len(facts()) == 7
    void(cast, phone)


def void(cast: Cast, page: Page) -> None:
    """A sitting that somebody else sat counts no more; a reason must be given."""
    page.goto(f"/classes/{cast.class51.pk}/placement")
    page.get_by_text("这次不算").click()
    why = page.get_by_label("为什么")
    why.fill(" ")
    check_access(page)
    picture(page, "placement-void-phone", whole=True)
    page.get_by_role("button", name="作废，请学生重做").click()
    expect(page.locator("main")).to_contain_text("小明的这次摸底没有作废：请写一句为什么")
    page.get_by_text("这次不算").click()
    why.fill("不是本人做的")
    page.get_by_role("button", name="作废，请学生重做").click()
    expect(page.locator("h1")).to_have_text("五（1）班：还没有人做过摸底")
    assert len(facts()) == 7


def work(cast: Cast) -> None:
    """What the background worker does."""
    actor = cast.actor(cast.wang)
    with acting(actor):
        row = PlacementPaper.objects.select_related("school_class").get()
        if row.state == PlacementPaper.MAKING:
            papers.assemble(row)
        else:
            papers.count(row, acting_user=actor)


def test_the_parameters(cast: Cast, pc: Page, phone: Page, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in (pc, phone):
        sign_in(page, cast, cast.qian, live_server.url)
        page.goto("/bank/")
        page.get_by_role("link", name="题目参数").click()
        expect(page.locator("h1")).to_contain_text("每个学段都有够用的题来做摸底")
        check_access(page)
    picture(pc, "parameters-pc")
    pc.get_by_role("button", name="用本地作答重算").click()
    expect(pc.locator("h1")).to_have_text("正在用本地作答重算")
    check_access(pc)
    calibrate(cast, monkeypatch)
    expect(pc.locator("h1")).to_have_text("新参数更准，等您决定")
    check_access(pc)
    pc.get_by_role("button", name="采用这一版", exact=True).click()
    expect(pc.locator("[role=alert]")).to_contain_text("为什么这样决定")
    picture(pc, "calibration-pc", whole=True)
    phone.goto(pc.url.removesuffix("/decide"))
    check_access(phone)
    pc.locator("#why").fill("留出的学生上更准，变动的题都看过")
    pc.get_by_role("button", name="采用这一版", exact=True).click()
    expect(pc.locator("main")).to_contain_text("已采用")
    expect(pc.locator("main")).to_contain_text("道题有自己的参数")
    check_access(pc)
    picture(pc, "parameters-calibrated-pc")


def calibrate(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the background worker does, over simulated answers."""
    with unscoped("test"):
        held = prior_of(whole_pool("math"))
    rng = np.random.default_rng(5)
    answers = drawn(rng, held.a, held.b + rng.normal(0.3, 0.5, len(held)), held.c, 800, 12)
    monkeypatch.setattr(calibration, "read", lambda *_: answers)
    with acting(cast.actor(cast.qian)):
        calibration.run(Calibration.objects.get())

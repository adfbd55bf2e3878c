"""A pupil writes out the steps behind a wrong answer, mistypes a line, and finds where it went wrong; the teacher sees
the two lines as evidence and decides."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import at_rest, check_access, picture
from tests.browser.test_pupil import begin_set, send, set_for, sign_in
from tests.cast import Cast
from tests.learning.desk import begin, generator_item, give, issue, now, number_of
from yincai.core.scope import unscoped
from yincai.learning import forms
from yincai.learning.attribution.worked import task_of
from yincai.learning.models import Working
from yincai.measurement.errors.lines import form


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_the_line_that_does_not_follow_is_found_and_mended(
    request: pytest.FixtureRequest, cast: Cast, live_server: Any, size: str
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, cast, cast.ming, live_server.url)
    set_for(cast, "解方程", [generator_item("linear-equation")] * 2)
    begin_set(page, "解方程")
    a, b, c = asked(page, cast)
    page.locator("#desk > form input[name=answer]").fill("99")
    send(page)
    page.get_by_role("button", name="写出步骤，看看哪一行不对").click()
    rows = page.locator("#steps input[name=line]")
    expect(rows).to_have_count(4)
    at_rest(page)

    # a slip of the finger goes back with the place, and the other row stays
    rows.nth(0).fill(f"{a}x={c}-({-b})")
    rows.nth(0).press("Enter")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.type("x==3")
    expect(page.locator("#steps [data-marked] mark")).to_be_visible()
    page.get_by_role("button", name="看看每一行").click()
    expect(page.locator("#steps .say[role=status]")).to_contain_text("和题目接不上")
    at_rest(page)
    expect(rows.nth(1)).to_have_value("x==3")
    expect(page.locator("#steps li").nth(0)).to_have_class("breaks")
    expect(page.locator("#steps")).to_contain_text("符号变了吗")
    check_access(page)
    picture(page, f"steps-{size}")

    # mended with the keypad, looked at again
    rows.nth(1).fill("")
    rows.nth(0).fill(f"{a}x={c}-({b}")
    page.locator("#steps [data-insert=')']").click()
    expect(rows.nth(0)).to_have_value(f"{a}x={c}-({b})")
    page.get_by_role("button", name="看看每一行").click()
    expect(page.locator("#steps li").nth(0)).to_have_class("follows")
    expect(page.locator("#steps .say[role=status]")).to_contain_text("到这里每一行都接得上")
    with unscoped("test"):
        assert Working.objects.count() == 1  # what could not be read was not kept
    page.locator("[data-next]").click()
    expect(page.locator("#desk > form[data-answer]")).to_be_visible()


def test_the_teacher_sees_the_breaking_line_and_decides(pc: Page, cast: Cast, live_server: Any) -> None:
    ming = cast.client(cast.ming)
    begin(ming)
    token = issue(cast.ming, generator_item("linear-equation"))
    give(ming, token, "99")
    ming.post("/learn/steps", {"answered": token, "line": ["4x=-20-4", "4x=-24", "x=-24-4", "x=-28"]})
    with unscoped("test"):
        answer = Working.objects.get().answer
    sign_in(pc, cast, cast.wang, live_server.url)
    pc.goto(f"/classes/answers/{answer}")
    at_rest(pc)
    expect(pc.get_by_role("heading", level=1)).to_contain_text("系数化为 1 时用了减法")
    breaking = pc.locator(".worked li.breaks")
    expect(breaking).to_have_count(1)
    expect(breaking).to_contain_text("从这一行起和上一行接不上")
    check_access(pc)
    picture(pc, "steps-teacher-pc")
    pc.get_by_role("button", name="就这样定").click()
    expect(pc.locator(".say").first).to_contain_text("记下了")


def asked(page: Page, cast: Cast) -> tuple[int, int, int]:
    """ax + b = c on the desk."""
    token = page.locator("#desk > form input[name=form]").get_attribute("value") or ""
    given = forms.read(token, pupil=number_of(cast.ming), now=now())
    with unscoped("test"):
        task = task_of(given.item, given.version, given.seed)
    assert task is not None
    left, right = form(task.line.left), form(task.line.right)
    return int(left[(("x", 1),)]), int(left[()]), int(right.get((), 0))

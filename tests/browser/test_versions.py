"""A better fit of tracing is proposed, switched and taken back in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, picture
from tests.browser.test_pupil import sign_in
from tests.cast import Cast
from tests.learning.test_versions import among, run
from tests.practised import practise
from yincai.core.actors import acting
from yincai.knowledge.graph import load
from yincai.learning.actions.versions import begin_refit
from yincai.learning.tasks import move_states
from yincai.learning.tracing import refit, simulated
from yincai.learning.tracing.shipped import answers_of
from yincai.learning.tracing.versions import numbers_of
from yincai.measurement.tracing import default, trees


@pytest.fixture
def proposed(cast: Cast, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Some practice, and a fit to simulated answers that waits for a decision."""
    settings.LAKE = tmp_path
    numbers_of.cache_clear()  # a set of another test may have had the same name
    practise(cast, pupils=8, answers=4)
    real, city = default.fit, answers_of(simulated.practise(load(), 130, 77))
    monkeypatch.setattr(default, "fit", lambda log: real(log, trees.Settings(trees=20, depth=3)))
    found = among(city, [cast.class51.path, cast.other_class.path], twisted=True, unfair=False)
    monkeypatch.setattr(refit, "gathered", lambda most: found)
    actor = cast.actor(cast.qian)
    with acting(actor):
        assert refit.run(begin_refit(acting_user=actor, at_once=True)).state == "proposed"
    return cast


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_an_officer_switches_to_a_better_fit_and_back(
    proposed: Cast, size: str, request: pytest.FixtureRequest, live_server: Any
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, proposed, proposed.qian, live_server.url)
    page.goto("/models/tracing/")
    page.get_by_role("link", name="版本和切换").click()
    expect(page.locator("h1")).to_contain_text("预测得更准，等您决定")
    check_access(page)
    picture(page, f"versions-proposed-{size}", whole=True)
    page.get_by_role("button", name="换上这一版").click()
    expect(page.get_by_role("alert")).to_contain_text("为什么这样决定")
    page.locator("#why").fill("留出的学生上更准，各组都在界限内")
    page.get_by_role("button", name="换上这一版").click()
    expect(page.locator("h1")).to_contain_text("正在换到本地拟合")
    expect(page.locator("main")).to_contain_text("作答照常")
    run(move_states, proposed.system)  # what the background worker does; the page looks again by itself
    expect(page.locator("h1")).to_contain_text("在用的是本地拟合", timeout=10_000)
    picture(page, f"versions-switched-{size}", whole=True)
    page.get_by_label("为什么换回出厂的").fill("先看一个月再说")
    page.get_by_role("button", name="换回这一版").click()
    run(move_states, proposed.system)
    page.goto("/models/tracing/")
    expect(page.locator("main")).to_contain_text("先看一个月再说")
    check_access(page)

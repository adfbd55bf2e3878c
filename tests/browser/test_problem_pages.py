from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PC, PHONE, OpenPage, check_access


@pytest.mark.parametrize("viewport", [PC, PHONE], ids=["pc", "phone"])
def test_a_page_that_is_not_there(open_page: OpenPage, viewport: dict[str, int]) -> None:
    page = open_page(viewport=viewport)
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("html[lang=zh-hans i]")).to_have_count(1)
    expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
    check_access(page)

from __future__ import annotations

import pytest

from tests.browser.conftest import PC, PHONE, OpenPage, check_access


@pytest.mark.parametrize("viewport", [PC, PHONE], ids=["pc", "phone"])
def test_a_page_that_is_not_there(open_page: OpenPage, viewport: dict[str, int]) -> None:
    page = open_page(viewport=viewport)
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    assert page.locator("html[lang=zh-hans i]").count() == 1
    assert page.locator("h1").inner_text()
    check_access(page)

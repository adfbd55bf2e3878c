"""Headless Chromium for tests of pages: a PC and a phone, accessibility, the content policy, pictures.

Use the fixtures `pc` and `phone` (pages on the live server). At the end of each test, any violation of the content
policy and any error on the console fails it. `check_access(page)` runs axe; `picture(page, name)` writes to
docs/images when `make screenshots` asks for it.

What a page shows after a click is read with `expect`, which waits: `.count()`, `.inner_text()`, `page.url` do not wait
and may still read the page before. `at_rest(page)` waits for scripts, formulas and exchanges, not for a new page.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.cast import forget
from yincai.learning.attribution import causes

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
PC = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
EXCHANGE = ".htmx-request, .htmx-swapping, .htmx-added, .htmx-settling"
RAW_FORMULA = (
    "xpath=//*[contains(concat(' ', @class, ' '), ' formula ') or @data-formula]/descendant-or-self::*"
    "[not(ancestor-or-self::code)][text()[contains(substring-after(., '$'), '$')]]"
)

expect.set_options(timeout=10_000)
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop in this thread


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    assert found, "apt-get install --no-install-recommends chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package", autouse=True)
def put_back(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """After each test SQLite's file becomes what it was before the first: emptying every table and filling the bank
    anew takes a hundred times as long, and what is append-only refuses it."""
    if connection.vendor != "sqlite":
        yield  # TRUNCATE is quick and passes the guards
        return
    with django_db_blocker.unblock(), closing(sqlite3.connect(":memory:")) as untouched:
        connection.ensure_connection()
        connection.connection.backup(untouched)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test: _restore(untouched))
            yield


def _restore(untouched: sqlite3.Connection) -> None:
    connection.ensure_connection()
    untouched.backup(connection.connection)


@pytest.fixture(autouse=True)
def forgotten(transactional_db: None) -> None:
    forget()
    causes.forget()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, live_server: Any) -> Iterator[OpenPage]:
    """`open_page(**options)`: a page with cookies of its own; several in one test are several people."""
    contexts, complaints = [], []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status of" not in message.text:
            complaints.append(f"{message.text} ({message.location.get('url')})")

    def make(**options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def pc(open_page: OpenPage) -> Page:
    return open_page(viewport=PC)


@pytest.fixture
def phone(open_page: OpenPage) -> Page:
    return open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


def at_rest(page: Page) -> None:
    """Wait until this page's scripts have run, htmx has put in what it fetched and all formulas are drawn."""
    page.wait_for_load_state()
    expect(page.locator(EXCHANGE)).to_have_count(0)
    expect(page.locator(RAW_FORMULA)).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => null)")


def check_access(page: Page) -> None:
    """No serious violation that axe can find, and no sideways scrolling."""
    at_rest(page)
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run()")["violations"]
    told = [f"{rule['id']}: {node['html']}" for rule in found if rule["impact"] in SERIOUS for node in rule["nodes"]]
    assert told == []
    wide = page.evaluate("document.documentElement.scrollWidth - screen.width")  # a phone's innerWidth grows with it
    assert wide <= 0, f"the page scrolls sideways by {wide} pixels"


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep docs/images/NAME.png, when asked for (make screenshots)."""
    if folder := os.environ.get("YINCAI_SCREENSHOTS"):
        page.screenshot(path=ROOT / folder / f"{name}.png", full_page=whole, animations="disabled")

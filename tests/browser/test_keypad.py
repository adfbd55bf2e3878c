"""The keypad in a real browser under the strict content policy: by touch, by keyboard, and its preview."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from playwright.sync_api import Browser, expect

from yincai.core.middleware import POLICY
from yincai.knowledge.grading.preview import preview

PAGE = """<!doctype html><html lang="zh-hans"><head><meta charset="utf-8"><title>键盘</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="stylesheet" href="/static/core/look.css"><link rel="stylesheet" href="/static/knowledge/keypad.css">
<link rel="stylesheet" href="/static/vendor/katex/katex.min.css">
<script type="module" src="/static/knowledge/keypad.js"></script></head>
<body><main class="desk"><h1>练习</h1><form class="sheet" method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="token-1">%s</form></main></body></html>"""
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def reply(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/static/"):
            found = finders.find(path.removeprefix("/static/"))
            if not found:
                return self.send_error(404)
            file = Path(str(found))
            return self.reply(file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        field = {"name": "answer", "kind": "number", "preview_url": "/preview"} | asked
        return self.reply((PAGE % render_to_string("knowledge/_keypad.html", field)).encode(), "text/html")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        if self.headers["X-CSRFToken"] != "token-1":
            return self.send_error(403)
        read = preview(sent["text"], kind=sent["kind"], unit=sent["unit"])
        return self.reply(json.dumps(read.to_data()).encode(), "application/json")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.trouble = []
    page.on("console", lambda said: page.trouble.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    yield page
    assert page.trouble == []
    context.close()


def tap(page: Any, *keys: str) -> None:
    for key in keys:
        page.locator(f"[data-insert='{key}'], [data-do='{key}']").first.tap()


def test_a_mixed_number_by_touch(phone: Any, address: str) -> None:
    phone.goto(address)
    field = phone.locator("input[name=answer]")
    expect(field).to_have_js_property("inputMode", "none")
    tap(phone, "1", "又‸/", "1", "fraction", "2")
    expect(field).to_have_value("1又1/2")
    expect(phone.locator("[data-shown] annotation")).to_have_text(r"1\frac{1}{2}")
    expect(phone.locator("[data-shown] .katex")).to_be_visible()


def test_editing_keys(phone: Any, address: str) -> None:
    phone.goto(address)
    field = phone.locator("input[name=answer]")
    tap(phone, "√(‸)", "1", "2", "right", "+", "3", "back")
    expect(field).to_have_value("√(12)+")
    tap(phone, "back", "left", "back", "back", "back")
    expect(field).to_have_value("")
    tap(phone, "fraction", "1", "+", "2", "right", "3")
    expect(field).to_have_value("(1+2)/(3)")


def test_the_place_of_an_error_is_marked(phone: Any, address: str) -> None:
    phone.goto(address)
    tap(phone, "1", "+", "×", "3")
    expect(phone.locator("[data-marked]")).to_be_visible()
    expect(phone.locator("[data-marked] mark")).to_have_text("×")
    expect(phone.locator("[data-message]")).to_contain_text("第 2 个字后面缺一个数", use_inner_text=True)
    expect(phone.locator("input[name=answer]")).to_have_attribute("aria-invalid", "true")
    tap(phone, "left", "back", "4")
    expect(phone.locator("[data-shown]")).to_be_visible()
    expect(phone.locator("[data-message]")).to_be_hidden()


def test_the_system_keyboard_is_one_press_away_and_remembered(phone: Any, address: str) -> None:
    phone.goto(address)
    phone.locator("[data-toggle]").tap()
    expect(phone.locator("[data-keys]")).to_be_hidden()
    expect(phone.locator("input[name=answer]")).to_have_js_property("inputMode", "text")
    phone.reload()
    expect(phone.locator("[data-toggle]")).to_have_text("用数学键盘")
    expect(phone.locator("[data-keys]")).to_be_hidden()
    phone.locator("[data-toggle]").tap()
    expect(phone.locator("[data-keys]")).to_be_visible()


def test_by_keyboard_alone(chromium: Browser, address: str) -> None:
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    page.goto(address + "?kind=expression")
    page.locator("input[name=answer]").focus()
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("input[name=answer]")).to_have_value("2π")
    page.keyboard.press("Tab")
    expect(page.locator("[data-toggle]")).to_be_focused()
    page.close()


def test_what_was_typed_before_is_read_at_once(phone: Any, address: str) -> None:
    phone.goto(address + "?value=1%2B&unit=cm")
    expect(phone.locator("[data-marked]")).to_be_visible()
    tap(phone, "2", "cm")
    expect(phone.locator("[data-shown] .katex")).to_be_visible()


def test_without_katex_the_text_stands(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.route("**/katex.mjs", lambda route: route.abort())
    page.goto(address)
    page.locator("input[name=answer]").fill("２／４")
    expect(page.locator("[data-shown]")).to_be_visible()
    expect(page.locator("[data-shown]")).to_have_text(re.compile(r"2/4\s*$"))
    page.close()


def test_keys_are_large_enough_and_fit_the_phone(phone: Any, address: str) -> None:
    for kind in ("number", "expression", "solution"):
        phone.goto(f"{address}?kind={kind}&unit=cm")
        expect(phone.locator("[data-keys] button").first).to_be_visible()
        boxes = [key.bounding_box() for key in phone.locator("[data-keys] button").all()]
        assert all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390

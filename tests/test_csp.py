"""The strict content policy: on every response, and nothing in any template or script that it would forbid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

import yincai
from tests.cast import Cast
from yincai.core.middleware import POLICY

SOURCE = Path(yincai.__file__).parent
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
SCRIPTS = [path for path in sorted(SOURCE.glob("*/static/**/*.*js")) if "vendor" not in path.parts]
FORBIDDEN_IN_TEMPLATES = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "style element": re.compile(r"<style\b", re.I),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/(ld\+)?json)", re.I),
    "on… handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\bhx-on\b", re.I),
    "hx-vals with js:": re.compile(r"hx-(vals|headers)\s*=\s*[\"']\s*js:", re.I),
    "hx-trigger filter": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\[", re.I),
    "javascript: address": re.compile(r"javascript:", re.I),
    "address elsewhere": re.compile(r"<(script|link|img|iframe)\b[^>]*(src|href)\s*=\s*[\"'](https?:)?//", re.I),
}
FORBIDDEN_IN_SCRIPTS = {
    "eval": re.compile(r"\beval\s*\(|\bnew Function\b"),
    "setAttribute style": re.compile(r"setAttribute\(\s*[\"']style"),
    "timer with text": re.compile(r"set(Timeout|Interval)\(\s*[\"'`]"),
    "style in markup": re.compile(r"<[a-z]+[^>`]*\sstyle="),
}
SENT_INLINE = re.compile(r"<style\b|<[^>]*\sstyle=|<[^>]*\son[a-z]+=|<script(?![^>]*\bsrc=)(?![^>]*application/)", re.I)


def test_the_policy_is_the_strict_one() -> None:
    for part in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'"):
        assert part in POLICY
    assert "unsafe" not in POLICY


@pytest.mark.parametrize("name", FORBIDDEN_IN_TEMPLATES)
def test_no_template_holds_what_the_policy_forbids(name: str) -> None:
    assert TEMPLATES
    pattern = FORBIDDEN_IN_TEMPLATES[name]
    found = [path.relative_to(SOURCE).as_posix() for path in TEMPLATES if pattern.search(_markup(path))]
    assert found == []


def _markup(path: Path) -> str:
    """The template without comments and tags, whose `=` and `>` are not markup."""
    return re.sub(r"\{%.*?%\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.parametrize("name", FORBIDDEN_IN_SCRIPTS)
def test_no_script_does_what_the_policy_forbids(name: str) -> None:
    assert SCRIPTS
    pattern = FORBIDDEN_IN_SCRIPTS[name]
    found = [path.relative_to(SOURCE).as_posix() for path in SCRIPTS if pattern.search(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("address", ["/signin/", "/join/", "/no/such/page/", "/me/"])
def test_pages_of_nobody_carry_the_policy(cast: Cast, address: str) -> None:
    response = Client().get(address)
    assert response.headers["Content-Security-Policy"] == POLICY
    assert not SENT_INLINE.search(response.content.decode())


@pytest.mark.parametrize("address", ["/me/", "/notices/", "/rules/", "/no/such/page/", "/children/"])
def test_pages_carry_the_policy_and_are_not_stored(cast: Cast, address: str) -> None:
    response = cast.client(cast.zhao).get(address)
    assert response.headers["Content-Security-Policy"] == POLICY
    assert "no-store" in response.headers["Cache-Control"]
    assert not SENT_INLINE.search(response.content.decode())

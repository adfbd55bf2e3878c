"""The parts of the design system, and the shell around a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory

from tests.cast import Cast
from yincai.core import navigation
from yincai.core.exports import Column, Linked, Sheet
from yincai.core.figures import Figure
from yincai.core.navigation import Entry, rail_for
from yincai.core.permissions import SIGNED_IN

SOURCE = Path(__file__).resolve().parents[2] / "src" / "yincai"


def shown(source: str, **values: Any) -> str:
    request: HttpRequest = RequestFactory().get("/somewhere/", values.pop("query", {}))
    return Template(source).render(Context({"request": request, **values}))


def test_a_figure_says_value_interval_and_n() -> None:
    assert Figure(0.62, 0.55, 0.69, 40).said == "62%（55–69%，40 人）"
    assert Figure(None, n=6).said == "人数太少，不显示"
    assert Figure(None, n=0).said == "还没有数据"
    assert Figure(1240.0, n=1600, unit="个班", kind="count").said == "1,240 / 1,600 个班"
    assert shown("{% interval 0.62 0.55 0.69 40 %}") == "62%（55–69%，40 人）"


def test_a_mark_says_its_level_and_whose_it_is() -> None:
    assert 'class="dot g" role="img" aria-label="小明：成长"' in shown('{% dot 2 "小明" %}')
    assert 'aria-label="未学"' in shown("{% dot none %}", none=None)


class Named(forms.Form):
    name = forms.CharField(label="班级名称", help_text="如 五（1）班")
    room = forms.CharField(label="教室", required=False)


def test_a_form_says_what_is_wrong_where_and_keeps_what_was_typed() -> None:
    page = shown("{% form_errors form %}{{ form }}", form=Named({"name": "", "room": "302<"}))
    assert "有 1 处需要改" in page
    assert '<a href="#id_name">班级名称</a>' in page
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'value="302&lt;"' in page
    assert "选填" in page


def test_an_empty_state_says_what_to_do_first() -> None:
    page = shown('{% empty "还没有班级" "先添加一个年级。" "/grades/" "添加年级" %}')
    assert "先添加一个年级。" in page
    assert '<a class="btn" href="/grades/">添加年级</a>' in page


def test_the_pager_keeps_the_rest_of_the_address() -> None:
    page = Paginator(range(100), 20).page(2)
    made = shown("{% pager page %}", page=page, query={"q": "五", "page": "2"})
    assert "第 2 / 5 页，共 100 条" in made
    assert "q=%E4%BA%94&amp;page=3" in made


def test_a_table_of_pupils_offers_no_sorting_by_a_result() -> None:
    columns = (Column("姓名"), Column("掌握", "percent"))
    rows = [(Linked("小明", "/ming/"), 0.62)]
    plain = shown("{% sheet_table sheet %}", sheet=Sheet("表", columns, rows))
    pupils = shown("{% sheet_table sheet %}", sheet=Sheet("表", columns, rows, pupils=True))
    assert 'data-sort="number"' in plain
    assert 'data-sort="number"' not in pupils
    assert '<a href="/ming/">小明</a>' in pupils


def test_the_rail_marks_the_longest_address_that_leads_here(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [Entry("甲", "a", SIGNED_IN), Entry("乙", "b", SIGNED_IN), Entry("首页", "home", SIGNED_IN)]
    addresses = {"a": "/learn/", "b": "/learn/map/", "home": "/"}
    monkeypatch.setattr(navigation, "ENTRIES", entries)
    monkeypatch.setattr(navigation, "reverse", addresses.get)
    actor = cast.actor(cast.wang)

    def current(path: str) -> list[str]:
        return [link.label for link in rail_for(actor, path) if link.current]

    assert current("/learn/map/5/") == ["乙"]
    assert current("/learn/5/") == ["甲"]
    assert current("/") == ["首页"]
    assert current("/learning/") == []


def test_pages_hold_no_inline_style_script_or_handler() -> None:
    """The content policy would silently break them."""
    bad = re.compile(
        r"\sstyle=|<style|\son(?:click|change|input|submit|load)=|hx-on|hx-vals=.js:|<script(?![^>]*\ssrc=)", re.I
    )
    found = [
        f"{path.relative_to(SOURCE)}: {match.group(0)}"
        for path in SOURCE.rglob("templates/**/*.html")
        for match in bad.finditer(path.read_text())
    ]
    assert found == []

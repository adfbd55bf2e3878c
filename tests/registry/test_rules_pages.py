"""The pages of rules: what is in force where one stands, and why; setting a stricter value, taking it back."""

from __future__ import annotations

from uuid import uuid4

from django.utils import timezone

from tests.cast import Cast
from yincai.core.rules import rule
from yincai.registry.models import RuleEntry
from yincai.registry.rulebook import rulebook


def form(value: str, **over: str) -> dict[str, str]:
    typed = {"stage": "all", "value": value, "effective_from": str(timezone.localdate()), "source": "校务会决定"}
    return {**typed, "form_key": str(uuid4()), **over}


def test_every_rule_is_shown_with_its_source_and_how_sure_it_is(cast: Cast) -> None:
    page = cast.client(cast.li).get("/rules/").content.decode()
    for declared in rulebook().declared.values():
        assert declared.title in page
    assert "不超过 15 分钟" in page and "凭记忆，待核对" in page and "尚未生效" in page
    assert "教基厅函〔2021〕11号" in page


def test_a_head_tightens_on_the_page_and_takes_it_back(cast: Cast) -> None:
    head = cast.client(cast.li)
    assert "不超过 15 分钟" in head.get("/rules/eye.session/").content.decode()
    assert head.post("/rules/eye.session/", form("10")).status_code == 302
    assert rule("eye.session", cast.class51.path).value == 10
    page = cast.client(cast.wang).get("/rules/").content.decode()
    assert "示范市第一小学设定" in page and "校务会决定" in page
    own = RuleEntry._base_manager.get(organisation=cast.first)
    assert head.post(f"/rules/entries/{own.pk}/drop/").status_code == 302
    assert rule("eye.session", cast.class51.path).value == 15


def test_loosening_is_refused_with_who_holds_what_and_the_form_keeps_what_was_typed(cast: Cast) -> None:
    response = cast.client(cast.li).post("/rules/eye.session/", form("20"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "本级只能更严" in page and "太原市规定" in page
    assert 'value="20"' in page and 'value="校务会决定"' in page


def test_what_cannot_be_read_and_what_has_no_source_is_said(cast: Cast) -> None:
    head = cast.client(cast.li)
    assert "请填数字" in head.post("/rules/eye.session/", form("一刻钟")).content.decode()
    assert head.post("/rules/eye.session/", form("10", source=" ")).status_code == 422
    assert head.post("/rules/no.such/", form("10")).status_code == 404


def test_a_rule_of_another_school_or_of_the_rulebook_is_not_dropped(cast: Cast) -> None:
    other = RuleEntry._base_manager.create(
        rule="eye.session", organisation=cast.second, value=9, effective_from=timezone.localdate(), source="二小"
    )
    national = RuleEntry._base_manager.filter(organisation=None).first()
    head = cast.client(cast.li)
    assert head.post(f"/rules/entries/{other.pk}/drop/").status_code == 404
    assert head.post(f"/rules/entries/{national.pk}/drop/").status_code == 404

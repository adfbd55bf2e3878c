"""Notices: to people, with a link inside the house and a read mark."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from yincai.core.notices import notify
from yincai.registry.models import Notice


def test_a_notice_is_shown_counted_followed_and_marked_read(cast: Cast) -> None:
    notify([cast.wang.pk, cast.wang.pk], "小明的一道题改判了", "/me/")
    client = cast.client(cast.wang)
    assert '<span class="n">1<' in client.get("/me/").content.decode()
    assert "小明的一道题改判了" in client.get("/notices/").content.decode()
    notice = Notice._base_manager.get()
    assert client.post(f"/notices/{notice.pk}/").headers["Location"] == "/me/"
    assert '<span class="n">' not in client.get("/me/").content.decode()


def test_all_at_once(cast: Cast) -> None:
    for number in range(3):
        notify([cast.wang.pk], f"第 {number} 件事")
    client = cast.client(cast.wang)
    client.post("/notices/read/")
    assert not Notice._base_manager.filter(read_at=None).exists()
    assert client.post("/notices/read/").status_code == 302


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:x"]
)
def test_links_lead_nowhere_else(cast: Cast, link: str) -> None:
    with pytest.raises(ValueError, match="within the installation"):
        notify([cast.wang.pk], "看这里", link)


def test_a_stored_link_is_checked_again_before_it_is_followed(cast: Cast) -> None:
    row = Notice._base_manager.create(person=cast.wang, sentence="旧的", link="//elsewhere.example")
    assert cast.client(cast.wang).post(f"/notices/{row.pk}/").headers["Location"] == "/notices/"


def test_nobody_elses(cast: Cast) -> None:
    notify([cast.wang.pk], "只给王老师")
    row = Notice._base_manager.get()
    chen = cast.client(cast.chen)
    assert "只给王老师" not in chen.get("/notices/").content.decode()
    assert chen.post(f"/notices/{row.pk}/").status_code == 404

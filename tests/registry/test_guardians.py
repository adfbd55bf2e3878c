"""Guardians by code: printed by the school, once, until it expires; and revocable."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from yincai.core.models import Account
from yincai.registry.actions.add_guardian import add_guardian
from yincai.registry.actions.enter_person import Details
from yincai.registry.actions.guardian_codes import CodeError, Issued, bind_by_code, issue_codes, plain
from yincai.registry.models import GuardianCode, Guardianship, Notice, Person, RoleHeld


def issued(cast: Cast, *children: Person) -> list[Issued]:
    wanted = [child.pk for child in children]
    return issue_codes(cast.class51, wanted, acting_user=cast.actor(cast.wang))


def join(code: str, account: str = "gangba", **over: str) -> object:
    form = {"code": code, "relation": "父亲", "name": "刚爸爸", "account": account}
    return Client().post("/join/", {**form, "password": "heliu-2847", "again": "heliu-2847", **over})


def test_the_school_prints_codes_and_a_guardian_opens_an_account(cast: Cast) -> None:
    address = f"/organisations/{cast.class51.pk}/codes/"
    page = cast.client(cast.wang).post(address, {"pupil": [str(cast.gang.pk)], "form_key": str(uuid4())})
    code = re.search(r"绑定码：<code>([A-Z0-9-]+)</code>", page.content.decode())[1]
    assert join(code).status_code == 302
    guardian = Person._base_manager.get(account__username="gangba")
    assert [bond.child for bond in Guardianship._base_manager.filter(guardian=guardian)] == [cast.gang]
    client = Client()
    client.post("/signin/", {"login": "gangba", "password": "heliu-2847"})
    assert client.get(f"/children/{cast.gang.pk}/consent/").status_code == 200
    told = Notice._base_manager.get(person=cast.wang)
    assert "小刚新绑定了一位监护人" in told.sentence


def entered(cast: Cast, name: str) -> Person:
    """A guardian whom the school entered, by import or by hand, and who never signed in."""
    details = Details(name=name)
    return add_guardian(cast.gang, details, "父亲", acting_user=cast.actor(cast.clerk)).guardian


def test_a_guardian_whom_the_school_entered_becomes_no_second_person(cast: Cast) -> None:
    known = entered(cast, "刚爸爸")
    assert join(issued(cast, cast.gang)[0].text).status_code == 302
    assert [bond.guardian for bond in Guardianship._base_manager.filter(child=cast.gang)] == [known]
    client = Client()
    client.post("/signin/", {"login": "gangba", "password": "heliu-2847"})
    assert client.get(f"/children/{cast.gang.pk}/consent/").status_code == 200
    assert "小刚的监护人刚爸爸（父亲）开通了账号" in Notice._base_manager.get(person=cast.wang).sentence
    assert GuardianCode._base_manager.get().used_by == known


@pytest.mark.parametrize("why", ["signed in", "also staff", "other name"])
def test_nobody_takes_over_the_account_of_somebody_else(cast: Cast, why: str) -> None:
    known = entered(cast, "刚大伯" if why == "other name" else "刚爸爸")
    if why == "signed in":
        Account.objects.filter(person=known).update(last_login=timezone.now())
    if why == "also staff":
        RoleHeld._base_manager.create(person=known, name="teacher", organisation=cast.first)
    before = known.account.username
    assert join(issued(cast, cast.gang)[0].text).status_code == 302
    assert Person._base_manager.get(account__username="gangba") != known
    assert Account.objects.get(person=known).username == before


def test_a_code_is_good_for_one_guardian(cast: Cast) -> None:
    code = issued(cast, cast.gang)[0].text
    assert join(code).status_code == 302
    again = join(code, account="other")
    assert again.status_code == 422 and "已经用过" in again.content.decode()
    assert not Account.objects.filter(username="other").exists()


def test_a_code_expires_and_a_newer_one_voids_it(cast: Cast) -> None:
    first = issued(cast, cast.gang)[0].text
    second = issued(cast, cast.gang)[0].text
    assert "已经过期" in join(first).content.decode()
    GuardianCode._base_manager.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "已经过期" in join(second).content.decode()


def test_a_guardian_with_an_account_binds_one_more_child(cast: Cast) -> None:
    code = issued(cast, cast.hong)[0].text
    mother = cast.client(cast.mother)
    assert (
        mother.post("/children/bind/", {"code": code.lower().replace("-", " "), "relation": "母亲"}).status_code == 302
    )
    assert "小红" in mother.get("/children/").content.decode()
    with pytest.raises(CodeError, match="已经绑定了小明"):
        bind_by_code(issued(cast, cast.ming)[0].text, "母亲", acting_user=cast.actor(cast.mother))


def test_what_was_typed_stays_when_the_code_is_wrong(cast: Cast) -> None:
    page = join("AAAA-BBBB-CCCC").content.decode()
    assert "没有这个绑定码" in page and 'value="刚爸爸"' in page and 'value="gangba"' in page


def test_guessing_the_rest_of_a_code_is_paused(cast: Cast) -> None:
    code = issued(cast, cast.gang)[0].text
    for _ in range(8):
        response = join(code[:-1] + ("A" if code[-1] != "A" else "B"))
    assert response.status_code == 429
    assert join(code).status_code == 422  # this code from this address must wait
    other = issued(cast, cast.hong)[0].text
    assert join(other, account="hongba").status_code == 302  # others at the same address need not


def test_the_code_itself_is_not_in_the_database(cast: Cast) -> None:
    code = plain(issued(cast, cast.gang)[0].text)
    row = GuardianCode._base_manager.get()
    assert row.label == code[:5] and code[5:].encode() not in bytes(row.digest)


def test_an_account_name_is_no_phone_number_and_nobody_elses(cast: Cast) -> None:
    code = issued(cast, cast.gang)[0].text
    assert "不要用手机号" in join(code, account="13812345678").content.decode()
    assert "已经有人用了" in join(code, account="XiaoMing").content.decode()


def test_only_the_classes_of_ones_own(cast: Cast) -> None:
    assert cast.client(cast.chen).get(f"/organisations/{cast.class51.pk}/codes/").status_code == 404
    assert cast.client(cast.mother).get(f"/organisations/{cast.class51.pk}/codes/").status_code == 403

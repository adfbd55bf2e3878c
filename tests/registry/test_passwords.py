"""First passwords of a class: printed once, hashed at once; a single reset; nobody beyond one's reach."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from tests.cast import PASSWORD, Cast
from yincai.core.action import ActionError
from yincai.core.models import Account, AuditRow
from yincai.registry.actions.first_passwords import reset_password
from yincai.registry.actions.sign_in import Secret
from yincai.registry.hashers import FirstPasswordHasher
from yincai.registry.models import RoleHeld
from yincai.registry.passwords import first_password, hash_first


def printed(page: str) -> dict[str, str]:
    return dict(re.findall(r"账号：<code>(\S+)</code><br>初始密码：<code>(\S+)</code>", page))


def test_a_teacher_prints_first_passwords_and_they_work_once(cast: Cast) -> None:
    teacher, address = cast.client(cast.wang), f"/organisations/{cast.class51.pk}/passwords/"
    page = teacher.post(address, {"pupil": [str(cast.ming.pk), str(cast.hong.pk)], "form_key": str(uuid4())})
    slips = printed(page.content.decode())
    assert set(slips) == {"xiaoming", "xiaohong"}
    assert page.headers["Cache-Control"].startswith("max-age=0") and "no-store" in page.headers["Cache-Control"]
    pupil = Client()
    pupil.post("/signin/", {"login": "xiaoming", "password": slips["xiaoming"]})
    assert pupil.get("/me/").headers["Location"] == "/me/password/"
    account = Account.objects.get(username="xiaoming")
    assert not account.check_password(PASSWORD)
    row = AuditRow.objects.get(verb="registry.give_first_passwords")
    assert row.role == "teacher" and slips["xiaoming"] not in str(row.fields)


def test_the_same_form_twice_changes_nothing_the_second_time(cast: Cast) -> None:
    teacher, address = cast.client(cast.wang), f"/organisations/{cast.class51.pk}/passwords/"
    form = {"pupil": [str(cast.ming.pk)], "form_key": str(uuid4())}
    slips = printed(teacher.post(address, form).content.decode())
    again = teacher.post(address, form)
    assert again.status_code == 409 and "只显示一次" in again.content.decode()
    assert Account.objects.get(username="xiaoming").check_password(slips["xiaoming"])


def test_pupils_with_a_password_of_their_own_are_not_ticked(cast: Cast) -> None:
    Account.objects.filter(username="xiaohong").update(must_change_password=True)
    account = Account.objects.get(username="xiaogang")
    account.set_unusable_password()
    account.save()
    page = cast.client(cast.wang).get(f"/organisations/{cast.class51.pk}/passwords/").content.decode()
    ticked = {person: " checked" in rest for person, rest in re.findall(r'name="pupil" value="([^"]+)"([^>]*)>', page)}
    assert ticked == {str(cast.ming.pk): False, str(cast.hong.pk): True, str(cast.gang.pk): True}


def test_one_pupil_is_picked_by_the_link_of_his_page(cast: Cast) -> None:
    address = f"/organisations/{cast.class51.pk}/passwords/?pupil={cast.ming.pk}"
    page = cast.client(cast.wang).get(address).content.decode()
    assert re.findall(r'value="([^"]+)"[^>]* checked', page) == [str(cast.ming.pk)]


def test_a_teacher_of_another_class_or_school_cannot(cast: Cast) -> None:
    for person, status in ((cast.chen, 404), (cast.li, 403), (cast.ming, 403), (cast.mother, 403), (cast.zhao, 403)):
        address = f"/organisations/{cast.class51.pk}/passwords/"
        assert cast.client(person).post(address, {"pupil": str(cast.ming.pk)}).status_code == status
    assert Account.objects.get(username="xiaoming").check_password(PASSWORD)


def test_a_forged_pupil_of_another_class_is_left_alone(cast: Cast) -> None:
    address = f"/organisations/{cast.class51.pk}/passwords/"
    response = cast.client(cast.wang).post(address, {"pupil": str(cast.far.pk)})
    assert response.status_code == 422
    assert Account.objects.get(username="xiaoyuan").check_password(PASSWORD)


def test_an_administrator_resets_a_teacher_and_only_within_reach(cast: Cast) -> None:
    clerk = cast.client(cast.clerk)
    page = clerk.post(f"/people/{cast.wang.pk}/password/", {"form_key": str(uuid4())})
    assert set(printed(page.content.decode())) == {"wanglaoshi"}
    assert clerk.post(f"/people/{cast.chen.pk}/password/").status_code == 404


def test_nobody_gets_the_password_of_one_who_reaches_further(cast: Cast) -> None:
    RoleHeld._base_manager.create(person=cast.zhao, name="teacher", organisation=cast.first)
    with pytest.raises(ActionError, match="上一级管理员"):
        reset_password(cast.zhao, Secret("x"), acting_user=cast.actor(cast.clerk))
    with pytest.raises(ActionError, match="上一级管理员"):
        reset_password(cast.admin, Secret("x"), acting_user=cast.actor(cast.qian))


def test_a_class_is_hashed_in_seconds_and_the_first_sign_in_hashes_anew() -> None:
    """Ten take a fifth of what a class of fifty takes; processor time, for others may use the machine too."""
    began = time.process_time()
    hashed = hash_first([first_password() for _ in range(10)])
    assert time.process_time() - began < 2
    assert len({secret.value for secret in hashed}) == 10
    assert all(secret.value.startswith("pbkdf2_sha256_first$100000$") for secret in hashed)
    assert FirstPasswordHasher.iterations < PBKDF2PasswordHasher.iterations


def test_first_passwords_are_readable_and_do_not_repeat() -> None:
    made = {first_password() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[a-z]{4,8}-[a-z]{4,8}-[2-9]{2}", text) for text in made)


def test_a_secret_prints_as_nothing() -> None:
    assert "hunter2" not in repr(Secret("hunter2")) + str(Secret("hunter2"))


def test_guardians_of_a_class_get_their_first_passwords_at_once(cast: Cast) -> None:
    Account.objects.filter(username="mama").update(password="!", must_change_password=True)
    clerk, address = cast.client(cast.clerk), f"/organisations/{cast.class51.pk}/guardian-passwords/"
    page = clerk.get(address).content.decode()
    assert "小明妈妈" in page and "小明的母亲" in page
    form = {"person": [str(cast.mother.pk)], "form_key": str(uuid4())}
    slips = printed(clerk.post(address, form).content.decode())
    assert set(slips) == {"mama"}
    assert Account.objects.get(username="mama").check_password(slips["mama"])
    assert clerk.post(address, form).status_code == 409


def test_guardians_passwords_are_the_schools_offices_alone(cast: Cast) -> None:
    """Who sets a guardian's password could consent in their name."""
    address = f"/organisations/{cast.class51.pk}/guardian-passwords/"
    for person in (cast.wang, cast.li, cast.mother, cast.ming, cast.zhao):
        assert cast.client(person).post(address, {"person": str(cast.mother.pk)}).status_code == 403
    RoleHeld._base_manager.create(person=cast.mother, name="teacher", organisation=cast.first)
    assert cast.client(cast.clerk).post(address, {"person": str(cast.mother.pk)}).status_code == 422
    assert Account.objects.get(username="mama").check_password(PASSWORD)


def test_a_teacher_goes_from_a_pupils_page_to_a_new_password(cast: Cast) -> None:
    page = cast.client(cast.wang).get(f"/people/{cast.ming.pk}/").content.decode()
    assert f"/organisations/{cast.class51.pk}/passwords/?pupil={cast.ming.pk}" in page

"""Signing in: account and password, the first password, the second factor, pauses after failures, being away."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from axes.models import AccessAttempt
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.cast import PASSWORD, Cast
from yincai.core.models import Account, AuditRow
from yincai.core.scope import unscoped
from yincai.registry.models import Person, RoleHeld

SCHOOL = "10.20.30.40"


def sign_in(name: str, password: str = PASSWORD, client: Client | None = None, address: str = SCHOOL) -> HttpResponse:
    client = client or Client()
    return client.post("/signin/", {"login": name, "password": password}, REMOTE_ADDR=address)


def code_now(secret: str, offset: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + offset))


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_account_name_is_enough_and_an_input_method_keeps_nobody_out(cast: Cast) -> None:
    for typed in ("xiaoming", " XiaoMing ", "ｘｉａｏｍｉｎｇ"):
        client = Client()
        assert sign_in(typed, client=client).status_code == 302
        assert signed_in(client), typed
    assert AuditRow.objects.filter(verb="registry.sign_in", subject=str(cast.ming.account_id)).count() == 3


def test_a_wrong_password_says_whom_to_ask(cast: Cast) -> None:
    page = sign_in("xiaoming", "wrong").content.decode()
    assert "账号或密码不对" in page and "班主任" in page
    assert 'value="xiaoming"' in page  # nothing typed is lost


def test_an_inactive_account_does_not_get_in(cast: Cast) -> None:
    Account.objects.filter(pk=cast.ming.account_id).update(is_active=False)
    client = Client()
    response = sign_in("xiaoming", client=client)
    assert response.status_code == 403 and "已停用" in response.content.decode()
    assert not signed_in(client)


def test_one_pupils_failures_keep_no_classmate_out_nor_the_same_account_elsewhere(cast: Cast) -> None:
    """30 pupils behind one address; one fails ten times."""
    with unscoped("the test fills a class"):
        names = [cast.pupil(f"学生{n}", f"pupil{n}", cast.class52, n).account.username for n in range(30)]
    for _ in range(10):
        last = sign_in(names[0], "wrong")
    assert last.status_code == 429
    assert re.search(r"请 1[0-5] 分钟后再试", last.content.decode())
    assert sign_in(names[0]).status_code == 429  # even with the right password, here
    for name in names[1:]:
        client = Client()
        sign_in(name, client=client)
        assert signed_in(client), name
    elsewhere = Client()
    sign_in(names[0], client=elsewhere, address="10.9.9.9")
    assert signed_in(elsewhere)


def test_a_pause_ends_and_trying_on_does_not_lengthen_it(cast: Cast) -> None:
    for _ in range(12):
        sign_in("xiaoming", "wrong")
    assert AccessAttempt.objects.get(username="xiaoming").failures_since_start == 8
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    client = Client()
    sign_in("xiaoming", client=client)
    assert signed_in(client)


def test_capitals_do_not_make_another_account_to_try(cast: Cast) -> None:
    for typed in ("xiaoming", "Xiaoming", "XIAOMING", "ｘiaoming") * 2:
        sign_in(typed, "wrong")
    assert sign_in("xiaoming").status_code == 429


def test_the_attempts_kept_hold_no_password(cast: Cast) -> None:
    sign_in("xiaoming", "s3cret-typed")
    assert "s3cret" not in AccessAttempt.objects.get().post_data


def test_a_first_password_is_changed_before_anything_else(cast: Cast) -> None:
    Account.objects.filter(pk=cast.ming.account_id).update(must_change_password=True)
    client = Client()
    sign_in("xiaoming", client=client)
    assert client.get("/me/").headers["Location"] == "/me/password/"
    assert client.get("/notices/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/me/password/"
    again = client.post("/me/password/", {"new": PASSWORD, "again": PASSWORD})
    assert "和现在的一样" in again.content.decode()
    done = client.post("/me/password/", {"new": "lantian-38", "again": "lantian-38"})
    assert done.status_code == 302
    assert client.get("/me/").status_code == 200  # still signed in
    account = Account.objects.get(pk=cast.ming.account_id)
    assert account.check_password("lantian-38") and not account.must_change_password


def test_changing_a_password_later_asks_for_the_old_one_and_counts_failures(cast: Cast) -> None:
    client = cast.client(cast.ming)
    wrong = {"old": "wrong", "new": "lantian-38", "again": "lantian-38"}
    assert "现在的密码不对" in client.post("/me/password/", wrong).content.decode()
    codes = [client.post("/me/password/", wrong).status_code for _ in range(7)]
    assert codes[-1] == 429
    assert "试错太多次" in client.post("/me/password/", {**wrong, "old": PASSWORD}).content.decode()
    assert not Account.objects.get(pk=cast.ming.account_id).check_password("lantian-38")


def enrol(cast: Cast, person: Person) -> tuple[Client, str]:
    """Sign in as somebody who needs a second factor, and enrol it."""
    client = Client()
    sign_in(person.account.username, client=client)
    page = client.get("/me/second-factor/").content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    assert client.post("/me/second-factor/", {"code": code_now(secret)}).status_code == 302
    return client, secret


def test_an_officer_gets_nowhere_until_the_second_factor_is_enrolled(cast: Cast) -> None:
    client = Client()
    sign_in("zhaokezhang", client=client)
    for address in ("/me/", "/rules/", "/notices/", "/me/second-factor/remove/"):
        assert client.get(address).headers["Location"] == "/me/second-factor/", address
    page = client.get("/me/second-factor/").content.decode()
    assert "<svg" in page and "style=" not in page
    assert "对不上" in client.post("/me/second-factor/", {"code": "000000"}).content.decode()


def test_the_secret_is_kept_encrypted_and_the_recovery_codes_are_shown_once(cast: Cast) -> None:
    client, secret = enrol(cast, cast.zhao)
    row = Authenticator.objects.get(user=cast.zhao.account, type="totp")
    assert secret not in json.dumps(row.data)
    assert decrypt(row.data["secret"]) == secret
    assert AuditRow.objects.filter(verb="registry.enrol_second_factor").exists()
    first = client.get("/me/second-factor/codes/").content.decode()
    assert len(re.findall(r"<code>\d{4} \d{4}</code>", first)) == 10
    assert "<code>" not in client.get("/me/second-factor/codes/").content.decode()
    assert client.get("/rules/").status_code == 200


def test_after_the_password_comes_the_code_and_a_code_is_taken_once(cast: Cast) -> None:
    _, secret = enrol(cast, cast.zhao)
    client = Client()
    assert sign_in("zhaokezhang", client=client).headers["Location"] == "/signin/code/"
    assert not signed_in(client)
    assert client.get("/rules/").headers["Location"].startswith("/signin/")
    code = code_now(secret)
    client.post("/signin/code/", {"code": f"{code[:3]} {code[3:]}"}, REMOTE_ADDR=SCHOOL)
    assert signed_in(client) and client.get("/rules/").status_code == 200
    cache.clear()  # another process, which knows nothing of the first
    thief = Client()
    sign_in("zhaokezhang", client=thief)
    assert "已经用过" in thief.post("/signin/code/", {"code": code}, REMOTE_ADDR=SCHOOL).content.decode()
    assert not signed_in(thief)


def test_guessing_codes_is_paused_too(cast: Cast) -> None:
    _, secret = enrol(cast, cast.zhao)
    client = Client()
    sign_in("zhaokezhang", client=client)
    for _ in range(8):
        response = client.post("/signin/code/", {"code": "000000"}, REMOTE_ADDR=SCHOOL)
    assert response.status_code == 429
    client.post("/signin/code/", {"code": code_now(secret)}, REMOTE_ADDR=SCHOOL)
    assert not signed_in(client)


def test_a_recovery_code_stands_in_once(cast: Cast) -> None:
    enrolled, _ = enrol(cast, cast.zhao)
    page = enrolled.get("/me/second-factor/codes/").content.decode()
    recovery = re.findall(r"<code>(\d{4} \d{4})</code>", page)[0]
    for works in (True, False):
        client = Client()
        sign_in("zhaokezhang", client=client)
        client.post("/signin/code/", {"code": recovery}, REMOTE_ADDR=SCHOOL)
        assert signed_in(client) is works


def test_a_new_phone_is_enrolled_after_the_password_is_given_again(cast: Cast) -> None:
    client, _ = enrol(cast, cast.zhao)
    kept = client.session
    kept["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    kept.save()
    asked = client.post("/me/second-factor/remove/")
    assert asked.headers["Location"] == "/signin/confirm/?next=%2Fme%2Fsecond-factor%2Fremove%2F"
    assert Authenticator.objects.filter(user=cast.zhao.account).exists()
    confirmed = client.post(asked.headers["Location"], {"password": PASSWORD, "next": "/me/second-factor/remove/"})
    assert confirmed.headers["Location"] == "/me/second-factor/remove/"
    assert client.post("/me/second-factor/remove/").headers["Location"] == "/me/second-factor/"
    assert not Authenticator.objects.filter(user=cast.zhao.account).exists()
    assert client.get("/rules/").headers["Location"] == "/me/second-factor/"


def test_a_teacher_may_have_a_second_factor_and_need_not(cast: Cast) -> None:
    client = Client()
    sign_in("wanglaoshi", client=client)
    assert client.get("/me/").status_code == 200
    enrol(cast, cast.wang)
    assert sign_in("wanglaoshi").headers["Location"] == "/signin/code/"


def test_who_is_away_too_long_signs_in_again(cast: Cast) -> None:
    client = cast.client(cast.zhao)
    assert client.get("/me/").status_code == 200
    kept = client.session
    kept["seen"] = int(time.time()) - 61 * 60
    kept.save()
    assert client.get("/me/").headers["Location"].startswith("/signin/")
    assert not signed_in(client)
    pupil = cast.client(cast.ming, seen=int(time.time()) - 61 * 60)
    assert pupil.get("/me/").status_code == 200


def test_signing_out(cast: Cast) -> None:
    client = cast.client(cast.ming)
    assert client.get("/signout/").status_code == 200 and signed_in(client)
    client.post("/signout/")
    assert not signed_in(client)


def reset(*arguments: str) -> dict[str, object]:
    out = io.StringIO()
    call_command("account_reset", *arguments, "--json", stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yincai.core.prepare.exists", lambda: True)


def test_the_server_resets_an_account_and_says_the_first_password_once(cast: Cast, prepared: None) -> None:
    inside, _ = enrol(cast, cast.zhao)
    answer = reset("ZhaoKezhang")
    assert answer["account"] == "zhaokezhang" and answer["totp_removed"] is True
    assert inside.get("/me/").headers["Location"].startswith("/signin/")  # his sessions have ended
    client = Client()
    assert sign_in("zhaokezhang", str(answer["password"]), client).status_code == 302
    assert client.get("/rules/").headers["Location"] == "/me/password/"
    row = AuditRow.objects.get(verb="registry.reset_account")
    assert row.role == "service" and str(answer["password"]) not in json.dumps(row.fields)


def test_only_the_second_factor_may_be_taken_off(cast: Cast, prepared: None) -> None:
    enrol(cast, cast.zhao)
    assert reset("zhaokezhang", "--totp")["password"] == ""
    client = Client()
    sign_in("zhaokezhang", client=client)
    assert client.get("/rules/").headers["Location"] == "/me/second-factor/"


def test_resetting_nobody_is_wrong_use(cast: Cast, prepared: None) -> None:
    with pytest.raises(CommandError, match="没有名为 nobody") as refused:
        call_command("account_reset", "nobody")
    assert refused.value.returncode == 2
    Account.service()
    with pytest.raises(CommandError, match="系统账号"):
        call_command("account_reset", "yincai.service")


def test_one_click_changes_the_role_and_the_scope_follows(cast: Cast) -> None:
    guardian = RoleHeld._base_manager.create(person=cast.wang, name="guardian", organisation=cast.second)
    client = cast.client(cast.wang)
    page = client.get("/me/").content.decode()
    assert "换成家长 · 示范市第二小学" in page
    assert client.get(f"/organisations/{cast.class51.pk}/passwords/").status_code == 200
    client.post("/me/role/", {"role": str(guardian.pk)})
    assert client.get("/children/").status_code == 200
    assert client.get(f"/organisations/{cast.class51.pk}/passwords/").status_code == 403


def test_a_role_one_does_not_hold_is_not_taken(cast: Cast) -> None:
    stolen = RoleHeld._base_manager.get(person=cast.admin, name="admin")
    client = cast.client(cast.wang)
    client.post("/me/role/", {"role": str(stolen.pk)})
    assert client.get("/me/").wsgi_request.actor.role_name == "teacher"


def test_the_profile_shows_ones_own_data_and_hides_the_middle_of_numbers(cast: Cast) -> None:
    cast.ming.put_sealed("phone", "13812345678")
    cast.ming.save()
    page = cast.client(cast.ming).get("/me/").content.decode()
    assert "138••••••78" in page and "13812345678" not in page

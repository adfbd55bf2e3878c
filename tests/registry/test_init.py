"""`yincai init`: a city and its first administrator, once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from yincai.core.models import Account, AuditRow, Fact
from yincai.registry.models import Organisation, Person, RoleHeld, Term

pytestmark = pytest.mark.django_db
ASKED = ("--city", "示例市", "--code", "330100", "--admin", "guanliyuan", "--name", "林管理")


@pytest.fixture(autouse=True)
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yincai.core.prepare.prepare", lambda: None)


def init(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    call_command("init", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_city_begins(capsys: pytest.CaptureFixture[str]) -> None:
    made = init(capsys, *ASKED)
    city = Organisation._base_manager.get()
    assert (city.name, city.code, city.path) == ("示例市", "330100", "0001")
    held = RoleHeld._base_manager.select_related("person__account").get()
    assert (held.name, held.person.name, str(held.person.account)) == ("admin", "林管理", "guanliyuan")
    assert held.person.account is not None
    assert held.person.account.check_password(made["password"])
    assert held.person.account.must_change_password
    assert Term._base_manager.count() == 2
    assert AuditRow.objects.filter(verb="registry.found_city").count() == 2


def test_again_changes_nothing_and_another_city_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    init(capsys, *ASKED)
    assert init(capsys, *ASKED) == init(capsys)
    assert init(capsys)["password"] == ""
    assert (Person._base_manager.count(), Organisation._base_manager.count()) == (1, 1)
    with pytest.raises(CommandError, match="已经是示例市"):
        call_command("init", "--city", "别的市", "--code", "330200", "--admin", "guanliyuan")
    with pytest.raises(CommandError, match="account reset guanliyuan"):
        call_command("init", "--admin", "bieren")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--city", "示例市", "--admin", "a1"), "6 位行政区划代码"),
        (("--city", "示例市", "--code", "330100"), "账号名"),
        (("--city", "示例市", "--code", "330100", "--admin", "有 空格"), "账号只能用"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_left_behind(words: tuple[str, ...], what: str) -> None:
    with pytest.raises(CommandError, match=what) as refused:
        call_command("init", *words)
    assert refused.value.returncode == 2
    assert not Organisation._base_manager.exists()
    assert not Account.objects.filter(is_service=False).exists()


def test_a_demo_home_is_refused() -> None:
    Fact.objects.create(name="demo", value=True)
    with pytest.raises(CommandError, match="YINCAI_HOME=新目录 yincai init"):
        call_command("init", *ASKED)


def test_the_one_time_password_signs_in(capsys: pytest.CaptureFixture[str], rf: Any) -> None:
    made = init(capsys, *ASKED)
    request = rf.post("/signin/")
    assert authenticate(request, username="guanliyuan", password=made["password"]) is not None
    assert authenticate(request, username="guanliyuan", password="falsch") is None


def test_at_a_terminal_it_asks_for_what_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"市的名称": "示例市", "6 位行政": "330100"}
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda asked: next(a for q, a in answers.items() if asked.startswith(q)))
    call_command("init", "--admin", "guanliyuan", verbosity=0)
    assert Organisation._base_manager.get().name == "示例市"
    assert Account.objects.filter(username="guanliyuan").exists()
    monkeypatch.setattr("builtins.input", lambda asked: pytest.fail("nothing is asked once the city is there"))
    call_command("init", verbosity=0)

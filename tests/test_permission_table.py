"""Every address × every role, against tests/permission_table.py; and nothing of a school is reachable from another."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.cast import Cast
from tests.permission_table import EVERYBODY, NOBODY, OBJECTS, ROLES, TABLE
from yincai.core.actors import SERVICE
from yincai.core.permissions import Open, SignedIn
from yincai.core.scope import unscoped
from yincai.registry.models import Guardianship, Person, RoleHeld

SIGN_IN = "/signin/"
SHOWN, SENT_ON, FORBIDDEN, MISSING, WRONG_METHOD, TO_MEND = 200, 302, 403, 404, 405, 422
QUIET = {SHOWN, SENT_ON, FORBIDDEN, MISSING, WRONG_METHOD, TO_MEND, 204, 400, 409}
OF_FIRST_SCHOOL = re.compile("小明|小红|小刚|示范市第一小学|王静|李校长")


@dataclass(frozen=True)
class Address:
    route: str
    name: str
    view: Any

    @property
    def arguments(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    def values(self, cast: Cast) -> dict[str, Any]:
        """For the arguments, an object of 第一小学; nothing where the table has none."""
        head = max((head for head in OBJECTS if self.route.startswith(head)), key=len, default="")
        found = OBJECTS[head](cast) if head else {}
        return {name: found[name] for name in self.arguments} if found.keys() >= set(self.arguments) else {}

    def filled(self, cast: Cast) -> str:
        return reverse(self.name, kwargs=self.values(cast))


def addresses() -> list[Address]:
    return sorted(_walk(get_resolver().url_patterns, ""), key=lambda address: address.name)


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield Address(route, pattern.name or "", pattern.callback)


ALL = addresses()


def askable(cast: Cast) -> list[tuple[Address, str]]:
    """The addresses that have a row, and an object where they need one; the others fail the tests for that, once."""
    listed = [address for address in ALL if address.name in TABLE]
    return [(one, one.filled(cast)) for one in listed if not one.arguments or one.values(cast)]


def test_every_address_has_a_name_and_a_row_and_no_row_is_left_over() -> None:
    assert [address.route for address in ALL if not address.name] == []
    names = {address.name for address in ALL}
    assert sorted(names - TABLE.keys()) == [], "addresses without a row in tests/permission_table.py"
    assert sorted(TABLE.keys() - names) == [], "rows in tests/permission_table.py without an address"


def test_every_view_carries_the_permission_that_its_row_says() -> None:
    wrong = {}
    for address in ALL:
        carried = getattr(address.view, "permission", None)
        if carried is None:
            wrong[address.name] = "carries no permission: use @requires or @open_to_all"
        elif isinstance(carried, Open):
            wrong |= {address.name: "open to all"} if NOBODY not in TABLE[address.name] else {}
        elif isinstance(carried, SignedIn):
            wrong |= {address.name: "open to all signed in"} if TABLE[address.name] != EVERYBODY else {}
        elif carried.roles - {SERVICE} != TABLE[address.name]:
            wrong[address.name] = f"held by {sorted(carried.roles - {SERVICE})}"
    assert wrong == {}


def test_every_address_with_arguments_has_an_object_to_try(cast: Cast) -> None:
    without = [address.route for address in ALL if address.arguments and not address.values(cast)]
    assert without == [], "routes without an object in tests/permission_table.py OBJECTS"


def test_no_address_of_allauth_or_axes_slipped_in() -> None:
    """allauth brings some thirty pages; five of its names exist here."""
    from allauth.account import urls as account
    from allauth.mfa import urls as mfa

    theirs = {address.name for address in _walk([*account.urlpatterns, *mfa.urlpatterns], "")}
    ours = {"account_login", "account_logout", "account_reauthenticate", "account_change_password", "mfa_authenticate"}
    assert theirs & {address.name for address in ALL} == ours
    for name in theirs - ours:
        with pytest.raises(NoReverseMatch):
            reverse(name)
    assert [address.name for address in ALL if address.name.startswith(("admin", "axes", "socialaccount"))] == []


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand refusals are what is wanted here; writing each with its trace takes longer than asking."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that say why something is not shown say just that: the frame around it is on each page that is shown."""

    def said(request: HttpRequest, template: str, words: dict[str, str], status: int) -> HttpResponse:
        return HttpResponse(" ".join(words.values()), status=status)

    monkeypatch.setattr("yincai.core.views.render", said)


@pytest.fixture
def everybody(cast: Cast) -> dict[str, Person]:
    people = cast.everybody()
    if "enterprise" not in people:
        with unscoped("one more role for the table"):
            people["enterprise"] = cast.person("某公司", "company", ("enterprise", cast.city))
    assert people.keys() == ROLES
    return people


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_opens_its_addresses_and_no_others(cast: Cast, everybody: dict[str, Person], role: str) -> None:
    client = cast.client(everybody[role])
    wrong = []
    for address, where in askable(cast):
        response = _ask(client, where, may=role in TABLE[address.name])
        if not _as_it_should(response, address, may=role in TABLE[address.name]):
            wrong.append(f"{address.name}: {response.status_code}")
    assert wrong == []


def _ask(client: Client, where: str, *, may: bool) -> HttpResponse:
    """GET; what takes only POST is posted to, empty, by those who may not."""
    response = client.get(where)
    if response.status_code == WRONG_METHOD and not may:
        return client.post(where)
    return response


def _as_it_should(response: HttpResponse, address: Address, *, may: bool) -> bool:
    if not may:
        return response.status_code == FORBIDDEN
    if response.status_code == SENT_ON:
        return address.name == "account_logout" or not response.headers["Location"].startswith(f"{SIGN_IN}?")
    good = {SHOWN, WRONG_METHOD, TO_MEND, 204, 400}
    beyond = {MISSING, FORBIDDEN} if address.arguments else set()  # the role may, but not this object
    return response.status_code in good | beyond


def test_who_is_not_signed_in_is_sent_to_sign_in(cast: Cast) -> None:
    wrong = []
    for address, where in askable(cast):
        response = _ask(Client(), where, may=NOBODY in TABLE[address.name])
        sent = response.status_code == SENT_ON and response.headers["Location"].startswith(SIGN_IN)
        if sent == (NOBODY in TABLE[address.name]) and address.name not in ("mfa_authenticate", "account_logout"):
            wrong.append(f"{address.name}: {response.status_code}")
    assert wrong == []


STRANGERS = ("pupil", "guardian", "teacher", "head", "school_admin", "district_officer", "researcher")


@pytest.fixture
def strangers(cast: Cast) -> dict[str, Person]:
    """For each role below the city, somebody of another school or district."""
    with unscoped("people elsewhere"):
        people = {
            "pupil": cast.far,
            "teacher": cast.chen,
            "guardian": cast.person("小远爸爸", "yuanba", ("guardian", cast.second)),
            "head": cast.person("何校长", "hexiaozhang", ("head", cast.second)),
            "school_admin": cast.person("吕管理", "lvguanli", ("school_admin", cast.second)),
            "district_officer": cast.person("冯科长", "fengkezhang", ("district_officer", cast.west)),
            "researcher": cast.person("蒋教研", "jiangjiaoyan", ("researcher", cast.west)),
        }
        Guardianship.objects.create(guardian=people["guardian"], child=cast.far)
    return people


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("role", STRANGERS)
def test_a_stranger_reaches_no_object_of_another_school(cast: Cast, strangers: dict[str, Person], role: str) -> None:
    """Each address with an object of 第一小学, by somebody who holds a role at the wrong place. Where the role may not
    at all, one method is asked with: it is refused before any object is looked for."""
    client = cast.client(strangers[role])
    leaks = []
    for address, where in askable(cast):
        if not address.arguments or address.name in ("registry-rule",):  # a rule's id is no object of a school
            continue
        methods = (client.get, client.post) if role in TABLE[address.name] else (client.get,)
        for response in (method(where) for method in methods):
            told = OF_FIRST_SCHOOL.search(response.content.decode(errors="replace"))
            if told or response.status_code not in {
                SHOWN,
                SENT_ON,
                FORBIDDEN,
                MISSING,
                WRONG_METHOD,
                TO_MEND,
                400,
                409,
            }:
                leaks.append(f"{address.name}: {response.status_code} {told and told.group()}")
    assert leaks == []
    assert RoleHeld._base_manager.get(person=cast.ming, name="pupil").until is None

"""The beginning of an installation: the city, its first administrator, a calendar."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched
from yincai.core.actors import Actor
from yincai.core.models import Account
from yincai.registry.actions.add_organisation import in_base_36
from yincai.registry.actions.set_calendar import put_default_year
from yincai.registry.models import Organisation, OrganisationKind, Person, RoleHeld, RoleName
from yincai.registry.policies import CITY_FOUND

EASY = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else


@dataclass(frozen=True)
class Founded:
    """`password` is empty when the administrator was there already."""

    city: Organisation
    account: str
    password: str
    new: bool


@action(CITY_FOUND)
def found_city(name: str, code: str, account_name: str, person_name: str, *, acting_user: Actor) -> Founded:
    """Idempotent: the same city and account again change nothing."""
    city = Organisation.objects.filter(kind=OrganisationKind.CITY).first()
    if city is None:
        city = _make_city(name, code)
    elif (name, code) not in (("", ""), (city.name, city.code)):
        raise ActionError(f"这里已经是{city.name}（{city.code}）。一个安装只服务一个市；另建请换一个 YINCAI_HOME。")
    there = RoleHeld.objects.filter(name=RoleName.ADMIN, organisation=city).select_related("person__account").first()
    if there:
        if account_name not in ("", there.person.account.username):
            raise ActionError(
                f"已经有管理员 {there.person.account.username}。再加管理员请在页面上办，忘了密码用"
                f" yincai account reset {there.person.account.username}。"
            )
        changed_nothing()
        return Founded(city, there.person.account.username, "", False)
    password = one_time_password()
    account = _make_administrator(city, account_name, person_name, password)
    return Founded(city, account.username, password, True)


def one_time_password() -> str:
    return "-".join("".join(secrets.choice(EASY) for _ in range(4)) for _ in range(3))


def _make_city(name: str, code: str) -> Organisation:
    if not name or not (code.isdigit() and len(code) == 6):
        raise ActionError("请给出市的名称和 6 位行政区划代码，例如 --city 某某市 --code 330100。")
    city = Organisation.objects.create(kind=OrganisationKind.CITY, name=name, code=code, path=in_base_36(1))
    put_default_year(city, timezone.localdate())
    return touched(city, name=name, code=code)


def _make_administrator(city: Organisation, account_name: str, person_name: str, password: str) -> Account:
    if not account_name:
        raise ActionError("请给出第一位管理员的账号名，例如 --admin guanliyuan。")
    account = Account(username=account_name, must_change_password=True)
    account.set_password(password)
    _refuse_bad_name(account)
    account.save(force_insert=True)
    person = Person.objects.create(name=person_name or "系统管理员", account=account, keeper=city.pk)
    RoleHeld.objects.create(person=person, name=RoleName.ADMIN, organisation=city)
    touched(person, role=RoleName.ADMIN)
    return account


def _refuse_bad_name(account: Account) -> None:
    from django.core.exceptions import ValidationError

    try:
        account.full_clean(exclude=["password"])
    except ValidationError as error:
        raise ActionError("管理员账号：" + "；".join(error.messages)) from None

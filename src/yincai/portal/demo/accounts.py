"""Who may sign in to a demo city: one account for each role, listed under the sign-in form with its password.

Only these have a password at all, and only a home that says it is a demo shows them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from yincai.core.models import Account, Fact
from yincai.registry.models import TWO_FACTOR_ROLES, Person, RoleName

if TYPE_CHECKING:
    from yincai.portal.demo.people import City, ClassDrawn

PASSWORD = "shifan-shi"  # noqa: S105 - public: it stands on the sign-in page
DEMO, LIST = "demo", "demo.accounts"
SECOND_STEP = "mfa_authenticate"
LABEL = "示范市：全部数据为模拟生成"
ASK_AGAIN = 20.0  # seconds


@dataclass(frozen=True)
class Listed:
    """`about`: what is to be seen as this person."""

    label: str
    username: str
    about: str
    password: str  # as hashed; another one than the account's: it was changed since


# --- is this a demo? ------------------------------------------------------------------------------------------------

_known: tuple[bool, float] = (False, -ASK_AGAIN)


def is_demo() -> bool:
    """Asked on every page, so the database is asked only now and then: a demo is one for ever."""
    global _known
    value, at = _known
    if time.monotonic() - at > ASK_AGAIN:
        value = bool(Fact.read(DEMO))
        _known = (value, time.monotonic())
    return value


def forget() -> None:
    global _known
    _known = (False, -ASK_AGAIN)


# --- choosing -------------------------------------------------------------------------------------------------------


def choose(city: City) -> list[Listed]:
    """Give the chosen people's accounts (not saved yet) names to type and the password."""
    hashed = make_password(PASSWORD)
    found = []
    for label, username, about, person in _chosen(city):
        account = person.account
        if account is None or account.password == hashed:
            continue
        account.username, account.password, account.must_change_password = username, hashed, False
        found.append(Listed(label, username, about, hashed))
    return found


def _chosen(city: City) -> Iterable[tuple[str, str, str, Person]]:
    home = _home_class(city)
    where = f"{home.school.name}{home.organisation.name}"
    yield "学生", "xuesheng", where, _kept(city, home, True)[0]
    yield "学生（家长未同意保存）", "xuesheng2", where, _kept(city, home, False)[0]
    for each, username, label in ((8, "chuzhong", "学生（初中）"), (10, "gaozhong", "学生（高中）")):
        classes = [one for one in city.classes if one.organisation.grade == each]
        if classes and (kept := _kept(city, classes[0], True)):
            yield label, username, f"{classes[0].school.name}{classes[0].organisation.name}", kept[0]
    guardian, children = _guardian(city)
    yield "家长", "jiazhang", f"{children} 个孩子", guardian
    taught = next(row for row in city.teachings if row.subject == "数学" and row.school_class == home.organisation)
    yield "教师", "jiaoshi", f"{where}{'班主任，教' if taught.leads else ''}数学", taught.person
    school, district = home.school.path, home.school.path[:-4]
    staff = (
        (RoleName.HEAD, "xiaozhang", school),
        (RoleName.SCHOOL_ADMIN, "xuexiao", school),
        (RoleName.RESEARCHER, "jiaoyan", district),
        (RoleName.DISTRICT_OFFICER, "quxian", district),
        (RoleName.CITY_OFFICER, "shiju", ""),
        (RoleName.EXPERT, "zhuanjia", ""),
        (RoleName.ENTERPRISE, "qiye", ""),
        (RoleName.ADMIN, "guanli", ""),
    )
    for role, username, path in staff:
        yield role.label, username, _place(city, path), city.holding(role, path)[0]


def _home_class(city: City) -> ClassDrawn:
    """五（2）班, else the first class that practises."""
    practising = [one for one in city.classes if one.practises]
    return next((one for one in practising if one.organisation.name == "五（2）班"), practising[0])


def _kept(city: City, each: ClassDrawn, keeps: bool) -> list[Person]:
    return [child for child in each.pupils if city.pseudonym_of[child.pk].keeps is keeps]


def _guardian(city: City) -> tuple[Person, int]:
    """One with several children, the first of whom practises and is kept; and how many."""
    practising = {child.pk for each in city.classes if each.practises for child in _kept(city, each, True)}
    children: dict[UUID, list[bool]] = {}
    for bond in city.bonds:
        children.setdefault(bond.guardian_id, []).append(bond.child_id in practising)
    best = max(city.bonds, key=lambda bond: (children[bond.guardian_id][0], len(children[bond.guardian_id])))
    return best.guardian, len(children[best.guardian_id])


def _place(city: City, path: str) -> str:
    return next((row.name for row in city.organisations if row.path == path), city.organisations[0].name)


def write(listed: list[Listed], city: City) -> None:
    """After the accounts are saved: second factors, and the facts that make the list."""
    by_name = {account.username: account for account in city.accounts}
    needing = {
        person.account_id for role in sorted(TWO_FACTOR_ROLES) for person in city.holding(role) if person.account_id
    }
    for one in listed:
        if by_name[one.username].pk in needing:
            TOTP.activate(by_name[one.username], generate_totp_secret())
    Fact.objects.create(name=LIST, value=[asdict(one) for one in listed])
    Fact.objects.create(name=DEMO, value=True)
    forget()


# --- showing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    label: str
    name: str
    username: str
    about: str
    changed: bool
    code: str


def shown() -> list[Shown]:
    """The listed accounts as they stand now, with the code of this half minute."""
    listed = [Listed(**row) for row in Fact.read(LIST, [])]
    names = [one.username for one in listed]
    accounts = {row.username: row for row in Account.objects.filter(username__in=names).select_related("person")}
    secrets = {
        row.user_id: decrypt(row.data["secret"])
        for row in Authenticator.objects.filter(user__username__in=names, type=Authenticator.Type.TOTP)
    }
    return [_shown(one, accounts[one.username], secrets) for one in listed if one.username in accounts]


def _shown(one: Listed, account: Account, secrets: dict[Any, str]) -> Shown:
    secret = secrets.get(account.pk)
    changed = account.password != one.password
    return Shown(
        label=one.label,
        name=account.person.name,
        username=one.username,
        about=one.about,
        changed=changed,
        code=current_code(secret) if secret and not changed else "",
    )


def current_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD))


def signin_note(request: HttpRequest) -> tuple[str, dict[str, Any]] | None:
    """What stands under the sign-in form: all accounts; at the second step, the codes."""
    if not is_demo():
        return None
    found, second = shown(), bool(request.resolver_match and request.resolver_match.url_name == SECOND_STEP)
    if second:
        found = [one for one in found if one.code]
    return "portal/_demo_accounts.html", {"label": LABEL, "password": PASSWORD, "accounts": found, "second": second}


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"label": LABEL if is_demo() else ""}

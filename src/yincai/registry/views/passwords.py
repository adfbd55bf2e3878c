"""First passwords: for the pupils of a class or their guardians, printed on slips; for one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from yincai.core.action import ActionError, form_key
from yincai.core.models import Account
from yincai.core.permissions import Permission, requires
from yincai.registry.actions.first_passwords import (
    give_first_passwords,
    give_guardian_passwords,
    only_family,
    reset_password,
)
from yincai.registry.models import Organisation, OrganisationKind, Person
from yincai.registry.passwords import first_password, hash_first
from yincai.registry.policies import PASSWORDS_GIVE, PERSON_MEND, PUPIL_ENTER
from yincai.registry.queries import guardians_of_class, pupils_of, school_of
from yincai.registry.views.common import actor_of, reached

NEVER, WAITING, OWN = "还没有发过", "发过，还没有登录", "已换成自己的"
Give = Callable[..., list[UUID] | None]


@dataclass(frozen=True)
class Row:
    """Somebody who may get a first password. `about`: a pupil's number, or whose guardian it is."""

    person: Person
    number: int | None
    about: str
    account: str
    state: str
    picked: bool


@dataclass(frozen=True)
class Slip:
    name: str
    about: str
    account: str
    password: str


@dataclass(frozen=True)
class Handout:
    """The page for one kind of people: who is on it, and the action that sets their passwords."""

    who: str
    field: str
    heading: str
    address: str
    give: Give


PUPILS = Handout("学生", "pupil", "学号", "registry-passwords", give_first_passwords)
GUARDIANS = Handout("家长", "person", "孩子", "registry-guardian-passwords", give_guardian_passwords)


@never_cache
@requires(PASSWORDS_GIVE)
@require_http_methods(["GET", "POST"])
def class_passwords(request: HttpRequest, pk: UUID) -> HttpResponse:
    school_class = _class(request, PASSWORDS_GIVE, pk)
    rows = [
        _row(pupil.person, pupil.number, f"{pupil.number} 号" if pupil.number else "", request.GET.get("pupil", ""))
        for pupil in pupils_of(school_class)
        if pupil.person.account
    ]
    return _page(request, school_class, rows, PUPILS)


@never_cache
@requires(PUPIL_ENTER)
@require_http_methods(["GET", "POST"])
def guardian_passwords(request: HttpRequest, pk: UUID) -> HttpResponse:
    school_class = _class(request, PUPIL_ENTER, pk)
    rows = [
        _row(guardian, None, about)
        for guardian, about in guardians_of_class(school_class)
        if guardian.account and only_family(guardian)
    ]
    return _page(request, school_class, rows, GUARDIANS)


def _class(request: HttpRequest, needed: Permission, pk: UUID) -> Organisation:
    classes = Organisation.objects.filter(kind=OrganisationKind.CLASS)
    school_class: Organisation = reached(request, needed, classes, pk)
    return school_class


def _page(request: HttpRequest, school_class: Organisation, rows: list[Row], handout: Handout) -> HttpResponse:
    if request.method == "GET":
        return _list(request, school_class, rows, handout)
    picked = [row for row in rows if str(row.person.pk) in request.POST.getlist(handout.field)]
    if not picked:
        return _list(request, school_class, rows, handout, f"请至少勾选一位{handout.who}。", status=422)
    return _print(request, school_class, rows, picked, handout)


def _list(
    request: HttpRequest,
    school_class: Organisation,
    rows: list[Row],
    handout: Handout,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    values = {"school_class": school_class, "rows": rows, "handout": handout, "error": error}
    return render(request, "registry/class_passwords.html", values, status=status)


def _print(
    request: HttpRequest, school_class: Organisation, rows: list[Row], picked: list[Row], handout: Handout
) -> HttpResponse:
    """Hash first (it takes seconds), write shortly, and show the plain ones this once."""
    plain = [first_password() for _ in picked]
    hashed = [(str(row.person.pk), secret) for row, secret in zip(picked, hash_first(plain), strict=True)]
    done = handout.give(school_class, hashed, acting_user=actor_of(request), key=form_key(request))
    if done is None:
        said = "这一批刚才已经生成，密码只显示一次。如果没有印出来，请再生成一次。"
        return _list(request, school_class, rows, handout, said, status=409)
    slips = [
        Slip(row.person.name, row.about, row.account, password)
        for row, password in zip(picked, plain, strict=True)
        if row.person.account_id in done
    ]
    back = reverse(handout.address, args=[school_class.pk])
    return _slips(request, slips, f"{school_class.name}{handout.who}", school_of(school_class), back)


def _row(person: Person, number: int | None, about: str, only: str = "") -> Row:
    account = person.account
    assert account is not None  # noqa: S101 - the caller passes people with an account
    state = _state(account)
    picked = str(person.pk) == only if only else state != OWN
    return Row(person, number, about, account.username, state, picked)


def _state(account: Account) -> str:
    if not account.has_usable_password():
        return NEVER
    return WAITING if account.must_change_password else OWN


@never_cache
@requires(PERSON_MEND)
@require_http_methods(["GET", "POST"])
def person_password(request: HttpRequest, pk: UUID) -> HttpResponse:
    person: Person = reached(request, PERSON_MEND, Person.objects.select_related("account"), pk)
    back = reverse("registry-person", args=[person.pk])
    error = ""
    if request.method == "POST":
        plain = first_password()
        try:
            account = reset_password(person, hash_first([plain])[0], acting_user=actor_of(request))
            return _slips(request, [Slip(person.name, "", account.username, plain)], "", None, back)
        except ActionError as refused:
            error = str(refused)
    values = {"person": person, "error": error, "back": back, "pupil": only_family(person)}
    return render(request, "registry/person_password.html", values, status=422 if error else 200)


def _slips(request: HttpRequest, slips: list[Slip], place: str, school: Organisation | None, back: str) -> HttpResponse:
    address = request.build_absolute_uri("/")
    values = {"slips": slips, "place": place, "school": school, "address": address, "back": back}
    return render(request, "registry/password_slips.html", values)

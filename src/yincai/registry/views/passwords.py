"""First passwords: for a class, printed on slips; for one person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from yincai.core.action import ActionError, form_key
from yincai.core.models import Account
from yincai.core.permissions import requires
from yincai.registry.actions.first_passwords import give_first_passwords, only_pupil, reset_password
from yincai.registry.models import Organisation, OrganisationKind, Person
from yincai.registry.passwords import first_password, hash_first
from yincai.registry.policies import PASSWORDS_GIVE, PERSON_MEND
from yincai.registry.queries import Pupil, pupils_of, school_of
from yincai.registry.views.common import actor_of, reached

NEVER, WAITING, OWN = "还没有发过", "发过，还没有登录", "已换成自己的"


@dataclass(frozen=True)
class Row:
    pupil: Pupil
    account: str
    state: str
    picked: bool


@dataclass(frozen=True)
class Slip:
    name: str
    number: int | None
    account: str
    password: str


@never_cache
@requires(PASSWORDS_GIVE)
@require_http_methods(["GET", "POST"])
def class_passwords(request: HttpRequest, pk: UUID) -> HttpResponse:
    classes = Organisation.objects.filter(kind=OrganisationKind.CLASS)
    school_class: Organisation = reached(request, PASSWORDS_GIVE, classes, pk)
    rows = [_row(pupil, request.GET.get("pupil", "")) for pupil in pupils_of(school_class) if pupil.person.account]
    if request.method == "GET":
        return _list(request, school_class, rows)
    picked = [row for row in rows if str(row.pupil.person.pk) in request.POST.getlist("pupil")]
    if not picked:
        return _list(request, school_class, rows, "请至少勾选一位学生。", status=422)
    return _print(request, school_class, picked)


def _list(
    request: HttpRequest, school_class: Organisation, rows: list[Row], error: str = "", status: int = 200
) -> HttpResponse:
    values = {"school_class": school_class, "rows": rows, "error": error}
    return render(request, "registry/class_passwords.html", values, status=status)


def _print(request: HttpRequest, school_class: Organisation, picked: list[Row]) -> HttpResponse:
    """Hash first (it takes seconds), write shortly, and show the plain ones this once."""
    plain = [first_password() for _ in picked]
    hashed = [(str(row.pupil.person.pk), secret) for row, secret in zip(picked, hash_first(plain), strict=True)]
    done = give_first_passwords(school_class, hashed, acting_user=actor_of(request), key=form_key(request))
    if done is None:
        rows = [_row(pupil, "") for pupil in pupils_of(school_class) if pupil.person.account]
        said = "这一批刚才已经生成，密码只显示一次。如果没有印出来，请再生成一次。"
        return _list(request, school_class, rows, said, status=409)
    slips = [
        Slip(row.pupil.person.name, row.pupil.number, row.account, password)
        for row, password in zip(picked, plain, strict=True)
        if row.pupil.person.account_id in done
    ]
    back = reverse("registry-passwords", args=[school_class.pk])
    return _slips(request, slips, school_class.name, school_of(school_class), back)


def _row(pupil: Pupil, only: str) -> Row:
    account = pupil.person.account
    assert account is not None  # noqa: S101 - the caller passes pupils with an account
    state = _state(account)
    picked = str(pupil.person.pk) == only if only else state != OWN
    return Row(pupil, account.username, state, picked)


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
            return _slips(request, [Slip(person.name, None, account.username, plain)], "", None, back)
        except ActionError as refused:
            error = str(refused)
    values = {"person": person, "error": error, "back": back, "pupil": only_pupil(person)}
    return render(request, "registry/person_password.html", values, status=422 if error else 200)


def _slips(request: HttpRequest, slips: list[Slip], place: str, school: Organisation | None, back: str) -> HttpResponse:
    address = request.build_absolute_uri("/")
    values = {"slips": slips, "place": place, "school": school, "address": address, "back": back}
    return render(request, "registry/password_slips.html", values)

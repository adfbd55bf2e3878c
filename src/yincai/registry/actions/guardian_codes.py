"""Codes by which a guardian binds to a child: printed by the school, used once, until they expire."""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from yincai.core import crypto
from yincai.core.action import ActionError, action, touched, touched_many
from yincai.core.actors import Actor
from yincai.core.models import Account
from yincai.core.notices import notify
from yincai.core.permissions import SIGNED_IN
from yincai.core.scope import unscoped
from yincai.registry.actions.enter_person import Details, make_person
from yincai.registry.actions.first_passwords import only_family
from yincai.registry.actions.sign_in import Secret
from yincai.registry.models import (
    GuardianCode,
    Guardianship,
    Organisation,
    Person,
    RoleHeld,
    RoleName,
    Teaching,
    in_force,
)
from yincai.registry.policies import GUARDIANS_BIND, INSTALLATION
from yincai.registry.queries import class_of, pupils_of, school_of

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LABEL, LENGTH = 5, 12
DAYS = 14
RELATIONS = ("母亲", "父亲", "祖父母", "外祖父母", "其他监护人")


@dataclass(frozen=True)
class Issued:
    child: Person
    number: int | None
    text: str
    expires_at: datetime


class CodeError(ActionError):
    """The code cannot be used; the message says what to do."""


@action(GUARDIANS_BIND)
def issue_codes(school_class: Organisation, children: list[UUID], *, acting_user: Actor) -> list[Issued]:
    """A new code for each of these pupils; their unused older ones are void."""
    GUARDIANS_BIND.require(acting_user, school_class)
    chosen = [pupil for pupil in pupils_of(school_class) if pupil.person.pk in set(children)]
    if not chosen:
        raise ActionError("请至少勾选一位学生。")
    now = timezone.now()
    unused = GuardianCode.objects.filter(child__in=[pupil.person.pk for pupil in chosen], used_at=None, revoked_at=None)
    unused.update(revoked_at=now)
    issued, rows = [], []
    for pupil in chosen:
        text = _fresh_code()
        rows.append(
            GuardianCode(
                child=pupil.person,
                label=text[:LABEL],
                digest=digest_of(text),
                issued_by=acting_user.account.pk,
                issued_at=now,
                expires_at=now + timedelta(days=DAYS),
            )
        )
        issued.append(Issued(pupil.person, pupil.number, spaced(text), rows[-1].expires_at))
    GuardianCode.objects.bulk_create(rows)
    touched_many(GuardianCode, [row.pk for row in rows], issued=now)
    return issued


@action(SIGNED_IN)
def bind_by_code(typed: str, relation: str, *, acting_user: Actor) -> Guardianship:
    """Somebody already signed in becomes a guardian of one more child."""
    with unscoped("the code itself proves that the school gave it to this guardian"):
        code = _usable(typed)
        guardian = Person.objects.filter(pk=acting_user.person).first()
        if guardian is None:
            raise CodeError("您的账号还没有登记姓名，请联系学校管理员。")
        bond = _bind(code, guardian, relation)
    return touched(bond, code=code.pk, relation=relation)


@action(INSTALLATION)
def join_by_code(
    typed: str, name: str, relation: str, account_name: str, hashed: Secret, *, acting_user: Actor
) -> Account:
    """A guardian without an account opens one with the code that the school gave."""
    code = _usable(typed)
    details, username = Details(name=name).checked(), Account.normalize_username(account_name)
    known = _entered_before(code.child, details.name)
    if known is not None:
        guardian = known.guardian
        _use(code, guardian, f"{code.child.name}的监护人{guardian.name}（{known.relation}）开通了账号。")
    else:
        school_class = class_of(code.child)
        guardian = make_person(details, school_of(school_class) if school_class else None, username)
        _bind(code, guardian, relation)
    account = guardian.account
    assert account is not None  # noqa: S101 - made with it, or asked for
    account.username, account.password, account.must_change_password = username, hashed.value, False
    account.save(update_fields=["username", "password", "must_change_password"])
    return touched(account, code=code.pk, relation=relation)


def _entered_before(child: Person, name: str) -> Guardianship | None:
    """The bond of the guardian of that name whom the school entered and who never signed in: the same person.
    One who works in a school is not: a code opens no further role."""
    bonds = Guardianship.objects.filter(child=child, until__isnull=True, guardian__name=name)
    bonds = bonds.filter(guardian__account__isnull=False, guardian__account__last_login__isnull=True)
    found = [bond for bond in bonds.select_related("guardian__account") if only_family(bond.guardian)]
    return found[0] if len(found) == 1 else None


def _usable(typed: str) -> GuardianCode:
    """The code's row, locked until the transaction ends."""
    text = plain(typed)
    rows = GuardianCode.objects.select_for_update(of=("self",)).select_related("child")
    row: GuardianCode | None = rows.filter(label=text[:LABEL]).first()
    if row is None or len(text) != LENGTH or not hmac.compare_digest(bytes(row.digest), digest_of(text)):
        raise CodeError("没有这个绑定码。请对照学校发的纸条逐位核对；字母不分大小写。")
    if row.used_at:
        raise CodeError("这个绑定码已经用过了，每个只能用一次。请向班主任再要一个。")
    if row.revoked_at or row.expires_at < timezone.now():
        raise CodeError("这个绑定码已经过期，请向班主任再要一个。")
    return row


def _bind(code: GuardianCode, guardian: Person, relation: str) -> Guardianship:
    child = code.child
    if guardian.pk == child.pk:
        raise CodeError("这是您自己的绑定码，请交给家长使用。")
    if relation not in RELATIONS:
        raise CodeError("请选择您与孩子的关系。")
    if Guardianship.objects.filter(guardian=guardian, child=child, until__isnull=True).exists():
        raise CodeError(f"您已经绑定了{child.name}，不用再绑。")
    bond: Guardianship = Guardianship.objects.create(guardian=guardian, child=child, relation=relation)
    school_class = class_of(child)
    school = school_of(school_class) if school_class else None
    if school is not None:
        held = RoleHeld.objects.filter(in_force(), person=guardian, name=RoleName.GUARDIAN, organisation=school)
        if not held.exists():
            RoleHeld.objects.create(person=guardian, name=RoleName.GUARDIAN, organisation=school)
    _use(code, guardian, f"{child.name}新绑定了一位监护人：{guardian.name}（{relation}）。若不认识，请解除。")
    return bond


def _use(code: GuardianCode, guardian: Person, sentence: str) -> None:
    """The code is spent, and the class teacher is told."""
    code.used_at, code.used_by = timezone.now(), guardian
    code.save(update_fields=["used_at", "used_by"])
    school_class = class_of(code.child)
    if school_class is None:
        return
    leading = Teaching.objects.filter(in_force(), school_class=school_class, leads=True)
    people = list(leading.values_list("person", flat=True))
    notify(people, sentence)


def _fresh_code() -> str:
    with unscoped("a label is given once in the whole installation"):
        while True:
            text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            if not GuardianCode.objects.filter(label=text[:LABEL]).exists():
                return text


def plain(typed: str) -> str:
    """A code as typed: capitals or not, with or without dashes and spaces, full-width or not."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", typed).upper())


def spaced(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def digest_of(text: str) -> bytes:
    return crypto.digest(f"guardian code:{text}")

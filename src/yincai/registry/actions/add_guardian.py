"""Enter a child's guardian, found again by phone and name if already known; take the bond back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from yincai.core import crypto
from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.registry.actions.enter_person import Details, make_person, new_account_name
from yincai.registry.models import Guardianship, Organisation, Person, RoleHeld, RoleName, in_force
from yincai.registry.policies import PUPIL_ENTER
from yincai.registry.queries import class_of, school_of


@dataclass(frozen=True)
class Put:
    """A guardian as entered: the bond, whether the person is new, the role that was opened for it."""

    bond: Guardianship
    new: bool
    role: RoleHeld | None


@action(PUPIL_ENTER)
def add_guardian(child: Person, details: Details, relation: str, *, acting_user: Actor) -> Guardianship:
    school_class = class_of(child)
    if school_class is None:
        raise ActionError(f"{child.name}现在不在任何班级，不能登记家长。")
    PUPIL_ENTER.require(acting_user, school_class)
    school = school_of(school_class)
    assert school is not None  # noqa: S101 - a class lies in a school
    put = put_guardian(child, details.checked(), relation, school)
    return touched(put.bond, **vars(details), relation=relation)


@action(PUPIL_ENTER)
def end_guardianship(bond: Guardianship, until: date, *, acting_user: Actor) -> Guardianship:
    school_class = class_of(bond.child)
    if school_class is not None:
        PUPIL_ENTER.require(acting_user, school_class)
    bond.until = until
    bond.save(update_fields=["until"])
    return touched(bond, until=until)


def put_guardian(
    child: Person,
    details: Details,
    relation: str,
    school: Organisation,
    account_name: Callable[[], str] | None = None,
) -> Put:
    """Part of an action; `details` are checked."""
    guardian = known_guardian(details)
    if guardian is not None:
        return _bind_known(child, guardian, relation, school)
    name = account_name() if account_name else new_account_name(RoleName.GUARDIAN, school)
    guardian = make_person(details, school, name)
    bond = Guardianship.objects.create(guardian=guardian, child=child, relation=relation or "监护人")
    return Put(bond, True, _welcome(guardian, school))


def _bind_known(child: Person, guardian: Person, relation: str, school: Organisation) -> Put:
    with unscoped("a guardian may have a child at another school"):
        bond = Guardianship.objects.filter(guardian=guardian, child=child, until__isnull=True).first()
        if bond:
            raise ActionError(f"{guardian.name}已经登记为{child.name}的{bond.relation}。")
        here = RoleHeld.objects.filter(in_force(), person=guardian, name=RoleName.GUARDIAN, organisation=school)
        role = None if here.exists() else _welcome(guardian, school)
        bond = Guardianship.objects.create(guardian=guardian, child=child, relation=relation or "监护人")
        return Put(bond, False, role)


def _welcome(guardian: Person, school: Organisation) -> RoleHeld:
    today = timezone.localdate()
    role: RoleHeld = RoleHeld.objects.create(person=guardian, name=RoleName.GUARDIAN, organisation=school, since=today)
    return role


def known_guardian(details: Details) -> Person | None:
    """Somebody with the same phone and the same name is the same person, at whatever school they were entered."""
    if not details.phone:
        return None
    with unscoped("a guardian may have a child at another school"):
        phone = crypto.digest(f"phone:{details.phone}")
        return Person.objects.filter(phone_digest=phone, name=details.name, erased_at__isnull=True).first()

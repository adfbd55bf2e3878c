"""First passwords for the pupils of a class or their guardians, or for one person whom one manages."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from yincai.core.action import ActionError, action, changed_nothing, touched, touched_many
from yincai.core.actors import Actor
from yincai.core.models import Account
from yincai.core.scope import unscoped
from yincai.registry.actions.sign_in import Secret
from yincai.registry.models import Organisation, Person, RoleHeld, RoleName, in_force
from yincai.registry.policies import PASSWORDS_GIVE, PERSON_MEND, PUPIL_ENTER
from yincai.registry.queries import guardians_of_class, pupils_of

HARMLESS = frozenset({RoleName.PUPIL.value, RoleName.GUARDIAN.value})


@action(PASSWORDS_GIVE)
def give_first_passwords(
    school_class: Organisation, hashed: list[tuple[str, Secret]], *, acting_user: Actor
) -> list[UUID]:
    """Set them (person id, hashed password) for pupils of the class; each must be changed at the next sign-in."""
    PASSWORDS_GIVE.require(acting_user, school_class)
    return _give([pupil.person for pupil in pupils_of(school_class)], dict(hashed))


@action(PUPIL_ENTER)
def give_guardian_passwords(
    school_class: Organisation, hashed: list[tuple[str, Secret]], *, acting_user: Actor
) -> list[UUID]:
    """The same for guardians of the class's pupils; the school's office alone, for a guardian's word is consent."""
    PUPIL_ENTER.require(acting_user, school_class)
    return _give([guardian for guardian, _ in guardians_of_class(school_class)], dict(hashed))


def _give(people: Iterable[Person], wanted: dict[str, Secret]) -> list[UUID]:
    accounts = []
    for person in people:
        account = person.account
        if account is not None and str(person.pk) in wanted and only_family(person):
            account.password, account.must_change_password = wanted[str(person.pk)].value, True
            accounts.append(account)
    if not accounts:
        changed_nothing()
        return []
    Account.objects.bulk_update(accounts, ["password", "must_change_password"])
    touched_many(Account, [account.pk for account in accounts], first_password=timezone.now())
    return [account.pk for account in accounts]


@action(PERSON_MEND)
def reset_password(person: Person, hashed: Secret, *, acting_user: Actor) -> Account:
    """A new first password for somebody whom one manages, and who holds nothing beyond one's reach."""
    PERSON_MEND.require(acting_user, person)
    account = person.account
    if account is None:
        raise ActionError(f"{person.name}还没有账号。")
    refuse_beyond_reach(person, acting_user)
    account.password, account.must_change_password = hashed.value, True
    account.save(update_fields=["password", "must_change_password"])
    return touched(account, "registry.reset_password", first_password=timezone.now())


def only_family(person: Person) -> bool:
    return not _roles(person).exclude(name__in=HARMLESS).exists()


def refuse_beyond_reach(person: Person, actor: Actor) -> None:
    """Whoever sets a password could sign in as that person: so never for one who can reach further than oneself."""
    for held in _roles(person).exclude(name__in=HARMLESS).select_related("organisation"):
        if not actor.scope.covers(held.organisation.path) or (
            held.name == RoleName.ADMIN and actor.role_name != "admin"
        ):
            raise ActionError(f"{person.name}在您管不到的地方还有身份，请由上一级管理员重设密码。")


def _roles(person: Person) -> QuerySet[RoleHeld]:
    with unscoped("a password opens every role that the person holds, wherever it is"):
        found: QuerySet[RoleHeld] = RoleHeld.objects.filter(in_force(), person=person)
    return found

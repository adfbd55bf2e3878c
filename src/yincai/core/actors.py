"""Who acts: an account, in one of its roles, with the scope that role opens.

`core` knows no roles; a package above registers a role source. Everything that changes state takes the actor as the
keyword `acting_user`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from yincai.core.scope import EVERYTHING, Scope, scope

if TYPE_CHECKING:
    from yincai.core.models import Account


@dataclass(frozen=True)
class Role:
    """One role held at one organisation, as `core` sees it."""

    id: UUID
    name: str
    label: str
    organisation: UUID
    organisation_name: str
    path: str


@dataclass(frozen=True)
class Actor:
    """`roles` are all that the person holds today; `role` is the one acted in."""

    account: Account
    scope: Scope
    person: UUID | None = None
    name: str = ""
    role: Role | None = None
    roles: tuple[Role, ...] = ()

    @property
    def role_name(self) -> str:
        return self.role.name if self.role else ""

    @property
    def person_id(self) -> UUID:
        """The person's id, where there must be one: roles of people are held by people."""
        if self.person is None:
            raise LookupError(f"account {self.account} belongs to no person")
        return self.person

    @property
    def held(self) -> Role:
        """The role acted in, where there must be one."""
        if self.role is None:
            raise LookupError(f"account {self.account} holds no role")
        return self.role

    @property
    def place(self) -> str:
        """Path of the organisation acted at, for the audit row."""
        return self.role.path if self.role else ""


RoleSource = Callable[["Account", UUID | None], Actor]
_sources: list[RoleSource] = []
SERVICE = "service"  # the role name of the installation's own account


def register_role_source(source: RoleSource) -> None:
    _sources.append(source)


def actor_for(account: Account, chosen_role: UUID | None = None) -> Actor:
    """The actor for an account: its chosen role if it still holds it, else its first."""
    if account.is_service:
        return service_actor(account)
    for source in _sources:
        return source(account, chosen_role)
    return Actor(account=account, scope=Scope())


def service_actor(account: Account) -> Actor:
    role = Role(account.pk, SERVICE, "系统", account.pk, "本系统", "")
    return Actor(account=account, scope=EVERYTHING, name="本系统", role=role, roles=(role,))


def installation() -> Actor:
    """The installation's service account: who acts when a command or a periodic task names nobody."""
    from yincai.core.models import Account

    return service_actor(Account.service())


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Work in the actor's scope."""
    with scope(actor.scope):
        yield actor

"""Permissions: one object says who may, for one thing (`can`) and for many (`filter`).

Each package declares its own in `policies.py`. A view carries its permission; tests/test_permission_table.py walks
every URL and every role and fails on one that nobody listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from yincai.core.actors import SERVICE, Actor

Rule = Callable[[Actor], Q]
View = TypeVar("View", bound=Callable[..., HttpResponse])
Row = TypeVar("Row", bound=Model)


class NotAllowed(PermissionDenied):
    """Says to the user, in words, what may not be done and who may."""


class Permission:
    """`roles`: names of the roles that hold it; `where`: a condition on the rows it reaches."""

    def __init__(self, name: str, label: str, roles: Iterable[str], where: Rule | None = None) -> None:
        self.name = name
        self.label = label
        self.roles = frozenset(roles) | {SERVICE}
        self.where = where

    def held_by(self, actor: Actor) -> bool:
        return actor.role_name in self.roles

    def can(self, actor: Actor, row: Model | None = None) -> bool:
        """May the actor do it at all (no row), or to this row?"""
        if not self.held_by(actor):
            return False
        if row is None:
            return True
        return self.filter(actor, type(row)._default_manager.filter(pk=row.pk)).exists()

    def filter(self, actor: Actor, rows: QuerySet[Row]) -> QuerySet[Row]:
        """The rows among `rows` to which the actor may do it."""
        if not self.held_by(actor):
            return rows.none()
        if self.where is None or actor.role_name == SERVICE:
            return rows
        return rows.filter(self.where(actor))

    def require(self, actor: Actor, row: Model | None = None) -> None:
        if not self.can(actor, row):
            raise NotAllowed(f"您现在的身份不能{self.label}。")

    def __repr__(self) -> str:
        return f"<Permission {self.name}>"


PERMISSIONS: dict[str, Permission] = {}


def permission(name: str, label: str, roles: Iterable[str], where: Rule | None = None) -> Permission:
    """Declare a permission once; `label` finishes the sentence 您不能…"""
    if name in PERMISSIONS:
        raise ValueError(f"permission {name} is declared twice")
    PERMISSIONS[name] = Permission(name, label, roles, where)
    return PERMISSIONS[name]


def requires(needed: Permission) -> Callable[[View], View]:
    """Guard a view: sign-in first, then the permission; the view carries it for the table test."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = getattr(request, "actor", None)
            if actor is None:
                return redirect_to_login(request.get_full_path())
            needed.require(actor)
            return view(request, *args, **kwargs)

        guarded.permission = needed  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


class Open(Permission):
    """For pages that anyone may open; says why."""

    def __init__(self, reason: str) -> None:
        super().__init__("open", reason, ())

    def held_by(self, actor: Actor) -> bool:
        return True


class SignedIn(Permission):
    """For pages of everybody who is signed in (own profile, notices, role switch)."""

    def __init__(self) -> None:
        super().__init__("signed-in", "打开这一页", ())

    def held_by(self, actor: Actor) -> bool:
        return True


SIGNED_IN = SignedIn()


def open_to_all(reason: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.permission = Open(reason)  # type: ignore[attr-defined]
        return view

    return mark

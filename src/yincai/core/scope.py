"""Scope: which organisations and people the present work may read.

Every read of scoped data is bound to a scope, or raises. A scope is opened for a request from the acting user's role,
for a task from where it was enqueued, for a command from `--as`. `unscoped` is the one way around, and a test lists
who calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet

Row = TypeVar("Row", bound=models.Model)


class ScopeMissing(RuntimeError):
    """Scoped data was read outside any scope: a programming error, never a user's."""


@dataclass(frozen=True)
class Scope:
    """`below`: organisation paths whose whole subtree may be read. `at`: paths where the actor stands, whose
    ancestors' shared things may be read. `people`: person ids reachable beside the tree (oneself, one's children)."""

    below: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    people: frozenset[UUID] = field(default_factory=frozenset)
    everything: bool = False

    def covers(self, path: str) -> bool:
        return self.everything or any(path.startswith(prefix) for prefix in self.below)

    def down(self, lookup: str) -> Q:
        """Rows whose organisation path (at `lookup`) lies in the scope."""
        if self.everything:
            return Q()
        return _any(Q(**{f"{lookup}__startswith": prefix}) for prefix in self.below)

    def up(self, lookup: str) -> Q:
        """Rows published at an ancestor of where the actor stands."""
        if self.everything:
            return Q()
        paths = {place[:length] for place in (*self.at, *self.below) for length in range(0, len(place) + 1, STEP)}
        return Q(**{f"{lookup}__in": sorted(paths)})

    def own(self, lookup: str) -> Q:
        return Q(**{f"{lookup}__in": self.people}) if self.people else NOTHING


STEP = 4  # characters a level takes in a materialised path
NOTHING = Q(pk__in=[])
EVERYTHING = Scope(below=("",), at=("",), everything=True)
_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current_scope() -> Scope:
    scope = _current.get()
    if scope is None:
        raise ScopeMissing("scoped data was read outside a scope: open one with scope(...) or act as somebody")
    return scope


@contextmanager
def scope(new: Scope) -> Iterator[Scope]:
    token = _current.set(new)
    try:
        yield new
    finally:
        _current.reset(token)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Read without bounds; `reason` says why. tests/core/test_scope.py lists every caller."""
    if not reason:
        raise ValueError("say why")
    with scope(EVERYTHING):
        yield


def _any(conditions: Iterator[Q]) -> Q:
    found = NOTHING
    for condition in conditions:
        found = condition if found is NOTHING else found | condition
    return found


class ScopedManager(models.Manager[Row], Generic[Row]):
    """The default manager of scoped models: each query is bound to the current scope."""

    def get_queryset(self) -> QuerySet[Row]:
        scope_now = current_scope()
        everything = super().get_queryset()
        if scope_now.everything:
            return everything
        return everything.filter(self.model.in_scope(scope_now))  # type: ignore[attr-defined]


class ScopedModel(models.Model):
    """A model whose rows belong to organisations or people. Override `in_scope`, or name the lookups.

    `below`: lookup of an organisation path; rows at or under the scope's organisations.
    `shared`: lookup of an organisation path; rows also visible to those standing underneath.
    `person`: lookup of a person's id; rows of oneself and one's children.
    """

    below: ClassVar[str] = ""
    shared: ClassVar[str] = ""
    person_lookup: ClassVar[str] = ""

    objects: ClassVar[ScopedManager[Any]] = ScopedManager()

    class Meta:
        abstract = True

    @classmethod
    def in_scope(cls, scope_now: Scope) -> Q:
        conditions = []
        if cls.below:
            conditions.append(scope_now.down(cls.below))
        if cls.shared:
            conditions.append(scope_now.up(cls.shared))
        if cls.person_lookup:
            conditions.append(scope_now.own(cls.person_lookup))
        return _any(iter(conditions))

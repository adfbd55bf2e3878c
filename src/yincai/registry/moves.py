"""A school that moves gets a new path. Packages above that keep what is its own under that path move it along."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import F, Model, Value
from django.db.models.functions import Concat, Substr

Follower = Callable[[str, str], None]
_followers: list[Follower] = []


def register_follower(follower: Follower) -> None:
    """`follower(old, new)` is called inside the move's transaction, with the school's old and new path."""
    _followers.append(follower)


def tell(old: str, new: str) -> None:
    for follower in _followers:
        follower(old, new)


def move_rows(model: type[Model], field: str, old: str, new: str) -> None:
    """Put rows of the whole subtree under the new path."""
    moved = Concat(Value(new), Substr(F(field), len(old) + 1))
    model._base_manager.filter(**{f"{field}__startswith": old}).update(**{field: moved})

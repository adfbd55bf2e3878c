"""Navigation entries of the shell: packages register theirs, the shell shows what the role may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yincai.core.actors import Actor
from yincai.core.permissions import Permission


@dataclass(frozen=True)
class Entry:
    """`url`: a url name. `waiting`: how many things wait for a decision there (None: never a count)."""

    label: str
    url: str
    permission: Permission
    order: int = 50
    roles: frozenset[str] = frozenset()
    waiting: Callable[[Actor], int] | None = None


ENTRIES: list[Entry] = []


def register_navigation(*entries: Entry) -> None:
    ENTRIES.extend(entries)
    ENTRIES.sort(key=lambda entry: entry.order)


def entries_for(actor: Actor) -> list[Entry]:
    return [
        entry
        for entry in ENTRIES
        if (not entry.roles or actor.role_name in entry.roles) and entry.permission.held_by(actor)
    ]

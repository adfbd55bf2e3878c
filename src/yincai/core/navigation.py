"""The shell's extension points: packages register entries of the rail, personal parts, and notes under the sign-in.

The shell shows what the role may open; it knows no package by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from yincai.core.actors import Actor
from yincai.core.permissions import Permission


@dataclass(frozen=True)
class Entry:
    """`url`: a url name. `waiting`: how many things wait for a decision there (None: never a count).

    `about`: what one does there, for homes that only list what there is.
    """

    label: str
    url: str
    permission: Permission
    order: int = 50
    roles: frozenset[str] = frozenset()
    waiting: Callable[[Actor], int] | None = None
    about: str = ""


@dataclass(frozen=True)
class Link:
    """An entry as the rail shows it."""

    label: str
    address: str
    current: bool
    waiting: int
    about: str = ""


@dataclass(frozen=True)
class ShellPart:
    """Something personal in the shell (role switch, notices); `provide` gives its template what it needs.
    `everywhere`: also on pages without a rail (a pupil's desk)."""

    template: str
    provide: Callable[[HttpRequest], dict[str, Any]] | None = None
    order: int = 50
    everywhere: bool = False


SigninNote = Callable[[HttpRequest], tuple[str, dict[str, Any]] | None]

ENTRIES: list[Entry] = []
SHELL_PARTS: list[ShellPart] = []
_signin_notes: list[SigninNote] = []


def register_navigation(*entries: Entry) -> None:
    ENTRIES.extend(entries)
    ENTRIES.sort(key=lambda entry: entry.order)


def register_shell_part(
    template: str,
    provide: Callable[[HttpRequest], dict[str, Any]] | None = None,
    order: int = 50,
    *,
    everywhere: bool = False,
) -> None:
    SHELL_PARTS.append(ShellPart(template, provide, order, everywhere))
    SHELL_PARTS.sort(key=lambda part: part.order)


def register_signin_note(note: SigninNote) -> None:
    """`note(request)` gives a template and its context, or None to say nothing."""
    _signin_notes.append(note)


def signin_notes_for(request: HttpRequest) -> list[tuple[str, dict[str, Any]]]:
    return [said for note in _signin_notes if (said := note(request)) is not None]


def entries_for(actor: Actor) -> list[Entry]:
    return [
        entry
        for entry in ENTRIES
        if (not entry.roles or actor.role_name in entry.roles) and entry.permission.held_by(actor)
    ]


def rail_for(actor: Actor, path: str) -> list[Link]:
    """The rail's links; the current one is the longest address that the page's path begins with."""
    found = [(entry, reverse(entry.url)) for entry in entries_for(actor)]
    here = max((address for _, address in found if _leads_to(address, path)), key=len, default="")
    return [
        Link(entry.label, address, address == here, entry.waiting(actor) if entry.waiting else 0, entry.about)
        for entry, address in found
    ]


def _leads_to(address: str, path: str) -> bool:
    return path == address or (address != "/" and path.startswith(address.rstrip("/") + "/"))

"""Keeping notices: the sink of `core.notices.notify`, and how many wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from yincai.core.actors import Actor
from yincai.core.scope import unscoped
from yincai.registry.models import Notice

LONGEST = 300


def keep(people: Iterable[UUID], sentence: str, link: str) -> None:
    """One notice for each person. Links stay in the house."""
    if link and not is_safe(link):
        raise ValueError(f"a notice links only within the installation, not to {link!r}")
    if len(sentence) > LONGEST or len(link) > LONGEST:
        raise ValueError(f"a notice is one sentence of at most {LONGEST} characters")
    with unscoped("a notice reaches people whom the sender may not read"):
        Notice.objects.bulk_create(
            [Notice(person_id=person, sentence=sentence, link=link) for person in dict.fromkeys(people)]
        )


def is_safe(link: str) -> bool:
    """A path on this installation."""
    return link.startswith("/") and url_has_allowed_host_and_scheme(link, allowed_hosts=None)


def unread(actor: Actor) -> int:
    if actor.person is None:
        return 0
    return int(Notice.objects.filter(person=actor.person, read_at=None).count())


def shell(request: HttpRequest) -> dict[str, Any]:
    """What the personal corner of the shell shows: other roles, notices."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    current = actor.role.id if actor.role else None
    return {"others": [role for role in actor.roles if role.id != current], "unread": unread(actor)}

"""Taking the link between a person and the pseudonym away: what was recorded stays, and points to nobody."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from yincai.core.action import action, touched
from yincai.core.actors import Actor
from yincai.core.permissions import permission
from yincai.core.rules import rule
from yincai.registry.models import Pseudonym, RoleHeld, RoleName

UNLINK = permission("registry.pseudonym.unlink", "删去编号与学生的对应关系", ())
MONTH = timedelta(days=31)  # never too early


@action(UNLINK)
def unlink(pseudonym: Pseudonym, *, acting_user: Actor) -> None:
    """Delete the one row that maps statements, facts and states back to the person."""
    touched(pseudonym, keeps=False)
    pseudonym.delete()


def departed(on: date | None = None) -> list[Pseudonym]:
    """Pseudonyms of pupils who left longer ago than the rule of their last school keeps the link."""
    today = on or timezone.localdate()
    return [mark for mark in _gone(today) if _left(mark) + _kept_for(mark) < today]


def _gone(today: date) -> QuerySet[Pseudonym]:
    """Of pupils who hold no pupil's role any more."""
    open_roles = RoleHeld.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today), name=RoleName.PUPIL, person__isnull=False
    )
    once = RoleHeld.objects.filter(name=RoleName.PUPIL).values("person")
    return Pseudonym.objects.filter(person__in=once).exclude(person__in=open_roles.values("person"))


def _left(mark: Pseudonym) -> date:
    ended = RoleHeld.objects.filter(person=mark.person_id, name=RoleName.PUPIL).aggregate(last=Max("until"))["last"]
    return ended or date.max - timedelta(days=36600)


def _kept_for(mark: Pseudonym) -> timedelta:
    last = RoleHeld.objects.filter(person=mark.person_id, name=RoleName.PUPIL).order_by("until").last()
    place = last.organisation.path if last else ""
    return MONTH * int(rule("pi.keep", place).value)

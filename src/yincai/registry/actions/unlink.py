"""Taking the link between a person and the pseudonym away: what was recorded stays, and points to nobody."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet
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
    return [mark for mark in _gone(today) if _time_is_over(mark, today)]


def _gone(today: date) -> QuerySet[Pseudonym]:
    """Of people who were pupils and hold no pupil's role any more."""
    pupils = RoleHeld.objects.filter(name=RoleName.PUPIL)
    still = pupils.filter(Q(until__isnull=True) | Q(until__gte=today))
    return Pseudonym.objects.filter(person__in=pupils.values("person")).exclude(person__in=still.values("person"))


def _time_is_over(mark: Pseudonym, today: date) -> bool:
    roles = RoleHeld.objects.filter(person=mark.person_id, name=RoleName.PUPIL).select_related("organisation")
    last = roles.latest("until")
    months = int(rule("pi.keep", last.organisation.path).value)
    return last.until is not None and last.until + MONTH * months < today

"""Background work for reports: histories too long to be folded while a page waits."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.tasks import background, enqueue
from yincai.learning.models import Grown
from yincai.learning.reports.growth import Stretch, keep

ASKED = 120  # seconds within which the same work is not asked for again
OLD = timedelta(days=60)


@background
def grow(*, subject: str, stretches: list[list[int]], acting_user: Actor) -> None:
    """Work stretches out in the scope of whoever opened the report; old ones of these pupils are thrown away."""
    pupils = {pupil for pupil, _, _ in stretches}
    Grown.objects.filter(pupil__in=pupils, subject=subject, at__lt=timezone.now() - OLD).delete()
    for pupil, first, last in stretches:
        keep(pupil, first, last, subject)


def ask_to_grow(subject: str, stretches: list[Stretch], *, acting_user: Actor) -> None:
    """Once, however often the page is looked at meanwhile."""
    new = [one for one in stretches if cache.add(f"{one.key}.asked", 1, ASKED)]
    if new:
        wanted = [[one.pupil, one.first, one.last] for one in new]
        enqueue(grow, acting_user=acting_user, subject=subject, stretches=wanted)

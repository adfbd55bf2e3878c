"""What has no use any more goes: sessions that are over, with what was kept in them only, and old tasks' results."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from yincai.core.actors import Actor
from yincai.core.tasks import background, register_periodic

RESULTS_KEPT = timedelta(days=7)


@background
def sweep(*, acting_user: Actor) -> None:
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    DBTaskResult.objects.finished().filter(finished_at__lte=timezone.now() - RESULTS_KEPT).delete()


register_periodic(sweep, timedelta(hours=1))

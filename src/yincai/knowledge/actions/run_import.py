"""Run a staged import in the background, then look for points for its new routes."""

from __future__ import annotations

from yincai.core import jobs
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.core.tasks import long_background
from yincai.knowledge.actions.suggest import suggest


@long_background
def run_import(import_id: str, *, acting_user: Actor) -> None:
    jobs.run(Job.objects.get(pk=import_id), acting_user=acting_user)
    suggest(acting_user=acting_user)


@long_background
def undo_import(import_id: str, *, acting_user: Actor) -> None:
    jobs.undo(Job.objects.get(pk=import_id), acting_user=acting_user)

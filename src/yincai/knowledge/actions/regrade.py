"""A wrong key is mended once: answers given to the older versions are graded again by the new one.

Facts are never changed; each one that was graded otherwise gets a correcting statement (records.corrections), and the
states are folded anew. It is a job in short batches; at its end those concerned hear of it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from yincai.core import jobs
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.core.notices import notify
from yincai.core.permissions import permission
from yincai.core.tasks import long_background
from yincai.knowledge import items
from yincai.knowledge.models import Item, ItemVersion
from yincai.knowledge.queries import graph
from yincai.records import queries
from yincai.records.corrections import correct
from yincai.records.models import ResponseFact
from yincai.registry.models import Teaching, in_force
from yincai.registry.queries import people_of

KIND = "knowledge.regrade"
REGRADE = permission("knowledge.regrade", "重判已有的作答", ())


def may_regrade(older: ItemVersion, newer: ItemVersion) -> bool:
    """Only the key or its rules may differ: letters typed to other options would mean something else."""
    return older.answer != newer.answer and (older.stem, older.options) == (newer.stem, newer.options)


@long_background
def regrade(item: int, *, acting_user: Actor) -> None:
    """Grade answers to older versions by the newest. The installation itself does it (enqueue it as that): a city's
    item was answered in schools that who mended it may not look into."""
    job = _stage(Item.objects.get(pk=item), acting_user)
    if job:
        jobs.run(job, acting_user=acting_user)


def _stage(item: Item, acting_user: Actor) -> Job | None:
    waiting = Job.objects.filter(kind=KIND, state=Job.APPLYING, options__item=item.pk, options__version=item.version)
    if waiting.exists():
        return waiting.first()
    newest = item.versions.get(number=item.version)
    older = [row.number for row in item.versions.all() if may_regrade(row, newest)]
    answers = ResponseFact.objects.filter(item=item.pk, version__in=older, replaces=None).order_by("pk")
    facts = list(answers.values_list("pk", flat=True))
    if not facts:
        return None
    options = {"item": item.pk, "version": item.version}
    rows = ({"fact": fact} for fact in facts)
    return jobs.stage(KIND, f"重判 {item.code}", rows, acting_user=acting_user, options=options)


def apply(job: Job, payloads: list[jobs.Payload], actor: Actor) -> list[Any]:
    facts = ResponseFact.objects.in_bulk([payload["fact"] for payload in payloads])
    return [_regrade(facts[payload["fact"]], job.options["version"], actor) for payload in payloads]


def _regrade(fact: ResponseFact, version: int, actor: Actor) -> dict[str, Any]:
    said = queries.statement(fact.statement)
    typed = said["result"].get("response", "") if said else ""
    verdict = items.grade(fact.item, version, fact.seed, typed)
    if verdict.outcome not in ("right", "wrong"):
        return {}
    corrected = correct(fact, score=verdict.score, cause=verdict.cause, version=version, acting_user=actor)
    changed = corrected is not None and not corrected.again and verdict.score != fact.score
    return {"pupil": fact.pupil, "place": fact.place} if changed else {}


def finish(job: Job, actor: Actor) -> None:
    """Tell the pupils whose answer counts otherwise now, and those who teach them."""
    changed = [row for row in job.rows.values_list("undo", flat=True) if row]
    people = people_of({row["pupil"] for row in changed}).values()
    notify([person.pk for person in people], "有一道题的答案原来定错了，现在已改正，你那次作答也重新判过了。", "/")
    code, address = Item.objects.get(pk=job.options["item"]).code, reverse("knowledge-item", args=[job.options["item"]])
    for teacher, pupils in _teachers(changed).items():
        say = f"题目 {code} 的答案已改正，您班上 {len(pupils)} 名学生的作答重新判过，学情随后更新。"
        notify([teacher], say, address)


def _teachers(changed: list[dict[str, Any]]) -> dict[UUID, set[int]]:
    """Who teaches mathematics at the classes concerned → which of their pupils are."""
    found: dict[UUID, set[int]] = {}
    rows = Teaching.objects.filter(
        in_force(), school_class__path__in={row["place"] for row in changed}, subject=graph().name
    )
    for person, path in rows.values_list("person", "school_class__path"):
        found.setdefault(person, set()).update(row["pupil"] for row in changed if row["place"] == path)
    return found


jobs.register_job(jobs.JobKind(KIND, "重判作答", REGRADE, apply, finish=finish))

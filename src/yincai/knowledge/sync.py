"""Bring the rows that ship with the code up to date: the subject graph, and an item for each topic of a generator.

They arrive like a migration, with the code and not by anybody's act, so no audit row tells of them. An item is known by
its code: that of the first topic is the depth's, so a depth that is divided keeps its item, with all that hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from yincai.core.models import Fact
from yincai.knowledge import pool
from yincai.knowledge.generators import Depth, Topic, all_generators
from yincai.knowledge.generators.registry import AnyGenerator
from yincai.knowledge.graph import SubjectGraph
from yincai.knowledge.models import Edge, Item, ItemPoint, ItemStatus, ItemVersion, KnowledgePoint
from yincai.knowledge.queries import GRAPHS, graph

STAMP = "knowledge.synced"
COLLECTION = "生成器"
LICENCE = "Apache-2.0"


def sync_if_changed(**_: Any) -> None:
    """After migrations and when a home is prepared: nothing to do unless the graph or a generator is new."""
    if Fact.read(STAMP) != _state():
        sync_shipped()


def _state() -> dict[str, Any]:
    generators = {code_of(*each): each[0].version for each in _shipped()}
    return {"graphs": {subject: graph(subject).version for subject in GRAPHS}, "generators": generators}


@transaction.atomic
def sync_shipped() -> None:
    for subject in GRAPHS:
        points = _sync_points(subject, graph(subject))
        _sync_generators(subject, points)
        pool.changed(subject)
    Fact.objects.update_or_create(pk=STAMP, defaults={"value": _state()})


def _sync_points(subject: str, known: SubjectGraph) -> dict[str, KnowledgePoint]:
    rows = []
    for order, point in enumerate(known):
        unit = known.units[point.unit]
        rows.append(
            KnowledgePoint(
                subject=subject,
                code=point.code,
                slot=point.slot,
                name=point.name,
                can=point.can,
                grade=point.grade,
                term=point.term,
                unit=unit.code,
                unit_name=unit.name,
                order=order,
                graph_version=known.version,
                retired=False,
            )
        )
    changing = ["code", "name", "can", "grade", "term", "unit", "unit_name", "order", "graph_version", "retired"]
    KnowledgePoint.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["subject", "slot"], update_fields=changing
    )
    KnowledgePoint.objects.filter(subject=subject).exclude(slot__in=[row.slot for row in rows]).update(retired=True)
    points = {row.code: row for row in KnowledgePoint.objects.filter(subject=subject)}
    _sync_edges(subject, known, points)
    return points


def _sync_edges(subject: str, known: SubjectGraph, points: dict[str, KnowledgePoint]) -> None:
    Edge.objects.filter(point__subject=subject).delete()
    pairs = [(points[point.code], points[need]) for point in known for need in point.needs]
    Edge.objects.bulk_create([Edge(point=point, needs=need) for point, need in pairs])


def _sync_generators(subject: str, points: dict[str, KnowledgePoint]) -> None:
    present = set()
    for generator, depth, topic in _shipped():
        item, codes = _sync_topic(subject, generator, depth, topic)
        _tag(item, [points[code] for code in codes if code in points])
        present.add(item.pk)
    gone = Item._base_manager.filter(subject=subject).exclude(generator="").exclude(pk__in=present)
    gone.update(status=ItemStatus.RETIRED)


def _shipped() -> Iterator[tuple[AnyGenerator, Depth, Topic]]:
    return ((one, depth, topic) for one in all_generators() for depth in one.depths for topic in depth.topics)


def code_of(generator: AnyGenerator, depth: Depth, topic: Topic) -> str:
    """`circle-1`; for a further topic of the depth the end of its point's code too, `circle-1-area`."""
    plain = f"{generator.code}-{depth.level}"
    return plain if topic == depth.topics[0] else f"{plain}-{topic.point.rpartition('.')[2]}"


def _sync_topic(subject: str, generator: AnyGenerator, depth: Depth, topic: Topic) -> tuple[Item, tuple[str, ...]]:
    """The item, and the codes of its points."""
    sample = generator.make(generator.seed_about(topic.point, 0, depth.level), depth.level)
    own = {
        "depth": depth.level,
        "topic": topic.point,
        "subject": subject,
        "kind": "single" if sample.kind == "choice" else sample.kind,
        "version": generator.version,
        "grade": generator.grade,
        "difficulty": depth.difficulty,
        "collection": COLLECTION,
        "plain": f"{generator.name}{topic.name}",
    }
    item, _ = Item._base_manager.update_or_create(
        generator=generator.code,
        code=code_of(generator, depth, topic),
        defaults=own,
        create_defaults={**own, "status": ItemStatus.READY},  # later on it is as people have set it
    )
    ItemVersion.objects.update_or_create(
        item=item,
        number=generator.version,
        defaults={
            "difficulty": depth.difficulty,
            "guess": 1 / len(sample.options) if sample.options else 0.0,
            "source": f"因材 · {generator.name}（{topic.name}）",
            "licence": LICENCE,
        },
    )
    return item, sample.points


def _tag(item: Item, points: list[KnowledgePoint]) -> None:
    ItemPoint.objects.filter(item=item).exclude(point__in=points).delete()
    ItemPoint.objects.bulk_create([ItemPoint(item=item, point=point) for point in points], ignore_conflicts=True)

"""Bring the rows that ship with the code up to date: the subject graph, and an item for each depth of a generator.

They arrive like a migration, with the code and not by anybody's act, so no audit row tells of them.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from yincai.core.models import Fact
from yincai.knowledge import pool
from yincai.knowledge.generators import Depth, all_generators
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
    generators = {f"{one.code}.{len(one.depths)}": one.version for one in all_generators()}
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
    for generator in all_generators():
        for depth in generator.depths:
            item = _sync_depth(subject, generator, depth)
            _tag(item, [points[code] for code in generator.make(0, depth.level).points if code in points])
            present.add(item.pk)
    gone = Item._base_manager.filter(subject=subject).exclude(generator="").exclude(pk__in=present)
    gone.update(status=ItemStatus.RETIRED)


def _sync_depth(subject: str, generator: AnyGenerator, depth: Depth) -> Item:
    sample = generator.make(0, depth.level)
    item, _ = Item._base_manager.update_or_create(
        generator=generator.code,
        depth=depth.level,
        defaults={
            "code": f"{generator.code}-{depth.level}",
            "subject": subject,
            "kind": "single" if sample.kind == "choice" else sample.kind,
            "status": ItemStatus.READY,
            "version": generator.version,
            "grade": generator.grade,
            "difficulty": depth.difficulty,
            "collection": COLLECTION,
            "plain": f"{generator.name}{depth.name}",
        },
    )
    ItemVersion.objects.update_or_create(
        item=item,
        number=generator.version,
        defaults={
            "difficulty": depth.difficulty,
            "guess": 1 / len(sample.options) if sample.options else 0.0,
            "source": f"因材 · {generator.name}（{depth.name}）",
            "licence": LICENCE,
        },
    )
    return item


def _tag(item: Item, points: list[KnowledgePoint]) -> None:
    ItemPoint.objects.filter(item=item).exclude(point__in=points).delete()
    ItemPoint.objects.bulk_create([ItemPoint(item=item, point=point) for point in points], ignore_conflicts=True)

"""A lake of a few weeks for the cast's city, written as Parquet, and what must come out of it, reckoned by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from tests.cast import BEGAN, Cast
from yincai.core.scope import unscoped
from yincai.indicators import results
from yincai.records import lake as writer
from yincai.records.models import Cursor
from yincai.registry.models import Organisation, Person, Pseudonym, RoleHeld

SIZES = {"class51": 28, "class52": 4, "other_class": 33, "class71": 40}
MASTERY = [("pupil", pa.int64()), ("subject", pa.string()), ("slot", pa.int16()), ("n", pa.int32())]
MASTERY += [("label", pa.int8()), ("as_of", pa.timestamp("us", tz="UTC")), ("place", pa.string())]


@dataclass
class Lake:
    """What was written: by class attribute of the cast, the pupils' numbers, who came this week, labels by pupil."""

    cast: Cast
    folder: Path
    pupils: dict[str, list[int]] = field(default_factory=dict)
    came: set[int] = field(default_factory=set)
    labels: dict[int, list[int]] = field(default_factory=dict)

    def place(self, name: str) -> str:
        found: Organisation = getattr(self.cast, name)
        return found.path

    def shares(self, names: list[str], level: int) -> list[float]:
        numbers = [number for name in names for number in self.pupils[name] if number in self.labels]
        return [self.labels[number].count(level) / len(self.labels[number]) for number in numbers]


def add_pupils(place: Organisation, count: int, first: int) -> None:
    people = [Person(name=f"同学{place.path}{number}") for number in range(first, first + count)]
    Person.objects.bulk_create(people)
    Pseudonym.objects.bulk_create(Pseudonym(person=person, keeps=True) for person in people)
    RoleHeld.objects.bulk_create(
        RoleHeld(person=person, name="pupil", organisation=place, number=first + number, since=BEGAN)
        for number, person in enumerate(people)
    )


@pytest.fixture
def lake(cast: Cast, settings: Any, tmp_path: Path) -> Lake:
    settings.LAKE = tmp_path
    made = Lake(cast, tmp_path)
    with unscoped("the test's city"):
        for name, size in SIZES.items():
            place = getattr(cast, name)
            there = RoleHeld.objects.filter(organisation=place, name="pupil").count()
            add_pupils(place, size - there, there + 1)
            held = RoleHeld.objects.filter(organisation=place, name="pupil").order_by("number")
            made.pupils[name] = list(held.values_list("person__pseudonym__number", flat=True))
    _write(made)
    results.refresh()
    return made


def _write(made: Lake) -> None:
    chance = random.Random(7)
    now = timezone.now()
    facts, mastery = [], []
    for name, numbers in made.pupils.items():
        for number in numbers:
            weeks_ago = chance.choice([0, 0, 1, 3])
            facts.append(_fact(len(facts), number, made.place(name), now - timedelta(days=weeks_ago * 9)))
            if weeks_ago == 0 and name != "class71":
                made.came.add(number)
            made.labels[number] = [chance.choice([1, 2, 2, 3, 3]) for _ in range(chance.randint(1, 6))]
            mastery += [
                (number, "math", slot, 3, label, now, made.place(name))
                for slot, label in enumerate(made.labels[number])
            ]
    facts = [fact for fact in facts if fact[5] != made.place("class71")]  # nobody of 七（1）班 came
    for day in {fact[-1].astimezone(UTC).date() for fact in facts}:
        rows = [fact for fact in facts if fact[-1].astimezone(UTC).date() == day]
        _parquet(made.folder / "facts" / f"day={day}", _facts_table(rows))
    columns = dict(zip([name for name, _ in MASTERY], zip(*mastery, strict=True), strict=True))
    _parquet(made.folder / "mastery" / f"day={now.date()}", pa.table(columns, schema=pa.schema(MASTERY)))
    Cursor.objects.update_or_create(name=writer.FACTS, defaults={"at": now})


def _fact(number: int, pupil: int, place: str, at: datetime) -> tuple[Any, ...]:
    return (number, pupil, 1, None, "math", place, 1, 1, None, "3", 1.0, 900, 1, 0, "practice", "", at)


def _facts_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    return writer.facts_table(rows)


def _parquet(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-test.parquet")

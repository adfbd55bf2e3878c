"""A lake of a few weeks for the cast's city, written as Parquet, and what must come out of it, reckoned by hand."""

from __future__ import annotations

import random
import shutil
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


@dataclass(frozen=True)
class Written:
    """A lake with the figures computed from it, and what is in it."""

    folder: Path
    at: datetime
    came: set[int]
    labels: dict[int, list[int]]


@pytest.fixture(scope="session")
def written() -> list[Written]:
    """Filled by the first test that needs it: the pupils' numbers are the same in each, so the lake is as well."""
    return []


@pytest.fixture
def lake(
    cast: Cast, settings: Any, tmp_path: Path, written: list[Written], tmp_path_factory: pytest.TempPathFactory
) -> Lake:
    settings.LAKE = tmp_path / "lake"
    made = Lake(cast, settings.LAKE)
    with unscoped("the test's city"):
        for name, size in SIZES.items():
            place = getattr(cast, name)
            there = RoleHeld.objects.filter(organisation=place, name="pupil").count()
            add_pupils(place, size - there, there + 1)
            made.pupils[name] = _numbered(place, 1000 * (1 + len(made.pupils)))
    if not written:
        written.append(_write(made, tmp_path_factory.mktemp("kept") / "lake"))
    shutil.copytree(written[0].folder, made.folder, dirs_exist_ok=True)
    made.came, made.labels = written[0].came, written[0].labels
    Cursor.objects.update_or_create(name=writer.FACTS, defaults={"at": written[0].at})
    return made


def _numbered(place: Organisation, first: int) -> list[int]:
    """Pseudonyms of a class with numbers from `first` on, in the order of the seats."""
    held = RoleHeld.objects.filter(organisation=place, name="pupil").order_by("number")
    numbers = list(range(first, first + held.count()))
    for number, person in zip(numbers, held.values_list("person", flat=True), strict=True):
        Pseudonym.objects.filter(person=person).update(number=number)
    return numbers


def _write(made: Lake, kept: Path) -> Written:
    chance = random.Random(7)
    now = timezone.now()
    facts, mastery = [], []
    came, labels = set(), {}
    for name, numbers in made.pupils.items():
        for number in numbers:
            weeks_ago = chance.choice([0, 0, 1, 3])
            facts.append(_fact(len(facts), number, made.place(name), now - timedelta(days=weeks_ago * 9)))
            if weeks_ago == 0 and name != "class71":
                came.add(number)
            labels[number] = [chance.choice([1, 2, 2, 3, 3]) for _ in range(chance.randint(1, 6))]
            mastery += [
                (number, "math", slot, 3, label, now, made.place(name)) for slot, label in enumerate(labels[number])
            ]
    facts = [fact for fact in facts if fact[5] != made.place("class71")]  # nobody of 七（1）班 came
    for day in {fact[-1].astimezone(UTC).date() for fact in facts}:
        rows = [fact for fact in facts if fact[-1].astimezone(UTC).date() == day]
        _parquet(made.folder / "facts" / f"day={day}", _facts_table(rows))
    columns = dict(zip([name for name, _ in MASTERY], zip(*mastery, strict=True), strict=True))
    _parquet(made.folder / "mastery" / f"day={now.date()}", pa.table(columns, schema=pa.schema(MASTERY)))
    Cursor.objects.update_or_create(name=writer.FACTS, defaults={"at": now})
    results.refresh()
    shutil.copytree(made.folder, kept)
    return Written(kept, now, came, labels)


def _fact(number: int, pupil: int, place: str, at: datetime) -> tuple[Any, ...]:
    return (number, pupil, 1, None, "math", place, 1, 1, None, "3", 1.0, 900, 1, 0, "practice", "", at)


def _facts_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    return writer.facts_table(rows)


def _parquet(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-test.parquet")

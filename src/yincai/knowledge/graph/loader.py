"""Reading and checking a subject graph. Every fault found is told at once, in words that name the place."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TERMS = ("上", "下")
NUMERALS = "零一二三四五六七八九"
CODE = re.compile(r"m[1-9]\.[a-z0-9]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)")


class GraphError(ValueError):
    """The graph file cannot be used; the message lists every fault."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (单元) of one term, in teaching order."""

    code: str
    name: str
    grade: int
    term: str
    order: int

    @property
    def when(self) -> tuple[int, int, int]:
        """Sorts units as a pupil meets them."""
        return (self.grade, TERMS.index(self.term), self.order)

    @property
    def book(self) -> str:
        """The textbook it stands in: 五年级下册."""
        return f"{NUMERALS[self.grade]}年级{self.term}册"

    @property
    def label(self) -> str:
        return f"{self.book} · {self.name}"


@dataclass(frozen=True, slots=True)
class Point:
    """A knowledge point (知识点)."""

    code: str
    name: str
    can: str
    """What a pupil who has it can do: one sentence, 能……"""
    grade: int
    term: str
    unit: str
    slot: int
    """Its place in the packed arrays of a learner state; never reused."""
    needs: tuple[str, ...]
    """Codes of the points it directly stands on."""


@dataclass(frozen=True, eq=False)
class SubjectGraph:
    """Units and points in teaching order, by code."""

    subject: str
    name: str
    version: int
    units: Mapping[str, Unit]
    points: Mapping[str, Point]
    retired: frozenset[int] = field(default=frozenset())

    def __getitem__(self, code: str) -> Point:
        return self.points[code]

    def __contains__(self, code: object) -> bool:
        return code in self.points

    def __iter__(self) -> Iterator[Point]:
        return iter(self.points.values())

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def width(self) -> int:
        """Length of a packed array that has room for every slot ever given."""
        return max([p.slot for p in self] + list(self.retired), default=-1) + 1

    @cached_property
    def by_slot(self) -> Mapping[int, Point]:
        return {p.slot: p for p in self}

    @cached_property
    def topological(self) -> tuple[str, ...]:
        """Codes so that each point comes after everything it needs."""
        return tuple(TopologicalSorter({p.code: p.needs for p in self}).static_order())

    @cached_property
    def unlocks(self) -> Mapping[str, tuple[str, ...]]:
        """For each code, the points that directly need it."""
        above: dict[str, list[str]] = {code: [] for code in self.points}
        for point in self:
            for need in point.needs:
                above[need].append(point.code)
        return {code: tuple(codes) for code, codes in above.items()}

    def foundation(self, code: str) -> tuple[str, ...]:
        """Everything `code` stands on, directly or not, the deepest first."""
        found: set[str] = set()
        waiting = list(self.points[code].needs)
        while waiting:
            need = waiting.pop()
            if need not in found:
                found.add(need)
                waiting.extend(self.points[need].needs)
        return tuple(c for c in self.topological if c in found)

    def of_unit(self, unit: str) -> tuple[Point, ...]:
        return tuple(p for p in self if p.unit == unit)

    def of_grade(self, grade: int) -> tuple[Point, ...]:
        return tuple(p for p in self if p.grade == grade)


@lru_cache
def load(subject: str = "mathematics") -> SubjectGraph:
    """The graph of a subject that ships with this release."""
    path = HERE / f"{subject}.toml"
    if not path.exists():
        known = "、".join(sorted(p.stem for p in HERE.glob("*.toml")))
        raise GraphError(f"no subject graph for {subject!r}; there are: {known}")
    return parse(path.read_text(encoding="utf-8"), name=path.name)


def parse(text: str, *, name: str = "graph") -> SubjectGraph:
    """A graph from TOML text, checked; raises GraphError with all faults found."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GraphError(f"{name} is not TOML: {error}") from error
    try:
        graph = _build(data)
    except (KeyError, TypeError) as error:
        raise GraphError(f"{name}: a unit or point lacks {error}, or it has the wrong type") from error
    return graph


def _build(data: Mapping[str, Any]) -> SubjectGraph:
    units = [_unit(row) for row in data["units"]]
    points = [
        _point(row, unit) for unit, block in zip(units, data["units"], strict=True) for row in block.get("points", ())
    ]
    retired = frozenset(data.get("retired", ()))
    faults = [*_unit_faults(units), *_point_faults(points, retired)]
    if not faults:  # the order of needs can only be judged when all codes are sound
        faults = list(_need_faults(points, {u.code: u for u in units}))
    if faults:
        raise GraphError("the subject graph has faults:\n  " + "\n  ".join(faults))
    units.sort(key=lambda u: u.when)
    place = {u.code: u.when for u in units}
    points.sort(key=lambda p: place[p.unit])
    return SubjectGraph(
        subject=data["subject"],
        name=data["name"],
        version=int(data["version"]),
        units={u.code: u for u in units},
        points={p.code: p for p in points},
        retired=retired,
    )


def _unit(row: Mapping[str, Any]) -> Unit:
    return Unit(
        code=row["code"],
        name=row["name"],
        grade=int(row["grade"]),
        term=row["term"],
        order=int(row["order"]),
    )


def _point(row: Mapping[str, Any], unit: Unit) -> Point:
    return Point(
        code=row["code"],
        name=row["name"],
        can=row["can"],
        grade=unit.grade,
        term=unit.term,
        unit=unit.code,
        slot=int(row["slot"]),
        needs=tuple(row["needs"]),
    )


def _unit_faults(units: Iterable[Unit]) -> Iterator[str]:
    codes: set[str] = set()
    places: dict[tuple[int, str, int], str] = {}
    for unit in units:
        if unit.term not in TERMS:
            yield f"unit {unit.code}: term {unit.term!r} is neither 上 nor 下"
        if unit.code in codes:
            yield f"unit {unit.code}: the code stands twice"
        place = (unit.grade, unit.term, unit.order)
        if place in places:
            yield f"unit {unit.code}: has the same place in its term as {places[place]}"
        codes.add(unit.code)
        places[place] = unit.code


def _point_faults(points: Iterable[Point], retired: frozenset[int]) -> Iterator[str]:
    codes: set[str] = set()
    slots: dict[int, str] = {}
    for point in points:
        if not CODE.fullmatch(point.code):
            yield f"{point.code}: a code looks like m5.frac.add-unlike"
        if point.code in codes:
            yield f"{point.code}: the code stands twice"
        if point.slot in slots:
            yield f"{point.code}: slot {point.slot} already belongs to {slots[point.slot]}"
        if point.slot in retired:
            yield f"{point.code}: slot {point.slot} is retired and never given again"
        if point.slot < 0:
            yield f"{point.code}: slot {point.slot} is negative"
        if not point.can.startswith("能"):
            yield f"{point.code}: the description says what a pupil can do, 能……"
        codes.add(point.code)
        slots[point.slot] = point.code


def _need_faults(points: Iterable[Point], units: Mapping[str, Unit]) -> Iterator[str]:
    by_code = {p.code: p for p in points}
    for point in by_code.values():
        for need in point.needs:
            below = by_code.get(need)
            if below is None:
                yield f"{point.code}: needs {need}, which does not exist"
            elif units[below.unit].when > units[point.unit].when:
                yield f"{point.code}: needs {need}, which is taught later ({units[below.unit].label})"
        if len(set(point.needs)) != len(point.needs):
            yield f"{point.code}: names a need twice"
    try:
        TopologicalSorter({p.code: [n for n in p.needs if n in by_code] for p in by_code.values()}).prepare()
    except CycleError as error:
        yield "needs go in a circle: " + " → ".join(error.args[1])

"""Rules in force: the source of `core.rules.rule`.

At every level the value that fits the grades most closely and is newest holds. From the top down the strictest holds,
for a lower level may only tighten; a value that is merely our default gives way to what a city or district has set.
Everything is read from one snapshot of the table, kept in the process: it is dropped at once when this process
changes a rule, and looked at again every few seconds for the changes of others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from yincai.core.rules import RuleValue, UnknownRule
from yincai.core.scope import STEP, unscoped
from yincai.registry.models import Organisation, OrganisationKind, RuleEntry
from yincai.registry.rulebook import Declared, grades_of, rulebook

BUREAUS = frozenset({OrganisationKind.CITY.value, OrganisationKind.DISTRICT.value})
LOOK_AGAIN = 5.0  # seconds


@dataclass(frozen=True)
class Entry:
    """One row of the table, ready to compare. `path` is empty for the rulebook's own."""

    path: str
    kind: str
    stage: str
    grades: frozenset[int]
    value: Any
    effective_from: date
    source: str
    blocks: bool
    place: str

    @property
    def rank(self) -> tuple[int, int]:
        """The closest fit first, then the newest."""
        return -len(self.grades), self.effective_from.toordinal()


@dataclass
class Snapshot:
    version: tuple[Any, ...]
    day: date
    root: str
    entries: dict[str, list[Entry]]
    known: dict[tuple[str, str, str], RuleValue] = field(default_factory=dict)
    looked: float = 0.0


_snapshot: Snapshot | None = None


def forget() -> None:
    """Drop the snapshot: a rule was changed (or, in tests, the database was)."""
    global _snapshot
    _snapshot = None


def source(rule_id: str, path: str, stage: str) -> RuleValue:
    """The rule at an organisation path; `stage` is a stage, or a grade as text. UnknownRule where it does not apply."""
    snapshot = _current()
    key = (rule_id, path, stage)
    found = snapshot.known.get(key)
    if found is None:
        found = _resolve(snapshot, rule_id, path, stage)
        snapshot.known[key] = found
    return found


def installation_rule(rule_id: str) -> RuleValue:
    """The rule at the top of the tree: for what concerns the installation before anybody is signed in."""
    return source(rule_id, _current().root, "")


def paths_above(path: str) -> list[str]:
    return [path[:length] for length in range(STEP, len(path), STEP)]


def value_above(rule_id: str, path: str, stage: str) -> RuleValue | None:
    """What holds at `path` by the levels above it alone; None where nothing applies."""
    try:
        return _resolve(_current(), rule_id, path[:-STEP], stage)
    except UnknownRule:
        return None


def _current() -> Snapshot:
    global _snapshot
    now, found, today = time.monotonic(), _snapshot, timezone.localdate()
    if found is not None and found.day == today and now - found.looked < LOOK_AGAIN:
        return found
    if found is None or found.day != today or found.version != _version():
        found = _load(today)
    found.looked = now
    _snapshot = found
    return found


def _version() -> tuple[Any, ...]:
    with unscoped("rules of all levels make the rule in force"):
        seen = RuleEntry.objects.aggregate(newest=Max("id"), count=Count("id"), changed=Max("entered_at"))
    return seen["newest"], seen["count"], seen["changed"]


def _load(today: date) -> Snapshot:
    version = _version()
    entries: dict[str, list[Entry]] = {}
    with unscoped("rules of all levels make the rule in force"):
        for row in RuleEntry.objects.filter(effective_from__lte=today).select_related("organisation").order_by("id"):
            entries.setdefault(row.rule, []).append(_entry(row))
        root = Organisation.objects.filter(parent__isnull=True).order_by("path").values_list("path", flat=True).first()
    return Snapshot(version, today, root or "", entries)


def _entry(row: RuleEntry) -> Entry:
    place = row.organisation
    return Entry(
        path=place.path if place else "",
        kind=place.kind if place else "",
        stage=row.stage,
        grades=grades_of(row.stage),
        value=row.value,
        effective_from=row.effective_from,
        source=row.source,
        blocks=row.blocks,
        place=place.name if place else "",
    )


def _resolve(snapshot: Snapshot, rule_id: str, path: str, stage: str) -> RuleValue:
    declared = rulebook().declared.get(rule_id)
    if declared is None:
        raise UnknownRule(f"{rule_id}: no such rule is declared in rulebook.toml")
    levels = _levels(snapshot.entries.get(rule_id, ()), path)
    found = [value for grade in grades_of(stage) if (value := _for_grade(declared, levels, grade))]
    if not found:
        raise UnknownRule(f"{rule_id} does not apply to {stage or 'any stage'} at {path or 'the installation'}")
    return _strictest(declared, found)


def _levels(entries: Iterable[Entry], path: str) -> list[list[Entry]]:
    """The entries that reach `path`, level by level from the top."""
    by_path: dict[str, list[Entry]] = {}
    for entry in entries:
        if path.startswith(entry.path):
            by_path.setdefault(entry.path, []).append(entry)
    return [by_path[level] for level in sorted(by_path, key=len)]


def _for_grade(declared: Declared, levels: list[list[Entry]], grade: int) -> RuleValue | None:
    chosen = [max(fitting, key=lambda entry: entry.rank) for level in levels if (fitting := _fitting(level, grade))]
    if not declared.law and any(entry.kind in BUREAUS for entry in chosen):
        chosen = [entry for entry in chosen if entry.path]  # a bureau's word replaces our default
    if not chosen:
        return None
    return _strictest(declared, [_value(declared, entry) for entry in chosen])


def _fitting(level: list[Entry], grade: int) -> list[Entry]:
    return [entry for entry in level if grade in entry.grades]


def _value(declared: Declared, entry: Entry) -> RuleValue:
    return RuleValue(declared.id, entry.value, entry.source, entry.blocks, entry.effective_from, entry.place)


def _strictest(declared: Declared, values: list[RuleValue]) -> RuleValue:
    """The strictest value; it blocks if any of those that hold does."""
    best = values[0]
    for value in values[1:]:
        if not declared.strict_enough(best.value, value.value):
            best = value
    blocks = any(value.blocks for value in values)
    return RuleValue(best.id, best.value, best.source, blocks, best.since, best.place)


def adopt_rulebook(**_: object) -> int:
    """Bring the rows without an organisation to this version's rulebook. Returns how many changed."""
    book = rulebook()
    changed = 0
    with unscoped("the rulebook belongs to no organisation"):
        kept = {(row.rule, row.stage, row.effective_from): row for row in RuleEntry.objects.filter(organisation=None)}
        for line in book.lines:
            row = kept.pop((line.rule, line.stage, line.effective_from), None)
            if row and (row.value, row.source, row.blocks) == (line.value, line.source, line.blocks):
                continue
            RuleEntry.objects.update_or_create(
                rule=line.rule,
                stage=line.stage,
                effective_from=line.effective_from,
                organisation=None,
                defaults={
                    "value": line.value,
                    "source": line.source,
                    "blocks": line.blocks,
                    "entered_at": timezone.now(),
                },
            )
            changed += 1
        for row in kept.values():
            row.delete()
            changed += 1
    forget()
    return changed

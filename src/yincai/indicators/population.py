"""Who there is to count: pupils, classes and schools of today, from the registry, as tables for the lake's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yincai.core.scope import STEP
from yincai.registry.models import Organisation, OrganisationKind, Pseudonym, RoleHeld, RoleName, in_force

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = (OrganisationKind.CITY, OrganisationKind.DISTRICT, OrganisationKind.SCHOOL, OrganisationKind.CLASS)


def roll() -> pa.Table:
    """Today's pupils: key, place, grade. One without a pseudonym (who never came) counts too, without a key."""
    import pyarrow as pa

    numbers = dict(Pseudonym.objects.values_list("person", "number"))
    held = RoleHeld.objects.filter(in_force(), name=RoleName.PUPIL, person__erased_at__isnull=True)
    rows = held.values_list("person", "organisation__path", "organisation__grade")
    columns: dict[str, list[Any]] = {"key": [], "place": [], "grade": []}
    for person, place, grade in rows.iterator(chunk_size=20_000):
        columns["key"].append(numbers.get(person))
        columns["place"].append(place)
        columns["grade"].append(grade)
    return pa.table(columns, schema=pa.schema([("key", pa.int64()), ("place", pa.string()), ("grade", pa.int16())]))


def places() -> pa.Table:
    """Today's classes and schools: place, kind, grade, and the school each lies in."""
    import pyarrow as pa

    wanted = Organisation.objects.filter(in_force(), kind__in=[OrganisationKind.SCHOOL, OrganisationKind.CLASS])
    found = list(wanted.values_list("path", "kind", "grade"))
    schools = {path for path, kind, _ in found if kind == OrganisationKind.SCHOOL}
    columns: dict[str, list[Any]] = {"place": [], "kind": [], "grade": [], "school": []}
    for path, kind, grade in found:
        columns["place"].append(path)
        columns["kind"].append(kind)
        columns["grade"].append(grade)
        columns["school"].append(_school_above(path, schools))
    fields = [("place", pa.string()), ("kind", pa.string()), ("grade", pa.int16()), ("school", pa.string())]
    return pa.table(columns, schema=pa.schema(fields))


def shown_paths() -> set[str]:
    """Organisations with a figure of their own (grades have none, overlays are no part of the tree)."""
    return set(Organisation.objects.filter(in_force(), kind__in=SHOWN).values_list("path", flat=True))


def _school_above(path: str, schools: set[str]) -> str | None:
    return next((path[:length] for length in range(len(path), 0, -STEP) if path[:length] in schools), None)

"""The account of a file: what became of each of its rows. It tells what the file holds, so it is the same whenever
asked, whatever people decided about held items since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict
from uuid import UUID

from yincai.knowledge.models import ImportedRow, Outcome


class Account(TypedDict):
    rows: int
    imported: int
    aliases: list[dict[str, Any]]
    held: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


def account(numbers: Sequence[tuple[int, str]]) -> Account:
    """For rows given as (number, ledger key). `of` and `with` are row numbers; an item not of this file, its code."""
    rows = _rows([key for _, key in numbers])
    number_of = {rows[key].pk: number for number, key in numbers if key in rows}
    against = _met_here(rows, number_of)
    told = Account(rows=len(numbers), imported=0, aliases=[], held=[], rejected=[])
    for number, key in numbers:
        row = rows.get(key)
        if row is None:
            continue
        if row.outcome == Outcome.ALIAS:
            told["aliases"].append({"row": number, "of": _named(row, number_of)})
        elif row.outcome == Outcome.REJECTED:
            told["rejected"].append({"row": number, "reason": row.reason})
        elif row.outcome == Outcome.HELD:
            told["held"].append({"row": number, "with": _named(row, number_of), "reason": row.reason})
        elif row.pk in against:
            told["held"].append({"row": number, "with": against[row.pk], "reason": row.reason})
        else:
            told["imported"] += 1
    return told


def _rows(keys: Sequence[str]) -> dict[str, ImportedRow]:
    found: dict[str, ImportedRow] = {}
    for start in range(0, len(keys), 5000):
        some = ImportedRow.objects.filter(key__in=keys[start : start + 5000]).select_related("item", "met")
        found.update((row.key, row) for row in some)
    return found


def _met_here(rows: dict[str, ImportedRow], number_of: dict[UUID, int]) -> dict[UUID, int]:
    """Rows that came in well and were contradicted by a later row of the same file: their pk → that row's number."""
    held = [row for row in rows.values() if row.outcome == Outcome.HELD and row.other_id in number_of]
    held.sort(key=lambda row: -number_of[row.pk])
    return {row.other_id: number_of[row.pk] for row in held if row.other_id}


def _named(row: ImportedRow, number_of: dict[UUID, int]) -> int | str:
    """The row of this file that another one repeats or contradicts; else the code of the item."""
    if row.other_id in number_of:
        return number_of[row.other_id]
    item = row.met if row.outcome == Outcome.HELD else row.item
    return item.code if item else ""

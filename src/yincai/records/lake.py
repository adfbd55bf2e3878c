"""Writing the lake: new facts, and the rows of states that changed, appended to Parquet in batches.

A batch is first fixed in the database (where it begins and ends), then written under its number, then marked as done:
whoever is killed in between writes the same files again. One process writes at a time, held by a lock on the folder.

`learning` registers what rows a state makes: `register_table("mastery", rows)`. Scores on tests lie beside the facts.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from yincai.core.scope import unscoped
from yincai.records import arrival, moved, parts, refolding
from yincai.records.folds import Versions
from yincai.records.models import Cursor, LearnerState, ResponseFact, ScoreFact, StateChange
from yincai.records.versions import versions_of
from yincai.registry.models import RoleHeld, RoleName, in_force

if TYPE_CHECKING:
    import pyarrow as pa

FACTS, CHANGES, SCORES = "lake facts", "lake changes", "lake scores"
AS_IT_HAPPENED = ("facts", "scores")  # tables of what happened; the others hold states, of which the newest counts
BATCH = 50_000  # facts a batch
CHUNK = 500  # pupils asked for at once
GRACE = 15 * 60  # seconds after which no reader is still at a merged file
COLUMNS = (
    "id", "pupil", "number", "replaces", "subject", "place", "item", "version", "seed", "points", "score",
    "duration_ms", "attempt", "hints", "source", "cause", "at",
)  # fmt: skip
SCORE_COLUMNS = (
    "id", "pupil", "subject", "place", "test", "form", "scale", "score", "se", "grade", "source", "statement",
    "replaces", "at",
)  # fmt: skip


class HeldState(NamedTuple):
    """A state as the makers of rows get it, opened by its fold; `place` is where the pupil is today."""

    pupil: int
    subject: str
    place: str
    versions: Versions
    state: Any


Rows = Callable[[Sequence[HeldState], datetime], "pa.Table"]
TABLES: dict[str, Rows] = {}


def register_table(name: str, rows: Rows) -> None:
    """`rows(states, as_of)` gives all rows of the states, each with `pupil`, `subject` and `as_of`."""
    TABLES[name] = rows


def as_of() -> datetime | None:
    """When the lake was last brought up to date; None before the first time."""
    return Cursor.objects.filter(name=FACTS).values_list("at", flat=True).first()


def write() -> int:
    """Append what is new; returns how many facts. Does nothing where another process is at it."""
    with _alone() as first:
        if not first:
            return 0
        if not _fits():
            _clear()
        written = 0
        while (count := _write_batch()) is not None:
            written += count
        return written


def rewrite() -> int:
    """Write the whole lake anew from the database."""
    with _alone() as first:
        if not first:
            return 0
        _clear()
    return write()


def merge() -> int:
    """Join the small files of each day into one, and remove those joined earlier. Returns how many were joined."""
    with _alone() as first:
        if not first:
            return 0
        done = Cursor.objects.filter(name=FACTS).values_list("batch", flat=True).first() or 0
        return sum(
            _merge_day(day, table, done)
            for table in (*AS_IT_HAPPENED, *TABLES)
            for day in parts.days(_folder() / table)
        )


def _write_batch() -> int | None:
    """One batch, from fixing it to marking it as done; the number of facts, None when there was nothing new."""
    facts, changes, scores = _fix(FACTS, ResponseFact), _fix(CHANGES, StateChange), _fix(SCORES, ScoreFact)
    if facts.next_last is None and changes.next_last is None and scores.next_last is None:
        Cursor.objects.filter(name=FACTS).update(at=timezone.now())
        return None
    number, now = facts.batch + 1, timezone.now()
    rows = _read(ResponseFact, COLUMNS, facts)
    changed = {(row[1], row[4]) for row in rows} | set(_read(StateChange, ("pupil", "subject"), changes))
    if rows:
        _write_days(facts_table(rows), "facts", number)
    if scored := _read(ScoreFact, SCORE_COLUMNS, scores):
        _write_days(scores_table(scored), "scores", number)
    _write_states(sorted(changed), number, now)
    _mark(facts, changes, scores, now)
    parts.put(_batch_file(), f"{number}\n")
    return len(rows)


def _fix(name: str, model: type[models.Model]) -> Cursor:
    """The cursor with the end of its batch: the one begun before a crash, or all that has settled since."""
    cursor, _ = Cursor.objects.get_or_create(name=name)
    if cursor.next_last is not None:
        return cursor
    with connection.cursor() as database:
        database.execute(
            f"SELECT arrived, id FROM {model._meta.db_table}"  # noqa: S608 constants
            " WHERE (arrived, id) > (%s, %s) AND arrived < %s ORDER BY arrived, id LIMIT %s",
            [cursor.arrived, cursor.last, arrival.settled_before(), BATCH],
        )
        found = database.fetchall()
    if found:
        cursor.next_arrived, cursor.next_last = found[-1]
        cursor.save(update_fields=["next_arrived", "next_last"])
    return cursor


def _read(model: type[models.Model], columns: Sequence[str], cursor: Cursor) -> list[tuple[Any, ...]]:
    if cursor.next_last is None:
        return []
    with connection.cursor() as database:
        database.execute(
            f"SELECT {', '.join(columns)} FROM {model._meta.db_table}"  # noqa: S608 constants
            " WHERE (arrived, id) > (%s, %s) AND (arrived, id) <= (%s, %s) ORDER BY arrived, id",
            [cursor.arrived, cursor.last, cursor.next_arrived, cursor.next_last],
        )
        return list(database.fetchall())


@transaction.atomic
def _mark(facts: Cursor, changes: Cursor, scores: Cursor, now: datetime) -> None:
    """The batch is on the disk: go past it."""
    for cursor in (facts, changes, scores):
        if cursor.next_last is not None:
            cursor.arrived, cursor.last = cursor.next_arrived or 0, cursor.next_last
        cursor.next_arrived = cursor.next_last = None
        cursor.batch, cursor.at = facts.batch + (cursor is facts), now
        cursor.save()
    StateChange.objects.filter(
        models.Q(arrived__lt=changes.arrived) | models.Q(arrived=changes.arrived, id__lte=changes.last)
    ).delete()


def _write_days(table: pa.Table, name: str, number: int) -> None:
    """One file for each day on which the rows happened."""
    import pyarrow.compute as pc

    local = table["at"].cast(_timestamp(settings.TIME_ZONE))
    day = pc.strftime(local, format="%Y-%m-%d")
    for one in pc.unique(day).to_pylist():
        part = table.filter(pc.equal(day, one)).sort_by([("pupil", "ascending"), ("id", "ascending")])
        parts.write(part, _folder() / name / f"day={one}" / parts.name(number, number))


def facts_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of COLUMNS as an Arrow table of the lake's types."""
    import pyarrow as pa

    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    columns["points"] = tuple(list(map(int, points.split())) for points in columns["points"])
    at = _moments(columns.pop("at"))
    arrays = {name: pa.array(values, _types()[name]) for name, values in columns.items()}
    return pa.table({**arrays, "at": at})


def scores_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of SCORE_COLUMNS as an Arrow table of the lake's types."""
    import pyarrow as pa

    columns = dict(zip(SCORE_COLUMNS, zip(*rows, strict=True), strict=True))
    for name in ("statement", "replaces"):  # PostgreSQL gives ids, SQLite their text
        columns[name] = tuple(None if key is None else UUID(str(key)).hex for key in columns[name])
    at = _moments(columns.pop("at"))
    arrays = {name: pa.array(values, _score_types()[name]) for name, values in columns.items()}
    return pa.table({**arrays, "at": at})


def _moments(moments: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if isinstance(moments[0], str):  # SQLite's text is UTC
        return pa.array(moments).cast(pa.timestamp("us")).cast(_timestamp("UTC"))
    return pa.array(moments, _timestamp("UTC"))


def _types() -> dict[str, Any]:
    import pyarrow as pa

    short, middle, long, text = pa.int16(), pa.int32(), pa.int64(), pa.string()
    return {
        "id": long, "pupil": long, "number": middle, "replaces": middle, "subject": text, "place": text,
        "item": long, "version": middle, "seed": long, "points": pa.list_(short), "score": pa.float32(),
        "duration_ms": middle, "attempt": short, "hints": short, "source": text, "cause": text,
    }  # fmt: skip


def _score_types() -> dict[str, Any]:
    import pyarrow as pa

    long, text, real = pa.int64(), pa.string(), pa.float64()
    return {
        "id": long, "pupil": long, "subject": text, "place": text, "test": text, "form": text, "scale": text,
        "score": real, "se": real, "grade": pa.int16(), "source": text, "statement": text, "replaces": text,
    }  # fmt: skip


def _timestamp(zone: str) -> Any:
    import pyarrow as pa

    return pa.timestamp("us", tz=zone)


def _write_states(changed: Sequence[tuple[int, str]], number: int, now: datetime) -> None:
    day = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    held = list(_held(changed)) if changed and TABLES else []
    if not held:
        return
    for name, rows in TABLES.items():
        table = rows(held, now)
        if len(table):
            parts.write(table, _folder() / name / f"day={day}" / parts.name(number, number))


def _held(changed: Sequence[tuple[int, str]]) -> Iterator[HeldState]:
    """The states as they stand, with the pupils' present places."""
    wanted = set(changed)
    with unscoped("the lake holds everybody's states"):
        for some in _chunks(sorted({pupil for pupil, _ in changed})):
            places = places_of(some)
            states = LearnerState.objects.filter(pupil__in=some).order_by("pupil", "subject")
            for pupil, subject, version, state in refolding.read(states):
                if (pupil, subject) in wanted:
                    yield HeldState(pupil, subject, places.get(pupil, ""), versions_of(version), state)


def places_of(pupils: Iterable[int]) -> dict[int, str]:
    """The class that each pupil is in today, by pseudonym number."""
    roles = RoleHeld.objects.filter(in_force(), name=RoleName.PUPIL, person__pseudonym__number__in=list(pupils))
    return dict(roles.order_by("since").values_list("person__pseudonym__number", "organisation__path"))


def note_moves(since: datetime) -> int:
    """Pupils whose class changed lately: their states are written again, under the new place."""
    with unscoped("pupils of all schools who moved"):
        moved = RoleHeld.objects.filter(in_force(), name=RoleName.PUPIL, since__gte=since.date())
        numbers = list(moved.values_list("person__pseudonym__number", flat=True))
        states = [
            pair
            for some in _chunks(number for number in numbers if number)
            for pair in LearnerState.objects.filter(pupil__in=some).values_list("pupil", "subject")
        ]
    StateChange.objects.bulk_create(StateChange(pupil=pupil, subject=subject) for pupil, subject in states)
    return len(states)


def follow_move(former: str, present: str) -> bool:
    """Write the files anew that name a place which moved; False where another process is at the lake."""
    with _alone() as first:
        if not first:
            return False
        for table in (*AS_IT_HAPPENED, *TABLES):
            for file in parts.files(_folder(), table):
                _follow_in(file, former, present)
        return True


def _follow_in(file: Path, former: str, present: str) -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not pc.any(pc.starts_with(pq.read_table(file, columns=["place"], partitioning=None)["place"], former)).as_py():
        return
    table = pq.read_table(file, partitioning=None)
    place = table["place"]
    new = pc.binary_join_element_wise(present, pc.utf8_slice_codeunits(place, len(former)), "")
    at = table.schema.get_field_index("place")
    parts.write(table.set_column(at, "place", pc.if_else(pc.starts_with(place, former), new, place)), file)


def _chunks(numbers: Iterable[int]) -> Iterator[list[int]]:
    every = list(numbers)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))


def _merge_day(day: Path, table: str, done: int) -> int:
    """Join the finished files of a day. What was joined at an earlier merge is removed now."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for old in parts.covered(day.glob("*.parquet")):
        if time.time() - old.stat().st_mtime > GRACE:
            old.unlink()
    small = [file for file in parts.live(day) if (span := parts.batches(file)) and span[1] <= done]
    if len(small) < 2:
        return 0
    joined = pa.concat_tables([pq.read_table(file, partitioning=None) for file in small])
    if table not in AS_IT_HAPPENED:
        joined = _newest(joined)
    spans = [span for file in small if (span := parts.batches(file))]
    parts.write(joined, day / parts.name(min(first for first, _ in spans), max(last for _, last in spans)))
    for file in small:
        file.touch()  # the grace begins now
    return len(small)


def _newest(table: pa.Table) -> pa.Table:
    """Of each pupil and subject only the rows of the newest state."""
    newest = table.group_by(["pupil", "subject"]).aggregate([("as_of", "max")])
    keys = ["pupil", "subject", "as_of"]
    return table.join(newest.rename_columns(keys), keys, join_type="left semi").select(table.column_names)


def _fits() -> bool:
    """Do folder and database speak of the same lake? Not after either was put back from a backup, or lost."""
    if not moved.same_cluster():
        moved.begin_anew()
        return False
    done = Cursor.objects.filter(name=FACTS).values_list("batch", flat=True).first() or 0
    try:
        written = int(_batch_file().read_text())
    except (FileNotFoundError, ValueError):
        return done == 0
    return done - 1 <= written <= done


def _clear() -> None:
    """Begin the lake again; files that others loaded into it in bulk stay."""
    for table in (*AS_IT_HAPPENED, *TABLES):
        for day in parts.days(_folder() / table):
            for file in day.glob("*.parquet"):
                if parts.batches(file):
                    file.unlink()
    _batch_file().unlink(missing_ok=True)
    Cursor.objects.filter(name__in=(FACTS, CHANGES, SCORES)).delete()


def _folder() -> Path:
    return Path(settings.LAKE)


def _batch_file() -> Path:
    return _folder() / "batch"


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this process is the one that writes; the lock goes with the process, however it ends."""
    _folder().mkdir(parents=True, exist_ok=True)
    with (_folder() / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True

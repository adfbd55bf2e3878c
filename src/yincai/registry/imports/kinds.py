"""What every kind of import shares: checked rows, problems by cell, the lookups of places, the list of kinds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from yincai.core import crypto, jobs
from yincai.core.action import ActionError, touched_many
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.core.permissions import Permission
from yincai.registry.actions.enter_person import account_names
from yincai.registry.imports.tables import LOST, Column, Row, Table
from yincai.registry.imports.undo import note, take_back
from yincai.registry.models import Organisation, OrganisationKind, Person
from yincai.registry.naming import class_key, class_keys

Payload = dict[str, Any]
NEW, CHANGED, UNCHANGED, BAD = "new", "changed", "unchanged", "bad"
SCHOOL = Column("school", "学校代码", ("学校", "学校标识码", "学校名称"), example="3301020001")


@dataclass(frozen=True)
class Problem:
    """What is wrong in one cell, and how to mend it."""

    row: int
    column: str
    title: str
    what: str

    def as_json(self) -> dict[str, object]:
        return {"row": self.row, "column": self.column, "title": self.title, "reason": self.what}


@dataclass
class Checked:
    """A row after checking: who or what it is, what would be done, what is wrong."""

    row: Row
    title: str = ""
    state: str = NEW
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    payload: Payload = field(default_factory=dict)
    sure: bool = True  # whether the row is complete enough to be compared

    @property
    def line(self) -> int:
        """As the spreadsheet counts. In a template `row.number` would be the cell of that name."""
        return self.row.number


class Cells:
    """Reads the cells of one row, collecting problems under the cell's letter and heading."""

    def __init__(self, row: Row, table: Table, columns: Sequence[Column]) -> None:
        self.row, self.letters = row, table.letters
        self.titles = {column.key: column.title for column in columns}
        self.required = {column.key for column in columns if column.required}
        self.most = {column.key: column.most for column in columns}
        self.problems: list[Problem] = []

    def wrong(self, key: str, what: str) -> None:
        self.problems.append(Problem(self.row.number, self.letters.get(key, ""), self.titles[key], what))

    def text(self, key: str) -> str:
        value = self.row[key]
        if value.startswith(LOST):
            self.wrong(key, "表格软件把长号码存成了数字，末几位已经丢了；请把这一列设为“文本”后重填")
            return ""
        if not value and key in self.required:
            self.wrong(key, "是空的，必须填")
        if len(value) > self.most[key]:
            self.wrong(key, f"有 {len(value)} 个字，最多 {self.most[key]} 个")
            return ""
        return value

    def read(self, key: str, reader: Callable[[str], Any], default: Any = None) -> Any:
        """The cell through a reader, whose ValueError says what is wrong; `default` for an empty cell."""
        text = self.text(key)
        if not text:
            return default
        try:
            return reader(text)
        except ValueError as error:
            self.wrong(key, str(error))
            return default

    def choice(self, key: str, choices: dict[str, str], default: str = "") -> str:
        text = self.text(key)
        if not text:
            return default
        if text not in choices:
            self.wrong(key, f"“{text}”不认识，可填：{'、'.join(dict.fromkeys(choices))}")
            return default
        return choices[text]

    def whole(self, key: str, low: int, high: int) -> int | None:
        def reader(text: str) -> int:
            if not text.isdigit() or not low <= int(text) <= high:
                raise ValueError(f"“{text}”应是 {low} 到 {high} 的整数")
            return int(text)

        found: int | None = self.read(key, reader)
        return found


class Places:
    """Schools and classes by what people write for them, within the scope; each read once."""

    def __init__(self, place: Organisation) -> None:
        self.place = place

    @cached_property
    def schools(self) -> list[Organisation]:
        within = Organisation.objects.filter(
            kind=OrganisationKind.SCHOOL, until__isnull=True, path__startswith=self.place.path
        )
        return list(within.select_related("school"))

    @cached_property
    def own_school(self) -> Organisation | None:
        return next((one for one in self.schools if self.place.path.startswith(one.path)), None)

    @cached_property
    def by_name(self) -> dict[str, list[Organisation]]:
        found: dict[str, list[Organisation]] = {}
        for one in self.schools:
            for name in {one.code, one.name} - {""}:
                found.setdefault(name, []).append(one)
        return found

    @cached_property
    def _classes(self) -> dict[str, dict[str, Organisation]]:
        """By the school's path, then by the class's key."""
        rows = Organisation.objects.filter(
            kind=OrganisationKind.CLASS, until__isnull=True, path__startswith=self.place.path
        )
        found: dict[str, dict[str, Organisation]] = {}
        for one in rows.order_by("path"):
            found.setdefault(one.path[:-8], {}).setdefault(class_key(one.name), one)
        return found

    def school(self, cells: Cells) -> Organisation | None:
        """The row's school; the place's own where the column is empty."""
        written = cells.text("school")
        if not written:
            if self.own_school is None:
                cells.wrong("school", "没有填学校。不是在一所学校里导入时，每行都要有学校代码")
            return self.own_school
        found = self.by_name.get(written, [])
        if len(found) == 1:
            return found[0]
        cells.wrong("school", f"“{written}”" + ("有同名的学校，请写学校代码" if found else "不是您管理范围里的学校"))
        return None

    def school_class(self, cells: Cells, school: Organisation | None, key: str = "class") -> Organisation | None:
        written = cells.text(key)
        if school is None or not written:
            return None
        found = self.find_class(school, written, cells.row["grade"])
        if found is None:
            cells.wrong(key, f"{school.name}没有“{cells.row['grade']}{written}”。请核对班名，或先建这个班")
        return found

    def find_class(self, school: Organisation, written: str, grade: str = "") -> Organisation | None:
        here = self._classes.get(school.path, {})
        return next((here[key] for key in class_keys(written, grade) if key in here), None)


Check = Callable[[Table, Organisation, Actor], list[Checked]]
ApplyRow = Callable[[Payload, "Batch"], dict[str, Any]]


class Batch:
    """What the rows of one batch share: who acts, places read once, account names handed out in order."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._places: dict[str, Organisation] = {}
        self._names: dict[tuple[str, str], Iterator[str]] = {}

    def place(self, pk: str) -> Organisation:
        if pk not in self._places:
            self._places[pk] = Organisation.objects.select_related("school").get(pk=pk)
        return self._places[pk]

    def account_name(self, role: str, place: Organisation) -> str:
        names = self._names.setdefault((role, place.path), account_names(role, place))
        return next(names)


TakeBack = Callable[[Job, list[tuple[Payload, Any]], Actor], None]


@dataclass(frozen=True)
class ImportKind:
    """`check` compares the rows with what is there; `apply_row` writes one and returns what undoes it. `undo`: for what
    is taken back otherwise than the registry's own rows."""

    name: str
    label: str
    permission: Permission
    columns: tuple[Column, ...]
    check: Check
    apply_row: ApplyRow
    help: str = ""
    undo: TakeBack = take_back

    @property
    def job(self) -> str:
        return f"registry.import.{self.name}"


IMPORTS: dict[str, ImportKind] = {}


def register_import(kind: ImportKind) -> None:
    IMPORTS[kind.name] = kind
    jobs.register_job(
        jobs.JobKind(kind.job, f"导入{kind.label}", kind.permission, apply=_applier(kind), undo=kind.undo)
    )


def _applier(kind: ImportKind) -> Callable[[Job, list[Payload], Actor], list[Any]]:
    def apply(job: Job, payloads: list[Payload], actor: Actor) -> list[Any]:
        batch = Batch(actor)
        undos = [_apply_one(kind, job, unpack(payload), batch) for payload in payloads]
        touched_many(Person, [undo.get("subject", "") for undo in undos], what=kind.name)
        return undos

    return apply


def _apply_one(kind: ImportKind, job: Job, payload: Payload, batch: Batch) -> dict[str, Any]:
    """One row under a savepoint: what has become impossible since the preview is left out and said."""
    try:
        with transaction.atomic():
            return kind.apply_row(payload, batch)
    except ActionError as error:
        note(job, f"第 {payload['row']} 行没有写入：{error}")
        return {"skipped": payload["row"]}


def pack(payload: Payload, owner: Organisation | None) -> Payload:
    """A staged row lies in the database sealed: it holds numbers and names."""
    text = json.dumps(payload, ensure_ascii=False, default=_plain)
    return {"sealed": base64.b64encode(crypto.seal(text, owner.pk if owner else None)).decode()}


def unpack(packed: Payload) -> Payload:
    return dict(json.loads(crypto.unseal(base64.b64decode(packed["sealed"]))))


def read_day(text: str) -> date:
    """A day as people write it: 2015-3-1, 2015/3/1, 2015.3.1, 20150301, 2015年3月1日."""
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValueError(f"“{text}”不是日期，请写成 2015-03-01 的样子")


def repeated(rows: Iterable[tuple[Any, Checked, Problem]]) -> None:
    """Of rows with the same key, each after the first is bad, pointing at the first."""
    seen: dict[Any, int] = {}
    for key, checked, problem in rows:
        if key in seen:
            what = f"{problem.what}（第 {seen[key]} 行）"
            checked.problems.append(Problem(problem.row, problem.column, problem.title, what))
        else:
            seen[key] = checked.row.number


def settled(rows: Iterable[Checked]) -> Iterator[Checked]:
    """With the state that follows from problems."""
    for checked in rows:
        if checked.problems:
            checked.state = BAD
        yield checked


def today() -> date:
    return timezone.localdate()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)

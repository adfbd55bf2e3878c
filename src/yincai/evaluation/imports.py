"""Importing scores of a monitoring: each row becomes a statement, undoing an import voids it."""

from __future__ import annotations

from datetime import datetime, time
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils import timezone

from yincai.core import crypto
from yincai.core.action import touched_many
from yincai.core.actors import Actor
from yincai.core.models import Job
from yincai.evaluation.models import Monitoring, Participant
from yincai.evaluation.policies import IMPORT_SCORES
from yincai.records import scores
from yincai.records.models import ScoreFact
from yincai.records.recording import ConsentMissing
from yincai.registry.imports.kinds import (
    CHANGED,
    SCHOOL,
    UNCHANGED,
    Batch,
    Cells,
    Checked,
    ImportKind,
    Payload,
    Places,
    Problem,
    register_import,
    repeated,
    settled,
)
from yincai.registry.imports.tables import Column, Table, TableError
from yincai.registry.models import Organisation, Person, Pseudonym, RoleHeld, RoleName, in_force
from yincai.registry.numbers import fold

COLUMNS = (
    Column("test", "监测编号", ("监测", "测试编号", "测试代码"), required=True, example="JC2026-M5"),
    SCHOOL,
    Column("grade", "年级", example="五年级"),
    Column("class", "班级", ("班级名称", "班"), example="五（1）班"),
    Column("number", "学号", ("班内学号", "座号"), example="1"),
    Column("name", "姓名", ("学生姓名",), example="张小明"),
    Column("pupil_number", "学籍号", ("全国学籍号", "学籍号码")),
    Column("form", "卷别", ("卷型", "题册"), example="A"),
    Column("score", "量尺分", ("分数", "得分", "成绩"), example="512"),
    Column("se", "标准误", ("测量标准误",), example="28"),
)
ABSENT = {"", "缺测", "缺考", "缺席", "未参加", "-", "—", "/"}
NOON = time(12)
ASK = 500  # pupils asked for at once


class Sitting:
    """One monitoring as the rows of a table meet it: who was drawn, who they are, what is kept of them already."""

    def __init__(self, monitoring: Monitoring, place: Organisation) -> None:
        self.monitoring, self.place = monitoring, place

    @cached_property
    def drawn(self) -> dict[int, str]:
        """Pseudonym's number → class on the day of the drawing."""
        rows = Participant.objects.filter(monitoring=self.monitoring, place__startswith=self.place.path)
        return dict(rows.values_list("pupil", "place"))

    @cached_property
    def _pseudonyms(self) -> dict[UUID, Pseudonym]:
        numbers, found = sorted(self.drawn), dict[UUID, Pseudonym]()
        for start in range(0, len(numbers), ASK):
            rows = Pseudonym.objects.filter(number__in=numbers[start : start + ASK])
            found.update((row.person_id, row) for row in rows)
        return found

    @cached_property
    def kept(self) -> dict[int, ScoreFact]:
        """The last row of each pupil, in force or voided."""
        rows = ScoreFact.objects.filter(test=self.monitoring.code).order_by("id")
        return {row.pupil: row for row in rows}

    @cached_property
    def _roles(self) -> list[RoleHeld]:
        """Where pupils were on the day of the drawing."""
        drawn_on = timezone.localdate(self.monitoring.drawn_at) if self.monitoring.drawn_at else None
        held = RoleHeld.objects.filter(
            in_force(drawn_on), name=RoleName.PUPIL, organisation__path__startswith=self.place.path
        )
        return list(held.select_related("person"))

    @cached_property
    def by_number(self) -> dict[bytes, Person]:
        people = (row.person for row in self._roles)
        return {bytes(one.pupil_number_digest): one for one in people if one.pupil_number_digest}

    @cached_property
    def by_seat(self) -> dict[tuple[Any, int | None], Person]:
        return {(row.organisation_id, row.number): row.person for row in self._roles}

    @cached_property
    def by_name(self) -> dict[tuple[Any, str], list[Person]]:
        found: dict[tuple[Any, str], list[Person]] = {}
        for row in self._roles:
            found.setdefault((row.organisation_id, row.person.name), []).append(row.person)
        return found

    def pseudonym(self, person: Person) -> Pseudonym | None:
        """Of somebody who was drawn; None for others."""
        return self._pseudonyms.get(person.pk)


def check(table: Table, place: Organisation, actor: Actor) -> list[Checked]:
    if "score" not in table.letters:
        raise TableError("表头里缺少“量尺分”。请补上这一列再传；没有参加的学生，这一格写“缺测”。")
    codes = {row["test"] for row in table.rows}
    sittings = {row.code: Sitting(row, place) for row in Monitoring.objects.filter(code__in=codes)}
    places = Places(place)
    found, keys = [], []
    for row in table.rows:
        cells = Cells(row, table, COLUMNS)
        checked = _check_row(cells, places, sittings)
        found.append(checked)
        if "pupil" in checked.payload:
            problem = Problem(row.number, table.letters.get("name", ""), "姓名", "这名学生的这次监测在表里出现过")
            keys.append(((row["test"], checked.payload["pupil"]), checked, problem))
    repeated(keys)
    return list(settled(found))


def _check_row(cells: Cells, places: Places, sittings: dict[str, Sitting]) -> Checked:
    checked = Checked(cells.row, cells.row["name"], problems=cells.problems)
    code = cells.text("test")
    sitting = sittings.get(code)
    if code and sitting is None:
        cells.wrong("test", f"没有编号为“{code}”的监测。请核对编号，或请市、区教育局先安排这次监测")
    if sitting is None:
        return checked
    person = _person(cells, places, sitting)
    score, se = _score(cells, sitting.monitoring), _error(cells, sitting.monitoring)
    if person is None or cells.problems:
        return checked
    checked.title = f"{sitting.monitoring.title} {person.name}"
    pseudonym = sitting.pseudonym(person)
    if pseudonym is None:
        cells.wrong("name", "不在这次监测的抽样名单里。请核对学籍号或班级、学号；名单在监测页面下载")
        return checked
    checked.payload = {
        "row": cells.row.number,
        "person": person.pk,
        "pupil": pseudonym.number,
        "place": sitting.drawn[pseudonym.number],
        "test": code,
        "form": cells.text("form")[:20],
        "score": score,
        "se": se,
        "after": None,
        "wrong": None,
    }
    _compare(checked, pseudonym, sitting.kept.get(pseudonym.number), blank=not cells.text("score").strip())
    return checked


def _compare(checked: Checked, pseudonym: Pseudonym, kept: ScoreFact | None, blank: bool) -> None:
    """What would be done: a new score, another one in its place, nothing."""
    if checked.payload["score"] is None:
        checked.state = UNCHANGED
        checked.notes.append(_absent(kept, blank))
    elif not pseudonym.keeps:
        checked.state = UNCHANGED
        checked.notes.append("监护人没有同意保存：不保存分数，计入“未同意”人数")
    elif kept is None:
        return
    elif kept.score is None:
        checked.payload["after"] = kept.statement
    elif (kept.score, kept.se) == (checked.payload["score"], checked.payload["se"]):
        checked.state = UNCHANGED
    else:
        checked.state = CHANGED
        checked.payload["wrong"] = kept.statement
        checked.notes.append(f"更正：{kept.score:g} → {checked.payload['score']:g}")


def _absent(kept: ScoreFact | None, blank: bool) -> str:
    said = "没有填分数" if blank else "缺测"
    if kept is not None and kept.score is not None:
        return f"{said}：已有的 {kept.score:g} 分不动"
    return f"{said}：当作缺测，计入缺测人数" if blank else f"{said}：计入缺测人数"


def _person(cells: Cells, places: Places, sitting: Sitting) -> Person | None:
    """By 学籍号; else by class and number or name."""
    number = cells.text("pupil_number")
    if number:
        person = sitting.by_number.get(crypto.digest(f"pupil_number:{fold(number)}"))
        if person is None:
            cells.wrong("pupil_number", "您的管理范围里没有这个学籍号。请核对，或空着它、填班级和学号")
        elif cells.row["name"] and cells.row["name"] != person.name:
            cells.wrong("name", f"这个学籍号登记的是{person.name}。请核对学籍号和姓名")
        return person
    school = places.school(cells)
    room = places.school_class(cells, school)
    if room is None:
        if not cells.problems:
            cells.wrong("class", "没有学籍号时，要填班级和学号（或姓名）")
        return None
    return _in_class(cells, sitting, room)


def _in_class(cells: Cells, sitting: Sitting, room: Organisation) -> Person | None:
    name, seat = cells.text("name"), cells.whole("number", 1, 999)
    if seat is not None:
        person = sitting.by_seat.get((room.pk, seat))
        if person is None:
            cells.wrong("number", f"{room.name}没有 {seat} 号学生")
        elif name and person.name != name:
            cells.wrong("name", f"{room.name} {seat} 号是{person.name}。请核对学号和姓名")
        return person
    same = sitting.by_name.get((room.pk, name), [])
    if len(same) != 1 and not cells.problems:
        what = "有同名的学生，请填学号" if same else f"{room.name}没有叫“{name}”的学生。请核对姓名，或填学号"
        cells.wrong("name", what)
    return same[0] if len(same) == 1 else None


def _score(cells: Cells, monitoring: Monitoring) -> float | None:
    """None: did not sit it."""
    if cells.text("score").replace(" ", "") in ABSENT:
        return None
    low, high = monitoring.scale_low, monitoring.scale_high

    def reader(text: str) -> float:
        value = _number(text)
        if not low <= value <= high:
            raise ValueError(f"“{text}”不在这次监测的量尺里（{low:g} 到 {high:g}）。缺测请写“缺测”")
        return value

    found: float | None = cells.read("score", reader)
    return found


def _error(cells: Cells, monitoring: Monitoring) -> float | None:
    most = monitoring.scale_sd

    def reader(text: str) -> float:
        value = _number(text)
        if not 0 < value < most:
            raise ValueError(f"“{text}”应大于 0、小于量尺的标准差 {most:g}；不知道就空着")
        return value

    found: float | None = cells.read("se", reader)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"“{text}”应是数字；没有参加请写“缺测”") from None


def apply_row(payload: Payload, batch: Batch) -> dict[str, Any]:
    undo: dict[str, Any] = {"subject": payload["person"]}
    if payload["wrong"]:
        wrong = scores.newest_of(UUID(payload["wrong"]))
        undo["before"] = [wrong.score, wrong.se]
        key = scores.corrected(wrong, payload["score"], payload["se"], acting_user=batch.actor)
    else:
        after = UUID(payload["after"]) if payload["after"] else None
        key = scores.scored(_as_score(payload), acting_user=batch.actor, after=after)
    return undo | {"statement": str(key)}


def _as_score(payload: Payload) -> scores.Score:
    row = Monitoring.objects.get(code=payload["test"])
    return scores.Score(
        pupil=payload["pupil"],
        place=payload["place"],
        subject=row.subject,
        test=row.code,
        scale=row.scale,
        score=payload["score"],
        se=payload["se"],
        at=timezone.make_aware(datetime.combine(row.on, NOON)),
        grade=row.grade,
        form=payload["form"],
    )


def take_back(job: Job, rows: list[tuple[Payload, Any]], actor: Actor) -> None:
    """New scores are voided; mended ones get their earlier value again. Both are further statements."""
    done = []
    for _, undo in rows:
        if "statement" not in undo:
            continue
        current = scores.newest_of(UUID(undo["statement"]))
        if current.score is not None:
            done.append(_take_back(current, undo, actor))
    touched_many(ScoreFact, done, undone=job.pk)


def _take_back(current: ScoreFact, undo: dict[str, Any], actor: Actor) -> UUID:
    if undo.get("before"):
        try:
            return scores.corrected(current, *undo["before"], acting_user=actor)
        except ConsentMissing:
            pass  # nothing may be added any more: what stands there goes
    return scores.voided(current, acting_user=actor)


register_import(
    ImportKind(
        "scores",
        "监测成绩",
        IMPORT_SCORES,
        COLUMNS,
        check,
        apply_row,
        "有学籍号时只填学籍号即可，否则填班级和学号；没有参加的写“缺测”，会计入缺测人数。",
        take_back,
    )
)

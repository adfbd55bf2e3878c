"""The placement on paper: two parallel forms for a class, and the marks that a teacher enters for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone

from yincai.core.action import ActionError, action, noted, touched, touched_many
from yincai.core.actors import Actor
from yincai.core.rules import UnknownRule, rule
from yincai.core.tasks import enqueue
from yincai.learning.actions.steering import require_class
from yincai.learning.models import PaperMark, PlacementPaper
from yincai.learning.papers import LENGTHS
from yincai.learning.placing import bench_of
from yincai.learning.policies import STEER
from yincai.learning.tasks import assemble_paper, count_marks
from yincai.registry.models import Organisation
from yincai.registry.queries import pupils_of

RIGHT, WRONG, NONE = "1", "0", "-"


@dataclass(frozen=True)
class Row:
    """What was entered for one pupil: which form, a sign for each question."""

    form: str
    marks: str


class MarksRefused(ActionError):
    """Says which pupils' rows are to be mended, by pseudonym's number."""

    def __init__(self, problems: dict[int, str], names: Mapping[int, str]) -> None:
        self.problems = problems
        told = "；".join(f"{names.get(pupil, '不在本班的学生')}：{why}" for pupil, why in problems.items())
        super().__init__(f"{told}。改好再存，别的都还在。")


def refused_for(path: str, grade: int) -> str:
    """Why there is no placement on paper for a grade; empty where there may be one."""
    try:
        found = rule("exam.g1g2.paper", path, stage=str(grade))
    except UnknownRule:
        return ""
    return f"小学一、二年级不组织纸笔测试（{found.source}），所以这里不组卷。" if found.value else ""


@action(STEER)
def make_paper(school_class: Organisation, length: int, *, acting_user: Actor) -> PlacementPaper:
    """Begin two parallel forms; they are assembled in the background."""
    require_class(school_class, acting_user)
    grade = school_class.grade or 0
    if why := refused_for(school_class.path, grade):
        raise ActionError(why)
    if length not in LENGTHS:
        raise ActionError(f"题数只能是 {'、'.join(map(str, LENGTHS))}。")
    if bench_of(school_class.path, grade) is None:
        raise ActionError("这个年级的题还不够组成摸底。现在有小学三年级到初中八年级的数学。")
    row = PlacementPaper.objects.create(
        school_class=school_class, grade=grade, length=length, made_by=acting_user.account.pk
    )
    enqueue(assemble_paper, acting_user=acting_user, paper=str(row.pk))
    return touched(row, length=length)


@action(STEER)
def note_printed(paper: PlacementPaper, form: str, *, acting_user: Actor) -> None:
    """The sheet with the names of a class leaves on paper."""
    require_class(paper.school_class, acting_user)
    noted("learning.PaperPrinted", paper.pk, form=form)


@action(STEER)
def enter_marks(paper: PlacementPaper, on: date, rows: dict[int, Row], *, acting_user: Actor) -> int:
    """Keep what was entered and count it in the background; returns how many pupils changed."""
    require_class(paper.school_class, acting_user)
    _check_day(paper, on)
    members = pupils_of(paper.school_class)
    names = {pupil.pseudonym.number: pupil.person.name for pupil in members}
    keeping = {pupil.pseudonym.number for pupil in members if pupil.pseudonym.keeps}
    if not rows:
        raise ActionError("还没有登记：一格也没有填。对填 1，错填 0，没做空着。")
    held = {row.pupil: row for row in PaperMark.objects.filter(paper=paper)}
    checked = {pupil: _problem(paper, row, held.get(pupil), pupil in keeping) for pupil, row in rows.items()}
    if problems := {pupil: why for pupil, why in checked.items() if why}:
        raise MarksRefused(problems, names)
    changed = [pupil for pupil, row in rows.items() if _differs(held.get(pupil), row)]
    for pupil in changed:
        _keep(paper, pupil, rows[pupil], acting_user.account.pk)
    paper.on = on
    paper.save(update_fields=["on"])
    touched(paper, on=on)
    touched_many(PaperMark, changed)
    enqueue(count_marks, acting_user=acting_user, paper=str(paper.pk))
    return len(changed)


def _check_day(paper: PlacementPaper, on: date) -> None:
    if paper.state != PlacementPaper.READY:
        raise ActionError("这套卷还没有组好，不能登记。")
    if on > timezone.localdate():
        raise ActionError("测的日期在今天之后，请改成实际测的那一天。")
    if on < timezone.localtime(paper.made_at).date():
        raise ActionError("测的日期在组卷之前，请改成实际测的那一天。")
    counted = PaperMark.objects.filter(paper=paper).exclude(counted="").exists()
    if counted and paper.on and on != paper.on:
        raise ActionError(f"已经按 {paper.on:%Y-%m-%d} 计入了一部分，日期不能再改。")


def _problem(paper: PlacementPaper, row: Row, held: PaperMark | None, keeps: bool) -> str:
    if not keeps:
        return "没有家长同意，不能留存"
    if row.form not in paper.forms:
        return "没有选 A 卷还是 B 卷"
    unread = [place for place, sign in enumerate(row.marks, start=1) if sign not in (RIGHT, WRONG, NONE)]
    if unread:
        return f"第 {'、'.join(map(str, unread))} 题没有读懂，每题只填 1（对）、0（错）或留空（没做）"
    if len(row.marks) != len(paper.forms[row.form]):
        return f"登记了 {len(row.marks)} 题，这卷有 {len(paper.forms[row.form])} 题。请刷新页面再录"
    if held and held.counted:
        if held.form != row.form:
            return f"{held.form} 卷的结果已经计入，不能改成 {row.form} 卷"
        if any(old != NONE and new == NONE for old, new in zip(held.counted, row.marks, strict=True)):
            return "已经计入的题可以改对错，不能改成没做"
    return ""


def _differs(held: PaperMark | None, row: Row) -> bool:
    if held is None:
        return bool(row.marks.strip(NONE))
    return (held.form, held.marks) != (row.form, row.marks)


def _keep(paper: PlacementPaper, pupil: int, row: Row, by: UUID) -> None:
    PaperMark.objects.update_or_create(
        paper=paper,
        pupil=pupil,
        defaults={"form": row.form, "marks": row.marks, "entered_by": by, "entered_at": timezone.now()},
    )

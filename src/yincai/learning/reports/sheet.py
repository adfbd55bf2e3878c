"""The report as one table: what is taken away as a file, and what is printed on A4."""

from __future__ import annotations

from collections.abc import Iterable

from yincai.core.exports import Cell, Column, Sheet
from yincai.core.figures import chance_text
from yincai.learning.attribution.exercise import FORMULA, plain
from yincai.learning.reports.report import Report
from yincai.registry.queries import Pupil

COLUMNS = (
    Column("部分"),
    Column("内容"),
    Column("数字（80% 区间，人数）"),
    Column("说明和建议"),
    Column("学生（按学号）"),
)


def sheet_of(report: Report) -> Sheet:
    """Names in school-number order; nothing in it puts pupils in an order of strength."""
    rows = [*_overview(report), *_reteach(report), *_errors(report), *_items(report), *_growth(report)]
    notes = [
        f"人数少于 {report.least} 人的数字不显示。错因后的百分数是把握，不是得分。",
        "“进步”比较的是这组题之前和之后做一道普通题的答对可能，只算以前也练过这个知识点的学生。",
    ]
    if report.gathered.unkept:
        notes.append(f"没有家长同意、不留存记录的 {report.gathered.unkept} 人不在其中。")
    return Sheet(f"{report.gathered.room.name}学情报告：{report.gathered.title}", COLUMNS, rows, notes)


def _overview(report: Report) -> Iterable[list[Cell]]:
    said = f"{report.answered} 人作答，{len(report.gathered.facts)} 题次，{report.errors.wrong} 次答错"
    yield ["概况", report.finding, report.right.said, said, ""]


def _reteach(report: Report) -> Iterable[list[Cell]]:
    for one in report.reteach:
        yield ["再讲", one.point.name, one.right.said, f"给这 {len(one.people)} 人再讲再练", _names(one.people)]


def _errors(report: Report) -> Iterable[list[Cell]]:
    for one in report.errors.clusters:
        words = f"{one.how}，把握{chance_text(one.probability)}。{one.words}"
        yield ["错因", one.name, one.share.said, words, _names(one.people)]


def _items(report: Report) -> Iterable[list[Cell]]:
    for row in report.items:
        advice = "；".join(f"{one.what}——{one.todo}" for one in row.findings)
        yield [
            "题目",
            f"{row.code} {_legible(row.stem)}",
            row.right.said,
            advice or ("没有异常" if row.enough else ""),
            "",
        ]


def _growth(report: Report) -> Iterable[list[Cell]]:
    for one in report.growth.points:
        yield ["进步", one.point.name, f"{one.n} 人", one.sentence, ""]


def _legible(stem: str) -> str:
    """A file and plain paper show no formulas: numbers in plain signs."""
    return FORMULA.sub(lambda found: plain(found[0]).replace("*", "×"), stem)


def _names(people: Iterable[Pupil]) -> str:
    return "、".join(f"{pupil.number or '—'} {pupil.person.name}" for pupil in people)

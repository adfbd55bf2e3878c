"""The report as one table: what is taken away as a file, and, without what asks for nothing, printed on A4."""

from __future__ import annotations

from collections.abc import Iterable

from yincai.core.exports import Cell, Column, Sheet
from yincai.core.figures import chance_text
from yincai.learning.attribution.exercise import FORMULA, plain
from yincai.learning.reports.clusters import Cluster
from yincai.learning.reports.difficulty import ItemRow
from yincai.learning.reports.growth import PointGrowth
from yincai.learning.reports.report import Report
from yincai.registry.queries import Pupil

COLUMNS = (
    Column("部分"),
    Column("内容"),
    Column("数字（80% 区间，人数）"),
    Column("说明和建议"),
    Column("学生（按学号）"),
)


FEW = 3  # pupils behind a cause of errors that has a row of its own on paper


def sheet_of(report: Report, *, brief: bool = False) -> Sheet:
    """Names in school-number order; nothing in it puts pupils in an order of strength. `brief`: for paper."""
    parts = (_errors_in_brief, _items_in_brief, _growth_in_brief) if brief else (_errors, _items, _growth)
    rows = [*_overview(report), *_reteach(report), *(row for part in parts for row in part(report))]
    notes = [
        f"人数少于 {report.least} 人的数字不显示。错因后的百分数是把握，不是得分。",
        "“进步”比较的是这组题之前和之后做一道普通题的答对可能，只算以前也练过这个知识点的学生。",
    ]
    if brief:
        notes += [*_seldom(report), *_not_compared(report), "逐条的都在 Excel 里。"]
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
    return map(_error, report.errors.clusters)


def _error(one: Cluster) -> list[Cell]:
    words = f"{one.how}，把握{chance_text(one.probability)}。{one.words}"
    return ["错因", one.name, one.share.said, words, _names(one.people)]


def _errors_in_brief(report: Report) -> Iterable[list[Cell]]:
    return (_error(one) for one in report.errors.clusters if len(one.people) >= FEW)


def _seldom(report: Report) -> Iterable[str]:
    seldom = [one for one in report.errors.clusters if len(one.people) < FEW]
    if seldom:
        yield (
            f"只有一两人的错因 {len(seldom)} 种："
            + "；".join(f"{one.name}（{_names(one.people)}）" for one in seldom)
            + "。"
        )


def _items(report: Report) -> Iterable[list[Cell]]:
    return _item_rows(report.items)


def _items_in_brief(report: Report) -> Iterable[list[Cell]]:
    yield from _item_rows(report.standing_out)
    if report.others:
        yield ["题目", f"其余 {len(report.others)} 道", "", "没有异常，或做的人太少看不出", ""]


def _item_rows(items: Iterable[ItemRow]) -> Iterable[list[Cell]]:
    for row in items:
        advice = "；".join(f"{one.what}——{one.todo}" for one in row.findings)
        yield [
            "题目",
            f"{row.code} {_legible(row.stem)}",
            row.right.said,
            advice or ("没有异常" if row.enough else ""),
            "",
        ]


def _growth(report: Report) -> Iterable[list[Cell]]:
    return map(_grown, report.growth.points)


def _grown(one: PointGrowth) -> list[Cell]:
    return ["进步", one.point.name, f"{one.n} 人", one.sentence, ""]


def _growth_in_brief(report: Report) -> Iterable[list[Cell]]:
    return (_grown(one) for one in report.growth.points if one.change.value is not None)


def _not_compared(report: Report) -> Iterable[str]:
    few = [one.point.name for one in report.growth.points if one.change.value is None]
    if few:
        yield f"以前也练过的人太少、还不能比的知识点 {len(few)} 个：{'、'.join(few)}。"


def _legible(stem: str) -> str:
    """A file and plain paper show no formulas: numbers in plain signs."""
    return FORMULA.sub(lambda found: plain(found[0]).replace("*", "×"), stem)


def _names(people: Iterable[Pupil]) -> str:
    return "、".join(f"{pupil.number or '—'} {pupil.person.name}" for pupil in people)

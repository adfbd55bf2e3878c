"""Pages of growth: the comparisons, one comparison's schools, one school, the whole computation to take away."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from yincai.core.actors import Actor
from yincai.core.exports import Column, Linked, Sheet, export, wanted_format
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.evaluation.actions.take import take_computation
from yincai.evaluation.charts import alone, growths, narrow
from yincai.evaluation.models import Appeal, GrowthRun, SchoolGrowth
from yincai.evaluation.policies import APPEAL, GROWTH_SEE, GROWTH_TAKE, MONITORING_PLAN
from yincai.evaluation.queries import appeals_for, latest_runs, schools_of
from yincai.evaluation.words import (
    model_words,
    own_finding,
    percentile_said,
    points,
    points_said,
    run_finding,
    school_finding,
    verdict_said,
    who_is_counted,
)


@require_GET
@requires(GROWTH_SEE)
def index(request: Request) -> HttpResponse:
    """A head with one comparison goes straight to it."""
    actor = request.actor
    rows = [(run, schools_of(run, actor)) for run in latest_runs()]
    rows = [(run, schools) for run, schools in rows if schools]
    own = [schools[0] for _, schools in rows if len(schools) == 1]
    if len(rows) == 1 and own:
        return redirect("evaluation-school", rows[0][0].pk, own[0].school_id)
    alone = len(own) == len(rows)
    found = [(run, schools, *_line(run, schools, alone)) for run, schools in rows]
    finding = own_finding(own) if alone else "学校的进步，与同样起点的学生比"
    values = {
        "rows": found,
        "finding": finding,
        "may_plan": MONITORING_PLAN.held_by(actor),
        "appeals": appeals_for(actor).count(),
    }
    return render(request, "evaluation/growths.html", values)


@require_GET
@requires(GROWTH_SEE)
def run(request: Request, pk: UUID) -> HttpResponse:
    row, actor = run_or_404(pk), request.actor
    schools = schools_of(row, actor)
    if not schools:
        raise Http404
    sheet = _schools_sheet(row, schools)
    if form := wanted_format(request):
        return export(sheet, form, acting_user=actor)
    values = {
        "run": row,
        "schools": schools,
        "sheet": sheet,
        "finding": run_finding(row, schools),
        "chart": growths(schools),
        "narrow": narrow(schools),
        "counted": who_is_counted(row.counts),
        "may_take": GROWTH_TAKE.can(actor, row),
        "older": GrowthRun.objects.filter(monitoring=row.monitoring).exclude(pk=row.pk),
        "level": row.level,
        "model_words": model_words(row),
    }
    return render(request, "evaluation/run.html", values)


@require_GET
@requires(GROWTH_SEE)
def school(request: Request, pk: UUID, school: UUID) -> HttpResponse:
    row, actor = growth_or_404(request, pk, school), request.actor
    if form := wanted_format(request):
        return export(_school_sheet(row, whole=True), form, acting_user=actor)
    appeals = list(appeals_for(actor).filter(growth=row))
    values = {
        "growth": row,
        "run": row.run,
        "sheet": _school_sheet(row, whole=False),
        "finding": school_finding(row),
        "verdict": verdict_said(row),
        "said": points_said(row),
        "raw": points(row.came - row.expected) if row.came is not None and row.expected is not None else "",
        "percentile": percentile_said(row),
        "chart": alone(row),
        "counted": who_is_counted(row.counts),
        "appeals": appeals,
        "may_appeal": APPEAL.can(actor, row) and all(one.state != Appeal.OPEN for one in appeals),
        "may_take": GROWTH_TAKE.can(actor, row.run),
        "level": row.run.level,
        "model_words": model_words(row.run),
    }
    return render(request, "evaluation/school.html", values)


@require_GET
@requires(GROWTH_TAKE)
def bundle(request: Request, pk: UUID) -> HttpResponse:
    row = GROWTH_TAKE.filter(request.actor, GrowthRun.objects.all()).filter(pk=pk).first()
    if row is None:
        raise Http404
    return take_computation(row, acting_user=request.actor)


def run_or_404(pk: UUID) -> GrowthRun:
    row = GrowthRun.objects.select_related("monitoring__before", "monitoring__organisation").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def growth_or_404(request: Request, pk: UUID, school: UUID) -> SchoolGrowth:
    row = _reached(request.actor, pk, school)
    if row is None:
        raise Http404
    return row


def _reached(actor: Actor, pk: UUID, school: UUID) -> SchoolGrowth | None:
    rows = GROWTH_SEE.filter(actor, SchoolGrowth.objects.filter(run=pk, school=school))
    return rows.select_related("school", "run__monitoring__before", "run__monitoring__organisation").first()


def _line(run: GrowthRun, schools: list[SchoolGrowth], alone: bool) -> tuple[str, str]:
    """A comparison in a list: what it found and, of one's own school, the figure with its interval."""
    if not alone:
        return (school_finding(_with(schools[0], run)) if len(schools) == 1 else run_finding(run, schools)), ""
    row = _with(schools[0], run)
    return school_finding(row), points_said(row) if row.growth is not None else ""


def _with(row: SchoolGrowth, run: GrowthRun) -> SchoolGrowth:
    row.run = run
    return row


def _schools_sheet(run: GrowthRun, schools: list[SchoolGrowth]) -> Sheet:
    """In the order of the codes; a table that cannot be sorted by growth, for overlapping intervals have no order."""
    columns = [
        Column("学校", sortable_here=False),
        Column("计入", "number", sortable_here=False),
        Column("预期", "number", sortable_here=False),
        Column("实际", "number", sortable_here=False),
        Column(f"增值（{run.level} 区间，人数）", sortable_here=False),
        Column("说明", sortable_here=False),
    ]
    rows = []
    for one in schools:
        address = f"/growth/{run.pk}/schools/{one.school_id}"
        figures = [one.n, _tenth(one.expected), _tenth(one.came), points_said(one), verdict_said(one)]
        rows.append([Linked(one.school.name, address), *figures])
    notes = [
        "按学校代码排列，不按增值排列：区间互相重叠的学校没有先后。",
        "“高于预期”“低于预期”只在整个区间都在 0 的一侧时才说。",
    ]
    return Sheet(f"{run.monitoring.title} 学校增值", columns, rows, notes)


def _school_sheet(row: SchoolGrowth, *, whole: bool) -> Sheet:
    """`whole`: with who is counted, which the page lists by itself."""
    columns = [Column("项目", sortable_here=False), Column("数字", sortable_here=False)]
    rows = [
        ["这些学生上次的平均分", _said(row.before)],
        ["按上次的成绩，这次预期的平均分", _said(row.expected)],
        ["这次实际的平均分", _said(row.came)],
        [f"增值（{'收缩后，' if row.run.shrinks else ''}{row.run.level} 区间，人数）", points_said(row)],
        [f"学校增长百分位均值（{row.run.level} 区间，人数）", percentile_said(row)],
        *([[words, f"{count} 人"] for words, count in who_is_counted(row.counts)] if whole else []),
    ]
    return Sheet(
        f"{row.school.name} {row.run.monitoring.title} 增值",
        columns,
        rows,
        [f"结论：{verdict_said(row)}。"] if row.verdict else [],
    )


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _said(value: float | None) -> str:
    return "不显示" if value is None else f"{value:.1f} 分"

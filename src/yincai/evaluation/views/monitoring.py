"""Pages of monitorings: what there is, planning one, how far it is, the roster of a school."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yincai.core.action import form_key
from yincai.core.actors import Actor
from yincai.core.exports import Cell, Column, Sheet, export, wanted_format
from yincai.core.http import Request
from yincai.core.permissions import requires
from yincai.evaluation.actions.grow import compute_growth
from yincai.evaluation.actions.monitor import plan_monitoring
from yincai.evaluation.forms import PlanForm
from yincai.evaluation.models import GrowthRun, Monitoring, Participant
from yincai.evaluation.policies import GROWTH_COMPUTE, IMPORT_SCORES, MONITORING_PLAN, MONITORING_SEE, ROSTER
from yincai.evaluation.queries import Turnout, latest_runs, monitorings, sum_of, turnout
from yincai.evaluation.sample import most_share, school_path
from yincai.registry.models import Organisation, OrganisationKind, RoleHeld, RoleName
from yincai.registry.queries import people_of
from yincai.registry.views.common import attempt, attempt_or_say, form_page

BUREAU_KINDS = (OrganisationKind.CITY, OrganisationKind.DISTRICT)


@require_GET
@requires(MONITORING_SEE)
def index(request: Request) -> HttpResponse:
    rows = list(monitorings())
    computed = {run.monitoring_id: run for run in latest_runs()}
    values = {
        "rows": [(row, computed.get(row.pk)) for row in rows],
        "may_plan": MONITORING_PLAN.held_by(request.actor),
    }
    return render(request, "evaluation/monitorings.html", values)


@require_http_methods(["GET", "POST"])
@requires(MONITORING_PLAN)
def plan(request: Request) -> HttpResponse:
    actor = request.actor
    places = MONITORING_PLAN.filter(actor, Organisation.objects.filter(kind__in=BUREAU_KINDS, until__isnull=True))
    earlier = Monitoring.objects.filter(organisation__in=places, after__isnull=True)
    form = PlanForm(request.POST or None, places=places.select_related("parent").order_by("path"), earlier=earlier)
    if form.is_valid():
        made = attempt(
            form,
            lambda: plan_monitoring(form.cleaned_data["place"], form.plan, acting_user=actor, key=form_key(request)),
        )
        if made:
            return redirect("evaluation-monitoring", made.pk)
    return form_page(
        request,
        form,
        title="安排一次监测",
        sub="监测是抽样，不是考试：不给学生和班级排名，也不发成绩，只看学校整体的进步。",
        button="安排并抽样",
        back=reverse("evaluation-monitorings"),
    )


@require_GET
@requires(MONITORING_SEE)
def monitoring(request: Request, pk: UUID) -> HttpResponse:
    row = monitoring_or_404(pk)
    schools = turnout(row)
    sheet = _turnout_sheet(row, schools)
    if form := wanted_format(request):
        return export(sheet, form, acting_user=request.actor)
    actor = request.actor
    values = {
        "row": row,
        "sheet": sheet,
        "total": sum_of(schools),
        "schools": len(schools),
        "rests_on": most_share(row.organisation.path, row.grade)[1],
        "run": GrowthRun.objects.filter(monitoring=row).first(),
        "may_compute": row.before is not None and GROWTH_COMPUTE.can(actor, row),
        "may_import": IMPORT_SCORES.held_by(actor),
        "may_roster": ROSTER.held_by(actor) and bool(schools),
        "no_growth": _why_no_growth(row),
    }
    return render(request, "evaluation/monitoring.html", values)


@require_POST
@requires(GROWTH_COMPUTE)
def compute(request: Request, pk: UUID) -> HttpResponse:
    row = monitoring_or_404(pk)
    attempt_or_say(
        request,
        lambda: compute_growth(row, acting_user=request.actor, key=form_key(request)),
        "开始计算，一般一分钟内出结果，可以离开这一页。",
    )
    return redirect("evaluation-monitoring", pk)


@require_GET
@requires(ROSTER)
def roster(request: Request, pk: UUID) -> HttpResponse:
    """The school's own drawn pupils, as a table of scores to fill in and bring back."""
    row = monitoring_or_404(pk)
    sheet = _roster_sheet(row, request.actor)
    if not sheet.rows:
        raise Http404
    return export(sheet, wanted_format(request) or "xlsx", acting_user=request.actor)


def monitoring_or_404(pk: UUID) -> Monitoring:
    row = monitorings().filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _why_no_growth(row: Monitoring) -> str:
    if row.before is None:
        return "这是这批学生的第一次监测，还不能算增值。明年安排下一次时，选“接着”这一次。"
    return ""


def _turnout_sheet(row: Monitoring, schools: list[Turnout]) -> Sheet:
    columns = [
        Column("学校"),
        Column("抽到", "number"),
        Column("有成绩", "number"),
        Column("没有成绩", "number"),
        Column("未同意", "number"),
    ]
    rows: list[list[Cell]] = [[one.school.name, one.drawn, one.scored, one.missing, one.without] for one in schools]
    notes = ["按学校代码排列。只有人数，没有任何学生和班级的成绩。"]
    return Sheet(f"{row.title} 参加情况", columns, rows, notes)


def _roster_sheet(row: Monitoring, actor: Actor) -> Sheet:
    drawn = _drawn_here(row, actor)
    people = {person.pk: number for number, person in people_of(drawn).items()}
    held = RoleHeld.objects.filter(person__in=people, name=RoleName.PUPIL, organisation__path__in=set(drawn.values()))
    seats = held.select_related("person", "organisation__parent").order_by("organisation__path", "number", "since")
    codes = _codes(school_path(path) for path in drawn.values())
    lines: dict[int, list[Cell]] = {}
    for seat in seats:
        room, number = seat.organisation, people[seat.person_id]
        if drawn[number] == room.path:
            grade, code = room.parent.name, codes.get(school_path(room.path), "")
            lines[number] = [row.code, code, grade, room.name, seat.number, seat.person.name, None, None]
    columns = [Column(name) for name in ("监测编号", "学校代码", "年级", "班级", "学号", "姓名", "量尺分", "标准误")]
    notes = ["说明：按班级和学号排列。填好量尺分后在“导入”页上传；没有参加的写“缺测”。"]
    return Sheet(f"{row.title} 监测名单", columns, list(lines.values()), notes, pupils=True)


def _codes(paths: Iterable[str]) -> dict[str, str]:
    return dict(Organisation.objects.filter(path__in=set(paths)).values_list("path", "code"))


def _drawn_here(row: Monitoring, actor: Actor) -> dict[int, str]:
    drawn: QuerySet[Participant] = Participant.objects.filter(actor.scope.down("place"), monitoring=row)
    return dict(drawn.values_list("pupil", "place"))

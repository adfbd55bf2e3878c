"""Computing growth: asked for on a page, done by a worker, kept once."""

from __future__ import annotations

from yincai.core.action import ActionError, action, touched
from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.rules import rule
from yincai.core.tasks import background, enqueue
from yincai.evaluation.computing import Computed, TooFew, compute
from yincai.evaluation.gathering import Fate, Gathered, gather
from yincai.evaluation.models import GrowthRun, Monitoring, Participant, SchoolGrowth
from yincai.evaluation.policies import GROWTH_COMPUTE
from yincai.evaluation.sample import school_path
from yincai.indicators.suppression import withheld
from yincai.records.queries import scores_in_force, scores_under_way
from yincai.registry.models import Organisation, OrganisationKind


@action(GROWTH_COMPUTE)
def compute_growth(monitoring: Monitoring, *, acting_user: Actor) -> Monitoring:
    """Let a worker compare a monitoring with the one before it."""
    GROWTH_COMPUTE.require(acting_user, monitoring)
    if monitoring.before is None:
        raise ActionError("这是这批学生的第一次监测，没有上次可比。明年的监测接上这一次，就能算增值。")
    for one in (monitoring.before, monitoring):
        if not scores_in_force().filter(test=one.code).exists():
            raise ActionError(f"“{one.title}”还没有成绩。请先导入成绩，再来计算。")
    enqueue(grow, acting_user=acting_user, monitoring=str(monitoring.pk))
    return touched(monitoring, compute=monitoring.code)


@background
def grow(monitoring: str, *, acting_user: Actor) -> None:
    row = Monitoring.objects.select_related("before", "organisation").get(pk=monitoring)
    compute_and_keep(row, acting_user=acting_user)


def compute_and_keep(row: Monitoring, *, acting_user: Actor) -> GrowthRun | None:
    """Compute it now; whoever asked is told where the result is, or why there is none."""
    people = [acting_user.person] if acting_user.person else []
    try:
        _refuse_while_scores_move(row)
        gathered = gather(row)
        computed = compute(row, gathered, _least(row))
    except TooFew as error:
        notify(people, f"“{row.title}”的增值算不出来：{error}", f"/monitoring/{row.pk}")
        return None
    run = keep_run(row, gathered, computed, acting_user=acting_user)
    notify(people, f"“{row.title}”的增值算好了", f"/growth/{run.pk}")
    return run


def _refuse_while_scores_move(row: Monitoring) -> None:
    if scores_under_way([one.code for one in (row.before, row) if one]):
        raise TooFew("有学校刚调整隶属，成绩正在转到新的隶属下面。请过几分钟再算。")


@action(GROWTH_COMPUTE)
def keep_run(row: Monitoring, gathered: Gathered, computed: Computed, *, acting_user: Actor) -> GrowthRun:
    """One run with the figures of its schools. What would speak of too few is not even kept."""
    GROWTH_COMPUTE.require(acting_user, row)
    least = _least(row)
    run = GrowthRun.objects.create(
        monitoring=row,
        model={**computed.model, "moved_away": _moved_away(row)},
        counts=dict(gathered.total),
        least=least,
        inputs=computed.columns.pack(),
        by=acting_user.account.pk,
    )
    SchoolGrowth.objects.bulk_create(_figures(run, gathered, computed, least))
    return touched(run, monitoring=row.pk, model=computed.model, counts=gathered.total)


def _figures(run: GrowthRun, gathered: Gathered, computed: Computed, least: int) -> list[SchoolGrowth]:
    schools = Organisation.objects.filter(path__in=gathered.counts, kind=OrganisationKind.SCHOOL)
    hidden = withheld_schools(run.monitoring.organisation.path, gathered, least)
    rows = []
    for school in schools.order_by("code", "path"):
        counts = gathered.counts[school.path]
        if set(counts) == {Fate.MOVED_OUT}:
            continue  # where somebody was last time only (a primary school, for grade seven): in the run's counts
        figures = {} if school.path in hidden else computed.figures.get(school.path, {})
        rows.append(SchoolGrowth(run=run, school=school, counts=dict(counts), n=counts["included"], **figures))
    return rows


def _moved_away(row: Monitoring) -> int:
    """Schools that have left whoever runs the two monitorings since: their pupils are no longer counted here."""
    both = [one for one in (row.before, row) if one]
    rows = Participant._base_manager.filter(monitoring__in=both).exclude(place__startswith=row.organisation.path)
    return len({school_path(place) for place in rows.values_list("place", flat=True).distinct()})


def withheld_schools(top: str, gathered: Gathered, least: int) -> set[str]:
    """Schools with too few, and one more where the others and the whole would give them away."""
    counts = {path: counts["included"] for path, counts in gathered.counts.items()}
    return withheld({top: sum(counts.values()), **counts}, lambda _: least) - {top}


def _least(row: Monitoring) -> int:
    return int(rule("pi.minimum", row.organisation.path).value)

"""Who plans monitorings, brings scores, sees growth, appeals and answers."""

from __future__ import annotations

from yincai.core.permissions import permission
from yincai.registry.policies import inside

BUREAUS = ("city_officer", "district_officer")

MONITORING_SEE = permission(
    "evaluation.monitoring.see", "查看监测", (*BUREAUS, "head", "school_admin"), inside("organisation__path")
)
MONITORING_PLAN = permission("evaluation.monitoring.plan", "安排监测", BUREAUS, inside("path"))
ROSTER = permission("evaluation.monitoring.roster", "取监测名单", ("head", "school_admin"))
IMPORT_SCORES = permission(
    "evaluation.scores.import", "导入监测成绩", (*BUREAUS, "admin", "school_admin"), inside("path")
)
GROWTH_SEE = permission("evaluation.growth.see", "查看增值评价", (*BUREAUS, "head"), inside("school__path"))
GROWTH_COMPUTE = permission("evaluation.growth.compute", "计算增值", BUREAUS, inside("organisation__path"))
GROWTH_TAKE = permission(
    "evaluation.growth.take", "下载增值的整个计算", BUREAUS, inside("monitoring__organisation__path")
)
APPEAL = permission("evaluation.growth.appeal", "提出申诉", ("head",), inside("school__path"))
APPEALS_SEE = permission("evaluation.appeal.see", "查看申诉", (*BUREAUS, "head"), inside("growth__school__path"))
APPEAL_ANSWER = permission(
    "evaluation.appeal.answer", "答复申诉", BUREAUS, inside("growth__run__monitoring__organisation__path")
)

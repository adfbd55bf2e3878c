"""The card of the item parameters: priors from labels, until a named person puts a calibration into use."""

from __future__ import annotations

from dataclasses import replace

from yincai.indicators.cards import (
    Card,
    Metric,
    Model,
    audited_groups,
    audited_metrics,
    day_of,
    name_of,
    register_model,
)
from yincai.knowledge.calibration import FEWEST
from yincai.knowledge.models import SUBJECT, Calibration, CalibrationState
from yincai.knowledge.predicting import predictions
from yincai.knowledge.queries import named_items

ITEMS = "items"


def register_models() -> None:
    register_model(Model(ITEMS, 20, items_card, predictions, named_items))


def items_card() -> Card:
    row = Calibration.objects.filter(subject=SUBJECT, state=CalibrationState.IN_USE).first()
    return Card(
        code=ITEMS,
        label="题目参数",
        does="每道题有多难、多能分辨会与不会，用来选题、组摸底卷和估计能力。",
        version=f"第 {row.pk} 次校准" if row else "先验",
        data=_data(row),
        since=day_of(row.decided_at) if row else None,
        approved=_approved(row),
        metrics=(*metrics_of(row), *audited_metrics(ITEMS)),
        groups=audited_groups(ITEMS),
        limits=(
            f"一道题不到 {FEWEST} 次首次作答时仍用先验：难度标签、年级或出题程序给的估计，误差较大。",
            "题目改版后参数从先验重新开始。",
        ),
        unknown=("同一道题对用不同教材的学生是否一样难：登记里没有教材。",),
    )


def _data(row: Calibration | None) -> str:
    if row is None:
        return "由难度标签、年级和出题程序推得的先验，没有用过答题数据。"
    return f"本地 {row.pupils:,} 名学生的 {row.facts:,} 次作答，{row.items:,} 道题有了自己的参数，其余仍是先验。"


def _approved(row: Calibration | None) -> str:
    if row is None or row.decided_by is None:
        return "随软件出厂，本地还没有人另行批准"
    return f"{name_of(row.decided_by)}，理由：{row.why}"


def metrics_of(row: Calibration | None) -> tuple[Metric, ...]:
    """What a calibration must keep to be put into use: it is not worse for pupils who were left out, and it is right
    for every group and fair in its items (on the newest answers, when it was made)."""
    label, said = "每题对数似然的改善", "在没有参加拟合的学生身上，正数表示比先验好"
    evidence = row.evidence if row else {}
    if not {"gain", "gain_se"} <= evidence.keys():
        return (Metric(label, None, least=0.0, said=said),)
    gain, reach = float(evidence["gain"]), 1.96 * float(evidence["gain_se"])
    n = int(evidence.get("answers", 0))
    better = Metric(label, gain, gain - reach, gain + reach, n, "题", least=0.0, said=said)
    before_use = [Metric(**told) for told in evidence.get("metrics", ())]
    return (better, *(replace(metric, label=f"{metric.label}（启用前）") for metric in before_use))

"""The cards of this package's models: what traces mastery, and what names the cause of a wrong answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from yincai.core.scope import unscoped
from yincai.indicators.cards import (
    Card,
    Metric,
    Model,
    Predicted,
    audited_groups,
    audited_metrics,
    day_of,
    name_of,
    register_model,
)
from yincai.knowledge.graph import load
from yincai.knowledge.queries import named_items
from yincai.learning.attributed import AttributionModel, Judgement
from yincai.learning.fold import SUBJECT
from yincai.learning.models import ModelVersion
from yincai.learning.tracing.facts import gathered
from yincai.learning.tracing.fitting import said
from yincai.learning.tracing.numbers import Numbers
from yincai.learning.tracing.versions import numbers_in_use, version_in_use
from yincai.measurement.intervals import wilson

TRACING, CAUSES = "tracing", "causes"
LEAST_AGREED = 0.7


def register_models() -> None:
    register_model(Model(TRACING, 10, tracing_card, predictions, named_items, "learning-versions"))
    register_model(Model(CAUSES, 30, causes_card))


def tracing_card() -> Card:
    numbers, row = numbers_in_use(), version_in_use()
    return Card(
        code=TRACING,
        label="掌握情况",
        does="从每次答题估计学生在每个知识点上现在能不能做对，并据此选下一题。",
        version=f"{numbers.name}（{numbers.model}），知识图谱第 {load().version} 版",
        data=_data(numbers, row),
        since=day_of(row.decided_at) if row else None,
        approved=_approved(row),
        metrics=(*audited_metrics(TRACING), *_before_use(numbers, row)),
        groups=audited_groups(TRACING),
        limits=(
            "“掌握”的意思是：现在做一道普通的题，答对的机会至少八成，而且有八成把握这样说；至少要有 3 次答题。",
            "只看对错、提示和时间，看不到解题过程，也看不到课堂。",
            "题数少时区间很宽，先看区间再看数字；不要用它给学生排队。",
            "给人看的掌握程度和选题用的预测是两部分：重新拟合只换预测，掌握程度的算法不变。",
        ),
        unknown=(
            "模拟学生和真实学生差多少，要等本地作答够多、检查过才知道。",
            "遗忘的快慢对所有学生、所有知识点用同一个数，真实情况会不同。",
            "家庭情况等没有参加检查：系统不收集，也不为统计解密加密的字段。",
        ),
    )


def _data(numbers: Numbers, row: ModelVersion | None) -> str:
    if row and row.digest:
        gain = row.evidence
        return (
            f"用本地 {row.pupils:,} 名学生的 {row.facts:,} 次作答拟合；对其中没有参加拟合的 {gain['pupils']} 名，"
            f"每题对数损失从 {gain['before']:.4f} 降到 {gain['after']:.4f}（改善 {gain['gain']:.4f}，"
            f"{gain['low']:.4f} 到 {gain['high']:.4f}）。每个学生的状态只来自他自己的答题。"
        )
    recipe, beside = numbers.told["recipe"], numbers.told["beside_mastery"]
    return (
        f"随软件出厂：在 {recipe['pupils']:,} 名模拟学生一学期的练习上拟合，没有用任何真实学生的数据，"
        "同样的种子得到同样的数。"
        f"对另外 {recipe['held_out']:,} 名模拟学生，加上按前后作答预测的部分，每题对数损失比只看掌握程度低 "
        f"{beside['gain']:.4f}（标准误 {beside['gain_se']:.4f}）。每个学生的状态只来自他自己的答题。"
    )


def _approved(row: ModelVersion | None) -> str:
    if row is None or row.decided_by is None:
        return "随软件出厂，由开发者批准；本地还没有人另行批准"
    return f"{name_of(row.decided_by)}，理由：{row.why}"


def _before_use(numbers: Numbers, row: ModelVersion | None) -> list[Metric]:
    """What was measured before it came into use, on pupils who were left out of the fit."""
    who = "使用前，留出的学生" if row and row.digest else "出厂前，模拟学生"
    told = row.metrics if row and row.digest else numbers.told["metrics"]
    return [replace(metric, label=f"{metric.label}（{who}）") for metric in (Metric(**one) for one in told)]


def causes_card() -> Card:
    row = AttributionModel.objects.filter(subject=SUBJECT).first()
    return Card(
        code=CAUSES,
        label="错因判断",
        does="看一个错误答案，或学生写出的步骤里第一行接不上的地方，能由哪种错误做法得出，给老师一个可能的原因，由老师确认或改正。",
        version=f"第 {row.pk} 版" if row else "出厂版",
        data=f"用老师的 {row.judgements} 次判断训练，在出厂的先验上更新。" if row else "出厂的先验，还没有老师判断过。",
        since=day_of(row.at) if row else None,
        approved="每次老师确认或改正后自动更新；每个结论都要由老师判断" if row else "随软件出厂",
        metrics=(_agreed(),),
        limits=(
            "同一个错误答案可能由几种做法得出，所以给的是可能，不是结论。",
            "只认识登记过的错误做法，认不出的会说“说不清”。",
        ),
        unknown=("老师没有看过的判断有多少是对的。",),
    )


def _agreed() -> Metric:
    """Over the whole installation: counts alone, so that everybody reads the same card."""
    with unscoped("a model's card counts judgements; no pupil, no teacher"):
        rows = Judgement.objects.filter(subject=SUBJECT, superseded=False).exclude(said="")
        pairs = list(rows.order_by().values_list("said", "cause"))
    label, said = "老师同意的比例", "老师判断过的错因中，同意系统的"
    if len(pairs) < 10:
        return Metric(label, None, least=LEAST_AGREED, said=said)
    agreed = sum(one == other for one, other in pairs)
    low, high = wilson(agreed, len(pairs), 0.95)
    return Metric(label, agreed / len(pairs), low, high, len(pairs), "次判断", least=LEAST_AGREED, said=said)


def predictions(most: int) -> Predicted:
    """What the numbers in use said before each first answer without help, folded anew; whole pupils, newest first."""
    found = gathered(most)
    if not len(found.answers):
        nothing = np.zeros(0)
        return Predicted(found.answers.pupil, found.place, found.item, nothing, nothing, nothing)
    p, kept = said(numbers_in_use(), found.answers), found.answers.scored
    rows = found.where(kept)
    return Predicted(rows.answers.pupil, rows.place, rows.item, rows.answers.time, p[kept], rows.answers.score)

"""The cards of this package's models: what traces mastery, and what names the cause of a wrong answer."""

from __future__ import annotations

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
    register_model,
)
from yincai.learning.attributed import AttributionModel, Judgement
from yincai.learning.fold import SUBJECT, PracticeFold
from yincai.measurement.intervals import wilson
from yincai.measurement.tracing import ItemInfo, State, predict, update
from yincai.records.folds import Fact
from yincai.records.models import LearnerState
from yincai.records.queries import facts_of

TRACING, CAUSES = "tracing", "causes"
PUPILS_AT_ONCE = 200
LEAST_AGREED = 0.7


def register_models() -> None:
    register_model(Model(TRACING, 10, tracing_card, predictions))
    register_model(Model(CAUSES, 30, causes_card))


def tracing_card() -> Card:
    versions = PracticeFold().versions
    return Card(
        code=TRACING,
        label="掌握情况",
        does="从每次答题估计学生在每个知识点上现在能不能做对，并据此选下一题。",
        version=f"{versions.model}，参数第 {versions.parameters} 套，知识图谱第 {versions.graph} 版",
        data="随软件出厂的参数，由开发者设定（做法见公开文献），没有用任何学生的数据拟合；每个学生的状态只来自他自己的答题。",
        since=None,
        approved="随软件出厂，本地还没有人另行批准",
        metrics=audited_metrics(TRACING),
        groups=audited_groups(TRACING),
        limits=(
            "“掌握”的意思是：现在做一道普通的题，答对的机会至少八成，而且有八成把握这样说；至少要有 3 次答题。",
            "只看对错、提示和时间，看不到解题过程，也看不到课堂。",
            "题数少时区间很宽，先看区间再看数字；不要用它给学生排队。",
        ),
        unknown=(
            "遗忘的快慢对所有学生、所有知识点用同一个数，真实情况会不同。",
            "性别等个人情况没有参加检查：系统不为统计解密这些字段。",
        ),
    )


def causes_card() -> Card:
    row = AttributionModel.objects.filter(subject=SUBJECT).first()
    return Card(
        code=CAUSES,
        label="错因判断",
        does="看一个错误答案能由哪种错误做法得出，给老师一个可能的原因，由老师确认或改正。",
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
    """What the model in use said before each first answer without help, folded anew; whole pupils, newest first."""
    rows: list[tuple[int, str, int, float, float, float]] = []
    states = LearnerState.objects.filter(subject=SUBJECT).order_by("-pupil").values_list("pupil", flat=True)
    pupils = list(states)
    for start in range(0, len(pupils), PUPILS_AT_ONCE):
        by_pupil: dict[int, list[Fact]] = {}
        for fact in facts_of(pupils[start : start + PUPILS_AT_ONCE], SUBJECT):
            by_pupil.setdefault(fact.pupil, []).append(fact)
        for facts in by_pupil.values():
            rows += _said_before(facts)
        if len(rows) >= most:
            break
    columns = list(zip(*rows, strict=True)) or [()] * 6
    kinds = (np.int64, np.str_, np.int64, np.float64, np.float64, np.float64)
    return Predicted(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))


def _said_before(facts: list[Fact]) -> list[tuple[int, str, int, float, float, float]]:
    fold = PracticeFold()
    numbers = fold.parameters[fold.versions.parameters]
    state, told = State.empty(0, numbers), []
    for fact in facts:
        item, moment = ItemInfo(fact.points, fact.difficulty, fact.guess), fact.at.timestamp()
        if fact.attempt == 1 and not fact.hints:
            p = float(predict(state, [item], moment, numbers)[0][0])
            told.append((fact.pupil, fact.place, fact.item, moment, p, fact.score))
        state = update(state, item, fact.score, moment, numbers, item_id=fact.item)
    return told

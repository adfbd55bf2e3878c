"""The card of growth: what a school's figure was computed with, and how far it can be relied on."""

from __future__ import annotations

from yincai.evaluation.models import GrowthRun
from yincai.evaluation.words import model_words
from yincai.indicators.cards import Card, Metric, Model, day_of, name_of, register_model

GROWTH = "growth"
LEAST_RELIABILITY = 0.5


def register_models() -> None:
    register_model(Model(GROWTH, 40, growth_card))


def growth_card() -> Card:
    row = GrowthRun.objects.first()
    told = row.model if row else {}
    return Card(
        code=GROWTH,
        label="学校增值",
        does="用学生以前的监测成绩推算预期，把学校实际的平均与预期相比，给出区间。",
        version=f"线性混合模型，算法第 {told['version']} 版" if "version" in told else "还没有算过",
        data=_data(row),
        since=day_of(row.at) if row else None,
        approved=f"{name_of(row.by)}发起计算" if row else "还没有人发起计算",
        metrics=(
            Metric(
                "前测成绩的信度",
                told.get("reliability"),
                least=LEAST_RELIABILITY,
                n=int(row.counts.get("included", 0)) if row else 0,
                unit="人",
                said="用来扣除前测的误差；没有区间，所以不作判断",
            ),
        ),
        limits=(
            "只比较学校，不给任何学生排名或百分位。",
            "区间互相重叠的学校不分先后；人数太少的学校没有数字。",
            "增值不等于教学的功劳：生源流动、缺考和校外的影响都在里面。",
        ),
        unknown=("没有参加监测的学生会怎样。", "两次监测之间转学的学生带来的影响只数了人数。"),
    )


def _data(row: GrowthRun | None) -> str:
    if row is None:
        return "两次相连的抽样监测成绩；还没有。"
    told = f"{row.monitoring.title}和此前的监测，{row.counts.get('included', 0):,} 名学生计算在内。"
    return told + model_words(row)

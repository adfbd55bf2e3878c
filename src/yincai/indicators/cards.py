"""Model cards: what computes the figures and guesses that people see, told in plain words, with bounds it must keep.

A package registers each model it has in use in its `apps.py`: a **Model** gives its **Card** as of now, and, where it
predicts answers, its **Predicted** rows for the audit (`auditing.py`). A metric is inside its bounds unless its whole
interval lies beyond one: few data are no proof of failure, and no proof of quality either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from yincai.core.scope import unscoped
from yincai.indicators.models import ModelAudit
from yincai.registry.models import Person

UNSURE = "数据不够，还不能判断"
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """`low`, `high`: its interval of 95 %, None where there is none. `least`, `most`: the bounds it must keep."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = "题"
    least: float | None = None
    most: float | None = None
    said: str = ""

    @property
    def fails(self) -> bool:
        below = self.least is not None and self.high is not None and self.high < self.least
        return below or (self.most is not None and self.low is not None and self.low > self.most)

    @property
    def number(self) -> str:
        if self.value is None:
            return "还没有"
        span = "" if self.low is None or self.high is None else f"（{self.low:.3f} 到 {self.high:.3f}）"
        return f"{self.value:.3f}{span}，{self.n:,} {self.unit}"

    @property
    def bound(self) -> str:
        ends = [
            f"至少 {self.least:g}" if self.least is not None else "",
            f"至多 {self.most:g}" if self.most is not None else "",
        ]
        return "、".join(end for end in ends if end) or "只作说明"

    @property
    def verdict(self) -> str:
        if self.least is None and self.most is None:
            return "—"
        if self.value is None or self.low is None:
            return UNSURE
        return "超出界限" if self.fails else "在界限内"


@dataclass(frozen=True)
class Card:
    """`since`: when this version came into use. `approved`: who put it into use, in words."""

    code: str
    label: str
    does: str
    version: str
    data: str
    since: date | None
    approved: str
    metrics: tuple[Metric, ...]
    limits: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def failing(self) -> tuple[Metric, ...]:
        return tuple(metric for metric in self.metrics if metric.fails)

    @property
    def status(self) -> str:
        if self.failing:
            return f"没有达到界限：{'、'.join(metric.label for metric in self.failing)}"
        bounded = [metric for metric in self.metrics if metric.bound != "只作说明"]
        if any(metric.verdict == "在界限内" for metric in bounded):
            return "在界限内"
        return UNSURE if bounded else "没有设界限"


@dataclass(frozen=True)
class Predicted:
    """Rows: the pupil's number, the class's path, the item, when (seconds), what was predicted before the answer and
    what came."""

    pupil: Ints
    place: NDArray[np.str_]
    item: Ints
    time: Floats
    predicted: Floats
    observed: Floats


@dataclass(frozen=True)
class Model:
    """`card` is asked whenever somebody looks. `predictions`: the newest ones within the scope, at most so many."""

    code: str
    order: int
    card: Callable[[], Card]
    predictions: Callable[[int], Predicted] | None = None


MODELS: dict[str, Model] = {}


def register_model(model: Model) -> None:
    if model.code in MODELS:
        raise ValueError(f"model {model.code} is registered twice")
    MODELS[model.code] = model


def models() -> list[Model]:
    return sorted(MODELS.values(), key=lambda model: (model.order, model.code))


def last_audit(code: str) -> ModelAudit | None:
    return ModelAudit.objects.filter(model=code).first()


def audited_metrics(code: str) -> tuple[Metric, ...]:
    """Of a predicting model, from its newest audit: does it tell apart, are its probabilities right."""
    row = last_audit(code)
    if row is None:
        return (Metric("区分能力（AUC）", None, least=LEAST_AUC), Metric("校准误差（ECE）", None, most=MOST_ECE))
    auc, ece, gap, loss = (row.report["whole"][name] for name in ("auc", "ece", "gap", "log_loss"))
    off = "实际答对率减预测，正数：预测偏低"
    apart, right = "答对的题预测值更高的机会，0.5 等于乱猜", "说“八成会对”的题，是不是真有八成做对"
    return (
        Metric("区分能力（AUC）", auc[0], auc[1], auc[2], row.n, least=LEAST_AUC, said=apart),
        Metric("校准误差（ECE）", ece[0], ece[1], ece[2], row.n, most=MOST_ECE, said=right),
        Metric("平均偏差", gap[0], gap[1], gap[2], row.n, "题", -MOST_GAP, MOST_GAP, off),
        Metric("对数损失", loss[0], loss[1], loss[2], row.n, said="越小越好"),
    )


LEAST_AUC, MOST_ECE, MOST_GAP = 0.6, 0.05, 0.05


def name_of(account: UUID) -> str:
    """Who put a model into use."""
    with unscoped("who approved a model is told to everybody who works with it"):
        person = Person.objects.filter(account=account).first()
    return person.name if person else "系统"


def day_of(moment: datetime | None) -> date | None:
    return moment.date() if moment else None

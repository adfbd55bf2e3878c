"""Model cards: what computes the figures and guesses that people see, told in plain words, with bounds it must keep.

A package registers each model it has in use in its `apps.py`: a **Model** gives its **Card** as of now, and, where it
predicts answers, its **Predicted** rows for the audit (`auditing.py`). A metric is inside its bounds unless its whole
interval lies beyond one: few data are no proof of failure, and no proof of quality either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from yincai.core.action import ActionError
from yincai.core.scope import unscoped
from yincai.indicators.models import ModelAudit
from yincai.measurement.fairness.bounds import LEAST_AUC, MOST_ECE, ONLY_TOLD, UNSURE, Metric, failures
from yincai.registry.models import Person

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Card:
    """`since`: when this version came into use. `approved`: who put it into use, in words. `groups`: what it must keep
    for each group; shown to the city only, unless it fails."""

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
    groups: tuple[Metric, ...] = ()

    @property
    def failing(self) -> tuple[Metric, ...]:
        return tuple(metric for metric in (*self.metrics, *self.groups) if metric.fails)

    @property
    def groups_failing(self) -> tuple[Metric, ...]:
        return tuple(metric for metric in self.groups if metric.fails)

    @property
    def status(self) -> str:
        if self.failing:
            first, more = self.failing[0].label, len(self.failing) - 1
            return f"没有达到界限：{first}" + (f"等 {more + 1} 项" if more else "")
        bounded = [metric for metric in self.metrics if metric.bound != ONLY_TOLD]
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
    """`card` is asked whenever somebody looks. `predictions`: the newest ones within the scope, at most so many.
    `items`: number → name and address of items, for those that are unfair to a group or have changed. `versions`: the
    name of the page where another version is put into use, where there is one."""

    code: str
    order: int
    card: Callable[[], Card]
    predictions: Callable[[int], Predicted] | None = None
    items: Callable[[Collection[int]], dict[int, tuple[str, str]]] | None = None
    versions: str = ""


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
    return _audited(code, "metrics") or (
        Metric("区分能力（AUC）", None, least=LEAST_AUC),
        Metric("校准误差（ECE）", None, most=MOST_ECE),
    )


def audited_groups(code: str) -> tuple[Metric, ...]:
    """The same for each group that is large enough, and the items that are unfair to one."""
    return _audited(code, "group_metrics")


def _audited(code: str, part: str) -> tuple[Metric, ...]:
    row = last_audit(code)
    return tuple(Metric(**told) for told in row.report.get(part, ())) if row else ()


def refuse_beyond_bounds(what: str, metrics: Iterable[Metric]) -> None:
    """Whoever puts a model into use calls this first. Raises ActionError that says which bounds `what` does not keep.

    `metrics`: those of its card to be, with `measurement.fairness.metrics_of` an audit of the candidate's predictions.
    """
    if found := failures(metrics):
        raise ActionError(
            f"{what}没有达到模型说明里的界限，不能启用：{'；'.join(found)}。"
            "在用的模型不变。请先查明原因（数据够不够、是不是对某一组不准），改好以后重新计算再启用。"
        )


def name_of(account: UUID) -> str:
    """Who put a model into use."""
    with unscoped("who approved a model is told to everybody who works with it"):
        person = Person.objects.filter(account=account).first()
    return person.name if person else "系统"


def day_of(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None

"""The audit of a model in use: its predictions on the installation's own answers, of groups, of items, over time.

Groups are what the registry keeps in the open: 办学类型, 城乡, 年级 and, where it is entered, 性别. A group of fewer
pupils than the rule allows (pi.minimum) is left out, and so is the next smallest where the left-out ones could be
worked out from the whole. Time goes by months, of all and of each group; an item that has changed is one that is
harder or easier in the newest month than before at the same prediction (DIF with months as groups).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

import numpy as np
from django.utils import timezone

from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.rules import rule
from yincai.core.scope import STEP
from yincai.indicators.cards import Floats, Ints, Model, Predicted, last_audit
from yincai.indicators.models import ModelAudit
from yincai.measurement.fairness import Audit, Calibration, Data, Estimate, Finding, Window, audit
from yincai.measurement.fairness.audit import GroupDif
from yincai.measurement.fairness.bounds import group_metrics, whole_metrics
from yincai.measurement.fairness.words import sentence
from yincai.registry.models import Organisation, RoleHeld, RoleName, School, in_force
from yincai.registry.queries import sexes_of

MOST = 60_000  # answers looked at, the newest
FEWEST = 200  # below this nothing is said
ROWS = 50  # answers of a group
KIND, AREA, GRADE, SEX, MONTH = "办学类型", "城乡", "年级", "性别", "时间"
NEWEST, EARLIER = "最近一个月", "以前"
MOST_ITEMS = 200  # kept of those that differ
TOLD = (RoleName.CITY_OFFICER, RoleName.ADMIN)


class TooFew(Exception):
    """Not enough answers yet."""


def audit_model(model: Model, *, acting_user: Actor) -> ModelAudit:
    """Look at one model now and keep what was found. Raises TooFew."""
    if model.predictions is None:
        raise TooFew(f"“{model.card().label}”不预测答题，没有可以检查的预测。")
    rows = model.predictions(MOST)
    if len(rows.predicted) < FEWEST:
        raise TooFew(f"只有 {len(rows.predicted)} 次可用的答题，至少要 {FEWEST} 次才检查。")
    looked = look_at(rows)
    made, names = looked.made, named_items(model, looked)
    before = last_audit(model.code)
    row = ModelAudit.objects.create(
        model=model.code,
        version=model.card().version,
        by=acting_user.account.pk,
        n=len(rows.predicted),
        pupils=len(np.unique(rows.pupil)),
        report={**report_of(made), "monthly": looked.monthly, "dif": dif_of(made, names), "subjects": subjects(made)},
        findings=[_in_words(one, names, looked.monthly) for one in made.findings],
    )
    return _judged(model, row, before)


@dataclass(frozen=True)
class Looked:
    """`items`: their own numbers, in the order in which the audit counts them. `monthly`: drift goes by months."""

    made: Audit
    items: Ints
    monthly: bool


def look_at(rows: Predicted) -> Looked:
    least = int(rule("pi.minimum", "").value)
    months = month_of(rows.time)
    monthly = bool(months.min() < months.max())
    columns = groups_of(rows.place) | {SEX: sexes(rows.pupil)}
    if monthly:
        columns[MONTH] = np.where(months == months.max(), NEWEST, EARLIER).tolist()
    groups = {name: shown_groups(texts, rows.pupil, least) for name, texts in columns.items()}
    numbers, items = np.unique(rows.item, return_inverse=True)
    who = np.unique(rows.pupil, return_inverse=True)[1].astype(np.int64)
    period = months if monthly else None
    data = Data(rows.predicted, rows.observed, groups, items.astype(np.int64), who, rows.time, period)
    return Looked(audit(data, ROWS), numbers, monthly)


def month_of(time: Floats) -> Ints:
    """Months since 1970 of seconds, in the installation's time."""
    offset = timezone.localtime().utcoffset() or timedelta()
    local = (time + offset.total_seconds()).astype("datetime64[s]")
    return np.asarray(local.astype("datetime64[M]").astype(np.int64))


def month_said(month: float) -> str:
    """
    >>> month_said(681)
    '2026 年 10 月'
    """
    return f"{1970 + int(month) // 12} 年 {int(month) % 12 + 1} 月"


def sexes(pupils: Ints) -> list[str]:
    known = sexes_of({int(pupil) for pupil in pupils})
    return [known.get(int(pupil), "") for pupil in pupils]


def named_items(model: Model, looked: Looked) -> dict[int, tuple[str, str]]:
    """Of the items that were compared: the audit's number → name and address."""
    told = {one.item: int(looked.items[one.item]) for one in looked.made.dif}
    names = model.items(set(told.values())) if model.items else {}
    return {item: names.get(number, (f"第 {number} 题", "")) for item, number in told.items()}


def _in_words(finding: Finding, names: Mapping[int, tuple[str, str]], monthly: bool) -> str:
    item = "" if finding.item is None else f"“{names[finding.item][0]}”"
    return sentence(finding, item, month_said(finding.start) if monthly and finding.start is not None else "")


def subjects(made: Audit) -> list[str]:
    """What each finding is about, whatever its figures: so that a new one is told from an old one."""
    return ["|".join(map(str, (one.kind, one.column, one.group, one.item, one.start))) for one in made.findings]


def dif_of(made: Audit, names: Mapping[int, tuple[str, str]]) -> dict[str, object]:
    """How many items were compared for each group, and those that differ (classes B and C), the farthest first."""
    tested: dict[str, int] = {}
    for one in made.dif:
        tested[f"{one.column}：{one.group}"] = tested.get(f"{one.column}：{one.group}", 0) + 1
    far = sorted((one for one in made.dif if one.told.size != "A"), key=lambda one: -abs(one.told.delta.value))
    return {"tested": tested, "rows": [_dif_row(one, *names[one.item]) for one in far[:MOST_ITEMS]]}


def _dif_row(one: GroupDif, name: str, address: str) -> dict[str, object]:
    return {
        "item": name,
        "address": address,
        "column": one.column,
        "group": one.group,
        "reference": one.reference,
        "size": one.told.size,
        "delta": _three(one.told.delta),
        "n": one.told.n_focal,
        "n_reference": one.told.n_reference,
    }


def _judged(model: Model, row: ModelAudit, before: ModelAudit | None) -> ModelAudit:
    """Write down what fails, and tell those responsible when it begins to, or when something new is found."""
    card = model.card()
    row.failing = [metric.label for metric in card.failing]
    row.save(update_fields=["failing"])
    fresh = set(row.report["subjects"]) - set(before.report.get("subjects", ()) if before else ())
    address = f"/models/{card.code}/"
    if row.failing and not (before and before.failing):
        notify(responsible(), f"模型“{card.label}”没有达到它的界限：{'、'.join(row.failing)}", address)
    elif fresh:
        notify(responsible(), f"模型“{card.label}”的检查有 {len(fresh)} 处新发现，请看一看", address)
    return row


def responsible() -> list[UUID]:
    held = RoleHeld.objects.filter(in_force(), name__in=TOLD)
    return list(held.values_list("person", flat=True).distinct())


def groups_of(places: Iterable[str]) -> dict[str, list[str]]:
    """Column → the group of each row, "" where the registry does not say."""
    paths = list(places)
    schools = {school.organisation.path: school for school in School.objects.select_related("organisation").iterator()}
    grades = dict(Organisation.objects.filter(path__in=set(paths)).values_list("path", "grade"))
    found = {path: _said(path, schools, grades.get(path)) for path in set(paths)}
    return {name: [found[path][nth] for path in paths] for nth, name in enumerate((KIND, AREA, GRADE))}


def _said(path: str, schools: dict[str, School], grade: int | None) -> tuple[str, str, str]:
    above = (path[:length] for length in range(len(path), 0, -STEP))
    school = next((schools[each] for each in above if each in schools), None)
    kinds = (school.get_kind_display(), school.get_area_display()) if school else ("", "")
    return (*kinds, f"{grade} 年级" if grade else "")


def shown_groups(texts: Sequence[str], pupils: Ints, least: int) -> list[str]:
    """The texts, "" in place of groups of too few, so that the hidden ones together are again enough or none."""
    people = {name: len(set(pupils[np.asarray(texts) == name].tolist())) for name in set(texts)}
    hidden = {name for name, n in people.items() if n < least} | {""}
    left = sum(people.get(name, 0) for name in hidden)
    for name in sorted(people, key=lambda each: (people[each], each)):
        if name not in hidden and 0 < left < least:
            hidden.add(name)
            left += people[name]
    return ["" if text in hidden else text for text in texts]


def report_of(made: Audit) -> dict[str, object]:
    """What a page shows; estimates are [value, low, high], null where the data cannot tell."""
    return {
        "metrics": [asdict(metric) for metric in whole_metrics(made.whole)],
        "group_metrics": [asdict(metric) for metric in group_metrics(made)],
        "whole": _calibration(made.whole),
        "groups": [
            {"column": one.column, "group": one.group, "pupils": one.told.learners, **_calibration(one.told)}
            for one in made.groups
            if one.told is not None
        ],
        "shifts": [
            {"column": one.column, "group": one.group, "reference": one.reference, "effect": _three(one.effect)}
            for one in made.differential
        ],
        "drift": [_window(one) for one in made.drift],
        "group_drift": [
            {"column": whose.column, "group": whose.group, **_window(one)}
            for whose in made.group_drift
            if whose.column != MONTH
            for one in whose.windows
        ],
    }


def _window(one: Window) -> dict[str, object]:
    return {
        "start": one.start,
        "end": one.end,
        "n": one.n,
        "psi": one.psi,
        "calibration": [one.calibration.value, one.calibration.low, one.calibration.high],
        "loss": [one.loss.value, one.loss.low, one.loss.high],
    }


def _calibration(told: Calibration) -> dict[str, object]:
    low, high = told.ece_interval()
    return {
        "n": told.n,
        "ece": [told.ece, *_known(low, high)],
        "ece_by_chance": told.ece_by_chance,
        "gap": _three(told.gap),
        "slope": _three(told.slope),
        "auc": _three(told.auc),
        "log_loss": _three(told.log_loss),
    }


def _three(estimate: Estimate) -> list[float | None]:
    return _known(estimate.value, *estimate.interval())


def _known(*values: float) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]

"""The audit of a model in use: its predictions on the installation's own answers, by kinds of school and of place.

Groups are those that the registry keeps without looking at a person: 办学类型, 城乡, 年级. A group of fewer pupils
than the rule allows (pi.minimum) is left out, and so is the next smallest where the left-out ones could be worked out
from the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from uuid import UUID

import numpy as np

from yincai.core.actors import Actor
from yincai.core.notices import notify
from yincai.core.rules import rule
from yincai.core.scope import STEP
from yincai.indicators.cards import Ints, Model, last_audit
from yincai.indicators.models import ModelAudit
from yincai.measurement.fairness import Audit, Calibration, Data, Estimate, audit
from yincai.measurement.fairness.bounds import group_metrics, whole_metrics
from yincai.measurement.fairness.words import sentence
from yincai.registry.models import Organisation, RoleHeld, RoleName, School, in_force

MOST = 60_000  # answers looked at, the newest
FEWEST = 200  # below this nothing is said
ROWS = 50  # answers of a group
KIND, AREA, GRADE = "办学类型", "城乡", "年级"
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
    least = int(rule("pi.minimum", "").value)
    groups = {name: shown_groups(texts, rows.pupil, least) for name, texts in groups_of(rows.place).items()}
    who = np.unique(rows.pupil, return_inverse=True)[1].astype(np.int64)
    made = audit(Data(rows.predicted, rows.observed, groups, learners=who, time=rows.time), ROWS)
    before = last_audit(model.code)
    row = ModelAudit.objects.create(
        model=model.code,
        version=model.card().version,
        by=acting_user.account.pk,
        n=len(who),
        pupils=int(who.max()) + 1,
        report=report_of(made),
        findings=[sentence(one) for one in made.findings],
    )
    return _judged(model, row, before)


def _judged(model: Model, row: ModelAudit, before: ModelAudit | None) -> ModelAudit:
    """Write down what fails, and tell those responsible when it begins to."""
    card = model.card()
    row.failing = [metric.label for metric in card.failing]
    row.save(update_fields=["failing"])
    if row.failing and not (before and before.failing):
        notify(_responsible(), f"模型“{card.label}”没有达到它的界限：{'、'.join(row.failing)}", f"/models/{card.code}/")
    return row


def _responsible() -> list[UUID]:
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
        "drift": [
            {
                "start": one.start,
                "end": one.end,
                "n": one.n,
                "psi": one.psi,
                "calibration": [one.calibration.value, one.calibration.low, one.calibration.high],
                "loss": [one.loss.value, one.loss.low, one.loss.high],
            }
            for one in made.drift
        ],
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

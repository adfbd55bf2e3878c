"""Taking a whole computation away: scores under numbers drawn for this download, coefficients, figures of schools."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.http import HttpResponse
from numpy.typing import NDArray

from yincai.core.action import action, touched
from yincai.core.actors import Actor
from yincai.core.exports import export_file
from yincai.evaluation.computing import FIGURES, Columns, fitted, keeps_spread
from yincai.evaluation.models import GrowthRun, SchoolGrowth
from yincai.evaluation.policies import GROWTH_TAKE
from yincai.records.queries import present_paths
from yincai.records.readers.scores import Bundle, bundle_bytes
from yincai.registry.models import Organisation, OrganisationKind

if TYPE_CHECKING:
    from yincai.measurement.growth.value_added import Growth

DRAWN_FROM = 10**9


@action(GROWTH_TAKE)
def take_computation(run: GrowthRun, *, acting_user: Actor) -> HttpResponse:
    """A file that `yincai measure growth value-added --replay` computes again to the same figures."""
    GROWTH_TAKE.require(acting_user, run)
    bundle = bundle_of(run)
    touched(run, "evaluation.take_computation", pupils=len(bundle.number))
    return export_file(
        f"{run.monitoring.title} 增值计算",
        bundle_bytes(bundle),
        ".zip",
        "application/zip",
        rows=len(bundle.number),
        acting_user=acting_user,
    )


def bundle_of(run: GrowthRun) -> Bundle:
    given = _under_present_paths(Columns.unpack(bytes(run.inputs)), run)
    found = fitted(given, run.least, run.model["version"])
    kept = {row.school.path: row for row in SchoolGrowth.objects.filter(run=run).select_related("school")}
    order = np.random.default_rng(secrets.randbits(64)).permutation(len(given.scores))
    return Bundle(
        number=_drawn_numbers(len(order)),
        school=given.school[order],
        score=given.scores[order],
        priors=given.priors[order][:, None],
        settings=_settings(run, given),
        coefficients=found.coefficients,
        figures=_figures(found, given, kept),
        errors=given.errors[order][:, None],
    )


def _under_present_paths(given: Columns, run: GrowthRun) -> Columns:
    """A school may have come under another district since."""
    now = present_paths(given.paths, run.at)
    return replace(given, paths=[now[path] for path in given.paths])


def _drawn_numbers(count: int) -> NDArray[np.int64]:
    """Different numbers that mean nothing outside this file."""
    drawn: set[int] = set()
    while len(drawn) < count:
        drawn.add(secrets.randbelow(DRAWN_FROM))
    return np.array(list(drawn), dtype=np.int64)


def _settings(run: GrowthRun, given: Columns) -> dict[str, Any]:
    monitoring = run.monitoring
    return {
        "minimum": run.least,
        "confidence": run.model["confidence"],
        "positive": keeps_spread(run.model["version"]),
        "prior_se": [given.prior_se],
        "title": monitoring.title,
        "score": monitoring.code,
        "priors": [monitoring.before.code if monitoring.before else ""],
        "scale": monitoring.scale,
        "computed_at": run.at.isoformat(),
        "counts": run.counts,
        "schools": _names(given),
    }


def _names(given: Columns) -> dict[str, str]:
    found = Organisation.objects.filter(path__in=given.paths, kind=OrganisationKind.SCHOOL)
    names = {row.path: f"{row.code} {row.name}".strip() for row in found}
    return {str(number): names.get(path, "") for number, path in enumerate(given.paths)}


def _figures(found: Growth, given: Columns, kept: Mapping[str, SchoolGrowth]) -> tuple[dict[str, Any], ...]:
    """As kept by the run. A school withheld only for another's sake has its computed figures: whoever holds this file
    has the scores themselves."""
    rows = []
    for one in found.schools:
        row, stored = asdict(one), kept.get(given.paths[one.school])
        if stored is not None and stored.growth is not None:
            row |= {name: getattr(stored, name) for name in FIGURES}
        rows.append(row)
    return tuple(rows)

"""From gathered pairs of scores to the figures of schools; the numerics are `measurement.growth`."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from yincai.evaluation.gathering import Fate, Gathered
from yincai.evaluation.models import Monitoring

if TYPE_CHECKING:
    from yincai.measurement.growth import value_added

VERSION = "3"  # since 2 each earlier score has its own standard error, since 3 the spread of schools is never none
SPREAD_SINCE = 3
CONFIDENCE = 0.95  # a school is said to lie beside its expectation: the house's 80 % would say so too often
ROWS_A_COLUMN = 10  # with fewer pupils for each column of the curve no growth percentile is told
FIGURES = ("expected", "came", "growth", "se", "low", "high")
MISSING = (Fate.ABSENT_BEFORE, Fate.ABSENT_NOW, Fate.MOVED_IN, Fate.WITHOUT_CONSENT)  # drawn this time, not compared
Floats = NDArray[np.float64]


class TooFew(ValueError):
    """Nothing can be computed; the message says why and what to do."""


@dataclass(frozen=True)
class Columns:
    """What the computation looks at: no pupil's number, rows in an order that tells nothing (by school and scores).

    `school`: numbers in the order of `paths`. `errors`: standard errors of the priors. NaN where a score is missing:
    such rows are only counted.
    """

    scores: Floats
    priors: Floats
    errors: Floats
    school: NDArray[np.int64]
    paths: list[str]

    @property
    def prior_se(self) -> float:
        """The typical standard error: the root of the mean square."""
        own = self.errors[np.isfinite(self.errors)]
        return float(np.sqrt(np.mean(np.square(own)))) if len(own) else 0.0

    def pack(self) -> bytes:
        head = np.frombuffer(json.dumps({"paths": self.paths}).encode(), np.uint8)
        held = io.BytesIO()
        np.savez_compressed(
            held, scores=self.scores, priors=self.priors, errors=self.errors, school=self.school, head=head
        )
        return held.getvalue()

    @classmethod
    def unpack(cls, packed: bytes) -> Columns:
        held = np.load(io.BytesIO(packed), allow_pickle=False)
        head, priors = json.loads(held["head"].tobytes()), held["priors"]
        errors = (
            held["errors"] if "errors" in held else np.full(len(priors), head["prior_se"])
        )  # version 1: one for all
        return cls(held["scores"], priors, errors, held["school"], head["paths"])


@dataclass(frozen=True)
class Computed:
    """`model`: what the numbers were computed with; `figures`: by school's path, columns of SchoolGrowth."""

    model: dict[str, Any]
    figures: dict[str, dict[str, float]]
    columns: Columns


def columns_of(monitoring: Monitoring, gathered: Gathered) -> Columns:
    """Everybody drawn this time: those with both scores, and a row without for each who is missing."""
    paths = sorted(gathered.counts)
    number = {path: index for index, path in enumerate(paths)}
    missing = float("nan")
    rows: list[tuple[float, ...]] = [
        (number[pair.school], pair.now.score or 0.0, pair.before.score or 0.0, pair.before.se or monitoring.scale_se)
        for pair in gathered.pairs
    ]
    rows += [
        (number[path], missing, missing, missing)
        for path, counts in gathered.counts.items()
        for _ in range(sum(counts[fate] for fate in MISSING))
    ]
    table = np.array(sorted(rows, key=_plain), dtype=np.float64).reshape(-1, 4)
    return Columns(table[:, 1], table[:, 2], table[:, 3], table[:, 0].astype(np.int64), paths)


def _plain(row: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float("inf") if value != value else value for value in row)  # NaN has no order


def compute(monitoring: Monitoring, gathered: Gathered, least: int) -> Computed:
    """Raises TooFew where there is nothing to compare."""
    given = columns_of(monitoring, gathered)
    if len({pair.school for pair in gathered.pairs}) < 2:
        raise TooFew("两次都有成绩的学生不到两所学校，没有可比的。请核对两次监测的名单和成绩是否导入齐全。")
    try:
        found = fitted(given, least)
    except ValueError as error:
        raise TooFew(f"成绩之间看不出规律（{error}）。请核对两次监测的成绩是否填在正确的列里。") from error
    figures = {given.paths[one.school]: _figures(one) for one in found.schools if one.growth is not None}
    _add_before(figures, given)
    _add_percentiles(figures, given, least)
    return Computed(_model(found, given), figures, given)


def keeps_spread(version: str) -> bool:
    """Whether figures of this version keep the spread between schools from zero."""
    return int(version) >= SPREAD_SINCE


def fitted(given: Columns, least: int, version: str = VERSION) -> value_added.Growth:
    from yincai.measurement.growth import value_added  # compiled code: loaded where it is used

    return value_added.fit(
        given.scores,
        given.priors[:, None],
        given.school,
        prior_se=given.errors[:, None],
        minimum=least,
        confidence=CONFIDENCE,
        positive=keeps_spread(version),
    )


def _figures(one: value_added.School) -> dict[str, float]:
    return {name: getattr(one, name) for name in FIGURES}


def _add_before(figures: dict[str, dict[str, float]], given: Columns) -> None:
    for number, path in enumerate(given.paths):
        if path in figures:
            figures[path]["before"] = float(np.nanmean(given.priors[given.school == number]))


def _add_percentiles(figures: dict[str, dict[str, float]], given: Columns, least: int) -> None:
    """Of schools only; the pupils' percentiles end with this function."""
    from yincai.measurement.growth import percentiles
    from yincai.measurement.growth.splines import knots_of

    there = np.isfinite(given.scores)
    scores, priors, school = given.scores[there], given.priors[there], given.school[there]
    try:
        knots = knots_of(priors)
        if len(scores) < ROWS_A_COLUMN * (1 + knots.columns):
            return
        found = percentiles.percentiles(scores, priors[:, None], [knots])
    except ValueError:
        return  # too few different scores for a curve
    for one in percentiles.of_groups(found.sgp, school, least, CONFIDENCE):
        figure = figures.get(given.paths[one.group])
        if figure is not None and one.mean is not None and one.low is not None and one.high is not None:
            figure |= {"percentile": one.mean, "percentile_low": one.low, "percentile_high": one.high}


def _model(found: value_added.Growth, given: Columns) -> dict[str, Any]:
    spread = float(np.nanvar(given.priors, ddof=1))
    reliability = 1 - given.prior_se**2 / spread if spread else 0.0
    return {
        "name": "value-added",
        "version": VERSION,
        "confidence": CONFIDENCE,
        "prior_se": given.prior_se,
        "reliability": max(0.0, reliability),
        **found.coefficients,
    }

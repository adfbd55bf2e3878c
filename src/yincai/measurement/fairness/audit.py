"""The whole audit of a file of predictions: calibration of all and of each group, differential prediction, DIF, drift,
and what of it is a finding.

A finding is large *and* not by chance: its size passes the bound and its p-value, adjusted by Holm within its family of
tests (calibration, differential prediction, DIF, drift) and for the four families, is below 5 %. So an audit of a fair
model finds anything at most once in twenty times, however many groups are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from yincai.measurement.fairness import dif as items_dif
from yincai.measurement.fairness.calibration import Calibration, calibrate, check
from yincai.measurement.fairness.differential import Differential, differential
from yincai.measurement.fairness.drift import Window, drift, drift_by_period
from yincai.measurement.fairness.estimates import Estimate, Floats, Whole, holm

FAMILIES = 4


@dataclass(frozen=True)
class Bounds:
    """From what size on a figure is a finding. `gap`, `effect`, `calibration_shift`: probability. `slope`: on the
    logarithm of Cox's slope. `loss_shift`: nats a row. `psi`: the usual 0.25."""

    level: float = 0.05
    gap: float = 0.02
    slope: float = 0.25
    effect: float = 0.02
    psi: float = 0.25
    calibration_shift: float = 0.02
    loss_shift: float = 0.01


@dataclass(frozen=True)
class Data:
    """predicted, observed : (n,) in 0…1. groups : column → (n,) texts, "" unknown. items, learners : (n,) numbers from
    0 up. time : (n,). period : (n,) whole numbers that rise with time, months say; drift is then told by them, of each
    group too, else by equal parts of the time."""

    predicted: Floats
    observed: Floats
    groups: Mapping[str, Sequence[str]]
    items: Whole | None = None
    learners: Whole | None = None
    time: Floats | None = None
    period: Whole | None = None


@dataclass(frozen=True)
class GroupCalibration:
    """`told` is None where the group is too small; `n` says how many rows there are."""

    column: str
    group: str
    n: int
    told: Calibration | None


@dataclass(frozen=True)
class GroupShift:
    column: str
    reference: str
    group: str
    n: int
    shift: Estimate
    odds_ratio: float
    effect: Estimate
    slope: Estimate


@dataclass(frozen=True)
class GroupDif:
    column: str
    reference: str
    group: str
    item: int
    told: items_dif.ItemDif


@dataclass(frozen=True)
class GroupDrift:
    column: str
    group: str
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Finding:
    """`kind`: calibration, slope, differential, differential slope, dif, population, calibration drift, loss drift.
    `column`, `group` empty for all rows; `item` and `window` (from 1) where they apply, `start` of that window; `p`
    adjusted."""

    kind: str
    column: str
    group: str
    value: float
    low: float
    high: float
    p: float
    item: int | None = None
    window: int | None = None
    start: float | None = None


@dataclass(frozen=True)
class Audit:
    """All that was looked at: calibration of all rows and of each group, differential prediction, DIF of items, drift
    of all and of groups; `findings` are those beyond the bounds."""

    whole: Calibration
    groups: tuple[GroupCalibration, ...]
    differential: tuple[GroupShift, ...]
    dif: tuple[GroupDif, ...]
    drift: tuple[Window, ...]
    findings: tuple[Finding, ...]
    group_drift: tuple[GroupDrift, ...] = ()


def audit(data: Data, minimum: int = 50, windows: int = 8, bounds: Bounds = Bounds()) -> Audit:
    """minimum : rows (and, where learners are known, at least 2 of them) before anything is told of a group.

    Raises ValueError for columns of other lengths or values outside their range. Sources: see each part's module.

    >>> rng = np.random.default_rng(1)
    >>> told, group = rng.uniform(0.2, 0.8, 2000), np.repeat(["a", "b"], 1000)
    >>> right = (rng.random(2000) < told - 0.2 * (group == "b")).astype(float)
    >>> made = audit(Data(told, right, groups={"class": group.tolist()}))
    >>> sorted({(one.group, one.kind) for one in made.findings if one.group == "b"})
    [('b', 'calibration'), ('b', 'differential')]
    """
    check(data.predicted, data.observed, data.learners)
    if minimum < 2:
        raise ValueError(f"minimum {minimum} must be at least 2")
    groups, shifts, items = [], [], []
    for column, texts in data.groups.items():
        names, codes = _coded(texts, len(data.predicted))
        groups += _calibrations(data, column, names, codes, minimum)
        shifts += _shifts(data, column, names, codes, minimum)
        items += _dif(data, column, names, codes, minimum)
    over_time, of_groups = _over_time(data, windows, minimum)
    whole = calibrate(data.predicted, data.observed, data.learners)
    made = Audit(whole, tuple(groups), tuple(shifts), tuple(items), over_time, (), of_groups)
    return replace(made, findings=tuple(findings(made, bounds)))


def _coded(texts: Sequence[str], n: int) -> tuple[list[str], Whole]:
    """The groups by name, and each row's place among them; −1 where unknown."""
    if len(texts) != n:
        raise ValueError(f"{len(texts)} group texts for {n} rows")
    names, codes = np.unique(np.asarray(texts, dtype=str), return_inverse=True)
    kept = [str(name) for name in names]
    if kept and kept[0] == "":
        return kept[1:], np.asarray(codes - 1, np.int64)
    return kept, np.asarray(codes, np.int64)


def _calibrations(data: Data, column: str, names: list[str], codes: Whole, minimum: int) -> list[GroupCalibration]:
    told = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(codes == number)
        who = None if data.learners is None else data.learners[rows]
        few = len(rows) < minimum or (who is not None and len(np.unique(who)) < 2)
        found = None if few else calibrate(data.predicted[rows], data.observed[rows], who)
        told.append(GroupCalibration(column, name, len(rows), found))
    return told


def _over_time(data: Data, windows: int, minimum: int) -> tuple[tuple[Window, ...], tuple[GroupDrift, ...]]:
    """By periods, of all and of each group, the limits wide enough for so many charts; or by equal parts, of all."""
    if data.period is None:
        if data.time is None:
            return (), ()
        return tuple(drift(data.predicted, data.observed, data.time, windows, minimum, data.learners)), ()
    whose = [("", "", np.arange(len(data.predicted)))]
    for column, texts in data.groups.items():
        names, codes = _coded(texts, len(data.predicted))
        whose += [(column, name, np.flatnonzero(codes == number)) for number, name in enumerate(names)]
    counts = [np.unique(data.period[rows], return_counts=True)[1] for _, _, rows in whose]
    charts = sum(2 * max(int((each >= minimum).sum()) - 1, 0) for each in counts)
    told = [
        GroupDrift(column, name, _by_period(data, data.period, rows, minimum, charts)) for column, name, rows in whose
    ]
    return told[0].windows, tuple(each for each in told[1:] if each.windows)


def _by_period(data: Data, period: Whole, rows: Whole, minimum: int, charts: int) -> tuple[Window, ...]:
    who = None if data.learners is None else data.learners[rows]
    found = drift_by_period(data.predicted[rows], data.observed[rows], period[rows], minimum, who, charts)
    return tuple(found)


def _shifts(data: Data, column: str, names: list[str], codes: Whole, minimum: int) -> list[GroupShift]:
    found = differential(data.predicted, data.observed, codes, minimum, data.learners)
    return _named(found, column, names) if found else []


def _named(found: Differential, column: str, names: list[str]) -> list[GroupShift]:
    return [
        GroupShift(
            column, names[found.reference], names[one.group], one.n, one.shift, one.odds_ratio, one.effect, one.slope
        )
        for one in found.groups
    ]


def _dif(data: Data, column: str, names: list[str], codes: Whole, minimum: int) -> list[GroupDif]:
    """Each item for each group against the largest one, where both have `minimum` rows of the item."""
    if data.items is None or len(names) < 2:
        return []
    reference = int(np.bincount(codes[codes >= 0]).argmax())
    order = np.argsort(data.items, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(data.items[order]) != 0])
    told = []
    for rows in np.split(order, starts[1:]):
        here = np.bincount(codes[rows][codes[rows] >= 0], minlength=len(names))
        for group in range(len(names)):
            if group == reference or min(here[group], here[reference]) < minimum:
                continue
            both = rows[(codes[rows] == group) | (codes[rows] == reference)]
            one = items_dif.mantel_haenszel(data.predicted[both], data.observed[both], codes[both] == group)
            if one is not None:
                told.append(GroupDif(column, names[reference], names[group], int(data.items[both[0]]), one))
    return told


def findings(made: Audit, bounds: Bounds) -> list[Finding]:
    """Large and not by chance, kind by kind."""
    found: list[Finding] = []
    for family in (_gaps(made) + _slopes(made), _effects(made) + _slope_effects(made), _items(made)):
        found += [
            replace(each, p=p)
            for each, p in zip(family, _adjusted([each.p for each in family]), strict=True)
            if p < bounds.level and _size(each) >= _limit(each.kind, bounds)
        ]
    found += _population(made.drift, bounds)
    for one in (GroupDrift("", "", made.drift), *made.group_drift):
        found += _drifts(one, bounds)
    return found


def _adjusted(p_values: Sequence[float]) -> list[float]:
    return [min(1.0, FAMILIES * p) if p == p else p for p in holm(p_values)]


def _limit(kind: str, bounds: Bounds) -> float:
    limits = {"calibration": bounds.gap, "slope": bounds.slope, "differential": bounds.effect}
    return {**limits, "differential slope": bounds.slope, "dif": 1.5}[kind]


def _size(finding: Finding) -> float:
    if finding.kind == "slope":
        return abs(float(np.log(finding.value))) if finding.value > 0 else float("inf")
    return abs(finding.value)


def _finding(kind: str, column: str, group: str, estimate: Estimate, expected: float = 0.0) -> Finding:
    low, high = estimate.interval()
    return Finding(kind, column, group, estimate.value, low, high, estimate.p_value(expected))


def _told(made: Audit) -> list[tuple[str, str, Calibration]]:
    return [("", "", made.whole)] + [(one.column, one.group, one.told) for one in made.groups if one.told is not None]


def _gaps(made: Audit) -> list[Finding]:
    return [_finding("calibration", column, group, told.gap) for column, group, told in _told(made)]


def _slopes(made: Audit) -> list[Finding]:
    return [_finding("slope", column, group, told.slope, 1.0) for column, group, told in _told(made)]


def _effects(made: Audit) -> list[Finding]:
    return [
        replace(_finding("differential", one.column, one.group, one.effect), p=one.shift.p_value())
        for one in made.differential
    ]


def _slope_effects(made: Audit) -> list[Finding]:
    return [_finding("differential slope", one.column, one.group, one.slope) for one in made.differential]


def _items(made: Audit) -> list[Finding]:
    """The test is of delta beyond 1 (class C), not of delta beyond 0: a test of a thousand items finds any crumb."""
    told = []
    for one in made.dif:
        delta = one.told.delta
        beyond = Estimate(abs(delta.value) - 1.0, delta.se).p_value() if abs(delta.value) > 1.0 else 1.0
        told.append(replace(_finding("dif", one.column, one.group, delta), p=beyond / 2, item=one.item))
    return told


def _population(windows: Sequence[Window], bounds: Bounds) -> list[Finding]:
    adjusted = _adjusted([each.psi_p for each in windows])
    return [
        Finding("population", "", "", one.psi, 0.0, bounds.psi, p, window=nth, start=one.start)
        for nth, (one, p) in enumerate(zip(windows, adjusted, strict=True), 1)
        if one.psi >= bounds.psi and p < bounds.level
    ]


def _drifts(of: GroupDrift, bounds: Bounds) -> list[Finding]:
    """A window whose calibration or loss left its limits, and by enough to matter."""
    found = []
    for nth, one in enumerate(of.windows, 1):
        charts = (
            ("calibration drift", one.calibration, bounds.calibration_shift),
            ("loss drift", one.loss, bounds.loss_shift),
        )
        for kind, point, limit in charts:
            moved = point.value - point.center  # a smaller loss is no harm
            if point.beyond and (moved if kind == "loss drift" else abs(moved)) >= limit:
                whose, told = (kind, of.column, of.group), (point.value, point.low, point.high, point.p)
                found.append(Finding(*whose, *told, window=nth, start=one.start))
    return found

"""Is a model right for everybody, and does it stay so: calibration by group, differential prediction, DIF, drift.

`audit` does all of it on one table of predictions and says what is a finding; each part also stands alone.
"""

from __future__ import annotations

from yincai.measurement.fairness.audit import Audit, Bounds, Data, Finding, audit
from yincai.measurement.fairness.bounds import Metric, failures, metrics_of
from yincai.measurement.fairness.calibration import Calibration, calibrate
from yincai.measurement.fairness.dif import ItemDif, mantel_haenszel
from yincai.measurement.fairness.differential import Differential, differential
from yincai.measurement.fairness.drift import Window, drift, drift_by_period, stability
from yincai.measurement.fairness.estimates import Estimate

__all__ = [
    "Audit",
    "Bounds",
    "Calibration",
    "Data",
    "Differential",
    "Estimate",
    "Finding",
    "ItemDif",
    "Metric",
    "Window",
    "audit",
    "calibrate",
    "differential",
    "drift",
    "drift_by_period",
    "failures",
    "mantel_haenszel",
    "metrics_of",
    "stability",
]

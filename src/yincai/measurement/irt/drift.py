"""Items whose parameters moved between two calibrations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from yincai.measurement.irt.linking import Link, common_items, link, linked
from yincai.measurement.irt.responses import Floats
from yincai.measurement.irt.result import Fit

BOUND = 1.645  # of robust z: 10 % two-sided, the bound in common use
CONFIDENCE = 0.8


@dataclass(frozen=True)
class Drift:
    """For each common item the change of difficulty on the old scale (mean of its steps; positive: harder now) with
    standard error and interval, robust z, and whether it is beyond ±1.645; the same z for ln a (NaN for fixed slopes).
    """

    items: tuple[str, ...]
    change: Floats
    se: Floats
    low: Floats
    high: Floats
    z: Floats
    z_slope: Floats
    flagged: tuple[str, ...]
    link: Link

    def __str__(self) -> str:
        rows = [
            f"{name}: change {self.change[j]:+.2f} ± {self.se[j]:.2f}, z {self.z[j]:+.2f}"
            + (", moved" if name in self.flagged else "")
            for j, name in enumerate(self.items)
        ]
        return "\n".join([str(self.link), *rows])


def drift(new: Fit, old: Fit, method: str = "stocking-lord", *, confidence: float = CONFIDENCE) -> Drift:
    """Compare the items that two calibrations share, after linking them.

    Robust z (Huynh & Meyer 2010): (change − median) / (0.74 · interquartile range), which items that drifted themselves
    do not hide. The link is then made anew from the items that did not drift, and change and interval are told on that
    scale; the interval rests on the items' own standard errors, the link being taken as known. Raises ValueError as
    `link`, and for less than four common items.

    >>> from yincai.measurement.irt import Item, bank, fit, simulate
    >>> rng, places = np.random.default_rng(1), (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
    >>> forms = [bank("rasch", [Item(1.0, b + more * (b == 0.5)) for b in places]) for more in (0.0, 0.8)]
    >>> old, new = (fit(simulate(each, rng.normal(size=4000), rng), "rasch") for each in forms)
    >>> found = drift(new, old)
    >>> found.flagged, round(float(found.change[3]), 1)
    (('item4',), 0.7)
    """
    one, other = common_items(new.bank, old.bank)
    if len(one) < 4:
        raise ValueError(f"drift needs at least four common items, not {len(one)}")
    first = link(one, other, method)
    z = robust_z(_difficulty(linked(one, first).b) - _difficulty(other.b))
    stable = np.flatnonzero(np.abs(z) <= BOUND)
    again = link(one.chosen(stable), other.chosen(stable), method) if len(stable) > 1 else first
    moved = linked(one, again)
    change = _difficulty(moved.b) - _difficulty(other.b)
    se = np.hypot(again.slope * _errors(new, one.names), _errors(old, one.names))
    half = float(ndtri(0.5 + confidence / 2)) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.log(moved.a / other.a) if one.model.slope else np.full(len(one), np.nan)
    flagged = tuple(name for name, at in zip(one.names, z, strict=True) if abs(at) > BOUND)
    return Drift(one.names, change, se, change - half, change + half, z, robust_z(slopes), flagged, again)


def robust_z(change: Floats) -> Floats:
    """(x − median) / (0.74 · interquartile range).

    >>> robust_z(np.array([-0.1, 0.0, 0.1, 0.0, 2.0])).round(1).tolist()
    [-1.4, 0.0, 1.4, 0.0, 27.0]
    """
    low, middle, high = np.quantile(change, [0.25, 0.5, 0.75])
    return np.asarray((change - middle) / max(0.74 * (high - low), 1e-12))


def _difficulty(b: Floats) -> Floats:
    return np.asarray(b if b.ndim == 1 else np.nanmean(b, axis=1))


def _errors(of: Fit, names: tuple[str, ...]) -> Floats:
    """Of the mean difficulty, by the delta method from each item's covariance of (a, d …): b̄ = −mean d / a."""
    out = np.empty(len(names))
    for place, name in enumerate(names):
        item = of.items.index(name)
        xi, steps = of.bank.xi[item], int(of.bank.categories[item]) - 1
        by = np.zeros(len(xi))
        by[0] = xi[1 : steps + 1].mean() / xi[0] ** 2
        by[1 : steps + 1] = -1 / (steps * xi[0])
        known = np.where(np.isfinite(of.covariances[item]), of.covariances[item], 0.0)
        variance = float(by @ known @ by)
        out[place] = np.sqrt(variance) if variance > 0 else np.nan
    return out

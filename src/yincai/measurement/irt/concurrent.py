"""Several groups (years, districts) calibrated at once: common items, each group its own mean and variance.

One calibration of all learners together takes them for one normal population; where groups differ, slopes and
difficulties are then biased, and the groups are drawn towards each other. Bock & Zimowski (1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yincai.measurement.irt import em
from yincai.measurement.irt.calibration import code_counts
from yincai.measurement.irt.errors import Errors, joint_errors
from yincai.measurement.irt.expectation import expect, grid, windows
from yincai.measurement.irt.groups import NODES, fit_groups, free_of, priors_of, together
from yincai.measurement.irt.items import Bank, model_named
from yincai.measurement.irt.responses import Floats, Responses, pack


@dataclass(frozen=True)
class Concurrent:
    """Items on the scale on which the first group is N(0, 1) (models with slope 1: N(0, variance)), and the groups."""

    groups: tuple[str, ...]
    n_learners: tuple[int, ...]
    means: Floats
    se_means: Floats
    variances: Floats
    se_variances: Floats
    bank: Bank
    se_a: Floats
    se_b: Floats
    se_c: Floats
    log_likelihood: float
    converged: bool

    def of(self, group: str) -> Bank:
        """The items with the latent distribution of a group: what scores and plausible values of its learners want."""
        place = self.groups.index(group)
        return replace(self.bank, mean=float(self.means[place]), variance=float(self.variances[place]))

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        lines = [f"{self.bank.model.name}: {len(self.bank)} items; log-likelihood {self.log_likelihood:.4f}; {state}"]
        for place, name in enumerate(self.groups):
            mean, variance = (
                f"{value:.3f}" + (f" ± {se:.3f}" if np.isfinite(se) else " (fixed)")
                for value, se in (
                    (self.means[place], self.se_means[place]),
                    (self.variances[place], self.se_variances[place]),
                )
            )
            lines.append(f"{name}: {self.n_learners[place]} learners, mean {mean}, variance {variance}")
        return "\n".join(lines)


def fit_concurrent(
    responses: ArrayLike, group: Sequence[object], model: str = "2pl", *, items: Sequence[str] | None = None
) -> Concurrent:
    """Calibrate the forms of several groups at once. `responses`: array learners × all items, NaN where an item was
    not in the learner's form or not answered; `group`: a name for each learner; the first to come fixes the scale.

    Raises ValueError as `fit`, for less than two groups, and for a group that no items link to the first.

    >>> from yincai.measurement.irt import Item, bank, simulate
    >>> rng = np.random.default_rng(2)
    >>> true = bank("2pl", [Item(1.0, b) for b in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)])
    >>> scores = simulate(true, np.concatenate([rng.normal(0, 1, 5000), rng.normal(0.5, 1, 5000)]), rng)
    >>> scores[:5000, 6:], scores[5000:, :2] = np.nan, np.nan
    >>> found = fit_concurrent(scores, [2025] * 5000 + [2026] * 5000)
    >>> found.means.round(1).tolist(), bool(found.se_means[1] < 0.05)
    ([0.0, 0.5], True)
    """
    kind = model_named(model)
    table = np.asarray(responses, dtype=float)
    names = np.array([str(each) for each in group])
    if table.ndim != 2 or len(names) != len(table):
        raise ValueError(f"there must be a group for each learner: {len(names)} for a table of shape {table.shape}")
    labels = tuple(dict.fromkeys(names.tolist()))
    if len(labels) < 2:
        raise ValueError("there must be at least two groups; one is calibrated by `fit`")
    whole = pack(table, items) if not kind.binary else _binary(table, items)
    parts = [
        pack(table[names == each], whole.items, categories=whole.categories, lowest=whole.lowest) for each in labels
    ]
    _check_linked(labels, parts)
    start = together(parts, model)
    found = fit_groups(parts, start)
    errors, se_means, se_variances = _errors(parts, found.bank, found.means, found.variances)
    return Concurrent(
        labels, tuple(part.n_learners for part in parts), found.means, se_means, found.variances, se_variances,
        found.bank, errors.se_a, errors.se_b, errors.se_c, found.log_likelihood, found.converged,
    )  # fmt: skip


def _binary(table: Floats, items: Sequence[str] | None) -> Responses:
    n = table.shape[1]
    return pack(table, items, categories=np.full(n, 2), lowest=np.zeros(n, np.int64))


def _check_linked(labels: tuple[str, ...], parts: Sequence[Responses]) -> None:
    """Each group must be reached from the first over items that groups share."""
    answered = np.array([_answered(part) for part in parts])
    reached, items = {0}, answered[0]
    while more := {place for place in range(len(parts)) if (answered[place] & items).any()} - reached:
        reached |= more
        items = answered[sorted(reached)].any(axis=0)
    for place in sorted(set(range(len(parts))) - reached):
        raise ValueError(f"the group {labels[place]!r} shares no item with {labels[0]!r}, not even by way of others")


def _answered(part: Responses) -> NDArray[np.bool_]:
    return np.asarray(np.add.reduceat(code_counts(part), part.first[:-1]) > 0)


def _errors(parts: Sequence[Responses], items: Bank, means: Floats, variances: Floats) -> tuple[Errors, Floats, Floats]:
    """The scale is the first group's: its mean is fixed, and its variance where slopes are estimated."""
    free, priors, over = free_of(items, parts), priors_of(items), grid(NODES)
    told = []
    for place, data in enumerate(parts):
        own = replace(items, mean=float(means[place]), variance=float(variances[place]))
        near = windows(data, over)
        muted = np.zeros(len(items), bool)
        held = priors if place == 0 else np.zeros_like(priors)
        problem = em.Problem(data, code_counts(data), muted, over, free, held, moving=True)
        out = em.Outcome(own, expect(data, own, over, near), near, True, 0)
        estimated = np.array([place > 0, place > 0 or not items.model.slope])
        told.append((problem, out, estimated))
    return joint_errors(told)

"""What a calibration gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike

from yincai.measurement.irt import information, scoring
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Responses

SHOWN = 12  # items in print


@dataclass(frozen=True)
class Latent:
    """The learners' distribution; NaN errors where the scale fixes the value."""

    mean: float
    variance: float
    se_mean: float
    se_variance: float


@dataclass(frozen=True)
class Fit:
    """Calibrated items. a, b, c are arrays over the items (b: items × steps for models with several steps)."""

    bank: Bank
    latent: Latent
    se_a: Floats
    se_b: Floats
    se_c: Floats
    covariances: Floats  # of each item's (a, d_1 …, g), items × p × p
    shared: Floats  # what items' errors have in common: cov(item i, item j) = shared_i shared_j', items × p × r
    flags: dict[str, str]  # item → what is unusual: all right, all wrong, no answers, at the bound, negative slope
    log_likelihood: float
    converged: bool
    passes: int
    n_learners: int
    n_responses: int
    n_parameters: int
    nodes: int

    @property
    def model(self) -> str:
        return self.bank.model.name

    @property
    def items(self) -> tuple[str, ...]:
        return self.bank.names

    @property
    def a(self) -> Floats:
        return self.bank.a

    @property
    def b(self) -> Floats:
        return self.bank.b

    @property
    def c(self) -> Floats:
        return self.bank.c

    @property
    def aic(self) -> float:
        return 2 * (self.n_parameters - self.log_likelihood)

    @property
    def bic(self) -> float:
        return self.n_parameters * log(self.n_learners) - 2 * self.log_likelihood

    @property
    def marginal_reliability(self) -> float:
        return information.marginal_reliability(self.bank)

    def covariance(self, items: Sequence[str]) -> Floats:
        """Of the parameters (a, d_1 …, g) of some items, one after another (n · p × n · p).

        Zero for what was not estimated; all NaN when no standard errors were asked for.
        """
        rows = [self.items.index(name) for name in items]
        size = self.covariances.shape[1]
        if not np.isfinite(self.covariances).any():
            return np.full((len(rows) * size,) * 2, np.nan)
        loadings = self.shared[rows].reshape(len(rows) * size, -1)
        whole = loadings @ loadings.T
        for place, row in enumerate(rows):
            own = slice(place * size, (place + 1) * size)
            whole[own, own] = np.nan_to_num(self.covariances[row], nan=0.0)
        return np.asarray(whole)

    def scores(self, responses: ArrayLike | Responses, method: str = "eap") -> scoring.Scores:
        """Abilities by eap, map or wle; see `irt.scores`."""
        return scoring.scores(self.bank, responses, method, nodes=self.nodes)

    def eapsum(self) -> information.SumScores:
        """EAP for each sum score; see `irt.eapsum`."""
        return information.eapsum(self.bank, self.nodes)

    def item_information(self, theta: ArrayLike) -> Floats:
        """θ × items; see `irt.item_information`."""
        return information.item_information(self.bank, theta)

    def test_information(self, theta: ArrayLike) -> Floats:
        """θ; see `irt.test_information`."""
        return information.test_information(self.bank, theta)

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        return "\n".join(
            [
                f"{self.model}: {self.n_learners} learners, {len(self.bank)} items, {self.n_responses} responses; "
                f"log-likelihood {self.log_likelihood:.4f}; {state} after {self.passes} passes",
                f"latent mean {self.latent.mean:.4g}, variance {self.latent.variance:.4g}",
                *self._table(),
            ]
        )

    def _table(self) -> list[str]:
        width = max(8, *(len(name) for name in self.items[:SHOWN]))
        floor = self.bank.model.floor
        head = f"{'item':<{width}}       a     se       b     se" + ("       c     se" if floor else "")
        rows = [head.rstrip()]
        for number, name in enumerate(self.items[:SHOWN]):
            cells = [f"{self.a[number]:7.3f} {self.se_a[number]:6.3f}"]
            steps = zip(np.atleast_1d(self.b[number]), np.atleast_1d(self.se_b[number]), strict=True)
            cells += [f" {b:7.3f} {se:6.3f}" for b, se in steps if np.isfinite(b)]
            if floor:
                cells.append(f" {self.c[number]:7.3f} {self.se_c[number]:6.3f}")
            flag = f"  ({self.flags[name]})" if name in self.flags else ""
            rows.append(f"{name:<{width}} " + "".join(cells) + flag)
        if len(self.items) > SHOWN:
            rows.append(f"… and {len(self.items) - SHOWN} more")
        return rows

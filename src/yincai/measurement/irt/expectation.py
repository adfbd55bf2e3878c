"""The E-step: what the responses say about the learners, given the items.

For each learner the log-likelihood at each node is the sum of the rows of the table log P that the codes name, so a
response costs one row whatever the number of categories, and a missing one nothing. A long test pins a learner down to
a few nodes: the window that held all of the posterior in the pass before (all but e^−23 of its top), widened, is tried
first, and the whole grid when the posterior reaches the window's edge. Sums are in double precision throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from yincai.measurement.irt.curves import log_table
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.threads import by_responses

Windows = NDArray[np.int16]
REACH = 6.0  # the nodes cover this many latent deviations on both sides
LANES = 8  # windows begin and end at multiples of this: whole vector registers
NEGLIGIBLE = 23.0  # e^−23 = 1e−10
NEVER = -1e300


@dataclass(frozen=True)
class Grid:
    """Nodes in latent standard deviations and their normalised normal weights (logs; NEVER in the padding)."""

    nodes: Floats
    log_weights: Floats

    @property
    def width(self) -> int:
        return len(self.log_weights)


def grid(n: int) -> Grid:
    """Equal steps over ±6: the trapezium rule, which is exact to e^−(2π²σ²/h²) for a posterior of deviation σ."""
    if n < 3:
        raise ValueError(f"at least 3 nodes are needed, not {n}")
    nodes = np.linspace(-REACH, REACH, n)
    log_weights = np.full(-(-n // LANES) * LANES, NEVER)
    log_weights[:n] = -nodes * nodes / 2
    log_weights[:n] -= np.log(np.exp(log_weights[:n]).sum())
    return Grid(nodes, log_weights)


@dataclass(frozen=True)
class Expected:
    """Log-likelihood, expected counts of each code at each node (codes × width), learners at each node (width)."""

    log_likelihood: float
    counts: Floats
    mass: Floats


def windows(responses: Responses, over: Grid) -> Windows:
    """The whole grid for everybody."""
    whole = np.zeros((responses.n_rows, 2), np.int16)
    whole[:, 1] = over.width
    return whole


def table_of(items: Bank, over: Grid, muted: NDArray[np.bool_] | None = None) -> Floats:
    """log P of each code at each node, on the scale of the bank, flat (codes · width); 0 for `muted` items."""
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    table: Floats = log_table(items.model.family, items.xi, items.first, theta, over.width)
    if muted is not None:
        table[np.repeat(muted, items.categories)] = 0.0
    return table.ravel()


def expect(
    responses: Responses,
    items: Bank,
    over: Grid,
    near: Windows,
    stride: int = 1,
    muted: NDArray[np.bool_] | None = None,
) -> Expected:
    """One pass over every `stride`-th learner. `near` is read and brought up to date."""
    table = table_of(items, over, muted)

    def part(begin: int, end: int) -> tuple[float, Floats, Floats]:
        counts, mass = np.zeros(len(table)), np.zeros(over.width)
        total = _expect(
            responses.start, responses.codes, responses.weights, begin, end, stride,
            table, over.log_weights, near, counts, mass,
        )  # fmt: skip
        return total, counts, mass

    totals, counts, masses = zip(*by_responses(part, responses, stride), strict=True)
    return Expected(sum(totals), _sum(counts).reshape(-1, over.width), _sum(masses))


def _sum(parts: Sequence[Floats]) -> Floats:
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return whole


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def log_posterior(
    codes: NDArray[np.int32], table: Floats, log_weights: Floats, lo: int, hi: int, into: Floats
) -> float:
    """Unnormalised, on the nodes lo … hi − 1; returns the highest.

    `table` is flat (codes · width). Unsigned numbers, because a check for negative ones keeps the loop from being
    vectorised: four times slower.
    """
    width, begin, end = np.uint64(len(into)), np.uint64(lo), np.uint64(hi)
    for q in range(begin, end):
        into[q] = log_weights[q]
    for j in range(len(codes)):
        row = np.uint64(codes[j]) * width
        for q in range(begin, end):
            into[q] += table[row + q]
    top = into[begin]
    for q in range(begin, end):
        top = max(top, into[q])
    return top


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def add_posterior(codes: NDArray[np.int32], w: Floats, lo: int, hi: int, counts: Floats) -> None:
    """Adds w to the row of each code of the flat `counts` (codes · width)."""
    width, begin, end = np.uint64(len(w)), np.uint64(lo), np.uint64(hi)
    for j in range(len(codes)):
        row = np.uint64(codes[j]) * width
        for q in range(begin, end):
            counts[row + q] += w[q]


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def posterior(
    codes: NDArray[np.int32], table: Floats, log_weights: Floats, window: Windows, into: Floats
) -> tuple[float, int, int]:
    """The posterior of one learner into `into`; returns log-likelihood and the nodes lo … hi − 1 that hold it."""
    width = len(into)
    lo, hi = int(window[0]), int(window[1])
    top = log_posterior(codes, table, log_weights, lo, hi, into)
    if (lo > 0 and into[lo] > top - NEGLIGIBLE) or (hi < width and into[hi - 1] > top - NEGLIGIBLE):
        lo, hi = 0, width
        top = log_posterior(codes, table, log_weights, lo, hi, into)
    left, right = lo, hi
    while into[left] < top - NEGLIGIBLE:
        left += 1
    while into[right - 1] < top - NEGLIGIBLE:
        right -= 1
    window[0] = max(0, (left - 2) // LANES * LANES)
    window[1] = min(width, (right + 1 + LANES) // LANES * LANES)
    lo, hi = max(lo, left // LANES * LANES), min(hi, (right - 1 + LANES) // LANES * LANES)
    total = 0.0
    for q in range(lo, hi):
        into[q] = np.exp(into[q] - top)
        total += into[q]
    for q in range(lo, hi):
        into[q] /= total
    return top + np.log(total), lo, hi


@njit(cache=True, nogil=True)  # type: ignore[misc, unused-ignore]
def _expect(
    start: Ints,
    codes: NDArray[np.int32],
    weights: Floats,
    begin: int,
    end: int,
    stride: int,
    table: Floats,
    log_weights: Floats,
    near: Windows,
    counts: Floats,
    mass: Floats,
) -> float:
    total = 0.0
    w = np.empty(len(log_weights))
    for n in range(begin, end, stride):
        if start[n] == start[n + 1]:
            continue
        own = codes[start[n] : start[n + 1]]
        value, lo, hi = posterior(own, table, log_weights, near[n], w)
        total += weights[n] * value
        for q in range(lo, hi):
            w[q] *= weights[n]
            mass[q] += w[q]
        add_posterior(own, w, lo, hi, counts)
    return total

"""Do the items follow their curves: S-X², and infit and outfit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from yincai.measurement.irt import scoring
from yincai.measurement.irt.expectation import grid
from yincai.measurement.irt.information import sum_score_likelihood
from yincai.measurement.irt.items import Bank
from yincai.measurement.irt.residuals import MeanSquares, mean_squares, residual_sums
from yincai.measurement.irt.responses import Floats, Ints, Responses
from yincai.measurement.irt.result import Fit

NODES = 121
SMALLEST_CELL = 1.0  # expected answers in a cell, below which it is joined to its neighbour
SHOWN = 12

Rows = list[tuple[Floats, Floats]]  # for each group of sum scores: observed and expected answers in each category


@dataclass(frozen=True)
class ItemFit:
    """For each item: S-X² with degrees of freedom and p (NaN where no degree is left), infit and outfit."""

    items: tuple[str, ...]
    s_x2: Floats
    df: Ints
    p: Floats
    squares: MeanSquares
    n: int  # learners with all answers, whom S-X² is about

    def __str__(self) -> str:
        width = max(8, *(len(name) for name in self.items[:SHOWN]))
        rows = [f"{'item':<{width}}    S-X²  df      p  infit  outfit"]
        for j, name in enumerate(self.items[:SHOWN]):
            chi = f"{self.s_x2[j]:7.2f} {self.df[j]:3d} {self.p[j]:6.3f}"
            rows.append(f"{name:<{width}} {chi} {self.squares.infit[j]:6.2f} {self.squares.outfit[j]:7.2f}")
        return "\n".join(rows)


def item_fit(found: Fit | Bank, responses: ArrayLike | Responses) -> ItemFit:
    """Item fit of a calibration (or of a bank of known items, whose parameters cost no degrees of freedom).

    S-X² (Orlando & Thissen 2000; several categories: Kang & Chen 2008) compares, among the learners with equal sum
    scores, the answers to an item with those that the model expects, by the recursion of Lord & Wingersky without
    the item. It takes learners who answered every item that says anything; cells with less than one expected answer
    are joined, categories first, then neighbouring sum scores, towards the middle. Without such learners it is NaN.
    Infit and outfit (see `MeanSquares`) take all answers, at Warm's abilities.

    Raises ValueError when the responses do not fit the items.

    >>> from yincai.measurement.irt import Item, bank, fit, simulate
    >>> rng = np.random.default_rng(5)
    >>> true = bank("2pl", [Item(1.0, -1.0), Item(1.5, 0.0), Item(0.8, 0.5), Item(1.2, 1.0), Item(1.0, 0.3)])
    >>> answers = simulate(true, rng.normal(size=2000), rng)
    >>> item_fit(fit(answers), answers).df.tolist()
    [2, 2, 2, 2, 2]
    """
    items = found.bank if isinstance(found, Fit) else found
    data = items.pack(responses)
    squares = mean_squares(residual_sums(items, data, row_abilities(items, data))[0])
    s_x2, df = np.full(len(items), np.nan), np.zeros(len(items), np.int64)
    telling, answers, places = speaking_part(items, data)
    observed = complete_counts(telling, answers)
    n = int(observed[0].sum()) if observed else 0
    if n > 0 and len(telling) > 1:
        free = free_parameters(found)
        for place, o, e in zip(places, observed, _expected(telling, observed), strict=True):
            rows = joined(o, e)
            s_x2[place] = sum(float(((o - e) ** 2 / e).sum()) for o, e in rows)
            df[place] = max(sum(len(e) - 1 for _, e in rows) - free[place], 0)
    p = np.where(df > 0, chi2.sf(s_x2, np.maximum(df, 1)), np.nan)
    return ItemFit(items.names, s_x2, df, p, squares, n)


def row_abilities(items: Bank, data: Responses) -> Floats:
    """Warm's estimate for each packed row."""
    of_people = scoring.scores(items, data, "wle").theta
    if data.row_of is None:
        return of_people
    of_rows = np.full(data.n_rows, np.nan)
    of_rows[data.row_of] = of_people
    return of_rows


def free_parameters(found: Fit | Bank) -> Ints:
    """Estimated parameters of each item. Anchors, and a bank that is known, have none."""
    if isinstance(found, Bank):
        return np.zeros(len(found), np.int64)
    items = found.bank
    full = (items.categories - 1) + int(items.model.slope) + int(items.model.floor)
    full = np.where(items.categories > 1, full, 0)
    seen = np.isfinite(np.diagonal(found.covariances, axis1=1, axis2=2)).any(axis=1)
    return full * (seen | ~seen.any())


def complete_counts(items: Bank, data: Responses) -> list[Floats]:
    """For each item: learners by sum score (of category numbers) and category; complete ones only."""
    table, weights = complete_rows(items, data)
    total = table.sum(axis=1)
    counts = [np.zeros((int((items.categories - 1).sum()) + 1, int(many))) for many in items.categories]
    for item, count in enumerate(counts):
        np.add.at(count, (total, table[:, item]), weights)
    return counts


def complete_rows(items: Bank, data: Responses) -> tuple[Ints, Floats]:
    """Category numbers (rows × items) and weights of the rows with exactly one answer to each item."""
    item_of = np.repeat(np.arange(len(items)), items.categories)
    full = np.flatnonzero(np.diff(data.start) == len(items))
    codes = data.codes[(data.start[full, None] + np.arange(len(items)))]
    table = np.full((len(full), len(items)), -1, np.int64)
    np.put_along_axis(table, item_of[codes], codes - items.first[item_of[codes]], axis=1)
    whole = (table >= 0).all(axis=1)
    return table[whole], data.weights[full][whole]


def speaking_part(items: Bank, data: Responses) -> tuple[Bank, Responses, Ints]:
    """Items with more than one category, the answers to them, and which they are."""
    speaking = np.flatnonzero(items.categories > 1)
    if len(speaking) == len(items):
        return items, data, speaking
    item_of = np.repeat(np.arange(len(items)), items.categories)
    kept = np.isin(item_of[data.codes], speaking)
    new_code = np.cumsum(np.isin(item_of, speaking)) - 1
    start = np.concatenate([[0], np.cumsum(kept)])[data.start]
    fewer = items.chosen(speaking)
    codes = new_code[data.codes[kept]].astype(np.int32)
    answers = replace(
        data, start=start, codes=codes, items=fewer.names, categories=fewer.categories, lowest=fewer.lowest
    )
    return fewer, answers, speaking


def _expected(items: Bank, observed: list[Floats]) -> list[Floats]:
    """Expected answers (sum scores × categories) of each item among as many learners of each sum score."""
    over = grid(NODES)
    theta = items.mean + np.sqrt(items.variance) * over.nodes
    weights = np.exp(over.log_weights[:NODES])
    p = items.probabilities(theta)
    learners = observed[0].sum(axis=1)
    tables = []
    for item in range(len(items)):
        rest = sum_score_likelihood(items.chosen(np.delete(np.arange(len(items)), item)), theta) * weights
        table = np.zeros((len(learners), int(items.categories[item])))
        for k in range(table.shape[1]):
            table[k : k + len(rest), k] = rest @ p[:, item, k]
        tables.append(table / table.sum(axis=1, keepdims=True) * learners[:, None])
    return tables


def joined(observed: Floats, expected: Floats) -> Rows:
    """Cells with enough expected answers. Sum scores that allow one category only say nothing and are left out."""
    telling = (expected > 0).sum(axis=1) > 1
    rows = [_join_cells(o, e) for o, e in zip(observed[telling], expected[telling], strict=True)]
    if expected.shape[1] > 2:
        return [row for row in rows if len(row[1]) > 1]
    middle = len(rows) // 2
    return _join_rows(rows[:middle]) + _join_rows(rows[middle:][::-1])[::-1] if rows else []


def _join_cells(observed: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Neighbouring categories joined until each has enough; two categories are left as they are."""
    o, e = list(observed), list(expected)
    while len(e) > 2 and min(e) < SMALLEST_CELL:
        least = int(np.argmin(e))
        to = least + 1 if least == 0 or (least + 1 < len(e) and e[least + 1] < e[least - 1]) else least - 1
        o[to], e[to] = o[to] + o[least], e[to] + e[least]
        del o[least], e[least]
    return np.array(o), np.array(e)


def _join_rows(rows: Rows) -> Rows:
    """Rows with a sparse cell go to the next; what is left at the end goes back to the one before."""
    kept: Rows = []
    carry = np.zeros(2), np.zeros(2)
    for o, e in rows:
        carry = carry[0] + o, carry[1] + e
        if carry[1].min() >= SMALLEST_CELL:
            kept.append(carry)
            carry = np.zeros(2), np.zeros(2)
    if kept and carry[1].any():
        kept[-1] = kept[-1][0] + carry[0], kept[-1][1] + carry[1]
    return kept

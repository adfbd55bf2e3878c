"""Gradient boosting of oblivious trees for a 0-1 outcome: every node of a level asks the same question.

Such a tree is `depth` questions and 2**depth leaves, so that many candidates are scored side by side without branches.
Newton boosting of the logistic loss on binned features, each tree grown on a part of the rows and of the features, its
leaves valued on all rows.

Sources: Friedman (2002), Stochastic gradient boosting, Computational Statistics & Data Analysis 38, 367–378; Kohavi
(1994), Bottom-up induction of oblivious read-once decision graphs; Prokhorenkova et al. (2018), CatBoost, NeurIPS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.compiled import compiled

Single = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int32]
SIDE, GROUP = 64, 8  # columns and trees that are scored side by side
ONE = np.uint32(1)


@dataclass(frozen=True)
class Settings:
    trees: int = 400
    depth: int = 6
    rate: float = 0.06
    rows: int = 150_000  # at most so many of the rows grow a tree
    share: float = 0.7  # of the rows, where that is fewer
    features: float = 0.5
    ridge: float = 20.0  # in units of the Hessian
    bins: int = 64
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Forest:
    """feature, above : (trees, depth), the question is `x[feature] > above`. leaf : (trees, 2**depth) in logits."""

    feature: Numbers
    above: Single
    leaf: Single

    @property
    def depth(self) -> int:
        return self.feature.shape[1]

    def margin(self, x: Single) -> Single:
        """Sum of the leaves for the columns of x, shape (features, n) → (n,)."""
        return score(np.ascontiguousarray(x), self.feature, self.above, self.leaf)


def fit(x: Single, y: Single, base: Single, settings: Settings) -> Forest:
    """Trees on top of `base` (n,) logits. x : (features, n), finite. y : (n,) in 0…1.

    Of no rows no tree. Raises ValueError where shapes differ.
    """
    if x.shape[1] != len(y) or len(y) != len(base):
        raise ValueError(f"{x.shape[1]} columns of features, {len(y)} outcomes, {len(base)} logits")
    if not len(y):
        none = np.zeros((0, settings.depth), np.float32)
        return Forest(none.astype(np.int32), none, np.zeros((0, 1 << settings.depth), np.float32))
    chance = np.random.default_rng(settings.seed)
    edges = _edges(x, settings.bins, chance)
    binned = np.empty(x.shape, np.uint8)
    for number, row in enumerate(x):
        binned[number] = np.searchsorted(edges[number], row, side="left")
    return _grown(binned, y, base.astype(np.float32), edges, settings, chance)


def _edges(x: Single, bins: int, chance: np.random.Generator) -> list[Single]:
    """Ascending thresholds of each feature, at most bins − 1: quantiles of a sample."""
    n = x.shape[1]
    sample = x if n <= 50_000 else x[:, np.sort(chance.choice(n, 50_000, replace=False))]
    shares = np.linspace(0, 1, bins + 1)[1:-1]
    found = []
    for row in sample:
        edges = np.unique(np.quantile(row, shares, method="lower"))
        found.append(edges[edges < row.max()].astype(np.float32))
    return found


def _grown(
    binned: Bytes, y: Single, margin: Single, edges: list[Single], settings: Settings, chance: np.random.Generator
) -> Forest:
    features, n = binned.shape
    usable = np.flatnonzero([len(each) for each in edges])
    wanted = max(1, min(settings.rows, int(settings.share * n)))
    at_once = min(len(usable), max(settings.depth, int(settings.features * features)))
    feature = np.zeros((settings.trees, settings.depth), np.int32)
    above = np.full((settings.trees, settings.depth), np.inf, np.float32)
    leaf = np.zeros((settings.trees, 1 << settings.depth), np.float32)
    for tree in range(settings.trees if at_once else 0):
        gradient, hessian = slopes(margin, y)
        rows = np.flatnonzero(chance.random(n) < wanted / n)
        asked = np.sort(chance.choice(usable, at_once, replace=False))
        part = binned[np.ix_(asked, rows)]
        questions, bins = grow(part, gradient[rows], hessian[rows], settings.depth, settings.bins, settings.ridge)
        for level, (question, bin_) in enumerate(zip(questions, bins, strict=True)):
            if question < 0:
                continue
            feature[tree, level] = asked[question]
            above[tree, level] = edges[asked[question]][min(bin_, len(edges[asked[question]]) - 1)]
        cuts = np.where(questions < 0, 255, bins).astype(np.uint8)
        leaf[tree] = settle(binned, feature[tree], cuts, gradient, hessian, margin, settings.ridge, settings.rate)
    return Forest(feature, above, leaf)


@compiled
def slopes(margin: Single, y: Single) -> tuple[Single, Single]:
    """Gradient and Hessian of the logistic loss."""
    gradient, hessian = np.empty_like(margin), np.empty_like(margin)
    for row in range(len(margin)):
        p = np.float32(1.0) / (np.float32(1.0) + np.exp(-margin[row]))
        gradient[row] = p - y[row]
        hessian[row] = max(p * (np.float32(1.0) - p), np.float32(1e-6))
    return gradient, hessian


@compiled
def grow(
    binned: Bytes, gradient: Single, hessian: Single, depth: int, bins: int, ridge: float
) -> tuple[Numbers, Numbers]:
    """The questions of one tree: feature (−1: none helps) and bin of each level; right is `bin > cut`."""
    n = len(gradient)
    questions, cuts = np.full(depth, -1, np.int32), np.zeros(depth, np.int32)
    leaf = np.zeros(n, np.uint8)
    for level in range(depth):
        best, chosen = 1e-9, -1
        for feature in range(len(binned)):
            sums = summed(binned[feature], leaf, gradient, hessian, 1 << level, bins)
            gain, cut = best_cut(sums, ridge)
            if gain > best:
                best, chosen = gain, feature
                cuts[level] = cut
        if chosen < 0:
            break
        questions[level] = chosen
        column = binned[chosen]
        for row in range(n):
            leaf[row] = 2 * leaf[row] + (column[row] > cuts[level])
    return questions, cuts


@compiled
def summed(column: Bytes, leaf: Bytes, gradient: Single, hessian: Single, leaves: int, bins: int) -> Single:
    """Gradient and Hessian by leaf and bin, (leaves, bins, 2)."""
    sums = np.zeros((leaves, bins, 2), np.float32)
    for row in range(len(column)):
        cell = sums[leaf[row], column[row]]
        cell[0] += gradient[row]
        cell[1] += hessian[row]
    return sums


@compiled
def best_cut(sums: Single, ridge: float) -> tuple[float, int]:
    """Gain and bin of the best question that all leaves are asked."""
    leaves, bins, _ = sums.shape
    gains = np.zeros(bins)
    for node in range(leaves):
        g_all, h_all = 0.0, 0.0
        for bin_ in range(bins):
            g_all += sums[node, bin_, 0]
            h_all += sums[node, bin_, 1]
        whole = g_all * g_all / (h_all + ridge)
        g, h = 0.0, 0.0
        for bin_ in range(bins - 1):
            g += sums[node, bin_, 0]
            h += sums[node, bin_, 1]
            rest = g_all - g
            gains[bin_] += g * g / (h + ridge) + rest * rest / (h_all - h + ridge) - whole
    cut = int(np.argmax(gains[: bins - 1]))
    return gains[cut], cut


@compiled
def settle(
    binned: Bytes,
    feature: Numbers,
    cuts: Bytes,
    gradient: Single,
    hessian: Single,
    margin: Single,
    ridge: float,
    rate: float,
) -> Single:
    """Values of the leaves by one Newton step on all rows; `margin` takes the step. A cut of 255 asks nothing."""
    n, depth = len(margin), len(feature)
    leaf = np.zeros(n, np.uint8)
    for level in range(depth):
        column = binned[feature[level]]
        for row in range(n):
            leaf[row] = 2 * leaf[row] + (column[row] > cuts[level])
    sums = np.zeros((1 << depth, 2))
    for row in range(n):
        sums[leaf[row], 0] += gradient[row]
        sums[leaf[row], 1] += hessian[row]
    value = np.zeros(1 << depth, np.float32)
    for node in range(1 << depth):
        value[node] = -rate * sums[node, 0] / (sums[node, 1] + ridge)
    for row in range(n):
        margin[row] += value[leaf[row]]
    return value


@compiled
def score(x: Single, feature: Numbers, above: Single, leaf: Single) -> Single:
    """Sum over the trees for each column of x (features, n).

    Columns are taken SIDE by side, a width the compiler knows, and leaves of GROUP trees are added to one total before
    it is put back; always one tree after the other, so the sum is the same to the last bit.
    """
    n, trees = x.shape[1], len(feature)
    total = np.zeros(n, np.float32)
    block, node = np.zeros((x.shape[0], SIDE), np.float32), np.empty((GROUP, SIDE), np.uint32)
    grouped = trees - trees % GROUP
    for begin in range(0, n, SIDE):
        columns = min(SIDE, n - begin)
        for row in range(len(block)):
            for column in range(columns):
                block[row, column] = x[row, begin + column]
        for first in range(0, grouped, GROUP):
            for place in range(GROUP):
                find(block, feature[first + place], above[first + place], node[place])
            for column in range(columns):
                added = total[begin + column]
                for place in range(GROUP):
                    added += leaf[first + place, node[place, column]]
                total[begin + column] = added
        for tree in range(grouped, trees):
            find(block, feature[tree], above[tree], node[0])
            for column in range(columns):
                total[begin + column] += leaf[tree, node[0, column]]
    return total


@compiled
def find(block: Single, asked: Numbers, cuts: Single, node: NDArray[np.uint32]) -> None:
    """The leaf of one tree in which each column of the block ends, into node (SIDE,)."""
    node[:] = 0
    for level in range(len(asked)):
        row, cut = block[asked[level]], cuts[level]
        for column in range(SIDE):
            node[column] = (node[column] << ONE) + np.uint32(row[column] > cut)

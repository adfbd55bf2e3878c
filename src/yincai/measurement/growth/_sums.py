"""What a mixed model needs of its rows, summed once by level, and the one elimination that every step repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Term(Protocol):
    """What is read of a random term."""

    @property
    def group(self) -> Integers: ...
    @property
    def z(self) -> Floats: ...
    @property
    def levels(self) -> int: ...


@dataclass(frozen=True)
class Place:
    """Where a factor's effects lie in the dense part: `at` + level × `width` + column."""

    term: int
    at: int
    levels: int
    width: int

    @property
    def slice(self) -> slice:
        return slice(self.at, self.at + self.levels * self.width)


@dataclass(frozen=True)
class Sums:
    """Sums over the rows. The eliminated factor: `zz` (L, q, q), `zxy` (L, q, p + 1), and its products with the
    others, level by level: columns `index[start[l]:start[l + 1]]`, values `cross` (…, q). The others: `own` (m, m),
    `xy` (m, p + 1).
    """

    n: int
    widths: tuple[int, ...]
    eliminated: int
    places: tuple[Place, ...]
    dense: int
    zz: Floats
    zxy: Floats
    xyxy: Floats
    start: Integers
    index: Integers
    cross: Floats
    own: Floats
    xy: Floats

    def remainder(self, gain: Floats) -> tuple[Floats, Floats]:
        """(m, m) and (m, p + 1): the sums of the other factors when the first is eliminated."""
        core, right = self.own.copy(), self.xy.copy()
        eliminate(self.start, self.index, self.cross, gain, self.zxy, core, right)
        return core, right

    def across(self, matrix: Floats, triangles: Sequence[Floats]) -> Floats:
        """Λ' times a matrix (m, c): T' on the effects of each level."""
        out = np.empty_like(matrix)
        for place in self.places:
            block = matrix[place.slice].reshape(place.levels, place.width, -1)
            out[place.slice] = np.einsum("qr,lqc->lrc", triangles[place.term], block).reshape(-1, matrix.shape[1])
        return out

    def back(self, matrix: Floats, triangles: Sequence[Floats]) -> Floats:
        """Λ times a matrix (m, c)."""
        return self.across(matrix, [triangle.T for triangle in triangles])


def sums_of(y: Floats, x: Floats, terms: Sequence[Term], limit: int) -> Sums:
    """Raises ValueError where the smaller factors together have more effects than `limit`."""
    sizes = [term.levels * term.z.shape[1] for term in terms]
    eliminated = int(np.argmax(sizes))
    places, at = [], 0
    for k, term in enumerate(terms):
        if k != eliminated:
            places.append(Place(k, at, term.levels, term.z.shape[1]))
            at += sizes[k]
    if at > limit:
        raise ValueError(f"the smaller factors have {at} effects; at most {limit} can be solved together")
    xy = np.column_stack([x, y])
    first = terms[eliminated]
    rest = _indicator([terms[place.term] for place in places], places, at, len(y))
    start, index, cross = _crossed(first, rest)
    return Sums(
        n=len(y),
        widths=tuple(term.z.shape[1] for term in terms),
        eliminated=eliminated,
        places=tuple(places),
        dense=at,
        zz=_by_level(first, first.z),
        zxy=_by_level(first, xy),
        xyxy=xy.T @ xy,
        start=start,
        index=index,
        cross=cross,
        own=(rest.T @ rest).toarray() if at else np.zeros((0, 0)),
        xy=np.asarray(rest.T @ xy) if at else np.zeros((0, xy.shape[1])),
    )


def _by_level(term: Term, columns: Floats) -> Floats:
    """(levels, q, c): Σ z' column over the rows of each level."""
    q, c = term.z.shape[1], columns.shape[1]
    found = np.empty((term.levels, q, c))
    for i in range(q):
        for j in range(c):
            found[:, i, j] = np.bincount(term.group, term.z[:, i] * columns[:, j], term.levels)
    return found


def _indicator(terms: Sequence[Term], places: Sequence[Place], columns: int, n: int) -> Any:
    """(n, m) sparse: the z of all factors but the eliminated one."""
    rows: list[Integers] = []
    at: list[Integers] = []
    values: list[Floats] = []
    for term, place in zip(terms, places, strict=True):
        for j in range(place.width):
            rows.append(np.arange(n))
            at.append(place.at + term.group * place.width + j)
            values.append(term.z[:, j])
    if not rows:
        return csr_matrix((n, columns))
    return coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(at))), shape=(n, columns)).tocsr()


def _crossed(first: Term, rest: Any) -> tuple[Integers, Integers, Floats]:
    """The products of the eliminated factor with the others, by level, the same columns for each of its z."""
    q = first.z.shape[1]
    if rest.shape[1] == 0:
        return np.zeros(first.levels + 1, np.int64), np.zeros(0, np.int64), np.zeros((0, q))
    n = len(first.group)
    ones = csr_matrix((np.ones(n), (first.group, np.arange(n))), shape=(first.levels, n))
    pattern = (ones @ abs(rest).sign()).tocsr()
    pattern.sort_indices()
    values = np.zeros((pattern.nnz, q))
    keys = np.repeat(np.arange(first.levels), np.diff(pattern.indptr)) * rest.shape[1] + pattern.indices
    for j in range(q):
        weighted = csr_matrix((first.z[:, j], (first.group, np.arange(n))), shape=(first.levels, n))
        product = (weighted @ rest).tocoo()
        values[np.searchsorted(keys, product.row.astype(np.int64) * rest.shape[1] + product.col), j] = product.data
    return pattern.indptr.astype(np.int64), pattern.indices.astype(np.int64), values


@njit(cache=True)
def _mirror(square: Any) -> None:
    """The upper triangle from the lower one."""
    for a in range(square.shape[0]):
        for b in range(a):
            square[b, a] = square[a, b]


@njit(cache=True)
def eliminate(start: Any, index: Any, cross: Any, gain: Any, zxy: Any, core: Any, right: Any) -> None:
    """core −= C' gain C (lower triangle, mirrored), right −= C' gain zxy."""
    q = cross.shape[1]
    turned = np.zeros(q)
    for level in range(len(start) - 1):
        for s in range(start[level], start[level + 1]):
            for i in range(q):
                turned[i] = 0.0
                for j in range(q):
                    turned[i] += gain[level, i, j] * cross[s, j]
            for t in range(start[level], s + 1):
                product = 0.0
                for i in range(q):
                    product += turned[i] * cross[t, i]
                core[index[s], index[t]] -= product
            for c in range(right.shape[1]):
                for i in range(q):
                    right[index[s], c] -= turned[i] * zxy[level, i, c]
    _mirror(core)


@njit(cache=True)
def spread_of(start: Any, index: Any, cross: Any, inverse: Any, out: Any) -> None:
    """out[l] = C_l inverse C_l' for each level of the eliminated factor (inverse: (m, m), symmetric)."""
    q = cross.shape[1]
    for level in range(len(start) - 1):
        for s in range(start[level], start[level + 1]):
            for t in range(start[level], s + 1):
                between = inverse[index[s], index[t]]
                for i in range(q):
                    for j in range(q):
                        out[level, i, j] += cross[s, i] * between * cross[t, j]
                        if t < s:
                            out[level, j, i] += cross[s, i] * between * cross[t, j]

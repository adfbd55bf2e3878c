"""Facility, corrected point-biserial and distractors of each item, with intervals and flags.

Sources: Lord & Novick (1968), *Statistical Theories of Mental Test Scores*, ch. 15 (facility, item–rest correlation);
Wilson (1927) for shares; Fisher (1921) for the correlation's interval; Welch (1947) for the difference of means;
Haladyna & Downing (1993) for distractors: one that works draws those who know less, never those who know more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, inf, nan, sqrt, tanh

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from yincai.measurement.intervals import CONFIDENCE, wilson

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
HARD, EASY, MISFIT, STRONGER, LURING = "hard", "easy", "misfit", "stronger", "luring"
TOO_HARD = 0.4  # flagged when the facility's whole interval lies below
TOO_EASY = 0.9  # … or above
BESIDE = 0.1  # and an item does not fit when its correlation's whole interval lies below this
FEWEST = 3  # learners behind a mean that is compared


@dataclass(frozen=True)
class Option:
    """One option of a choice item. `share` of those who answered, with its interval; `rest`: the mean share right on
    the other items of those who chose it (NaN where there is none)."""

    label: str
    key: bool
    n: int
    share: float
    low: float
    high: float
    rest: float


@dataclass(frozen=True)
class Item:
    """`n` learners answered; `facility`: their mean score; `fit`: correlation with the mean of the other items over
    `n_fit` learners (NaN where it cannot be told); `flags` of HARD, EASY, MISFIT, STRONGER (a distractor chosen by
    those who do better elsewhere), LURING (one chosen more than the key); `distractor`: the option that is meant."""

    index: int
    n: int
    facility: float
    low: float
    high: float
    fit: float
    fit_low: float
    fit_high: float
    n_fit: int
    options: tuple[Option, ...] = ()
    flags: tuple[str, ...] = ()
    distractor: str = ""

    def __str__(self) -> str:
        said = f"item {self.index}: {self.facility:.2f} ({self.low:.2f} to {self.high:.2f}, n={self.n})"
        fit = "" if np.isnan(self.fit) else f", fit {self.fit:.2f} ({self.fit_low:.2f} to {self.fit_high:.2f})"
        return said + fit + (f": {', '.join(self.flags)}" if self.flags else "")


def analyse(
    scores: ArrayLike,
    chosen: Sequence[Sequence[str] | None] | None = None,
    keys: Sequence[str] | None = None,
    *,
    confidence: float = CONFIDENCE,
    least: int = 1,
) -> list[Item]:
    """Every item that at least `least` learners answered.

    `scores`: learners × items, each 0 … 1, NaN where not answered. `chosen[item]`: for a choice item, what each
    learner chose ("" for nothing), else None; `keys[item]`: its right option. Raises ValueError for another shape, for
    scores outside 0 … 1, and for choices without keys.

    >>> scores = [[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]]
    >>> print(analyse(scores)[0])
    item 0: 0.75 (0.43 to 0.92, n=4), fit 0.52 (-0.61 to 0.95)
    """
    table = _checked(scores, chosen, keys)
    found = []
    for index in range(table.shape[1]):
        there = ~np.isnan(table[:, index])
        if there.sum() < max(least, 1):
            continue
        options = chosen[index] if chosen is not None else None
        key = keys[index] if options is not None and keys is not None else ""
        found.append(_item(table, index, there, options, key, confidence))
    return found


def _checked(scores: ArrayLike, chosen: Sequence[object] | None, keys: Sequence[str] | None) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"scores must be learners × items, not of shape {table.shape}")
    if np.any((table < 0) | (table > 1)):
        raise ValueError("a score lies between 0 and 1 (NaN: not answered)")
    for name, given in (("chosen", chosen), ("keys", keys)):
        if given is not None and len(given) != table.shape[1]:
            raise ValueError(f"{name} must have one entry for each of the {table.shape[1]} items, not {len(given)}")
    if chosen is not None and keys is None:
        raise ValueError("choices without keys cannot be analysed")
    return table


def _item(table: Floats, index: int, there: Mask, chosen: Sequence[str] | None, key: str, confidence: float) -> Item:
    own = table[there, index]
    rest = _rest(table, index)[there]
    low, high = wilson(float(own.sum()), len(own), confidence)
    fit, fit_low, fit_high, n_fit = _fit(own, rest, confidence)
    options: tuple[Option, ...] = ()
    flags, distractor = _difficulty_flags(low, high), ""
    if n_fit and fit_high < BESIDE:
        flags.append(MISFIT)
    if chosen is not None:
        picks = np.asarray(chosen, dtype=object)[there]
        options = _options(picks, rest, key, confidence)
        more, distractor = _distractors(picks, rest, options, key, confidence)
        flags += more
    return Item(
        index, len(own), float(own.mean()), low, high, fit, fit_low, fit_high, n_fit, options, tuple(flags), distractor
    )


def _difficulty_flags(low: float, high: float) -> list[str]:
    return [flag for flag, is_so in ((HARD, high < TOO_HARD), (EASY, low > TOO_EASY)) if is_so]


def _rest(table: Floats, index: int) -> Floats:
    """Each learner's mean on the other items answered; NaN for whoever answered no other."""
    others = np.delete(table, index, axis=1)
    counts = (~np.isnan(others)).sum(axis=1)
    return np.where(counts > 0, np.nansum(others, axis=1) / np.maximum(counts, 1), nan)


def _fit(own: Floats, rest: Floats, confidence: float) -> tuple[float, float, float, int]:
    """Corrected point-biserial with Fisher's interval. Nothing for fewer than four learners, or where all agree."""
    both = ~np.isnan(rest)
    n = int(both.sum())
    if n < 4 or np.ptp(own[both]) == 0 or np.ptp(rest[both]) == 0:
        return nan, nan, nan, 0
    r = float(np.corrcoef(own[both], rest[both])[0, 1])
    if abs(r) >= 1 - 1e-12:
        return r, r, r, n
    half = float(ndtri(0.5 + confidence / 2)) / sqrt(n - 3)
    return r, tanh(atanh(r) - half), tanh(atanh(r) + half), n


def _options(picks: NDArray[np.object_], rest: Floats, key: str, confidence: float) -> tuple[Option, ...]:
    labels = sorted({str(pick) for pick in picks if pick} | {key})
    return tuple(_option(label, picks == label, rest, key, confidence) for label in labels)


def _option(label: str, took: Mask, rest: Floats, key: str, confidence: float) -> Option:
    n = int(took.sum())
    low, high = wilson(n, len(took), confidence)
    known = rest[took & ~np.isnan(rest)]
    return Option(label, label == key, n, n / len(took), low, high, float(known.mean()) if len(known) else nan)


def _distractors(
    picks: NDArray[np.object_], rest: Floats, options: Sequence[Option], key: str, confidence: float
) -> tuple[list[str], str]:
    """STRONGER before LURING; of several distractors the one chosen most."""
    right = next(option for option in options if option.key)
    wrong = sorted((option for option in options if not option.key), key=lambda option: (-option.n, option.label))
    for option in wrong:
        if _more_able(rest[picks == option.label], rest[picks == key], confidence):
            return [STRONGER], option.label
    for option in wrong:
        if _chosen_more(option.n, right.n, len(picks), confidence):
            return [LURING], option.label
    return [], ""


def _more_able(of_distractor: Floats, of_key: Floats, confidence: float) -> bool:
    """Welch's interval of the difference of means lies above 0."""
    one, other = of_distractor[~np.isnan(of_distractor)], of_key[~np.isnan(of_key)]
    if min(len(one), len(other)) < FEWEST:
        return False
    a, b = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
    difference = float(one.mean() - other.mean())
    if a + b <= 1e-15:
        return difference > 1e-9
    freedom = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1))
    return difference - float(stdtrit(freedom, 0.5 + confidence / 2)) * sqrt(a + b) > 0


def _chosen_more(distractor: int, key: int, n: int, confidence: float) -> bool:
    """The interval of the difference of two shares of one sample lies above 0."""
    if distractor < FEWEST:
        return False
    p, q = distractor / n, key / n
    half = float(ndtri(0.5 + confidence / 2)) * sqrt(max(p + q - (p - q) ** 2, 0.0) / n) if n else inf
    return p - q - half > 0

"""Is the Q-matrix right? The general discrimination index of de la Torre & Chiu (2016).

For a set of skills q, the classes of learners fall into groups by the skills of q alone; ς²(q) is the variance of the
probability of a right answer between these groups. It grows with q; the set of all skills explains most (ς²max). The
smallest set that explains at least ε (0.95) of it is suggested: PVAF(q) = ς²(q) / ς²max ≥ ε.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.diagnosis.classes import Bools, Floats, Ints
from yincai.measurement.diagnosis.em import checked_responses
from yincai.measurement.diagnosis.result import Diagnosis
from yincai.measurement.diagnosis.scoring import class_posterior

MOST_SKILLS = 12
EPSILON = 0.95
ROWS = 4096  # learners whose posterior is held at a time


@dataclass(frozen=True)
class QVerdict:
    """`pvaf` is of the item's present skills, `suggested_pvaf` of those suggested; `agrees` when they are the same."""

    item: int
    skills: tuple[int, ...]
    pvaf: float
    suggested: tuple[int, ...]
    suggested_pvaf: float

    @property
    def agrees(self) -> bool:
        return self.skills == self.suggested


def validate_q(model: Diagnosis, responses: NDArray[np.generic], epsilon: float = EPSILON) -> list[QVerdict]:
    """A verdict for each item, from a fitted "gdina" model and the responses it was fitted to.

    It is a suggestion for people who know the items, not a correction. Raises ValueError for another model than gdina,
    more than 12 skills, or an epsilon outside (0, 1].

    >>> from yincai.measurement.diagnosis import fit
    >>> rng, q = np.random.default_rng(1), np.array([[1, 0], [0, 1], [1, 1]] * 4)
    >>> able = ((rng.random((3000, 1, 2)) < 0.5) >= q).all(axis=2)
    >>> answers, given = rng.random(able.shape) < np.where(able, 0.9, 0.1), q.copy()
    >>> given[2] = [1, 0]
    >>> [(each.item, each.suggested) for each in validate_q(fit(answers, given, "gdina"), answers) if not each.agrees]
    [(2, (0, 1))]
    """
    skills = model.design.classes.shape[1]
    if model.design.model != "gdina":
        raise ValueError("the Q-matrix is checked with a gdina model: fit one first")
    if skills > MOST_SKILLS:
        raise ValueError(f"all sets of skills are tried: at most {MOST_SKILLS} skills, not {skills}")
    if not 0 < epsilon <= 1:
        raise ValueError(f"epsilon must lie in (0, 1], not {epsilon}")
    tried, solved = _expected_counts(model, responses)
    shares = explained(model.design.classes, tried, solved)
    return [_verdict(item, needed, shares[item], epsilon) for item, needed in enumerate(model.design.q_matrix)]


def _expected_counts(model: Diagnosis, responses: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """(items, classes): learners of the class who answered, and who answered rightly."""
    table = checked_responses(responses, len(model.design.q_matrix))
    shape = (table.shape[1], len(model.design.classes))
    tried, solved = np.zeros(shape), np.zeros(shape)
    for start in range(0, len(table), ROWS):
        some = table[start : start + ROWS]
        post = class_posterior(model, some)
        tried += (~np.isnan(some)).T.astype(float) @ post
        solved += (some == 1).T.astype(float) @ post
    return tried, solved


def explained(classes: Bools, tried: Floats, solved: Floats) -> Floats:
    """PVAF, (items, sets of skills): the set's number is the sum of 2**skill. The empty set explains nothing."""
    numbers = classes @ (1 << np.arange(classes.shape[1]))
    sets = 2 ** classes.shape[1]
    variance = np.stack([_between_groups(numbers & chosen, tried, solved) for chosen in range(sets)], axis=1)
    most = np.maximum(variance[:, -1:], 1e-300)
    return np.asarray(variance / most)


def _between_groups(group: Ints, tried: Floats, solved: Floats) -> Floats:
    """(items,): ς² of the items between groups of classes."""
    place = np.unique(group, return_inverse=True)[1]
    belongs = np.zeros((len(group), int(place.max()) + 1))
    belongs[np.arange(len(group)), place] = 1.0
    n, right = tried @ belongs, solved @ belongs
    total = tried.sum(axis=1)
    mean = solved.sum(axis=1) / total
    share = right / np.maximum(n, 1e-300)
    return np.asarray((n * (share - mean[:, None]) ** 2).sum(axis=1) / total)


def _verdict(item: int, needed: Bools, shares: Floats, epsilon: float) -> QVerdict:
    sizes = np.array([number.bit_count() for number in range(len(shares))])
    enough = (shares >= epsilon - 1e-12) & (sizes > 0)
    smallest = enough & (sizes == sizes[enough].min()) if enough.any() else sizes == sizes.max()
    best = int(np.argmax(np.where(smallest, shares, -1.0)))
    present = int(needed @ (1 << np.arange(len(needed))))
    return QVerdict(item, _skills(present), float(shares[present]), _skills(best), float(shares[best]))


def _skills(number: int) -> tuple[int, ...]:
    return tuple(skill for skill in range(number.bit_length()) if number >> skill & 1)

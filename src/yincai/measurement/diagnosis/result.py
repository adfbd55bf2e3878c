"""What a fit tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from yincai.measurement.diagnosis.classes import Bools, Design, Floats
from yincai.measurement.diagnosis.em import State

SAME_MAXIMUM = 0.01  # log-likelihoods nearer than this count as one maximum


@dataclass(frozen=True)
class Starts:
    """The log-likelihoods that each start ended with; the first start is the standard one.

    `searched` steps were tried from the best of them (0: none was asked for) and `gained` so much.
    """

    log_likelihoods: tuple[float, ...]
    searched: int = 0
    gained: float = 0.0

    @property
    def best(self) -> float:
        return max(self.log_likelihoods)

    @property
    def agreeing(self) -> int:
        """How many starts end within 0.01 of the best."""
        return sum(self.best - each <= SAME_MAXIMUM for each in self.log_likelihoods)

    @property
    def maxima(self) -> int:
        """How many different maxima were found (at least)."""
        ordered = np.sort(self.log_likelihoods)
        return 1 + int((np.diff(ordered) > SAME_MAXIMUM).sum())

    def __str__(self) -> str:
        count = len(self.log_likelihoods)
        told = f"{count} starts, {self.agreeing} within {SAME_MAXIMUM} of the best, {self.maxima} maxima"
        if count == 1:
            told = "1 start" if self.searched else "1 start: other local maxima were not looked for"
        if self.searched:
            told += f"; {self.searched} steps of search, {self.gained:.2f} gained"
        return told


@dataclass(frozen=True)
class Diagnosis:
    """A fitted model. Everything that scoring a new learner needs is in it.

    `success[j]` are the item's probabilities of a right answer: (not held, held) for DINA and DINO, one for each
    pattern of the needed skills for G-DINA (the first needed skill is the lowest bit), NaN where no allowed class has
    the pattern. Standard errors are NaN on a bound and where the data do not determine the value.
    """

    design: Design = field(repr=False)
    state: State = field(repr=False)
    log_likelihood: float
    learners: int
    success: tuple[Floats, ...]
    success_covariance: tuple[Floats, ...] = field(repr=False)
    class_probability: Floats = field(repr=False)
    skill_probability: Floats
    skill_se: Floats
    skill_determined: Bools
    starts: Starts
    steps: int
    converged: bool

    @property
    def guess(self) -> Floats:
        """(items,): probability of a right answer without any needed skill (DINA: without all of them)."""
        return np.array([each[0] for each in self.success])

    @property
    def slip(self) -> Floats:
        """(items,): probability of a wrong answer with all needed skills (DINO: with one of them)."""
        return np.array([1 - each[-1] for each in self.success])

    @property
    def guess_se(self) -> Floats:
        return deviation(np.array([each[0, 0] for each in self.success_covariance]))

    @property
    def slip_se(self) -> Floats:
        return deviation(np.array([each[-1, -1] for each in self.success_covariance]))

    @property
    def discrimination(self) -> Floats:
        """(items,): 1 − guess − slip (de la Torre 2008). Near or below zero the item says nothing about its skills."""
        return np.asarray(1 - self.guess - self.slip)

    def terms(self, item: int) -> tuple[tuple[int, ...], ...]:
        """The skills of each element of `delta(item)`: none, single ones, pairs, …"""
        return _terms(tuple(np.flatnonzero(self.design.q_matrix[item]).tolist()))

    def delta(self, item: int) -> Floats:
        """Intercept, main effects and interactions of an item under the identity link (de la Torre 2011).

        NaN for a term that rests on a pattern which no allowed class has.
        """
        contrasts, success = self._contrasts(item), self.success[item]
        lost = (contrasts != 0) @ np.isnan(success)
        return np.where(lost, np.nan, contrasts @ np.nan_to_num(success))

    def delta_se(self, item: int) -> Floats:
        """A probability on its bound counts as known here; NaN when all that a term rests on are."""
        contrasts = self._contrasts(item)
        variance = np.diag(contrasts @ np.nan_to_num(self.success_covariance[item]) @ contrasts.T)
        known = np.where(np.isnan(self.delta(item)) | (variance <= 0), np.nan, variance)
        return deviation(known, terms=len(known))

    def _contrasts(self, item: int) -> Floats:
        if self.design.model != "gdina":
            raise ValueError(f"delta is of the gdina model; {self.design.model} has guess and slip")
        return _inclusion_exclusion(int(self.design.q_matrix[item].sum()))

    @property
    def parameters(self) -> int:
        """Free ones: the items' probabilities and the classes'."""
        return len(self.state.success) + len(self.design.classes) - 1

    @property
    def aic(self) -> float:
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        return float(np.log(self.learners)) * self.parameters - 2 * self.log_likelihood

    def __str__(self) -> str:
        items, skills = self.design.q_matrix.shape
        head = (
            f"{self.design.model.upper()}: {self.learners} learners, {items} items, {skills} skills, "
            f"{len(self.design.classes)} classes ({len(self.design.sizes)} told apart)\n"
            f"log-likelihood {self.log_likelihood:.4f}, AIC {self.aic:.1f}, BIC {self.bic:.1f}, "
            f"{self.steps} steps{'' if self.converged else ', NOT CONVERGED'}; {self.starts}"
        )
        rows = [f"{'item':>5} {'guess':>7} {'(se)':>7} {'slip':>7} {'(se)':>7}"]
        columns = zip(self.guess, self.guess_se, self.slip, self.slip_se, strict=True)
        rows += [f"{n + 1:>5} {g:7.4f} {gse:7.4f} {s:7.4f} {sse:7.4f}" for n, (g, gse, s, sse) in enumerate(columns)]
        rows.append(f"{'skill':>5} {'p':>7} {'(se)':>7}")
        pairs = zip(self.skill_probability, self.skill_se, strict=True)
        rows += [f"{n + 1:>5} {p:7.4f} {se:7.4f}" for n, (p, se) in enumerate(pairs)]
        return "\n".join([head, *rows])


def deviation(variance: Floats, terms: int = 1) -> Floats:
    """Square roots; above 0.5 (for each probability in a sum) nothing is known of a probability, and it is NaN."""
    found = np.sqrt(variance)
    return np.where(found > 0.5 * terms, np.nan, found)


def _terms(skills: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(each for size in range(len(skills) + 1) for each in combinations(skills, size))


def _inclusion_exclusion(needed: int) -> Floats:
    """(terms, groups): the term of a set of skills is the sum over its subsets, with alternating sign."""
    sets = [sum(1 << skill for skill in each) for each in _terms(tuple(range(needed)))]
    matrix = np.zeros((len(sets), 2**needed))
    for row, whole in enumerate(sets):
        for group in range(2**needed):
            if group & ~whole == 0:
                matrix[row, group] = (-1.0) ** (whole ^ group).bit_count()
    return matrix

"""What is believed of an item before anybody answered it: the prior of its parameters, with a standard error.

P(right | θ) = c + (1 − c) / (1 + exp(−a (θ − b))), D = 1, on one scale for all grades: 0 is the average pupil in the
middle of grade 6, one unit is a standard deviation of pupils of one grade.

* b: the difficulty label (0: even odds for an average pupil of the grade) moved by YEAR for each grade. A year of
  school is worth about 0.4 standard deviations of pupils in mathematics between grades 3 and 8 (Hill, Bloom, Black &
  Lipsey 2008, Empirical benchmarks for interpreting effect sizes in research, table 1).
* a: 1 for an answer that is written, 0.8 for a choice, whose slope guessing flattens.
* c: what blind guessing gives: one in so many options; 0 for an answer that is written.
* Standard errors: ln a ± 0.35. b ± 0.5 for a depth of a generator, whose author set the depths against each other;
  ± 0.8 for a labelled item from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yincai.knowledge.pool import Pool

Floats = NDArray[np.float64]
YEAR = 0.4  # logits a school year
MIDDLE = 6  # the grade whose average pupil is 0
WRITTEN, CHOSEN = 1.0, 0.8  # slopes
LOG_A = 0.35  # standard error of ln a
OF_DEPTH, OF_LABEL = 0.5, 0.8  # standard errors of b


@dataclass(frozen=True, eq=False)
class Parameters:
    """Arrays over items. `n`: answers that the values rest on, beside the prior; 0 where they are the prior."""

    a: Floats
    b: Floats
    c: Floats
    se_a: Floats
    se_b: Floats
    n: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.a)

    def chosen(self, rows: ArrayLike) -> Parameters:
        return Parameters(*(getattr(self, each.name)[np.asarray(rows, np.int64)] for each in fields(self)))


def average_of(grade: ArrayLike) -> Floats:
    """Where the average pupil of a grade stands on the scale of all grades."""
    return YEAR * (np.asarray(grade, np.float64) - MIDDLE)


def prior(difficulty: ArrayLike, guess: ArrayLike, grade: ArrayLike, is_generator: ArrayLike) -> Parameters:
    """The rule above, for arrays over items.

    >>> one = prior([0.5, 0.5], [0.0, 0.25], [6, 7], [True, False])
    >>> one.a.tolist(), one.b.round(2).tolist(), one.c.tolist(), one.se_b.tolist()
    ([1.0, 0.8], [0.5, 0.9], [0.0, 0.25], [0.5, 0.8])
    """
    label, floor = np.asarray(difficulty, np.float64), np.asarray(guess, np.float64)
    a = np.where(floor > 0, CHOSEN, WRITTEN)
    return Parameters(
        a=a,
        b=label + average_of(grade),
        c=floor.copy(),
        se_a=a * LOG_A,
        se_b=np.where(np.asarray(is_generator, bool), OF_DEPTH, OF_LABEL),
        n=np.zeros(len(label), np.int64),
    )


def prior_of(choices: Pool) -> Parameters:
    return prior(choices.difficulty, choices.guess, choices.grade, choices.is_generator)

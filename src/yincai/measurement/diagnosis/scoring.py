"""Scoring learners with a fitted model: nothing is estimated anew, so one new pupil costs microseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.diagnosis.classes import Bools, Floats
from yincai.measurement.diagnosis.em import (
    BLOCK,
    answers_in_order,
    checked_responses,
    kernel,
    log_weights,
    posterior_block,
)
from yincai.measurement.diagnosis.result import Diagnosis


@dataclass(frozen=True)
class Scores:
    """`skills` (learners, skills): posterior probability that the learner holds the skill; `likely` (learners, skills):
    the class with the largest posterior, and `certainty` (learners,) that posterior."""

    skills: Floats
    likely: Bools
    certainty: Floats = field(repr=False)

    @property
    def expected_accuracy(self) -> Floats:
        """(skills,): expected share of learners told rightly by "holds it when the posterior is above a half"."""
        return np.asarray(np.maximum(self.skills, 1 - self.skills).mean(axis=0))


def score(model: Diagnosis, responses: NDArray[np.generic]) -> Scores:
    """Posterior of the skills of learners, (learners, items) of 0, 1, NaN, whether or not they were in the fit.

    A learner without answers gets what is known of everybody. Raises ValueError for a table that does not fit.

    >>> from yincai.measurement.diagnosis import fit
    >>> rng = np.random.default_rng(1)
    >>> q = np.array([[1, 0], [0, 1], [1, 1]] * 4)
    >>> able = ((rng.random((500, 1, 2)) < 0.5) >= q).all(axis=2)
    >>> model = fit(rng.random(able.shape) < np.where(able, 0.9, 0.2), q)
    >>> score(model, [[1, 0, 0] * 4]).likely.astype(int).tolist()
    [[1, 0]]
    """
    parts = [_scored(model, post) for post in _posteriors(model, responses)]
    if not parts:
        skills = model.design.classes.shape[1]
        return Scores(np.zeros((0, skills)), np.zeros((0, skills), dtype=bool), np.zeros(0))
    return Scores(
        np.concatenate([each.skills for each in parts]),
        np.concatenate([each.likely for each in parts]),
        np.concatenate([each.certainty for each in parts]),
    )


def class_posterior(model: Diagnosis, responses: NDArray[np.generic]) -> Floats:
    """(learners, classes) in the order of `model.design.classes`. Raises ValueError for a table that does not fit.

    >>> from yincai.measurement.diagnosis import fit
    >>> rng = np.random.default_rng(1)
    >>> able = np.repeat(rng.random((500, 1)) < 0.5, 4, axis=1)
    >>> model = fit(rng.random(able.shape) < np.where(able, 0.9, 0.2), np.ones((4, 1)))
    >>> class_posterior(model, [[1, 1, 1, 1], [0, 0, 0, 0]]).round(1).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    parts = [model.design.of_classes(post) for post in _posteriors(model, responses)]
    return np.concatenate(parts) if parts else np.zeros((0, len(model.design.classes)))


def _posteriors(model: Diagnosis, responses: NDArray[np.generic]) -> Iterator[Floats]:
    """(some learners, patterns), block after block."""
    table = checked_responses(responses, len(model.design.q_matrix))
    kern, prior = kernel(model.design), np.log(model.state.patterns)
    _, addends = log_weights(answers_in_order(table), kern, model.state.success)
    indicator_t = np.ascontiguousarray(kern.indicator.T)
    rows = max(1, BLOCK // len(prior))
    for start in range(0, len(table), rows):
        post, _ = posterior_block(addends[start : start + rows], prior, indicator_t)
        yield post / post.sum(axis=1, keepdims=True)


def _scored(model: Diagnosis, post: Floats) -> Scores:
    plan = model.design
    each = post / plan.sizes  # a class of the pattern has this much; all classes of a pattern the same
    best = each.argmax(axis=1)
    first_class = np.unique(plan.pattern_of, return_index=True)[1]
    return Scores(post @ plan.skill_shares(), plan.classes[first_class[best]], each[np.arange(len(each)), best])

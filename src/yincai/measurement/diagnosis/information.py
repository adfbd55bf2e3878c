"""Standard errors from the observed information of a diagnosis model.

Louis (1982): observed information = expected complete-data information − covariance of the complete-data score, both
over the posterior of the patterns. It is exact here, not an average of outer products: for the probability θ_c of a
column, with s = y/θ − (1 − y)/(1 − θ) and posterior T_c of the column, the score of a learner is E_c = T_c s_c and

    −∂²l/∂θ_c∂θ_d = E_c E_d − [c, d of different items] T_cd s_c s_d
    −∂²l/∂π_m∂π_n = r_m r_n,  r_m = posterior_m / π_m
    −∂²l/∂θ_c∂π_m = r_m (E_c − s_c [m in c])

The pattern probabilities vary within their sum; a parameter on its bound (a probability of 0 or 1, a pattern in which
fewer than a hundredth of a learner is expected) is held fixed, and has no standard error of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yincai.measurement.diagnosis.classes import Bools, Floats
from yincai.measurement.diagnosis.em import BOUND, Answers, Kernel, State, log_weights, posterior_block

NOBODY = 0.01  # expected learners below which a parameter counts as on its bound
FLAT = 1e-9  # eigenvalue (of the scaled information) below which a direction is not determined


@dataclass(frozen=True)
class Covariance:
    """Covariances of the columns' probabilities, (columns, columns), NaN for a column on its bound; and of the
    probabilities of the patterns in `support`."""

    success: Floats
    support: Bools
    patterns: Floats


def covariance(answers: Answers, kern: Kernel, state: State) -> Covariance:
    learners = answers.weight.sum()
    support = state.patterns * learners > NOBODY
    inner = (state.success > 2 * BOUND) & (state.success < 1 - 2 * BOUND)
    some = kern.only(support)
    inner &= _expected_learners(answers, some, state.patterns[support], state.success) > NOBODY
    information = _information(answers, some, state.success, state.patterns[support], inner)
    held = _tangent(int(inner.sum()), int(support.sum()))
    whole = held @ _inverse(held.T @ information @ held) @ held.T
    split = int(inner.sum())
    return Covariance(_spread(whole[:split, :split], inner), support, whole[split:, split:])


def _expected_learners(answers: Answers, some: Kernel, patterns: Floats, success: Floats) -> Floats:
    """(columns,): the rarer of right and wrong answers that the column expects."""
    of_column = patterns @ some.indicator * answers.weight.sum()
    return np.asarray(of_column * np.minimum(success, 1 - success))


def _information(answers: Answers, some: Kernel, success: Floats, patterns: Floats, inner: Bools) -> Floats:
    _, addends = log_weights(answers, some, success)
    post, _ = posterior_block(addends, np.log(patterns), some.indicator.T)
    post /= post.sum(axis=1, keepdims=True)
    held, item_of = some.indicator[:, inner], some.item_of[inner]
    score = (answers.right[:, item_of] / success[inner]) - answers.wrong[:, item_of] / (1 - success[inner])
    own = (post @ held) * score
    ratio = post / patterns
    weighted = answers.weight[:, None] * own
    joint = _joint_scores(post * answers.weight[:, None], held, score)
    of_success = own.T @ weighted - np.where(item_of[:, None] == item_of, 0.0, joint)
    cross = weighted.T @ ratio - held.T * (score.T @ (answers.weight[:, None] * ratio))
    of_patterns = ratio.T @ (answers.weight[:, None] * ratio)
    return np.block([[of_success, cross], [cross.T, of_patterns]])


def _joint_scores(weighted_post: Floats, held: Floats, score: Floats) -> Floats:
    """(columns, columns): Σ over learners and patterns of the posterior times both scores."""
    total = np.zeros((held.shape[1], held.shape[1]))
    for of_pattern, columns in zip(weighted_post.T, held.astype(bool), strict=True):
        some = score[:, columns]
        total[np.ix_(columns, columns)] += some.T @ (of_pattern[:, None] * some)
    return total


def _tangent(columns: int, patterns: int) -> Floats:
    """An orthonormal basis of the moves that keep the sum of the pattern probabilities."""
    centred = np.eye(patterns) - 1 / patterns
    values, vectors = np.linalg.eigh(centred)
    free = vectors[:, values > 0.5]
    basis = np.zeros((columns + patterns, columns + free.shape[1]))
    basis[:columns, :columns] = np.eye(columns)
    basis[columns:, columns:] = free
    return basis


def _inverse(information: Floats) -> Floats:
    """The inverse; a direction that the data do not determine gets an enormous variance, which is told as NaN."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-12))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    vectors = vectors / scale[:, None]
    return np.asarray((vectors / np.maximum(values, FLAT)) @ vectors.T)


def _spread(some: Floats, chosen: Bools) -> Floats:
    whole = np.full((len(chosen), len(chosen)), np.nan)
    whole[np.ix_(chosen, chosen)] = some
    return whole

"""Fitting DINA, DINO and G-DINA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.diagnosis.classes import Bools, Design, Floats, allowed_classes, checked_q, design
from yincai.measurement.diagnosis.em import Answers, Ended, Kernel, State, answers_of, estimate, kernel
from yincai.measurement.diagnosis.information import Covariance, covariance
from yincai.measurement.diagnosis.result import SAME_MAXIMUM, Diagnosis, Starts, deviation

GUESS = SLIP = 0.2  # of the standard start
MOST_STEPS = 5000
RANDOM_STARTS = (0.05, 0.35)  # guess and slip are drawn from here
REDRAWN = 4  # items that a step of the search draws anew
ANY_SUCCESS = (0.05, 0.95)
ROUGH = 0.1  # tolerance of a step of the search
FRUITLESS, MOST_SEARCHES = 12, 200  # steps without gain after which it ends, and steps at all


def fit(
    responses: NDArray[np.generic],
    q_matrix: NDArray[np.generic],
    model: str = "dina",
    *,
    prerequisites: Sequence[tuple[int, int]] = (),
    starts: int = 1,
    search: bool = False,
    seed: int = 0,
    tolerance: float = 1e-5,
    most_steps: int = MOST_STEPS,
    standard_errors: bool = True,
) -> Diagnosis:
    """Marginal maximum likelihood of a cognitive diagnosis model by accelerated EM.

    `responses` (learners, items) hold 0, 1 or NaN (missing at random); `q_matrix` (items, skills) holds 1 where the
    item needs the skill; `model` is "dina" (all needed skills; Haertel 1989, Junker & Sijtsma 2001), "dino" (one of
    them; Templin & Henson 2006) or "gdina" (a probability for each pattern of them; de la Torre 2011). `prerequisites`
    are pairs (before, after) of skill numbers that restrict the classes. The first start has guess = slip = 0.2 and
    equal classes; further `starts` are drawn with `seed`, and one of them is taken only when its log-likelihood is
    better by more than 0.01. `search` goes on from the best of them: a few items' probabilities are drawn anew and the
    classes' made more even, again and again, and what ends higher is kept. `tolerance` is the gain in log-likelihood of
    a cycle of three EM steps at which it ends.

    Raises ValueError when the tables do not fit together, hold something else, or are empty.

    >>> rng = np.random.default_rng(1)
    >>> q = np.array([[1, 0], [0, 1], [1, 1]] * 4)
    >>> holds = rng.random((2000, 2)) < [0.7, 0.4]
    >>> able = (holds[:, None, :] >= q).all(axis=2)
    >>> found = fit((rng.random(able.shape) < np.where(able, 0.9, 0.2)).astype(int), q)
    >>> bool(np.abs(found.guess - 0.2).max() < 0.05), bool(np.abs(found.slip - 0.1).max() < 0.05)
    (True, True)
    >>> found.skill_probability.round(1).tolist()
    [0.7, 0.4]
    """
    if starts < 1:
        raise ValueError("there must be at least one start")
    q = checked_q(q_matrix)
    answers = answers_of(responses, len(q))
    plan = design(model, q, allowed_classes(q.shape[1], prerequisites))
    kern = kernel(plan)
    ended = [estimate(answers, kern, each, tolerance, most_steps) for each in _starts(plan, starts, seed)]
    chosen, tried = _chosen(ended), 0
    if search:
        best, tried = _searched(plan, answers, kern, max(ended, key=lambda each: each.log_likelihood), seed)
        best = estimate(answers, kern, best.state, tolerance, most_steps)
        chosen = _chosen([chosen, best])
    errors = covariance(answers, kern, chosen.state) if standard_errors else None
    told = Starts(tuple(each.log_likelihood for each in ended), tried)
    told = replace(told, gained=max(chosen.log_likelihood - told.best, 0.0))
    return _told(plan, answers, kern, chosen, errors, told)


def _starts(plan: Design, count: int, seed: int) -> list[State]:
    rng = np.random.default_rng(seed)
    items, even = len(plan.q_matrix), plan.sizes / plan.sizes.sum()
    found = [State(_between(plan, np.full(items, GUESS), np.full(items, SLIP)), even)]
    for _ in range(count - 1):
        guess, slip = rng.uniform(*RANDOM_STARTS, items), rng.uniform(*RANDOM_STARTS, items)
        drawn = even * rng.uniform(0.1, 1.9, len(even))
        found.append(State(_between(plan, guess, slip), drawn / drawn.sum()))
    return found


def _between(plan: Design, guess: Floats, slip: Floats) -> Floats:
    """Success probabilities that rise evenly with the number of needed skills held."""
    held = np.array([int(group).bit_count() for group in plan.group_of])
    most = plan.q_matrix.sum(axis=1) if plan.model == "gdina" else np.ones(len(plan.q_matrix))
    share = held / most[plan.item_of]
    return np.asarray(guess[plan.item_of] + share * (1 - guess - slip)[plan.item_of])


def _searched(plan: Design, answers: Answers, kern: Kernel, best: Ended, seed: int) -> tuple[Ended, int]:
    """A better maximum, if steps away from this one lead to any, and how many steps were tried."""
    rng, even, items = np.random.default_rng(seed), plan.sizes / plan.sizes.sum(), len(plan.q_matrix)
    fruitless = tried = 0
    while fruitless < FRUITLESS and tried < MOST_SEARCHES:
        anew = np.isin(plan.item_of, rng.choice(items, min(REDRAWN, items), replace=False))
        success = np.where(anew, rng.uniform(*ANY_SUCCESS, len(anew)), best.state.success)
        start = State(success, (best.state.patterns + even) / 2)
        found = estimate(answers, kern, start, ROUGH, MOST_STEPS)
        tried, fruitless = tried + 1, fruitless + 1
        if found.log_likelihood > best.log_likelihood + SAME_MAXIMUM:
            best, fruitless = found, 0
    return best, tried


def _chosen(ended: list[Ended]) -> Ended:
    best = max(ended, key=lambda each: each.log_likelihood)
    return best if best.log_likelihood > ended[0].log_likelihood + SAME_MAXIMUM else ended[0]


def _told(
    plan: Design, answers: Answers, kern: Kernel, ended: Ended, errors: Covariance | None, starts: Starts
) -> Diagnosis:
    shares = plan.skill_shares()
    errors = errors or _unknown(plan)
    held = shares[errors.support]
    variance = np.asarray(((errors.patterns @ held) * held).sum(axis=0))
    return Diagnosis(
        design=plan,
        state=ended.state,
        log_likelihood=ended.log_likelihood,
        learners=int(answers.weight.sum()),
        success=tuple(_of_item(plan, ended.state.success, item) for item in range(len(plan.q_matrix))),
        success_covariance=tuple(_covariance_of_item(plan, errors, item) for item in range(len(plan.q_matrix))),
        class_probability=plan.of_classes(ended.state.patterns),
        skill_probability=np.asarray(ended.state.patterns @ shares),
        skill_se=deviation(np.maximum(variance, 0.0)),
        skill_determined=_determined(shares),
        starts=starts,
        steps=ended.steps,
        converged=ended.converged,
    )


def _unknown(plan: Design) -> Covariance:
    columns, patterns = len(plan.item_of), len(plan.sizes)
    nothing = np.full((1, 1), np.nan)
    return Covariance(np.full((columns, columns), np.nan), np.arange(patterns) == 0, nothing)


def _determined(shares: Floats) -> Bools:
    """A skill that some pattern leaves open (only part of its classes hold it) rests on the equal sharing there."""
    return np.asarray(((shares == 0) | (shares == 1)).all(axis=0))


def _places(plan: Design, item: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    mine = np.flatnonzero(plan.item_of == item)
    width = 2 ** int(plan.q_matrix[item].sum()) if plan.model == "gdina" else 2
    return mine, plan.group_of[mine], width


def _of_item(plan: Design, success: Floats, item: int) -> Floats:
    mine, groups, width = _places(plan, item)
    whole = np.full(width, np.nan)
    whole[groups] = success[mine]
    return whole


def _covariance_of_item(plan: Design, errors: Covariance, item: int) -> Floats:
    mine, groups, width = _places(plan, item)
    whole = np.full((width, width), np.nan)
    whole[np.ix_(groups, groups)] = errors.success[np.ix_(mine, mine)]
    return whole

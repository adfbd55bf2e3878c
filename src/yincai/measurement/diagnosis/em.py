"""The EM algorithm of all diagnosis models, accelerated, and kept quick where there are tens of thousands of patterns.

A model here is a probability of a right answer for each column (group of an item) and a probability for each pattern.
Then the log-likelihood of learners × patterns is one matrix product, and so are the expected counts.

- **SQUAREM** (Varadhan & Roland 2008, scheme S3): two EM steps are extrapolated, and the extrapolation is taken only
  when it raises the likelihood. It may shrink a probability at most a hundredfold, for EM cannot bring back a zero.
- **Active patterns**: with more than a thousand patterns nearly all of them end without a learner. After a few steps
  over all (in single precision) the empty ones rest; at convergence the derivative of the likelihood is worked out for
  all of them, and those that would raise it come back. At the end no resting pattern can raise the likelihood
  (Lindsay 1983, gradient condition of a mixing distribution), which pruning alone cannot say.
- Exponents below −80 are raised to −80: numbers that are nearly zero ("denormal") make a processor twenty times slower.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.diagnosis.classes import Bools, Design, Floats, Ints, distinct

LOWEST_EXPONENT = -80.0
BOUND = 1e-7  # success probabilities stay in [BOUND, 1 − BOUND]
SHRINK = 0.01  # an extrapolation keeps at least this share of the EM step's probability
BLOCK = 200_000  # elements of the posterior held at a time: what a core's cache holds

REST_FROM = 1000  # patterns
WARM_STEPS = 12
RESTING = 1e-8  # probability below which a pattern rests
WOKEN = 1e-4  # probability with which it comes back
RAISES = 1.001  # derivative (1 at a maximum) above which it comes back
MOST_ROUNDS = 60
COARSE = 0.05  # gain in log-likelihood at which it is looked for patterns to wake


@dataclass(frozen=True)
class Answers:
    """Distinct rows of answers: `right` and `wrong` are 0/1 (rows, items), both 0 where missing."""

    right: Floats
    wrong: Floats
    weight: Floats

    @property
    def answered(self) -> Floats:
        return self.right + self.wrong


@dataclass(frozen=True)
class State:
    success: Floats  # (columns,)
    patterns: Floats  # (patterns,)


@dataclass(frozen=True)
class Expected:
    """What one pass over the learners gives."""

    log_likelihood: float
    patterns: Floats  # expected number of learners in each pattern
    columns: Floats  # (rows, columns): weighted posterior of the column


@dataclass(frozen=True)
class Ended:
    state: State
    log_likelihood: float
    steps: int
    converged: bool


@dataclass(frozen=True)
class Kernel:
    """The design's arrays as the passes need them; `indicator` may be of fewer patterns than the design."""

    item_of: Ints
    first: Ints
    indicator: Floats

    def only(self, chosen: Bools) -> Kernel:
        return replace(self, indicator=self.indicator[chosen])


def kernel(design: Design) -> Kernel:
    return Kernel(design.item_of, design.first, design.indicator())


def log_weights(answers: Answers, kern: Kernel, success: Floats) -> tuple[Floats, Floats]:
    """The log-likelihood as base (rows,) plus one addend for each column: (rows, columns), zero at first groups."""
    hit, miss = np.log(success), np.log1p(-success)
    base = answers.right @ hit[kern.first] + answers.wrong @ miss[kern.first]
    more_hit, more_miss = hit - hit[kern.first][kern.item_of], miss - miss[kern.first][kern.item_of]
    return base, answers.right[:, kern.item_of] * more_hit + answers.wrong[:, kern.item_of] * more_miss


def posterior_block(addends: Floats, log_prior: Floats, indicator_t: Floats) -> tuple[Floats, Floats]:
    """Unnormalised posterior (rows, patterns) with largest element 1, and the exponent that was taken out."""
    exponent = addends @ indicator_t
    exponent += log_prior
    largest = exponent.max(axis=1)
    exponent -= largest[:, None]
    np.maximum(exponent, LOWEST_EXPONENT, out=exponent)
    return np.exp(exponent, out=exponent), largest


def expect(answers: Answers, kern: Kernel, state: State, dtype: type[np.floating] = np.float64) -> Expected:
    base, addends = log_weights(answers, kern, state.success)
    addends, prior = addends.astype(dtype), np.log(state.patterns).astype(dtype)
    indicator = kern.indicator.astype(dtype)
    indicator_t = np.ascontiguousarray(indicator.T)
    rows = max(8, BLOCK // len(prior))
    patterns, columns, total = np.zeros(len(prior)), np.empty(addends.shape), 0.0
    for start in range(0, len(base), rows):
        part = slice(start, start + rows)
        post, largest = posterior_block(addends[part], prior, indicator_t)
        sums = post.sum(axis=1)
        total += float(answers.weight[part] @ (np.log(sums) + largest + base[part]))
        share = (answers.weight[part] / sums).astype(dtype)
        patterns += share @ post
        columns[part] = (post @ indicator) * share[:, None]
    return Expected(total, patterns, columns)


def maximise(answers: Answers, kern: Kernel, state: State, found: Expected) -> State:
    """Shares of right answers and of learners. A column nobody is in keeps its probability."""
    tried = (found.columns * answers.answered[:, kern.item_of]).sum(axis=0)
    solved = (found.columns * answers.right[:, kern.item_of]).sum(axis=0)
    full = tried > 1e-9
    success = np.where(full, solved / np.where(full, tried, 1.0), state.success)
    return State(np.clip(success, BOUND, 1 - BOUND), found.patterns / found.patterns.sum())


def extrapolated(old: State, one: State, two: State, longest: float) -> tuple[State, float]:
    """SQUAREM's point and its step length (1: just the second EM step)."""
    before, middle, after = (np.concatenate([each.success, each.patterns]) for each in (old, one, two))
    move, bend = middle - before, after - 2 * middle + before
    step = float(np.sqrt((move @ move) / max(float(bend @ bend), 1e-300)))
    step = min(max(step, 1.0), longest)
    point = before + 2 * step * move + step * step * bend
    split = len(old.success)
    success = np.clip(point[:split], SHRINK * two.success, 1 - SHRINK * (1 - two.success))
    patterns = np.maximum(point[split:], SHRINK * two.patterns)
    return State(np.clip(success, BOUND, 1 - BOUND), patterns / patterns.sum()), step


def squarem(answers: Answers, kern: Kernel, state: State, tolerance: float, most_steps: int) -> Ended:
    """EM steps until a cycle of three raises the log-likelihood by less than `tolerance`."""
    steps, longest, last = 0, 4.0, -np.inf
    while steps < most_steps:
        first = expect(answers, kern, state)
        if first.log_likelihood - last < tolerance:
            return Ended(state, first.log_likelihood, steps + 1, True)
        last = first.log_likelihood
        one = maximise(answers, kern, state, first)
        second = expect(answers, kern, one)
        two = maximise(answers, kern, one, second)
        jump, step = extrapolated(state, one, two, longest)
        third = expect(answers, kern, jump)
        steps += 3
        if third.log_likelihood >= second.log_likelihood:
            state = maximise(answers, kern, jump, third)
            longest *= 4.0 if step == longest else 1.0
        else:
            state, longest = two, max(2.0, longest / 2)
    return Ended(state, last, steps, False)


def estimate(answers: Answers, kern: Kernel, state: State, tolerance: float, most_steps: int) -> Ended:
    """The local maximum that EM reaches from `state`."""
    if len(state.patterns) <= REST_FROM:
        return squarem(answers, kern, state, tolerance, most_steps)
    for _ in range(WARM_STEPS):
        state = maximise(answers, kern, state, expect(answers, kern, _never_zero(state), np.float32))
    return _with_resting_patterns(answers, kern, state, tolerance, most_steps)


def _with_resting_patterns(answers: Answers, kern: Kernel, state: State, tolerance: float, most_steps: int) -> Ended:
    """Rounds of EM over the active patterns; fine steps only when a coarse round woke nobody."""
    active, steps, aim = state.patterns > RESTING, WARM_STEPS, max(COARSE, tolerance)
    for _ in range(MOST_ROUNDS):
        some = State(state.success, state.patterns[active] / state.patterns[active].sum())
        ended = squarem(answers, kern.only(active), some, aim, most_steps - steps)
        state = State(ended.state.success, _spread(ended.state.patterns, active))
        woken = ~active & (gradient(answers, kern, state) > RAISES)
        steps += ended.steps + 1
        done = not woken.any() and aim == tolerance
        if done or steps >= most_steps:
            return Ended(_never_zero(state), ended.log_likelihood, steps, done and ended.converged)
        aim = aim if woken.any() else tolerance
        active = (state.patterns > RESTING) | woken
        state = State(state.success, np.where(woken, WOKEN, state.patterns))
    return Ended(_never_zero(state), ended.log_likelihood, steps, False)


def gradient(answers: Answers, kern: Kernel, state: State) -> Floats:
    """(patterns,): mean over learners of f(answers | pattern) / f(answers); at most 1 everywhere at a maximum."""
    state = _never_zero(state)
    found = expect(answers, kern, state, np.float32)
    return np.asarray(found.patterns / (state.patterns * answers.weight.sum()))


def _spread(some: Floats, active: Bools) -> Floats:
    whole = np.zeros(len(active))
    whole[active] = some
    return whole


def _never_zero(state: State) -> State:
    """A resting pattern keeps a trace, so that its logarithm exists."""
    patterns = np.maximum(state.patterns, 1e-14)
    return State(state.success, patterns / patterns.sum())


def answers_of(responses: NDArray[np.generic], items: int) -> Answers:
    """Distinct rows of a table (learners, items) of 0, 1 and NaN. Raises ValueError when it is anything else."""
    table = checked_responses(responses, items)
    if not len(table):
        raise ValueError("there are no learners")
    unanswered = np.flatnonzero(np.isnan(table).all(axis=0))
    if len(unanswered):
        raise ValueError(f"nobody answered item {int(unanswered[0]) + 1}")
    return _merged(table)


def checked_responses(responses: NDArray[np.generic], items: int) -> Floats:
    table = np.asarray(responses, dtype=float)
    if table.ndim != 2 or table.shape[1] != items:
        raise ValueError(f"the responses must be a table of learners × {items} items, not of shape {table.shape}")
    if not (np.isnan(table) | (table == 0) | (table == 1)).all():
        raise ValueError("a response is 0, 1 or missing (NaN)")
    return table


def answers_in_order(table: Floats) -> Answers:
    """One row for each learner, weight 1."""
    right, wrong = (table == 1).astype(float), (table == 0).astype(float)
    return Answers(right, wrong, np.ones(len(table)))


def _merged(table: Floats) -> Answers:
    place, first = distinct(np.where(np.isnan(table), 2, table).astype(np.int64))
    return replace(answers_in_order(table[first]), weight=np.bincount(place).astype(float))

"""What a pupil's wrong answers on a point mean together: slips, a missing prerequisite, or a misconception.

Three kinds of explanation are compared by their marginal likelihoods (Bayesian model comparison, beta-Bernoulli). Of N
answers w are wrong; a cause c could have shown in n_c of them (its malrule gives another answer than the right one) and
did in k_c; a wrong answer without cause is one of about A kinds.

- **slip**: wrong answers are rare, rate ~ Beta(1, 9), and of any kind: B(w, N − w) (1/A)^w
- **missing prerequisite**: wrong answers are common, rate ~ Beta(4, 2), and of any kind. Its prior probability is
  proportional to the probability that the weakest prerequisite is not mastered
- **misconception c**: c shows wherever it can, rate ~ Beta(4, 2) over its chances; the rest are slips

with B(k, n) = Beta(a + k, b + n) / Beta(a, b). The prior of all misconceptions together is shared among the causes that
had a chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

RARE = (1.0, 9.0)
COMMON = (4.0, 2.0)
KINDS_OF_WRONG = 6
PRIORS = {"slip": 0.5, "missing prerequisite": 0.3, "misconception": 0.2}


@dataclass(frozen=True)
class Attempt:
    """`cause` is what showed (None: right, or no cause found); `chances` are the causes that could have shown."""

    right: bool
    cause: str | None = None
    chances: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pattern:
    """`what` is the cause of a misconception or the weakest prerequisite. The evidence is what was counted: `shown` of
    `chances` (for a misconception those of its cause, else wrong answers of all answers), and where in the history.
    """

    kind: str
    what: str | None
    probability: float
    shown: int
    chances: int
    evidence: tuple[int, ...]


def patterns(history: Sequence[Attempt], prerequisites: Mapping[str, float] | None = None) -> list[Pattern]:
    """Explanations of the wrong answers with their probabilities, which sum to 1, the most probable first.

    `prerequisites` are the probabilities that each is mastered. No wrong answer: nothing to explain, an empty list.
    Raises ValueError for a probability outside [0, 1] or a right answer with a cause.

    >>> swaps = Attempt(False, "operands swapped", frozenset({"operands swapped"}))
    >>> fine = Attempt(True)
    >>> patterns([swaps, fine, swaps, fine, swaps, fine, fine], {"counting": 0.95})[0].what
    'operands swapped'
    """
    mastered = dict(prerequisites or {})
    _check(history, mastered)
    wrong = tuple(place for place, attempt in enumerate(history) if not attempt.right)
    if not wrong:
        return []
    weakest = min(mastered, key=lambda name: (mastered[name], name)) if mastered else None
    found = [_slip(history, wrong)]
    if weakest is not None:
        found.append(_missing(history, wrong, weakest, mastered[weakest]))
    found += _misconceptions(history, wrong)
    return _normalised(found)


def _check(history: Sequence[Attempt], mastered: Mapping[str, float]) -> None:
    for name, probability in mastered.items():
        if not 0 <= probability <= 1:
            raise ValueError(f"the mastery of {name} must be a probability, not {probability}")
    if any(attempt.right and attempt.cause is not None for attempt in history):
        raise ValueError("a right answer has no cause")


def _slip(history: Sequence[Attempt], wrong: tuple[int, ...]) -> Pattern:
    count = len(wrong)
    weight = log(PRIORS["slip"]) + _marginal(count, len(history) - count, RARE) - count * log(KINDS_OF_WRONG)
    return Pattern("slip", None, weight, count, len(history), wrong)


def _missing(history: Sequence[Attempt], wrong: tuple[int, ...], weakest: str, mastered: float) -> Pattern:
    count = len(wrong)
    prior = log(PRIORS["missing prerequisite"]) + log(max(1 - mastered, 1e-6))
    weight = prior + _marginal(count, len(history) - count, COMMON) - count * log(KINDS_OF_WRONG)
    return Pattern("missing prerequisite", weakest, weight, count, len(history), wrong)


def _misconceptions(history: Sequence[Attempt], wrong: tuple[int, ...]) -> list[Pattern]:
    causes = sorted({cause for place in wrong if (cause := history[place].cause) is not None})
    possible = {cause for attempt in history for cause in attempt.chances} | set(causes)
    found = []
    for cause in causes:
        shown = tuple(place for place in wrong if history[place].cause == cause)
        chances = sum(cause in attempt.chances or attempt.cause == cause for attempt in history)
        others, rest = len(wrong) - len(shown), len(history) - len(wrong) - (chances - len(shown))
        weight = log(PRIORS["misconception"] / len(possible)) + _marginal(len(shown), chances - len(shown), COMMON)
        weight += _marginal(others, max(rest, 0), RARE) - others * log(KINDS_OF_WRONG)
        found.append(Pattern("misconception", cause, weight, len(shown), chances, shown))
    return found


def _marginal(hits: int, misses: int, prior: tuple[float, float]) -> float:
    """Log probability of a row of hits and misses whose rate has a beta prior."""
    a, b = prior
    return _log_beta(a + hits, b + misses) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _normalised(found: list[Pattern]) -> list[Pattern]:
    """`probability` held the log weight until here."""
    largest = max(each.probability for each in found)
    total = sum(exp(each.probability - largest) for each in found)
    told = [
        Pattern(e.kind, e.what, exp(e.probability - largest) / total, e.shown, e.chances, e.evidence) for e in found
    ]
    return sorted(told, key=lambda each: (-each.probability, each.kind, each.what or ""))

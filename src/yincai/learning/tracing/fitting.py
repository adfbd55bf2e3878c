"""Fitting a set of numbers to answers, and judging one on pupils it never saw.

The trees are fitted to most of the pupils, the weights of the blend to the rest, so that no weight is learned from
answers that a tree has seen. What is fitted is then made small (rare contexts left out, half precision), and only what
is left is judged and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from yincai.learning.tracing import parts
from yincai.learning.tracing.numbers import MODEL, Floats, Numbers, Weights, Whole
from yincai.measurement import tracing
from yincai.measurement.tracing import ItemInfo, Parameters, State

if TYPE_CHECKING:
    from yincai.measurement.tracing.default import Default
    from yincai.measurement.tracing.log import Log

WEIGHED = 7  # every so many pupils speak for the weights, not for the trees
SEEN = 12  # a context answered less often is left out,
SHARE = 15_000  # and one with less than one in so many of the answers
MOST = 60_000.0  # half precision counts no further
STEPS, RIDGE = 25, 1e-3
MASTERY = tracing.PRACTISED


@dataclass(frozen=True, eq=False)
class Answers:
    """Columns over answers, pupil after pupil (numbers ascending), each pupil's in the order of time. slots :
    (answers, k), padded with −1. time : seconds, never falling within a pupil. scored : whether an answer counts where
    a set is judged; all of them move the state."""

    pupil: Whole
    slots: Whole
    difficulty: Floats
    guess: Floats
    score: Floats
    time: Floats
    scored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pupil)

    def where(self, those: NDArray[np.bool_]) -> Answers:
        return Answers(*(getattr(self, each.name)[those] for each in fields(self)))

    @property
    def pupils(self) -> int:
        return len(np.unique(self.pupil))

    @property
    def turn(self) -> Whole:
        """Which pupil each answer is of, counted from 0."""
        return np.unique(self.pupil, return_inverse=True)[1].astype(np.int64)


def fit(answers: Answers, name: str, told: dict[str, Any], mastery: Parameters = MASTERY) -> Numbers:
    """A set from answers. Cost: about a second for 20,000 answers."""
    from yincai.measurement.tracing import default
    from yincai.measurement.tracing.features import NAMES

    weighed = answers.turn % WEIGHED == 0
    trees = slimmed(default.fit(_log(answers.where(~weighed))), max(SEEN, len(answers) // SHARE))
    about = {**told, "trees": default.MODEL, "features": list(NAMES)}
    plain = Numbers(name, MODEL, mastery, Weights(0.0, 1.0, 0.0), about, parts.taken_apart(trees, "default"))
    return replace(plain, weights=_weights(plain, answers.where(weighed)))


def slimmed(fitted: Default, least: int) -> Default:
    """Without contexts that were seen less than `least` times, and with large arrays at half precision."""
    known = fitted.lens.known
    kept = np.flatnonzero((known.key != 0) & (known.size >= least))
    table, place = _addressed(known.key[kept])
    changed: dict[str, Any] = {"key": table, "kin": _half(known.kin)}
    for name in known._fields:
        column = getattr(known, name)
        if name != "key" and column.shape == known.key.shape:
            changed[name] = np.zeros(len(table), np.float32)
            changed[name][place] = _half(np.minimum(column[kept], MOST))
    forest = replace(fitted.forest, leaf=_half(fitted.forest.leaf))
    return replace(fitted, lens=replace(fitted.lens, known=known._replace(**changed)), forest=forest)


def _addressed(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Whole]:
    """A smaller table of contexts, and where in it each key stands: at its low bits or the next free place, as
    `measurement.tracing.contexts` looks them up."""
    size = 1 << max(4, int(2 * max(len(keys), 1) - 1).bit_length())
    taken: dict[int, int] = {}
    for key in keys.tolist():
        slot = key & (size - 1)
        while slot in taken:
            slot = (slot + 1) & (size - 1)
        taken[slot] = key
    places = np.array(list(taken), np.int64)
    table = np.zeros(size, np.uint64)
    table[places] = keys
    return table, places


def _half(array: NDArray[np.float32]) -> NDArray[np.float32]:
    return array.astype(np.float16).astype(np.float32)


def _log(answers: Answers) -> Log:
    """As the prediction head takes it: a question's unit is the point of it that is taught last."""
    from yincai.measurement.tracing.log import Log

    last = answers.slots.max(axis=1)
    return Log.of(answers.pupil, last, answers.score, time=answers.time)


def said(numbers: Numbers, answers: Answers) -> Floats:
    """The chance given to each answer before it came, (answers,)."""
    shown = _by_mastery(numbers.mastery, answers)
    if not numbers.predicts:
        return shown[0]
    trees = numbers.trees.predict_log(_log(answers))
    nothing = np.zeros(len(answers))
    return numbers.blended(numbers.units_of(answers.slots), (trees, nothing), shown)[0]


def _by_mastery(mastery: Parameters, answers: Answers) -> tuple[Floats, Floats]:
    p, se, state, last = np.empty(len(answers)), np.empty(len(answers)), State.empty(), -1
    for row in range(len(answers)):
        if answers.pupil[row] != last:
            state, last = State.empty(0, mastery), int(answers.pupil[row])
        item = _item(answers, row)
        moment = float(answers.time[row])
        chance, error = tracing.predict(state, [item], moment, mastery)
        p[row], se[row] = chance[0], error[0]
        state = tracing.update(state, item, float(answers.score[row]), moment, mastery)
    return p, se


def _item(answers: Answers, row: int) -> ItemInfo:
    slots = tuple(int(slot) for slot in answers.slots[row] if slot >= 0)
    return ItemInfo(slots, float(answers.difficulty[row]), float(answers.guess[row]))


def _weights(plain: Numbers, answers: Answers) -> Weights:
    """By Newton's method with a slight ridge, from answers that count at points that the trees know."""
    units = plain.units_of(answers.slots)
    used = answers.scored & (units >= 0)
    trees, shown = plain.trees.predict_log(_log(answers)), _by_mastery(plain.mastery, answers)[0]
    x = np.column_stack([np.ones(int(used.sum())), _logit(trees[used]), _logit(shown[used])])
    y, weights = answers.score[used], np.array([0.0, 0.5, 0.5])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        slope = x.T @ (y - p) - RIDGE * weights
        curve = (x * (p * (1.0 - p))[:, None]).T @ x + RIDGE * np.eye(3)
        weights = weights + np.linalg.solve(curve, slope)
    return Weights(*(float(each) for each in weights))


def _logit(p: Floats) -> Floats:
    kept = np.clip(p, 1e-4, 1.0 - 1e-4)
    return np.asarray(np.log(kept / (1.0 - kept)))


@dataclass(frozen=True)
class Compared:
    """Log loss of the answers of pupils who were left out, by what is in use and by what is proposed. `gain`: how much
    less it is, with the standard error over pupils."""

    pupils: int
    answers: int
    before: float
    after: float
    gain: float
    gain_se: float

    @property
    def low(self) -> float:
        return self.gain - 1.96 * self.gain_se

    @property
    def high(self) -> float:
        return self.gain + 1.96 * self.gain_se

    @property
    def better(self) -> bool:
        return self.low > 0.0


def compare(answers: Answers, before: Floats, after: Floats) -> Compared:
    """before, after : what was said of each answer. Raises ValueError where no answer counts."""
    kept = answers.scored
    if not kept.any():
        raise ValueError("no answer counts")
    old, new = (_losses(answers.score[kept], p[kept]) for p in (before, after))
    who = np.unique(answers.pupil[kept], return_inverse=True)[1]
    sums, n = np.bincount(who, old - new), int(kept.sum())
    gain, pupils = float(sums.sum()) / n, len(sums)
    sizes = np.bincount(who)
    spread = float(np.sqrt(np.sum((sums - gain * sizes) ** 2) * pupils / max(pupils - 1, 1))) / n
    return Compared(pupils, n, float(old.mean()), float(new.mean()), gain, spread)


def _losses(y: Floats, p: Floats) -> Floats:
    kept = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.asarray(-(y * np.log(kept) + (1.0 - y) * np.log1p(-kept)))

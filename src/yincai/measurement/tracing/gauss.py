"""What a pupil can do, traced through answers: a first online model with uncertainty.

The model
---------
A pupil has a general level g in a subject, known as N(g, u). The ability at a knowledge point lies around it: before
the first answer there it is N(g, u + τ²). An item over the points S, with difficulty b and guessing floor c, is
answered rightly with

    p = c + (1 − c) · sigmoid(x),    x = mean of the abilities over S − b        (all on the logit scale)

An answer moves the abilities by one step of an extended Kalman filter with Fisher's information of x, that is Elo's
rule with a step that follows from the uncertainty (Glickman). The credit is split over the points by their variances;
what is learned at a point moves the general level by the share u / (u + τ²). Between answers an ability drifts back
to the general level with a half-life, and its variance grows towards u + τ²: what was not seen for long is forgotten,
and less certain. A point's variance never falls below a floor, so that the filter stays able to follow learning. With
`gain` an answer also teaches (learning factors), as far as that keeps what is shown monotone.

A right answer never lowers what is shown (`mastery`), a wrong one never raises it: `value` is the median of the
probability of success on a typical item (b = 0, c = 0), and it moves with the mean alone.

Sources: Glickman (1999), Parameter estimation in large dynamic paired comparison experiments, Applied Statistics 48,
377–394; Pelánek (2016), Applications of the Elo rating system in adaptive educational systems, Computers & Education
98, 169–179; Birnbaum (1968) for the floor c; MacKay (1992), The evidence framework applied to classification
networks, Neural Computation 4, 720–736, for averaging a sigmoid over a Gaussian.

>>> state = State.empty()
>>> item = ItemInfo(slots=(4,), difficulty=0.0, guess=0.0)
>>> for minute in range(6):
...     state = update(state, item, outcome=1.0, time=60.0 * minute)
>>> shown = mastery(state, slot=4, time=360.0)
>>> round(shown.value, 2), shown.n, LABELS[shown.label]
(0.84, 6, '成长')
>>> probability, standard_error = predict(state, [item, ItemInfo((9,), 0.0, 0.25)], time=360.0)
>>> probability.round(2).tolist()
[0.81, 0.71]
>>> State.unpack(state.pack()) == state
True
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, pi
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing.prerequisites import Needs

Floats = NDArray[np.float64]
MODEL = "gauss-1"
DAY = 86400.0
RECENT = 32  # answers remembered for exposure
MOST = 65535  # counts are two bytes and stay there
STEEPEST = 30.0  # beyond this a sigmoid is 0 or 1 anyway
LABELS = ("未学", "起步", "成长", "掌握")
UNSEEN, STARTING, GROWING, MASTERED = range(4)

POINT = np.dtype(
    [
        ("mean", "<f4"),  # ability, logits
        ("variance", "<f4"),
        ("last", "<f8"),  # seconds since the epoch of the newest answer
        ("n", "<u2"),
        ("right", "<u2"),
        ("stability", "<f4"),  # review schedule: kept by whoever folds (days)
        ("hardness", "<f4"),
        ("due", "<f8"),  # seconds since the epoch; 0: not scheduled
    ]
)
ANSWER = np.dtype([("item", "<i8"), ("time", "<f8"), ("outcome", "<f4")])
HEADER = struct.Struct("<BBHH4d")  # layout, answers, seen points, slots, general level: mean, variance, time, answers
LAYOUT = 1


@dataclass(frozen=True)
class Parameters:
    """The model's numbers, fixed for a version. Variances in squared logits."""

    prior_mean: float = 0.0
    general_variance: float = 0.8
    point_variance: float = 1.2
    half_life_days: float = 180.0
    floor: float = 0.04
    general_noise: float = 0.001  # variance a day
    gain: float = 0.0  # what an answer teaches, logits; after a wrong one it never lifts above what was shown before


DEFAULT = Parameters()
# fitted to simulated pupils who learn by practice and forget (tests/measurement/tracing/pupils.py)
PRACTISED = Parameters(prior_mean=0.9, general_variance=0.8, point_variance=0.6, half_life_days=300.0, gain=0.085)
PARAMETERS = {"1": DEFAULT, "2": PRACTISED}  # a set is never changed: a better one gets a new name


class ItemInfo(NamedTuple):
    """What the model sees of an item: slots of its knowledge points, difficulty in logits, guessing floor."""

    slots: tuple[int, ...]
    difficulty: float
    guess: float = 0.0


class Mastery(NamedTuple):
    """`value` in 0…1 with its standard error, from `n` answers; `label` indexes LABELS."""

    value: float
    se: float
    n: int
    label: int


class State:
    """All that is known of one pupil in one subject. Never changed in place: `update` returns a new one.

    points : structured array (slots,) of POINT; a row with n = 0 is a point never answered.
    general : (mean, variance, time of the newest answer, number of answers); the block that the model owns.
    recent : structured array (≤ 32,) of ANSWER, oldest first.
    """

    __slots__ = ("general", "points", "recent")

    def __init__(
        self, points: NDArray[np.void], general: tuple[float, float, float, float], recent: NDArray[np.void]
    ) -> None:
        self.points = points
        self.general = general
        self.recent = recent

    @classmethod
    def empty(cls, slots: int = 0, parameters: Parameters = DEFAULT) -> State:
        """Nobody's answers yet, over `slots` points; it grows when an item names a later slot."""
        general = (parameters.prior_mean, parameters.general_variance, 0.0, 0.0)
        return cls(np.zeros(slots, POINT), general, np.zeros(0, ANSWER))

    @property
    def slots(self) -> int:
        return len(self.points)

    @property
    def seen(self) -> NDArray[np.intp]:
        """Slots with at least one answer, ascending."""
        return np.flatnonzero(self.points["n"])

    def grown(self, slots: int) -> State:
        """The same state over at least `slots` points."""
        if slots <= self.slots:
            return self
        points = np.zeros(slots, POINT)
        points[: self.slots] = self.points
        return State(points, self.general, self.recent)

    def pack(self) -> bytes:
        """A compact form: only points that were answered take room (38 bytes each)."""
        seen = self.seen
        head = HEADER.pack(LAYOUT, len(self.recent), len(seen), self.slots, *self.general)
        return head + seen.astype("<u2").tobytes() + self.points[seen].tobytes() + self.recent.tobytes()

    @classmethod
    def unpack(cls, packed: bytes | memoryview, parameters: Parameters = DEFAULT) -> State:
        """The state from `pack()`; of no bytes at all the empty one. Raises ValueError when the bytes are no state."""
        if not packed:
            return cls.empty(0, parameters)
        if packed[0] != LAYOUT or len(packed) < HEADER.size:
            raise ValueError(f"not a packed state: layout {packed[0]}, {len(packed)} bytes")
        _, answers, seen, slots, *general = HEADER.unpack_from(packed)
        at_points = HEADER.size + 2 * seen
        at_recent = at_points + POINT.itemsize * seen
        if len(packed) != at_recent + ANSWER.itemsize * answers:
            raise ValueError(f"not a packed state: {len(packed)} bytes for {seen} points and {answers} answers")
        points = np.zeros(slots, POINT)
        where = np.frombuffer(packed, "<u2", seen, HEADER.size)
        if (where >= slots).any():
            raise ValueError(f"not a packed state: slot {where.max()} of {slots}")
        points[where] = np.frombuffer(packed, POINT, seen, at_points)
        return cls(points, (*general,), np.frombuffer(packed, ANSWER, answers, at_recent))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.pack() == other.pack()

    __hash__ = None  # type: ignore[assignment]

    def differences(self, other: State, tolerance: float = 1e-6) -> list[str]:
        """In words, where two states differ: counts and dates exactly, floats by more than `tolerance`."""
        if self.slots != other.slots:
            return [f"slots: {self.slots} and {other.slots}"]
        found = [name for name in ("n", "right", "last", "due") if (self.points[name] != other.points[name]).any()]
        for name in ("mean", "variance", "stability", "hardness"):
            if not np.allclose(self.points[name], other.points[name], rtol=tolerance, atol=tolerance):
                found.append(name)
        if self.general[2:] != other.general[2:]:
            found.append("general time or count")
        if not np.allclose(self.general[:2], other.general[:2], rtol=tolerance, atol=tolerance):
            found.append("general level")
        if self.recent.tobytes() != other.recent.tobytes():
            found.append("recent answers")
        return found


class ItemBatch:
    """Many items as arrays, to be made once and predicted often.

    slots : (items, k) integers, padded with −1. difficulty, guess : (items,). Raises ValueError when lengths differ.
    """

    __slots__ = ("difficulty", "guess", "slots", "weights")

    def __init__(self, slots: NDArray[np.integer], difficulty: Floats, guess: Floats) -> None:
        if not len(slots) == len(difficulty) == len(guess):
            raise ValueError(f"{len(slots)} rows of slots, {len(difficulty)} difficulties, {len(guess)} floors")
        self.slots = np.asarray(slots, np.intp)
        self.difficulty = np.asarray(difficulty, np.float64)
        self.guess = np.asarray(guess, np.float64)
        held = self.slots >= 0
        self.weights = held / np.maximum(held.sum(axis=1, keepdims=True), 1)

    @classmethod
    def of(cls, items: Sequence[ItemInfo]) -> ItemBatch:
        width = max((len(item.slots) for item in items), default=0) or 1
        slots = np.full((len(items), width), -1, np.intp)
        for row, item in enumerate(items):
            slots[row, : len(item.slots)] = item.slots
        return cls(slots, np.array([item.difficulty for item in items]), np.array([item.guess for item in items]))

    def __len__(self) -> int:
        return len(self.slots)


def update(
    state: State,
    item: ItemInfo,
    outcome: float,
    time: float,
    parameters: Parameters = DEFAULT,
    *,
    item_id: int = 0,
    needs: Needs | None = None,
) -> State:
    """The state after one answer.

    outcome : 0 (wrong) … 1 (right). time : seconds since the epoch; earlier than an answer already there counts as
    the same moment (no time passes backwards). item_id : kept among the recent answers. needs : prerequisites that
    say what to expect of a point at its first answer; without them it is the general level.
    Raises ValueError for an outcome outside 0…1, a slot below 0, a difficulty that is no number or a floor outside
    0 ≤ c < 1.
    """
    _check(item, outcome)
    general, spread, newest, count = state.general
    spread = _aged(spread, newest, time, parameters)
    points = state.grown(max(item.slots, default=-1) + 1).points.copy()
    rows = [points[slot].item() for slot in item.slots]
    priors = [_drifted(row, time, general, spread, parameters) for row in rows]
    if needs is not None and any(row[3] == 0 for row in rows):
        expected, _ = abilities(state.grown(len(points)), time, parameters, needs)
        priors = [(float(expected[slot]), each[1]) for slot, each in zip(item.slots, priors, strict=True)]
    weight = 1.0 / max(len(rows), 1)
    center = weight * sum(mean for mean, _ in priors) if rows else general
    variance = weight * weight * sum(each for _, each in priors) if rows else spread + parameters.point_variance
    score, information = _slope(center - item.difficulty, item.guess, outcome)
    gain = 1.0 / (1.0 + variance * information)
    share = spread / (spread + parameters.point_variance)
    moved, settled = 0.0, 0.0
    for slot, row, (mean, before) in zip(item.slots, rows, priors, strict=True):
        step = weight * before * gain * score
        after = before - (weight * before) ** 2 * information * gain
        after = max(after, min(before, parameters.floor))
        moved += step
        settled += before - after
        n, right = min(row[3] + 1, MOST), min(row[4] + (outcome >= 0.5), MOST)
        taught = parameters.gain if step >= 0.0 else min(parameters.gain, -step)
        points[slot] = (mean + step + taught, after, max(row[2], time), n, right, *row[5:])
    if not rows:
        moved, settled = variance * gain * score, variance * variance * information * gain
    spread = max(spread - share * share * settled, parameters.floor * spread)
    known = (general + share * moved, spread, max(newest, time), count + 1.0)
    return State(points, known, _remembered(state.recent, item_id, time, outcome))


def predict(
    state: State,
    items: Sequence[ItemInfo] | ItemBatch,
    time: float,
    parameters: Parameters = DEFAULT,
    needs: Needs | None = None,
) -> tuple[Floats, Floats]:
    """Probability of a right answer to each item at `time`, and its standard error; both of shape (items,).

    The probability is averaged over the uncertainty; the error is that of the probability at the mean ability.
    A slot the state does not hold yet is a point never answered.
    """
    batch = items if isinstance(items, ItemBatch) else ItemBatch.of(items)
    mean, variance = abilities(state, time, parameters, needs)
    where = np.where((batch.slots >= 0) & (batch.slots < state.slots), batch.slots, state.slots)
    center = np.einsum("ij,ij->i", batch.weights, mean[where])
    spread = np.einsum("ij,ij->i", batch.weights**2, variance[where])
    pointless = batch.slots[:, 0] < 0
    if pointless.any():
        center[pointless], spread[pointless] = mean[-1], variance[-1]
    logit = np.clip((center - batch.difficulty) / np.sqrt(1.0 + pi / 8.0 * spread), -STEEPEST, STEEPEST)
    certain = 1.0 / (1.0 + np.exp(-logit))
    above = 1.0 - batch.guess
    return batch.guess + above * certain, above * certain * (1.0 - certain) * np.sqrt(spread)


def abilities(
    state: State, time: float, parameters: Parameters = DEFAULT, needs: Needs | None = None
) -> tuple[Floats, Floats]:
    """Mean and variance of the ability at each slot at `time`, shape (slots + 1,); the last is any point unseen."""
    general, spread, newest, _ = state.general
    resting = _aged(spread, newest, time, parameters) + parameters.point_variance
    mean = np.full(state.slots + 1, general)
    variance = np.full(state.slots + 1, resting)
    points = state.points
    seen = points["n"] > 0
    kept = np.exp(-np.maximum(time - points["last"], 0.0) * _rate(parameters))
    mean[:-1] = np.where(seen, general + (points["mean"] - general) * kept, general)
    grown = resting + (points["variance"] - resting) * kept * kept
    variance[:-1] = np.where(seen, np.maximum(grown, points["variance"]), resting)
    if needs is not None:
        mean[:-1] = general + needs.expected(mean[:-1] - general, seen)
    return mean, variance


def mastery(
    state: State,
    slot: int,
    time: float,
    threshold: float = 0.8,
    credibility: float = 0.8,
    parameters: Parameters = DEFAULT,
    needs: Needs | None = None,
) -> Mastery:
    """What may be shown of one point at `time`.

    未学: no answer yet. 掌握: at least 3 answers, and with probability `credibility` the chance of success on a
    typical item is `threshold` or more. 成长: that chance is one half or more. 起步: any other.
    Raises ValueError when threshold or credibility are not inside 0…1, or the slot is below 0.
    """
    if slot < 0:
        raise ValueError(f"slot {slot} is below 0")
    table = masteries(state.grown(slot + 1), time, threshold, credibility, parameters, needs)
    return Mastery(float(table.value[slot]), float(table.se[slot]), int(table.n[slot]), int(table.label[slot]))


class Masteries(NamedTuple):
    """`mastery` of every slot at once; each array has shape (slots,)."""

    mean: Floats
    variance: Floats
    value: Floats
    se: Floats
    n: NDArray[np.int64]
    label: NDArray[np.int64]


ENOUGH = 3  # answers before a point may be called mastered


def masteries(
    state: State,
    time: float,
    threshold: float = 0.8,
    credibility: float = 0.8,
    parameters: Parameters = DEFAULT,
    needs: Needs | None = None,
) -> Masteries:
    """As `mastery`, for all slots of the state."""
    bar, margin = _bar(threshold, credibility)
    mean, variance = (array[:-1] for array in abilities(state, time, parameters, needs))
    value = 1.0 / (1.0 + np.exp(-np.clip(mean, -STEEPEST, STEEPEST)))
    n = state.points["n"].astype(np.int64)
    mastered = (n >= ENOUGH) & (mean - bar >= margin * np.sqrt(variance))
    label = np.where(mastered, MASTERED, np.where(mean >= 0.0, GROWING, STARTING))
    label[n == 0] = UNSEEN
    return Masteries(mean, variance, value, value * (1.0 - value) * np.sqrt(variance), n, label)


@lru_cache(maxsize=64)
def _bar(threshold: float, credibility: float) -> tuple[float, float]:
    """The threshold in logits, and how many standard deviations above it an ability must lie."""
    if not 0.0 < threshold < 1.0 or not 0.5 <= credibility < 1.0:
        raise ValueError(f"threshold {threshold} must lie in 0…1, credibility {credibility} in 0.5…1")
    return log(threshold / (1.0 - threshold)), NormalDist().inv_cdf(credibility)


def _check(item: ItemInfo, outcome: float) -> None:
    if not 0.0 <= outcome <= 1.0:
        raise ValueError(f"outcome {outcome} is not between 0 and 1")
    if not 0.0 <= item.guess < 1.0:
        raise ValueError(f"guessing floor {item.guess} is not in 0 ≤ c < 1")
    if not -100.0 < item.difficulty < 100.0:
        raise ValueError(f"difficulty {item.difficulty} is no logit")
    if item.slots and min(item.slots) < 0:
        raise ValueError(f"slots {item.slots} hold a negative one")


def _rate(parameters: Parameters) -> float:
    return log(2.0) / (parameters.half_life_days * DAY)


def _aged(spread: float, newest: float, time: float, parameters: Parameters) -> float:
    """The general level's variance at `time`: it grows slowly, up to what it was before any answer."""
    if newest <= 0.0:
        return spread
    grown = spread + parameters.general_noise * max(time - newest, 0.0) / DAY
    return max(spread, min(grown, parameters.general_variance))


def _drifted(
    row: tuple[float, ...], time: float, general: float, spread: float, parameters: Parameters
) -> tuple[float, float]:
    """Mean and variance of one point at `time`, before the answer."""
    mean, variance, last, n = row[:4]
    resting = spread + parameters.point_variance
    if n == 0:
        return general, resting
    kept = exp(-max(time - last, 0.0) * _rate(parameters))
    return general + (mean - general) * kept, max(resting + (variance - resting) * kept * kept, variance)


def _slope(x: float, guess: float, outcome: float) -> tuple[float, float]:
    """First derivative of the log-likelihood in x, and Fisher's information about x."""
    certain = 1.0 / (1.0 + exp(-max(min(x, STEEPEST), -STEEPEST)))
    p = guess + (1.0 - guess) * certain
    return (outcome - p) * certain / p, (1.0 - guess) * certain * certain * (1.0 - certain) / p


def _remembered(recent: NDArray[np.void], item_id: int, time: float, outcome: float) -> NDArray[np.void]:
    kept = recent[1 - RECENT :]
    grown = np.empty(len(kept) + 1, ANSWER)
    grown[:-1] = kept
    grown[-1] = (item_id, time, outcome)
    return grown

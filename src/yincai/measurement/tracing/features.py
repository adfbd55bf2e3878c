"""What the trees see of a coming answer, and the compact state it is made from.

The same two kernels serve fitting, scoring a log and live use: `describe` reads the state and knows nothing else of
the learner, `observe` moves it by one answer. So no feature can read the future, and live use equals scoring a log.

The state is single precision throughout: `head` (HEAD,) for the learner, `own` (units, OWN) for each unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import factors
from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.contexts import BACK, COUNTED, KINDS, Keys, keys_of

Single = NDArray[np.float32]
Whole = NDArray[np.int64]
RANK = factors.RANK
RING = 128  # answers whose residuals are kept
REACHES = (15.0, 60.0, 250.0)  # answers after which a residual weighs a third
DECAY = np.exp(-np.arange(1, RING + 1)[:, None] / np.array(REACHES)).astype(np.float32)

# places in the head
COUNT, FIRST_DAY, FIRST_SECOND, NEWEST = 0, 1, 2, 3  # the first answer's day and second of it; seconds since then
LAST = 4  # codes of the last eight answers, newest first
OTHER = LAST + BACK  # codes of the last two answers on units other than the newest
SUM = OTHER + 2  # of all residuals
STREAK, RUN = OTHER + 3, OTHER + 4  # equal outcomes (signed), equal units
DECAYED = OTHER + 5  # sums of decayed residuals, then their weights
RATES = np.array([0.5, 0.75, 0.9, 0.97, 0.992], np.float32)
SURPRISE = DECAYED + 2 * len(RATES)  # the same for residuals from the context's mean
SLOW = np.array([0.8, 0.96], np.float32)
THETA = SURPRISE + 2 * len(SLOW)
COVARIANCE = THETA + RANK
RING_UNIT = COVARIANCE + RANK * RANK
RING_RESIDUAL = RING_UNIT + RING
HEAD = RING_RESIDUAL + RING
# columns of own
N, RIGHT, FADING, STEP, WHEN, PATTERN = range(6)
OWN = 6
FADE = np.float32(0.6)
KIN_PULL = np.float32(0.003)
LONGEST = 32  # a pattern holds the last four outcomes under a leading 1

KINDS_SHOWN = ("item", "1", "2", "3", "4", "5", "other", "own", "own 1", "other 2", "u2", "u4", "u8")
PLAIN_NAMES = (
    "unit mean",
    "answers",
    "residual mean",
    *(f"decayed {rate}" for rate in (0.5, 0.75, 0.9, 0.97, 0.992)),
    "streak",
    "run",
    "gap",
    "own n",
    "own right",
    "own residual",
    "own lag",
    "own minutes",
    "ability",
    "ability sd",
    "logit with ability",
    *(f"kin {what} {reach:.0f}" for reach in REACHES for what in ("residual", "weight")),
)
NAMES = (
    *(f"mean {kind}" for kind in KINDS_SHOWN),
    *(f"excess {kind}" for kind in KINDS_SHOWN),
    *(f"count {kind}" for kind in ("1", "2", "3", "5", "own", "other 2", "u2", "u8")),
    *(f"surprise {rate}" for rate in (0.8, 0.96)),
    "unit's own slopes",
    *PLAIN_NAMES,
)
NEAR = 2 * len(REACHES)  # the last of the plain features: those of kin
PLAIN = len(PLAIN_NAMES)  # the last features: those that no context enters
FEATURES = len(NAMES)


def start(units: int) -> tuple[Single, Single]:
    """Head and own of a learner without answers."""
    head, own = np.zeros(HEAD, np.float32), np.zeros((units, OWN), np.float32)
    clear(head, own)
    return head, own


@compiled
def clear(head: Single, own: Single) -> None:
    """Nothing answered yet, in place."""
    head.fill(0.0)
    own.fill(0.0)
    for i in range(RANK):
        head[COVARIANCE + (RANK + 1) * i] = 1.0
    for unit in range(len(own)):
        own[unit, PATTERN] = 1.0


@compiled
def logit(p: float) -> float:
    kept = min(max(p, 1e-3), 1.0 - 1e-3)
    return np.log(kept / (1.0 - kept))


@compiled
def seconds(head: Single, time: float) -> float:
    """Since the first answer; never before the newest."""
    if head[COUNT] == 0:
        return 0.0
    return max(time - (86400.0 * head[FIRST_DAY] + head[FIRST_SECOND]), float(head[NEWEST]))


@compiled
def describe(
    head: Single, own: Single, loading: Single, near: Single, slope: Single, unit: int, base: float, middle: float,
    means: Single, excess: Single, counts: Single, time: float, out: Single,
) -> None:  # fmt: skip
    """The features of one coming answer at `unit` into out (FEATURES,).

    base, middle : the unit's mean and its logit. means, excess, counts : (KINDS,) logits of the contexts' means, their
    excesses, logarithms of 1 + their counts. near : (NEAR,) from `kin_of` or `kin_of_all`.
    """
    for kind in range(KINDS):
        out[kind], out[KINDS + kind] = means[kind], excess[kind]
    at = 2 * KINDS
    for kind in COUNTED:
        out[at] = counts[kind]
        at += 1
    for rate in range(len(SLOW)):
        out[at] = head[SURPRISE + rate] / (head[SURPRISE + len(SLOW) + rate] + 1.0)
        at += 1
    plain = out[at + 1 :]
    describe_plain(head, own, loading, near, unit, base, middle, time, plain)
    mine = slope[unit]
    out[at] = mine[PLAIN]
    for place in range(PLAIN):
        out[at] += mine[place] * plain[place]


@compiled
def describe_plain(
    head: Single, own: Single, loading: Single, near: Single, unit: int, base: float, middle: float, time: float,
    out: Single,
) -> None:  # fmt: skip
    """The features that no context enters, into out (PLAIN,)."""
    answers, moment = head[COUNT], seconds(head, time)
    out[0], out[1], out[2] = middle, np.log1p(answers), head[SUM] / (answers + 5.0)
    at = 3
    for rate in range(len(RATES)):
        out[at] = head[DECAYED + rate] / (head[DECAYED + len(RATES) + rate] + 1.0)
        at += 1
    same = answers > 0 and int(head[LAST]) // 2 - 1 == unit
    out[at], out[at + 1] = head[STREAK], head[RUN] if same else 0.0
    out[at + 2] = np.log1p(moment - head[NEWEST])
    at += 3
    mine = own[unit]
    out[at], out[at + 1], out[at + 2] = np.log1p(mine[N]), (mine[RIGHT] + 2.0 * base) / (mine[N] + 2.0), mine[FADING]
    out[at + 3] = np.log1p(answers - mine[STEP]) if mine[N] > 0 else -1.0
    out[at + 4] = np.log1p((moment - mine[WHEN]) / 60.0) if mine[N] > 0 else -1.0
    at += 5
    expected, variance = np.float32(0.0), np.float32(0.0)
    for i in range(RANK):
        along = np.float32(0.0)
        for j in range(RANK):
            along += head[COVARIANCE + RANK * i + j] * loading[unit, j]
        variance += along * loading[unit, i]
        expected += head[THETA + i] * loading[unit, i]
    out[at], out[at + 1] = expected, np.sqrt(max(variance, np.float32(0.0)))
    out[at + 2] = middle + expected / max(base * (1.0 - base), 0.02)
    at += 3
    for place in range(NEAR):
        out[at + place] = near[place]


@compiled
def kin_of(head: Single, kin: Single, unit: int, near: Single) -> None:
    """For each reach, the mean residual over the last answers, weighted by how their units go with this one, and the
    logarithm of the weight, into near (NEAR,)."""
    total, weight = np.zeros(len(REACHES), np.float32), np.zeros(len(REACHES), np.float32)
    if len(kin) > max(unit, 1):  # of too many units there is none, shape (1, 1): nothing may be read of it
        row = kin[unit]
        for place in range(min(RING, int(head[COUNT]))):
            kinship, residual = row[int(head[RING_UNIT + place])], head[RING_RESIDUAL + place]
            for reach in range(len(REACHES)):
                along = kinship * DECAY[place, reach]
                total[reach] += along * residual
                weight[reach] += abs(along)
    for reach in range(len(REACHES)):
        near[2 * reach] = total[reach] / (weight[reach] + KIN_PULL)
        near[2 * reach + 1] = np.log(weight[reach] + KIN_PULL)


@compiled
def kin_of_all(head: Single, kin: Single, units: Whole) -> Single:
    """`kin_of` for each of the units, (n, NEAR), the very same numbers: one answer after the other, but over all units
    side by side, which costs a quarter."""
    n, answers = len(units), min(RING, int(head[COUNT]))
    near = np.empty((n, NEAR), np.float32)
    total, weight = np.zeros((len(REACHES), n), np.float32), np.zeros((len(REACHES), n), np.float32)
    if len(kin) > 1:
        answered, kinship = head[RING_UNIT : RING_UNIT + answers].astype(np.uint32), np.empty((answers, n), np.float32)
        for candidate in range(n):
            row = kin[units[candidate]]
            for place in range(answers):
                kinship[place, candidate] = row[answered[place]]
        for reach in range(len(REACHES)):
            for place in range(answers):
                fading, residual, row = DECAY[place, reach], head[RING_RESIDUAL + place], kinship[place]
                for candidate in range(n):
                    along = row[candidate] * fading
                    total[reach, candidate] += along * residual
                    weight[reach, candidate] += abs(along)
    for candidate in range(n):
        for reach in range(len(REACHES)):
            near[candidate, 2 * reach] = total[reach, candidate] / (weight[reach, candidate] + KIN_PULL)
            near[candidate, 2 * reach + 1] = np.log(weight[reach, candidate] + KIN_PULL)
    return near


@compiled
def observe(
    head: Single, own: Single, loading: Single, unit: int, outcome: float | np.float32, base: float | np.float32,
    context: float | np.float32, time: float,
) -> None:  # fmt: skip
    """The state after one answer, in place. base : the unit's mean, context : the mean in its context."""
    if head[COUNT] == 0:
        head[FIRST_DAY] = np.floor(time / 86400.0)
        head[FIRST_SECOND] = time - 86400.0 * head[FIRST_DAY]
    moment = seconds(head, time)
    right = 1 if outcome >= 0.5 else 0
    code = 2 * (unit + 1) + right
    if head[COUNT] > 0 and int(head[LAST]) // 2 - 1 != unit:
        head[OTHER + 1], head[OTHER] = head[OTHER], head[LAST]
        head[RUN] = 0.0
    for back in range(BACK - 1, 0, -1):
        head[LAST + back] = head[LAST + back - 1]
    head[LAST] = code
    residual, surprise = np.float32(outcome - base), np.float32(outcome - context)
    for rate in range(len(RATES)):
        head[DECAYED + rate] = RATES[rate] * head[DECAYED + rate] + residual
        head[DECAYED + len(RATES) + rate] = RATES[rate] * head[DECAYED + len(RATES) + rate] + np.float32(1.0)
    for rate in range(len(SLOW)):
        head[SURPRISE + rate] = SLOW[rate] * head[SURPRISE + rate] + surprise
        head[SURPRISE + len(SLOW) + rate] = SLOW[rate] * head[SURPRISE + len(SLOW) + rate] + np.float32(1.0)
    sign = np.float32(2 * right - 1)
    head[STREAK] = head[STREAK] + sign if head[STREAK] * sign > 0 else sign
    head[RUN] += np.float32(1.0)
    head[SUM] += residual
    for place in range(RING - 1, 0, -1):
        head[RING_UNIT + place] = head[RING_UNIT + place - 1]
        head[RING_RESIDUAL + place] = head[RING_RESIDUAL + place - 1]
    head[RING_UNIT], head[RING_RESIDUAL] = unit, residual
    spread = float(max(base * (1.0 - base), 0.02))
    covariance = head[COVARIANCE : COVARIANCE + RANK * RANK].reshape(RANK, RANK)
    factors.observed(head[THETA : THETA + RANK], covariance, loading[unit], float(residual), spread)
    mine = own[unit]
    mine[FADING] = FADE * mine[FADING] + (np.float32(1.0) - FADE) * residual
    mine[N] += np.float32(1.0)
    mine[RIGHT] += np.float32(outcome)
    pattern = 2 * int(mine[PATTERN]) + right
    mine[PATTERN] = pattern if pattern < LONGEST else pattern % 16 + 16
    head[COUNT] += np.float32(1.0)
    head[NEWEST] = moment
    mine[STEP], mine[WHEN] = head[COUNT], moment


@compiled
def keys_now(head: Single, own: Single, unit: int, item: int, keys: Keys) -> None:
    """Names of the contexts of a coming answer at `unit`."""
    same = head[COUNT] > 0 and int(head[LAST]) // 2 - 1 == unit
    other = np.empty(2, np.float32)
    other[0], other[1] = (head[OTHER], head[OTHER + 1]) if same else (head[LAST], head[OTHER])
    keys_of(unit, item, head[LAST : LAST + BACK], other, int(own[unit, PATTERN]), keys)

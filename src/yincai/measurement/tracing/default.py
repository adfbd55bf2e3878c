"""The default: boosted oblivious trees over past-only features, fitted and scored here without any extra.

Chosen by evidence (docs/explanation/measurement/tracing.md): it stands level with scikit-learn's boosting and scores 50
candidates in well under 100 µs. The state is single precision throughout and holds what the features need of the last
answers; time is an argument, no clock is read.

>>> chance = np.random.default_rng(0)
>>> log = Log.of(np.repeat(np.arange(50), 20), np.tile(np.arange(10), 100), (chance.random(1000) < 0.7).astype(float))
>>> fitted = fit(log, Settings(trees=20, depth=3))
>>> state = fitted.start()
>>> for nth in range(4):
...     state = fitted.update(state, unit=nth, outcome=1.0, time=60.0 * nth)
>>> p, se = fitted.predict(state, np.arange(10), time=300.0)
>>> p.shape, bool((se > 0).all()), fitted.unpack(fitted.pack(state)) == state
((10,), True, True)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yincai.measurement.tracing import features, passes, trees
from yincai.measurement.tracing.compiled import compiled
from yincai.measurement.tracing.features import FEATURES, NAMES
from yincai.measurement.tracing.log import UNKNOWN, Catalogue, Log, Whole
from yincai.measurement.tracing.passes import Known, Lens, Logs
from yincai.measurement.tracing.trees import Forest, Settings

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
MODEL = "trees-2"
UNIT_MEAN = NAMES.index("unit mean")
ABILITY_SD = NAMES.index("ability sd")
LAYOUT = 2
PACKED = struct.Struct("<BBHI")  # layout, numbers of a unit, numbers of the head, units seen


@dataclass(frozen=True, eq=False)
class State:
    """head : (HEAD,) numbers of the learner, own : (units + 1, OWN) of each unit; both single precision."""

    head: Single
    own: Single

    @property
    def answers(self) -> int:
        return int(self.head[features.COUNT])

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, State) and self.head.tobytes() == other.head.tobytes()
        return same and isinstance(other, State) and self.own.tobytes() == other.own.tobytes()

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Default:
    lens: Lens
    forest: Forest

    @property
    def catalogue(self) -> Catalogue:
        return self.lens.catalogue

    def __str__(self) -> str:
        trees_, depth = self.forest.feature.shape
        return f"{MODEL}: {trees_} trees of depth {depth} over {FEATURES} features, {self.lens.units - 1} units"

    def predict_log(self, log: Log) -> Floats:
        x = self.lens.matrix(log)
        return chances(x, self.forest.margin(x))[0]

    def start(self) -> State:
        return State(*features.start(self.lens.units))

    def update(self, state: State, unit: int, outcome: float, time: float) -> State:
        """The state after one answer. unit : index into `catalogue.units` or UNKNOWN. time : seconds, earlier than the
        newest counts as the same moment. Raises ValueError for an outcome outside 0…1."""
        if not 0.0 <= outcome <= 1.0:
            raise ValueError(f"outcome {outcome} is not between 0 and 1")
        head, own = state.head.copy(), state.own.copy()
        learn(head, own, unit, float(outcome), float(time), self.lens.known, self.lens.logs)
        return State(head, own)

    def predict(self, state: State, units: Whole, time: float, items: Whole | None = None) -> tuple[Floats, Floats]:
        """Probability and standard error for each unit, both (units,). items : indices into `catalogue.items`; without
        them an item is its unit where items are traced, and unknown where skills are."""
        x = self.features_of(state, units, time, items)
        return chances(x, self.forest.margin(x))

    def features_of(self, state: State, units: Whole, time: float, items: Whole | None = None) -> Single:
        """What the trees see of each unit, (FEATURES, units)."""
        units = np.asarray(units, np.int64)
        if items is None:
            items = units if self.catalogue.by_item else np.full(len(units), UNKNOWN)
        return view(state.head, state.own, units, items, float(time), self.lens.known, self.lens.logs)

    def pack(self, state: State) -> bytes:
        """A compact form: the head, then the number and the row of each unit that was answered; 4 bytes a number."""
        seen = np.flatnonzero(state.own[:, features.N]).astype("<u4")
        top = PACKED.pack(LAYOUT, features.OWN, features.HEAD, len(seen))
        return top + state.head.astype("<f4").tobytes() + seen.tobytes() + state.own[seen].astype("<f4").tobytes()

    def unpack(self, packed: bytes) -> State:
        """The state from `pack`; of no bytes an empty one. Raises ValueError when the bytes are no state of this
        model."""
        state = self.start()
        if not packed:
            return state
        size = PACKED.size + 4 * features.HEAD
        if len(packed) < size or PACKED.unpack_from(packed)[:3] != (LAYOUT, features.OWN, features.HEAD):
            raise ValueError(f"not a packed state of {MODEL}: {len(packed)} bytes")
        seen = PACKED.unpack_from(packed)[3]
        if len(packed) != size + 4 * seen * (1 + features.OWN):
            raise ValueError(f"not a packed state of {MODEL}: {len(packed)} bytes for {seen} units")
        state.head[:] = np.frombuffer(packed, "<f4", features.HEAD, PACKED.size)
        where = np.frombuffer(packed, "<u4", seen, size)
        if (where >= len(state.own)).any():
            raise ValueError(f"not a packed state of {MODEL}: unit {where.max()} of {len(state.own)}")
        state.own[where] = np.frombuffer(packed, "<f4", seen * features.OWN, size + 4 * seen).reshape(
            seen, features.OWN
        )
        return state


def fit(log: Log, settings: Settings = Settings()) -> Default:  # noqa: B008 - frozen
    """Lens and trees from one log. Cost: about 1 CPU-second for 30,000 rows at most, see the bench."""
    lens, x = passes.fit(log, settings.seed)
    forest = trees.fit(x, log.correct.astype(np.float32), x[UNIT_MEAN], settings)
    return Default(lens, forest)


@compiled
def learn(head: Single, own: Single, unit: int, outcome: float, time: float, known: Known, logs: Logs) -> None:
    """`observe` with the surprise looked up."""
    here = unit if 0 <= unit < len(known.base) - 1 else len(known.base) - 1
    sight = passes.room()
    passes.look(head, own, here, UNKNOWN, known, logs, sight)
    context = passes.in_context(known, here, sight)
    features.observe(head, own, known.loading, here, np.float32(outcome), known.base[here], context, time)


@compiled
def view(head: Single, own: Single, units: Whole, items: Whole, time: float, known: Known, logs: Logs) -> Single:
    """Features of the candidates, (FEATURES, n)."""
    x, out, sight = np.empty((FEATURES, len(units)), np.float32), np.empty(FEATURES, np.float32), passes.room()
    unknown = len(known.base) - 1
    here = np.array([unit if 0 <= unit < unknown else unknown for unit in units], np.int64)
    near = features.kin_of_all(head, known.kin, here)
    for place, unit in enumerate(here):
        passes.look(head, own, unit, items[place], known, logs, sight)
        features.describe(
            head, own, known.loading, near[place], known.slope, unit, known.base[unit], logs.middle[unit], sight.means,
            sight.excess, sight.counts, time, out,
        )  # fmt: skip
        x[:, place] = out
    return x


@compiled
def chances(x: Single, margin: Single) -> tuple[Floats, Floats]:
    """Probability and standard error from the features and the trees' margin."""
    p, se = np.empty(len(margin)), np.empty(len(margin))
    for place in range(len(margin)):
        p[place] = 1.0 / (1.0 + np.exp(-float(margin[place] + x[UNIT_MEAN, place])))
        middle = 1.0 / (1.0 + np.exp(-float(x[UNIT_MEAN, place])))
        se[place] = x[ABILITY_SD, place] * p[place] * (1.0 - p[place]) / (middle * (1.0 - middle))
    return p, se

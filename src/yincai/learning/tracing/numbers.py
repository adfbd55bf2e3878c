"""A named set of numbers: what both heads are folded and read with. A set is never changed; a better one gets a new
name.

The mastery head (`measurement.tracing`, a Gaussian around a general level) knows how hard a question is and how long
ago the last one was; the prediction head (`measurement.tracing.default`, trees) knows what came before. Their chances
are blended on the logit scale, with weights that are fitted with the trees; for a point the trees never saw, the
mastery head speaks alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from yincai.learning.tracing import parts
from yincai.learning.tracing.parts import Parts
from yincai.measurement import tracing
from yincai.measurement.tracing import Parameters

if TYPE_CHECKING:
    from yincai.measurement.tracing.default import Default

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Pair = tuple[Floats, Floats]
TREES = "trees-2"  # measurement.tracing.default.MODEL; not imported, for that would load the compiler
MODEL = f"{tracing.MODEL}+{TREES}"
NO_POINT = -1
STEEPEST = 9.0  # logits beyond which a chance is not blended


class Weights(NamedTuple):
    """logit p = shift + trees · logit(prediction head) + mastery · logit(mastery head)."""

    shift: float
    trees: float
    mastery: float


ALONE = Weights(0.0, 0.0, 1.0)  # the mastery head's chance as it is


@dataclass(frozen=True, eq=False)
class Numbers:
    """`told`: how the set was made and what was measured of it, for its card. `held`: the trees as named arrays; empty
    for a set of the mastery head alone."""

    name: str
    model: str
    mastery: Parameters
    weights: Weights = ALONE
    told: dict[str, Any] = field(default_factory=dict)
    held: Parts = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether this release can fold with the set: a release with other features can only show what it left."""
        return self.model == MODEL

    @property
    def predicts(self) -> bool:
        """Whether there is a prediction head beside the mastery head that this release can read."""
        return bool(self.held) and self.fits

    @cached_property
    def trees(self) -> Default:
        """Loaded when first used, with the compiler. Raises ValueError where the set was fitted to other features."""
        from yincai.measurement.tracing import default
        from yincai.measurement.tracing.features import NAMES

        if (default.MODEL, list(NAMES)) != (self.told["trees"], self.told["features"]):
            raise ValueError(f"数字“{self.name}”是为 {self.told['trees']} 的另一组特征拟合的，这个版本用不了它。")
        return parts.put_together(default.Default, self.held, "default")

    @cached_property
    def _unit(self) -> Whole:
        """The unit of each slot, and at the end that of no point: UNKNOWN where the trees never saw it."""
        units = self.trees.catalogue.units
        table = np.full(max(map(int, units), default=-1) + 2, NO_POINT, np.int64)
        table[[int(unit) for unit in units]] = np.arange(len(units))
        return table

    def unit_of(self, points: Sequence[int]) -> int:
        """What an answer counts for in the trees: the point of the question that is taught last."""
        last = max(points, default=NO_POINT)
        return int(self._unit[last]) if last < len(self._unit) else NO_POINT

    def units_of(self, slots: NDArray[np.integer]) -> Whole:
        """As `unit_of` for a table of slots (questions, k), padded with −1."""
        last = np.asarray(slots.max(axis=1), np.int64)
        return self._unit[np.where(last < len(self._unit), last, NO_POINT)]

    def blended(self, units: Whole, trees: Pair, shown: Pair) -> Pair:
        """One chance and its standard error from those of the two heads; all (questions,)."""
        (p, se), (q, error) = trees, shown
        logit = self.weights.shift + self.weights.trees * _logit(p) + self.weights.mastery * _logit(q)
        chance = 1.0 / (1.0 + np.exp(-logit))
        unsure = self.weights.trees * se / _spread(p) + self.weights.mastery * error / _spread(q)
        known = units != NO_POINT
        return np.where(known, chance, q), np.where(known, chance * (1.0 - chance) * np.abs(unsure), error)

    def to_bytes(self) -> bytes:
        head: dict[str, Any] = {"name": self.name, "model": self.model, "told": self.told}
        head |= {"mastery": asdict(self.mastery), "weights": list(self.weights)}
        return parts.to_bytes({"about": np.array(json.dumps(head, ensure_ascii=False)), **self.held})

    @classmethod
    def from_bytes(cls, content: bytes) -> Numbers:
        """Raises ValueError for bytes that are no such set."""
        held = parts.from_bytes(content)
        try:
            head = json.loads(held.pop("about").item())
            mastery, weights = Parameters(**head["mastery"]), Weights(*head["weights"])
            return cls(head["name"], head["model"], mastery, weights, head["told"], held)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a file of tracing numbers: {error}") from error


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _logit(p: Floats) -> Floats:
    least = 1.0 / (1.0 + np.exp(STEEPEST))
    kept = np.clip(p, least, 1.0 - least)
    return np.asarray(np.log(kept / (1.0 - kept)))


def _spread(p: Floats) -> Floats:
    return np.asarray(np.maximum(p * (1.0 - p), 1e-3))

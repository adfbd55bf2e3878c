"""Pools, constraints and answers that the tests of this folder share."""

from __future__ import annotations

from typing import Any

import numpy as np

from yincai.measurement import adaptive
from yincai.measurement.adaptive import selection


def pool(n: int = 300, seed: int = 1, **more: Any) -> adaptive.Pool:
    rng = np.random.default_rng(seed)
    held = {
        "a": rng.lognormal(0.1, 0.3, n),
        "b": rng.normal(0, 1.2, n),
        "c": rng.uniform(0, 0.25, n),
        "attributes": {name: rng.integers(0, codes, n) for name, codes in (("topic", 5), ("kind", 3), ("level", 4))},
    }
    return adaptive.Pool(**{**held, **more})


def ten_constraints() -> tuple[adaptive.Constraint, ...]:
    return (
        *(adaptive.Constraint("topic", (code,), 3, 5) for code in range(5)),
        *(adaptive.Constraint("kind", (code,), 4, 9) for code in range(2)),
        *(adaptive.Constraint("level", (code,), 3, 7) for code in range(3)),
    )


def sat(
    plan: adaptive.Plan, theta: float = 0.0, seed: int = 0, rng: np.random.Generator | None = None
) -> adaptive.Sitting:
    """A whole sitting of a pupil of this ability; checks at each step that nothing comes twice."""
    rng = rng or np.random.default_rng(seed)
    sitting = adaptive.begin(plan, seed=seed)
    while not adaptive.done(plan, sitting):
        choice = adaptive.next_item(plan, sitting, rng)
        assert choice.item not in sitting.asked
        p = adaptive.simulation.probability(plan.pool, theta, choice.item)
        sitting = adaptive.answer(plan, sitting, choice.item, int(rng.random() < p))
    return sitting


def counts(plan: adaptive.Plan, sitting: adaptive.Sitting) -> list[int]:
    return [int(x) for x in selection.class_counts(plan.tables, sitting.asked)]

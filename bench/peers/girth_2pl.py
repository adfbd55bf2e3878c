"""Times girth's twopl_mml at growing sizes; run by bench_irt with the peers' interpreter. Prints JSON."""

from __future__ import annotations

import json
import time
from importlib.metadata import version

import numpy as np
from girth import twopl_mml

SIZES = [(1_000, 50), (2_000, 100), (4_000, 200)]


def scores(learners: int, items: int) -> np.ndarray:
    """Items × learners, as girth wants them."""
    rng = np.random.default_rng(0)
    a, b, theta = rng.lognormal(0, 0.3, items), rng.normal(size=items), rng.normal(size=learners)
    p = 1 / (1 + np.exp(-a[:, None] * (theta - b[:, None])))
    return (rng.random(p.shape) < p).astype(int)


def main() -> None:
    twopl_mml(scores(200, 10))
    taken = []
    for size in SIZES:
        table = scores(*size)
        began = time.perf_counter()
        twopl_mml(table)
        taken.append(time.perf_counter() - began)
    responses = [learners * items for learners, items in SIZES]
    print(json.dumps({"version": version("girth"), "responses": responses, "seconds": taken}))


if __name__ == "__main__":
    main()

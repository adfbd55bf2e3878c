"""Times girth's twopl_mml at growing sizes, until the next one would take longer than the seconds that are given; run
by bench_irt with the peers' interpreter. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from girth import twopl_mml

SIZES = [(500, 50), (1_000, 100), (2_000, 200), (3_000, 300), (4_000, 400), (5_000, 500), (7_000, 700), (10_000, 1_000)]


def scores(learners: int, items: int) -> np.ndarray:
    """Items × learners, as girth wants them."""
    rng = np.random.default_rng(0)
    a, b, theta = rng.lognormal(0, 0.3, items), rng.normal(size=items), rng.normal(size=learners)
    p = 1 / (1 + np.exp(-a[:, None] * (theta - b[:, None])))
    return (rng.random(p.shape) < p).astype(int)


def expected(sizes: list[int], taken: list[float], size: int) -> float:
    """The time of the next size, by the last two."""
    if len(taken) < 2:
        return 0.0
    slope = np.log(taken[-1] / taken[-2]) / np.log(sizes[-1] / sizes[-2])
    return float(taken[-1] * (size / sizes[-1]) ** slope)


def main(most: float) -> None:
    twopl_mml(scores(200, 10))
    sizes: list[int] = []
    taken: list[float] = []
    for learners, items in SIZES:
        if expected(sizes, taken, learners * items) > most:
            break
        table = scores(learners, items)
        began = time.perf_counter()
        twopl_mml(table)
        taken.append(time.perf_counter() - began)
        sizes.append(learners * items)
    shapes = SIZES[: len(taken)]
    print(json.dumps({"version": version("girth"), "shapes": shapes, "responses": sizes, "seconds": taken}))


if __name__ == "__main__":
    main(float(sys.argv[1]))

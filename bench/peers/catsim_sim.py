"""catsim on a given pool, pupils and draws: `python catsim_sim.py FILE.npz`, JSON on standard output.

FILE holds a, b, c (n,), thetas (m,), draws (m, n) and length. Items by MaxInfoSelector, ability by
NumericalSearchEstimator, both as catsim makes them; only the answers come from `draws`, so that they are the same for
whoever else answers.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
from catsim.estimation import NumericalSearchEstimator
from catsim.item_bank import ItemBank
from catsim.selection import MaxInfoSelector


def main(path: str) -> None:
    held = np.load(path)
    a, b, c = held["a"], held["b"], held["c"]
    bank = ItemBank(np.column_stack((a, b, c, np.ones(len(a)))))
    selector, estimator = MaxInfoSelector(), NumericalSearchEstimator()
    chosen_in, estimates, tests = [], [], []
    for theta, draws in zip(held["thetas"], held["draws"], strict=True):
        estimate, asked, right = 0.0, [], []
        for _ in range(int(held["length"])):
            began = time.perf_counter()
            item = selector.select(item_bank=bank, administered_items=asked, est_theta=estimate)
            chosen_in.append(time.perf_counter() - began)
            asked.append(int(item))
            right.append(bool(draws[item] < c[item] + (1 - c[item]) / (1 + np.exp(-a[item] * (theta - b[item])))))
            estimate = estimator.estimate(
                item_bank=bank, administered_items=asked, response_vector=right, est_theta=estimate
            )
        estimates.append(float(estimate))
        tests.append(asked)
    off = np.array(estimates) - held["thetas"]
    found = {
        "rmse": float(np.sqrt(np.mean(off**2))),
        "bias": float(off.mean()),
        "next_item_seconds": statistics.median(chosen_in),
        "estimates": estimates,
        "items": tests,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])

"""pyBKT on a given log: `python pybkt_fit.py FILE.npz STARTS`, JSON on standard output.

FILE holds learner, skill and correct (n,). One BKT with forgetting for each skill, as `Model.fit` makes it.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
import pandas
from pyBKT.models import Model


def main(path: str, starts: int) -> None:
    held = np.load(path)
    table = pandas.DataFrame(
        {
            "user_id": held["learner"],
            "skill_name": held["skill"].astype(str),
            "correct": held["correct"].astype(int),
            "order_id": np.arange(len(held["learner"])),
        }
    )
    model = Model(seed=0, num_fits=starts)
    began = time.perf_counter()
    model.fit(data=table, forgets=True)
    print(json.dumps({"version": version("pyBKT"), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Times statsmodels' MixedLM on simulated schools; run by bench_growth with the peers' interpreter. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM


def main() -> None:
    pupils, groups = int(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(2)
    school, prior = rng.integers(0, groups, pupils), rng.normal(size=pupils)
    y = 0.5 * prior + 0.3 * rng.normal(size=groups)[school] + rng.normal(size=pupils)
    began = time.perf_counter()
    MixedLM(y, np.column_stack([np.ones(pupils), prior]), school).fit(reml=False)
    print(json.dumps({"version": version("statsmodels"), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()

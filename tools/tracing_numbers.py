"""Makes the shipped numbers of tracing from simulated pupils: `python -m tools.tracing_numbers` (about a minute).

`--check` makes them anew and compares with what is in the repository, writing nothing.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from yincai.learning.tracing.fitting import Answers, said
from yincai.learning.tracing.numbers import Numbers
from yincai.learning.tracing.shipped import Recipe, answers_of, make, terms
from yincai.learning.tracing.versions import NEWEST, shipped_file

LARGEST = 1_000_000  # bytes
CLOSE = 1e-3  # how far a part may lie from what another machine's arithmetic gives
SAID = 5e-3  # and a probability that both are asked for
TIED = "default.forest.feature"  # of two features that say the same here, rounding chooses
PUPILS = 40


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--check", action="store_true")
    made = make(NEWEST, Recipe())
    if options.parse_args().check:
        return compared(made, Numbers.from_bytes(shipped_file(NEWEST).read_bytes()), simulated())
    content = made.to_bytes()
    if len(content) > LARGEST:
        print(f"{len(content):,} bytes are too many: at most {LARGEST:,}", file=sys.stderr)
        return 1
    shipped_file(NEWEST).write_bytes(content)
    print(f"{shipped_file(NEWEST).name}: {len(content):,} bytes, {made.trees}")
    for metric in made.told["metrics"]:
        print(f"{metric['label']}: {metric['value']:.4f} ({metric['low']:.4f} … {metric['high']:.4f})")
    print(f"beside the mastery head alone: {made.told['beside_mastery']}")
    return 0


def simulated() -> Answers:
    """Of pupils of another seed."""
    return answers_of(terms(PUPILS, Recipe().seed + 2))


def compared(made: Numbers, held: Numbers, answers: Answers) -> int:
    """1 where two sets differ in a part, or in what they say of the answers; prints what differs."""
    parts = sorted({*made.held, *held.held} - {TIED})
    differing = [name for name in parts if not _same(made, held, name)]
    if not differing and np.abs(said(made, answers) - said(held, answers)).max() > SAID:
        differing = ["what they say"]
    print(f"differing parts: {', '.join(differing) or 'none'}")
    return int(bool(differing))


def _same(made: Numbers, held: Numbers, name: str) -> bool:
    if name not in made.held or name not in held.held:
        return False
    one, other = made.held[name], held.held[name]
    if one.shape != other.shape:
        return False
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    return bool(np.allclose(one.astype(float), other.astype(float), atol=CLOSE, rtol=CLOSE))


if __name__ == "__main__":
    sys.exit(main())

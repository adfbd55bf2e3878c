"""Many-facet Rasch at a million ratings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.measure import Measure

COMMAND_LINE = "python -m bench facets"


def drawn(learners: int, items: int, raters: int, each: int) -> tuple[list[Any], Any]:
    """Each learner's answers to all items marked by `each` raters, scores 0 … 4; the true severities."""
    rng = np.random.default_rng(2)
    severity = rng.normal(size=raters) * 0.5
    severity -= severity.mean()
    difficulty, thresholds = rng.normal(size=items) * 0.7, np.linspace(-1.5, 1.5, 4)
    person, item, _ = (x.ravel() for x in np.meshgrid(range(learners), range(items), range(each), indexing="ij"))
    rater = np.repeat(rng.integers(0, raters, (learners, 1, each)), items, axis=1).ravel()
    at = rng.normal(size=learners)[person] - difficulty[item] - severity[rater]
    logits = np.cumsum(np.hstack([np.zeros((len(at), 1)), at[:, None] - thresholds]), axis=1)
    score = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return [person, item, rater, score], severity


def run(full: bool) -> Iterator[Measure]:
    from yincai.measurement import irt

    irt.fit_facets(*drawn(50, 3, 5, 2)[0])  # compiles
    rows, severity = drawn(20_000 if full else 4_000, 10, 200 if full else 80, 5)
    began = time.perf_counter()
    found = irt.fit_facets(*rows)
    yield Measure(
        name=f"irt: many-facet Rasch, {len(rows[0]):,} ratings, {len(severity)} raters, with errors and fit",
        value=time.perf_counter() - began,
        unit="s",
        n=len(rows[0]),
        goal="value <= 5",
        command=COMMAND_LINE,
    )
    yield Measure(
        name="irt: RMSE of the severities of that",
        value=float(np.sqrt(np.mean((found.severity - severity) ** 2))),
        unit="logits",
        n=len(severity),
        against="their standard error",
        against_value=float(np.sqrt(np.mean(found.se_severity**2))),
        goal="ratio <= 1.2",
        command=COMMAND_LINE,
    )

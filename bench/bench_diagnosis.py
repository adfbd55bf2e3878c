"""Cognitive diagnosis: fraction subtraction, and 15 skills (32,768 classes) with their local optima."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from bench.measure import Measure
from yincai.measurement import diagnosis
from yincai.records.readers.qmatrix import read_q_matrix
from yincai.records.readers.responses import read_wide

FRACTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "irt_cdm" / "fraction_subtraction.csv"
COMMAND = "python -m bench diagnosis"
STARTS = 3
# Debian has no package of R's CDM: its figure is quoted, from the machine on which the reference numbers were made.
R_CDM, R_CDM_TOLD = 3.9, "R CDM 8.2-6, quoted, not measured here"


def run(full: bool) -> Iterator[Measure]:
    if FRACTIONS.exists():
        yield from fractions(20 if full else 5)
    yield fifteen_skills()


def fractions(times: int) -> Iterator[Measure]:
    wide = read_wide(FRACTIONS)
    q = read_q_matrix(FRACTIONS.with_name("fraction_subtraction_q.csv"), wide.items).needed
    for model, goal in (("dina", "value <= 0.1"), ("dino", None), ("gdina", None)):
        diagnosis.fit(wide.scores, q, model)
        taken = [seconds(partial(diagnosis.fit, wide.scores, q, model)) for _ in range(times)]
        yield Measure(
            name=f"diagnosis: {model}, fraction subtraction, with standard errors",
            value=statistics.median(taken),
            unit="s",
            n=len(wide.scores),
            goal=goal,
            against=R_CDM_TOLD if model == "dina" else None,
            against_value=R_CDM if model == "dina" else None,
            command=COMMAND,
        )


def fifteen_skills() -> Measure:
    responses, q = simulated(seed=1)
    found = None

    def fitted() -> None:
        nonlocal found
        found = diagnosis.fit(responses, q, starts=STARTS)

    taken = seconds(fitted)
    return Measure(
        name=f"diagnosis: dina, 15 skills, 25 items; {found.starts if found else ''}",
        value=taken,
        unit="s",
        n=len(responses),
        goal="value <= 10",
        command=COMMAND,
    )


def simulated(seed: int, skills: int = 15, items: int = 25, learners: int = 700) -> tuple[np.ndarray, np.ndarray]:
    """Correlated skills; an item needs one to three of them."""
    rng = np.random.default_rng(seed)
    q = np.zeros((items, skills))
    for item in range(items):
        q[item, item % skills] = 1
        q[item, rng.choice(skills, rng.integers(0, 3), replace=False)] = 1
    holds = rng.normal(size=(learners, 1)) + rng.normal(size=(learners, skills)) > 0
    able = (holds[:, None, :] >= q).all(axis=2)
    return (rng.random(able.shape) < np.where(able, 0.85, 0.15)).astype(float), q


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began

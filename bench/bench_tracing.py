"""Tracing: fitting BKT beside pyBKT, fitting the default at the sizes of the public logs, and following a learner live.

The logs are simulated with the shapes of ASSISTments 2009-updated, 2015 and 2017 and of Statics.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.measure import Measure
from yincai.measurement.tracing import bkt, default
from yincai.measurement.tracing.log import Log

COMMAND = "python -m bench tracing"
SHAPES = {  # learners, answers of each, units
    "Statics": (229, 570, 1223),
    "2009-updated": (3330, 82, 110),
    "2015": (15_900, 34, 100),
    "2017": (1367, 552, 102),
}
SMALL = {name: SHAPES[name] for name in ("Statics", "2009-updated")}


def knowing(learners: int, skills: int, answers: int, seed: int = 0) -> Log:
    """Learners who answer by BKT, in runs of one skill."""
    chance = np.random.default_rng(seed)
    prior, learn = chance.uniform(0.1, 0.6, skills), chance.uniform(0.05, 0.3, skills)
    forget, guess, slip = (chance.uniform(low, high, skills) for low, high in ((0, 0.05), (0.1, 0.3), (0.05, 0.2)))
    order = np.argsort(chance.random((learners, skills)), axis=1)
    run = -(-answers // skills) if answers >= skills * 8 else 8
    skill = order.repeat(run, axis=1)[:, :answers]
    known = chance.random((learners, skills)) < prior
    right = np.empty(skill.shape)
    who = np.arange(learners)
    for nth in range(skill.shape[1]):
        now = skill[:, nth]
        held = known[who, now]
        right[:, nth] = chance.random(learners) < np.where(held, 1 - slip[now], guess[now])
        known[who, now] = np.where(held, chance.random(learners) >= forget[now], chance.random(learners) < learn[now])
    return Log.of(who.repeat(skill.shape[1]), skill.ravel(), right.ravel())


def answering(learners: int, answers: int, units: int, seed: int = 1) -> Log:
    """Learners of different ability on units of different difficulty, in runs of three."""
    chance = np.random.default_rng(seed)
    unit = chance.integers(0, units, (learners, -(-answers // 3))).repeat(3, axis=1)[:, :answers].ravel()
    who = np.arange(learners).repeat(answers)
    x = chance.normal(0, 1, learners)[who] - chance.normal(0, 1, units)[unit]
    return Log.of(who, unit, (chance.random(len(who)) < 1 / (1 + np.exp(-x))).astype(float))


def run(full: bool) -> Iterator[Measure]:
    few = answering(60, 30, 8)
    bkt.fit(few)
    model = default.fit(few)
    model.predict(model.update(model.start(), 0, 1.0, 0.0), np.arange(8), 1.0)
    yield from bkt_fits(full)
    for name, shape in (SHAPES if full else SMALL).items():
        yield default_fit(name, answering(*shape))
    yield from live()


def bkt_fits(full: bool) -> Iterator[Measure]:
    for log, starts, goal in ((knowing(2154, 110, 104), 1, 1.0), (knowing(1072, 5, 50), 3, 0.3)):
        taken = seconds(lambda log=log, starts=starts: bkt.fit(log, bkt.Settings(starts=starts)), 3)
        peer = pybkt(log, starts) if full or starts == 3 else None
        yield Measure(
            name=f"tracing: BKT with forgetting, {len(log.skills)} skills, {starts} starts"
            + ("" if peer else " (peer not installed or not run)"),
            value=taken,
            unit="s",
            n=log.n,
            goal=f"value <= {goal}",
            against=None if peer is None else "pyBKT",
            against_value=peer,
            command=COMMAND,
        )


def pybkt(log: Log, starts: int) -> float | None:
    """Seconds of pyBKT on the same answers; None where the peers are not installed."""
    python = os.environ.get("YINCAI_PEERS")
    if not python:
        return None
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        path = Path(folder) / "log.npz"
        np.savez(path, learner=log.learner, skill=log.skill, correct=log.correct)
        script = Path(__file__).parent / "peers" / "pybkt_fit.py"
        ran = subprocess.run([python, script, path, str(starts)], stdout=subprocess.PIPE, text=True)
    return float(json.loads(ran.stdout)["seconds"]) if ran.returncode == 0 else None


def default_fit(name: str, log: Log) -> Measure:
    began = time.process_time()
    default.fit(log)
    return Measure(
        name=f"tracing: the default fitted, shape of {name}",
        value=time.process_time() - began,
        unit="CPU s",
        n=log.n,
        goal="value <= 60",
        command=COMMAND,
    )


def live(units: int = 110, candidates: int = 50, times: int = 3000) -> Iterator[Measure]:
    """One answer and the chances of fifty candidates, from the state alone."""
    model = default.fit(answering(1500, 100, units))
    chance = np.random.default_rng(0)
    asked = chance.integers(0, units, (times, candidates))
    state, taken = model.start(), []
    for nth, some in enumerate(asked):
        began = time.perf_counter()
        state = model.update(state, int(some[0]), float(nth % 3 > 0), 60.0 * nth)
        model.predict(state, some, 60.0 * nth + 30.0)
        taken.append(time.perf_counter() - began)
    for name, share, goal in (("median", 0.5, 100), ("p99", 0.99, 200)):
        yield Measure(
            name=f"tracing: update and {candidates} predictions, {name}",
            value=float(np.quantile(taken[200:], share)) * 1e6,
            unit="µs",
            n=times - 200,
            goal=f"value <= {goal}",
            command=COMMAND,
        )
    yield Measure(
        name="tracing: bytes a number of the packed state",
        value=len(model.pack(state)) / (state.head.size + state.own[:-1].size + units),
        unit="B",
        n=len(model.pack(state)),
        goal="value <= 4.05",
        command=COMMAND,
    )


def seconds(work: Callable[[], object], times: int) -> float:
    """Wall time of the best of several runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)

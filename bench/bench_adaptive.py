"""Adaptive tests: the next item by priority and by shadow test, error beside catsim's, many sittings at once, forms."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import Measure
from yincai.measurement import adaptive
from yincai.measurement.adaptive import forms

COMMAND = "python -m bench adaptive"
ITEMS, LENGTH = 1000, 20
PEER = Path(__file__).with_name("peers") / "catsim_sim.py"


def pool() -> adaptive.Pool:
    rng = np.random.default_rng(1)
    return adaptive.Pool(
        a=rng.lognormal(0.1, 0.3, ITEMS),
        b=rng.normal(0, 1.2, ITEMS),
        c=rng.uniform(0, 0.25, ITEMS),
        attributes={name: rng.integers(0, codes, ITEMS) for name, codes in (("topic", 5), ("kind", 3), ("level", 4))},
    )


def ten_constraints() -> tuple[adaptive.Constraint, ...]:
    return (
        *(adaptive.Constraint("topic", (code,), 3, 5) for code in range(5)),
        *(adaptive.Constraint("kind", (code,), 4, 9) for code in range(2)),
        *(adaptive.Constraint("level", (code,), 3, 7) for code in range(3)),
    )


def rules(**more: Any) -> adaptive.Rules:
    return adaptive.Rules(**{"length": LENGTH, "constraints": ten_constraints(), **more})


def next_item_times(plan: adaptive.Plan, sittings: int) -> list[float]:
    """Seconds for each question of interleaved sittings, as a server has them; the first tenth warms up."""
    rng = np.random.default_rng(2)
    thetas, held, times = rng.normal(size=sittings), [adaptive.begin(plan) for _ in range(sittings)], []
    for _ in range(LENGTH):
        for p in range(sittings):
            began = time.perf_counter()
            choice = adaptive.next_item(plan, held[p], rng)
            times.append(time.perf_counter() - began)
            right = rng.random() < adaptive.simulation.probability(plan.pool, thetas[p], choice.item)
            held[p] = adaptive.answer(plan, held[p], choice.item, int(right))
    return times[len(times) // 10 :]


def speed(full: bool) -> Iterator[Measure]:
    priority = next_item_times(adaptive.plan(pool(), rules()), 1000 if full else 200)
    shadow = next_item_times(adaptive.plan(pool(), rules(balance="shadow")), 400 if full else 60)
    for name, value, goal, n in (
        ("next item by priority, ten constraints, median", statistics.median(priority), "value <= 0.05", len(priority)),
        ("next item by priority, ten constraints, p95", float(np.percentile(priority, 95)), None, len(priority)),
        ("next item by shadow test, median", statistics.median(shadow), "value <= 2", len(shadow)),
        ("next item by shadow test, p95", float(np.percentile(shadow, 95)), "value <= 50", len(shadow)),
    ):
        yield Measure(f"adaptive: {name}", 1e3 * value, "ms", n, COMMAND, goal)


def many_sittings(full: bool) -> Iterator[Measure]:
    """Each question: unpack the row, done?, next item, answer, pack; 10,000 sittings in turn."""
    plan, rng = adaptive.plan(pool(), rules()), np.random.default_rng(3)
    sittings = 10_000 if full else 1_000
    thetas, rows = rng.normal(size=sittings), [adaptive.begin(plan).pack() for _ in range(sittings)]
    began = time.perf_counter()
    for _ in range(LENGTH):
        for p in range(sittings):
            sitting = adaptive.Sitting.unpack(rows[p])
            choice = adaptive.next_item(plan, sitting, rng)
            right = rng.random() < adaptive.simulation.probability(plan.pool, thetas[p], choice.item)
            rows[p] = adaptive.answer(plan, sitting, choice.item, int(right)).pack()
    assert all(adaptive.done(plan, adaptive.Sitting.unpack(row)) for row in rows)
    found = time.perf_counter() - began
    goal = f"value <= {30 * sittings / 10_000:g}"
    yield Measure("adaptive: interleaved sittings of 20 items", found, "s", sittings, COMMAND, goal)


def catsims(thetas: np.ndarray, draws: np.ndarray) -> dict[str, Any] | None:
    python = os.environ.get("YINCAI_PEERS")
    if not python or not Path(python).exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.npz"
        held = pool()
        np.savez(path, a=held.a, b=held.b, c=held.c, thetas=thetas, draws=draws, length=LENGTH)
        ran = subprocess.run([python, str(PEER), str(path)], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ran.stdout))


def errors(full: bool) -> Iterator[Measure]:
    """The same pool, pupils and draws for all: catsim, ours alike, and what estimator and constraints change."""
    rng = np.random.default_rng(4)
    pupils = 1000 if full else 300
    thetas, draws = rng.normal(size=pupils), rng.random((pupils, ITEMS))
    peer = catsims(thetas, draws)
    peers_rmse = peer and peer["rmse"]
    beside = "catsim" if peer else "catsim: peer not installed"

    def simulated(**more: Any) -> adaptive.Simulation:
        return adaptive.simulate(adaptive.plan(pool(), rules(**more)), thetas, np.random.default_rng(5), draws=draws)

    alike = simulated(constraints=(), criterion="fisher", estimator="mle")
    free, priority, shadow = simulated(constraints=()), simulated(), simulated(balance="shadow")

    def rmse(name: str, value: float, against: str, other: float | None, goal: str | None) -> Measure:
        goal = goal if other else None
        return Measure(f"adaptive: RMSE, {name}", value, "logits", pupils, COMMAND, goal, against, other)

    yield rmse("without constraints, estimator as catsim's", alike.rmse, beside, peers_rmse, "ratio <= 1.02")
    yield rmse("without constraints, our default (EAP)", free.rmse, beside, peers_rmse, "ratio <= 1.02")
    yield rmse("priority index, ten constraints", priority.rmse, "without constraints", free.rmse, None)
    yield rmse("shadow test, ten constraints", shadow.rmse, "without constraints", free.rmse, None)
    for name, found in (("without constraints", free), ("priority index", priority), ("shadow test", shadow)):
        yield Measure(f"adaptive: bias, {name}", found.bias, "logits", pupils, COMMAND)
    for name, found in (("priority index", priority), ("shadow test", shadow)):
        share = 100 * found.violating
        yield Measure(f"adaptive: sittings that broke a constraint, {name}", share, "%", pupils, COMMAND, "value <= 0")
    if peer:
        own = statistics.median(next_item_times(adaptive.plan(pool(), rules(constraints=(), criterion="fisher")), 100))
        ours, theirs = 1e3 * own, 1e3 * peer["next_item_seconds"]
        yield Measure("adaptive: next item without constraints", ours, "ms", 1800, COMMAND, None, "catsim", theirs)


def exposure(full: bool) -> Iterator[Measure]:
    rng, start = np.random.default_rng(6), adaptive.Start("random", -1.0, 1.0)
    sample = rng.normal(size=1000 if full else 300)
    held = rules(start=start)
    limits = adaptive.sympson_hetter(pool(), held, 0.2, sample, rng, rounds=8 if full else 5)
    limited = adaptive.plan(replace(pool(), exposure=limits), held)
    found = adaptive.simulate(limited, rng.normal(size=len(sample)), rng)
    yield Measure(
        "adaptive: highest exposure, Sympson–Hetter at 20 %", 100 * found.exposure.max(), "%", len(sample), COMMAND
    )
    yield Measure("adaptive: RMSE under Sympson–Hetter", found.rmse, "logits", len(sample), COMMAND)


def papers(full: bool) -> Iterator[Measure]:
    thetas = (-1.5, -0.5, 0.5, 1.5)
    targets = tuple(forms.typical_target(pool(), LENGTH, thetas))
    blueprint = forms.Blueprint(LENGTH, thetas, targets, ten_constraints())
    began = time.perf_counter()
    made = forms.assemble(pool(), blueprint, forms=4 if full else 2, tolerance=0.02)
    took = time.perf_counter() - began
    yield Measure(
        "adaptive: parallel forms, largest deviation", 100 * made.deviation, "%", len(made.forms), COMMAND, "value <= 3"
    )
    yield Measure("adaptive: parallel forms, time", took, "s", len(made.forms), COMMAND)
    rng, times = np.random.default_rng(7), []
    for _ in range(50 if full else 15):
        began = time.perf_counter()
        forms.on_the_fly(pool(), blueprint, rng)
        times.append(time.perf_counter() - began)
    yield Measure("adaptive: a form on the fly, median", statistics.median(times), "s", len(times), COMMAND)


def run(full: bool) -> Iterator[Measure]:
    yield from speed(full)
    yield from many_sittings(full)
    yield from errors(full)
    yield from exposure(full)
    yield from papers(full)

"""Tracing: fitting BKT beside pyBKT, fitting the default at the sizes of the public logs, what its parts are worth, and
following a learner live.

The logs are simulated with the shapes of the public ones (`tracing_logs`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.measure import Measure
from bench.tracing_logs import SHAPES, simulated
from yincai.measurement.tracing import bkt, boosting, default, evaluate, metrics, passes, trees
from yincai.measurement.tracing.features import NAMES
from yincai.measurement.tracing.log import Log
from yincai.records.readers import logs

COMMAND = "python -m bench tracing"
CPU = 60.0
STATICS = Path(__file__).resolve().parents[2] / "shared" / "data" / "kt" / "STATICS_train.csv"
# A part of the default is the features whose names begin so; without it they are all 0.
PARTS = {
    "means of contexts": ("mean ", "count "),
    "excess of contexts": ("excess ",),
    "abilities": ("ability", "logit with"),
    "kin": ("kin ",),
    "decayed residuals": ("decayed", "surprise"),
    "slopes of a unit": ("unit's own",),
}
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the learners, for the curve


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
    for name in SHAPES:
        yield from cost(name, SHARES if full else SHARES[1:2])
    if full:
        yield from ablation(("2009-updated", "2015", "2017"), 0.5)
    if full and STATICS.exists() and "YINCAI_PEERS" in os.environ:
        yield beside_deep(STATICS)
    yield from live()


def bkt_fits(full: bool) -> Iterator[Measure]:
    for log, starts, goal in ((knowing(2154, 110, 104), 1, 1.0), (knowing(1072, 5, 50), 3, 0.3)):
        taken = seconds(lambda log=log, starts=starts: bkt.fit(log, bkt.Settings(starts=starts)), 3)
        peer, used = pybkt(log, starts, 300.0 if full else 45.0)
        how = "not installed or too slow" if peer is None else "whole"
        if peer is not None and used < len(log.skills):
            how = f"{peer:.1f} s for {used} of them, extrapolated"
            peer *= len(log.skills) / used
        yield Measure(
            name=f"tracing: BKT with forgetting, {len(log.skills)} skills, {starts} starts (pyBKT: {how})",
            value=taken,
            unit="s",
            n=log.n,
            goal=f"value <= {goal}",
            against=None if peer is None else "pyBKT",
            against_value=peer,
            command=COMMAND,
        )


def pybkt(log: Log, starts: int, limit: float) -> tuple[float | None, int]:
    """Seconds of pyBKT on the most skills, by doubling, that it ends on in `limit` seconds in all, and how many; None
    where it is not installed or ends on none. It fits one skill after the other, so its cost is in proportion."""
    python = os.environ.get("YINCAI_PEERS")
    found, used, ends = None, 0, time.monotonic() + limit
    skills = 1
    while python and used < len(log.skills):
        taken = pybkt_seconds(python, log, log.skill < skills, starts, ends - time.monotonic())
        if taken is None:
            break
        found, used = taken, skills
        skills = min(2 * skills, len(log.skills))
    return found, used


def pybkt_seconds(python: str, log: Log, rows: NDArray[np.bool_], starts: int, limit: float) -> float | None:
    script = Path(__file__).parent / "peers" / "pybkt_fit.py"
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        path = Path(folder) / "log.npz"
        np.savez(path, learner=log.learner[rows], skill=log.skill[rows], correct=log.correct[rows])
        ran = subprocess.Popen(
            [python, script, path, str(starts)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = ran.communicate(timeout=max(limit, 1.0))
        except subprocess.TimeoutExpired:
            os.killpg(ran.pid, signal.SIGKILL)  # its workers too
            ran.communicate()
            return None
    return float(json.loads(said)["seconds"]) if ran.returncode == 0 else None


def cost(name: str, shares: tuple[float, ...]) -> Iterator[Measure]:
    """CPU seconds of a fit as the learners grow."""
    for share in shares:
        log = simulated(SHAPES[name], share=share)
        began = time.process_time()
        default.fit(log)
        taken = time.process_time() - began
        yield Measure(
            name=f"tracing: the default fitted, shape of {name}, {share:.1%} of the learners",
            value=taken,
            unit="CPU s",
            n=log.n,
            goal=f"value <= {CPU:.0f}",
            command=COMMAND,
        )


def ablation(names: tuple[str, ...], share: float) -> Iterator[Measure]:
    """AUC on learners not seen in fitting: of the default, of boosting, of the default without each of its parts."""
    for name in names:
        log = simulated(SHAPES[name], share=share)
        held = np.random.default_rng(0).permutation(log.learners) % 5 == 0
        seen, kept = log.of_learners(~held), log.of_learners(held)
        lens, x = passes.fit(seen)
        other = lens.matrix(kept)
        for part, names in {"whole": (), **PARTS}.items():
            left_out = np.array([bool(names) and feature.startswith(names) for feature in NAMES])
            p = told(np.where(left_out[:, None], np.float32(0.0), x), seen, np.where(left_out[:, None], 0.0, other))
            yield accuracy(f"{name}, the default " + (part if part == "whole" else f"without {part}"), kept, p)
        yield accuracy(f"{name}, boosting by scikit-learn", kept, boosting.fit(seen).predict_log(kept))


def told(x: default.Single, seen: Log, other: default.Single) -> evaluate.Floats:
    """Probabilities for the columns of `other` from trees grown on x."""
    base = default.UNIT_MEAN
    forest = trees.fit(x, seen.correct.astype(np.float32), x[base], trees.Settings())
    logit = forest.margin(other.astype(np.float32)) + other[base]
    return np.asarray(1.0 / (1.0 + np.exp(-logit.astype(np.float64))))


def accuracy(name: str, log: Log, p: evaluate.Floats) -> Measure:
    return Measure(
        name=f"tracing: simulated {name}",
        value=round(metrics.auc(log.correct, p), 4),
        unit="AUC",
        n=log.n,
        command=COMMAND,
    )


def beside_deep(path: Path) -> Measure:
    """AUC of the default and of deep knowledge tracing on the same five folds of a log in the three-line format."""
    read = logs.read(path)
    log = Log.of(read.learner, read.item, read.correct)
    fold = np.random.default_rng(0).permutation(log.learners) % evaluate.FOLDS
    ours, theirs = np.empty(log.n), np.empty(log.n)
    for part in range(evaluate.FOLDS):
        held = fold == part
        rows = held[log.learner]
        ours[rows] = default.fit(log.of_learners(~held)).predict_log(log.of_learners(held))
        theirs[rows] = deep(log, rows)
    return Measure(
        name="tracing: Statics, five folds by learner, the default beside an LSTM (DKT)",
        value=round(metrics.auc(log.correct, ours), 4),
        unit="AUC",
        n=log.n,
        goal="ratio >= 1",
        against="DKT",
        against_value=round(metrics.auc(log.correct, theirs), 4),
        command=f"{COMMAND} --full",
    )


def deep(log: Log, held: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logits of the held rows by `peers/dkt.py`, which never saw their learners."""
    script = Path(__file__).parent / "peers" / "dkt.py"
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        file = Path(folder) / "log.npz"
        np.savez(file, learner=log.learner, unit=log.item, correct=log.correct.astype(np.int32), held=held.astype(int))
        said = subprocess.run([os.environ["YINCAI_PEERS"], script, file], capture_output=True, text=True, check=True)
    return np.asarray(json.loads(said.stdout)["logit"])


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

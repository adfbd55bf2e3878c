"""Growth: percentiles of a city, mixed models beside lme4 and quantreg of R, and how the cost grows with the pupils."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import Measure

COMMAND_LINE = "python -m bench growth"
PEERS = Path(__file__).parent / "peers"
TAUS = (np.arange(100) + 0.5) / 100


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """The quickest of a few runs, after one to warm up."""
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def city(pupils: int, seed: int = 1) -> tuple[Any, Any]:
    """Whole-number scores of one year and of the three before."""
    rng = np.random.default_rng(seed)
    able = rng.normal(size=pupils)
    years = [np.round(500 + 80 * (0.85 * able + 0.5 * rng.normal(size=pupils)) + 10 * k) for k in range(4)]
    return years[3], np.column_stack(years[2::-1])


def schools(pupils: int, groups: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(2)
    school, prior = rng.integers(0, groups, pupils), rng.normal(size=pupils)
    return 0.5 * prior + 0.3 * rng.normal(size=groups)[school] + rng.normal(size=pupils), prior, school


def ratings() -> tuple[Any, Any, list[Any]]:
    """73,421 ratings of the shape of lme4's InstEval: 2,972 students, 1,128 instructors, 14 departments."""
    rng = np.random.default_rng(3)
    n = 73_421
    student, teacher = rng.integers(0, 2972, n), rng.integers(0, 1128, n)
    department, service = rng.integers(0, 14, 1128)[teacher], rng.integers(0, 2, n).astype(float)
    y = 3.2 - 0.07 * service + 0.33 * rng.normal(size=2972)[student] + 0.52 * rng.normal(size=1128)[teacher]
    y += 0.1 * rng.normal(size=14)[department] + 1.18 * rng.normal(size=n)
    return y, service, [student, teacher, department]


def crossed_seconds() -> float:
    """In a process of its own, so that linear algebra has one thread."""
    script = "from bench.bench_growth import crossed; print(crossed())"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(ran.stdout)


def crossed() -> float:
    from yincai.measurement.growth import mixed

    y, service, groups = ratings()
    names = ("student", "teacher", "department")
    terms = [mixed.RandomTerm.intercept(name, group) for name, group in zip(names, groups, strict=True)]
    return seconds(lambda: mixed.fit(y, np.column_stack([np.ones(len(y)), service]), terms), times=2)


def r_seconds(script: str, tables: dict[str, list[Any]]) -> float | None:
    """What an R script under `peers` says that its fit took; None where R or the package is not installed."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        path = Path(folder) / "data.csv"
        names = ",".join(tables)
        np.savetxt(path, np.column_stack(list(tables.values())), delimiter=",", header=names, comments="", fmt="%.10g")
        ran = subprocess.run(
            ["Rscript", str(PEERS / script), str(path)], stdout=subprocess.PIPE, text=True, check=False
        )
    return float(ran.stdout) if ran.returncode == 0 and ran.stdout.strip() else None


def statsmodels_seconds(pupils: int, groups: int) -> float | None:
    interpreter = os.environ.get("YINCAI_PEERS")
    if not interpreter:
        return None
    words = [interpreter, str(PEERS / "statsmodels_mixed.py"), str(pupils), str(groups)]
    ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    return float(json.loads(ran.stdout)["seconds"]) if ran.returncode == 0 else None


def beside(name: str, ours: float, n: int, peer: str, theirs: float | None, goal: str | None = None) -> Measure:
    told = peer if theirs is not None else f"{peer}: peer not installed"
    return Measure(name, ours, "s", n, COMMAND_LINE, goal, told, theirs)


def percentiles_of(pupils: int, times: int) -> float:
    from yincai.measurement.growth import percentiles

    score, priors = city(pupils)
    percentiles.percentiles(score[:15_000], priors[:15_000])
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        percentiles.percentiles(score, priors)
        taken.append(time.perf_counter() - began)
    return min(taken)


def run(full: bool) -> Iterator[Measure]:
    from yincai.measurement.growth import mixed, quantiles
    from yincai.measurement.growth.percentiles import design
    from yincai.measurement.growth.splines import knots_of

    sizes = [15_000, 50_000, 150_000, 1_000_000] if full else [15_000, 50_000, 150_000]
    taken = [percentiles_of(size, 1 if size > 100_000 else 2) for size in sizes]
    for size, each in zip(sizes, taken, strict=True):
        goal = "value <= 45" if size == 1_000_000 else None
        yield Measure("growth: percentiles, three priors × 100 quantiles", each, "s", size, COMMAND_LINE, goal)
    slope = float(np.polyfit(np.log(sizes), np.log(taken), 1)[0])
    yield Measure("growth: percentiles, slope of log seconds over log pupils", slope, "", sizes[-1], COMMAND_LINE)

    score, priors = city(10_000)
    x = design(priors, [knots_of(column) for column in priors.T])
    ours = seconds(lambda: quantiles.fit(x, score, TAUS))
    columns = {"y": score, **{f"x{k}": x[:, k] for k in range(1, x.shape[1])}}
    yield beside("growth: 100 quantiles of 10,000 × 22", ours, 10_000, "quantreg", r_seconds("quantreg.R", columns))

    y, prior, school = schools(200_000, 1500)
    fixed, term = np.column_stack([np.ones(len(y)), prior]), mixed.RandomTerm.intercept("school", school)
    ours = seconds(lambda: mixed.fit(y, fixed, [term]))
    name, columns = "growth: mixed model, 1,500 schools", {"y": y, "x": prior, "school": school}
    yield beside(name, ours, len(y), "lme4", r_seconds("lme4_schools.R", columns), "value <= 0.2")
    yield beside(name, ours, len(y), "statsmodels", statsmodels_seconds(len(y), 1500))

    y, service, groups = ratings()
    columns = {"y": y, "x": service, **dict(zip(("s", "d", "dept"), groups, strict=True))}
    theirs = r_seconds("lme4_crossed.R", columns) if full else None
    name = "growth: crossed effects, InstEval's shape, one BLAS thread"
    yield beside(name, crossed_seconds(), len(y), "lme4" if full else "lme4 (bench-full)", theirs, "value <= 5")

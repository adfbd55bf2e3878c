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


def ratings(path: Path) -> str:
    """Writes lme4's InstEval to `path` where R has it, else ratings of its shape; says which."""
    told = run_r("insteval.R", path)
    if told is not None:
        return "InstEval"
    rng = np.random.default_rng(3)
    n = 73_421
    student, teacher = rng.integers(0, 2972, n), rng.integers(0, 1128, n)
    department, service = rng.integers(0, 14, 1128)[teacher], rng.integers(0, 2, n).astype(float)
    y = 3.2 - 0.07 * service + 0.33 * rng.normal(size=2972)[student] + 0.52 * rng.normal(size=1128)[teacher]
    y += 0.1 * rng.normal(size=14)[department] + 1.18 * rng.normal(size=n)
    write_table(path, {"y": y, "x": service, "s": student, "d": teacher, "dept": department})
    return "InstEval's shape, simulated"


def crossed_fit(path: Path) -> tuple[float, float]:
    """(seconds, log-likelihood), in a process of its own, so that linear algebra has one thread."""
    script = "import sys; from bench.bench_growth import crossed; print(*crossed(sys.argv[1]))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    words = [sys.executable, "-c", script, str(path)]
    ran = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    taken, likelihood = map(float, ran.stdout.split())
    return taken, likelihood


def crossed(path: str) -> tuple[float, float]:
    from yincai.measurement.growth import mixed

    y, service, *groups = np.loadtxt(path, delimiter=",", skiprows=1).T
    names = ("student", "teacher", "department")
    numbers = [np.unique(group, return_inverse=True)[1] for group in groups]
    terms = [mixed.RandomTerm.intercept(name, number) for name, number in zip(names, numbers, strict=True)]
    x = np.column_stack([np.ones(len(y)), service])
    found = mixed.fit(y, x, terms)
    return seconds(lambda: mixed.fit(y, x, terms), times=2), found.log_likelihood


def write_table(path: Path, columns: dict[str, Any]) -> None:
    table = np.column_stack(list(columns.values()))
    np.savetxt(path, table, delimiter=",", header=",".join(columns), comments="", fmt="%.10g")


def run_r(script: str, path: Path) -> list[float] | None:
    """The numbers that an R script under `peers` prints; None where R or the package is not installed."""
    if shutil.which("Rscript") is None:
        return None
    ran = subprocess.run(["Rscript", str(PEERS / script), str(path)], stdout=subprocess.PIPE, text=True, check=False)
    return list(map(float, ran.stdout.split())) if ran.returncode == 0 else None


def beside_r(script: str, columns: dict[str, Any]) -> list[float] | None:
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        path = Path(folder) / "data.csv"
        write_table(path, columns)
        return run_r(script, path)


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
    theirs = beside_r("quantreg.R", columns)
    name = "growth: 100 quantiles of 10,000 × 22"
    yield beside(name, ours, 10_000, "quantreg", theirs[0] if theirs else None)

    y, prior, school = schools(200_000, 1500)
    fixed, term = np.column_stack([np.ones(len(y)), prior]), mixed.RandomTerm.intercept("school", school)
    ours = seconds(lambda: mixed.fit(y, fixed, [term]))
    found = mixed.fit(y, fixed, [term])
    name = "growth: mixed model, 1,500 schools"
    theirs = beside_r("lme4_schools.R", {"y": y, "x": prior, "school": school})
    yield beside(name, ours, len(y), "lme4", theirs[0] if theirs else None, "value <= 0.2")
    yield from as_likely(name, found.log_likelihood, theirs, len(y))
    yield beside(name, ours, len(y), "statsmodels", statsmodels_seconds(len(y), 1500))

    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        path = Path(folder) / "ratings.csv"
        name = f"growth: crossed effects, {ratings(path)}, one BLAS thread"
        ours, likelihood = crossed_fit(path)
        theirs = run_r("lme4_crossed.R", path) if full else None
    peer = "lme4" if full else "lme4 (bench-full)"
    yield beside(name, ours, 73_421, peer, theirs[0] if theirs else None, "value <= 5")
    yield from as_likely(name, likelihood, theirs, 73_421)


def as_likely(name: str, ours: float, theirs: list[float] | None, n: int) -> Iterator[Measure]:
    """Is it the same fit: our log-likelihood less that of R. Ours may be higher, not lower."""
    if theirs:
        yield Measure(f"{name}, log-likelihood less lme4's", ours - theirs[1], "", n, COMMAND_LINE, "value >= -0.01")

"""Item response theory: calibration beside girth, graded items, a city's log, and how the cost grows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import Measure

COMMAND_LINE = "python -m bench irt"
PEER = Path(__file__).parent / "peers" / "girth_2pl.py"
LEARNERS, ITEMS = 10_000, 1_000
GIRTH, GIRTH_FULL = 45.0, 300.0  # seconds that its largest size may take


def drawn(learners: int, items: int, seed: int) -> tuple[Any, Any, Any]:
    """A 2PL bank with ordinary parameters, abilities from N(0, 1), and scores."""
    from yincai.measurement import irt

    rng = np.random.default_rng(seed)
    a, b = rng.lognormal(0, 0.3, items).tolist(), rng.normal(size=items).tolist()
    bank = irt.bank("2pl", [irt.Item(*pair) for pair in zip(a, b, strict=True)])
    theta = rng.normal(size=learners)
    return bank, theta, irt.simulate(bank, theta, rng)


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """The quickest of a few runs, after one to warm up."""
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def run(full: bool) -> Iterator[Measure]:
    yield from dense(full)
    yield from accuracy(5 if full else 2)
    yield graded()
    yield from growth(full)
    yield from streamed(1_000_000 if full else 50_000, 5_000 if full else 1_000)


def dense(full: bool) -> Iterator[Measure]:
    from yincai.measurement import irt

    _, _, scores = drawn(LEARNERS, ITEMS, 0)
    taken = seconds(lambda: irt.fit(scores))
    yield Measure(
        name="irt: 2PL 10,000 × 1,000 with standard errors",
        value=taken,
        unit="s",
        n=scores.size,
        goal="value <= 1.5",
        command=COMMAND_LINE,
    )
    yield from beside_girth(seconds(lambda: irt.fit(scores, standard_errors=False)), full)
    scores[np.random.default_rng(1).random(scores.shape) < 0.2] = np.nan
    yield Measure(
        name="irt: the same with 20 % missing",
        value=seconds(lambda: irt.fit(scores)),
        unit="s",
        n=int(np.isfinite(scores).sum()),
        goal="value <= 3",
        command=COMMAND_LINE,
    )


def beside_girth(ours: float, full: bool) -> Iterator[Measure]:
    """girth at the largest size it ends in GIRTH seconds, and at ours, extrapolated from its curve over all sizes."""
    name, size = "irt: 2PL 10,000 × 1,000 beside girth", LEARNERS * ITEMS
    interpreter = os.environ.get("YINCAI_PEERS")
    if not interpreter:
        yield Measure(
            name=name, value=ours, unit="s", n=size, against="girth: peer not installed", command=COMMAND_LINE
        )
        return
    limit = str(GIRTH_FULL if full else GIRTH)
    ran = subprocess.run([interpreter, str(PEER), limit], stdout=subprocess.PIPE, text=True, check=True)
    curve = json.loads(ran.stdout)
    yield from girth_measured(curve)
    slope, theirs = line(curve["responses"], curve["seconds"], size)
    measured = f"{curve['responses'][0]:,} to {curve['responses'][-1]:,} responses"
    yield Measure(
        name=f"irt: exponent of girth's cost in responses, {measured}",
        value=slope,
        unit="",
        n=len(curve["seconds"]),
        command=COMMAND_LINE,
    )
    yield Measure(
        name=name,
        value=ours,
        unit="s",
        n=size,
        against=f"girth {curve['version']}, extrapolated from {measured}",
        against_value=theirs,
        goal="ratio <= 0.001",
        command=COMMAND_LINE,
    )


def girth_measured(curve: dict[str, Any]) -> Iterator[Measure]:
    """Both at girth's own sizes, nothing extrapolated."""
    from yincai.measurement import irt

    for (learners, items), taken in zip(curve["shapes"], curve["seconds"], strict=True):
        scores = drawn(learners, items, 0)[2]
        yield Measure(
            name=f"irt: 2PL {learners:,} × {items:,} beside girth",
            value=seconds(lambda scores=scores: irt.fit(scores, standard_errors=False)),  # type: ignore[misc]
            unit="s",
            n=learners * items,
            against=f"girth {curve['version']}, measured",
            against_value=taken,
            command=COMMAND_LINE,
        )


def line(sizes: list[int], taken: list[float], size: int) -> tuple[float, float]:
    """The slope of a straight line through the logarithms, and its value at a size."""
    slope, level = np.polyfit(np.log(sizes), np.log(taken), 1)
    return float(slope), float(np.exp(level + slope * np.log(size)))


def accuracy(seeds: int) -> Iterator[Measure]:
    """RMSE(a) beside the standard error with known abilities; log-likelihood beside that of 241 nodes."""
    from yincai.measurement import irt

    squares, known, off = [], [], 0.0
    for seed in range(seeds):
        bank, theta, scores = drawn(LEARNERS, ITEMS, 100 + seed)
        found = irt.fit(scores, standard_errors=False)
        squares.append((found.a - bank.a) ** 2)
        p = bank.probabilities(theta)[:, :, 1]
        w = p * (1 - p)
        aa, ad, dd = (theta[:, None] ** 2 * w).sum(0), (theta[:, None] * w).sum(0), w.sum(0)
        known.append(dd / (aa * dd - ad**2))
        if seed == 0:
            finer = irt.fit(scores, nodes=241, standard_errors=False)
            off = abs(finer.log_likelihood - found.log_likelihood)
    yield Measure(
        name=f"irt: RMSE(a) pooled over {seeds} seeds",
        value=float(np.sqrt(np.mean(squares))),
        unit="",
        n=seeds * ITEMS,
        against="standard error with known abilities",
        against_value=float(np.sqrt(np.mean(known))),
        goal="ratio <= 1.08",
        command=COMMAND_LINE,
    )
    yield Measure(
        name="irt: log-likelihood against 241 nodes",
        value=off,
        unit="",
        n=LEARNERS * ITEMS,
        goal="value <= 1",
        command=COMMAND_LINE,
    )


def graded() -> Measure:
    from yincai.measurement import irt

    rng = np.random.default_rng(3)
    a, b = rng.lognormal(0, 0.3, 100), np.sort(rng.normal(0, 1, (100, 4)), axis=1) + np.arange(4) * 0.2
    items = [irt.Item(float(one), tuple(row.tolist())) for one, row in zip(a, b, strict=True)]
    scores = irt.simulate(irt.bank("grm", items), rng.normal(size=10_000), rng)
    return Measure(
        name="irt: graded response 10,000 × 100 × 5",
        value=seconds(lambda: irt.fit(scores, "grm")),
        unit="s",
        n=scores.size,
        goal="value <= 1",
        command=COMMAND_LINE,
    )


def growth(full: bool) -> Iterator[Measure]:
    """The time at growing sizes, and the slope of log seconds over log size: 1 is proportional."""
    many = [4_000, 8_000, 16_000, 32_000] if full else [4_000, 8_000, 16_000]
    for what, shapes in (
        ("learners", [(n, 200) for n in many]),
        ("items", [(5_000, n // 40) for n in many]),
        ("responses", [(n, n // 40) for n in many]),
    ):
        taken = [timed(*shape) for shape in shapes]
        at = [{"learners": n, "items": items, "responses": n * items}[what] for n, items in shapes]
        for size, (learners, items), value in zip(at, shapes, taken, strict=True):
            yield Measure(
                name=f"irt: cost in {what}: {size:,} ({learners:,} × {items:,})",
                value=value,
                unit="s",
                n=learners * items,
                command=COMMAND_LINE,
            )
        yield Measure(
            name=f"irt: exponent of the cost in {what}, {at[0]:,} to {at[-1]:,}",
            value=line(at, taken, at[-1])[0],
            unit="",
            n=len(at),
            command=COMMAND_LINE,
        )


def timed(learners: int, items: int) -> float:
    from yincai.measurement import irt

    scores = drawn(learners, items, 5)[2]
    return seconds(lambda: irt.fit(scores, standard_errors=False), 2)


def streamed(learners: int, items: int, each: int = 100) -> Iterator[Measure]:
    """In a process of its own, so that its memory is its own."""
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        true = write_log(Path(folder) / "log.parquet", learners, items, each)
        ran = subprocess.run(
            [sys.executable, "-m", "bench.bench_irt", folder, str(items)], stdout=subprocess.PIPE, text=True, check=True
        )
        said = json.loads(ran.stdout)
    size = f"{learners:,} × {items:,}, {learners * each:,} sparse responses"
    yield Measure(
        name=f"irt: {size}",
        value=said["seconds"],
        unit="s",
        n=learners * each,
        goal="value <= 90",
        command=COMMAND_LINE,
    )
    yield Measure(
        name="irt: memory of that", value=said["gigabytes"], unit="GB", n=1, goal="value <= 1.5", command=COMMAND_LINE
    )
    yield Measure(
        name="irt: RMSE(a) of that",
        value=float(np.sqrt(np.mean((np.array(said["a"]) - true) ** 2))),
        unit="",
        n=items,
        against="its mean standard error",
        against_value=said["se_a"],
        goal="ratio <= 1.08",
        command=COMMAND_LINE,
    )


def write_log(path: Path, learners: int, items: int, each: int) -> Any:
    """A sparse log of random items, in row groups that split learners; returns the true slopes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    a, b = rng.lognormal(0, 0.3, items), rng.normal(size=items)
    schema = pa.schema([("learner", pa.int32()), ("item", pa.int32()), ("score", pa.int8())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, learners, 20_000):
            learner = np.repeat(np.arange(first, min(first + 20_000, learners), dtype=np.int32), each)
            item = rng.integers(0, items, len(learner), dtype=np.int32)
            theta = np.repeat(rng.normal(size=len(learner) // each), each)
            score = rng.random(len(learner)) < 1 / (1 + np.exp(-a[item] * (theta - b[item])))
            columns = [learner, item, score.astype(np.int8)]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=777_777)
    return a


def fit_log(folder: str, items: int) -> dict[str, Any]:
    from yincai.measurement import irt
    from yincai.records.readers.responses import FileCheckpoint, ParquetBatches

    irt.fit_streamed([(np.arange(9) // 3, np.arange(9) % 3, np.arange(9) % 2)])  # compiles
    began = time.perf_counter()
    rest = FileCheckpoint(Path(folder) / "rest.npz")
    found = irt.fit_streamed(ParquetBatches(Path(folder) / "log.parquet"), n_items=items, checkpoint=rest)
    return {
        "seconds": time.perf_counter() - began,
        "gigabytes": most_memory(),
        "a": found.a.tolist(),
        "se_a": float(np.sqrt(np.mean(found.se_a**2))),
        "passes": found.passes,
    }


def most_memory() -> float:
    """Of this program. getrusage would tell that of the process that started it, when that was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


if __name__ == "__main__":
    print(json.dumps(fit_log(sys.argv[1], int(sys.argv[2]))))

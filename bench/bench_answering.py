"""The whole path of an answer beside an empty signed-in page, on SQLite and on PostgreSQL, both fsynced.

Counted: the CPU of web, worker, sealer and database. Not counted: the client, which runs in this process. Both pages
are measured in turns within one run, on one server with the same kind of session; figures are medians of the turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.answering.client import Load, Pupil, percentile
from bench.bench_start import answered, free_port
from bench.measure import Measure
from tools.postgres import cluster

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
COMMAND = "make bench"
RATE = 50  # requests a second for the waiting times: half of the load that must be borne
PUPILS = 200
WARM = 10  # seconds


@dataclass(frozen=True)
class Sizes:
    turns: int
    seconds: float
    paced: float
    old_rows: int


REDUCED, FULL = Sizes(3, 3, 10, 1_000_000), Sizes(5, 10, 30, 10_000_000)


@dataclass(frozen=True)
class Found:
    """`cpu`: milliseconds a request. `rate`: requests a second. `p99`: seconds, at RATE."""

    cpu: float
    rate: float
    p99: float


def run(full: bool) -> Iterator[Measure]:
    sizes = FULL if full else REDUCED
    yield from on("SQLite", sizes, None)
    with cluster() as url:
        yield from on("PostgreSQL", sizes, url)


def on(name: str, sizes: Sizes, url: str | None) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="yincai-bench-", dir=os.environ.get("YINCAI_BENCH_DIR")) as folder:
        environment = environment_of(folder, url)
        fresh = measured(environment, sizes, 0)
        yield from report(name, sizes, fresh)
        grown = measured(environment, sizes, sizes.old_rows)
        yield from report_growth(f"{name}, {sizes.old_rows:,} answers there", sizes, fresh, grown)


def environment_of(folder: str, url: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YINCAI_", "DJANGO_"))}
    kept.pop("DATABASE_URL", None)
    kept |= {
        "YINCAI_HOME": folder,
        "DJANGO_SETTINGS_MODULE": "bench.answering.settings",
        "PYTHONPATH": str(ROOT),
    }
    return kept | ({"DATABASE_URL": url} if url else {})


def measured(environment: dict[str, str], sizes: Sizes, rows: int) -> dict[str, Found]:
    """Both pages, in turns, on a server started for it."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.answering.city", "--pupils", str(PUPILS), "--rows", str(rows)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    pupils = [Pupil(**each) for each in json.loads(made.stdout)]
    with serving(environment) as (port, server):
        load = Load("127.0.0.1", port, pupils)
        asyncio.run(load.closed(WARM, "answer"))  # every worker imports and has met most of the 1,000 items
        asyncio.run(load.closed(1, "empty"))
        turns: dict[str, list[Found]] = {"empty": [], "answer": []}
        for _ in range(sizes.turns):
            for page, found in turns.items():
                found.append(turn(load, server, page, sizes))
    return {page: middle(found) for page, found in turns.items()}


def turn(load: Load, server: int, page: str, sizes: Sizes) -> Found:
    before, began = cpu_of(server), time.perf_counter()
    rate = asyncio.run(load.closed(sizes.seconds, page))
    requests = rate * (time.perf_counter() - began)
    cpu = (cpu_of(server) - before) / requests * 1000
    taken = asyncio.run(load.paced(RATE, sizes.paced, page))
    return Found(cpu, rate, percentile(taken, 0.99))


def middle(found: list[Found]) -> Found:
    return Found(*(statistics.median(getattr(each, name) for each in found) for name in ("cpu", "rate", "p99")))


@contextlib.contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "yincai.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + 60
        while not answered(port):
            if server.poll() is not None or time.monotonic() > ends:
                raise RuntimeError("yincai serve did not answer")
            time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def cpu_of(server: int) -> float:
    """CPU seconds so far of the serving processes and of a PostgreSQL of ours, ended children included."""
    processes = {pid: stat for pid in all_pids() if (stat := read_stat(pid))}
    roots = {server} | {pid for pid, stat in processes.items() if stat.name == "postgres" and stat.first}
    total, counted = 0.0, set[int]()
    for pid, stat in processes.items():
        if pid not in counted and ancestor_in(pid, roots, processes):
            total += stat.seconds
            counted.add(pid)
    return total


@dataclass(frozen=True)
class Stat:
    name: str
    parent: int
    seconds: float
    first: bool


def read_stat(pid: int) -> Stat | None:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        fields = rest.split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    ticks = sum(map(int, fields[11:15]))  # utime, stime, and those of ended children
    return Stat(name, int(fields[1]), ticks / TICKS, b"yincai-postgres-" in command or b"build/postgres-" in command)


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def ancestor_in(pid: int, roots: set[int], processes: dict[int, Stat]) -> bool:
    while pid in processes:
        if pid in roots:
            return True
        pid = processes[pid].parent
    return False


def report(name: str, sizes: Sizes, found: dict[str, Found]) -> Iterator[Measure]:
    answer, empty = found["answer"], found["empty"]
    yield Measure(
        f"answer on {name}: CPU", answer.cpu, "ms", sizes.turns, COMMAND, "ratio <= 4", "empty page", empty.cpu
    )
    yield Measure(
        f"answer on {name}: rate", answer.rate, "1/s", sizes.turns, COMMAND, "value >= 100", "empty page", empty.rate
    )
    yield Measure(
        f"answer on {name}: p99 at {RATE}/s",
        answer.p99 * 1000,
        "ms",
        sizes.turns,
        COMMAND,
        "ratio <= 3",
        "empty page",
        empty.p99 * 1000,
    )


def report_growth(name: str, sizes: Sizes, fresh: dict[str, Found], grown: dict[str, Found]) -> Iterator[Measure]:
    was, now = fresh["answer"], grown["answer"]
    rows = (
        ("CPU", now.cpu, was.cpu, "ms", "ratio <= 1.15"),
        ("rate", now.rate, was.rate, "1/s", "ratio >= 0.85"),
        (f"p99 at {RATE}/s", now.p99 * 1000, was.p99 * 1000, "ms", "ratio <= 1.5"),
    )
    for what, value, before, unit, goal in rows:
        yield Measure(f"answer on {name}: {what}", value, unit, sizes.turns, COMMAND, goal, "fresh", before)

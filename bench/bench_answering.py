"""The whole path of an answer beside an empty signed-in page, on SQLite and on PostgreSQL, both fsynced.

Counted: the CPU of web, worker, sealer and database. Not counted: the client, which runs in this process. Both pages,
and a fresh city beside one with a history, are measured in turns within one run, with the same kind of session, so that
a machine whose speed drifts is the same to all; figures are medians of the turns.
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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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


REDUCED, FULL = Sizes(3, 2, 6, 1_000_000), Sizes(5, 6, 15, 10_000_000)


@dataclass(frozen=True)
class Found:
    """`cpu`: milliseconds a request. `rate`: requests a second. `p99`: seconds, at RATE."""

    cpu: float
    rate: float
    p99: float


def run(full: bool) -> Iterator[Measure]:
    sizes = FULL if full else REDUCED
    yield from on("SQLite", sizes, contextlib.nullcontext)
    yield from on("PostgreSQL", sizes, cluster)


def on(name: str, sizes: Sizes, database: Callable[[], AbstractContextManager[str | None]]) -> Iterator[Measure]:
    """A fresh city and a grown one, each on a server and database of its own, measured in turns."""
    with contextlib.ExitStack() as stack:
        places = [made(stack, database, rows) for rows in (0, sizes.old_rows)]
        for place in places:
            warm(place)
        turns: list[dict[str, list[Found]]] = [{"empty": [], "answer": []} for _ in places]
        for _ in range(sizes.turns):
            for place, found in zip(places, turns, strict=True):
                for page, so_far in found.items():
                    so_far.append(turn(place, page, sizes))
    fresh, grown = ({page: middle(found) for page, found in each.items()} for each in turns)
    yield from report(name, sizes, fresh)
    yield from report_growth(f"{name}, {sizes.old_rows:,} answers there", sizes, fresh, grown)


@dataclass(frozen=True)
class Place:
    """A served city: its supervisor, the port of its PostgreSQL if it has one, and its pupils."""

    server: int
    postgres: int | None
    load: Load


def made(stack: contextlib.ExitStack, database: Callable[[], AbstractContextManager[str | None]], rows: int) -> Place:
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="yincai-bench-", dir=os.environ.get("YINCAI_BENCH_DIR"))
    )
    url = stack.enter_context(database())
    environment = environment_of(folder, url)
    pupils = pupils_of(environment, rows)
    port, server = stack.enter_context(serving(environment))
    return Place(server, urlsplit(url).port if url else None, Load("127.0.0.1", port, pupils))


def environment_of(folder: str, url: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YINCAI_", "DJANGO_"))}
    kept.pop("DATABASE_URL", None)
    kept |= {
        "YINCAI_HOME": folder,
        "DJANGO_SETTINGS_MODULE": "bench.answering.settings",
        "PYTHONPATH": str(ROOT),
    }
    return kept | ({"DATABASE_URL": url} if url else {})


def pupils_of(environment: dict[str, str], rows: int) -> list[Pupil]:
    """Make the city, with so many old answers."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.answering.city", "--pupils", str(PUPILS), "--rows", str(rows)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return [Pupil(**each) for each in json.loads(made.stdout)]


def warm(place: Place) -> None:
    """Every worker imports, and has met most of the 1,000 items."""
    asyncio.run(place.load.closed(WARM, "answer"))
    asyncio.run(place.load.closed(1, "empty"))


def turn(place: Place, page: str, sizes: Sizes) -> Found:
    before, began = cpu_of(place), time.perf_counter()
    rate = asyncio.run(place.load.closed(sizes.seconds, page))
    requests = rate * (time.perf_counter() - began)
    cpu = (cpu_of(place) - before) / requests * 1000
    taken = asyncio.run(place.load.paced(RATE, sizes.paced, page))
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


def cpu_of(place: Place) -> float:
    """CPU seconds so far of the serving processes and of their PostgreSQL, ended children included."""
    processes = {pid: stat for pid in all_pids() if (stat := read_stat(pid))}
    roots = {place.server} | {pid for pid, stat in processes.items() if place.postgres and stat.port == place.postgres}
    return sum(stat.seconds for pid, stat in processes.items() if ancestor_in(pid, roots, processes))


@dataclass(frozen=True)
class Stat:
    """`port`: where a PostgreSQL that we started listens."""

    parent: int
    seconds: float
    port: int | None


def read_stat(pid: int) -> Stat | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    ticks = sum(map(int, fields[11:15]))  # utime, stime, and those of ended children
    ours = words[0].endswith(b"/postgres") and b"-p" in words
    return Stat(int(fields[1]), ticks / TICKS, int(words[words.index(b"-p") + 1]) if ours else None)


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

"""How long the demo city takes from an empty home, and how many bare facts a second reach the lake's files."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.measure import Measure

COMMAND = [sys.executable, "-m", "yincai.cli", "demo", "--json"]
COMMAND_LINE = "python -m bench demo"


def made(home: str, *words: str) -> dict[str, Any]:
    environment = {**os.environ, "YINCAI_HOME": home}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ran = subprocess.run([*COMMAND, *words], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ran.stdout))


def run(full: bool) -> Iterator[Measure]:
    pupils, times = (500_000, 1) if full else (20_000, 3)
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as folder:
        began = time.perf_counter()
        city = made(str(Path(folder) / "city"))
        yield Measure(
            name="demo: 示范市 from an empty home",
            value=time.perf_counter() - began,
            unit="s",
            n=city["answers"],
            goal="value <= 90",
            command=COMMAND_LINE,
        )
        found = [
            made(f"{folder}/facts", "--facts-only", "--pupils", str(pupils), "--out", f"{folder}/out{number}")
            for number in range(times)
        ]
    yield Measure(
        name="demo: bare facts written to Parquet",
        value=statistics.median(one["facts"] / one["seconds"] for one in found),
        unit="facts/s",
        n=found[0]["facts"],
        goal="value >= 500000",
        command=COMMAND_LINE,
    )

"""How long `yincai serve` takes on a prepared home until a page is answered."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from bench.measure import Measure

COMMAND = [sys.executable, "-m", "yincai.cli"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answered(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def seconds_to_first_page(environment: dict[str, str]) -> float:
    port, began = free_port(), time.perf_counter()
    server = subprocess.Popen([*COMMAND, "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        while not answered(port):
            if server.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError("yincai serve did not answer")
            time.sleep(0.02)
        return time.perf_counter() - began
    finally:
        server.terminate()
        server.wait(timeout=20)


def run(full: bool) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="yincai-bench-") as home:
        environment = {**os.environ, "YINCAI_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([*COMMAND, "doctor"], env=environment, capture_output=True)  # prepares the home
        found = [seconds_to_first_page(environment) for _ in range(5)]
    yield Measure(
        name="start: yincai serve to the first page",
        value=statistics.median(found),
        unit="s",
        n=len(found),
        goal="value <= 10",
        command="python -m bench start",
    )

"""`yincai serve` as an operator meets it: real processes, on a home of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "yincai.cli"]


def processes_of(home: Path) -> dict[int, str]:
    """Every living process of a home, by its environment: also those whose parent is gone."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if f"YINCAI_HOME={home}".encode() in environment and not zombie:
            found[int(entry.name)] = words
    return found


def until(true: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())


class Installation:
    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        unwanted = {"PYTHONDONTWRITEBYTECODE", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
        self.environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.environment["YINCAI_HOME"] = str(home)

    def start(self, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, "serve", "--port", str(self.port), "--workers", "1", *more],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*COMMAND, *words], env=self.environment, capture_output=True, text=True, timeout=60)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def pid_of(self, part: str) -> int | None:
        """The eldest process of a part."""
        return min((pid for pid, words in processes_of(self.home).items() if f" {part}" in words), default=None)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("served"))
    yield made
    for pid in processes_of(made.home):
        os.kill(pid, signal.SIGKILL)


def test_parts_are_restarted_and_none_outlives_a_killed_supervisor(installation: Installation) -> None:
    supervisor = installation.start()
    assert until(installation.answers, 40), supervisor.stdout and supervisor.stdout.read()
    page = f"http://127.0.0.1:{installation.port}/no-such-page"
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(page, timeout=10)
    assert answer.value.code == 404

    for part in ("web", "worker", "sealer"):
        old = installation.pid_of(part)
        assert old
        os.kill(old, signal.SIGKILL)
        assert until(lambda part=part, old=old: installation.pid_of(part) not in (None, old), 10), part
    assert until(installation.answers, 20)

    second = installation.run("serve", "--port", str(installation.port))
    assert second.returncode == 2
    assert str(installation.port) in second.stderr

    supervisor.kill()
    supervisor.wait()
    assert until(lambda: not processes_of(installation.home), 5), processes_of(installation.home)
    assert until(lambda: not installation.answers(), 3)


def test_sigterm_ends_all_even_while_starting(installation: Installation) -> None:
    supervisor = installation.start()
    assert until(lambda: installation.pid_of("web"), 20)
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def test_a_home_is_served_once_and_sigterm_ends_all(installation: Installation) -> None:
    supervisor = installation.start()
    assert until(installation.answers, 40)
    other = installation.run("serve", "--port", str(installation.port + 1))
    assert other.returncode == 2
    assert str(supervisor.pid) in other.stderr
    assert seconds_to_end(supervisor) < 10
    assert processes_of(installation.home) == {}


def seconds_to_end(supervisor: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    supervisor.terminate()
    supervisor.wait(timeout=20)
    return time.monotonic() - began
